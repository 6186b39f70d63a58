"""From a configuration to a network: drawn from the seed, grown, or one that comes trained."""

from pathlib import Path

import torch

from ..data import augment
from ..data.images import Images
from ..networks.models import cifar
from ..networks.network import Network
from ..networks.weights import load_weights
from ..probes.grafts import grow
from ..recipes import RunConfig, for_tier
from ..records.store import RECORDED, weights_path

FITTED_TO = 1_000  # images to which the batch norms of identity blocks are fitted


def build(
    config: RunConfig, weights: Path | None = None, examples: Images | None = None
) -> Network:
    """The network of a configuration; the caller's random state is left alone.

    Args:
        config: Its seed draws the weights. With a start_depth, the network of that depth grown by
            identity blocks.
        weights: Of the shallower network, where it grows.
        examples: Images whose first thousand the identity blocks are fitted to, where it grows.

    Raises:
        ValueError: Unknown network, weights of another one, or none where it grows.
    """
    depth = config.start_depth or config.depth
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = cifar(
            depth,
            config.arch,
            config.shortcut,
            config.recipe.width,
            variant=config.variant,
        )
    if config.start_depth:
        if weights is None or examples is None:
            raise ValueError(
                f"{config.name} grows from a trained network of {depth} layers, which was not given"
            )
        load_weights(net, weights)
        grow(net, config.depth, augment.normalise(examples.pixels[:FITTED_TO]))
    return net


def recorded_network(
    arch: str, depth: int, seed: int = 0, tier: str = "laptop", study: str = "degradation"
) -> Network:
    """A trained network that comes with this package, in eval mode.

    Raises ValueError where its weights do not, with those that do.
    """
    config = RunConfig(arch, depth, seed, for_tier(tier))
    path = weights_path(RECORDED, study, config)
    if not path.exists():
        packaged = RECORDED.glob(f"{study}/*/*.safetensors")
        there = sorted(f"{path.parent.name} {path.stem}" for path in packaged)
        raise ValueError(
            f"no weights of {tier} {config.name} in this package; it has {', '.join(there)}"
        )
    net = load_weights(build(config), path)
    net.eval()
    return net
