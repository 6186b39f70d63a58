"""Chapter "The shape of the loss": filter-normalised slices of the loss around trained weights."""

from collections.abc import Sequence
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Is the loss of a residual network smoother than that of its plain twin?"
NETWORKS = "degradation"  # the study whose trained networks are looked at
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
DIRECTIONS = 5  # random ones a network
STEPS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # 1 moves every filter by its own length
DISTANCES = (*(-step for step in reversed(STEPS)), 0.0, *STEPS)
AXIS = tuple(i / 6 for i in range(-6, 7))  # of the surface along the first two directions
RATES = tuple(10 ** (i / 2) for i in range(-18, 1))  # of a single step downhill: 1e-9 to 1
IMAGES = 500


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary depth and shortcut."""
    return [
        Config(net, depth, seed, recipe)
        for seed in seeds
        for net in ("plain", "residual")
        for depth in DEPTHS[recipe.tier]
    ]


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float] | float]:
    """Loss (nats) of training images along random directions, one direction after the other; and each's sharpness.

    Every seed draws directions of its own; twins of one seed and depth share the draw. "downhill" is the loss after
    one step of gradient descent at each of RATES, "slope" what it promises: the fall per unit of rate, |gradient|^2.
    Seed 0, once trained, also gives the loss on the plane of its first two directions, row by row.
    """
    from .. import landscape

    x, y = (part[:IMAGES] for part in images["train"])
    directions = [landscape.random_direction(net, DIRECTIONS * config.seed + i) for i in range(DIRECTIONS)]
    downhill = _downhill(net, x, y)
    lines = [landscape.surface(net, [direction], [(d,) for d in DISTANCES], x, y) for direction in directions]
    found = {
        "loss": [loss for line in lines for loss in line],
        "sharpness": [landscape.sharpness(DISTANCES, line) for line in lines],
        "downhill": landscape.surface(net, [downhill], [(rate,) for rate in RATES], x, y),
        "slope": sum(step.square().sum().item() for step in downhill),
    }
    if iteration and config.seed == 0:
        found["surface"] = landscape.surface(net, directions[:2], [(a, b) for b in AXIS for a in AXIS], x, y)
    return found


def _downhill(net, x, y) -> list:
    """The negative gradient of the loss, as a step of SGD without momentum takes it; one tensor a parameter."""
    import torch

    from .. import probes

    with probes.untouched(net), torch.enable_grad():
        loss = torch.nn.functional.cross_entropy(net.train()(x), y)
        return [-g for g in torch.autograd.grad(loss, list(net.parameters()))]


def slices(records: Sequence[runs.Record]) -> list[runs.Stats]:
    """Loss at each of DISTANCES around trained weights, over the directions of all the records."""
    losses = [(r.profile("loss"), i * len(DISTANCES)) for r in records for i in range(DIRECTIONS)]
    return [runs.stats(loss[first + at] for loss, first in losses) for at in range(len(DISTANCES))]


def sharpness(records: Sequence[runs.Record]) -> dict[tuple[str, int], runs.Stats]:
    """Sharpness of trained networks, mean over directions, then over seeds: {("plain", 20): Stats, …}."""
    found = {(r.net, r.depth): [] for r in records}
    for r in records:
        found[r.net, r.depth].append(fmean(r.profile("sharpness")))
    return {network: runs.stats(values) for network, values in found.items()}


def kept(record: runs.Record, rate: float, iteration: int = 0) -> float:
    """What a step downhill at one of RATES gains, as a share of what the gradient promises: 1 on a straight slope."""
    gained = record.profile("loss", iteration)[len(STEPS)] - record.profile("downhill", iteration)[RATES.index(rate)]
    return gained / (rate * record.profile("slope", iteration)[0])


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Loss along random directions around trained weights, one panel a depth: mean and standard deviation."""
    along = {n: slices([r for r in records if (r.net, r.depth) == n]) for n in sharpness(records)}
    depths = sorted({depth for _, depth in along})

    def draw(axes, colours):
        for panel, depth in zip(axes[0], depths, strict=True):
            for net, at in ((net, at) for (net, d), at in along.items() if d == depth):
                panel.errorbar(DISTANCES, [x.mean for x in at], [x.std for x in at], color=colours[net], label=net)
            panel.set_title(f"{depth} layers")
            panel.set_xlabel("distance")
        axes[0][0].legend()

    columns = {f"{net}-{depth}": at for (net, depth), at in along.items()}
    rows = [{"distance": d} | {name: at[i].mean for name, at in columns.items()} for i, d in enumerate(DISTANCES)]
    layout = {"ncols": len(depths), "sharey": True, "squeeze": False}
    return figures.exhibit(draw, finding(records), caption, rows, records, **layout)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    said = (f"{net}-{depth} {found.mean:.1f}" for (net, depth), found in sharpness(records).items())
    return f"Sharpness of the loss along random directions: {', '.join(said)}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims. Sharpness spreads by some tenths over seeds, the share of the promise by 0.1."""
    sharp, deep = sharpness(records), max(r.depth for r in records)
    share = {net: fmean(kept(r, RATES[12]) for r in records if (r.net, r.depth) == (net, deep)) for net, _ in sharp}
    return {
        "at 20 layers residual networks are sharper": sharp["residual", 20].mean > sharp["plain", 20].mean + 0.5,
        "the deepest plain network lies on a plateau": sharp["plain", deep].mean < 0.5,
        "residual networks get no sharper with depth": sharp["residual", deep].mean < sharp["residual", 20].mean + 1,
        "untrained, at rate 0.001, residual gradients keep their promise": share["residual"] > 0.5,
        "untrained, at rate 0.001, plain gradients do not": share["plain"] < 0.01,
    }
