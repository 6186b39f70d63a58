"""What a test finds around it: state that PyTorch keeps for the process, and the functions it will call."""

import random
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy
import torch

# The modules whose functions tests call; the course's own are all among them.
LIBRARIES = frozenset(
    "builtins copy math statistics numpy torch torch.autograd torch.nn torch.nn.functional"
    " torch.nn.init torch.optim torch.optim.lr_scheduler torch.utils.checkpoint"
    " torch.utils.data".split()
)
CALLABLES = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType)
CALLABLES += (types.WrapperDescriptorType, types.GetSetDescriptorType)
CALLABLES += (staticmethod, classmethod, property)


def reset() -> None:
    """Set what a notebook may have changed to what a fresh process has: a test begins with it."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.autograd.set_detect_anomaly(False)
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)
    numpy.seterr(all="warn")
    warnings.resetwarnings()
    warnings.simplefilter("ignore")


def tampering() -> str:
    """What stands between a test and PyTorch's own functions, in words; "" where nothing does."""
    if torch._C._len_torch_function_stack() or torch._C._len_torch_dispatch_stack():
        return "PyTorch's functions are replaced by a mode that was entered and never left"
    if torch._C._autograd._top_saved_tensors_default_hooks(True) is not None:
        return "hooks on saved tensors were set and never taken away"
    if torch.empty(0).device.type != "cpu":
        return "tensors are made on another device"
    return ""


class Originals:
    """The functions and classes of a test's libraries, to see later whether they are still the same."""

    def __init__(self) -> None:
        self._known = dict(_callables())

    def replaced(self) -> str:
        """The name of one that is not what it was; "" where all are."""
        for place, now in _callables():
            if self._known.get(place, now) is not now:
                return ".".join(place)
        return ""


def _callables() -> Iterator[tuple[tuple[str, str], Any]]:
    """Each function or class of the libraries, and each method of their classes, by where it stands."""
    for module_name, module in list(sys.modules.items()):
        if module_name not in LIBRARIES and not module_name.startswith("resnet_course"):
            continue
        for name, value in list(vars(module).items()):
            if isinstance(value, type):
                yield from _methods(value)
            if isinstance(value, CALLABLES):
                yield (module_name, name), value


def _methods(kind: type) -> Iterator[tuple[tuple[str, str], Any]]:
    for name, value in list(vars(kind).items()):
        if isinstance(value, CALLABLES):
            yield (f"{kind.__module__}.{kind.__qualname__}", name), value
