"""How fast two processor cores train, ours against plainer loops: a recorded bench."""

import json
from dataclasses import dataclass

from ...records import RECORDED

RECORDED_BENCH = RECORDED / "bench" / "amd-epyc--2-cores-2026-11-21T055707.json"


@dataclass(frozen=True)
class Speed:
    """Images per second of one way to train one network; `ratio` is to the users' loop."""

    network: str
    loop: str
    images_per_second: float
    ratio: float


def speeds() -> list[Speed]:
    """What `resnet-course bench` measured, network by network."""
    rows: list[dict[str, str | int | float]] = json.loads(RECORDED_BENCH.read_text())["rows"]
    return [
        Speed(
            network=f"{row['net']}-{row['depth']}",
            loop=str(row["variant"]),
            images_per_second=float(row["images_per_second"]),
            ratio=float(row["ratio"]),
        )
        for row in rows
    ]


def table() -> list[dict[str, object]]:
    """One row per network and loop."""
    return [
        {
            "network": speed.network,
            "loop": speed.loop,
            "images/s": f"{speed.images_per_second:,.0f}",
            "ratio": f"{speed.ratio:.2f}",
        }
        for speed in speeds()
    ]


def source() -> str:
    """On what it was measured, and when."""
    bench: dict[str, str] = json.loads(RECORDED_BENCH.read_text())
    return f"{bench['hardware']}, {bench['tier']} tier, {bench['made'][:10]}"
