"""What the records say of speed, in numbers and in words.

A pair is a plain network and its residual twin of one seed. Which of the two is sooner is read at
the lowest training error, in whole percent, that both of them reached.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...records import Estimate, Record, difference, estimate, grouped, over_seeds, select
from ...records.statistics import MissingValuesError
from .configs import LABEL

HEAD_NORM = "head-bn"  # variant of the study that is this chapter's control
# He 2015, Table 6: test error (%) of residual networks on CIFAR-10 after 64k iterations.
PAPER = {20: "8.75", 32: "7.51", 44: "7.17", 56: "6.97", 110: "6.43 (best of five)"}
NAMES = {"": "", LABEL: ", trained three times as long"}


@dataclass(frozen=True)
class Arrival:
    """When the twins of one seed reached the training error that both reached.

    Args:
        seed: Of the pair.
        error: In whole percent.
        plain: Iterations of the plain network.
        residual: Iterations of the residual one.
    """

    seed: int
    error: int
    plain: float
    residual: float

    @property
    def more(self) -> float:
        """How many more iterations the plain network needed, in percent of the residual one's."""
        return 100 * (self.plain / self.residual - 1)


def iterations_to(record: Record, error: float) -> float:
    """First recorded iteration with a training error of at most `error` percent; inf if never."""
    for iteration, reached in zip(
        record.curves["iteration"], record.curves["train_error"], strict=True
    ):
        if reached <= error:
            return iteration
    return math.inf


def common_error(records: Sequence[Record]) -> int:
    """The lowest training error, in whole percent, that every one of the runs reached."""
    return math.ceil(max(min(record.curves["train_error"]) for record in records))


def arrivals(records: Sequence[Record], depth: int, label: str = "") -> list[Arrival]:
    """One arrival per seed of which both twins are there. Raises MissingValuesError for none."""
    twins = select(records, depth=depth, label=label)
    plain: Mapping[int, Record] = {r.seed: r for r in select(twins, arch="plain")}
    residual: Mapping[int, Record] = {r.seed: r for r in select(twins, arch="residual")}
    pairs = []
    for seed in sorted(set(plain) & set(residual)):
        error = common_error([plain[seed], residual[seed]])
        arrival = Arrival(
            seed=seed,
            error=error,
            plain=iterations_to(plain[seed], error),
            residual=iterations_to(residual[seed], error),
        )
        pairs.append(arrival)
    if not pairs:
        raise MissingValuesError(f"there are no twins of {depth} layers among these records")
    return pairs


def lag_of_plain(records: Sequence[Record], depth: int, label: str = "") -> Estimate:
    """How many more iterations plain networks need, in percent, over the pairs of one depth."""
    return estimate([arrival.more for arrival in arrivals(records, depth, label)], unit="%")


def pairs_there(records: Sequence[Record]) -> list[tuple[int, str]]:
    """Depths and labels of which there are runs, in order."""
    return [(int(depth), str(label)) for depth, label in grouped(records, ("depth", "label"))]


