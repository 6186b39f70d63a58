"""Records for tests: small, whole, and nobody's."""

from resnet_course import recipes
from resnet_course.recipes import RunConfig
from resnet_course.records import Provenance, Record

MADE = Provenance(
    source="sha256:0123456789abcdef",
    commit=None,
    data="sha256:fedcba9876543210",
    libraries={"torch": "2.14"},
    hardware="a CPU",
    started="2026-11-21T04:23:20+00:00",
    wall_seconds=1.0,
)


def make(
    arch: str = "plain",
    depth: int = 20,
    seed: int = 0,
    shortcut: str = "A",
    variant: str = "",
    **final: float,
) -> Record:
    """The record of a run of two epochs at the live tier."""
    config = RunConfig(arch, depth, seed, recipes.live(), shortcut, variant)
    curves = {"iteration": [15, 30], "train_error": [80.5, 70.25]}
    return Record("study", config, curves, {"test_error": 71.0, **final}, MADE)


def with_profiles(*values: float, seed: int = 0) -> Record:
    """A record that took a profile before training and after 30 iterations."""
    whole = make(seed=seed)
    profiles = {"response@0": [1.0, 1.0], "response@30": list(values)}
    return Record(whole.study, whole.config, whole.curves, whole.final, MADE, profiles)
