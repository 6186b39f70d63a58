"""A study and a tier in, records out: replayed from this package, or trained here and now."""

import importlib
import math
import multiprocessing
import pkgutil
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from . import recipes, runs, studies
from .recipes import Config


def names() -> list[str]:
    """The studies there are."""
    return sorted(module.name for module in pkgutil.iter_modules(studies.__path__))


def study(name: str) -> ModuleType:
    """A study by name: QUESTION, configs, figure, finding and holds. Raises ValueError for an unknown one."""
    if name not in names():
        raise ValueError(f"study must be one of {', '.join(names())}, got {name!r}")
    return importlib.import_module(f"{studies.__name__}.{name}")


def replay(name: str, tier: str, **config) -> list[runs.Record]:
    """The recorded runs of a study that come with this package; keyword arguments select by config."""
    return runs.load(name, tier, **config)


def network(net: str, depth: int, seed: int = 0, tier: str = "laptop", name: str = "degradation"):
    """A trained network that comes with this package, in eval mode. Raises ValueError where its weights do not."""
    from . import networks

    config = Config(net, depth, seed, recipes.for_tier(tier))
    path = runs.path_of(runs.RECORDED, name, tier, config.name).with_suffix(".safetensors")
    if not path.exists():
        have = sorted(f"{p.parent.name} {p.stem}" for p in runs.RECORDED.glob(f"{name}/*/*.safetensors"))
        raise ValueError(f"no weights of {tier} {config.name} in this package; it has {', '.join(have)}")
    return networks.load_weights(networks.build(config), path).eval()


def configs(name: str, tier: str, seeds: Sequence[int] = (0,)) -> list[Config]:
    """What a study trains at a tier."""
    return study(name).configs(recipes.for_tier(tier), seeds)


def live(name: str, only: Sequence[Config] | None = None, root: Path | None = None) -> list[runs.Record]:
    """Train a study's live tier in this process, saying first what it will cost; for notebooks."""
    chosen = list(only or configs(name, "live"))
    return train(name, chosen, root=root, parallel=1, device="cpu", fresh=True)


def train(
    name: str,
    chosen: Sequence[Config],
    root: Path | None = None,
    parallel: int = 1,
    device: str = "auto",
    graph: bool = False,
    checkpoint_blocks: int = 0,
    keep_weights: bool = False,
    max_seconds: float = math.inf,
    fresh: bool = False,
    command: str = "",
) -> list[runs.Record]:
    """Train the configurations that have no record below `root` yet, and return the records of all that do then.

    A record of another recipe under the same name does not count; it is made again, as with `fresh` all are. Runs go
    `parallel` side by side: processes of one thread each on the CPU, streams of one process on a GPU. One that fails
    is reported and does not stop the others.
    """
    from .device import pick_device

    root = root or runs.home()
    device = pick_device(device)
    deadline = time.monotonic() + max_seconds
    todo = [c for c in dict.fromkeys(chosen) if fresh or not _is_recorded(root, name, c)]
    options = {"root": root, "device": device, "graph": graph, "checkpoint_blocks": checkpoint_blocks}
    options |= {"keep_weights": keep_weights, "command": command}
    _train_what_is_missing(name, todo, parallel, max_seconds, options)
    say_cost(name, todo, device, parallel)
    if device == "cpu" and parallel > 1 and len(todo) > 1:
        _in_processes(todo, name, parallel, deadline, options)
    else:
        size = parallel if device == "cuda" else 1
        for group in (todo[i : i + size] for i in range(0, len(todo), size)):
            _report(group, lambda group=group: _fit(group, name, deadline, options))
    return [runs.read(path) for c in chosen if (path := _path(root, name, c)).exists()]


def hook(name: str, what: str):
    """What a study has beside its configurations: a `measure`, an `examine`, the NETWORKS it begins with; or None."""
    return getattr(study(name), what, None) if name else None


def only_examines(name: str) -> bool:
    """Whether a study trains nothing itself, but examines the trained networks of another."""
    return bool(hook(name, "NETWORKS") and hook(name, "examine"))


def trained_before(name: str, config: Config) -> Config | None:
    """The run whose network `config` examines or grows from: same net, seed and tier, by the tier's own recipe."""
    if not only_examines(name) and not config.start_depth:
        return None
    recipe = recipes.for_tier(config.recipe.tier)
    return replace(config, depth=config.start_depth or config.depth, start_depth=0, label="", recipe=recipe)


def weights_of(name: str, config: Config, root: Path) -> Path | None:
    """The weights that `config` begins with: the reader's own, else those of this package, else None."""
    if (before := trained_before(name, config)) is None:
        return None
    places = (_path(place, hook(name, "NETWORKS"), before) for place in (root, runs.RECORDED))
    return next((w for place in places if (w := place.with_suffix(".safetensors")).exists()), None)