def arrival_rows(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per depth: ends of both kinds, and how much sooner the residual ones were."""
    rows: list[dict[str, object]] = []
    for depth, label in pairs_there(records):
        ends = over_seeds(select(records, depth=depth, label=label), "train_error")
        rows.append(
            {
                "depth": depth,
                "iterations": select(records, depth=depth, label=label)[0].curves["iteration"][-1],
                "plain, training error (%)": str(ends["plain", depth]),
                "residual, training error (%)": str(ends["residual", depth]),
                "plain needs more iterations by": str(lag_of_plain(records, depth, label)),
            }
        )
    return rows


def gain_of_depth(records: Sequence[Record], shallow: int = 8, deep: int = 14) -> Estimate:
    """How much lower the training error of deeper residual networks is, in points."""
    residual = select(records, arch="residual", label="")
    return difference(select(residual, depth=shallow), select(residual, depth=deep), "train_error")


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    sentences = []
    for depth, label in pairs_there(records):
        lag = lag_of_plain(records, depth, label)
        sentences.append(
            f"At {depth} layers{NAMES[label]}, plain networks need {lag.value:.0f} % more "
            "iterations than residual ones to the training error that both reach."
        )
    return " ".join(sentences)


def twins_by_depth(degraded: Sequence[Record]) -> str:
    """Training errors of twins of 8, 56 and 110 layers, from the study of degradation."""
    runs = select(degraded, variant="")
    errors = over_seeds(runs, "train_error")
    plain = {depth: errors["plain", depth] for depth in (8, 56)}
    residual = {depth: errors["residual", depth] for depth in (8, 56, 110)}
    cost = {arch: cost_of_depth(runs, arch) for arch in ("plain", "residual")}
    return (
        f"At 8 layers the two kinds are alike: plain {plain[8]} %, residual {residual[8]} % "
        f"training error. At 56 layers the plain network has {plain[56]} %, the residual one "
        f"{residual[56]} %: of {cost['plain'].value:.1f} points that the layers between cost the "
        f"plain network, the residual one pays {cost['residual'].in_words()}. At 110 layers it "
        f"has {residual[110]} %."
    )


def cost_of_depth(
    records: Sequence[Record], arch: str, shallow: int = 8, deep: int = 56
) -> Estimate:
    """How much higher the training error of the deeper networks is, seed by seed."""
    runs = select(records, arch=arch)
    return difference(select(runs, depth=deep), select(runs, depth=shallow), "train_error")


def with_head_norm(controlled: Sequence[Record]) -> str:
    """What one batch norm before the head does to networks of 110 layers, on the same seeds.

    `controlled`: runs of degradation and of head_norm.
    """
    seeds = {record.seed for record in controlled if record.variant == HEAD_NORM}
    runs = [record for record in controlled if record.seed in seeds]
    errors = over_seeds(runs, "train_error", by=("arch", "depth", "variant"))
    deep = select(runs, arch="residual", depth=110)
    gain = difference(select(deep, variant=""), select(deep, variant=HEAD_NORM), "train_error")
    return (
        f"Residual-110 ends with {errors['residual', 110, '']} % training error as published and "
        f"with {errors['residual', 110, HEAD_NORM]} % with the batch norm, seed by seed "
        f"{gain.in_words()} less. Residual-56 with it: {errors['residual', 56, HEAD_NORM]} %. "
        f"Plain-110 with it: {errors['plain', 110, HEAD_NORM]} %."
    )


def beside_the_paper(full: Sequence[Record]) -> list[dict[str, object]]:
    """Our short runs on full-size images beside the paper's long ones, test error in percent."""
    errors = over_seeds(full, "test_error")
    training = over_seeds(full, "train_error")
    iterations = full[0].config.recipe.iterations
    rows: list[dict[str, object]] = []
    for (arch, depth), stats in errors.items():
        rows.append(
            {
                "network": f"{arch}-{depth}",
                f"ours, {iterations:,} steps: training error (%)": str(training[arch, depth]),
                "test error (%)": str(stats),
                "seeds": stats.n,
                "paper, 64,000 steps: test error (%)": _paper(str(arch), int(depth)),
            }
        )
    return rows


def _paper(arch: str, depth: int) -> str:
    return PAPER[depth] if arch == "residual" else "drawn, not printed"


def speed(records: Sequence[Record]) -> str:
    """Who is sooner, and who ends lower, for each pair of twins."""
    sentences = []
    for depth, label in pairs_there(records):
        ends = over_seeds(select(records, depth=depth, label=label), "train_error")
        lag = lag_of_plain(records, depth, label)
        sentences.append(
            f"At {depth} layers{NAMES[label]}, plain networks need {lag.in_words(0)} more "
            f"iterations to the error that both reach, and they end at {ends['plain', depth]} %, "
            f"residual ones at {ends['residual', depth]} %."
        )
    return " ".join(sentences)


def depth_pays(records: Sequence[Record]) -> str:
    """Whether deeper residual networks do better with three times the steps."""
    gain = gain_of_depth(records)
    return (
        "With three times the steps the residual networks of 14 layers end "
        f"{gain.in_words()} below those of 8."
    )
