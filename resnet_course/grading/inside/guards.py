"""What an answer's code meets at run time in place of bare attribute access, imports and built-ins.

`admission` rewrites every `a.b` of an answer to a call of `Guards.read` and every `a.b = c` to one that
asks `Guards.writable` first; the built-in functions that do the same by a string do so here too.
"""

import builtins
import contextlib
import copy
import dataclasses
import functools
import importlib
import inspect
import string
import sys
import types
from collections.abc import Callable
from typing import Any

from . import openings


class Refused(Exception):
    """An answer reached for what is closed to it; the message says for what."""


CLOSED_TYPES = (types.FrameType, types.TracebackType, types.CodeType, types.CellType)
CLOSED_TYPES += (types.MappingProxyType,)
FOREIGN = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
VALUES = (int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, type)
VALUES += (types.ModuleType,)
MOST_REMEMBERED = 20
# How rewritten code calls the guards: no source text can spell these names.
READ = "<read>"
WRITABLE = "<writable>"
LOAD = "<load>"
TAKE = "<take>"
STAR = "<star>"


def check_name(name: str) -> None:
    """Raise Refused for an attribute that leads to the inside of the interpreter."""
    dunder = name.startswith("__") and name.endswith("__")
    if name in openings.CLOSED_ATTRIBUTES or (dunder and name not in openings.DUNDERS_TO_READ):
        raise Refused(f"the attribute `{name}`")


