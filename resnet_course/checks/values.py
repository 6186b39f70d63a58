"""What an answer returned: of the right type, and equal to what it should be up to rounding."""

import numbers
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .verdict import CheckFailed, expect


def _kind(got: object) -> str:
    return f"a {type(got).__name__}"


def _something(got: object) -> None:
    expect(got is not None, "nothing is returned: is there a `return`?")


def tensor(got: object, shape: Sequence[int], what: str = "") -> Tensor:
    """What was returned, once it is a tensor of a shape and without nan."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, Tensor):
        raise CheckFailed(f"{subject}a Tensor is expected, {_kind(got)} is returned")
    expect(
        tuple(got.shape) == tuple(shape),
        f"{subject}the shape should be {tuple(shape)}, it is {tuple(got.shape)}",
    )
    expect(not got.isnan().any(), f"{subject}nan comes out")
    return got


def module(got: object, kind: type[nn.Module] = nn.Module, what: str = "") -> nn.Module:
    """What was returned, once it is a module of a kind."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, kind):
        raise CheckFailed(f"{subject}an nn.{kind.__name__} is expected, {_kind(got)} is returned")
    return got


def python_float(got: object, what: str = "") -> float:
    """What was returned, once it is a Python float, as `.item()` gives it."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, float):
        hint = ": `.item()` makes one of a tensor" if isinstance(got, Tensor) else ""
        raise CheckFailed(f"{subject}a Python float is expected, {_kind(got)} is returned{hint}")
    return float(got)


def number(got: object, what: str = "") -> float:
    """What was returned, once it is a number, NumPy's too; a tensor or a bool is none."""
    _something(got)
    subject = f"{what}: " if what else ""
    if isinstance(got, bool) or not isinstance(got, numbers.Real):
        raise CheckFailed(f"{subject}a number is expected, {_kind(got)} is returned")
    return float(got)


def whole(got: object, what: str = "") -> int:
    """What was returned, once it is an int."""
    _something(got)
    subject = f"{what}: " if what else ""
    if isinstance(got, bool) or not isinstance(got, numbers.Integral):
        shown = f" ({got})" if isinstance(got, float) else ""
        raise CheckFailed(f"{subject}an int is expected, {_kind(got)} is returned{shown}")
    return int(got)


def truth(got: object, what: str = "") -> bool:
    """What was returned, once it is True or False."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, bool):
        raise CheckFailed(f"{subject}True or False is expected, {_kind(got)} is returned")
    return got


def text(got: object, among: Sequence[str], what: str = "") -> str:
    """What was returned, once it is one of some words."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, str):
        raise CheckFailed(f"{subject}a str is expected, {_kind(got)} is returned")
    expect(got in among, f"{subject}{got!r} is none of {', '.join(map(repr, among))}")
    return got


def pair(got: object, what: str = "") -> tuple[object, object]:
    """What was returned, once it is a tuple or list of two."""
    _something(got)
    subject = f"{what}: " if what else ""
    if not isinstance(got, tuple | list):
        raise CheckFailed(f"{subject}a pair is expected, {_kind(got)} is returned")
    expect(len(got) == 2, f"{subject}a pair is expected, and {len(got)} values are returned")
    return got[0], got[1]


def a_dict(got: object) -> Mapping[object, object]:
    """What was returned, once it is a dict."""
    _something(got)
    if not isinstance(got, Mapping):
        raise CheckFailed(f"a dict is expected, {_kind(got)} is returned")
    return got


def mapping(got: object, keys: Sequence[object], what: str = "the dict") -> Mapping[object, object]:
    """What was returned, once it is a dict with the right keys."""
    got = a_dict(got)
    missing = [str(key) for key in keys if key not in got]
    expect(not missing, f"{what} lacks keys, for instance {', '.join(missing[:3])}")
    more = [str(key) for key in got if key not in keys]
    expect(
        not more, f"{what} has keys that do not belong there, for instance {', '.join(more[:3])}"
    )
    return got


def same(got: object, wanted: object, tolerance: float = 1e-4) -> bool:
    """Whether numbers, lists or tensors are equal up to rounding, which `tolerance` limits.

    It is relative to the largest number wanted, because that is what another order of the same operations rounds by;
    where all of them are zero it is absolute. Infinite numbers and nan equal their like.
    """
    try:
        one, other = _double(got), _double(wanted)
    except (TypeError, ValueError, RuntimeError):
        return False
    if one.shape != other.shape:
        return False
    finite = other[other.isfinite()]
    size = finite.abs().max().item() if finite.numel() else 0.0
    return torch.allclose(one, other, rtol=0, atol=tolerance * (size or 1.0), equal_nan=True)


def _double(value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().double()
    return torch.as_tensor(value, dtype=torch.float64)


def diagnose(
    got: object,
    right: object,
    faults: Mapping[str, object],
    otherwise: str,
    tolerance: float = 1e-4,
) -> None:
    """Fail unless `got` is right, with the sentence of `faults` whose value it is, or else with `otherwise`."""
    if same(got, right, tolerance):
        return
    sentences = [fault for fault, value in faults.items() if same(got, value, tolerance)]
    raise CheckFailed(sentences[0] if sentences else in_part(got, right, tolerance) or otherwise)


def in_part(got: object, right: object, tolerance: float) -> str | None:
    """A sentence where what was returned is right but rounded, or right for the first image only."""
    one, other = _double(got), _double(right)
    if one.shape != other.shape:
        return None
    least = 0 if other.dim() or other.abs() >= 10 else 1
    if any(same(one, other.round(decimals=places), 1e-7) for places in range(least, 5)):
        return "these are the right numbers, rounded: return all of them"
    if one.dim() > 1 and len(one) > 1 and same(one[0], other[0], tolerance):
        return "this is right for the first image of a batch, and not for the others"
    return None
