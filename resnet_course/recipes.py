"""How a network is trained: recipes in the paper's units, four tiers, and what identifies a run.

A recipe is data. `RunConfig` adds the network and the seed; its name tells apart everything that
differs, the recipe included.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

TIERS = ("live", "laptop", "colab", "paper")
SCHEDULES = ("multistep", "one-cycle", "constant")
WARMUP_DEPTH = 110  # He 2015, Sec. 4.2: from 110 layers on, 0.1 is slightly too large to start with
WARMUP_STEPS = 400


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run but the network and the seed.

    Args:
        tier: Whose recipe this is: one of TIERS, or "published" for networks trained by others.
        iterations: Mini-batches in all.
        data: "cifar10", the full 32x32 set, or "embedded", the 16x16 subset in this package.
        width: Channels of the first stage; they double at each stage (16 in the papers).
        batch_size: Images in a mini-batch.
        lr: Learning rate of SGD, at its highest.
        schedule: "multistep" divides lr by 10 at each of `milestones`; "one-cycle" rises to lr over
            the first quarter and falls to 0 at the end; "constant" keeps lr.
        milestones: Iterations at which "multistep" divides.
        warmup_steps: Iterations at `warmup_lr` before the schedule begins. None: the paper's 400
            where the network has at least 110 layers and the schedule is "multistep", else 0.
        warmup_lr: Learning rate during the warm-up.
        momentum: Of SGD.
        weight_decay: Of SGD, on all parameters.
        clip: Shorten the gradient of each layer's weights to at most this share of the length of
            the weights themselves; None leaves gradients as they are.
        train_images: Keep the first so many training images; None keeps all.
        holdout: Set so many training images aside to choose by.
    """

    tier: str
    iterations: int
    data: str = "cifar10"
    width: int = 16
    batch_size: int = 128
    lr: float = 0.1
    schedule: str = "multistep"
    milestones: tuple[int, ...] = ()
    warmup_steps: int | None = None
    warmup_lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    clip: float | None = None
    train_images: int | None = None
    holdout: int = 0


@dataclass(frozen=True)
class RunConfig:
    """One run: which network, which recipe, which seed.

    Args:
        arch: "plain", "residual" or "preactivation" (networks.models.ARCHITECTURES).
        depth: Weighted layers.
        seed: Of the initial weights, the order of the images, crops and flips, and dropout.
        recipe: How it is trained.
        shortcut: "A", "B" or "C" (He 2015, Sec. 4.1).
        variant: A changed block (networks.variants.NAMES); "" for the papers' own.
        start_depth: Grow the network from the trained one of that depth; 0 draws its weights.
        label: What figures call this run among others of a study; the recipe says what it means.
    """

    arch: str
    depth: int
    seed: int
    recipe: Recipe
    shortcut: str = "A"
    variant: str = ""
    start_depth: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        if self.recipe.warmup_steps is None:
            steps = default_warmup(self.recipe, self.depth)
            object.__setattr__(self, "recipe", replace(self.recipe, warmup_steps=steps))

    @property
    def tier(self) -> str:
        """Tier of the recipe."""
        return self.recipe.tier

    @property
    def name(self) -> str:
        """File name of the run without ending, such as residual-20-s0 or residual-20-B-s0.

        Where the recipe is not the tier's own, a fingerprint of what differs stands before the
        seed, residual-110-gentle-r3f9a1c-s0, so that no two recipes share a name.
        """
        parts = [self.arch, str(self.depth)]
        if self.shortcut != "A":
            parts.append(self.shortcut)
        if self.variant:
            parts.append(self.variant)
        if self.start_depth:
            parts.append(f"from-{self.start_depth}")
        if self.label:
            parts.append(self.label)
        if changes := recipe_changes(self):
            parts.append(f"r{hashlib.sha256(changes.encode()).hexdigest()[:6]}")
        return "-".join([*parts, f"s{self.seed}"])


def default_warmup(recipe: Recipe, depth: int) -> int:
    """Warm-up in iterations where a recipe leaves it open.

    He 2015, Sec. 4.2: lr 0.01 until the training error is below 80 %, "about 400 iterations"; fixed
    to 400 here (a twentieth of a short run), so that the schedule is a function of the step alone.
    """
    if depth < WARMUP_DEPTH or recipe.schedule != "multistep":
        return 0
    return min(WARMUP_STEPS, recipe.iterations // 20)


def recipe_changes(config: RunConfig) -> str:
    """What the recipe of a run changes about its tier's own: "lr=0.01 width=4", "" for nothing."""
    own = for_tier(config.recipe.tier)
    own = replace(own, warmup_steps=default_warmup(own, config.depth))
    changes = []
    for field in sorted(fields(Recipe), key=lambda field: field.name):
        value = getattr(config.recipe, field.name)
        if value != getattr(own, field.name):
            changes.append(f"{field.name}={value}")
    return " ".join(changes)


def paper() -> Recipe:
    """He 2015, Sec. 4.2: 64k iterations, lr / 10 at 32k and 48k."""
    return Recipe("paper", iterations=64_000, milestones=(32_000, 48_000))


def colab() -> Recipe:
    """Full CIFAR-10 and the paper's networks for 2,000 iterations, five epochs: minutes on a T4."""
    return Recipe("colab", iterations=2_000, schedule="one-cycle")


def laptop() -> Recipe:
    """Half the size, half the width, 390 iterations: degradation shows within two minutes a run."""
    return Recipe("laptop", iterations=390, data="embedded", width=8, schedule="one-cycle")


def live() -> Recipe:
    """The laptop's recipe cut to what a reader waits for: one epoch of 124 small batches."""
    return replace(laptop(), tier="live", iterations=124, batch_size=64)


def published() -> Recipe:
    """What others report of their option-A weights: 200 epochs, lr / 10 after 100 and 150."""
    return Recipe("published", iterations=78_200, milestones=(39_100, 58_650))


_BY_TIER: dict[str, Callable[[], Recipe]] = {
    "live": live,
    "laptop": laptop,
    "colab": colab,
    "paper": paper,
    "published": published,
}


def for_tier(tier: str) -> Recipe:
    """Recipe of a tier, or of weights "published" by others. Raises ValueError for another word."""
    if tier not in _BY_TIER:
        raise ValueError(f"tier must be one of {', '.join(_BY_TIER)}, got {tier!r}")
    return _BY_TIER[tier]()


def lr_at(step: int, recipe: Recipe) -> float:
    """Learning rate of iteration `step`, counted from 0. Raises ValueError for no such schedule."""
    if step < (recipe.warmup_steps or 0):
        return recipe.warmup_lr
    if recipe.schedule == "multistep":
        return recipe.lr / 10 ** sum(step >= milestone for milestone in recipe.milestones)
    if recipe.schedule == "one-cycle":
        peak = max(1, recipe.iterations // 4)
        rising = (step + 1) / (peak + 1)
        falling = (recipe.iterations - step) / max(1, recipe.iterations - peak)
        return recipe.lr * min(rising, falling)
    if recipe.schedule == "constant":
        return recipe.lr
    raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {recipe.schedule!r}")
