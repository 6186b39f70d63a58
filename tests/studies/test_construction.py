"""Networks grown by identities compute what they computed; what is claimed of them can fail."""

import copy
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from resnet_course import probes
from resnet_course.data import augment, images
from resnet_course.networks import PlainBlock, cifar
from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import RECORDED, Record, RecordError, Verdict, load
from resnet_course.studies import construction
from resnet_course.studies.construction import analysis, figures
from resnet_course.studies.construction.configs import DEEP, SHALLOW
from resnet_course.training.build import build, recorded_network

from ..records.making import MADE

WEIGHTS = RECORDED / "degradation" / "laptop"
FRESH = range(3, 11)
# (architecture, history) -> training error as the chapter believes it to be.
BELIEVED = {
    ("plain", "20, from scratch"): 50.0,
    ("plain", "56, from scratch"): 79.0,
    ("plain", "56, from scratch, gently"): 75.0,
    ("plain", "56, grown"): 59.0,
    ("plain", "20, trained on"): 52.5,
    ("plain", "56, grown, gently"): 56.0,
    ("plain", "20, trained on gently"): 57.0,
    ("residual", "20, from scratch"): 44.5,
    ("residual", "56, from scratch"): 44.5,
    ("residual", "56, from scratch, gently"): 52.0,
    ("residual", "56, grown"): 44.6,
    ("residual", "20, trained on"): 44.3,
    ("residual", "56, grown, gently"): 48.8,
    ("residual", "20, trained on gently"): 48.7,
}


def world(errors: Mapping[tuple[str, str], float]) -> list[Record]:
    """Records of fresh seeds that end with these training errors, each seed a little apart."""
    made = []
    for config in construction.STUDY.runs_at("laptop", FRESH):
        way = analysis.HISTORIES[config.start_depth, config.depth, config.label]
        error = errors[config.arch, way] + 0.2 * (config.seed * config.depth % 3)
        final = {"train_error": error, "test_error": error + 2}
        curves = {"iteration": [62, config.recipe.iterations], "train_error": [85.0, error]}
        made.append(Record("construction", config, curves, final, MADE))
    return made


def verdicts(records: list[Record]) -> dict[str, Verdict]:
    return {j.claim.text: j.verdict for j in construction.STUDY.judge(records)}


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return load("construction", "laptop")


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return augment.normalise(images.load("embedded", "test").pixels[:200])


@pytest.mark.parametrize("arch", ["plain", "residual"])
@pytest.mark.parametrize(("at", "count"), [(1, 1), (2, 3), (3, 6)])
def test_a_trained_network_with_identities_in_it_has_equal_logits(
    arch: str, at: int, count: int, pictures: Tensor
) -> None:
    shallow = recorded_network(arch, SHALLOW)
    with torch.no_grad():
        before = shallow(pictures)
        for number, stage in enumerate(shallow.stages):
            shallow.stages[number] = probes.insert_identity_blocks(stage, at, count)
        assert torch.equal(shallow(pictures), before)
    assert probes.cost(shallow, 16).layers == SHALLOW + 6 * count


@pytest.mark.parametrize(("arch", "tolerance"), [("plain", 0.02), ("residual", 1e-9)])
def test_a_grown_network_starts_with_the_answers_of_the_shallow_one(
    arch: str, tolerance: float, pictures: Tensor
) -> None:
    """In eval mode after growing: a plain identity is fitted to data and is one up to rounding."""
    config = RunConfig(arch, DEEP, 0, laptop(), start_depth=SHALLOW)
    path = WEIGHTS / f"{arch}-{SHALLOW}-s0.safetensors"
    deep = build(config, path, images.load("embedded", "train")).eval()
    assert probes.cost(deep, 16).layers == DEEP
    with torch.no_grad():
        before, after = recorded_network(arch, SHALLOW)(pictures), deep(pictures)
    assert (after - before).abs().max() <= tolerance


