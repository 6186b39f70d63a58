"""Trained CIFAR networks as ONNX graphs for the page that runs them, node by node.

pixels, uint8 (N, H, W, 3), and gates, float32 (blocks,) -> logits (N, 10), responses (N, layers).
Gate i is 1 for block i as trained and 0 for what `probes.lesion` makes of it. Response j is the
standard deviation of the j-th 3x3 layer after batch norm, as `probes.layer_responses` measures it,
of each image by itself. The graph normalises pixels as `augment.normalise` does, so that whoever
runs it has no constant to copy. Weights stay in float16, as the records keep them, and are cast
when a session starts; batch-norm statistics stay in float32.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from resnet_course import probes
from resnet_course.data import augment, images

OPSET = 18
IR_VERSION = 9
EVERYTHING = 2**31 - 1  # an end beyond every image's

Attributes = Mapping[str, int | float | Sequence[int]]


@dataclass
class Graph:
    """Nodes, initial values and measured layers, in the order in which they are added."""

    nodes: list[NodeProto] = field(default_factory=list)
    initial: dict[str, TensorProto] = field(default_factory=dict)
    responses: list[str] = field(default_factory=list)

    def add(
        self, op: str, inputs: Sequence[str], attributes: Attributes | None = None, output: str = ""
    ) -> str:
        """Append one node.

        Args:
            op: an operator of ONNX.
            inputs: names of values.
            attributes: the operator's own.
            output: the name of what comes out; by default one is made.

        Returns:
            The name of the output.
        """
        name = output or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **(attributes or {})))
        return name

    def keep(self, name: str, values: ArrayLike, dtype: DTypeLike = np.float32) -> str:
        """An initial value under `name`; one name is kept once."""
        self.initial[name] = numpy_helper.from_array(np.asarray(values, dtype), name)
        return name

    def indices(self, name: str, values: int | Sequence[int]) -> str:
        """Whole numbers under `name`: axes, paddings, places."""
        return self.keep(name, values, np.int64)

    def weight(self, name: str, tensor: Tensor) -> str:
        """A weight kept in float16; the session casts it, once."""
        kept = self.keep(name, tensor.detach().numpy(), np.float16)
        return self.add("Cast", [kept], {"to": TensorProto.FLOAT})


def export(net: nn.Module) -> bytes:
    """A plain or residual CIFAR network of two-layer blocks as an ONNX file.

    Raises:
        ValueError: the network has blocks of another shape, or shortcuts with weights.
    """
    blocks = probes.blocks(net)
    require_alike(blocks)
    graph = Graph()
    x = layer(graph, normalised_pixels(graph), "stem.0", net.stem[0], net.stem[1])
    x = graph.add("Relu", [x])
    for number, (name, block) in enumerate(blocks.items()):
        x = graph.add("Relu", [block_sum(graph, x, number, name, block)])
    x = graph.add("ReduceMean", [x, graph.indices("over pixels", [2, 3])], {"keepdims": 0})
    weight = graph.weight("head.weight", net.head.weight)
    bias = graph.weight("head.bias", net.head.bias)
    graph.add("Gemm", [x, weight, bias], {"transB": 1}, output="logits")
    graph.add("Concat", graph.responses, {"axis": 1}, output="responses")
    return file_of(graph, len(blocks))


def require_alike(blocks: Mapping[str, nn.Module]) -> None:
    """Raises ValueError when a block's residual branch is not made like the first one's."""
    expected: list[type] | None = None
    for name, block in blocks.items():
        kinds = [type(module) for module in block.residual]
        expected = expected or kinds
        if kinds != expected:
            raise ValueError(
                f"only networks of like two-layer blocks can be exported; {name} is another"
            )


def normalised_pixels(graph: Graph) -> str:
    """The pixels as the network saw them in training: (N, H, W, 3) bytes -> (N, 3, H, W)."""
    x = graph.add("Cast", ["pixels"], {"to": TensorProto.FLOAT})
    x = graph.add("Sub", [x, graph.keep("mean", augment.MEAN)])
    x = graph.add("Div", [x, graph.keep("std", augment.STD)])
    return graph.add("Transpose", [x], {"perm": [0, 3, 1, 2]})


def file_of(graph: Graph, blocks: int) -> bytes:
    """The graph as a checked ONNX file."""
    classes = len(images.CLASSES)
    inputs = [
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", "H", "W", 3]),
        helper.make_tensor_value_info("gates", TensorProto.FLOAT, [blocks]),
    ]
    layers = len(graph.responses)
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes]),
        helper.make_tensor_value_info("responses", TensorProto.FLOAT, ["N", layers]),
    ]
    initial = list(graph.initial.values())
    network = helper.make_graph(graph.nodes, "network", inputs, outputs, initial)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(network, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def layer(graph: Graph, x: str, name: str, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> str:
    """Convolution and batch norm; notes the standard deviation of each image's response."""
    attributes: Attributes = {
        "strides": conv.stride,
        "pads": [*conv.padding, *conv.padding],
        "kernel_shape": conv.kernel_size,
    }
    x = graph.add("Conv", [x, graph.weight(f"{name}.weight", conv.weight)], attributes)
    inputs = [
        x,
        graph.weight(f"{name}.norm.weight", norm.weight),
        graph.weight(f"{name}.norm.bias", norm.bias),
        graph.keep(f"{name}.norm.mean", norm.running_mean),
        graph.keep(f"{name}.norm.var", norm.running_var),
    ]
    x = graph.add("BatchNormalization", inputs, {"epsilon": norm.eps})
    graph.responses.append(standard_deviation(graph, x))
    return x


