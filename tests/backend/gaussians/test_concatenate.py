import numpy as np

from backend.gaussians.concatenate import concatenate
from backend.gaussians.ply import read_ply, write_ply


def test_degrees_columns_and_types_are_united(make_cloud, tmp_path):
    first = make_cloud(
        2, degree=1, extra={"label": np.array([1, 2], np.uint8)}, columns=(("label", "u1"),)
    )
    label, depth = np.array([-5, 70000, 3], np.int32), np.array([0.1, 0.2, 0.3])
    second = make_cloud(3, degree=3, seed=1, extra={"depth": depth, "label": label})
    both = concatenate([first, second])
    for name in ("means", "quats", "log_scales", "opacity_logits"):
        parts = [getattr(first, name), getattr(second, name)]
        np.testing.assert_array_equal(getattr(both, name), np.concatenate(parts))
    np.testing.assert_array_equal(both.sh[:2, :4], first.sh)
    np.testing.assert_array_equal(both.sh[:2, 4:], 0)
    np.testing.assert_array_equal(both.sh[2:], second.sh)
    np.testing.assert_array_equal(both.extra["label"], [1, 2, -5, 70000, 3])
    np.testing.assert_array_equal(both.extra["depth"], [0, 0, 0.1, 0.2, 0.3])
    assert both.columns[0] == ("label", "i4")

    write_ply(tmp_path / "both.ply", both)
    back = read_ply(tmp_path / "both.ply").cloud
    assert back.columns == both.columns
    np.testing.assert_array_equal(back.sh, both.sh)


def test_one_cloud_stays_itself(make_cloud):
    cloud = make_cloud()
    assert concatenate([cloud]) is cloud