class FieldFormatter(string.Formatter):
    """`str.format` without the attributes that its fields can read."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if "." in field_name or "[" in field_name:
            raise Refused("`str.format` with a field that reads an attribute")
        return super().get_field(field_name, args, kwargs)


def _hide_labels(pandas: types.ModuleType) -> None:
    """Keep pandas from offering labels as special methods, which NumPy would believe."""
    frame = pandas.core.generic.NDFrame
    by_label = frame.__getattr__

    def __getattr__(self: Any, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return by_label(self, name)

    if by_label.__module__.startswith("pandas"):
        frame.__getattr__ = __getattr__


class _Kind(type):
    """Makes `Kind` look like `type` to isinstance, and answer like it when it is called."""

    def __call__(cls, *things: Any) -> Any:
        if len(things) != 1:
            raise Refused("`type` with three arguments")
        if isinstance(things[0], type):
            raise Refused("the type of a class")
        return builtins.type(things[0])

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, type)

    def __getitem__(cls, _parameter: Any) -> Any:  # `type[int]` in an annotation
        return cls


class Kind(metaclass=_Kind):
    """What an answer knows as `type`: it says of what class a thing is, and makes no classes."""


class Guards:
    """The guards of one namespace: they know which classes and functions are the answer's own."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.log: list[str] = []  # what was refused, whether or not the answer caught the exception
        self._own_classes: set[type] = set()

    # What is asked while an answer runs.

    def read(self, thing: Any, name: str) -> Any:
        """The value of `thing.name`. Raises Refused where it is closed, AttributeError where none is."""
        try:
            check_name(name)
            self._check_private(thing, name)
            value = getattr(thing, name)
            return self._checked(thing, name, value)
        except Refused as refusal:
            self._remember(str(refusal))
            raise

    def writable(self, thing: Any, name: str) -> Any:
        """The thing itself, if an answer may set that attribute of it."""
        if isinstance(thing, FOREIGN) and not self._is_own(thing):
            self.refuse(f"writing on `{thing.__name__}`")
        if self._is_network(type(thing)) and self._is_modules(name):
            self.refuse(f"`{name}` of nn.Module, which an answer may not replace")
        return thing

    def refuse(self, what: str) -> None:
        """Raise Refused, and remember it."""
        self._remember(what)
        raise Refused(what)

    def _remember(self, what: str) -> None:
        if what not in self.log and len(self.log) < MOST_REMEMBERED:
            self.log.append(what)

    def load(self, module: str, whole: bool) -> types.ModuleType:
        """`import module`: the module itself, or (`whole` is false) the package that it is in."""
        if openings.opening(module) is None:
            self.refuse(f"the module `{module}`")
        loaded = importlib.import_module(module)
        if module.split(".")[0] == "pandas":
            _hide_labels(loaded)
        return loaded if whole else sys.modules[module.split(".")[0]]

    def take(self, module: str, name: str) -> Any:
        """`from module import name`."""
        source = self.load(module, True)
        if openings.opening(f"{module}.{name}") is not None:
            with contextlib.suppress(ModuleNotFoundError):
                return importlib.import_module(f"{module}.{name}")
        try:
            return self.read(source, name)
        except AttributeError:
            raise ImportError(f"cannot import name {name!r} from {module!r}") from None

    def star(self, module: str) -> None:
        """`from module import *`, of what is open."""
        source = self.load(module, True)
        for name in vars(source).get("__all__", vars(source)):
            is_module = isinstance(vars(source).get(name), types.ModuleType)
            if not name.startswith("_") and not is_module and openings.lets_name(source, name):
                with contextlib.suppress(Refused):
                    self.namespace[name] = self._lent(vars(source)[name])

    # What decides.

    def _is_own(self, thing: Any) -> bool:
        if isinstance(thing, types.MethodType):
            thing = thing.__func__
        if isinstance(thing, types.FunctionType):
            return thing.__globals__ is self.namespace
        return isinstance(thing, type) and thing in self._own_classes

    def _is_of_own_class(self, thing: Any) -> bool:
        kind = thing if isinstance(thing, type) else type(thing)
        return any(base in self._own_classes for base in kind.__mro__)

    def _check_private(self, thing: Any, name: str) -> None:
        private = name.startswith("_") and not name.endswith("__")
        if private and name not in openings.PRIVATE_TO_READ and not self._is_of_own_class(thing):
            raise Refused(f"the private attribute `{name}`")

    def _checked(self, thing: Any, name: str, value: Any) -> Any:
        if isinstance(thing, types.ModuleType):
            return self._from_module(thing, name, value)
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, CLOSED_TYPES) or (isinstance(value, type) and issubclass(value, type)):
            raise Refused(f"the attribute `{name}`")
        if name in ("format", "format_map") and (thing is str or isinstance(thing, str)):
            return self._formatter(thing, name)
        self._check_method(thing, name)
        if isinstance(thing, type):
            return self._of_class(thing, value)
        return value

    def _of_class(self, kind: type, value: Any) -> Any:
        """A method read from a class works on that class's instances only, whatever it would write on."""
        if not isinstance(value, types.FunctionType) or self._is_own(value):
            return value if kind in self._own_classes else self._unshared(value)

        def method(*arguments: Any, **options: Any) -> Any:
            if not arguments or not isinstance(arguments[0], kind):
                self.refuse(f"a method of `{kind.__name__}` for another thing")
            return value(*arguments, **options)

        is_static = isinstance(inspect.getattr_static(kind, value.__name__, None), staticmethod)
        return value if is_static else method

    def _from_module(self, module: types.ModuleType, name: str, value: Any) -> Any:
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if not openings.lets_name(module, name):
            raise Refused(f"`{module.__name__}.{name}`")
        return self._lent(value)

    def _module(self, module: types.ModuleType) -> types.ModuleType:
        if openings.opening(module.__name__) is None:
            raise Refused(f"the module `{module.__name__}`")
        return module

    def _lent(self, value: Any) -> Any:
        """A module's function or class, unless it is from a closed one; a copy of its containers."""
        if value is dataclasses.dataclass:
            return self._dataclass
        if value is functools.wraps:
            return self._wraps
        if value is types.SimpleNamespace:
            return self._simple_namespace
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            home = value.__module__
            if isinstance(home, str) and not openings.lets_home(home, value.__name__):
                raise Refused(f"`{home}.{value.__name__}`")
        return self._unshared(value)

    @staticmethod
    def _unshared(value: Any) -> Any:
        """What others own cannot be changed through its containers: an answer gets copies of them."""
        return copy.copy(value) if isinstance(value, (dict, list, set)) else value

    @staticmethod
    def _check_method(thing: Any, name: str) -> None:
        kind = thing if isinstance(thing, type) else type(thing)
        for module, closed in openings.CLOSED_METHODS.items():
            if name in closed and any(base.__module__.startswith(module) for base in kind.__mro__):
                raise Refused(f"the method `{name}` of `{module}`")

    def _formatter(self, thing: Any, name: str) -> Callable[..., str]:
        if thing is str:
            raise Refused("`str.format` as a function")
        if name == "format":
            return functools.partial(FieldFormatter().format, thing)
        return lambda mapping: FieldFormatter().vformat(thing, (), mapping)

    # Library functions that write on what they are given.

    def _dataclass(self, cls: Any = None, **options: Any) -> Any:
        def decorate(target: Any) -> Any:
            if not self._is_own(target):
                self.refuse("`dataclass` of a class that is not the answer's")
            return dataclasses.dataclass(**options)(target)

        return decorate if cls is None else decorate(cls)

    def _wraps(self, wrapped: Any) -> Callable[[Any], Any]:
        def decorate(target: Any) -> Any:
            if not self._is_own(target):
                self.refuse("`wraps` on a function that is not the answer's")
            return functools.update_wrapper(target, wrapped)

        return decorate

    def _simple_namespace(self, **values: Any) -> types.SimpleNamespace:
        for name in values:
            if name.startswith("__"):
                self.refuse(f"setting `{name}`")
        return types.SimpleNamespace(**values)

    # Built-in functions.

    def _getattr(self, thing: Any, name: str, *default: Any) -> Any:
        try:
            return self.read(thing, str(name))
        except AttributeError:
            if default:
                return default[0]
            raise

    def _hasattr(self, thing: Any, name: str) -> bool:
        try:
            self.read(thing, str(name))
        except AttributeError:
            return False
        return True

    def _setattr(self, thing: Any, name: str, value: Any) -> None:
        check_name(str(name))
        if name.startswith("__"):
            self.refuse(f"setting `{name}`")
        setattr(self.writable(thing, name), name, value)

    def _delattr(self, thing: Any, name: str) -> None:
        check_name(str(name))
        delattr(self.writable(thing, name), name)

    def _build_class(self, body: Any, name: str, *bases: Any, **options: Any) -> Any:
        if options:
            self.refuse("a class with a metaclass or options")
        for base in bases:
            if base is Kind or (isinstance(base, type) and self._is_value_class(base)):
                self.refuse(f"a class made from `{base.__name__}`")
        made = builtins.__build_class__(body, name, *bases)
        self._check_overrides(made)
        self._own_classes.add(made)
        return made

    @staticmethod
    def _is_value_class(base: type) -> bool:
        """Whether instances are values that a test compares: own kinds of them could claim anything."""
        torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
        values = VALUES + ((torch.Tensor,) if torch else ()) + ((numpy.ndarray,) if numpy else ())
        return issubclass(base, values)

    def _check_overrides(self, made: type) -> None:
        for name in vars(made) if self._is_network(made) else ():
            if name == "training" or self._is_modules(name):
                self.refuse(f"`{name}` of nn.Module, which an answer may not replace")

    @staticmethod
    def _is_network(kind: type) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and issubclass(kind, torch.nn.Module)

    @staticmethod
    def _is_modules(name: str) -> bool:
        """Whether a name is one by which others ask a network about itself."""
        allowed = openings.MODULE_NAMES_TO_SET | openings.CLASS_NAMES
        return name not in allowed and hasattr(sys.modules["torch"].nn.Module, name)

    def _closed(self, name: str) -> Callable[..., Any]:
        def closed(*_arguments: Any, **_options: Any) -> Any:
            self.refuse(f"the function `{name}`")

        return closed

    def builtins(self) -> dict[str, Any]:
        """What an answer's namespace has for `__builtins__`."""
        everything = vars(builtins)
        names = openings.BUILTINS | openings.EXCEPTIONS
        offered = {name: everything[name] for name in names if name in everything}
        closed = {n: self._closed(n) for n in everything if n not in offered and not n.startswith("_")}
        guarded = {
            "getattr": self._getattr,
            "hasattr": self._hasattr,
            "setattr": self._setattr,
            "delattr": self._delattr,
            "type": Kind,
            "display": print,
            "__import__": builtins.__import__,  # C code asks for it in whichever frame it runs
            "__build_class__": self._build_class,
            "__name__": "builtins",
            READ: self.read,
            WRITABLE: self.writable,
            LOAD: self.load,
            TAKE: self.take,
            STAR: self.star,
        }
        return closed | offered | guarded
