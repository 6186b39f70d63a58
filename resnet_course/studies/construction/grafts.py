"""Copies of the recorded plain-20 with identity blocks in them: measured by the page itself."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .configs import SHALLOW

if TYPE_CHECKING:
    from torch import Tensor

    from ...networks import Network

STAGES = 3
BEFORE = 2  # position of a stage's last block, before which blocks are grafted
SIZE = 16  # pixels of an image's side
DEPTHS_FROM_SCRATCH = (20, 56, 110)  # whose weights come with the package


@dataclass(frozen=True)
class Graft:
    """A copy of plain-20 with blocks that do nothing.

    Args:
        counts: Grafted blocks of each stage.
        depth: Weighted layers.
        error: Test error in percent.
        is_equal: Whether its logits are those of plain-20 to the last bit, on all test images.
    """

    counts: tuple[int, ...]
    depth: int
    error: float
    is_equal: bool


def graft(numbers: Sequence[int]) -> list[Graft]:
    """Copies of plain-20 with so many blocks each, spread over the stages."""
    import torch

    from ...training.build import recorded_network

    shallow = recorded_network("plain", SHALLOW)
    images, labels = _test_images()
    grafts = []
    with torch.no_grad():
        before = shallow(images)
        for number in numbers:
            counts = tuple((number + STAGES - 1 - stage) // STAGES for stage in range(STAGES))
            grafts.append(_graft(shallow, counts, images, labels, before))
    return grafts


def _graft(
    shallow: "Network",
    counts: tuple[int, ...],
    images: "Tensor",
    labels: "Tensor",
    before: "Tensor",
) -> Graft:
    import torch
    from torch import nn

    from ... import probes

    deep = copy.deepcopy(shallow)
    for number, count in enumerate(counts):
        stage = shallow.stages[number]
        assert isinstance(stage, nn.Sequential)
        deep.stages[number] = probes.insert_identity_blocks(stage, BEFORE, count)
    logits = deep.eval()(images)
    return Graft(
        counts=counts,
        depth=probes.cost(deep, SIZE).layers,
        error=_error(logits, labels),
        is_equal=torch.equal(logits, before),
    )


def errors_from_scratch() -> dict[int, float]:
    """Depth -> test error (percent) of the plain networks whose weights come with the package."""
    import torch

    from ...training.build import recorded_network

    images, labels = _test_images()
    with torch.no_grad():
        return {
            depth: _error(recorded_network("plain", depth)(images), labels)
            for depth in DEPTHS_FROM_SCRATCH
        }


def _test_images() -> tuple["Tensor", "Tensor"]:
    from ...data import augment, images

    test = images.load("embedded", "test")
    return augment.normalise(test.pixels), test.labels


def _error(logits: "Tensor", labels: "Tensor") -> float:
    return 100 * (logits.argmax(1) != labels).double().mean().item()
