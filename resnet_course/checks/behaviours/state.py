"""What a function may not change: the networks, tensors and lists it is given, and what everybody shares."""

import copy
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Protocol

import torch
from torch import Tensor, nn

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
)
MODES = {True: "training", False: "eval"}


class State(Protocol):
    """Something that was remembered, and can be compared with what it has become."""

    def difference(self) -> str | None:
        """What is not as it was, as a sentence; None when everything is."""


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names in words, not too many of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


# --- what everybody shares -------------------------------------------------------------------------------------------


def _numpy_state() -> tuple[object, ...]:
    numpy = sys.modules.get("numpy")
    return numpy.random.get_state() if numpy else ()


@dataclass(frozen=True)
class Generators:
    """The states of the random generators of PyTorch, Python and NumPy."""

    torch: Tensor
    python: tuple[object, ...]
    numpy: tuple[object, ...]

    @classmethod
    def now(cls) -> "Generators":
        """Where they are."""
        return cls(torch.get_rng_state(), random.getstate(), _numpy_state())

    def moved(self, later: "Generators") -> bool:
        """Whether one of them is elsewhere; NumPy may have been imported only meanwhile."""
        numpy = bool(self.numpy) and not equal(self.numpy, later.numpy)
        return not torch.equal(self.torch, later.torch) or self.python != later.python or numpy

    def nudge(self) -> None:
        """Draw a number from each, so that a seed that has been set before is noticed when it is set again."""
        torch.rand(())
        random.random()
        if self.numpy:
            sys.modules["numpy"].random.random()

    def restore(self, with_torch: bool) -> None:
        """Put them back."""
        random.setstate(self.python)
        if self.numpy:
            sys.modules["numpy"].random.set_state(self.numpy)
        if with_torch:
            torch.set_rng_state(self.torch)


@dataclass(frozen=True)
class Settings:
    """Settings of PyTorch that an answer shares with everybody else."""

    gradients: bool
    dtype: torch.dtype = torch.float32
    device: torch.device = torch.device("cpu")
    inference: bool = False
    autocast: bool = False
    anomalies: bool = False
    threads: int = 1
    precision: str = "highest"
    deterministic: bool = False

    @classmethod
    def now(cls) -> "Settings":
        """Those of this process."""
        return cls(
            gradients=torch.is_grad_enabled(),
            dtype=torch.get_default_dtype(),
            device=torch.get_default_device(),
            inference=torch.is_inference_mode_enabled(),
            autocast=torch.is_autocast_enabled("cpu"),
            anomalies=torch.is_anomaly_enabled(),
            threads=torch.get_num_threads(),
            precision=torch.get_float32_matmul_precision(),
            deterministic=torch.are_deterministic_algorithms_enabled(),
        )

    def difference(self, later: "Settings") -> str | None:
        """What has changed, as a sentence."""
        if later.gradients != self.gradients:
            word = "off" if self.gradients else "on"
            return f"gradients stay switched {word} for everybody: use `with torch.no_grad():`, which ends by itself"
        if later.dtype != self.dtype:
            return f"the default dtype is {later.dtype}, for everybody: give each tensor its dtype instead"
        if later.device != self.device:
            return f"the default device is {later.device}, for everybody"
        changed = [f.name for f in fields(self) if getattr(later, f.name) != getattr(self, f.name)]
        return (
            f"a setting of PyTorch that everybody shares has changed ({', '.join(changed)})"
            if changed
            else None
        )

    def restore(self) -> None:
        """Put them back."""
        torch.set_grad_enabled(self.gradients)
        torch.set_default_dtype(self.dtype)
        if torch.get_default_device() != self.device:
            torch.set_default_device(self.device)
        if torch.is_autocast_enabled("cpu") != self.autocast:
            torch.set_autocast_enabled("cpu", self.autocast)
        torch.set_anomaly_enabled(self.anomalies)
        torch.set_float32_matmul_precision(self.precision)
        if torch.are_deterministic_algorithms_enabled() != self.deterministic:
            torch.use_deterministic_algorithms(
                self.deterministic
            )  # loads a compiler, so not for nothing
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)


class Shared:
    """What everybody shares, watched while an answer runs, which it finds as PyTorch comes.

    Settings that an answer had left behind earlier would otherwise be taken for the caller's.
    """

    def __init__(self) -> None:
        self.settings = Settings.now()
        self.generators = Generators.now()
        Settings(gradients=self.settings.gradients, threads=self.settings.threads).restore()
        self.generators.nudge()
        self.begun = Settings.now()
        self.nudged = Generators.now()

    def end(self, draws: bool) -> str | None:
        """Put all back; what an answer has changed, as a sentence. `draws`: whether it may draw random numbers."""
        difference = self.begun.difference(Settings.now())
        if difference is None and not draws and self.nudged.moved(Generators.now()):
            difference = "random numbers are drawn or seeded, so whoever draws next gets others than without you"
        self.settings.restore()
        self.generators.restore(with_torch=not draws)
        return difference


