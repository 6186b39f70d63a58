"""What the records say, in numbers and in words."""

from collections.abc import Sequence

from ...recipes import for_tier
from ...records import (
    Estimate,
    Record,
    RecordError,
    Stats,
    by_seed,
    difference,
    over_seeds,
    select,
    summarise,
)
from .configs import DEEP, GENTLE, SHALLOW

BY = ("arch", "start_depth", "depth", "label")
History = tuple[int, int, str]  # start_depth, depth, label
HISTORIES: dict[History, str] = {
    (0, SHALLOW, ""): f"{SHALLOW}, from scratch",
    (0, DEEP, ""): f"{DEEP}, from scratch",
    (0, DEEP, GENTLE): f"{DEEP}, from scratch, gently",
    (SHALLOW, DEEP, ""): f"{DEEP}, grown",
    (SHALLOW, SHALLOW, ""): f"{SHALLOW}, trained on",
    (SHALLOW, DEEP, GENTLE): f"{DEEP}, grown, gently",
    (SHALLOW, SHALLOW, GENTLE): f"{SHALLOW}, trained on gently",
}
WAYS = {name: history for history, name in HISTORIES.items()}


def history(record: Record) -> History:
    """What became of a network. Raises RecordError for a run that is none of this study's."""
    key = (record.start_depth, record.depth, record.label)
    if key not in HISTORIES:
        raise RecordError(f"{record.config.name} is no run of this study; select some that are")
    return key


def members(records: Sequence[Record], arch: str, way: str) -> list[Record]:
    """The runs of one architecture and history; [] where there are none.

    Raises ValueError for a history that the study does not have.
    """
    if way not in WAYS:
        raise ValueError(f"the histories are {'; '.join(WAYS)}; got {way!r}")
    start, depth, label = WAYS[way]
    return select(records, arch=arch, start_depth=start, depth=depth, label=label)


def gap(
    records: Sequence[Record], arch: str, worse: str, better: str, metric: str = "train_error"
) -> Estimate:
    """How much higher the error of one history is than that of another, seed by seed, in points."""
    return difference(members(records, arch, worse), members(records, arch, better), metric)


def steps(record: Record) -> list[int]:
    """Iterations of a curve, those that the shallow network was trained before it grew included."""
    before = for_tier(record.tier).iterations if record.start_depth else 0
    return [before + int(iteration) for iteration in record.curves["iteration"]]


def summary(records: Sequence[Record]) -> str:
    """The result in words, from whatever of it the records hold."""
    errors = over_seeds(records, "train_error", BY)
    sentences = []
    for arch in sorted({record.arch for record in records}):
        ends = []
        for key, name in HISTORIES.items():
            if (arch, *key) in errors:
                ends.append(f"{name} {errors[arch, *key].mean:.1f} %")
        sentences.append(
            f"Training error of {arch} networks, by layers and history: {'; '.join(ends)}."
        )
    return " ".join(sentences)


def end(records: Sequence[Record], arch: str, way: str) -> Stats:
    """Training error after the last step of one history, averaged over seeds.

    Raises RecordError where there is no such run.
    """
    return summarise(by_seed(members(records, arch, way), "train_error").values())


def three_ways(records: Sequence[Record]) -> str:
    """The three ends that the page's prediction is about."""
    scratch = end(records, "plain", "56, from scratch")
    grown = end(records, "plain", "56, grown")
    control = end(records, "plain", "20, trained on")
    return (
        f"Training error, mean over {grown.n} seeds: plain-56 from scratch {scratch} %, grown from "
        f"plain-20 {grown} %, plain-20 trained on {control} %."
    )


def plain_ends(records: Sequence[Record], first: Sequence[Record]) -> str:
    """What became of the plain networks; `first`: the shallow ones' own first runs."""
    start = over_seeds(select(first, arch="plain", depth=SHALLOW), "train_error")["plain", SHALLOW]
    lag = gap(records, "plain", "56, grown", "20, trained on")
    gentle = gap(records, "plain", "56, grown, gently", "20, trained on gently")
    return (
        f"At the moment of growing, plain-{SHALLOW} has {start} % training error. Trained on at "
        f"the full rate, the grown plain-{DEEP} ends at {end(records, 'plain', '56, grown')} %; "
        f"plain-{SHALLOW} itself, trained on without a new layer, at "
        f"{end(records, 'plain', '20, trained on')} %. The difference, seed by seed, is "
        f"{lag.in_words()}. At a tenth of the rate the two end at "
        f"{end(records, 'plain', '56, grown, gently')} % and "
        f"{end(records, 'plain', '20, trained on gently')} %, a difference of "
        f"{gentle.in_words()}."
    )


def scratch_ends(records: Sequence[Record]) -> str:
    """What networks from scratch reach, at each rate they were trained at."""
    ends = []
    for way in ("20, from scratch", "56, from scratch", "56, from scratch, gently"):
        if members(records, "plain", way):
            ends.append(f"{way} {end(records, 'plain', way)} %")
    lead = gap(records, "plain", "56, from scratch", "56, grown")
    return (
        f"Plain networks, by layers, with all the steps in one go: {'; '.join(ends)}. From scratch "
        f"plain-{DEEP} ends {lead.in_words()} above the one that grew."
    )


def better_rates(records: Sequence[Record]) -> str:
    """The grown plain network against the small one, each at the rate that suits it better."""
    lag = gap(records, "plain", "56, grown, gently", "20, trained on")
    return (
        f"Each at its better rate, the grown plain-{DEEP} ends {lag.in_words()} above "
        f"plain-{SHALLOW} trained on."
    )


def residual_ends(records: Sequence[Record]) -> str:
    """What became of the residual networks."""
    lag = gap(records, "residual", "56, grown", "20, trained on")
    gentle = gap(records, "residual", "56, grown, gently", "20, trained on gently")
    return (
        f"The residual networks of {DEEP} layers end at "
        f"{end(records, 'residual', '56, from scratch')} % from scratch and at "
        f"{end(records, 'residual', '56, grown')} % grown. Grown less trained on as it was, seed "
        f"by seed: {lag.in_words()} at the full rate, {gentle.in_words()} at a tenth "
        "of it."
    )
