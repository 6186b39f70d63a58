"""The licence of an installed package, as an SPDX expression: what the package says of itself."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from tools import ToolError

# Packages whose metadata is silent or unclear, and packages for other systems than the one on which
# THIRD_PARTY.md is made; each read from the licence file of its wheel or source distribution.
STATED = {
    "appnope": "BSD-2-Clause",
    "colorama": "BSD-3-Clause",
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",
    "docutils": "LicenseRef-public-domain AND BSD-2-Clause AND BSD-3-Clause AND PSF-2.0",
    "pywinpty": "MIT",
    "sphinxcontrib-applehelp": "BSD-2-Clause",
    "sphinxcontrib-devhelp": "BSD-2-Clause",
    "sphinxcontrib-htmlhelp": "BSD-2-Clause",
    "sphinxcontrib-qthelp": "BSD-2-Clause",
    "sphinxcontrib-serializinghtml": "BSD-2-Clause",
}
BY_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "NVIDIA Proprietary Software": "LicenseRef-NVIDIA-Proprietary",
    "Python Software Foundation License": "PSF-2.0",
}
CLEAR = {"Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "MPL-2.0 AND MIT", "PSF-2.0"}
NO_ENDORSEMENT = "to endorse or promote products"  # the clause that BSD's two-clause form lacks


def licence(name: str) -> str:
    """The licence of a package.

    Raises:
        ToolError: The package does not say, in any form that is known here.
    """
    if name in STATED:
        return STATED[name]
    installed = find(name)
    if installed is None:
        raise ToolError(f"{name} is not installed here: add its licence to tools/licences.py")
    expression = declared(installed) or by_its_text(installed)
    if expression is None:
        raise ToolError(f"{name} does not say its licence: read it, add it to tools/licences.py")
    return expression


def find(name: str) -> Distribution | None:
    """An installed package, or None."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def declared(package: Distribution) -> str | None:
    """The licence in a package's metadata: an expression, or words and classifiers if clear."""
    if expressions := values(package, "License-Expression"):
        return expressions[0]
    classifiers = values(package, "Classifier")
    words = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    for text in (*values(package, "License"), *words):
        if text in CLEAR:
            return text
        if text in BY_WORDS:
            return BY_WORDS[text]
    return None


def values(package: Distribution, field: str) -> list[str]:
    """What a package's metadata has in a field, which may be there several times or not at all."""
    return package.metadata.get_all(field) or []


def by_its_text(package: Distribution) -> str | None:
    """The licence of a package under the MIT licence or one of BSD's, told by its text."""
    for file in package.files or []:
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            text = " ".join(file.read_text(encoding="utf-8").split())
            if "Redistribution and use in source and binary forms" in text:
                return "BSD-3-Clause" if NO_ENDORSEMENT in text else "BSD-2-Clause"
            if "Permission is hereby granted, free of charge" in text:
                return "MIT"
    return None
