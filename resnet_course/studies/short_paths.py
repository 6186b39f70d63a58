"""Chapter "Many short paths": trained networks with blocks taken out or moved, and their gradient by path length."""

import random
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from statistics import fmean, median

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "What is left of a trained network when a block is taken out?"
NETWORKS = "degradation"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
CHANGES = (1, 2, 4, 8, 16, 32)  # blocks taken out, or swaps of two blocks; each so many random draws
IMAGES, GRADIENTS, DRAWS = 1000, 20, 5


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """The networks of the degradation study, but for plain-110, which stays at chance: it has nothing to lose."""
    nets = [(net, depth) for net in ("plain", "residual") for depth in DEPTHS[recipe.tier]]
    return [Config(*net, seed, recipe) for seed in seeds for net in nets if net != ("plain", 110)]


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float]]:
    """Test error (%) whole, without blocks, with blocks out of order; shares of the gradient by branches passed."""
    from .. import probes

    if iteration == 0:
        return {}
    x, y = (part[:IMAGES] for part in images["test"])
    names, draw = list(probes.blocks(net)), random.Random(config.seed)
    changes = [count for count in CHANGES if count < len(names)]
    parts = gradients_by_length(net, x[:GRADIENTS], y[:GRADIENTS]).flatten(1).double()
    gradient = parts.sum(0)
    return {
        "whole": [error(net, x, y)],
        "without_one": [error(net, x, y, [name]) for name in names],
        "without": [fmean(error(net, x, y, draw.sample(names, k)) for _ in range(DRAWS)) for k in changes],
        "swapped": [fmean(error(net, x, y, swaps=k, draw=draw) for _ in range(DRAWS)) for k in changes],
        "gradient_share": (parts @ gradient / (gradient @ gradient)).tolist(),  # sums to 1
    }


def error(net, x, y, without: Iterable[str] = (), swaps: int = 0, draw: random.Random | None = None) -> float:
    """Error (%) without some blocks, or after random swaps within stages of blocks that keep the shape."""
    from .. import probes

    with ExitStack() as changes:
        changes.enter_context(probes.lesion(net, without))
        for _ in range(swaps):
            number, stage = draw.choice(list(enumerate(net.stages)))
            order = list(range(len(stage)))
            a, b = draw.sample(order[min(number, 1) :], 2)  # the first block of a later stage changes the shape
            order[a], order[b] = b, a
            changes.enter_context(probes.reordered(stage, order))
        return 100 * (net(x).argmax(1) != y).double().mean().item()


def gradients_by_length(net, x, y):
    """Gradient of the images' losses at the images, by how many branches it came through: (length, N, 3, H, W).
    Exact: of n + 1 copies of the images only the first has a loss, and a branch hands its gradient on to the next
    copy. Copies are alike, so copy k ends up with the gradient of all paths of k branches."""
    import torch

    from .. import probes

    branches = [block.residual for block in probes.blocks(net).values()]

    def hand_on(_module, _inputs, output):
        output.register_hook(lambda gradient: gradient.roll(len(x), 0))

    with torch.enable_grad(), probes.hooked([branch.register_forward_hook(hand_on) for branch in branches]):
        copies = x.repeat(len(branches) + 1, 1, 1, 1).requires_grad_()
        loss = torch.nn.functional.cross_entropy(net(copies)[: len(x)], y, reduction="sum")
        return torch.autograd.grad(loss, copies)[0].unflatten(0, (-1, len(x)))


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a run: error (%) whole and without one block, and how many branches its gradient came through."""
    rows = []
    for r in records:
        ones, path = r.profile("without_one"), sum(k * share for k, share in enumerate(r.profile("gradient_share")))
        row = {"network": f"{r.net}-{r.depth}", "seed": r.seed, "blocks": len(ones), "whole": r.profile("whole")[0]}
        rows.append(row | {"one out, median": median(ones), "one out, worst": max(ones), "mean path": path})
    return rows


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Test error with each block taken out alone, from the first to the last; a line a run."""

    def draw(axes, colours):
        for r in records:
            ones, strength = r.profile("without_one"), 0.3 + r.depth / 160
            axes.plot([i / len(ones) for i in range(len(ones))], ones, ".-", color=colours[r.net], alpha=strength)
        axes.set(title="test error with one block taken out (%)", xlabel="block, from the first to the last")

    return figures.exhibit(draw, finding(records), caption, table(records), records)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words, mean over seeds."""
    rows, said = table(records), {}
    for n in (row["network"] for row in rows):
        whole, without = (fmean(r[k] for r in rows if r["network"] == n) for k in ("whole", "one out, median"))
        said[n] = f"{n} {whole:.0f} and {without:.0f} %"
    return f"Test error whole and without a typical block: {'; '.join(said.values())}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims, of every seed; plain-56 has too little to lose for a claim of its own."""
    said = {}
    for row in table(records):
        name, whole, typical = f"{row['network']} seed {row['seed']}", row["whole"], row["one out, median"]
        if row["network"] == "plain-20":
            said[f"{name}: without a block it is near chance"] = typical > 80
        elif row["network"] != "plain-56":
            said[f"{name}: a typical block is missed little"] = typical - whole < (15 if row["blocks"] < 27 else 4)
            said[f"{name}: one block is missed much more"] = row["one out, worst"] > whole + 8
            said[f"{name}: the gradient comes by short paths"] = row["mean path"] < min(row["blocks"] / 2, 8)
    return said
