"""What a study is: a question, the runs that answer it, what it claims and how it shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..plots.card import FigureCard
from ..recipes import Recipe, RunConfig, for_tier
from ..records.claims import Claim, Judgement, judge
from ..records.schema import Record
from ..records.store import RECORDED, load

if TYPE_CHECKING:
    from ..training.probing import CustomRun, Probe


@dataclass(frozen=True)
class Study:
    """One chapter's experiment.

    Args:
        slug: Name of its package, of its folder of records, and on the command line.
        question: That it answers.
        configs: From a recipe and seeds to the runs.
        figure: The answer in one figure.
        summary: The answer in words, for who does not see the figure.
        claims: What it says about the world, each with a margin.
        probe: What it wants to know of its networks beyond curves.
        run_custom: What it measures in place of training networks.
        base: Study whose trained networks it starts from.
        beside: Studies whose records its claims and figures compare its own with, seed by seed.
        trains: Whether it trains networks; otherwise it only probes those of its base.
    """

    slug: str
    question: str
    configs: Callable[[Recipe, Sequence[int]], list[RunConfig]]
    figure: Callable[[Sequence[Record]], FigureCard]
    summary: Callable[[Sequence[Record]], str]
    claims: tuple[Claim, ...] = ()
    probe: Probe | None = None
    run_custom: CustomRun | None = None
    base: str | None = None
    beside: tuple[str, ...] = ()
    trains: bool = True

    def __post_init__(self) -> None:
        if not self.trains and (self.base is None or self.probe is None):
            raise ValueError(f"study {self.slug} neither trains nor probes networks of a base")

    def runs_at(self, tier: str, seeds: Sequence[int] = (0,)) -> list[RunConfig]:
        """What it runs at a tier."""
        return self.configs(for_tier(tier), seeds)

    def claims_at(self, tier: str) -> list[Claim]:
        """The claims that can be asked at a tier."""
        return [claim for claim in self.claims if tier in claim.tiers]

    def load(self, tier: str, root: Path = RECORDED) -> list[Record]:
        """Its recorded runs at a tier, and those of the studies beside it.

        Raises RecordError when there is none, or when one of them is broken.
        """
        return [record for slug in (self.slug, *self.beside) for record in load(slug, tier, root)]

    def judge(self, records: Sequence[Record]) -> list[Judgement]:
        """What records of one tier say of the claims that can be asked there.

        Raises RecordError when there are no records.
        """
        tier = records[0].tier if records else ""
        return [judge(claim, records) for claim in self.claims_at(tier)]
