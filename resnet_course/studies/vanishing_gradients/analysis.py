"""What the records say of gradients, in words and in tables."""

from collections.abc import Sequence

from ...records import (
    Record,
    Stats,
    estimate,
    mean_profile,
    over_seeds,
    select,
)
from .configs import CLIPS, CLIPS_DEPTH
from .measures import (
    autocorrelation,
    clipped,
    coherence,
    ends,
    growth,
    imbalance,
    looks,
    members,
    over_kinds,
    share_recovered,
    steepness,
)

UNCLIPPED = ("plain without batch norm", "plain", "residual")
# Row of a table: column -> cell.
Row = dict[str, object]


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    before = over_kinds(records, imbalance, looks(records)[0])
    after = over_kinds(records, imbalance, looks(records)[-1])
    deepest = max(record.depth for record in records)
    sizes = []
    for name, depth in before:
        if depth == deepest:
            sizes.append(
                f"{name} {before[name, depth].mean:.1f} before and "
                f"{after[name, depth].mean:.1f} after training"
            )
    return f"First over last gradient at {deepest} layers, as a power of ten: {'; '.join(sizes)}."


def overfitting_rows(records: Sequence[Record]) -> list[Row]:
    """Training and test error of plain networks by depth, from the study of degradation."""
    plain = select(records, arch="plain", variant="")
    train, test = over_seeds(plain, "train_error"), over_seeds(plain, "test_error")
    rows: list[Row] = []
    for (arch, depth), stats in train.items():
        row: Row = {"plain network, layers": depth, "training error (%)": str(stats)}
        rows.append(row | {"test error (%)": str(test[arch, depth]), "seeds": stats.n})
    return rows


def before_training(records: Sequence[Record], depth: int = 110) -> str:
    """First over last gradient of the twins before training: what a prediction is compared with."""
    sizes = over_kinds(records, imbalance, looks(records)[0])
    plain, residual = sizes["plain", depth], sizes["residual", depth]
    return (
        f"First over last gradient at {depth} layers, mean over {plain.n} seeds: 10 to the power "
        f"{plain} in the plain network, 10 to the power {residual} in the residual one."
    )


def before_and_after(records: Sequence[Record]) -> str:
    """First over last gradient of plain networks of all depths, and of the deepest residual one."""
    first, last = looks(records)[0], looks(records)[-1]
    before, after = over_kinds(records, imbalance, first), over_kinds(records, imbalance, last)
    depths = sorted(depth for name, depth in before if name == "plain")
    started = [f"{_power(before['plain', depth])} at {depth} layers" for depth in depths]
    ended = [f"{_power(after['plain', depth])} at {depth}" for depth in depths]
    return (
        f"First over last gradient of plain networks before training: {', '.join(started)}; after "
        f"{last} steps: {', '.join(ended)}. Of the residual network of {depths[-1]} layers: "
        f"{_power(before['residual', depths[-1]])} before, "
        f"{_power(after['residual', depths[-1]])} at the end."
    )


def _power(stats: Stats) -> str:
    return f"10<sup>{stats}</sup>".replace("-", "−")


def lengths(records: Sequence[Record]) -> str:
    """How many times as long the first layer of plain networks is after training, by depth."""
    grown = over_kinds(records, growth, looks(records)[-1])
    parts = []
    for name, depth in sorted(grown):
        if name == "plain":
            stats = grown[name, depth]
            parts.append(f"{_rounded(10**stats.mean)} times at {depth} layers")
    return (
        "After training the first layer of plain networks is longer than at the start: "
        f"{', '.join(parts)} (geometric mean over seeds)."
    )


def _rounded(value: float) -> str:
    """Two significant digits, with thousands separators."""
    return f"{float(f'{value:.2g}'):,g}"


def pace(records: Sequence[Record], depth: int = 110) -> str:
    """First over last gradient of plain networks with the length of the weights taken out."""
    parts = []
    for iteration in looks(records):
        stats = over_kinds(records, steepness, iteration)["plain", depth]
        parts.append(f"{stats} after {iteration} steps".replace("-", "−"))
    return (
        "First over last with the length of the weights taken out, as a power of ten, plain "
        f"networks of {depth} layers: {', '.join(parts)}."
    )


