"""What watching every layer's response adds to a training step: python tests/benchmarks/probe_overhead.py

Steps with and without the probe take turns; the quickest of each counts, because a disturbance only ever adds.
"""

import timeit

import torch

from resnet_course import models, probes


def overhead(depth: int, width: int, size: int, batch: int, turns: int = 15) -> float:
    """Share of a step's time (forward and backward, one thread) that probes.layer_responses adds."""
    net, images = models.cifar(depth, width=width).eval(), torch.randn(batch, 3, size, size)
    labels = torch.zeros(batch, dtype=torch.long)

    def step() -> None:
        torch.nn.functional.cross_entropy(net(images), labels).backward()

    def watched_step() -> None:
        with probes.layer_responses(net):
            step()

    taken = [[timeit.timeit(act, number=1) for act in (step, watched_step)] for _ in range(turns)]
    bare, watched = (min(times) for times in zip(*taken[1:], strict=True))
    return watched / bare - 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    for shape in ((20, 16, 32, 64), (56, 16, 32, 64), (110, 8, 16, 128)):
        print(
            "depth {}, width {}, {}x{} pixels, batch {}:".format(
                *shape[:2], *shape[2:3] * 2, shape[3]
            ),
            end=" ",
        )
        print(f"{overhead(*shape):+.1%} a step", flush=True)
