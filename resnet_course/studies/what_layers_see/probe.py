"""The measurement: linear classifiers on the pixels, on the stem's output and on every block's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ...recipes import RunConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ...training.probing import ProbeImages

BATCH = 1_000  # images that go through the network at once
STEM = "stem"


def probe(
    net: nn.Module, config: RunConfig, images: ProbeImages, iteration: int
) -> dict[str, list[float]]:
    """Test errors (percent) of linear classifiers, from the stem to the last block.

    Returns:
        `areas`: the classifier reads equally many numbers of every layer, averages over areas of
            its maps. `channels`: it reads the average of each map, as the network's own head does.
            Before training, `pixels`: it reads the image itself, averaged over 8x8 areas. After
            training, `own_head`: the network's own head on every block of the last stage.

    Source: Alain and Bengio 2016.
    """
    from ... import probes

    train_images, labels = images["train"]
    test_images, answers = images["test"]
    numbers = 16 * config.recipe.width
    # A network that never trained has no batch-norm statistics of its own.
    fitted = probes.with_batch_statistics(net, train_images[:BATCH])
    with nullcontext() if iteration else fitted:
        seen = outputs(net, train_images, numbers)
        unseen = outputs(net, test_images, numbers)
    errors: dict[str, list[float]] = {"areas": [], "channels": []}
    for place in seen:
        by_area = (seen[place].flatten(1), labels, unseen[place].flatten(1), answers)
        by_channel = (seen[place].mean(2), labels, unseen[place].mean(2), answers)
        errors["areas"].append(probes.linear_probe(*by_area))
        errors["channels"].append(probes.linear_probe(*by_channel))
    if iteration == 0:
        seen_pixels = probes.pooled(train_images, 3 * 8 * 8)
        unseen_pixels = probes.pooled(test_images, 3 * 8 * 8)
        error = probes.linear_probe(seen_pixels, labels, unseen_pixels, answers)
        return errors | {"pixels": [error]}
    return errors | {"own_head": own_head_errors(net, unseen, answers)}


def own_head_errors(net: nn.Module, unseen: dict[str, Tensor], answers: Tensor) -> list[float]:
    """Test error (percent) of the network's own head on every block whose channels it can read."""
    from ...networks import Network

    assert isinstance(net, Network)
    errors = []
    for maps in unseen.values():
        if maps.shape[1] == net.head.in_features:
            wrong = net.head(maps.mean(2)).argmax(1) != answers
            errors.append(100 * wrong.double().mean().item())
    return errors


def outputs(net: nn.Module, images: Tensor, numbers: int) -> dict[str, Tensor]:
    """Output of the stem and of every block, averaged over areas.

    Args:
        net: In eval mode.
        images: (N, 3, H, W).
        numbers: Of every place, in all.

    Returns:
        Place -> (N, channels, areas), with channels * areas = numbers.
    """
    from ... import probes
    from ...networks import Network

    assert isinstance(net, Network)

    def reduce(maps: Tensor) -> Tensor:
        return probes.pooled(maps, numbers).unflatten(1, (maps.shape[1], -1))

    places = {STEM: net.stem, **probes.blocks(net)}
    with probes.capture_outputs(net, places, reduce, _joined) as at_places:
        for batch in images.split(BATCH):
            net(batch)
    return at_places


def _joined(parts: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat(list(parts))
