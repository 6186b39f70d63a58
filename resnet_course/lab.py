"""A study and a tier in, records out: replayed from this package, or trained here and now."""

import importlib
import math
import multiprocessing
import os
import pkgutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

from . import recipes, runs, studies
from .recipes import Config

TRIES = 2  # of a run whose process is killed


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
    max_seconds: float = math.inf,
    fresh: bool = False,
    command: str = "",
    on: str = "here",
    address: str | None = None,
    **how,
) -> list[runs.Record]:
    """Train the configurations that have no record below `root` yet, and return the records of all that do then.

    A record of another recipe under the same name does not count; it is made again, as with `fresh` all are. Runs go
    `parallel` side by side: processes of one thread each on the CPU, streams of one process on a GPU, tasks `on`
    "ray" (at `address`, see cluster.run). One that fails is reported and does not stop the others. `how` goes to
    training.fit: graph, checkpoint_blocks, keep_weights, and devices, nodes and strategy of runs that several
    processes share; these run this same function, and end together when a run of theirs fails.
    """
    from .device import pick_device

    root = (root or runs.home()).absolute()
    device = device if on == "ray" else pick_device(device)  # a worker picks its own
    deadline = time.time() + max_seconds
    todo = [c for c in dict.fromkeys(chosen) if fresh or not _is_recorded(root, name, c)]
    options = {"root": root, "device": device, "command": command, **how}
    if (shared := _processes(options) > 1) and (on == "ray" or hook(name, "measure") or only_examines(name)):
        raise ValueError("only training here can be shared between devices; leave out --devices and --nodes")
    _train_what_is_missing(name, todo, options, parallel=parallel, max_seconds=max_seconds, on=on, address=address)
    if speaks_first(_processes(options)):
        say_cost(name, todo, device, parallel)
    if on == "ray":
        _on_ray(todo, name, parallel, address, deadline, options)
    elif shared:
        _together(todo, name, deadline, options)
    elif device == "cpu" and parallel > 1 and len(todo) > 1:
        _in_processes(todo, name, parallel, deadline, options)
    else:
        for group in _groups(todo, parallel if device == "cuda" else 1):
            _side_by_side(group, name, deadline, options)
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


def _train_what_is_missing(name: str, todo: Sequence[Config], options: dict, **where) -> None:
    wanted = {c: before for c in todo if (before := trained_before(name, c))}
    if missing := [before for c, before in wanted.items() if weights_of(name, c, options["root"]) is None]:
        print(f"{name} begins with trained networks of {hook(name, 'NETWORKS')}; those that lack weights come first.")
        train(hook(name, "NETWORKS"), missing, fresh=True, **where, **options | {"keep_weights": True})


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
    from . import costs
    from .device import pick_device

    if not todo:
        print("Everything asked for is recorded already.")
        return 0.0
    device = pick_device(device)
    hooks = hook(name, "measure"), hook(name, "examine")
    seconds = {}
    for depth in dict.fromkeys(c.depth for c in todo):
        alike = [c for c in todo if c.depth == depth]
        with _if_it_can_be_told(f"The cost of {depth} layers"):
            seconds |= costs.estimate(alike, device, *hooks, trains=not only_examines(name))
    total = sum(seconds.values()) / (parallel if device == "cpu" else 1)
    images = sum(c.recipe.iterations * c.recipe.batch_size for c in todo)
    what = "networks to examine" if only_examines(name) else f"runs, {images:,} training examples"
    print(f"{len(todo)} {what}, about {duration(total)} on this {device.upper()}.")
    return total


def say_memory(name: str, todo: Sequence[Config], device: str, checkpoint_blocks: int = 0) -> None:
    """Print what the deepest network of `todo` takes in memory while it trains, counted or measured on one step."""
    from . import costs
    from .device import pick_device

    if todo and not only_examines(name) and not hook(name, "measure"):
        device, deepest = pick_device(device), max(todo, key=lambda c: c.depth)
        how = "measured" if device == "cuda" else "counted in float32"
        with _if_it_can_be_told(f"The memory of {deepest.name}"):
            taken = costs.bytes_to_train(deepest, device, checkpoint_blocks)
            print(f"Training {deepest.name} takes about {taken / 2**30:.2g} GiB of memory, {how}.")