def test_grafts_measured_by_the_page_are_equal_and_as_deep_as_they_say() -> None:
    nothing, some = construction.grafts.graft((0, 3))
    assert (nothing.depth, some.depth) == (SHALLOW, SHALLOW + 6)
    assert some.counts == (1, 1, 1)
    assert some.is_equal
    assert some.error == nothing.error


def test_both_ways_to_56_layers_take_as_many_steps() -> None:
    steps = {}
    for config in construction.STUDY.runs_at("laptop"):
        key = (config.start_depth, config.depth, config.label)
        steps[analysis.HISTORIES[key]] = config.recipe.iterations
    whole = laptop().iterations + steps["56, grown"]
    for way in ("20, from scratch", "56, from scratch", "56, from scratch, gently"):
        assert steps[way] == whole
    assert steps["20, trained on"] == steps["56, grown"]


def test_gently_is_a_tenth_of_the_learning_rate_and_nothing_else() -> None:
    for config in construction.STUDY.runs_at("laptop"):
        lr = 0.01 if config.label else laptop().lr
        expected = replace(laptop(), lr=lr, warmup_steps=0)
        assert replace(config.recipe, iterations=expected.iterations) == expected


def test_every_claim_holds_in_the_world_that_the_chapter_believes_in() -> None:
    assert set(verdicts(world(BELIEVED)).values()) == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("changed", "error", "claim"),
    [
        (("plain", "56, from scratch"), 60.0, "far worse from scratch than grown from plain-20"),
        (("plain", "56, from scratch, gently"), 58.0, "at a tenth of the rate, too"),
        (("plain", "20, from scratch"), 78.0, "than plain-20 does with as many steps"),
        (("plain", "56, grown"), 53.0, "at the full rate the grown plain-56 falls behind"),
        (("plain", "56, grown, gently"), 60.0, "trained gently, the grown plain-56"),
        (("plain", "56, grown, gently"), 52.0, "each at its better rate"),
        (("residual", "56, from scratch"), 50.0, "alike from scratch and grown"),
        (("residual", "20, from scratch"), 40.0, "like residual-20 with as many steps"),
        (("residual", "56, grown"), 48.0, "ends like residual-20 trained on"),
        (("residual", "56, grown, gently"), 52.0, "trained on, both gently"),
    ],
)
def test_another_end_of_a_history_denies_its_claim(
    changed: tuple[str, str], error: float, claim: str
) -> None:
    judged = verdicts(world({**BELIEVED, changed: error}))
    denied = [text for text, verdict in judged.items() if verdict is Verdict.FAILS]
    assert any(claim in text for text in denied), judged


def test_on_the_first_seeds_the_small_network_is_ahead_of_the_grown_one(
    recorded: list[Record],
) -> None:
    old = [record for record in recorded if record.seed < 3]
    lag = analysis.gap(old, "plain", "56, grown, gently", "20, trained on")
    assert lag.low > 0


def test_the_curve_of_a_grown_network_goes_on_where_the_shallow_one_ended(
    recorded: list[Record],
) -> None:
    whole = 2 * laptop().iterations
    assert {analysis.steps(record)[-1] for record in recorded} == {whole}


def test_a_history_that_nobody_knows_is_refused(recorded: list[Record]) -> None:
    with pytest.raises(ValueError, match="the histories are"):
        analysis.members(recorded, "plain", "56, shrunk")


def test_a_run_of_another_study_is_refused() -> None:
    stranger = load("degradation", "laptop", depth=8)
    with pytest.raises(RecordError, match="no run of this study"):
        figures.by_history(stranger)


def test_the_figure_says_all_histories_in_words() -> None:
    words = figures.by_history(world(BELIEVED)).alt
    assert all(name in words for name in analysis.HISTORIES.values())


def test_a_frame_of_grafts_says_whether_the_answers_are_equal() -> None:
    graft = construction.grafts.Graft((6, 6, 6), 56, 59.0, is_equal=False)
    (card,) = figures.grafted([graft], {56: 80.0}).values()
    assert "different from plain-20's" in card.alt
    assert "Plain-56 trained from scratch: 80.0 %" in card.alt


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_curves_are_drawn_of_one_architecture(arch: str, recorded: list[Record]) -> None:
    first = load("degradation", "laptop", depth=SHALLOW)
    card = figures.curves(recorded, first, arch)
    assert all(row["arch"] == arch for row in card.rows)