# --- what an answer is given -----------------------------------------------------------------------------------------


def equal(one: object, other: object) -> bool:
    """Whether two values are the same, tensors and arrays to the last bit, nan like nan."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and bool(torch.equal(torch.nan_to_num(one), torch.nan_to_num(other)))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, SimpleNamespace) and isinstance(other, SimpleNamespace):
        return equal(vars(one), vars(other))
    if hasattr(one, "tobytes") and hasattr(other, "tobytes"):
        return type(one) is type(other) and one.tobytes() == other.tobytes()
    return type(one) is type(other) and (one is other or one == other)


@dataclass(frozen=True)
class TensorState:
    """A tensor's numbers, whether it asks for gradients, and its gradient."""

    name: str
    tensor: Tensor
    values: Tensor
    asks: bool
    gradient: Tensor | None

    @classmethod
    def of(cls, name: str, tensor: Tensor) -> "TensorState":
        """The state of a tensor that a student calls `name`."""
        gradient = None if not tensor.is_leaf or tensor.grad is None else tensor.grad.clone()
        return cls(name, tensor, tensor.detach().clone(), tensor.requires_grad, gradient)

    def difference(self) -> str | None:
        """What is not as it was."""
        if not equal(self.tensor.detach(), self.values):
            return f"`{self.name}` is not what it was: something works on the input in place"
        if self.tensor.requires_grad != self.asks:
            word = "now asks" if self.tensor.requires_grad else "no longer asks"
            return f"`{self.name}`, the tensor that was given, {word} for gradients itself: work on a copy"
        return self._gradient_difference()

    def _gradient_difference(self) -> str | None:
        if not self.tensor.is_leaf or equal(self.tensor.grad, self.gradient):
            return None
        if self.gradient is None:
            return f"`{self.name}`, the tensor that was given, has a `.grad` now: torch.autograd.grad sets none"
        return f"the `.grad` that `{self.name}` had has changed: it belongs to the caller"


@dataclass(frozen=True)
class ParameterState:
    """A parameter: the object, its numbers, whether it learns, its gradient."""

    parameter: nn.Parameter
    values: Tensor
    learns: bool
    gradient: Tensor | None
    hooks: int


def _gradient_hooks(tensor: Tensor) -> int:
    return len(tensor._backward_hooks or {}) + len(tensor._post_accumulate_grad_hooks or {})


def _settings(module: nn.Module) -> dict[str, object]:
    """A module's own plain attributes, such as a batch norm's momentum, and the names of all others."""
    plain = (bool, int, float, str, tuple, type(None))
    named = {
        key: value
        for key, value in vars(module).items()
        if not key.startswith("_") and key != "training"
    }
    return {key: value if isinstance(value, plain) else type(value) for key, value in named.items()}


