"""Trained CIFAR networks as ONNX graphs for the page that runs them, written node by node from our modules.

pixels, uint8 (N, H, W, 3), and gates, float32 (blocks,) -> logits (N, 10) and responses (N, layers). Gate i is 1 for
block i as trained and 0 for what `probes.lesion` makes of it. Response j is the standard deviation of the j-th 3x3
layer after batch norm, as `probes.layer_responses` measures it, of each image by itself. The graph normalises pixels
as `augment.normalise` does, so that whoever runs it has no constant to copy. Weights stay in float16, as the records
keep them, and are cast when a session starts; batch-norm statistics stay in float32.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from resnet_course import probes
from resnet_course.data import augment, images

OPSET = 18


class Graph:
    """Nodes and initial values, gathered in the order in which they are added."""

    def __init__(self):
        self.nodes, self.initial = [], {}

    def add(self, op: str, *inputs: str, **attributes) -> str:
        """Append one node; returns the name of its output."""
        name = attributes.pop("output", f"{op.lower()}_{len(self.nodes)}")
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def keep(self, name: str, values, dtype=np.float32) -> str:
        """An initial value under `name`; one name is kept once."""
        self.initial[name] = numpy_helper.from_array(np.asarray(values, dtype), name)
        return name

    def weight(self, name: str, tensor) -> str:
        """A weight kept in float16; the session casts it, once."""
        return self.add("Cast", self.keep(name, tensor.detach().numpy(), np.float16), to=TensorProto.FLOAT)


def export(net: nn.Module) -> bytes:
    """A plain or residual CIFAR network of two-layer blocks as an ONNX file. Raises ValueError for any other."""
    blocks = list(probes.blocks(net).items())
    if odd := [
        name for name, b in blocks if [type(m) for m in b.residual] != [type(m) for m in blocks[0][1].residual]
    ]:
        raise ValueError(f"only networks of like two-layer blocks can be exported; {odd[0]} is another")
    graph, responses = Graph(), []
    mean, std = graph.keep("mean", augment.MEAN), graph.keep("std", augment.STD)
    x = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    x = graph.add("Div", graph.add("Sub", x, mean), std)
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])  # (N, H, W, 3) -> (N, 3, H, W)
    x = graph.add("Relu", layer(graph, x, "stem.0", *net.stem[:2], responses))
    for number, (name, block) in enumerate(blocks):
        x = graph.add("Relu", block_sum(graph, x, number, name, block, responses))
    x = graph.add("ReduceMean", x, graph.keep("over pixels", [2, 3], np.int64), keepdims=0)  # -> (N, C)
    head = [graph.weight("head.weight", net.head.weight), graph.weight("head.bias", net.head.bias)]
    graph.add("Gemm", x, *head, transB=1, output="logits")
    graph.add("Concat", *responses, axis=1, output="responses")
    inputs = [
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", "H", "W", 3]),
        helper.make_tensor_value_info("gates", TensorProto.FLOAT, [len(blocks)]),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(images.CLASSES)]),
        helper.make_tensor_value_info("responses", TensorProto.FLOAT, ["N", len(responses)]),
    ]
    whole = helper.make_graph(graph.nodes, "network", inputs, outputs, list(graph.initial.values()))
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def layer(graph: Graph, x: str, name: str, conv: nn.Conv2d, norm: nn.BatchNorm2d, responses: list[str]) -> str:
    """Convolution and batch norm; notes the standard deviation of each image's response."""
    weight = graph.weight(f"{name}.weight", conv.weight)
    x = graph.add("Conv", x, weight, strides=conv.stride, pads=2 * conv.padding, kernel_shape=conv.kernel_size)
    scale, shift = (graph.weight(f"{name}.norm.{part}", getattr(norm, part)) for part in ("weight", "bias"))
    mean, variance = (graph.keep(f"{name}.norm.{p}", getattr(norm, f"running_{p}")) for p in ("mean", "var"))
    x = graph.add("BatchNormalization", x, scale, shift, mean, variance, epsilon=norm.eps)
    axes = graph.keep("over all", [1, 2, 3], np.int64)
    centred = graph.add("Sub", x, graph.add("ReduceMean", x, axes))
    variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), axes, keepdims=0)  # -> (N,)
    std = graph.add("Sqrt", variance)
    responses.append(graph.add("Unsqueeze", std, graph.keep("a column", [1], np.int64)))
    return x


def block_sum(graph: Graph, x: str, number: int, name: str, block: nn.Module, responses: list[str]) -> str:
    """A block before its last ReLU: gate · F(x) + x, or gate · F(x) + (1 − gate) · x where there is no shortcut."""
    first, second = block.residual[:2], block.residual[3:]
    branch = graph.add("Relu", layer(graph, x, f"{name}.0", *first, responses))
    branch = layer(graph, branch, f"{name}.3", *second, responses)
    gate = graph.add("Gather", "gates", graph.keep(f"{name}.number", number, np.int64))
    carried = as_option_a(graph, x, first[0])
    if not hasattr(block, "shortcut"):
        carried = graph.add("Mul", carried, graph.add("Sub", graph.keep("one", 1), gate))
    elif list(block.shortcut.parameters()):
        raise ValueError(f"only networks with option A can be exported; {name} has a projection")
    return graph.add("Add", graph.add("Mul", branch, gate), carried)


def as_option_a(graph: Graph, x: str, conv: nn.Conv2d) -> str:
    """A block's input in the shape of its output: every stride-th pixel, new channels zero, half on each side."""
    stride, new = conv.stride[0], conv.out_channels - conv.in_channels
    if stride == 1 and not new:
        return x
    index = {part: graph.keep(f"slice {part}", v, np.int64) for part, v in slicing(stride).items()}
    x = graph.add("Slice", x, index["starts"], index["ends"], index["axes"], index["steps"])
    pads = [0, new // 2, 0, 0, 0, new - new // 2, 0, 0]  # before and after of N, C, H, W
    return graph.add("Pad", x, graph.keep(f"pads {new}", pads, np.int64))


def slicing(stride: int) -> dict[str, list[int]]:
    return {"starts": [0, 0], "ends": [2**31 - 1] * 2, "axes": [2, 3], "steps": [stride] * 2}
