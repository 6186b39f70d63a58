"""Where runs go: one interface, three engines (processes here, streams of a GPU, Ray)."""

from .launching import LaunchOptions, live, probe_weights, train
from .report import duration, say_cost, say_memory, silence_other_ranks

__all__ = [
    "LaunchOptions",
    "duration",
    "live",
    "probe_weights",
    "say_cost",
    "say_memory",
    "silence_other_ranks",
    "train",
]
