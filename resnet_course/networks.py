"""From a configuration to a network: weights drawn from the seed, loaded, or grown from a shallower network's."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from . import models, probes, runs
from .data import augment, images
from .recipes import Config


def build(config: Config, weights: Path | None = None, examples: images.Images | None = None) -> models.Network:
    """The network of a configuration, initial weights drawn from its seed; the global generator is left alone.

    With a start_depth, the network of that depth with `weights`, grown by identity blocks that are fitted to the
    first thousand of `examples`. Raises ValueError for an unknown network, and for weights of another one.
    """
    depth = config.start_depth or config.depth
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = models.cifar(depth, config.net, config.shortcut, config.recipe.width, variant=config.variant)
    if config.start_depth:
        if weights is None or examples is None:
            raise ValueError(f"{config.name} grows from a trained network of {depth} layers, which was not given")
        grow(load_weights(net, weights), config.depth, augment.normalise(examples.pixels[:1000]))
    return net


def grow(net: models.Network, depth: int, inputs: Tensor) -> None:
    """Deepen a CIFAR network in place by blocks that do nothing, at the end of each stage (He 2015, Sec. 1)."""
    old, new = len(net.stages[0]), models.blocks_per_stage(depth)
    with probes.block_outputs(net.eval(), lambda x: x) as outputs, torch.no_grad():
        net(inputs)
    for number, stage in enumerate(net.stages):
        net.stages[number] = probes.graft(stage, old, new - old)
        for block in net.stages[number][old:]:
            if not hasattr(block, "shortcut"):
                probes.fit_batch_norms(block, outputs[f"stages.{number}.{old - 1}"])
    net.train()


def save_weights(net: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors, whole or not at all: parameters in float16, statistics in float32."""
    from safetensors.torch import save_file

    weights = {name: parameter.detach().half() for name, parameter in net.named_parameters()}
    # Variances of a network whose training went wrong exceed what float16 can hold.
    weights |= {name: buffer for name, buffer in net.named_buffers() if buffer.is_floating_point()}
    weights = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    with runs.whole(path) as scratch:
        save_file(weights, scratch)


def load_weights(net: nn.Module, path: Path) -> nn.Module:
    """Load weights into `net`, in place: safetensors as save_weights keeps them, or a PyTorch file of tensors only.

    Raises ValueError where they are not whole, or of another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)  # never runs code of the file's
            weights = weights.get("state_dict", weights)
        weights = {name: tensor.float() for name, tensor in weights.items()}
    except (SafetensorError, UnpicklingError, EOFError, AttributeError) as error:
        raise ValueError(f"{path} holds no whole weights ({error}); fetch it or train it again") from None
    return models.load_published(net, weights)
