"""The block of two 3x3 layers with its shortcut or its order changed, and the controls of both."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig

QUESTION = "Must the shortcut be the identity, and where do batch norm and ReLU belong?"
DEPTHS = {"live": (20,), "laptop": (20, 110), "colab": (20, 110), "paper": (110,)}
ORIGINAL = ""
SHORTCUTS = (
    "scaled-shortcut",
    "exclusive-gating",
    "shortcut-only-gating-open",
    "shortcut-only-gating",
    "conv-shortcut",
    "dropout-shortcut",
)
ORDERS = (
    "bn-after-addition",
    "relu-before-addition",
    "relu-only-preactivation",
    "full-preactivation",
)
# Full pre-activation ends in a batch norm before the head; the original block has none. These four
# arms take the two apart: each order of activations with that batch norm and without.
HEAD_NORMS = (
    "head-bn",
    "relu-before-addition-head-bn",
    "relu-only-preactivation-head-bn",
    "full-preactivation-no-head-bn",
)
# A bias of -6 opens a gate only where its weights add little to it; here they start at zero.
ZEROED_GATES = ("shortcut-only-gating-open-zeroed", "exclusive-gating-zeroed")
CONTROLS = (*HEAD_NORMS, *ZEROED_GATES)
VARIANTS = (ORIGINAL, *SHORTCUTS, *ORDERS, *CONTROLS)
# Test error (%) of 110 layers on CIFAR-10 (He 2016, Tables 1 and 2); None: "fails".
PAPER: dict[str, float | None] = {
    ORIGINAL: 6.61,
    "scaled-shortcut": None,
    "exclusive-gating": 8.70,
    "shortcut-only-gating-open": 6.91,
    "shortcut-only-gating": 12.86,
    "conv-shortcut": 12.22,
    "dropout-shortcut": None,
    "bn-after-addition": 8.17,
    "relu-before-addition": 7.84,
    "relu-only-preactivation": 6.71,
    "full-preactivation": 6.37,
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary the shortcut, the activation order, or the batch norm before the head."""
    chosen = []
    for seed in seeds:
        for depth in DEPTHS[recipe.tier]:
            for variant in VARIANTS:
                chosen.append(RunConfig("residual", depth, seed, recipe, variant=variant))
    return chosen
