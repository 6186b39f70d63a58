"""What the records say, in numbers and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...records import Record, Stats, grouped, mean_profile

PROBES = ("areas", "channels")
ITERATIONS: Mapping[str, int | None] = {"untrained": 0, "trained": None}


@dataclass(frozen=True)
class ProbeCurves:
    """Error (percent) of both probes from the stem to the last block of one network, over seeds."""

    arch: str
    depth: int
    state: str
    errors: Mapping[str, Sequence[Stats]]

    @property
    def network(self) -> str:
        """Architecture and depth in one word: residual-20."""
        return f"{self.arch}-{self.depth}"


def probe_curves(records: Sequence[Record]) -> list[ProbeCurves]:
    """Both probes of every network, untrained and trained."""
    curves = []
    for (arch, depth), members in grouped(records).items():
        for state, iteration in ITERATIONS.items():
            errors = {name: mean_profile(members, name, iteration) for name in PROBES}
            curves.append(ProbeCurves(str(arch), int(depth), state, errors))
    return curves


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per network and state: mean error of both probes on the stem and the last block."""
    rows = []
    for curves in probe_curves(records):
        row: dict[str, object] = {"network": curves.network, "state": curves.state}
        for name in PROBES:
            row[f"{name}: stem"] = curves.errors[name][0].mean
            row[f"{name}: last block"] = curves.errors[name][-1].mean
        rows.append(row)
    return rows


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    ends = []
    for curves in probe_curves(records):
        if curves.state == "trained":
            areas, channels = (curves.errors[name] for name in PROBES)
            ends.append(
                f"{curves.network} {areas[0].mean:.0f} to {areas[-1].mean:.0f} % and "
                f"{channels[0].mean:.0f} to {channels[-1].mean:.0f} %"
            )
    return (
        "Error of linear probes on areas and on channels, from stem to last block: "
        f"{'; '.join(ends)}."
    )
