"""The copy toy: what it trains, what it chooses by, and what would deny its claims."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from resnet_course import records, studies
from resnet_course.recipes import RunConfig
from resnet_course.records import Record, RecordError, Verdict
from resnet_course.studies.residual_block import analysis, experiment, figures
from resnet_course.studies.residual_block.configs import IDENTITY_START, TARGETS
from tests.records.making import MADE

STUDY = studies.get("residual_block")
RECORDED = records.load("residual_block", "laptop")


def config(steps: int = 20, lr: float = 0.1, **fields) -> RunConfig:
    """A short run of the live tier, by default of a plain stack of 4 layers that is to copy."""
    first = STUDY.runs_at("live")[0]
    recipe = replace(first.recipe, iterations=steps, lr=lr)
    return replace(first, **{"arch": "plain", "depth": 4, "recipe": recipe, **fields})


def test_a_block_that_starts_as_the_identity_is_the_identity():
    """Neither kind is refused the answer: relu(x) - relu(-x) = x."""
    block = experiment.branch(16).eval()
    experiment.start_as_identity(block)
    x = torch.randn(8, 16)
    assert torch.allclose(block(x), x, atol=1e-4)  # fresh running statistics have an epsilon


def test_a_rotation_keeps_lengths_and_handedness():
    rotation = experiment.target_map("rotation", 16, seed=1)
    assert torch.allclose(rotation @ rotation.T, torch.eye(16), atol=1e-5)
    assert torch.linalg.det(rotation).item() == pytest.approx(1, abs=1e-4)


def test_every_seed_has_a_rotation_of_its_own():
    first, second = (experiment.target_map("rotation", 16, seed) for seed in (0, 1))
    assert not torch.allclose(first, second, atol=0.1)


def test_stacks_start_alike_whatever_they_are_to_learn():
    weights = []
    for label in TARGETS:
        torch.manual_seed(0)
        stack = experiment.Stack(config(label=label))
        weights.append(torch.cat([p.flatten() for p in stack.blocks.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[2])


def test_a_stack_of_six_layers_has_three_blocks():
    assert len(experiment.Stack(config(depth=6)).blocks) == 3


def test_answering_zero_costs_the_whole_variance():
    stack = experiment.Stack(config(label="rotation"))
    for block in stack.blocks:
        torch.nn.init.zeros_(block[-1].weight)
    assert stack.relative_error(5_000).item() == pytest.approx(1, abs=1e-5)


def test_the_toy_of_one_seed_repeats():
    assert experiment.run_custom(config()) == experiment.run_custom(config())


def test_the_learning_rate_of_the_recipe_is_used():
    ordinary = experiment.run_custom(config())
    gentle = experiment.run_custom(config(lr=0.001))
    assert ordinary.profiles["lr@20"] == [1.0, 0.3, 0.1, 0.03]
    assert gentle.profiles["lr@20"] == [0.01, 0.003, 0.001, 0.0003]
    assert ordinary.final["copy_error"] != gentle.final["copy_error"]


def of_trials(monkeypatch, held_out: Mapping[float, float], test: Mapping[float, float]):
    """The outcome of a run whose rates end with these errors."""

    def train(config: RunConfig, rate: float) -> experiment.Trial:
        return experiment.Trial(rate, [0.5] * 20, held_out[rate], test[rate])

    monkeypatch.setattr(experiment, "train", train)
    return experiment.run_custom(config())


def test_the_rate_is_chosen_on_other_vectors_than_are_reported(monkeypatch):
    held_out = {1.0: 0.4, 0.3: 0.2, 0.1: 0.3, 0.03: 0.5}
    test = {1.0: 0.1, 0.3: 0.25, 0.1: 0.2, 0.03: 0.5}
    outcome = of_trials(monkeypatch, held_out, test)
    assert outcome.final == {"copy_error": 0.25, "lr": 0.3}
    assert outcome.profiles["test_error@20"] == [0.1, 0.25, 0.2, 0.5]


def test_a_rate_that_diverges_is_not_chosen(monkeypatch):
    held_out = {1.0: math.nan, 0.3: 0.2, 0.1: 0.3, 0.03: 0.5}
    outcome = of_trials(monkeypatch, held_out, held_out)
    assert outcome.final["lr"] == 0.3


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"depth": 3}, "must be even, got 3"),
        ({"depth": 0}, "must be even, got 0"),
        ({"arch": "preactivation"}, "plain or residual"),
        ({"label": "reflection"}, "must be one of '', 'rotation', 'negation'"),
        ({"variant": "head-bn"}, "the one variant"),
        ({"arch": "residual", "variant": IDENTITY_START}, "of plain stacks"),
    ],
)
def test_a_run_that_the_study_does_not_know_is_refused(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        experiment.run_custom(config(**fields))


def test_the_toy_has_no_tier_it_gains_nothing_from():
    with pytest.raises(ValueError, match="live, laptop"):
        STUDY.runs_at("paper")


# (arch, variant, target, depth) -> error, as the claims expect it.
EXPECTED = {
    ("plain", "", "", 2): 0.0014,
    ("plain", "", "", 32): 0.75,
    ("plain", "", "", 64): 0.94,
    ("residual", "", "", 32): 3e-4,
    ("residual", "", "", 64): 0.018,
    ("plain", "", "rotation", 2): 0.0015,
    ("residual", "", "rotation", 2): 0.0024,
    ("plain", "", "rotation", 32): 0.76,
    ("residual", "", "rotation", 32): 0.11,
    ("plain", "", "negation", 32): 0.75,
    ("residual", "", "negation", 32): 0.24,
    ("plain", IDENTITY_START, "", 32): 0.015,
    ("plain", IDENTITY_START, "rotation", 32): 0.14,
    ("plain", IDENTITY_START, "negation", 32): 0.015,
}


def made(errors: Mapping[tuple[str, str, str, int], float]) -> list[Record]:
    """Records of fresh seeds that end with these errors, each seed's a little apart."""
    recipe = STUDY.runs_at("laptop")[0].recipe
    runs = []
    for seed in range(3, 11):
        for (arch, variant, label, depth), error in errors.items():
            config = RunConfig(arch, depth, seed, recipe, variant=variant, label=label)
            final = {"copy_error": error * (1 + 0.002 * seed), "lr": 0.1}
            runs.append(Record("residual_block", config, {}, final, MADE))
    return runs


