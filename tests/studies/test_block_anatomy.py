"""What the chapter counts is right by hand, and what it says of the variants can be denied by records."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from resnet_course import blocks, lab, models, probes, recipes, runs
from resnet_course.studies import block_anatomy


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("block_anatomy", "laptop")


def ending(records, part: tuple[str, str], error: float, depths=(20, 56)) -> list[runs.Record]:
    """The same records, but for the end of one kind of block."""
    final = {"train_error": error, "test_error": error}
    return [
        replace(r, final=r.final | final) if (r.shortcut, r.variant) == part and r.depth in depths else r
        for r in records
    ]


@pytest.mark.parametrize("tier", ["live", "laptop", "colab", "paper"])
def test_one_part_changes_at_a_time(tier):
    recipe = recipes.for_tier(tier)
    for config in block_anatomy.configs(recipe, (0,)):
        assert (config.shortcut == "A") or not config.variant
        assert (config.net, config.recipe) == ("residual", recipe)


def test_every_block_has_a_name():
    changed = {(p.get("shortcut", "A"), p.get("variant", "")) for p in block_anatomy.PARTS}
    assert changed == set(block_anatomy.NAMES)


@pytest.mark.parametrize("depth", block_anatomy.DEPTHS["paper"])
def test_every_variant_has_as_many_layers_and_3x3_weights_as_the_original(depth):
    def weights(**part) -> int:
        with torch.device("meta"):
            net = models.cifar(depth, **part)
        assert models.cost(net, 32).layers == depth
        return sum(m.weight.numel() for m in net.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3))

    assert len({weights(**part) for part in block_anatomy.PARTS}) == 1


def test_resnet_50_has_one_projection_a_stage_and_12_identities():
    with torch.device("meta"):
        stages = models.imagenet(50).stages
    identities = [[isinstance(block.shortcut, nn.Identity) for block in stage] for stage in stages]
    assert not any(stage[0] for stage in identities)
    assert sum(sum(stage) for stage in identities) == 12


def test_a_projection_on_a_bottleneck_costs_nearly_as_much_as_its_branch():
    block = blocks.BottleneckBlock(256, 256, shortcut="C")
    branch, shortcut = (
        sum(m.weight.numel() for m in part.modules() if isinstance(m, nn.Conv2d))
        for part in (block.residual, block.shortcut)
    )
    assert (branch, shortcut) == (2 * 256 * 64 + 9 * 64 * 64, 256 * 256)


def test_relu_before_the_sum_lets_the_signal_only_grow():
    torch.manual_seed(0)
    net, x = models.cifar(20, width=4, variant="relu-before-addition").eval(), torch.randn(8, 3, 16, 16)
    with probes.recalibrated(net, x), probes.block_outputs(net, lambda out: out.mean().reshape(1)) as means:
        net(x)
    for stage in range(3):
        inside = [mean.item() for name, mean in means.items() if name.startswith(f"stages.{stage}.")]
        assert inside == sorted(inside)


def test_a_difference_is_taken_seed_by_seed(recorded):
    by_seed = [
        replace(r, final=r.final | {"test_error": 10.0 * r.seed + (2.0 if r.shortcut == "C" else 0.0)})
        for r in recorded
    ]
    found = block_anatomy.differences(by_seed)
    assert (found[56, "C", ""].mean, found[56, "C", ""].std, found[56, "C", ""].n) == (2.0, 0.0, 3)
    assert found[56, *block_anatomy.ORIGINAL].mean == 0.0


def test_the_table_has_a_row_a_block_and_no_change_of_the_original(recorded):
    rows = block_anatomy.table(recorded)
    assert [row["block"] for row in rows] == list(block_anatomy.NAMES.values())
    assert [row["block"] for row in rows if not row["56 layers: change"]] == ["original (option A)"]


@pytest.mark.parametrize(
    ("part", "depth", "error", "denied"),
    [
        (("A", "three-layers"), 20, 60.0, "at 20 layers these are alike"),
        (("A", "zero-init"), 20, 50.0, "at 20 layers these cost error"),
        (("A", "one-layer"), 56, 54.0, "at 56 layers these cost error"),
        (("C", ""), 56, 60.0, "option C costs most"),
        (("A", "zero-init"), 56, 50.0, "every change costs something"),
    ],
)
def test_a_claim_would_be_denied_by_another_end_of_one_block(recorded, part, depth, error, denied):
    claims = block_anatomy.holds(ending(recorded, part, error, (depth,)))
    assert [claim for claim, held in claims.items() if not held and denied in claim], claims


def test_every_claim_would_be_denied_if_the_original_were_the_odd_one_out(recorded):
    alike = [replace(r, final=r.final | {"test_error": 50.0}) for r in recorded]
    assert not any(block_anatomy.holds(ending(alike, block_anatomy.ORIGINAL, 60.0)).values())


def test_the_figure_names_the_blocks_from_best_to_worst(recorded):
    said = block_anatomy.finding(ending(recorded, ("B", ""), 1.0))
    assert said.count("from lowest to highest: option B 1.0 %") == 2
