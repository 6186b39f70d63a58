"""Kinds of fault that any answer of a family could have, made by wrapping the reference solution.

Each is a few lines of source that take the name of the answer for NAME and leave something of the same name that does
the right thing and one thing besides. So a kind is tried on every task of its family, those to come included.
"""

from dataclasses import dataclass

HEAD = "import torch as _torch\nfrom torch import nn as _nn\n_right = NAME\n"


@dataclass(frozen=True)
class Kind:
    """A kind of fault: source to append, and words that the self-check must use (a regular expression)."""

    source: str
    says: str

    def spoil(self, solution: str, name: str) -> str:
        """The solution, and then the fault."""
        return f"{solution}\n\n{HEAD}{self.source}".replace("NAME", name)


def _function(after: str, before: str = "") -> str:
    """A function that does the right thing, and something before and after."""
    lines = [f"    {line}" for line in before.splitlines()]
    lines += [
        "    _result = _right(*_given)",
        *(f"    {line}" for line in after.splitlines()),
        "    return _result",
    ]
    return "def NAME(*_given):\n" + "\n".join(lines)


def _network(change: str, before: str = "", rest: str = "") -> str:
    """A maker of modules whose forward pass does the right thing, changed."""
    lines = [f"        {line}" for line in before.splitlines()]
    return "\n".join(
        [
            "def NAME(*_given):",
            "    _made = _right(*_given)",
            "    _class = type(_made)",
            "    def _forward(self, x):",
            *lines,
            f"        return {change}",
            "    _made.__class__ = type(_class.__name__, (_class,), {'forward': _forward})",
            *(f"    {line}" for line in rest.splitlines()),
            "    return _made",
        ]
    )


RIGHT_OUTPUT = "_class.forward(self, x)"