def test_every_claim_holds_of_the_errors_that_it_expects():
    judgements = STUDY.judge(made(EXPECTED))
    assert {judgement.verdict for judgement in judgements} == {Verdict.HOLDS}
    assert not any(judgement.exploratory for judgement in judgements)


DENIALS = [
    ("a residual stack of 64 layers", ("residual", "", "", 64), 0.5),
    ("a plain stack of 64 layers", ("plain", "", "", 64), 0.0015),
    ("a plain stack of 32 layers learns a rotation", ("plain", "", "rotation", 32), 0.1),
    ("a plain stack of 32 layers learns the change", ("plain", "", "negation", 32), 0.99),
    ("a residual stack of 32 layers learns the identity", ("residual", "", "rotation", 32), 4e-4),
    ("it learns a rotation better than the change", ("residual", "", "negation", 32), 0.1),
    ("shortcuts help 32 layers to learn a rotation", ("residual", "", "rotation", 32), 0.7),
    ("shortcuts help 32 layers to learn the change", ("residual", "", "negation", 32), 0.7),
    ("a single block", ("residual", "", "rotation", 2), 0.1),
    ("a plain stack of 32 layers that starts", ("plain", IDENTITY_START, "", 32), 0.5),
    ("it learns a rotation far better", ("plain", IDENTITY_START, "rotation", 32), 0.7),
    ("it learns a rotation about as well", ("plain", IDENTITY_START, "rotation", 32), 0.5),
    ("it learns the change of sign better", ("plain", IDENTITY_START, "negation", 32), 0.3),
]


def test_every_claim_has_a_denial():
    for claim in STUDY.claims:
        assert sum(claim.text.startswith(start) for start, _, _ in DENIALS) == 1, claim.text


@pytest.mark.parametrize(("start", "stack", "error"), DENIALS)
def test_a_claim_would_be_denied_by_another_error(start, stack, error):
    judgements = STUDY.judge(made({**EXPECTED, stack: error}))
    (denied,) = [j for j in judgements if j.claim.text.startswith(start)]
    assert denied.verdict is Verdict.FAILS


def test_errors_that_are_rounding_are_equal():
    tiny = made({**EXPECTED, ("residual", "", "", 64): 1e-23, ("plain", "", "", 64): 1e-16})
    assert STUDY.judge(tiny)[0].verdict is Verdict.FAILS


def test_a_claim_about_a_control_is_open_while_only_copies_are_recorded():
    copies = [r for r in made(EXPECTED) if not r.label and not r.variant]
    verdicts = {j.claim.text: j.verdict for j in STUDY.judge(copies)}
    assert verdicts["shortcuts help 32 layers to learn the change of sign"] is Verdict.OPEN


def test_the_figure_by_target_has_a_row_for_every_stack_and_target():
    rows = figures.by_target(made(EXPECTED)).rows
    assert {row["label"] for row in rows} == {"identity", "rotation", "negation"}
    assert {row["variant"] for row in rows} == {"", IDENTITY_START}


def test_targets_are_compared_at_depths_that_they_share():
    depths = {record.depth for record in figures.at_shared_depths(made(EXPECTED))}
    assert depths == {32}


def test_the_figure_of_copies_takes_no_control_for_a_copy():
    rows = figures.by_depth(made(EXPECTED)).rows
    assert [(row["arch"], row["depth"]) for row in rows] == [
        ("plain", 2),
        ("plain", 32),
        ("plain", 64),
        ("residual", 32),
        ("residual", 64),
    ]


def test_nothing_that_was_to_copy_is_no_figure_of_copies():
    rotations = records.select(made(EXPECTED), label="rotation")
    with pytest.raises(RecordError, match="to copy its input"):
        figures.by_depth(rotations)


def test_an_error_that_is_rounding_is_called_zero():
    errors = analysis.copy_errors(records.select(RECORDED, depth=8))
    assert analysis.in_words(errors["residual", 8]) == "zero to within rounding"
    assert float(analysis.in_words(errors["plain", 8])) > 0.1


def test_the_words_of_the_controls_name_every_stack():
    words = analysis.controls(made(EXPECTED))
    assert words.startswith("At 32 layers a plain stack is left with 0.76 (identity)")
    assert "starts as the identity is left with 0.015 (identity)" in words


def test_the_slider_has_a_frame_for_every_recorded_depth():
    frames = figures.curves_by_depth(RECORDED)
    assert list(frames) == [f"{depth} layers" for depth in (2, 4, 8, 16, 32, 64)]


def test_the_prediction_speaks_of_the_recorded_error():
    prediction = figures.prediction(made(EXPECTED))
    assert "0.76 of the variance" in prediction.question
    assert "(rotation)" in prediction.comparison


def test_a_run_of_an_old_record_is_still_a_run_of_the_study():
    today = set(STUDY.runs_at("laptop", (0, 1, 2)))
    assert {record.config for record in RECORDED if record.seed < 3} <= today
