"""Write the bill of materials: all that the course is made with, in CycloneDX's form.

python -m tools.sbom   writes _build/resnet-course.cdx.json

uv exports the packages of uv.lock with the checksums of their files; added are their licences, and
the vendored npm packages. The same lock gives the same bytes.
"""

import json
from typing import Any

from tools import ROOT, licences, run, vendored
from tools.commands import UV, output_of
from tools.vendored import VendoredPackage

Component = dict[str, Any]  # as CycloneDX's schema has it
TARGET = ROOT / "_build" / "resnet-course.cdx.json"
EXPORT = (
    *UV,
    "export",
    "--locked",
    "--all-extras",
    "--format",
    "cyclonedx1.5",
    "--preview-features",
    "sbom-export",
)


def bill_of_materials() -> dict[str, Any]:
    """The bill, as CycloneDX 1.5 has it."""
    bill = json.loads(output_of(*EXPORT, folder=ROOT))
    del bill["serialNumber"]  # a new one at each export
    del bill["metadata"]["timestamp"]
    bill["metadata"]["component"]["licenses"] = as_licences("BSD-3-Clause")
    for component in bill["components"]:
        component["licenses"] = as_licences(licences.licence(component["name"]))
    for package in vendored.PACKAGES:
        bill["components"].append(vendored_component(package))
    return bill


def as_licences(expression: str) -> list[dict[str, str]]:
    """A licence in CycloneDX's form."""
    return [{"expression": expression}]


def vendored_component(package: VendoredPackage) -> Component:
    """A vendored package as a component."""
    group, _, name = package.name.rpartition("/")
    named = {"group": group, "name": name} if group else {"name": name}
    encoded = package.name.replace("@", "%40")
    return {
        "type": "library",
        "bom-ref": f"npm:{package.name}@{package.version}",
        **named,
        "version": package.version,
        "purl": f"pkg:npm/{encoded}@{package.version}",
        "licenses": as_licences(package.licence),
        "description": package.purpose,
    }


def main() -> None:
    """Write the bill."""
    TARGET.parent.mkdir(exist_ok=True)
    bill = bill_of_materials()
    TARGET.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET} ({len(bill['components'])} components)")


if __name__ == "__main__":
    run(main)
