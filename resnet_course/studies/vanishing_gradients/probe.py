"""What the study asks of a network: its gradients, layer by layer."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ...recipes import RunConfig

if TYPE_CHECKING:
    from torch import nn

    from ...training.probing import ProbeImages

IMAGES = 512
PARTS = 4  # of a batch, whose gradients are compared
LINES = 4  # between two images, along which gradients are compared
APART = 10  # images between the ends of a line


def probe(
    net: "nn.Module", config: RunConfig, images: "ProbeImages", iteration: int
) -> Mapping[str, float | Sequence[float]]:
    """Gradients of a training step on 512 images, and how far they can be trusted.

    Returns:
        Per layer, from the first convolution to the head: "gradient", the norm of the gradient of
        its weights; "relative_gradient", that norm over the norm of the weights. Per convolution:
        "response", the standard deviation of its output. For the network: "coherence", the mean
        cosine between gradients of four parts of the batch. Per lag: "autocorrelation" of the
        gradient by the input along lines of 64 points between two images, mean over four lines.
    """
    from torch import nn

    from ... import probes

    inputs, labels = (part[:IMAGES] for part in images["train"])
    gradients = probes.weight_gradients(net, inputs, labels)
    weights = dict(net.named_parameters())
    norms: list[float] = []
    relative: list[float] = []
    for name, gradient in gradients.items():
        norms.append(gradient.norm().item())
        relative.append((gradient.norm() / weights[f"{name}.weight"].norm()).item())
    lines = []
    for first in range(LINES):
        lines.append(probes.gradient_autocorrelation(net, inputs[first], inputs[first + APART]))
    with (
        probes.with_batch_statistics(net, inputs),
        probes.layer_responses(net, nn.Conv2d) as responses,
    ):
        net(inputs)
    return {
        "gradient": norms,
        "relative_gradient": relative,
        "response": list(responses.values()),
        "coherence": probes.coherence(net, inputs, labels, PARTS),
        "autocorrelation": [fmean(at_lag) for at_lag in zip(*lines, strict=True)],
    }
