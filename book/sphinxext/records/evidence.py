"""The door between the book and `resnet_course`: what pages may know of recorded runs.

Only this module and `onnx_export` import the package. Everything is asked for by study and tier,
and what is not recorded raises ValueError with the package's own sentence.
"""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_course import figures, lab, runs

if TYPE_CHECKING:
    from torch import nn

TIERS = ("laptop", "colab", "paper")
READS = re.compile(r"""(?:lab\.replay|runs\.load)\(\s*["'](\w+)["']\s*,\s*["'](\w+)["']""")


@dataclass(frozen=True)
class Network:
    """Which recorded network is meant, over all its seeds; what is not said is the paper's."""

    study: str
    tier: str
    arch: str
    depth: int
    shortcut: str = "A"
    variant: str = ""
    start_depth: int = 0
    label: str = ""


@dataclass(frozen=True)
class Mean:
    """Mean and sample standard deviation over n seeds; the deviation is nan for a single one."""

    mean: float
    std: float
    n: int

    def text(self, digits: str = ".2f") -> str:
        """The number as pages show it: "1.23 ± 0.45", or without a deviation for one seed."""
        deviation = f" ± {self.std:{digits}}" if self.n > 1 else ""
        return f"{self.mean:{digits}}{deviation}"


@dataclass(frozen=True)
class Curve:
    """One run's errors (percent) at its steps, and how strongly its line is drawn (0 to 1)."""

    arch: str
    depth: int
    steps: list[float]
    errors: list[float]
    strength: float


@dataclass(frozen=True)
class Computing:
    """What a set of recorded runs took: how many there are, and seconds of computing in all."""

    runs: int
    seconds: float


@dataclass(frozen=True)
class RecordedTier:
    """What is recorded of a study at one tier: how much, on what, with what, and when."""

    study: str
    tier: str
    seeds: int
    computing: Computing
    days: tuple[str, ...]
    hardware: tuple[str, ...]
    torch: tuple[str, ...]


def record_files() -> list[Path]:
    """Every file that a page with measured numbers depends on."""
    return sorted(runs.RECORDED.glob("*/*/[!.]*.json"))


def weight_files(study: str, tier: str) -> list[Path]:
    """Every file that a page with networks of that study depends on."""
    return sorted(runs.RECORDED.glob(f"{study}/{tier}/*"))


def mean_over_seeds(network: Network, metric: str) -> Mean:
    """A final metric of a recorded network, averaged over its seeds."""
    records = runs.load(
        network.study,
        network.tier,
        net=network.arch,
        depth=network.depth,
        shortcut=network.shortcut,
        variant=network.variant,
        start_depth=network.start_depth,
        label=network.label,
    )
    (stats,) = runs.over_seeds(records, metric).values()
    return Mean(stats.mean, stats.std, stats.n)


def figure(study: str, tier: str, caption: str, arch: str | None = None) -> str:
    """The figure of a study as HTML, of all its networks or of one kind."""
    chosen = runs.load(study, tier) if arch is None else runs.load(study, tier, net=arch)
    drawn: str = lab.study(study).figure(chosen, caption)._repr_html_()
    return drawn


def finding(study: str, tier: str) -> str:
    """What a study's records show, in words."""
    return str(lab.study(study).finding(runs.load(study, tier)))


def provenance(study: str, tier: str) -> str:
    """How many runs, which seeds, on what and when, in one line."""
    return runs.provenance_line(runs.load(study, tier))


def computing(study: str, tier: str) -> Computing:
    """What the records of a study at a tier took to make."""
    records = runs.load(study, tier)
    return Computing(len(records), sum(record.provenance["wall_seconds"] for record in records))


def in_words(seconds: float) -> str:
    """A time as people say it: "12 s", "3 min", "1.5 h"."""
    return lab.duration(seconds)


def named_in(source: str, tier: str) -> list[str]:
    """The studies whose records of a tier a chapter's code reads, in alphabetical order."""
    return sorted({study for study, named in READS.findall(source) if named == tier})


def recorded_tiers(root: Path | None = None) -> list[RecordedTier]:
    """One entry for each study and tier with recorded runs."""
    root = runs.RECORDED if root is None else root
    folders = sorted({path.parent for path in root.glob("*/*/[!.]*.json")})
    return [_recorded_tier(root, folder.parent.name, folder.name) for folder in folders]


def _recorded_tier(root: Path, study: str, tier: str) -> RecordedTier:
    records = runs.load(study, tier, root)
    known = [record.provenance for record in records]
    return RecordedTier(
        study,
        tier,
        seeds=len({record.seed for record in records}),
        computing=Computing(len(records), sum(facts["wall_seconds"] for facts in known)),
        days=_sorted_once(facts["started"][:10] for facts in known),
        hardware=_sorted_once(facts["hardware"] for facts in known),
        torch=_sorted_once(facts["libraries"]["torch"].partition("+")[0] for facts in known),
    )


def _sorted_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def training_curves(study: str, tier: str, metric: str) -> list[Curve]:
    """One curve for each recorded run; the deeper the network, the stronger its line."""
    records = runs.load(study, tier)
    depths = sorted({record.depth for record in records})
    return [
        Curve(
            record.net,
            record.depth,
            record.curves["iteration"],
            record.curves[metric],
            figures.strength(record.depth, depths),
        )
        for record in records
    ]


def dark_figures() -> AbstractContextManager[dict[str, str]]:
    """The look of figures on dark pages inside the `with`, and its colours by name."""
    return figures.look("dark")


def trained_network(arch: str, depth: int, tier: str) -> "nn.Module":
    """A recorded network with its weights."""
    return lab.network(arch, depth, tier=tier)


def classes() -> tuple[str, ...]:
    """The names of the ten classes of CIFAR-10, in their order."""
    from resnet_course.data import images

    return tuple(images.CLASSES)


def recorded_test_error(study: str, tier: str, arch: str, depth: int) -> float:
    """The final test error (percent) of a network that was recorded once."""
    (record,) = runs.load(study, tier, net=arch, depth=depth)
    return record.final["test_error"]


def written_whole(path: Path) -> AbstractContextManager[Path]:
    """A file to write to that takes the place of `path` when the `with` ends well."""
    return runs.whole(path)
