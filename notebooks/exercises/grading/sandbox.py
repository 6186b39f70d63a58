"""Run the cells of a student's notebook where they can do no harm.

    python sandbox.py              the warm process: reads notebooks' cells from standard input, writes their outputs
    Sandbox().run(cells, Limits()) the same from Python

The warm process imports torch and the course once. Each notebook then runs in a fork of it that has, where Linux lets
it (root, or user namespaces), a file system of its own with Python and the course, read-only, and an empty folder in
memory; no network; no sight of other processes; and no privileges. Time, memory and file sizes are limited in every
case. A cell that overruns its time, fills the memory or kills its process is given an error, and the notebook is run
again without it, so that nothing but the offending cell fails.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict

import walls
from walls import GRACE, Limits


class CellTimeout(Exception):
    """Raised inside a cell when its time is up."""


def error(name: str, message: str) -> dict:
    """A notebook's error output."""
    return {
        "output_type": "error",
        "ename": name,
        "evalue": message,
        "traceback": [f"{name}: {message}"],
    }


def run_cells(cells: list[str], skip: set[int], limits: Limits, tell) -> None:
    """Run each cell in one IPython shell; tell(number, None) as it begins and tell(number, outputs) as it ends."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import CapturedIO, capture_output
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def _showtraceback(self, kind, value, lines):
            failed.append(error(kind.__name__, str(value)) | {"traceback": lines})

    def time_is_up(*_):
        raise CellTimeout(f"the cell took longer than {limits.cell} s")

    shell = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    for number, source in enumerate(cells):
        if number in skip:
            continue
        tell(number, None)
        failed: list[dict] = []
        signal.signal(signal.SIGALRM, time_is_up)
        signal.alarm(limits.cell)
        try:
            with capture_output() as seen:
                ran = shell.run_cell(
                    source, store_history=True
                )  # so that a traceback names each cell
            if (
                not ran.success and not failed
            ):  # out of memory even for showing the error: what it printed is lost
                lost = ran.error_before_exec or ran.error_in_exec
                failed.append(error(type(lost).__name__, str(lost)))
                seen = CapturedIO(None, None, [])
        except BaseException as fault:
            failed.append(error(type(fault).__name__, str(fault)))
        finally:
            signal.alarm(0)
            ran = lost = None
            forget_errors(shell)
        # nbgrader gives no points where something was written to stderr; a warning is no fault, so it goes to stdout.
        text = (seen.stdout + seen.stderr)[: limits.output]
        outputs = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
        shown = [
            {"output_type": "display_data", "data": o.data, "metadata": o.metadata or {}}
            for o in seen.outputs
        ]
        outputs += [o for o in shown if len(json.dumps(o)) < 20 * limits.output]
        tell(number, outputs + failed[:1])


def forget_errors(shell) -> None:
    """Let go of the last error, whose traceback holds all that the failed cell had in memory."""
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        setattr(sys, name, None)
    shell.last_execution_result = None
    shell.InteractiveTB.tb = shell.InteractiveTB.evalue = None
    gc.collect()


def inside(
    cells: list[str], skip: set[int], limits: Limits, pipe: int, isolated: bool, root: str
) -> None:
    """The life of a fork: build the walls, drop everything, run the cells."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    kept = os.dup2(pipe, 3)
    os.closerange(4, 1 << 16)
    stream = os.fdopen(kept, "w")
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in enumerate("rww"))
    if isolated:
        walls.wall_in(root, limits)
    else:
        os.chdir(root)
    walls.set_limits(limits, isolated)
    if isolated:
        walls.drop_privileges()
    tempfile.tempdir = os.getcwd()
    os.environ |= dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR"), tempfile.tempdir)
    os.environ["NBGRADER_EXECUTION"] = "autograde"

    def tell(number, outputs):
        stream.write(json.dumps({"cell": number, "outputs": outputs}) + "\n")
        stream.flush()

    run_cells(cells, skip, limits, tell)


