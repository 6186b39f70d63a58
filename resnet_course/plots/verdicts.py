"""Claims beside what became of them: the table at the end of a chapter."""

from collections.abc import Sequence

from ..records.claims import Judgement
from .tables import as_markdown


def claims_table(judgements: Sequence[Judgement]) -> str:
    """One row per claim in Markdown: its margin, the estimate with its interval, the verdict."""
    rows = []
    for judgement in judgements:
        claim, estimate = judgement.claim, judgement.estimate
        rows.append(
            {
                "claim": claim.text,
                "asked": claim.rule,
                "estimate [95 % interval]": str(estimate) if estimate.n else "no runs yet",
                "verdict": verdict_text(judgement),
            }
        )
    return as_markdown(rows)


def verdict_text(judgement: Judgement) -> str:
    """A verdict, on what it rests, and how many seeds would settle an open one."""
    text = str(judgement.verdict)
    if judgement.seeds_to_settle:
        text += f"; about {judgement.seeds_to_settle} seeds would settle it"
    is_from_old_seeds = judgement.exploratory and judgement.estimate.n
    return f"{text} (exploratory)" if is_from_old_seeds else text
