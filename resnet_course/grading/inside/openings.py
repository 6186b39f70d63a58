"""What an answer may reach: modules and names of them, attributes, built-in functions.

Whatever is not named here is closed. Each opening was made because answers need it; each exception
because a name would let an answer read or change what judges it (the interpreter's frames and
functions, other modules' contents, code made from text or bytes).
"""

import builtins
import sys
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Opening:
    """How far a module is open.

    Attributes:
        only: the names that may be used; None for all public ones.
        never: names that may not be used, though they are public.
    """

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def lets(self, name: str) -> bool:
        """Whether a public name may be used."""
        return name not in self.never and (self.only is None or name in self.only)


def _only(names: str) -> Opening:
    return Opening(only=frozenset(names.split()))


def _but(names: str) -> Opening:
    return Opening(never=frozenset(names.split()))


ALL = Opening()
MODULES_ONLY = Opening(only=frozenset())  # a place on the way to those of its modules that are open
MODULES: dict[str, Opening] = {
    # Python's own.
    "abc": _only("ABC abstractmethod"),
    "bisect": ALL,
    "cmath": ALL,
    "collections": ALL,
    "collections.abc": ALL,
    "contextlib": _only("contextmanager nullcontext suppress closing"),
    "copy": _only("copy deepcopy"),
    "dataclasses": _only("dataclass field asdict astuple replace"),
    "datetime": ALL,
    "decimal": ALL,
    "fractions": ALL,
    "functools": _only("partial reduce lru_cache cache cached_property cmp_to_key wraps"),
    "heapq": ALL,
    "importlib": MODULES_ONLY,
    "importlib.util": _only("find_spec"),
    "itertools": ALL,
    "json": _only("dumps loads"),
    "math": ALL,
    "numbers": ALL,
    "operator": _but("attrgetter methodcaller"),
    "os": _only("cpu_count"),
    "pprint": _only("pprint pformat"),
    "random": ALL,
    "re": ALL,
    "statistics": ALL,
    "string": _only("ascii_letters ascii_lowercase ascii_uppercase digits punctuation whitespace"),
    "sys": _only("version version_info platform maxsize float_info"),
    "textwrap": _only("dedent indent fill wrap shorten"),
    "time": _only("time sleep perf_counter monotonic process_time strftime ctime"),
    "types": _only("SimpleNamespace"),
    "typing": _but("ForwardRef get_type_hints no_type_check evaluate_forward_ref"),
    "warnings": _only("warn filterwarnings simplefilter catch_warnings"),
    # PyTorch. A submodule that is not here is closed, and so is what it lends to one that is.
    "torch": _but("compile get_file_path prepare_multiprocessing_environment classproperty"),
    "torch.amp": ALL,
    "torch.autograd": ALL,
    "torch.autograd.functional": ALL,
    "torch.autograd.graph": _only("saved_tensors_hooks save_on_cpu Node"),
    "torch.backends": MODULES_ONLY,
    "torch.backends.cudnn": _only("is_available version"),
    "torch.backends.mps": _only("is_available is_built"),
    "torch.cuda": _only("is_available device_count manual_seed manual_seed_all empty_cache"),
    "torch.fft": ALL,
    "torch.func": ALL,
    "torch.linalg": ALL,
    "torch.nn": _but("ParameterDict"),
    "torch.nn.functional": ALL,
    "torch.nn.init": ALL,
    "torch.nn.utils": ALL,
    "torch.optim": ALL,
    "torch.optim.lr_scheduler": ALL,
    "torch.random": ALL,
    "torch.special": ALL,
    "torch.testing": _only("assert_close"),
    "torch.utils": MODULES_ONLY,
    "torch.utils.checkpoint": _only("checkpoint checkpoint_sequential"),
    "torch.utils.data": ALL,
    "torch.version": ALL,
    "torchvision": ALL,
    "torchvision.models": ALL,
    "torchvision.ops": ALL,
    "torchvision.transforms": ALL,
    # Arrays and tables. Pictures are not drawn beside tests.
    "einops": ALL,
    "numpy": _but("load fromfile memmap save savez savez_compressed"),
    "numpy.fft": ALL,
    "numpy.lib": MODULES_ONLY,
    "numpy.lib.stride_tricks": _only("sliding_window_view"),
    "numpy.linalg": ALL,
    "numpy.random": ALL,
    "pandas": _but("eval read_pickle to_pickle"),
    "IPython": MODULES_ONLY,
    "IPython.display": _only("display"),
}
COURSE_IS_OPEN_BUT = ("cli", "cluster", "grading", "launch")  # modules of the course's package
# Where torch keeps what reaches into it, whichever module lends it out.
CLOSED_HOMES = (
    "torch._C._jit",
    "torch._dynamo",
    "torch._jit_internal",
    "torch._ops",
    "torch.fx",
    "torch.hub",
    "torch.jit",
    "torch.library",
    "torch.multiprocessing",
    "torch.overrides",
    "torch.package",
    "torch.serialization",
    "torch.testing._internal",
    "torch.utils._",
)
# Methods that run text, or write what they are given into what they are given; by their class's module.
CLOSED_METHODS = {
    "pandas": frozenset({"eval", "query", "to_pickle", "style", "plot"}),
    "torch.optim.lr_scheduler": frozenset({"load_state_dict"}),
}

