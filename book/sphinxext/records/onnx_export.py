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
        node = helper.make_node(op, list(inputs), [name])
        for key, value in (attributes or {}).items():
            node.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(node)
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


@dataclass(frozen=True)
class Layer:
    """A convolution and the batch norm behind it, under the name that the network gives them."""

    name: str
    conv: nn.Conv2d
    norm: nn.BatchNorm2d


def export(net: nn.Module) -> bytes:
    """A plain or residual CIFAR network of two-layer blocks as an ONNX file.

    Raises:
        ValueError: the network has blocks of another shape, or shortcuts with weights.
    """
    blocks = probes.blocks(net)
    graph = Graph()
    x = graph.add("Relu", [layer(graph, normalised_pixels(graph), stem(net))])
    for number, (name, block) in enumerate(blocks.items()):
        x = graph.add("Relu", [block_sum(graph, x, number, name, block)])
    x = graph.add("ReduceMean", [x, graph.indices("over pixels", [2, 3])], {"keepdims": 0})
    add_head(graph, x, net.get_submodule("head"))
    graph.add("Concat", graph.responses, {"axis": 1}, output="responses")
    return file_of(graph, len(blocks))


def stem(net: nn.Module) -> Layer:
    """A network's first layer. Raises ValueError where that is none of 3x3."""
    match list(net.get_submodule("stem").children()):
        case [nn.Conv2d() as conv, nn.BatchNorm2d() as norm, nn.ReLU()]:
            return Layer("stem.0", conv, norm)
    raise ValueError("only networks for CIFAR can be exported; this one has another stem")


def branch_layers(name: str, block: nn.Module) -> list[Layer]:
    """The two layers of a block's residual branch. Raises ValueError where it has others."""
    match list(block.get_submodule("residual").children()):
        case [
            nn.Conv2d() as conv_1,
            nn.BatchNorm2d() as norm_1,
            nn.ReLU(),
            nn.Conv2d() as conv_2,
            nn.BatchNorm2d() as norm_2,
        ]:
            return [Layer(f"{name}.0", conv_1, norm_1), Layer(f"{name}.3", conv_2, norm_2)]
    raise ValueError(f"only networks of two-layer blocks can be exported; {name} is another")


def add_head(graph: Graph, x: str, head: nn.Module) -> None:
    """The linear layer that puts out the logits: (N, C) -> (N, 10)."""
    if not isinstance(head, nn.Linear):
        raise ValueError("only networks with a linear head can be exported")
    inputs = [x, graph.weight("head.weight", head.weight), graph.weight("head.bias", head.bias)]
    graph.add("Gemm", inputs, {"transB": 1}, output="logits")


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


def layer(graph: Graph, x: str, one: Layer) -> str:
    """Convolution and batch norm; notes the standard deviation of each image's response."""
    rows, columns = paddings(one.conv)
    attributes: Attributes = {
        "strides": one.conv.stride,
        "pads": [rows, columns, rows, columns],
        "kernel_shape": one.conv.kernel_size,
    }
    x = graph.add("Conv", [x, graph.weight(f"{one.name}.weight", one.conv.weight)], attributes)
    inputs = [
        x,
        graph.weight(f"{one.name}.norm.weight", one.norm.weight),
        graph.weight(f"{one.name}.norm.bias", one.norm.bias),
        graph.keep(f"{one.name}.norm.mean", statistics(one.norm.running_mean)),
        graph.keep(f"{one.name}.norm.var", statistics(one.norm.running_var)),
    ]
    x = graph.add("BatchNormalization", inputs, {"epsilon": one.norm.eps})
    graph.responses.append(standard_deviation(graph, x))
    return x


def paddings(conv: nn.Conv2d) -> tuple[int, ...]:
    """Rows and columns of zeros on each side of a convolution's input."""
    if isinstance(conv.padding, str):
        raise ValueError(f"a convolution padded to be {conv.padding} cannot be exported")
    return conv.padding


def statistics(values: Tensor | None) -> ArrayLike:
    """What a batch norm has gathered in training. Raises ValueError where it gathers nothing."""
    if values is None:
        raise ValueError("only networks whose batch norms keep statistics can be exported")
    return values.numpy()


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
    first, second = branch_layers(name, block)
    branch = layer(graph, graph.add("Relu", [layer(graph, x, first)]), second)
    gate = graph.add("Gather", ["gates", graph.indices(f"{name}.number", number)])
    carried = as_option_a(graph, x, first.conv)
    shortcut = dict(block.named_children()).get("shortcut")
    if shortcut is None:
        closed = graph.add("Sub", [graph.keep("one", 1), gate])
        carried = graph.add("Mul", [carried, closed])
    elif list(shortcut.parameters()):
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
