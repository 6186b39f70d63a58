"""Networks of 20, 110 and 1202 layers: two kinds of block, each with and without the last norm.

The two things a clear path brought were mixed until a review separated them: full pre-activation
(He 2016) ends in a batch norm before the head, the original block does not. Here both blocks come
in both forms.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig

QUESTION = "What do a thousand layers cost, and do they train?"
DEPTHS = {"live": (20, 110), "laptop": (20, 110, 1202), "colab": (20, 110, 1202)}
LIVE_IMAGES = 1_000
BATCH_SIZES = {"live": 20, "laptop": 32, "colab": 128}
EPOCHS = {"live": 1, "laptop": 2, "colab": 3}
IMAGES = {"embedded": 8_000, "cifar10": 50_000}
WIDTH = 4  # a quarter of the papers' on a laptop: depth is what counts
# (block, whether a batch norm stands before the head) -> variant
ARMS = {
    ("original", False): "",
    ("original", True): "head-bn",
    ("pre-activation", False): "full-preactivation-no-head-bn",
    ("pre-activation", True): "full-preactivation",
}
# To the end only the networks of the papers' tables: He 2015, Table 6, and He 2016, Table 3.
PAPER = (
    ("residual", 110),
    ("residual", 1202),
    ("preactivation", 164),
    ("preactivation", 1001),
)


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary the depth, the block, and the batch norm before the head."""
    if recipe.tier == "paper":
        return [RunConfig(arch, depth, seed, recipe) for seed in seeds for arch, depth in PAPER]
    chosen = []
    for seed in seeds:
        for depth in DEPTHS[recipe.tier]:
            for variant in ARMS.values():
                chosen.append(
                    RunConfig("residual", depth, seed, first_epochs(recipe), variant=variant)
                )
    return chosen


def first_epochs(recipe: Recipe) -> Recipe:
    """A few epochs of small batches under one cycle of the learning rate; narrow on a laptop."""
    train_images = LIVE_IMAGES if recipe.tier == "live" else None
    images = train_images or IMAGES[recipe.data]
    batch_size = BATCH_SIZES[recipe.tier]
    return replace(
        recipe,
        iterations=EPOCHS[recipe.tier] * (images // batch_size),
        batch_size=batch_size,
        schedule="one-cycle",
        milestones=(),
        train_images=train_images,
        width=WIDTH if recipe.data == "embedded" else recipe.width,
    )
