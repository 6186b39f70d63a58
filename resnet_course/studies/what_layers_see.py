"""Chapter "What layers see": how much of the answer a linear classifier can read off after each block."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Does every layer bring a network closer to the answer?"
NETWORKS = "degradation"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
PROBES = ("areas", "channels")  # what a linear classifier is given of a layer, see examine
KINDS, BATCH = ("plain", "residual"), 1000


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """The networks of the degradation study, but for plain-110, which stays at chance: it has learned nothing."""
    nets = [(net, depth) for net in KINDS for depth in DEPTHS[recipe.tier]]
    return [Config(*net, seed, recipe) for seed in seeds for net in nets if net != ("plain", 110)]


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float]]:
    """Test error (%) of linear classifiers fitted to the pixels, to the stem's output and to every block's output.

    `areas` reads equally many numbers of every layer, averages over areas of its maps; `channels` the average of each
    map, as the network's own head does, which `own_head` puts on every block of the last stage.
    """
    from .. import probes

    (x, labels), (unseen, answers) = images["train"], images["test"]
    # A network that never trained has no batch-norm statistics of its own.
    with nullcontext() if iteration else probes.recalibrated(net, x[:BATCH]):
        seen, new = (outputs(net, part, 16 * config.recipe.width) for part in (x, unseen))
    found = {
        "areas": [probes.linear_probe(seen[k].flatten(1), labels, new[k].flatten(1), answers) for k in seen],
        "channels": [probes.linear_probe(seen[k].mean(2), labels, new[k].mean(2), answers) for k in seen],
    }
    if iteration == 0:
        seen_pixels, new_pixels = (probes.pooled(part, 3 * 8 * 8) for part in (x, unseen))
        return found | {"pixels": [probes.linear_probe(seen_pixels, labels, new_pixels, answers)]}
    last = [maps.mean(2) for maps in new.values() if maps.shape[1] == net.head.in_features]
    return found | {"own_head": [100 * (net.head(m).argmax(1) != answers).double().mean().item() for m in last]}


def outputs(net, images, numbers: int) -> dict:
    """Output of the stem and of every block: (N, channels, areas), `numbers` in all."""
    import torch

    from .. import probes

    def reduce(maps):
        return probes.pooled(maps, numbers).unflatten(1, (maps.shape[1], -1))

    stem = []
    hook = net.stem.register_forward_hook(lambda _module, _inputs, maps: stem.append(reduce(maps)))
    with probes.hooked([hook]), probes.block_outputs(net, reduce) as of_blocks:
        for batch in images.split(BATCH):
            net(batch)
    return {"stem": torch.cat(stem), **of_blocks}


def curves(records: Sequence[runs.Record]) -> Iterator[tuple[str, int, str, dict[str, list[float]]]]:
    """For each network, untrained and trained: error (%) of both probes on stem and blocks, mean over seeds."""
    for net, depth in sorted({(r.net, r.depth) for r in records}):
        mine = [r for r in records if (r.net, r.depth) == (net, depth)]
        for state, at in (("untrained", 0), ("trained", None)):
            yield net, depth, state, {p: [s.mean for s in runs.mean_profile(mine, p, at)] for p in PROBES}


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a network, untrained and trained: error (%) of both probes on the stem and on the last block."""
    return [
        {"network": f"{net}-{depth}", "state": state}
        | {f"{p}: {place}": errors[p][at] for p in PROBES for place, at in (("stem", 0), ("last block", -1))}
        for net, depth, state, errors in curves(records)
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Error of both probes from the stem to the last block, mean over seeds; dotted: the untrained networks."""
    deepest = max(r.depth for r in records)

    def draw(axes, colours):
        for panel, probe in zip(axes, PROBES, strict=True):
            for net, depth, state, errors in curves(records):
                style = {"label": f"{net}-{depth}"} if state == "trained" else {"linestyle": ":"}
                panel.plot(errors[probe], color=colours[net], alpha=0.4 + 0.6 * depth / deepest, **style)
            panel.set(title=f"probe of {probe}: test error (%)", xlabel="after block (0: stem)")
        axes[0].set_ylim(48, 100)  # alike at every depth, with room for the legend above the curves
        axes[0].legend(loc="upper left")

    return figures.exhibit(draw, finding(records), caption, table(records), records, ncols=2, sharey=True)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    rows = [list(row.values()) for row in table(records) if row["state"] == "trained"]
    said = "; ".join("{} {:.0f} to {:.0f} and {:.0f} to {:.0f} %".format(n, *errors) for n, _, *errors in rows)
    return f"Error of linear probes on areas and on channels, from stem to last block: {said}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims; seeds scatter by 1 to 3 points, plain-56 and the untrained networks by up to 5."""
    rows, said = {(row["network"], row["state"]): row for row in table(records)}, {}
    pixels = fmean(r.profile("pixels", 0)[0] for r in records)
    for (name, state), row in rows.items():
        areas, channels = (row[f"{probe}: stem"] - row[f"{probe}: last block"] for probe in PROBES)
        if state == "untrained" or name == "plain-56":
            said[f"{name}, {state}: both probes read less after the last block"] = areas < -10 and channels < 0
        else:
            said[f"{name}, trained: depth helps the probe of channels, not that of areas"] = channels > 8 > abs(areas)
        if state == "untrained":
            said[f"{name}: a random stem is easier to read than the pixels"] = row["areas: stem"] < pixels - 2
    for depth in {r.depth for r in records if r.net == "plain"}:
        kept = [rows[f"{net}-{depth}", "untrained"]["areas: last block"] for net in KINDS]
        head = [fmean(r.profile("own_head")[0] for r in records if (r.net, r.depth) == (net, depth)) for net in KINDS]
        said[f"untrained, {depth} layers: shortcuts keep more"] = kept[0] - kept[1] > 5
        said[f"{depth} layers: the head reads early blocks of residual networks better"] = head[0] - head[1] > 8
    return said