def standard_deviation(graph: Graph, x: str) -> str:
    """Of each image's response over channels and pixels: (N, C, H, W) -> (N, 1)."""
    axes = graph.indices("over all", [1, 2, 3])
    centred = graph.add("Sub", [x, graph.add("ReduceMean", [x, axes])])
    squared = graph.add("Mul", [centred, centred])
    variance = graph.add("ReduceMean", [squared, axes], {"keepdims": 0})
    column = graph.indices("a column", [1])
    return graph.add("Unsqueeze", [graph.add("Sqrt", [variance]), column])


def block_sum(graph: Graph, x: str, number: int, name: str, block: nn.Module) -> str:
    """A block before its last ReLU.

    With a shortcut it is gate · F(x) + x, without one gate · F(x) + (1 − gate) · x.

    Raises:
        ValueError: the shortcut has weights.
    """
    conv_1, norm_1, _relu, conv_2, norm_2 = block.residual
    branch = graph.add("Relu", [layer(graph, x, f"{name}.0", conv_1, norm_1)])
    branch = layer(graph, branch, f"{name}.3", conv_2, norm_2)
    gate = graph.add("Gather", ["gates", graph.indices(f"{name}.number", number)])
    carried = as_option_a(graph, x, conv_1)
    if not hasattr(block, "shortcut"):
        closed = graph.add("Sub", [graph.keep("one", 1), gate])
        carried = graph.add("Mul", [carried, closed])
    elif list(block.shortcut.parameters()):
        raise ValueError(f"only networks with option A can be exported; {name} has a projection")
    return graph.add("Add", [graph.add("Mul", [branch, gate]), carried])


def as_option_a(graph: Graph, x: str, conv: nn.Conv2d) -> str:
    """A block's input in the shape of its output.

    Every stride-th pixel is kept; the new channels are zero, half of them on each side.
    """
    stride = conv.stride[0]
    new = conv.out_channels - conv.in_channels
    if stride == 1 and not new:
        return x
    places = [
        graph.indices("slice starts", [0, 0]),
        graph.indices("slice ends", [EVERYTHING, EVERYTHING]),
        graph.indices("slice axes", [2, 3]),
        graph.indices("slice steps", [stride, stride]),
    ]
    x = graph.add("Slice", [x, *places])
    before = new // 2
    pads = [0, before, 0, 0, 0, new - before, 0, 0]  # before and after of N, C, H, W
    return graph.add("Pad", [x, graph.indices(f"pads {new}", pads)])
