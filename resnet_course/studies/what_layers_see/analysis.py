"""What the records say, in numbers and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...records import Record, Stats, grouped, mean_profile, select

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


def probes_of_residual_20(records: Sequence[Record]) -> str:
    """Both probes of residual-20, trained and untrained, and of the pixels, in one paragraph."""
    twenty = select(records, depth=20)
    rows = {row["state"]: row for row in table(select(twenty, arch="residual"))}
    trained, untrained = rows["trained"], rows["untrained"]
    pixels = mean_profile(select(twenty, arch="plain"), "pixels", 0)[0]
    return (
        f"The probe of areas, trained residual-20: {trained['areas: stem']:.1f} % at the stem, "
        f"{trained['areas: last block']:.1f} % at the end. The probe of channels: "
        f"{trained['channels: stem']:.1f} % at the stem, {trained['channels: last block']:.1f} % "
        f"at the end. Untrained, the probe of areas goes from {untrained['areas: stem']:.1f} % to "
        f"{untrained['areas: last block']:.1f} %. For comparison, the same classifier on the "
        f"pixels themselves, averaged over 8×8 areas, has {pixels.mean:.1f} % error."
    )


def head_errors(records: Sequence[Record]) -> dict[str, list[Stats]]:
    """Test error of each network's own head on the blocks of the last stage, over seeds."""
    errors = {}
    for (arch, depth), members in grouped(records).items():
        errors[f"{arch}-{depth}"] = mean_profile(members, "own_head")
    return errors


def heads_in_words(records: Sequence[Record]) -> str:
    """What the networks' own heads read early in the last stage, in one paragraph."""
    heads = head_errors(records)
    return (
        f"On the first block of the last stage the head of plain-20 has {heads['plain-20'][0]} % "
        f"error, close to the 90 % of guessing, that of residual-20 {heads['residual-20'][0]} %. "
        f"In residual-56 it goes from {heads['residual-56'][0]} % on the first to "
        f"{heads['residual-56'][-1]} % on the last block, in residual-110 from "
        f"{heads['residual-110'][0]} % to {heads['residual-110'][-1]} %."
    )


def readable_from_channels(records: Sequence[Record]) -> str:
    """What the probe of channels makes of residual-20, trained and untrained, in one sentence."""
    rows = {row["state"]: row for row in table(select(records, arch="residual", depth=20))}
    trained, untrained = rows["trained"], rows["untrained"]
    return (
        "For a reader of channel averages the class becomes plainer with every block of a trained "
        f"residual-20: its error falls from {trained['channels: stem']:.0f} % to "
        f"{trained['channels: last block']:.0f} %. Without training it rises, from "
        f"{untrained['channels: stem']:.0f} % to {untrained['channels: last block']:.0f} %."
    )
