"""The fence around an answer: what right answers do is let in, what reaches the process or its judge is not."""

from typing import Any

import pytest

from resnet_course.grading.inside import admission
from resnet_course.grading.inside.guards import Guards, Refused

SETUP = "import copy, math\nimport torch\nfrom torch import nn\nfrom resnet_course import blocks, models\n"

HONEST = {
    "numpy": "import numpy as np\nresult = np.asarray([1.0, 2.0]).mean()",
    "einsum": "result = torch.einsum('ij,jk->ik', torch.eye(2), torch.eye(2)).sum().item()",
    "unfold": "result = nn.functional.unfold(torch.ones(1, 1, 3, 3), 3).shape",
    "windows": "from numpy.lib.stride_tricks import sliding_window_view",
    "functional": "import torch.nn.functional as F\nresult = F.relu(torch.tensor(-1.0)).item()",
    "star": "from math import *\nresult = sqrt(4)",
    "star of torch": "from torch.nn.functional import *\nresult = relu(torch.tensor(-1.0))",
    "format": "result = '{:.2f} {}'.format(2, 'a') + f'{3:>5}' + '%d' % 4",
    "explicit init": "class A(nn.Module):\n    def __init__(self):\n        nn.Module.__init__(self)\nA()",
    "private attribute": "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self._layer = nn.Linear(1, 1)\n    def forward(self, x):\n        return self._layer(x)\n"
    "result = A()(torch.ones(1, 1))",
    "mangled attribute": "class A:\n    def __init__(self):\n        self.__x = 1\n"
    "    def get(self):\n        return self.__x\nresult = A().get()",
    "attributes by name": "m = nn.Module()\nsetattr(m, 'layer1', nn.Linear(1, 1))\n"
    "result = getattr(m, 'layer1'), getattr(m, 'layer2', None), hasattr(m, 'layer3')",
    "counts on itself": "class A:\n    total = 0\nA.total += 1\na = A()\na.total += 1\nresult = a.total",
    "items added up": "d = {}\nd['a'] = 1\nd['a'] += 1\nx = torch.zeros(3)\nx[0] += 1",
    "weights set": "conv = nn.Conv2d(1, 1, 1)\nconv.weight.data = torch.ones(1, 1, 1, 1)\n"
    "with torch.no_grad():\n    conv.weight[0] = 2",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int = 1\nresult = P(2).a",
    "decorator": "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a):\n"
    "        return f(*a) * 2\n    return g\n@twice\ndef three():\n    return 3\nresult = three()",
    "context manager": "from contextlib import contextmanager\n@contextmanager\ndef evaluating(net):\n"
    "    mode = net.training\n    net.eval()\n    try:\n        yield\n    finally:\n        net.train(mode)\n"
    "with evaluating(nn.Linear(1, 1)):\n    pass",
    "hooks": "seen = []\nm = nn.ReLU()\nh = m.register_forward_hook(lambda m, i, o: seen.append(o))\n"
    "m(torch.ones(1))\nh.remove()\nresult = len(m._forward_hooks), len(seen)",
    "autograd function": "class Double(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x):\n        return 2 * x\n    @staticmethod\n    def backward(ctx, g):\n"
    "        return 2 * g\nresult = Double.apply(torch.ones(1, requires_grad=True))",
    "types": "def f(x: torch.Tensor, n: int | None = None) -> list[float]:\n    return [1.0]\n"
    "result = type(f([1])) is list, isinstance(int, type)",
    "class name": "result = nn.Linear(1, 1).__class__.__name__",
    "errors": "try:\n    raise ValueError('no')\nexcept (ValueError, TypeError) as e:\n    result = str(e), e.args",
    "match": "match [1, 2]:\n    case [a, *rest]:\n        result = a",
    "named tuple": "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\nresult = P(1)._replace(a=2)",
    "version": "import sys\nresult = sys.version_info[0], torch.__version__",
    "device": "result = torch.device('cuda' if torch.cuda.is_available() else 'cpu').type",
    "statistics": "from statistics import mean, stdev\nfrom collections import defaultdict, OrderedDict\n"
    "from itertools import pairwise, product\nresult = mean([1, 2])",
    "inheritance": "class B(blocks.ResidualBlock):\n    def forward(self, x):\n"
    "        return super().forward(x)\nresult = B(2, 2)(torch.ones(1, 2, 2, 2)).shape",
    "course": "from resnet_course import probes\nwith probes.untouched(nn.Linear(1, 1)):\n    pass",
    "checkpoint": "from torch.utils.checkpoint import checkpoint\nimport torch.utils.data as data",
    "scheduler": "from torch.optim import lr_scheduler\nresult = lr_scheduler.LambdaLR",
    "namespace": "from types import SimpleNamespace\nresult = SimpleNamespace(a=1).a",
    "a method of a class": "result = torch.Tensor.relu(torch.tensor(-1.0)).item()",
    "a static method": "class A:\n    @staticmethod\n    def f(x):\n        return x\nresult = A.f(3)",
    "a class method": "class A:\n    @classmethod\n    def f(cls, x):\n        return x\nresult = A.f(3)",
    "a method of its own class": "class A:\n    def f(self):\n        return 3\nresult = A.f(A())",
    "weights loaded": "m = nn.Linear(1, 1)\nm.load_state_dict(m.state_dict())",
    "mode set": "m = nn.Linear(1, 1)\nm.training = False\nm.eps = 1",
    "timing": "import time\nstart = time.perf_counter()\nresult = time.perf_counter() - start",
    "slots of hooks": "with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):\n    pass",
}

