"""Gradients explode in untrained plain networks, and the study would notice if they did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_course import probes
from resnet_course.networks.blocks import PlainBlock, ResidualBlock
from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import Record, RecordError, Verdict, estimate, load
from resnet_course.studies import vanishing_gradients
from resnet_course.studies.vanishing_gradients import analysis, figures, measures
from resnet_course.studies.vanishing_gradients.configs import CLIP, CLIPS, CLIPS_DEPTH
from resnet_course.studies.vanishing_gradients.probe import probe
from resnet_course.training.build import build
from resnet_course.training.probing import ProbeImages, probe_images

from ..records.making import MADE

STUDY = vanishing_gradients.STUDY
FRESH = range(3, 11)


@dataclass(frozen=True)
class Believed:
    """What a kind of network shows at one depth, as the chapter believes it."""

    error: float
    imbalance: float = 0.5  # before training, and after
    imbalance_after: float = 0.3
    growth: float = 0.1
    last_gradient: float = 0.0
    coherence: float = 0.0
    autocorrelation: float = 0.0


World = Mapping[tuple[str, int], Believed]


def believed() -> dict[tuple[str, int], Believed]:
    """The world as the chapter describes it."""
    calm = {"coherence": 0.5, "autocorrelation": 0.4}
    world = {
        ("plain", 20): Believed(59.0),
        ("plain", 56): Believed(80.0, 2.5, -0.8, growth=1.0),
        ("plain", 110): Believed(90.0, 5.8, -4.3, growth=4.3),
        ("residual", 20): Believed(50.0, **calm),
        ("residual", 56): Believed(53.0, **calm),
        ("residual", 110): Believed(60.0, **calm),
        ("plain without batch norm", 20): Believed(74.0),
        ("plain without batch norm", 56): Believed(85.0, last_gradient=-2.0),
        ("plain without batch norm", 110): Believed(90.0, 1.2, 1.2, last_gradient=-6.0),
    }
    for depth, error in ((20, 73.0), (56, 83.0), (110, 89.0)):
        world["plain without batch norm, rescaled", depth] = Believed(error)
    for label in CLIPS:
        for depth in (20, 56, 110):
            worse = world["plain", depth].error - 4 * (depth == 56)
            world[measures.clipped("plain", label), depth] = Believed(worse, 2.5)
            world[measures.clipped("residual", label), depth] = world["residual", depth]
    return world


def profiles_of(it: Believed, jitter: float) -> dict[str, Sequence[float]]:
    """Profiles of a network of three layers that shows what is believed of one."""
    profiles: dict[str, Sequence[float]] = {}
    for iteration, imbalance, growth in (
        (0, it.imbalance, 0.0),
        (390, it.imbalance_after, it.growth),
    ):
        last = 10**it.last_gradient
        first = last * 10 ** (imbalance + jitter)
        profiles |= {
            f"gradient@{iteration}": [first, last, 1.0],
            f"relative_gradient@{iteration}": [first / 10**growth, last, 1.0],
            f"response@{iteration}": [1.0, 1.0],
            f"coherence@{iteration}": [it.coherence + jitter / 10],
            f"autocorrelation@{iteration}": [1.0, it.autocorrelation + jitter / 10] + 31 * [0.0],
        }
    return profiles


def records_of(world: World) -> list[Record]:
    """Records of fresh seeds of such a world, each seed a little apart."""
    made = []
    for config in STUDY.runs_at("laptop", FRESH):
        name = measures.KINDS[config.arch, config.variant, config.label]
        jitter = 0.1 * (config.seed * config.depth % 3 - 1)
        it = world[name, config.depth]
        final = {"train_error": it.error + jitter, "test_error": it.error + 1}
        made.append(Record("vanishing_gradients", config, {}, final, MADE, profiles_of(it, jitter)))
    return made


def verdicts(world: World) -> dict[str, Verdict]:
    return {j.claim.text: j.verdict for j in STUDY.judge(records_of(world))}


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return load("vanishing_gradients", "laptop")


@pytest.fixture(scope="module")
def parts() -> ProbeImages:
    return probe_images(laptop())


def record(arch: str = "plain", **profiles: list[float]) -> Record:
    config = RunConfig(arch, 20, 0, laptop())
    return Record("vanishing_gradients", config, {}, {}, MADE, profiles)


def test_imbalance_is_the_power_of_ten_between_the_first_and_the_last_convolution() -> None:
    gradients = [50.0, 7.0, 3.0, 0.05, 1000.0]  # four convolutions and the linear head
    assert measures.imbalance(record(**{"gradient@0": gradients}), 0) == pytest.approx(3)


def test_steepness_does_not_change_with_the_length_of_the_weights() -> None:
    """Weights ten times as long: a tenth of the gradient, a hundredth of the relative one."""
    short = record(**{"gradient@0": [5.0, 1.0, 1.0], "relative_gradient@0": [2.0, 1.0, 1.0]})
    long = record(**{"gradient@0": [0.5, 1.0, 1.0], "relative_gradient@0": [0.02, 1.0, 1.0]})
    assert measures.steepness(short, 0) == pytest.approx(measures.steepness(long, 0))


def test_growth_is_the_length_of_the_first_weights_over_that_before_training() -> None:
    grown = record(
        **{
            "gradient@0": [8.0, 1.0, 1.0],
            "relative_gradient@0": [2.0, 1.0, 1.0],
            "gradient@390": [8.0, 1.0, 1.0],
            "relative_gradient@390": [0.02, 1.0, 1.0],
        }
    )
    assert measures.first_length(grown, 0) == pytest.approx(4)
    assert measures.growth(grown, 390) == pytest.approx(2)


def test_the_share_recovered_is_that_of_the_gap_between_the_twins() -> None:
    world = believed()
    world["plain", 56] = Believed(80.0)
    world["residual", 56] = Believed(60.0)
    world[measures.clipped("plain"), 56] = Believed(75.0)
    shares = measures.share_recovered(records_of(world), 56)
    assert estimate(shares).value == pytest.approx(25, abs=1)


def test_a_run_of_no_kind_of_this_study_is_refused() -> None:
    stranger = load("block_anatomy", "laptop", variant="zero-init")
    with pytest.raises(RecordError, match="no run of this study"):
        figures.imbalance_by_depth(stranger)


def test_without_batch_norm_the_learning_rate_is_a_tenth() -> None:
    rates: dict[str, set[float]] = {}
    for config in STUDY.runs_at("laptop"):
        rates.setdefault(config.variant, set()).add(config.recipe.lr)
    assert rates[""] == {0.1}
    gentle = [rate for variant, of in rates.items() if variant for rate in of]
    assert gentle == pytest.approx([0.01, 0.01])


def test_clipped_runs_differ_from_their_twins_in_nothing_but_clipping() -> None:
    runs = STUDY.runs_at("laptop")
    unclipped = {(c.arch, c.depth): c for c in runs if not c.label and not c.variant}
    for config in runs:
        if config.label:
            free = replace(config, label="", recipe=replace(config.recipe, clip=None))
            assert free == unclipped[config.arch, config.depth]


def test_three_strengths_of_clipping_are_tried_at_56_layers_and_one_elsewhere() -> None:
    labels: dict[int, set[str]] = {}
    for config in STUDY.runs_at("laptop"):
        if config.label:
            labels.setdefault(config.depth, set()).add(config.label)
    assert labels == {20: {CLIP}, CLIPS_DEPTH: set(CLIPS), 110: {CLIP}}


def test_the_relative_gradient_is_the_gradient_over_the_length_of_the_weights(
    parts: ProbeImages,
) -> None:
    config = RunConfig("residual", 8, 0, laptop())
    net = build(config).eval()
    measured = probe(net, config, parts, 0)
    weights = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for size, relative, weight in zip(
        measured["gradient"], measured["relative_gradient"], weights, strict=True
    ):
        assert relative * weight.norm().item() == pytest.approx(size, rel=1e-4)


def test_a_longer_filter_before_batch_norm_gets_a_smaller_gradient(parts: ProbeImages) -> None:
    """The gradient shrinks as the weights grow: what an explosion leaves behind."""
    images, labels = (part[:64] for part in parts["train"])
    net = build(RunConfig("plain", 8, 0, laptop()))
    before = probes.weight_gradients(net, images, labels)["stem.0"]
    with torch.no_grad():
        net.stem[0].weight *= 100
    after = probes.weight_gradients(net, images, labels)["stem.0"]
    tolerance = 1e-3 * before.abs().max().item()
    assert torch.allclose(100 * after, before, rtol=0.01, atol=tolerance)


def test_the_gradient_of_a_residual_block_is_what_came_in_and_what_its_branch_adds() -> None:
    """I + dF/dx, without the ReLU after the sum, which a constant keeps open here."""
    torch.manual_seed(0)
    residual, plain = ResidualBlock(4, 4).eval(), PlainBlock(4, 4).eval()
    plain.residual.load_state_dict(residual.residual.state_dict())
    x = 100 + torch.rand(2, 4, 8, 8).requires_grad_()  # the sum is positive everywhere
    incoming = torch.randn(2, 4, 8, 8)
    (whole,) = torch.autograd.grad(residual(x), x, incoming)
    (branch,) = torch.autograd.grad(residual.residual(x), x, incoming)
    assert torch.allclose(whole, incoming + branch, atol=1e-5)


def gains(arch: str, parts: ProbeImages) -> list[float]:
    """By what factor each block of an untrained network of 56 layers lengthens the gradient."""
    images, labels = (part[:128] for part in parts["train"])
    net = build(RunConfig(arch, 56, 0, laptop())).train()
    passed = [net.stem(images)]
    for stage in net.stages:
        for block in stage:
            passed.append(block(passed[-1]))
    loss = cross_entropy(net.head(passed[-1].mean((2, 3))), labels)
    sizes = [g.norm().item() for g in torch.autograd.grad(loss, passed)]
    return [before / after for before, after in pairwise(sizes)]


def test_a_residual_networks_gains_fall_towards_one_and_a_plain_ones_stay(
    parts: ProbeImages,
) -> None:
    plain, residual = gains("plain", parts), gains("residual", parts)
    assert numpy.mean(residual[-9:]) < 1.1 < numpy.mean(plain[-9:])
    assert residual[0] > 1.5


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_the_record_before_training_agrees_with_a_fresh_look(
    arch: str, recorded: list[Record], parts: ProbeImages
) -> None:
    (mine,) = [r for r in measures.members(recorded, arch, 20) if r.seed == 0]
    measured = probe(build(mine.config).eval(), mine.config, parts, 0)
    for quantity in ("gradient", "relative_gradient", "response"):
        assert mine.profile(quantity, 0) == pytest.approx(measured[quantity], rel=2e-2)


def test_every_claim_holds_in_the_world_that_the_chapter_believes_in() -> None:
    judged = verdicts(believed())
    assert set(judged.values()) == {Verdict.HOLDS}, judged


PLAIN, RESIDUAL = measures.clipped("plain"), measures.clipped("residual")
RESCALED = "plain without batch norm, rescaled"


@pytest.mark.parametrize(
    ("kind", "depth", "instead", "claim"),
    [
        ("plain", 110, Believed(90.0, 0.5, -4.3, 4.3), "gradients explode on the way back"),
        ("residual", 110, Believed(60.0, 4.0), "hardly explode"),
        ("plain", 110, Believed(90.0, 5.8, 0.3, 4.3), "plain-110 get small gradients"),
        ("residual", 110, Believed(60.0, 0.5, -3.0), "residual-110 get no small ones"),
        ("residual", 110, Believed(60.0, coherence=0.1), "parts of a batch agree more"),
        ("residual", 110, Believed(60.0, autocorrelation=0.05), "shattered"),
        ("plain", 110, Believed(90.0, 5.8, -4.3, growth=1.0), "more than a thousand times"),
        ("plain", 56, Believed(80.0, 2.5, -0.8, growth=3.0), "less than a hundred times"),
        (PLAIN, 110, Believed(90.0, growth=2.0), "clipped at 3 %, plain-110's first layer"),
        (PLAIN, 56, Believed(82.0), "lowers plain-56's training error"),
        (PLAIN, 56, Believed(55.0), "at 3 % takes away less than half"),
        (measures.clipped("plain", "clipped-10"), 56, Believed(55.0), "at 10 % takes away"),
        (measures.clipped("plain", "clipped-1"), 56, Believed(55.0), "at 1 % takes away"),
        (PLAIN, 56, Believed(55.0), "plain-56 still trains far worse"),
        (PLAIN, 110, Believed(62.0), "plain-110 still trains far worse"),
        (RESIDUAL, 56, Believed(60.0), "does residual-56 no harm"),
        ("plain without batch norm", 110, Believed(90.0), "even the last layer"),
        ("plain without batch norm", 110, Believed(90.0, -3.0), "no smaller one than its last"),
        ("plain without batch norm", 110, Believed(74.0), "trains worse than plain-20"),
        (RESCALED, 110, Believed(89.0, last_gradient=-4.0), "gradient of ordinary size"),
        (RESCALED, 110, Believed(89.0, 4.0), "first and last gradient"),
        (RESCALED, 110, Believed(73.0), "though nothing vanishes in it"),
    ],
)
def test_another_world_denies_its_claim(
    kind: str, depth: int, instead: Believed, claim: str
) -> None:
    judged = verdicts({**believed(), (kind, depth): instead})
    denied = [text for text, verdict in judged.items() if verdict is Verdict.FAILS]
    assert any(claim in text for text in denied), judged


def test_every_claim_is_denied_by_some_world_of_the_test_above() -> None:
    """So that a new claim does not go untested."""
    (mark,) = test_another_world_denies_its_claim.pytestmark
    phrases = [claim for *_, claim in mark.args[1]]
    for claim in STUDY.claims:
        assert any(phrase in claim.text for phrase in phrases), claim.text


def test_sentences_and_tables_are_made_of_what_is_recorded(recorded: list[Record]) -> None:
    sentences = [
        analysis.answer(recorded),
        analysis.before_training(recorded),
        analysis.before_and_after(recorded),
        analysis.lengths(recorded),
        analysis.pace(recorded),
        analysis.without_batch_norm(recorded),
        analysis.summary(recorded),
    ]
    assert all("nan" not in sentence for sentence in sentences)
    assert len(analysis.coherence_rows(recorded)) == 9
    degraded = load("degradation", "laptop", arch="plain")
    assert [row["plain network, layers"] for row in analysis.overfitting_rows(degraded)] == [
        8,
        20,
        32,
        56,
        110,
    ]


def test_the_answer_tells_the_share_of_clipping_where_it_was_run() -> None:
    words = analysis.answer(records_of(believed()))
    assert "accounts for 15 %" in words


def test_the_table_of_clipping_has_a_row_for_each_strength() -> None:
    rows = analysis.clipping_rows(records_of(believed()))
    assert [row["gradients"] for row in rows] == [
        "as they are",
        "clipped at 10 % of the weights",
        "clipped at 3 % of the weights",
        "clipped at 1 % of the weights",
    ]


def test_rescaling_is_told_where_it_was_run_and_not_else(recorded: list[Record]) -> None:
    bare = [r for r in recorded if measures.kind(r) == "plain without batch norm"]
    assert analysis.rescaling(bare) == ""
    assert "89.0" in analysis.rescaling(records_of(believed()))


def test_the_figure_of_the_twins_shows_them_clipped_and_not() -> None:
    card = figures.ends_of_twins(records_of(believed()))
    assert [row["network"] for row in card.rows[:4]] == [
        "plain",
        "plain, in proportion",
        "residual",
        "residual, in proportion",
    ]


def test_the_opening_figure_does_not_give_the_prediction_away() -> None:
    card = figures.ends_of_twins(records_of(believed()))
    words = f"{card.alt} {card.caption} {analysis.answer(records_of(believed()))}"
    assert not any(word in words for word in ("clip", "explo", "vanish", "shorten"))


def test_twins_of_a_depth_that_was_not_run_are_not_drawn(recorded: list[Record]) -> None:
    with pytest.raises(RecordError, match="no twins of 8 layers"):
        figures.ends_of_twins(recorded, depths=(8,))


def test_relative_gradients_have_a_frame_for_each_look(recorded: list[Record]) -> None:
    frames = figures.relative_gradients(recorded)
    assert list(frames) == [f"{iteration} steps" for iteration in measures.looks(recorded)]


def test_shattering_is_told_of_neighbours_at_every_depth(recorded: list[Record]) -> None:
    card = figures.shattering(recorded)
    assert all(f"plain-{depth}" in card.alt for depth in (20, 56, 110))


def test_a_pages_own_gradients_are_drawn_with_the_sides_in_words() -> None:
    card = figures.gradient_profiles({("plain", 20): [4.0, 2.0, 1.0], ("residual", 20): [1.0] * 3})
    assert "plain-20 4 and 1" in card.alt


# What the worked answers of the chapter say.


def norms(depth: int, parts: ProbeImages) -> list[float]:
    """Gradient norm of each convolution of an untrained plain network."""
    images, labels = (part[:64] for part in parts["train"])
    net = build(RunConfig("plain", depth, 0, laptop()))
    gradients = probes.weight_gradients(net, images, labels)
    return [gradient.norm().item() for gradient in gradients.values()][:-1]


def test_the_factor_per_layer_lies_between_one_and_that_of_wide_layers(
    parts: ProbeImages,
) -> None:
    slope, _ = numpy.polyfit(range(109), numpy.log10(norms(110, parts)), 1)
    assert 1.05 < 10**-slope < (numpy.pi / (numpy.pi - 1)) ** 0.5


def test_the_straight_line_goes_on_to_218_layers(parts: ProbeImages) -> None:
    slope, _ = numpy.polyfit(range(109), numpy.log10(norms(110, parts)), 1)
    deeper = norms(218, parts)
    predicted = deeper[-1] * 10 ** (-slope * 216)
    assert 0.1 < predicted / deeper[0] < 10
    assert deeper[0] > 1e12


@pytest.mark.parametrize("width", [8, 32])
def test_wrapped_maps_bring_back_some_hundreds_of_the_signal(
    width: int, parts: ProbeImages
) -> None:
    images = parts["train"][0][:32]
    recipe = replace(laptop(), width=width)
    ratios = []
    for wrapped in (False, True):
        bare = build(RunConfig("plain", 110, 0, recipe, variant="no-normalisation")).eval()
        for layer in bare.modules():
            if isinstance(layer, nn.Conv2d) and wrapped:
                layer.padding_mode = "circular"
                layer._reversed_padding_repeated_twice = [1] * 4
        with probes.layer_responses(bare, nn.Conv2d) as sizes, torch.no_grad():
            bare(images)
        first, *_, last = sizes.values()
        ratios.append(last / first)
    assert 50 < ratios[1] / ratios[0] < 1000


def test_after_the_first_epoch_clipping_at_3_percent_touches_no_layer_of_plain_56(
    recorded: list[Record],
) -> None:
    runs = measures.members(recorded, "plain", 56)
    touched = {}
    for iteration in (0, 62):
        profiles = [run.profile("relative_gradient", iteration) for run in runs]
        counts = [sum(value > 0.03 for value in layer) for layer in zip(*profiles, strict=True)]
        touched[iteration] = sum(2 * count > len(runs) for count in counts)
    assert touched[0] > 45
    assert touched[62] == 0