def fork_notebook(cells, skip, limits: Limits, isolated: bool, root: str) -> tuple[int, int]:
    """Start a notebook; its outputs come through the pipe, and killing the process ends everything it started."""
    reading, writing = os.pipe()
    if process := os.fork():
        os.close(writing)
        return process, reading
    try:
        os.setsid()
        os.close(reading)
        if isolated:
            walls.unshare()
            if (
                first := os.fork()
            ):  # the first process of the new namespace; when it ends, so do all others in it
                os.close(writing)
                os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 127)
            walls.system("prctl", walls.DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        inside(cells, skip, limits, writing, isolated, root)
        os._exit(0)
    except BaseException as fault:
        os.write(writing if not isinstance(fault, SystemExit) else 2, f"{fault!r}\n".encode())
    finally:
        os._exit(70)


def run_notebook(cells: list[str], limits: Limits, isolated: bool) -> list[list[dict]]:
    """Outputs of each cell; a cell that overran or killed its process has an error, and the others ran without it."""
    outputs: dict[int, list[dict]] = {}
    skip: set[int] = set()
    end = time.monotonic() + limits.notebook
    while len(outputs) < len(cells):
        with tempfile.TemporaryDirectory(prefix="notebook-") as root:
            at = watch(cells, skip, limits, isolated, root, outputs, end)
        if time.monotonic() >= end:
            late = error("NotebookTimeout", f"the notebook took longer than {limits.notebook} s")
            outputs = {n: [late] for n in range(len(cells))} | outputs
        elif at is not None:
            fault = "this cell ended its process, by exhausting time or memory or by leaving"
            outputs.setdefault(at, [error("CellKilled", fault)])
            skip.add(at)
    return [outputs[number] for number in range(len(cells))]


def watch(cells, skip, limits, isolated, root, outputs, end) -> int | None:
    """Fill in the outputs of one run; the cell at which it died, if it did."""
    process, reading = fork_notebook(cells, skip, limits, isolated, root)
    at, due, pending, full = None, time.monotonic() + 30, b"", False
    with selectors.DefaultSelector() as ready:
        ready.register(reading, selectors.EVENT_READ)
        while not full and ready.select(max(0.0, min(due, end) - time.monotonic())):
            chunk = os.read(reading, 1 << 16)
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                try:
                    told = json.loads(line)
                    number, result = told["cell"], told["outputs"]
                except (ValueError, TypeError, KeyError):
                    raise RuntimeError(
                        f"the sandbox could not be built: {line.decode(errors='replace')}"
                    ) from None
                if result is None:
                    at, due = number, time.monotonic() + limits.cell + GRACE
                elif number == at:
                    outputs.setdefault(number, result)
                    faults = {o.get("ename") for o in result}
                    if faults & {"CellTimeout", "MemoryError"}:
                        skip.add(number)
                    at, due = None, time.monotonic() + GRACE
                    if full := "MemoryError" in faults:  # what fills the memory may stay in it
                        break
    os.close(reading)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if at is None and not full and len(outputs) < len(cells) and time.monotonic() < end:
        if not outputs:
            raise RuntimeError(f"a notebook's process ended with {status} before its first cell")
        at = min(set(range(len(cells))) - set(outputs))  # between two cells: the next one is blamed
    return at


def can_isolate() -> bool:
    """Whether this machine lets us build the walls: tried, not guessed."""
    with tempfile.TemporaryDirectory() as root:
        process, reading = fork_notebook([], set(), Limits(), True, root)
        os.close(reading)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def serve() -> None:
    """The warm process: import what notebooks import, then run one notebook after the other."""
    import IPython.core.interactiveshell  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import resnet_course.checks
    import resnet_course.lab
    import resnet_course.training  # noqa: F401
    import torch
    import torchvision  # noqa: F401

    torch.set_num_threads(1)
    torch.optim.SGD(
        [torch.nn.Parameter(torch.zeros(1))], lr=1.0
    )  # the first optimizer imports a great deal
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    isolated = sys.platform == "linux" and can_isolate()
    print(json.dumps({"isolated": isolated}), file=answers, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        print(
            json.dumps(run_notebook(job["cells"], Limits(**job["limits"]), isolated)),
            file=answers,
            flush=True,
        )


class Sandbox:
    """A warm process to run notebooks in, one at a time. `isolated` says whether there are walls or limits only."""

    def __init__(self):
        environment = {name: os.environ.get(name, "") for name in ("PATH", "PYTHONPATH")}
        environment |= {
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "TORCHINDUCTOR_CACHE_DIR": "/tmp",
        }
        environment |= {
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "LANG": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.isolated = json.loads(self.process.stdout.readline())["isolated"]

    def run(self, cells: list[str], limits: Limits) -> list[list[dict]]:
        """Outputs of each code cell. Raises RuntimeError when the warm process is gone."""
        self.process.stdin.write(json.dumps({"cells": cells, "limits": asdict(limits)}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the sandbox has ended; its last words are on standard error")
        return json.loads(answer)

    def close(self) -> None:
        """End the warm process."""
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    serve()