REACHING = {
    "the frame of the caller": "import sys\nsys._getframe(1)",
    "a generator's frame": "g = (i for i in [1])\ng.gi_frame",
    "a traceback's frame": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    e.__traceback__",
    "a function's globals": "copy.deepcopy.__globals__",
    "a function's code": "(lambda: 0).__code__",
    "globals": "globals()",
    "a name's builtins": "__builtins__",
    "subclasses": "object.__subclasses__()",
    "a dictionary of a module": "vars(torch)",
    "a module's dictionary": "torch.__dict__",
    "inspect": "import inspect",
    "garbage collector": "import gc",
    "ctypes": "import ctypes",
    "threads": "import threading",
    "pools": "from concurrent.futures import ThreadPoolExecutor",
    "atexit": "import atexit",
    "signals": "import signal",
    "loaded modules": "import sys\nsys.modules",
    "import by name": "__import__('os').system('ls')",
    "importlib": "import importlib\nimportlib.import_module('os')",
    "leaving": "import os\nos._exit(0)",
    "through torch": "torch.os.environ",
    "through torch, aliased": "t = torch\nt.sys.exit()",
    "a file": "open('/etc/passwd')",
    "eval": "eval('1')",
    "exec": "exec('x = 1')",
    "patching torch": "torch.allclose = lambda *a, **k: True",
    "patching by name": "setattr(torch, 'allclose', 1)",
    "patching a class": "nn.Module.__call__ = 1",
    "patching a class's method": "torch.Tensor.allclose = 1",
    "patching in a loop": "for torch.allclose in [1]:\n    pass",
    "patching in a with": "class C:\n    def __enter__(self):\n        return 1\n    def __exit__(self, *a):\n"
    "        pass\nwith C() as torch.allclose:\n    pass",
    "deleting": "del torch.allclose",
    "patching the checks": "from resnet_course.checks import block\nblock.add_and_activate = print",
    "patching a function": "from resnet_course import checks\nchecks.expect.x = 1",
    "the grader": "from resnet_course.grading.inside import guards",
    "wraps on another's": "import functools\n@functools.wraps(print)\ndef f(): pass\nfunctools.wraps(f)(torch)",
    "wraps from elsewhere": "from torch.optim.lr_scheduler import wraps",
    "update_wrapper": "from functools import update_wrapper",
    "dataclass of another's": "from dataclasses import dataclass\ndataclass(torch.Tensor)",
    "attribute getters": "from operator import attrgetter",
    "format": "'{0.__class__}'.format(1)",
    "format, unbound": "str.format('{0.__class__}', 1)",
    "format by map": "'{a.x}'.format_map({'a': 1})",
    "match on attributes": "match torch:\n    case object(os=o):\n        pass",
    "type hints": "from typing import get_type_hints",
    "a metaclass": "class A(metaclass=type):\n    pass",
    "type in three parts": "type('A', (torch.Tensor,), {})",
    "the type of a class": "type(nn.Module)('A', (), {})",
    "a class's class": "nn.Module.__class__",
    "its own kind of tensor": "class T(torch.Tensor):\n    pass",
    "its own kind of float": "class F(float):\n    pass",
    "its own kind of dict": "class D(dict):\n    pass",
    "equality": "class A:\n    def __eq__(self, other):\n        return True",
    "truth": "class A:\n    def __bool__(self):\n        return True",
    "torch function": "class A:\n    def __torch_function__(self, *a):\n        pass",
    "attribute hook": "class A:\n    def __getattr__(self, name):\n        return self",
    "pickle": "class A:\n    def __reduce__(self):\n        return print, ()",
    "loading pickles": "torch.load('x')",
    "loading arrays": "import numpy as np\nnp.load('x', allow_pickle=True)",
    "memory as an array": "import numpy as np\nnp.fromfile('/proc/self/mem')",
    "modes": "from torch.overrides import TorchFunctionMode",
    "dispatch modes": "from torch.utils._python_dispatch import TorchDispatchMode",
    "dispatch modes, lent": "torch.autograd.graph.TorchDispatchMode",
    "global hooks": "from torch.nn.modules.module import register_module_forward_hook",
    "torch's own C": "torch._C",
    "operators": "torch.ops.aten.add",
    "parameters that lie": "class A(nn.Module):\n    def parameters(self):\n        return iter([])",
    "a state that lies": "class A(nn.Module):\n    def state_dict(self):\n        return {}",
    "mode that lies": "class A(nn.Module):\n    training = True",
    "an enumeration of methods": "from enum import Enum",
    "parameters that lie, of one": "m = nn.Linear(1, 1)\nm.parameters = lambda: iter([])",
    "parameters that lie, by name": "setattr(nn.Linear(1, 1), 'parameters', lambda: iter([]))",
    "a scheduler's state": "o = torch.optim.SGD([torch.zeros(1)], 1.0)\n"
    "s = torch.optim.lr_scheduler.LambdaLR(o, lambda e: 1.0)\ns.lr_lambdas = [torch]\n"
    "s.load_state_dict({'lr_lambdas': [{'allclose': 1}]})",
    "another's method on a module": "torch.optim.lr_scheduler.StepLR.get_last_lr(torch)",
    "a network's method on a module": "nn.Module.train(torch)",
    "memory by an interface": "from types import SimpleNamespace\nSimpleNamespace(__array_interface__={})",
    "an interface in a class": "class A:\n    __array_interface__ = {}",
    "pictures' format": "import matplotlib.pyplot",
    "IPython": "from IPython import get_ipython",
    "a class changed": "class A:\n    pass\nA().__class__ = int",
    "builtins replaced": "import math as __builtins__",
}


