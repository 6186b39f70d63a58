import pytest

from resnet_course import bench, models, recipes


@pytest.fixture(scope="module")
def config():
    return recipes.Config("residual", 8, 0, recipes.live())


def test_the_engine_and_the_bare_loop_take_the_steps_they_are_asked_for(config):
    for way in ("bare loop", "ours, eager"):
        steps = bench.contestants(config, "cpu")[way]()
        steps(2)
        steps(70)  # past the end of a plan of random images


def test_a_measurement_names_each_variant_and_compares_with_the_first(config):
    rows = bench.measure(config, "cpu", turns=1, seconds=0.02, only=("bare loop", "ours, eager"))
    assert [row["variant"] for row in rows] == ["bare loop", "ours, eager"]
    assert rows[0]["ratio"] == 1.0
    assert all(row["images_per_second"] > 0 for row in rows)


def test_the_arithmetic_ceiling_counts_three_passes(config):
    counted = models.cost(models.cifar(8, width=config.recipe.width), 16).multiply_adds
    assert bench.arithmetic_floor(config, 1e12) == pytest.approx(1e12 / (6 * counted))


def test_results_are_kept_side_by_side(tmp_path):
    for made in ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"):
        bench.append({"hardware": "A CPU, 2 cores", "made": made}, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
