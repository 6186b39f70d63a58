import pytest
import torch

from resnet_course import bench, models, recipes


@pytest.fixture(scope="module")
def config():
    return recipes.Config("residual", 8, 0, recipes.live())


def test_the_engine_and_the_bare_loop_take_the_steps_they_are_asked_for(config):
    for way in ("bare loop", "ours, eager"):
        steps = bench.contestants(config, "cpu")[way]()
        steps(2)
        steps(70)  # past the end of a plan of random images


def test_the_users_loop_takes_batches_past_the_end_of_its_images(config):
    bench.contestants(config, "cpu")["users' loop"]()(4096 // config.recipe.batch_size + 1)


def test_a_measurement_names_each_variant_and_compares_with_the_first(config):
    rows = bench.measure(config, "cpu", turns=1, seconds=0.02, only=("bare loop", "ours, eager"))
    assert [row["variant"] for row in rows] == ["bare loop", "ours, eager"]
    assert rows[0]["ratio"] == 1.0
    assert all(row["images_per_second"] > 0 for row in rows)


def test_networks_in_turns_are_timed_as_often_as_asked_and_by_their_own_clock():
    taken = bench.take_turns({"a": lambda count: 2.0 * count, "b": lambda count: 3.0 * count}, 4, 1.0)
    assert taken == {"a": [2.0] * 4, "b": [3.0] * 4}


def test_kept_bytes_count_each_storage_once_and_no_parameter():
    x, weight = torch.ones(5), torch.nn.Parameter(torch.ones(5))

    def step(_count: int) -> None:
        (x * weight * weight[:] + x.view(5)).exp().sum().backward()  # keeps x, x * weight, the exponential, weight

    assert bench.kept_bytes(step) == 3 * 5 * 4


def test_an_addition_keeps_next_to_nothing_for_the_backward_pass():
    cost = bench.addition(8, "live", "cpu", turns=1, seconds=0.02)
    assert cost["depth"] == 8
    assert cost["kept_ratio"] == pytest.approx(1, abs=0.01)
    assert cost["time_ratio"] == pytest.approx(cost["seconds"]["residual"] / cost["seconds"]["plain"], abs=1e-3)


def test_the_addition_is_printed_and_kept_for_each_depth(capsys, monkeypatch):
    monkeypatch.setattr(bench, "measure", lambda *_args, **_options: [])
    result = bench.bench([8, 14], "live", "cpu", seconds=0.01)
    assert [cost["depth"] for cost in result["addition"]] == [8, 14]
    assert capsys.readouterr().out.count("bytes kept for the backward pass") == 2


def test_the_arithmetic_ceiling_counts_three_passes(config):
    counted = models.cost(models.cifar(8, width=config.recipe.width), 16).multiply_adds
    assert bench.arithmetic_floor(config, 1e12) == pytest.approx(1e12 / (6 * counted))


def test_results_are_kept_side_by_side(tmp_path):
    for made in ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"):
        bench.append({"hardware": "A CPU, 2 cores", "made": made}, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