@contextmanager
def _if_it_can_be_told(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever ails a network is reported again when its turn comes
        print(f"{what} cannot be told ({type(error).__name__}: {error}).")


def duration(seconds: float) -> str:
    """Seconds in words: 8 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _groups(todo: Sequence[Config], size: int) -> list[list[Config]]:
    """Runs that go side by side on one GPU, at most `size`, all of one recipe but for warm-up."""
    alike: dict[recipes.Recipe, list[Config]] = {}
    for config in todo:
        alike.setdefault(replace(config.recipe, warm_up=0), []).append(config)
    return [same[i : i + size] for same in alike.values() for i in range(0, len(same), size)]


def _side_by_side(group: Sequence[Config], name: str, deadline: float, options: dict) -> None:
    """Train a group in this process; where that fails, as for want of memory, each of its runs alone."""
    if len(group) == 1:
        _report(group, lambda: _fit(group, name, deadline, options))
        return
    try:
        records = _fit(group, name, deadline, options)
    except Exception as error:
        print(f"{len(group)} runs side by side failed ({type(error).__name__}: {error}); now one after the other.")
    else:
        _report(group, lambda: records)
        return
    for config in group:
        _side_by_side([config], name, deadline, options)


def _in_processes(todo: Sequence[Config], name: str, parallel: int, deadline: float, options: dict) -> None:
    """Runs side by side, each lane a process of its own: one that is killed takes no other with it.

    A killed run is begun again in a new process, from its last saved state; killed twice, it is reported.
    """
    waiting, killed = sorted(todo, key=lambda c: c.depth), Counter()  # longest first, from the end
    lanes, running = [_lane() for _ in range(min(parallel, len(todo)))], {}
    try:
        while waiting or running:
            while waiting and lanes:
                config, lane = waiting.pop(), lanes.pop()
                running[lane.submit(_fit, [config], name, deadline, options, progress=False)] = config, lane
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                config, lane = running.pop(future)
                broken = isinstance(future.exception(), BrokenProcessPool)
                lanes.append(_lane() if broken else lane)
                killed[config] += broken
                if broken and killed[config] < TRIES:
                    print(f"The process of {config.name} was killed; it begins again where it last saved its state.")
                    waiting.append(config)
                else:
                    _report([config], future.result)
    finally:
        for lane in (*lanes, *(lane for _, lane in running.values())):
            lane.shutdown(cancel_futures=True)


def _lane() -> ProcessPoolExecutor:
    """A process for one run at a time, which Ctrl-C ends at once: what it writes, it writes whole."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads in an unknown state
    return ProcessPoolExecutor(1, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL))


def _on_ray(
    todo: Sequence[Config], name: str, parallel: int, address: str | None, deadline: float, options: dict
) -> None:
    """Runs as tasks of Ray; a record is written where its run is, and here, in case that is elsewhere."""
    from . import cluster

    jobs = {c.name: partial(_fit, [c], name, deadline, options, progress=False) for c in todo}
    configs = {c.name: c for c in todo}
    for run, result in cluster.run(jobs, parallel, address, gpus=int(options["device"] == "cuda")):
        for record in _report([configs[run]], result):
            runs.write(record, _path(options["root"], name, configs[run]))


def speaks_first(processes: int) -> bool:
    """Whether this is the first of the processes that share runs; the others print nothing from here on."""
    from . import training

    if processes == 1 or training.leads():
        return True
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return False


def _processes(options: dict) -> int:
    return options.get("devices", 1) * options.get("nodes", 1)


def _together(todo: Sequence[Config], name: str, deadline: float, options: dict) -> None:
    """Runs one after the other, each shared by several processes, all of which come by here and go on alike."""
    for config in todo:
        records = _fit([config], name, deadline, options)  # an error ends this process, and with it the others
        if not _report([config], lambda records=records: records):
            return


def _fit(group: Sequence[Config], name: str, deadline: float, options: dict, progress: bool = True) -> list:
    """Train a group by Lightning; where the study measures for itself or only examines networks, let it."""
    from . import examination, training

    seconds = deadline - time.time()
    if seconds <= 0 and _processes(options) == 1:  # several agree on it within training
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


def _report(group: Sequence[Config], result: Callable[[], list[runs.Record]]) -> list[runs.Record]:
    try:
        records = result()
    except Exception as error:  # one failing run does not stop the others
        print(f"{', '.join(c.name for c in group)} failed: {type(error).__name__}: {error}")
        return []
    if not records:
        print(f"{', '.join(c.name for c in group)} stopped in time; run the same command again to go on.")
    for record, config in zip(records, group, strict=False):
        shown = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in record.final.items() if not k.endswith("loss"))
        print(f"{config.name}: {shown}, {duration(record.provenance['wall_seconds'])}", flush=True)
    return records


def _is_recorded(root: Path, name: str, config: Config) -> bool:
    """Whether this very configuration is recorded. Raises RecordError when its record is broken."""
    path = _path(root, name, config)
    if not path.exists():
        return False
    trained = replace(config, recipe=recipes.for_depth(config.recipe, config.depth))
    return recipes.config_from(runs.read(path).config) == trained


def _path(root: Path, name: str, config: Config) -> Path:
    return runs.path_of(root, name, config.recipe.tier, config.name)