def test_copies_keep_the_error_of_the_shallow_network() -> None:
    card = figures.copies_beside_scratch(load("degradation", "laptop", arch="plain"))
    assert "keeps its" in card.alt


def test_sentences_are_said_of_what_is_recorded(recorded: list[Record]) -> None:
    first = load("degradation", "laptop", depth=SHALLOW)
    sentences = [
        analysis.three_ways(recorded),
        analysis.plain_ends(recorded, first),
        analysis.scratch_ends(recorded),
        analysis.better_rates(recorded),
        analysis.residual_ends(recorded),
    ]
    assert all("nan" not in sentence and sentence.endswith(".") for sentence in sentences)


# What the worked answers of the chapter say.


def test_without_the_epsilon_the_copy_is_off_by_a_hundred_thousandth_a_block(
    pictures: Tensor,
) -> None:
    net = recorded_network("plain", SHALLOW)
    gaps = {}
    for count in (1, 18):
        deep = copy.deepcopy(net)
        for _ in range(count):
            block = PlainBlock(32, 32).eval()
            for layer in block.residual:
                if isinstance(layer, nn.Conv2d):
                    nn.init.dirac_(layer.weight)
            deep.stages[2].append(block)
        with torch.no_grad():
            gaps[count] = (deep(pictures) - net(pictures)).abs().max().item()
            same = deep(pictures).argmax(1) == net(pictures).argmax(1)
        assert same.all()
    assert 1e-5 < gaps[1] < 1e-4
    assert gaps[18] == pytest.approx(18 * gaps[1], rel=0.2)


@torch.no_grad()
def noisy(arch: str, strength: float) -> nn.Module:
    """The trained network of 20 layers with six identities in each stage, their weights noisy."""
    generator = torch.Generator().manual_seed(0)
    net = recorded_network(arch, SHALLOW)
    for number, stage in enumerate(net.stages):
        net.stages[number] = probes.insert_identity_blocks(stage, 3, 6)
        for block in net.stages[number][3:]:
            for layer in block.modules():
                if isinstance(layer, nn.Conv2d):
                    he = (2 / (9 * layer.in_channels)) ** 0.5
                    noise = torch.randn(layer.weight.shape, generator=generator)
                    layer.weight += strength * he * noise
    return net.eval()


def test_noise_in_its_weights_leaves_a_residual_identity_as_it_is(pictures: Tensor) -> None:
    with torch.no_grad():
        before = recorded_network("residual", SHALLOW)(pictures)
        assert torch.equal(noisy("residual", 1.0)(pictures), before)


def test_a_plain_copy_bears_a_hundredth_of_he_initialisation_and_not_a_third(
    pictures: Tensor,
) -> None:
    labels = images.load("embedded", "test").labels[:200]
    errors = {}
    with torch.no_grad():
        for strength in (0.0, 0.01, 0.3):
            answers = noisy("plain", strength)(pictures).argmax(1)
            errors[strength] = 100 * (answers != labels).double().mean().item()
    assert abs(errors[0.01] - errors[0.0]) < 3
    assert errors[0.3] > 80


def test_without_batch_norm_a_copy_is_exact_in_both_modes(pictures: Tensor) -> None:
    net = cifar(20, "plain", width=8, variant="no-normalisation").eval()
    with torch.no_grad():
        before = net(pictures)
        for number, stage in enumerate(net.stages):
            net.stages[number] = probes.insert_identity_blocks(stage, 2, 2)
        assert torch.equal(net(pictures), before)
        assert torch.equal(net.train()(pictures), before)


def test_a_pre_activation_identity_copies_numbers_of_any_sign() -> None:
    net = cifar(20, "preactivation", width=8).eval()
    block = probes.insert_identity_blocks(net.stages[0], 2, 1)[2]
    x = torch.randn(4, 32, 16, 16)
    with torch.no_grad():
        assert torch.equal(block(x), x)