DUNDERS_TO_READ = frozenset(
    "__init__ __name__ __doc__ __class__ __len__ __getitem__ __setitem__ __iter__ __next__ __call__"
    " __contains__ __version__ __repr__ __str__ __enter__ __exit__ __post_init__".split()
)
DUNDERS_TO_DEFINE = DUNDERS_TO_READ - {"__name__", "__class__", "__version__"}
NAMES_WITH_DUNDERS = frozenset({"__name__", "__doc__"})
PRIVATE_TO_READ = frozenset(
    "_modules _parameters _buffers _forward_hooks _forward_pre_hooks _backward_hooks"
    " _replace _asdict _fields".split()
)
# Frames, code and generators' insides; names that reach the interpreter under other libraries' roofs.
CLOSED_ATTRIBUTES = frozenset(
    "ag_await ag_code ag_frame cr_await cr_code cr_frame cr_origin gi_code gi_frame gi_yieldfrom"
    " f_back f_builtins f_code f_generator f_globals f_lasti f_lineno f_locals f_trace"
    " tb_frame tb_lasti tb_lineno tb_next co_code co_consts co_names func_globals mro".split()
)
# What nn.Module answers to whoever asks it: an answer may not answer in its place, but for these.
MODULE_NAMES_TO_SET = frozenset(
    "__init__ __call__ __repr__ __doc__ forward extra_repr train eval training".split()
)
# What Python itself writes into a class.
CLASS_NAMES = frozenset(
    "__module__ __qualname__ __annotations__ __static_attributes__ __firstlineno__"
    " __annotate_func__ __annotations_cache__ __classdictcell__ __parameters__ __orig_bases__".split()
)

BUILTINS = frozenset(
    "abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict dir divmod"
    " enumerate filter float format frozenset hash hex id int isinstance issubclass iter len list"
    " map max min next object oct ord pow print property range repr reversed round set slice sorted"
    " staticmethod str sum super tuple zip True False None NotImplemented Ellipsis __debug__".split()
)
EXCEPTIONS = frozenset(
    name for name, thing in vars(builtins).items()
    if isinstance(thing, type) and issubclass(thing, BaseException)
)  # fmt: skip


def opening(module: str) -> Opening | None:
    """How far a module is open; None where it is closed."""
    package, _, rest = module.partition(".")
    if package == "resnet_course":
        return None if rest.split(".")[0] in COURSE_IS_OPEN_BUT else ALL
    return MODULES.get(module)


def lets_name(module: ModuleType, name: str) -> bool:
    """Whether a name that is no module may be read from a module."""
    how_far = opening(module.__name__)
    if how_far is None or (name.startswith("_") and name not in DUNDERS_TO_READ):
        return False
    public = vars(module).get("__all__")
    listed = public is None or name in public or module.__name__ == "torch" or name == "__version__"
    return listed and how_far.lets(name)


def lets_home(home: str, name: str) -> bool:
    """Whether a function or class may be had from wherever it is lent out, by the module it is from."""
    if home.startswith(CLOSED_HOMES):
        return False
    package = home.split(".")[0]
    if package == "builtins" or package.lstrip("_") not in sys.stdlib_module_names:
        return True
    how_far = opening(home.lstrip("_"))
    return how_far is not None and how_far.lets(name)
