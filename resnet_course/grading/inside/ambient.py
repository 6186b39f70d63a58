"""The state that PyTorch keeps for a whole process: set to what a test expects, and looked at afterwards."""

import random
import warnings

import numpy
import torch


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
