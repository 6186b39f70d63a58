"""Lesions, swaps and the gradient by path length; and what would make the chapter say otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
import torch
from torch import Tensor, nn

from resnet_course import probes
from resnet_course.networks import cifar
from resnet_course.networks.network import Network
from resnet_course.recipes import RunConfig, laptop, live
from resnet_course.records import Record, RecordError, Verdict, load, select
from resnet_course.studies import short_paths
from resnet_course.studies.short_paths import analysis, figures
from resnet_course.studies.short_paths import probe as asked
from resnet_course.training.build import build, recorded_network
from resnet_course.training.probing import ProbeImages, probe_images, profiles_of

IMAGES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
LABELS = torch.tensor([1, 4, 7])


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return load("short_paths", "laptop")


@pytest.fixture(scope="module")
def images() -> ProbeImages:
    return probe_images(laptop())


def small(arch: str = "residual") -> Network:
    """A network of three blocks, through which there are eight paths."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = cifar(8, arch, width=4)
    net.eval()
    return net


def detach(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """The same numbers, through which no gradient comes back."""
    return output.detach()


def gradient(net: nn.Module, closed: Sequence[nn.Module] = ()) -> Tensor:
    """Gradient of the loss at the images, nothing of which comes through the closed modules."""
    with probes.hooked(part.register_forward_hook(detach) for part in closed):
        x = IMAGES.clone().requires_grad_()
        loss = nn.functional.cross_entropy(net(x), LABELS, reduction="sum")
        return torch.autograd.grad(loss, x)[0]


def test_gradients_of_all_lengths_add_up_to_the_gradient() -> None:
    net = small()
    total = asked.gradients_by_length(net, IMAGES, LABELS).sum(0)
    assert torch.allclose(total, gradient(net), atol=1e-5)


@pytest.mark.parametrize("length", range(4))
def test_the_gradient_of_a_length_is_the_sum_over_its_paths_one_by_one(length: int) -> None:
    net = small()
    blocks = list(probes.blocks(net).values())
    by_hand = torch.zeros_like(IMAGES)
    for through in combinations(blocks, length):
        closed = [block.shortcut if block in through else block.residual for block in blocks]
        by_hand += gradient(net, closed)
    sorted_out = asked.gradients_by_length(net, IMAGES, LABELS)[length]
    assert torch.allclose(sorted_out, by_hand, atol=1e-5)


def test_a_plain_network_has_one_path_through_all_its_branches() -> None:
    shares = asked.gradient_shares(small("plain"), IMAGES, LABELS)
    assert shares == [0.0, 0.0, 0.0, pytest.approx(1.0)]


def test_taking_a_block_out_is_putting_the_identity_in_its_place(images: ProbeImages) -> None:
    net = recorded_network("residual", 20)
    x, y = (part[:500] for part in images["test"])
    with torch.no_grad():
        without = asked.error_without(net, x, y, ["stages.1.1"])
        net.get_submodule("stages.1")[1] = nn.Identity()
        assert asked.error_of(net, x, y) == without


def test_blocks_that_change_the_shape_are_never_swapped_and_all_come_back() -> None:
    net = cifar(20, "residual", width=4)
    net.eval()
    before = list(probes.blocks(net).values())
    draw = Random(0)
    with torch.no_grad():
        for _ in range(30):
            asked.error_swapped(net, IMAGES, LABELS, 4, draw)  # another shape would be refused
    assert list(probes.blocks(net).values()) == before


def test_an_untrained_network_is_asked_for_its_paths_alone(images: ProbeImages) -> None:
    config = RunConfig("residual", 8, 0, live())
    measured = profiles_of(asked.probe, build(config), config, images, iteration=0)
    assert list(measured) == ["gradient_share@0"]


def test_before_training_the_gradient_of_residual_20_comes_by_short_paths(
    images: ProbeImages,
) -> None:
    config = RunConfig("residual", 20, 0, laptop())
    measured = profiles_of(asked.probe, build(config), config, images, iteration=0)
    assert 4 < analysis.mean_length(measured["gradient_share@0"]) < 5


def test_the_network_at_chance_is_left_out() -> None:
    networks = {(config.arch, config.depth) for config in short_paths.STUDY.runs_at("laptop")}
    assert ("plain", 110) not in networks
    assert ("residual", 110) in networks


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_the_record_is_what_the_packaged_network_gives(
    arch: str, images: ProbeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = load("short_paths", "laptop", arch=arch, depth=20, seed=0)
    monkeypatch.setattr(asked, "DRAWS", 1)  # fewer random draws; what comes before them stays
    net = recorded_network(arch, 20)
    measured = profiles_of(asked.probe, net, record.config, images, iteration=390)
    for quantity in ("whole", "without_one", "gradient_share"):
        expected = pytest.approx(record.profile(quantity), rel=2e-2, abs=2e-3)
        assert measured[f"{quantity}@390"] == expected


def with_profiles(record: Record, **changed: list[float]) -> Record:
    """The same record with other profiles, at the end of training."""
    profiles = dict(record.profiles)
    for name, values in changed.items():
        profiles[f"{name}@390"] = values
    return replace(record, profiles=profiles)


def with_untrained(record: Record, mean_path: int) -> Record:
    """The same record with a gradient before training that came through so many branches."""
    shares = [0.0] * (analysis.blocks(record.depth) + 1)
    shares[mean_path] = 1.0
    return replace(record, profiles=dict(record.profiles) | {"gradient_share@0": shares})


def verdicts(records: Sequence[Record]) -> dict[str, Verdict]:
    """Verdict by claim."""
    return {j.claim.text: j.verdict for j in short_paths.STUDY.judge(records)}


def test_plain_networks_that_do_not_mind_and_residual_ones_that_do_deny_the_chapter(
    recorded: list[Record],
) -> None:
    altered = []
    for record in recorded:
        blocks = analysis.blocks(record.depth)
        whole = analysis.whole(record)
        error = whole if record.arch == "plain" else whole + 30
        long_paths = [0.0] * blocks + [1.0]
        altered.append(
            with_profiles(record, without_one=[error] * blocks, gradient_share=long_paths)
        )
    denied = {text for text, verdict in verdicts(altered).items() if verdict is Verdict.FAILS}
    assert "plain-20: without a typical block it is near chance" in denied
    for depth in (20, 56, 110):
        assert f"residual-{depth}: a typical block is missed little" in denied
        assert f"residual-{depth}: the gradient comes by short paths" in denied


def test_one_block_like_the_others_denies_that_one_is_missed_more(
    recorded: list[Record],
) -> None:
    altered = [
        with_profiles(
            record, without_one=[analysis.whole(record) + 1] * analysis.blocks(record.depth)
        )
        for record in select(recorded, arch="residual")
    ]
    for depth in (20, 56, 110):
        text = f"residual-{depth}: one block is missed much more"
        assert verdicts(altered)[text] is Verdict.FAILS


def test_untrained_networks_with_long_paths_deny_that_paths_are_short_from_the_start(
    recorded: list[Record],
) -> None:
    altered = [
        with_untrained(record, mean_path={20: 4, 56: 13, 110: 27}[record.depth])
        for record in select(recorded, arch="residual")
    ]
    outcome = verdicts(altered)
    about_the_start = [text for text in outcome if "before training" in text or "threefold" in text]
    assert len(about_the_start) == 2
    assert all(outcome[text] is Verdict.FAILS for text in about_the_start)


def test_untrained_paths_as_short_as_trained_ones_deny_that_training_shortens_them(
    recorded: list[Record],
) -> None:
    altered = [with_untrained(record, mean_path=5) for record in select(recorded, depth=110)]
    text = "training makes the mean path of residual-110 shorter by more than 2 branches"
    assert verdicts(altered)[text] is Verdict.FAILS


def test_shares_of_the_gradient_add_up_to_one(recorded: list[Record]) -> None:
    for record in recorded:
        assert sum(record.profile("gradient_share")) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("depth", "expected"), [(20, 3.25), (56, 5.79), (110, 7.64)])
def test_the_sizes_alone_say_a_logarithm(depth: int, expected: float) -> None:
    assert analysis.mean_path_by_sizes(depth) == pytest.approx(expected, abs=0.005)


def test_a_typical_block_matters_less_the_deeper_a_residual_network(
    recorded: list[Record],
) -> None:
    costs = {}
    for name, members in analysis.networks(recorded).items():
        costs[name] = sum(map(analysis.typical_cost, members)) / len(members)
    assert costs["plain-20"] > 2 * costs["residual-20"]
    assert costs["residual-20"] > 2 * costs["residual-56"] > 2 * costs["residual-110"]


def test_the_first_block_of_residual_56_is_missed_most(recorded: list[Record]) -> None:
    costs = analysis.mean_costs(select(recorded, arch="residual", depth=56))
    assert costs.index(max(costs)) == 0


def test_of_published_networks_the_deeper_misses_a_typical_block_less() -> None:
    published = load("short_paths", "published")
    costs = [analysis.typical_cost(record) for record in published]
    assert costs == sorted(costs, reverse=True)


def test_in_published_networks_blocks_that_halve_the_map_are_among_the_five_missed_most() -> None:
    for record in load("short_paths", "published"):
        errors = record.profile("without_one")
        third = len(errors) // 3
        assert min(errors[third], errors[2 * third]) >= sorted(errors)[-5]


def test_records_of_another_architecture_are_refused(recorded: list[Record]) -> None:
    odd = replace(recorded[0], config=replace(recorded[0].config, arch="preactivation", depth=20))
    with pytest.raises(RecordError, match="plain and residual"):
        analysis.networks([odd])


def test_every_network_has_a_frame_of_lesions(recorded: list[Record]) -> None:
    frames = figures.frames_of_lesions(recorded)
    assert list(frames) == ["plain-20", "plain-56", "residual-20", "residual-56", "residual-110"]


def test_a_frame_of_the_twins_says_both_errors(recorded: list[Record]) -> None:
    frames = figures.frames_of_twins(recorded)
    assert len(frames) == 10
    assert frames["block 3"].alt.startswith("Without block 3: plain-20 ")


def test_a_figure_shows_untrained_networks_where_they_were_probed(recorded: list[Record]) -> None:
    residual = select(recorded, arch="residual", depth=20)
    assert "untrained" not in figures.gradient(residual).alt
    probed = [with_untrained(record, mean_path=4) for record in residual]
    assert "that of the untrained one 4.0" in figures.gradient(probed).alt


def test_paths_measured_by_the_page_stand_in_for_records_of_untrained_networks(
    recorded: list[Record],
) -> None:
    trained = [replace(r, profiles=without_untrained(r)) for r in recorded]
    rows = analysis.paths_table(trained, {20: 4.6, 56: 7.0, 110: 10.3})
    assert [row["untrained"] for row in rows] == ["4.60", "7.00", "10.30"]


def without_untrained(record: Record) -> dict[str, Sequence[float]]:
    """The profiles of a record but for those before training."""
    return {name: values for name, values in record.profiles.items() if not name.endswith("@0")}
