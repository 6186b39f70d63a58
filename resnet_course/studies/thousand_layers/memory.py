"""What a training step keeps in memory, counted: two maps per layer, or the inputs of segments.

A convolution keeps its input for the gradient of its weights, a batch norm keeps its own, which is
the convolution's output; a ReLU keeps its output, which is the next convolution's input, and the
addition keeps nothing. With checkpointing (Chen et al. 2016) only what enters each segment of
blocks is kept, and the inside of one segment at a time is computed again.
"""

from dataclasses import dataclass

MAPS_PER_BLOCK = 4  # two layers, two maps each
STAGES = 3
FLOAT32 = 4  # bytes


@dataclass(frozen=True)
class Peak:
    """Gigabytes at the worst moment of a step: what is kept, and the inside of one segment."""

    kept: float
    inside: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.kept + self.inside


def peak(
    blocks: int, batch_size: int = 128, image_size: int = 32, width: int = 16, per_stage: int = 200
) -> Peak:
    """Memory of a CIFAR network's step in float32, ResNet-1202's unless said otherwise.

    Args:
        blocks: In a segment; 0 keeps everything.
        batch_size: Images in a mini-batch.
        image_size: Pixels on a side.
        width: Channels of the first stage.
        per_stage: Blocks of each stage.
    """
    # A stage has twice the channels of the one before on a quarter of its pixels.
    maps = [width * image_size**2 // 2**stage for stage in range(STAGES)]
    unit = FLOAT32 * batch_size / 1e9
    if blocks == 0:
        return Peak(unit * MAPS_PER_BLOCK * per_stage * sum(maps), 0.0)
    segments = -(-per_stage // blocks)
    inside = MAPS_PER_BLOCK * min(blocks, per_stage) * maps[0]
    return Peak(unit * segments * sum(maps), unit * inside)
