"""What the records say, in words."""

from collections.abc import Sequence

from ...records import Record, grouped, over_seeds, select


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    errors = over_seeds(records, "train_error")
    sentences = []
    for (arch,), members in grouped(records, by=("arch",)).items():
        depths = sorted({record.depth for record in members})
        low, high = errors[arch, depths[0]], errors[arch, depths[-1]]
        sentences.append(
            f"Training error of {arch} networks goes from {low.mean:.1f} % at {depths[0]} layers "
            f"to {high.mean:.1f} % at {depths[-1]}."
        )
    return " ".join(sentences)


def ends_by_depth(records: Sequence[Record], arch: str = "plain") -> str:
    """Training error after the last step at each depth: what a prediction is compared with."""
    errors = over_seeds(select(records, arch=arch), "train_error")
    ends = [f"{depth} layers {stats.mean:.1f} %" for (_, depth), stats in errors.items()]
    seeds = next(iter(errors.values())).n
    return f"Training error after the last step, mean over {seeds} seeds: {', '.join(ends)}."


def is_it_overfitting(records: Sequence[Record]) -> str:
    """Training and test error of plain networks, shallow and deep, in one paragraph."""
    train = over_seeds(select(records, arch="plain"), "train_error")
    test = over_seeds(select(records, arch="plain"), "test_error")
    shallow, deep = train["plain", 8], train["plain", 56]
    return (
        f"From 8 to 56 layers the training error of the plain networks rises from {shallow} % to "
        f"{deep} %, and their test error from {test['plain', 8]} % to {test['plain', 56]} % "
        f"(mean ± standard deviation over {deep.n} seeds). The gap between the two panels stays "
        f"small at every depth. The network of 110 layers ends at {train['plain', 110]} %, where "
        "guessing one of ten classes gives 90 %."
    )


def at_full_size(records: Sequence[Record]) -> str:
    """Errors of the short runs on full-size images, in one sentence."""
    train = over_seeds(select(records, arch="plain"), "train_error")
    test = over_seeds(select(records, arch="plain"), "test_error")
    iterations = records[0].config.recipe.iterations
    return (
        f"After {iterations:,} steps on the full images plain-20 has {train['plain', 20]} % "
        f"training and {test['plain', 20]} % test error, plain-56 {train['plain', 56]} % and "
        f"{test['plain', 56]} %."
    )
