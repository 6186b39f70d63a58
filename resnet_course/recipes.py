"""How a network is trained: recipes in the paper's units, the four tiers, and the learning rate of every step."""

from dataclasses import dataclass, replace

TIERS = ("live", "laptop", "colab", "paper")
WARM_UP_DEPTH = 110  # He 2015, Sec. 4.2: from 110 layers on, 0.1 is slightly too large to start with


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run but the network and the seed. Lengths are in iterations (mini-batches).

    data "cifar10" is the full 32x32 set, "embedded" the 16x16 subset in this package. `train_images` keeps the first
    so many training images, `holdout` sets so many aside to choose by. schedule "steps" divides lr by 10 at each of
    `drops`; "one-cycle" rises to lr over the first quarter and falls to 0 at the end; "constant" keeps lr.
    """

    tier: str
    iterations: int
    data: str = "cifar10"
    width: int = 16
    batch_size: int = 128
    lr: float = 0.1
    schedule: str = "steps"
    drops: tuple[int, ...] = ()
    warm_up: int = 0
    warm_up_lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    train_images: int | None = None
    holdout: int = 0


@dataclass(frozen=True)
class Config:
    """One run: which network, which seed, which recipe.

    `variant` names a changed block (variants.NAMES). `start_depth`: grow the network from the trained one of that
    depth (0: draw its weights). `label` tells runs of one study apart that differ in the recipe only.
    """

    net: str
    depth: int
    seed: int
    recipe: Recipe
    shortcut: str = "A"
    variant: str = ""
    start_depth: int = 0
    label: str = ""

    @property
    def name(self) -> str:
        """File name of the run, without ending: residual-20-s0, or residual-20-B-s0 for another shortcut."""
        shortcut = "" if self.shortcut == "A" else self.shortcut
        start = f"from-{self.start_depth}" if self.start_depth else ""
        parts = (self.net, str(self.depth), shortcut, self.variant, start, self.label, f"s{self.seed}")
        return "-".join(part for part in parts if part)


def config_from(data: dict) -> Config:
    """A record's `config` as a Config, with defaults for what old records lack. Raises TypeError when it is none."""
    recipe = Recipe(**{**data["recipe"], "drops": tuple(data["recipe"].get("drops", ()))})
    return Config(**{**data, "recipe": recipe})


def paper() -> Recipe:
    """He 2015, Sec. 4.2: 64k iterations, lr / 10 at 32k and 48k."""
    return Recipe("paper", iterations=64_000, drops=(32_000, 48_000))


def colab() -> Recipe:
    """Full CIFAR-10 and the paper's networks for 2,000 iterations, five epochs: minutes a run on a T4."""
    return Recipe("colab", iterations=2_000, schedule="one-cycle")


def laptop() -> Recipe:
    """Half the size, half the width, 390 iterations: degradation shows within two minutes a run on two cores."""
    return Recipe("laptop", iterations=390, data="embedded", width=8, schedule="one-cycle")


def live() -> Recipe:
    """The laptop's recipe cut to what a reader waits for: 124 iterations of 64 images, one pass over the subset."""
    return replace(laptop(), tier="live", iterations=124, batch_size=64)


def published() -> Recipe:
    """What is told of the option-A weights others published: 200 epochs, lr / 10 after 100 and 150."""
    return Recipe("published", iterations=78_200, drops=(39_100, 58_650))


def for_tier(tier: str) -> Recipe:
    """Recipe of a tier. Raises ValueError for an unknown one."""
    if tier not in TIERS:
        raise ValueError(f"tier must be one of {', '.join(TIERS)}, got {tier!r}")
    return {"live": live, "laptop": laptop, "colab": colab, "paper": paper}[tier]()


def for_depth(recipe: Recipe, depth: int) -> Recipe:
    """The same recipe, with the paper's warm-up where the network is deep enough to need it.

    He 2015, Sec. 4.2: lr 0.01 until the training error is below 80 %, "about 400 iterations"; fixed to 400 here, so
    that the schedule is a function of the step alone.
    """
    if depth < WARM_UP_DEPTH or recipe.schedule != "steps":
        return recipe
    return replace(recipe, warm_up=min(400, recipe.iterations // 20))


def lr_at(step: int, recipe: Recipe) -> float:
    """Learning rate of iteration `step`, counted from 0. Raises ValueError for an unknown schedule."""
    if step < recipe.warm_up:
        return recipe.warm_up_lr
    if recipe.schedule == "steps":
        return recipe.lr / 10 ** sum(step >= drop for drop in recipe.drops)
    if recipe.schedule == "one-cycle":
        peak = max(1, recipe.iterations // 4)
        rising, falling = (step + 1) / (peak + 1), (recipe.iterations - step) / max(1, recipe.iterations - peak)
        return recipe.lr * min(rising, falling)
    if recipe.schedule == "constant":
        return recipe.lr
    raise ValueError(f"schedule must be 'steps', 'one-cycle' or 'constant', got {recipe.schedule!r}")
