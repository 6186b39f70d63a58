"""What a recorded run is: configuration, curves, final metrics, profiles, and where it came from.

A record is the only place where a measured number lives. Errors are in percent, losses in nats,
times in seconds; the final metrics are those of the last epoch, never of the best.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..recipes import RunConfig

FORMAT = 2
Series = Mapping[str, Sequence[float]]


class RecordError(ValueError):
    """A record is missing, broken or of another format; the message says which and what to do."""


class MissingRecordsError(RecordError):
    """None of the records at hand is of what was asked for."""


@dataclass(frozen=True)
class Provenance:
    """Where, when and with what a run was made: what lets others compare it and run it again.

    Args:
        source: Fingerprint of the code that made the run (records.provenance.source_address).
        commit: Commit of this repository whose code that is; None where the code was not committed.
        data: Checksum of the data set.
        libraries: Versions by name: python, torch, torchvision, lightning.
        hardware: Processor or GPU.
        started: ISO 8601, with time zone.
        wall_seconds: Spent on the run, over all resumes; others may have shared the machine.
        cpu_seconds: Of this process; None where it was not measured.
        images_per_second: Training examples per wall second; None where nothing was trained.
        threads: On a CPU; None on a GPU.
        precision: "fp32", "bf16" or "fp16".
        cuda_graph: Whether each step was replayed as a CUDA graph.
        checkpoint_blocks: Blocks per checkpointed segment; 0 keeps all activations.
        side_by_side: Networks trained at once by the same process.
        processes: That shared every batch.
        command: Command line; "" for a run made from Python.
        weights: Checksum of the trained weights that were probed, where nothing was trained.
        weights_from: Who trained them, where it was not us.
        note: What a reader must know about the record.
    """

    source: str
    commit: str | None
    data: str
    libraries: Mapping[str, str]
    hardware: str
    started: str
    wall_seconds: float
    cpu_seconds: float | None = None
    images_per_second: float | None = None
    threads: int | None = 1
    precision: str = "fp32"
    cuda_graph: bool = False
    checkpoint_blocks: int = 0
    side_by_side: int = 1
    processes: int = 1
    command: str = ""
    weights: str | None = None
    weights_from: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Record:
    """One run.

    Args:
        study: Slug of the study that it belongs to.
        config: Which network, recipe and seed.
        curves: Metric -> its value at each epoch; "iteration" says after which iteration.
        final: Metric -> value after the last epoch.
        provenance: Where, when and with what it was made.
        profiles: ``quantity@iteration`` -> values along the network, or along what a study varies.
        stopped_at: Iteration after which a partial run stopped; None for a whole run.
    """

    study: str
    config: RunConfig
    curves: Series
    final: Mapping[str, float]
    provenance: Provenance
    profiles: Series = field(default_factory=dict)
    stopped_at: int | None = None

    @property
    def arch(self) -> str:
        """Architecture: "plain", "residual" or "preactivation"."""
        return self.config.arch

    @property
    def depth(self) -> int:
        """Weighted layers."""
        return self.config.depth

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self.config.seed

    @property
    def tier(self) -> str:
        """Tier of the run's recipe."""
        return self.config.recipe.tier

    @property
    def shortcut(self) -> str:
        """Shortcut option: "A", "B" or "C"."""
        return self.config.shortcut

    @property
    def variant(self) -> str:
        """Changed block; "" for the papers' own."""
        return self.config.variant

    @property
    def start_depth(self) -> int:
        """Depth of the trained network that this one grew from; 0 for none."""
        return self.config.start_depth

    @property
    def label(self) -> str:
        """What tells the run apart from others of its study that differ in the recipe."""
        return self.config.label

    @property
    def network(self) -> str:
        """Architecture and depth in one word: residual-20."""
        return f"{self.arch}-{self.depth}"

    @property
    def diverged(self) -> bool:
        """Whether a loss of the run became NaN or infinite."""
        losses = [value for name, value in self.final.items() if name.endswith("loss")]
        losses += self.curves.get("train_loss", [])
        return not all(math.isfinite(loss) for loss in losses)

    def iterations(self, quantity: str) -> list[int]:
        """Iterations at which a profile was taken, in order."""
        taken = []
        for name in self.profiles:
            kind, _, iteration = name.rpartition("@")
            if kind == quantity:
                taken.append(int(iteration))
        return sorted(taken)

    def profile(self, quantity: str, iteration: int | None = None) -> Sequence[float]:
        """A profile, by default the last one taken.

        Raises MissingRecordsError when there is none.
        """
        if iteration is None:
            taken = self.iterations(quantity)
            iteration = taken[-1] if taken else -1
        if (name := f"{quantity}@{iteration}") not in self.profiles:
            when = "any step" if iteration < 0 else f"step {iteration}"
            raise MissingRecordsError(
                f"{self.study} {self.network} recorded no {quantity} at {when}"
            )
        return self.profiles[name]