def without_batch_norm(records: Sequence[Record], depth: int = 110) -> str:
    """How the signal of networks without batch norm dies, and how they end."""
    bare = members(records, "plain without batch norm", depth)
    responses = mean_profile(bare, "response", 0)
    errors = ends(records)
    depths = sorted(d for name, d in errors if name == "plain without batch norm")
    finals = [f"{errors['plain without batch norm', d]} % at {d} layers" for d in depths]
    return (
        "On the way *forward* the signal dies: the standard deviation of a layer's output goes "
        f"from {responses[0].mean:.2g} in the first layer to {responses[-1].mean:.1g} in the last "
        f"of {depth}. Trained at a tenth of the learning rate, these networks end with a training "
        f"error of {', '.join(finals)}."
    )


def rescaling(records: Sequence[Record]) -> str:
    """How networks without batch norm end whose first weights were rescaled; "" for none."""
    errors = ends(records)
    rescaled = {d: s for (name, d), s in errors.items() if name.endswith("rescaled")}
    if not rescaled:
        return ""
    finals = [f"{stats} % at {depth} layers" for depth, stats in sorted(rescaled.items())]
    deepest = max(rescaled)
    sizes = over_kinds(records, imbalance, looks(records)[0])
    balance = sizes["plain without batch norm, rescaled", deepest]
    return (
        f"With weights rescaled the first over the last gradient of {deepest} layers is "
        f"{_power(balance)} before training. Trained in the same way these networks end with a "
        f"training error of {', '.join(finals)} ({rescaled[deepest].n} seeds)."
    )


def clipping_rows(records: Sequence[Record], depth: int = CLIPS_DEPTH) -> list[Row]:
    """Training error of the twins of a depth, and the share of the gap gone, by strength."""
    errors = ends(records)
    rows: list[Row] = [
        {
            "gradients": "as they are",
            "plain, training error (%)": str(errors["plain", depth]),
            "residual, training error (%)": str(errors["residual", depth]),
            "of the gap is gone": "–",
        }
    ]
    for label, share in CLIPS.items():
        plain, residual = clipped("plain", label), clipped("residual", label)
        if (plain, depth) in errors:
            recovered = estimate(share_recovered(records, depth, label), unit="%")
            rows.append(
                {
                    "gradients": f"clipped at {100 * share:g} % of the weights",
                    "plain, training error (%)": str(errors[plain, depth]),
                    "residual, training error (%)": str(errors[residual, depth]),
                    "of the gap is gone": str(recovered),
                }
            )
    return rows


def answer(records: Sequence[Record], depth: int = CLIPS_DEPTH) -> str:
    """The chapter's answer in one paragraph, as far as the records tell it."""
    errors = ends(records)
    sentences = [
        f"Plain-{depth} ends with {errors['plain', depth]} % training error, its residual twin "
        f"with {errors['residual', depth]} %."
    ]
    if (clipped("plain"), depth) in errors:
        shares = estimate(share_recovered(records, depth), unit="%")
        sentences.append(
            "With the gradient of every layer kept in proportion to its weights, plain-"
            f"{depth} ends with {errors[clipped('plain'), depth]} %. So the size of the gradients "
            f"accounts for {shares.in_words(0)} of the difference."
        )
    return " ".join(sentences)


def coherence_rows(records: Sequence[Record]) -> list[Row]:
    """Coherence of the twins at three looks and autocorrelation at the first and the last."""
    iterations = looks(records)
    first, middle, last = iterations[0], iterations[len(iterations) // 2], iterations[-1]
    rows: list[Row] = []
    for name, depth in over_kinds(records, coherence, first):
        if name in UNCLIPPED:
            row: Row = {"network": f"{name}, {depth} layers"}
            for iteration in (first, middle, last):
                stats = over_kinds(records, coherence, iteration)[name, depth]
                row[f"coherence, {iteration} steps"] = _centred(stats)
            for iteration in (first, last):
                stats = over_kinds(records, autocorrelation, iteration)[name, depth]
                row[f"autocorrelation, {iteration} steps"] = _centred(stats)
            rows.append(row)
    return rows


def _centred(stats: Stats) -> str:
    """Two digits, and no minus before a zero."""
    return f"{round(stats.mean, 2) + 0.0:.2f} ± {stats.std:.2f}"