@dataclass(frozen=True)
class ModuleState:
    """All of a network that a function could change."""

    name: str
    net: nn.Module
    modules: dict[str, nn.Module]
    modes: dict[str, bool]
    settings: dict[str, dict[str, object]]
    hooks: dict[str, list[object]]
    parameters: dict[str, ParameterState]
    buffers: dict[str, Tensor]

    @classmethod
    def of(cls, name: str, net: nn.Module) -> "ModuleState":
        """The state of a network that a student calls `name`."""
        modules = dict(net.named_modules())
        parameters = {key: _remembered(p) for key, p in net.named_parameters()}
        return cls(
            name=name,
            net=net,
            modules=modules,
            modes={key: module.training for key, module in modules.items()},
            settings={key: _settings(module) for key, module in modules.items()},
            hooks={key: _hooks(module) for key, module in modules.items()},
            parameters=parameters,
            buffers={key: buffer.clone() for key, buffer in net.named_buffers()},
        )

    def difference(self) -> str | None:
        """What is not as it was; the first of several."""
        for sentence in self._differences():
            return sentence
        return None

    def _differences(self) -> Iterator[str]:
        yield from self._other_hooks()
        yield from self._other_modes()
        yield from self._other_modules()
        yield from self._other_parameters()
        yield from self._other_buffers()

    def _called(self, key: str) -> str:
        return f"`{self.name}.{key}`" if key else f"`{self.name}`"

    def _other_hooks(self) -> Iterator[str]:
        for key, before in self.hooks.items():
            after = _hooks(self.modules[key])
            if any(hook not in after for hook in before):
                yield f"hooks that somebody else had put on {self._called(key)} are gone"
            if any(hook not in before for hook in after):
                yield f"hooks are still attached to {self._called(key)}: whoever attaches one takes it away again"

    def _other_modes(self) -> Iterator[str]:
        for key, mode in self.modes.items():
            now = self.modules[key].training
            if now != mode:
                part = (
                    " (a part whose mode differs from that of the whole)"
                    if key and mode != self.modes[""]
                    else ""
                )
                yield f"{self._called(key)}{part} came in {MODES[mode]} mode and is left in {MODES[now]} mode"

    def _other_modules(self) -> Iterator[str]:
        now = dict(self.net.named_modules())
        if list(now) != list(self.modules) or any(now[key] is not self.modules[key] for key in now):
            yield f"layers of `{self.name}` were added, removed or replaced"
        for key, before in self.settings.items():
            after = _settings(self.modules[key])
            changed = [
                name for name in before | after if before.get(name, HOOKS) != after.get(name, HOOKS)
            ]
            if changed:
                yield f"{self._called(key)} has another `{changed[0]}` than before"

    def _other_parameters(self) -> Iterator[str]:
        now = dict(self.net.named_parameters())
        lost = [
            key for key, before in self.parameters.items() if now.get(key) is not before.parameter
        ]
        if lost or len(now) != len(self.parameters):
            new = lost or [key for key in now if key not in self.parameters]
            yield f"these parameters of `{self.name}` are not the objects they were: {listed(new)}"
        for sentence, keys in self._faults_of_parameters().items():
            if keys:
                yield sentence.format(net=f"`{self.name}`", names=listed(keys))

    def _faults_of_parameters(self) -> dict[str, list[str]]:
        values: list[str] = []
        learns: list[str] = []
        left: list[str] = []
        gone: list[str] = []
        hooks: list[str] = []
        for key, before in self.parameters.items():
            parameter = before.parameter
            if not equal(parameter.detach(), before.values):
                values.append(key)
            if parameter.requires_grad != before.learns:
                learns.append(key)
            if not equal(parameter.grad, before.gradient):
                (left if before.gradient is None else gone).append(key)
            if _gradient_hooks(parameter) != before.hooks:
                hooks.append(key)
        return {
            "the parameters of {net} are not what they were: {names}": values,
            "`requires_grad` of parameters of {net} is not what it was: {names}": learns,
            "gradients are left on parameters of {net} that had none: {names}": left,
            "the `.grad` that parameters of {net} had is gone or another: {names}": gone,
            "hooks are still attached to parameters of {net}: {names}": hooks,
        }

    def _other_buffers(self) -> Iterator[str]:
        now = dict(self.net.named_buffers())
        if list(now) != list(self.buffers):
            yield f"`{self.name}` has other buffers than before"
        moved = [key for key, before in self.buffers.items() if not equal(now[key], before)]
        if moved:
            yield f"the running statistics of `{self.name}` have moved: {listed(moved)}"


def _remembered(parameter: nn.Parameter) -> ParameterState:
    gradient = None if parameter.grad is None else parameter.grad.clone()
    values = parameter.detach().clone()
    return ParameterState(
        parameter, values, parameter.requires_grad, gradient, _gradient_hooks(parameter)
    )


def _hooks(module: nn.Module) -> list[object]:
    return [hook for name in HOOKS for hook in vars(module)[name].values()]


@dataclass(frozen=True)
class DataState:
    """A list, dict, record or array, and a deep copy of what it was."""

    name: str
    data: object
    values: object

    @classmethod
    def of(cls, name: str, data: object) -> "DataState":
        """The state of what a student calls `name`."""
        return cls(name, data, copy.deepcopy(data))

    def difference(self) -> str | None:
        """What is not as it was."""
        if equal(self.data, self.values):
            return None
        return f"`{self.name}` belongs to the caller and is not what it was: sort, pop or change a copy"


def remember(name: str, value: object) -> State:
    """The state of anything that an answer is given."""
    if isinstance(value, Tensor):
        return TensorState.of(name, value)
    if isinstance(value, nn.Module):
        return ModuleState.of(name, value)
    if isinstance(value, list | tuple | dict | SimpleNamespace) or hasattr(value, "__array__"):
        return DataState.of(name, value)
    return DataState(name, value, value)