def _train_what_is_missing(name: str, todo: Sequence[Config], parallel: int, max_seconds: float, options: dict):
    wanted = {c: before for c in todo if (before := trained_before(name, c))}
    if missing := [before for c, before in wanted.items() if weights_of(name, c, options["root"]) is None]:
        print(f"{name} begins with trained networks of {hook(name, 'NETWORKS')}; those that lack weights come first.")
        options = {**options, "keep_weights": True, "max_seconds": max_seconds}
        train(hook(name, "NETWORKS"), missing, parallel=parallel, fresh=True, **options)


def examine(name: str, config: Config, weights: Path, root: Path, source: str = "", command: str = "") -> runs.Record:
    """Record what a study wants to know of a trained network; `source` says who trained it, if not we.

    Published weights see images normalised as theirs were. Raises ValueError for a study that examines nothing and
    for weights of another network.
    """
    from . import examination

    if (ask := hook(name, "examine")) is None:
        able = ", ".join(n for n in names() if hook(n, "examine"))
        raise ValueError(f"{name} examines no networks; those that do are {able}")
    told = {"command": command, **({"weights_from": source} if source else {})}
    return examination.record_examination(config, name, ask, weights, root, **told)


def say_cost(name: str, todo: Sequence[Config], device: str, parallel: int) -> float:
    """Print what training `todo` will cost, from a few timed steps, and return the seconds."""
    from . import training

    if not todo:
        print("Everything asked for is recorded already.")
        return 0.0
    hooks = hook(name, "measure"), hook(name, "examine")
    seconds = training.estimate(todo, device, *hooks, trains=not only_examines(name))
    total = sum(seconds.values()) / (parallel if device == "cpu" else 1)
    images = sum(c.recipe.iterations * c.recipe.batch_size for c in todo)
    what = "networks to examine" if only_examines(name) else f"runs, {images:,} training examples"
    print(f"{len(todo)} {what}, about {duration(total)} on this {device.upper()}.")
    return total


def say_memory(name: str, todo: Sequence[Config], device: str, checkpoint_blocks: int = 0) -> None:
    """Print what the deepest network of `todo` takes in memory while it trains, counted or measured on one step."""
    from . import training

    if todo and not only_examines(name) and not hook(name, "measure"):
        deepest = max(todo, key=lambda c: c.depth)
        taken = training.bytes_to_train(deepest, device, checkpoint_blocks)
        how = "measured" if device == "cuda" else "counted in float32"
        print(f"Training {deepest.name} takes about {taken / 2**30:.2g} GiB of memory, {how}.")


def duration(seconds: float) -> str:
    """Seconds in words: 8 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _in_processes(todo: Sequence[Config], name: str, parallel: int, deadline: float, options: dict) -> None:
    context = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads in an unknown state
    ended_by_ctrl_c = (signal.SIGINT, signal.SIG_DFL)  # at once: what they write, they write whole
    pool = ProcessPoolExecutor(parallel, context, initializer=signal.signal, initargs=ended_by_ctrl_c)
    try:
        longest_first = sorted(todo, key=lambda c: -c.depth)
        futures = {pool.submit(_fit, [c], name, deadline, options, progress=False): c for c in longest_first}
        for future in as_completed(futures):
            _report([futures[future]], future.result)
    finally:
        pool.shutdown(cancel_futures=True)


def _fit(group: Sequence[Config], name: str, deadline: float, options: dict, progress: bool = True) -> list:
    """Train a group by Lightning; where the study measures for itself or only examines networks, let it."""
    from . import examination, training

    if (seconds := deadline - time.monotonic()) <= 0:
        return []
    root, command = options["root"], options["command"]
    if measure := hook(name, "measure"):
        return [examination.record_measure(c, name, measure, root, command=command) for c in group]
    weights = {c: path for c in group if (path := weights_of(name, c, root))}
    examine = hook(name, "examine")
    if only_examines(name):
        return [examination.record_examination(c, name, examine, weights[c], root, command=command) for c in group]
    options = {**options, "max_seconds": seconds, "progress": progress}
    return training.fit(group, name, examine=examine, weights=weights, **options)


def _report(group: Sequence[Config], result: Callable[[], list[runs.Record]]) -> None:
    try:
        records = result()
    except Exception as error:  # one failing run does not stop the others
        print(f"{', '.join(c.name for c in group)} failed: {type(error).__name__}: {error}")
        return
    if not records:
        print(f"{', '.join(c.name for c in group)} stopped in time; run the same command again to go on.")
    for record, config in zip(records, group, strict=False):
        shown = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in record.final.items() if not k.endswith("loss"))
        print(f"{config.name}: {shown}, {duration(record.provenance['wall_seconds'])}", flush=True)


def _is_recorded(root: Path, name: str, config: Config) -> bool:
    """Whether this very configuration is recorded. Raises RecordError when its record is broken."""
    path = _path(root, name, config)
    if not path.exists():
        return False
    trained = replace(config, recipe=recipes.for_depth(config.recipe, config.depth))
    return recipes.config_from(runs.read(path).config) == trained


def _path(root: Path, name: str, config: Config) -> Path:
    return runs.path_of(root, name, config.recipe.tier, config.name)
