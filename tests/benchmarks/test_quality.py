"""What the quality benchmark counts, on cases small enough to count by hand."""

import numpy as np

from benchmarks.fit import best_ious, each, purity
from benchmarks.quality import averaged, largest_errors, largest_region
from benchmarks.trial import Outcome, Trial


def test_over_and_under_segmentation_are_told_apart():
    truth = each(np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    cut_up = each(np.array([0, 0, 0, 1, 2, 2, 2, -1]))
    run_together = each(np.zeros(8, int))
    assert purity(truth, cut_up) == 0.75 and purity(cut_up, truth) == 1.0
    assert purity(truth, run_together) == 1.0 and purity(run_together, truth) == 0.5
    np.testing.assert_allclose(best_ious(truth, cut_up), [0.75, 0.75])
    np.testing.assert_allclose(best_ious(truth, run_together), [0.5, 0.5])


def test_the_largest_region_is_thick_and_hangs_together():
    wrong = np.zeros((24, 24), bool)
    wrong[:5, :6] = wrong[10:17, 10:17] = True  # 1 x 2 and 3 x 3 pixels away from their edges
    wrong[20:24] = True  # an outline
    size, region = largest_region(wrong)
    assert size == 9 and np.array_equal(np.argwhere(region)[[0, -1]], [[12, 12], [14, 14]])
    assert largest_region(np.zeros((6, 8), bool))[0] == 0


def test_means_are_taken_leaf_by_leaf():
    assert averaged([{"a": 1.0, "b": {"c": 0.0}}, {"a": 0.5, "b": {"c": 1.0}}]) == {
        "a": 0.75,
        "b": {"c": 0.5},
    }


def test_clicks_mend_the_largest_error_with_the_right_sign(tmp_path):
    trial = Trial(tmp_path, gaussians=8_000, views=2)
    table, lamp = (trial.gaussians_of(name) for name in ("table", "lamp"))
    outcomes = {"lamp": Outcome(0.0, 0.5, lamp & False), "books": Outcome(0.0, 0.5, table)}
    missing, spilt = (largest_errors(trial, outcomes)[name] for name in ("lamp", "books"))
    assert missing.wanted and not spilt.wanted
    for click, name in ((missing, "lamp"), (spilt, "table")):
        view = [camera.name for camera in trial.scene.cameras].index(click.view)
        column, row = np.floor(click.pixel).astype(int)
        assert trial.shown(name, view)[row, column]