def run(source: str, setup: str = SETUP) -> tuple[dict[str, Any], list[str]]:
    """The names that a cell leaves behind inside the fence, and what was refused of it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, names)
    guards = Guards(names)
    names["__builtins__"] = guards.builtins()
    refused = []
    for statement in admission.admit(source, "<cell 0>", frozenset()):
        if statement.refused:
            refused.append(statement.refused)
        elif statement.code is not None:
            try:
                eval(statement.code, names)
            except Refused as refusal:
                refused.append(str(refusal))
    return names, refused


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_what_honest_answers_do_is_let_in(source):
    names, refused = run(source)
    assert refused == []
    plain: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP + source, plain)
    assert type(names.get("result")).__name__ == type(plain.get("result")).__name__


@pytest.mark.parametrize("source", REACHING.values(), ids=REACHING)
def test_what_reaches_the_process_is_refused(source):
    _, refused = run(source)
    assert refused


@pytest.mark.parametrize("source", REACHING.values(), ids=REACHING)
def test_inside_a_function_it_is_refused_as_well(source):
    body = "".join(f"    {line}\n" for line in source.splitlines())
    names, refused = run(f"def answer():\n{body}")
    if not refused:
        with pytest.raises((Refused, UnboundLocalError)):
            names["answer"]()


def test_a_table_of_the_course_can_be_read_and_not_changed():
    from resnet_course import variants

    before = {name: dict(v) for name, v in vars(variants).items() if isinstance(v, dict) and name.isupper()}
    tables = "".join(f"variants.{name}.clear()\n" for name in before)
    _, refused = run(f"from resnet_course import variants\n{tables}")
    assert refused == []
    assert {name: vars(variants)[name] for name in before} == before


def test_what_an_answer_caught_is_remembered():
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, names)
    guards = Guards(names)
    names["__builtins__"] = guards.builtins()
    source = "try:\n    torch.allclose = 1\nexcept Exception:\n    pass"
    (statement,) = admission.admit(source, "<cell 0>", frozenset())
    assert statement.code is not None
    eval(statement.code, names)
    assert guards.log == ["writing on `torch`"]


def test_an_error_names_the_line_of_the_students_own_text():
    names, _ = run("def f(x):\n    y = x\n    return y.shapes")
    import torch

    with pytest.raises(AttributeError) as caught:
        names["f"](torch.ones(1))
    lines = [entry.lineno for entry in caught.traceback if str(entry.path).endswith("<cell 0>")]
    assert lines == [2]  # counted from 0


@pytest.mark.parametrize("source", ["%matplotlib inline", "!pip install x", "files = !ls", "%time 1 + 1"])
def test_magics_are_passed_over_and_not_held_against_anybody(source):
    (statement,) = admission.admit(source, "<cell 0>", frozenset())
    assert statement.code is None
    assert statement.note
    assert not statement.refused


def test_the_magic_that_times_a_cell_does_not_hide_what_it_defines():
    names, refused = run("%%time\ndef f():\n    return 1")
    assert refused == []
    assert names["f"]() == 1


def test_an_answer_as_it_was_handed_out_is_not_run():
    stub = "def f(x):\n    raise NotImplementedError  # your answer here"
    dumped = admission.dump(stub)
    (statement,) = admission.admit("def f(x):\n\n    raise NotImplementedError", "<cell 0>", dumped)
    assert statement.code is None


def test_unfenced_everything_is_let_in():
    (statement,) = admission.admit("import os", "<cell 0>", frozenset(), fenced=False)
    assert statement.code is not None
