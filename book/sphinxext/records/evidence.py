"""The door between the book and `resnet_course`: what pages may know of recorded runs.

Only this module and `onnx_export` import the package. Everything is asked for by study and tier,
and what is not recorded raises ValueError with the package's own sentence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_course import plots, records, studies
from resnet_course.launch.report import duration
from resnet_course.records import Judgement, Provenance, Record, store
from resnet_course.records.files import atomic_write

if TYPE_CHECKING:
    from torch import nn

TIERS = ("laptop", "colab", "paper")
# `records.load("degradation", "laptop")` and `degradation.STUDY.load("laptop")` in a chapter.
LOADS = re.compile(r"""records\.load\(\s*["'](\w+)["']\s*,\s*["'](\w+)["']""")
STUDY_LOADS = re.compile(r"""(\w+)\.STUDY\.load\(\s*["'](\w+)["']""")


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
    return _recorded_files(records.RECORDED)


def _recorded_files(root: Path) -> list[Path]:
    files: list[Path] = []
    for study in studies.names():
        files += store.record_paths(root / study)
    return files


def weight_files(study: str, tier: str) -> list[Path]:
    """Every file that a page with networks of that study depends on."""
    return sorted(records.RECORDED.glob(f"{study}/{tier}/*"))


def mean_over_seeds(network: Network, metric: str) -> Mean:
    """A final metric of a recorded network, averaged over its seeds."""
    chosen = records.load(
        network.study,
        network.tier,
        arch=network.arch,
        depth=network.depth,
        shortcut=network.shortcut,
        variant=network.variant,
        start_depth=network.start_depth,
        label=network.label,
    )
    (stats,) = records.over_seeds(chosen, metric).values()
    return Mean(stats.mean, stats.std, stats.n)


def figure(study: str, tier: str, caption: str, arch: str | None = None) -> str:
    """The figure of a study as HTML, of all its networks or of one kind."""
    chosen = records.load(study, tier, arch=arch)
    card = studies.get(study).figure(chosen)
    return replace(card, caption=caption)._repr_html_()


def finding(study: str, tier: str) -> str:
    """What a study's records show, in words."""
    return studies.get(study).summary(records.load(study, tier))


def claims_table(study: str, tier: str) -> str:
    """What a study claims at a tier and what became of it, in Markdown; "" for no claims."""
    judgements = judged(study, tier)
    return plots.claims_table(judgements) if judgements else ""


def judged(study: str, tier: str) -> list[Judgement]:
    """What a study's records say of each claim that can be asked at a tier."""
    asked = studies.get(study)
    return asked.judge(asked.load(tier))


def provenance(study: str, tier: str) -> str:
    """How many runs, which seeds, on what and when, in one line."""
    return records.provenance_line(records.load(study, tier))


def computing(study: str, tier: str) -> Computing:
    """What the records of a study at a tier took to make."""
    return _computing(records.load(study, tier))


def _computing(chosen: Sequence[Record]) -> Computing:
    return Computing(len(chosen), sum(record.provenance.wall_seconds for record in chosen))


def in_words(seconds: float) -> str:
    """A time as people say it: "12 s", "3 min", "1.5 h"."""
    return duration(seconds)


def named_in(source: str, tier: str) -> list[str]:
    """The studies whose records of a tier a chapter's code reads, in alphabetical order."""
    loads = LOADS.findall(source) + STUDY_LOADS.findall(source)
    return sorted({study for study, named in loads if named == tier})


def recorded_tiers(root: Path | None = None) -> list[RecordedTier]:
    """One entry for each study and tier with recorded runs."""
    root = records.RECORDED if root is None else root
    folders = sorted({path.parent for path in _recorded_files(root)})
    return [_recorded_tier(root, folder.parent.name, folder.name) for folder in folders]


def _recorded_tier(root: Path, study: str, tier: str) -> RecordedTier:
    chosen = records.load(study, tier, root)
    made = [record.provenance for record in chosen]
    return RecordedTier(
        study,
        tier,
        seeds=len({record.seed for record in chosen}),
        computing=_computing(chosen),
        days=_sorted_once(one.started[:10] for one in made),
        hardware=_sorted_once(one.hardware for one in made),
        torch=_sorted_once(_torch(one) for one in made),
    )


def _torch(made: Provenance) -> str:
    return made.libraries["torch"].partition("+")[0]


def _sorted_once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def training_curves(study: str, tier: str, metric: str) -> list[Curve]:
    """One curve for each recorded run; the deeper the network, the stronger its line."""
    chosen = records.load(study, tier)
    depths = sorted({record.depth for record in chosen})
    return [
        Curve(
            record.arch,
            record.depth,
            list(record.curves["iteration"]),
            list(record.curves[metric]),
            plots.opacity(record.depth, depths),
        )
        for record in chosen
    ]


def dark_figures() -> AbstractContextManager[Mapping[str, str]]:
    """The look of figures on dark pages inside the `with`, and its colours by name."""
    return plots.look("dark")


def trained_network(arch: str, depth: int, tier: str) -> "nn.Module":
    """A recorded network with its weights."""
    from resnet_course.training.build import recorded_network

    return recorded_network(arch, depth, tier=tier)


def classes() -> tuple[str, ...]:
    """The names of the ten classes of CIFAR-10, in their order."""
    from resnet_course.data import images

    return tuple(images.CLASSES)


def recorded_test_error(study: str, tier: str, arch: str, depth: int) -> float:
    """The final test error (percent) of a network of seed 0."""
    (record,) = records.load(study, tier, arch=arch, depth=depth, seed=0)
    return record.final["test_error"]


def written_whole(path: Path) -> AbstractContextManager[Path]:
    """A file to write to that takes the place of `path` when the `with` ends well."""
    return atomic_write(path)