ANY = {
    "switches gradients off for everybody": Kind(
        _function("_torch.set_grad_enabled(False)"), "gradients stay switched off"
    ),
    "sets the default dtype": Kind(
        _function("_torch.set_default_dtype(_torch.float64)"), "default dtype"
    ),
    "makes everybody's algorithms deterministic": Kind(
        _function("_torch.use_deterministic_algorithms(True)"),
        "a setting of PyTorch that everybody shares",
    ),
    "returns nothing": Kind(_function("_result = None"), "is there a `return`"),
}
STEADY = ANY | {
    "seeds PyTorch": Kind(_function("_torch.manual_seed(0)"), "random numbers are drawn or seeded"),
    "seeds Python": Kind(
        _function("import random\nrandom.seed(0)"), "random numbers are drawn or seeded"
    ),
    "seeds NumPy": Kind(
        _function("import numpy\nnumpy.random.seed(0)"), "random numbers are drawn or seeded"
    ),
    "draws a random number": Kind(
        _function("_torch.rand(1)"), "random numbers are drawn or seeded"
    ),
}
TENSORS = STEADY | {
    "detaches what it returns": Kind(_function("_result = _result.detach()"), "cut off from autograd"),
    "passes the gradient straight through": Kind(
        _function("_s = sum(_g for _g in _given if isinstance(_g, _torch.Tensor) and _g.shape == _result.shape)\n"
                  "_result = _s + (_result - _s).detach() if isinstance(_s, _torch.Tensor) else _result.detach()"),
        "gradient",
    ),
    "clamps what it returns": Kind(_function("_result = _result.clamp(max=100)"), "clamp or saturate"),
    "computes in float32": Kind(_function("_result = _result.float()"), "another type|float64"),
    "rounds": Kind(_function("_result = (_result * 1e3).round() / 1e3"), "rounded"),
    "is right for the first image only": Kind(
        _function("_result = _torch.cat([_result[:1]] * len(_result))"), "first image|values"
    ),
    "changes its input": Kind(_function("for _g in _given:\n    if isinstance(_g, _torch.Tensor) and not _g.requires_grad and not _g.is_meta:\n        _g.add_(1)"), "in place"),
    "lets its input ask for gradients": Kind(
        _function("for _g in _given:\n    if isinstance(_g, _torch.Tensor) and _g.is_leaf:\n        _g.requires_grad_()"), "asks for gradients"
    ),
    "remembers what it returned for a shape": Kind(
        "_memory = {}\n" + _function("_result = _memory.setdefault((tuple(_result.shape), _result.dtype), _result.detach())"),
        "asked again|gradient|right for",
    ),
    "works on the CPU alone": Kind(
        _function("_result = _torch.zeros(_result.shape, dtype=_result.dtype) + _result"), "works on the CPU alone"
    ),
    "returns nan": Kind(_function("_result = _result * float('nan')"), "nan"),
}  # fmt: skip
# Functions of a network, which comes first, that are to leave no trace.
PROBES = STEADY | {
    "leaves the network in eval mode": Kind(_function("_given[0].eval()"), "left in eval mode"),
    "leaves the network in training mode": Kind(_function("_given[0].train()"), "left in training mode"),
    "keeps only the outer module's mode": Kind(
        _function("_given[0].eval()\n_given[0].train(_mode)", "_mode = _given[0].training"), "a part whose mode differs"
    ),
    "forgets gradients": Kind(_function("_given[0].zero_grad()"), "`.grad` that parameters of .* is gone"),
    "leaves gradients": Kind(
        _function("for _p in _given[0].parameters():\n    _p.grad = _torch.zeros_like(_p)"), "gradients are left|`.grad`"
    ),
    "freezes parameters": Kind(_function("_given[0].requires_grad_(False)"), "`requires_grad` of parameters"),
    "leaves a hook": Kind(
        _function("list(_given[0].modules())[-1].register_forward_hook(lambda *_: None)"), "hooks are still attached"
    ),
    "clears other people's hooks": Kind(
        _function("for _m in _given[0].modules():\n    _m._forward_hooks.clear()"), "somebody else had put on"
    ),
    "moves statistics": Kind(
        _function("for _m in _given[0].buffers():\n    _m.data.add_(1)"), "running statistics"
    ),
    "changes a setting of a batch norm": Kind(
        _function("for _m in _given[0].modules():\n    if hasattr(_m, 'momentum'):\n        _m.momentum = 0.1"), "another `momentum`"
    ),
    "changes the weights": Kind(
        _function("for _p in _given[0].parameters():\n    _p.data.mul_(1.001)"), "not what they were"
    ),
    "puts new parameters in the place of the old": Kind(
        _function("for _m in _given[0].modules():\n    for _n, _p in list(_m._parameters.items()):\n"
                  "        if _p is not None:\n            _q = _nn.Parameter(_p.detach().clone(), _p.requires_grad)\n"
                  "            _q.grad = _p.grad\n            setattr(_m, _n, _q)"),
        "not the objects they were",
    ),
    "swallows errors": Kind(
        "def NAME(*_given):\n    try:\n        return _right(*_given)\n    except RuntimeError:\n        return None",
        "must reach the caller",
    ),
    "leaves the network in another mode after an error": Kind(
        "def NAME(*_given):\n    try:\n        return _right(*_given)\n    except RuntimeError:\n"
        "        _given[0].train(not _given[0].training)\n        raise",
        "mode after an error",
    ),
}  # fmt: skip
# Classes and functions that make modules.
MAKERS = ANY | {
    "seeds PyTorch": Kind(_function("", "_torch.manual_seed(0)"), "start with the same weights"),
    "hands out one object": Kind(
        "_one = {}\ndef NAME(*_given):\n    if _given not in _one:\n        _one[_given] = _right(*_given)\n    return _one[_given]",
        "share parameters",
    ),
    "detaches its input": Kind(_network("_class.forward(self, x.detach())"), "no gradient reaches the input|gradient"),
    "detaches its output": Kind(_network(f"{RIGHT_OUTPUT}.detach()"), "cut off from autograd"),
    "learns nothing": Kind(
        _network("_class.forward(self, x) if not x.requires_grad else _no", "with _torch.no_grad():\n    _no = _class.forward(self, x)"),
        "cut off from autograd|statistics",
    ),
    "clamps": Kind(_network(f"{RIGHT_OUTPUT}.clamp(-1e3, 1e3)"), "clamp or saturate"),
    "computes in float32": Kind(_network(f"{RIGHT_OUTPUT}.float().to(x.dtype)"), "float32|nearly right"),
    "gives out float32": Kind(_network(f"{RIGHT_OUTPUT}.float()"), "float32|nearly right|another type"),
    "is right for the first image only": Kind(
        _network(f"(lambda y: _torch.cat([y[:1]] * len(y)))({RIGHT_OUTPUT})"), "first image"
    ),
    "runs twice": Kind(_network(RIGHT_OUTPUT, "_class.forward(self, x)"), "twice"),
    "changes its input": Kind(_network(f"({RIGHT_OUTPUT}, x.data.mul_(2))[0]"), "in place"),
    "goes into eval mode": Kind(_network(RIGHT_OUTPUT, "self.eval()"), "statistics|mode"),
    "goes into training mode": Kind(_network(RIGHT_OUTPUT, "self.train()"), "statistics of the batch|mode"),
    "has a parameter too many": Kind(
        _network(f"{RIGHT_OUTPUT} + 0 * self.more", rest="_made.more = _nn.Parameter(_torch.zeros(()))"), "more parameters|another size"
    ),
    "has a parameter that is frozen": Kind(
        _network(RIGHT_OUTPUT, rest="next(_made.parameters()).requires_grad_(False)"), "cannot learn"
    ),
    "is random": Kind(_network(f"{RIGHT_OUTPUT} * (1 + 0.1 * _torch.rand(()).to(x))"), "each time"),
    "drops out": Kind(_network(f"_nn.functional.dropout({RIGHT_OUTPUT}, 0.3, self.training)"), "each time"),
    "remembers its last output": Kind(
        _network(
            "self.memory.setdefault(key, _class.forward(self, x))",
            "self.memory = getattr(self, 'memory', {})\nkey = (tuple(x.shape), x.dtype, self.training)",
        ),
        "asked again|statistics|gradient|stops|same",
    ),
    "turns a gradient around": Kind(
        _network(f"(lambda y: 2 * y.detach() - y)({RIGHT_OUTPUT})"), "wrong gradients"
    ),
    "adds a little": Kind(_network(f"{RIGHT_OUTPUT} + 1e-4"), "nearly right|for small ones|something else"),
    "works on the CPU alone": Kind(
        _network(f"{RIGHT_OUTPUT} + _torch.zeros(1, dtype=x.dtype)"), "works on the CPU alone"
    ),
}  # fmt: skip
# Functions of plain data: numbers, lists, dicts, records.
PLAIN = STEADY | {
    "always gives its first answer": Kind(
        "_first = []\n" + _function("_first.append(_result)\n_result = _first[0]"), ""
    ),
}
LISTS = {
    "turns a list of the caller's around": Kind(
        _function("for _g in _given:\n    if isinstance(_g, list):\n        _g.reverse()"),
        "belongs to the caller",
    ),
    "takes something away from the caller's list": Kind(
        _function(
            "for _g in _given:\n    if isinstance(_g, (list, dict)) and _g:\n        _g.clear()"
        ),
        "belongs to the caller",
    ),
}
ROUND = """def _round(value):
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_round, value))
    return {key: _round(other) for key, other in value.items()} if isinstance(value, dict) else value
"""
FLOATS = {"rounds what it returns": Kind(ROUND + _function("_result = _round(_result)"), "rounded")}
FAMILIES = {
    "any": ANY,
    "steady": STEADY,
    "tensors": TENSORS,
    "probe": PROBES,
    "maker": MAKERS,
    "plain": PLAIN,
    "lists": LISTS,
    "floats": FLOATS,
}


def kinds(families: str) -> dict[str, Kind]:
    """The kinds of one family, or of several whose names stand in a row."""
    merged: dict[str, Kind] = {}
    for family in families.split():
        merged |= FAMILIES[family]
    return merged
