import numpy as np
import pytest

from backend.errors import BadInput
from backend.gaussians.spherical_harmonics import sh_colors
from backend.gaussians.transform import transform

TURN = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0], [0.48, 0.64, 0.6]])
SHEAR = np.array([[1, 0.7, 0], [0, 1, -0.3], [0.2, 0, 1]])
LINEAR_MAPS = {
    "translation": np.eye(3),
    "rotation": TURN,
    "half turn": np.diag([-1.0, 1, -1]),
    "even scale": 2.5 * TURN,
    "mirror": np.diag([-1.0, 1, 1]),
    "turned mirror": -0.4 * TURN,
    "uneven scale along the axes": np.diag([3, 1, 0.2]),
    "uneven scale": TURN @ np.diag([3, 1, 0.2]),
    "uneven mirror": np.diag([-3.0, 1, 0.2]) @ TURN,
    "shear": SHEAR,
}
SIMILARITIES = list(LINEAR_MAPS)[:6]


def affine(linear, translation=(0.3, -2, 5)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, translation
    return matrix


def covariances(cloud) -> np.ndarray:
    """Literally: turn each axis by q v q* and add up the outer products."""
    result = np.zeros((len(cloud), 3, 3))
    for i, (w, *v) in enumerate(cloud.quats.astype(np.float64)):
        if not w and not any(v):
            w = 1.0
        v = np.array(v)
        for axis, log_scale in zip(np.eye(3), cloud.log_scales[i].astype(np.float64), strict=True):
            turned = (w * w - v @ v) * axis + 2 * (v @ axis) * v + 2 * w * np.cross(v, axis)
            turned *= np.exp(log_scale) / (w * w + v @ v)
            result[i] += np.outer(turned, turned)
    return result


@pytest.mark.parametrize("linear", LINEAR_MAPS.values(), ids=LINEAR_MAPS)
def test_means_and_covariances_go_through_the_map(make_cloud, linear):
    cloud = make_cloud(40)
    cloud.quats[0] = 0  # means no rotation
    cloud.quats[1:20] = [1, 0, 0, 0]
    moved = transform(cloud, affine(linear))
    expected_means = cloud.means @ linear.T + [0.3, -2, 5]
    np.testing.assert_allclose(moved.means, expected_means, rtol=1e-6, atol=1e-6)
    expected = linear @ covariances(cloud) @ linear.T
    size = np.trace(expected, axis1=1, axis2=2)[:, None, None]
    np.testing.assert_allclose(covariances(moved) / size, expected / size, atol=2e-6)
    np.testing.assert_array_equal(moved.opacity_logits, cloud.opacity_logits)
    assert moved.quats.dtype == moved.log_scales.dtype == moved.sh.dtype == np.float32


@pytest.mark.parametrize("name", SIMILARITIES)
def test_colors_stay_when_the_eye_moves_along(make_cloud, name):
    cloud, matrix = make_cloud(100, degree=3), affine(LINEAR_MAPS[name])
    eye = np.array([4.0, 1, -3])

    def seen(cloud, eye):
        rays = cloud.means - eye
        return sh_colors(cloud.sh, rays / np.linalg.norm(rays, axis=1, keepdims=True))

    moved_eye = matrix[:3, :3] @ eye + matrix[:3, 3]
    np.testing.assert_allclose(
        seen(transform(cloud, matrix), moved_eye), seen(cloud, eye), atol=2e-5
    )


def test_mirror_by_hand(make_cloud):
    cloud = make_cloud(1, degree=1, means=np.array([[1, 2, 3]], np.float32))
    mirrored = transform(cloud, np.diag([-1.0, 1, 1, 1]))
    np.testing.assert_array_equal(mirrored.means, [[-1, 2, 3]])
    # The third coefficient of degree 1 goes with x; the others do not know x.
    expected = cloud.sh * np.array([1, 1, 1, -1], np.float32)[:, None]
    np.testing.assert_allclose(mirrored.sh, expected, atol=1e-6)


def test_uneven_scale_keeps_the_digits_of_needles_and_flakes(make_cloud):
    # Axis-aligned, so that the scales just add; they come back sorted by size.
    log_scales = np.array([[0, -18, -18], [-18, 0, 0], [-80, 2, -80], [60, 0, 60]], np.float32)
    quats = np.tile(np.array([1, 0, 0, 0], np.float32), (4, 1))
    cloud = make_cloud(4, log_scales=log_scales, quats=quats)
    stretched = transform(cloud, np.diag([4.0, 1, 0.5, 1]))
    expected = np.sort(log_scales + np.log([4, 1, 0.5]), axis=1)
    np.testing.assert_allclose(np.sort(stretched.log_scales, axis=1), expected, rtol=1e-6)


def test_one_map_after_another_is_their_product(make_cloud):
    cloud = make_cloud(30)
    first, second = affine(2 * TURN), affine(SHEAR, (1, 1, 1))
    stepwise = transform(transform(cloud, first), second)
    at_once = transform(cloud, second @ first)
    np.testing.assert_allclose(stepwise.means, at_once.means, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(covariances(stepwise), covariances(at_once), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(stepwise.sh, at_once.sh, atol=1e-5)


def test_what_is_as_good_as_the_identity_changes_nothing(make_cloud):
    cloud = make_cloud(9)
    cloud.means[0] = 1e7  # a floater
    noise = np.random.default_rng(0).uniform(-1, 1, (3, 3)) * 5e-7
    assert transform(cloud, np.eye(4)) is cloud
    assert transform(cloud, affine(np.eye(3) + noise, (1e-8, 0, 0))) is cloud
    assert transform(cloud, affine(np.eye(3), (1e-4, 0, 0))) is not cloud
    assert transform(cloud, affine(np.eye(3) * (1 + 1e-5), (0, 0, 0))) is not cloud


def test_a_mere_move_leaves_shape_and_color_to_the_bit(make_cloud):
    cloud = make_cloud(9)
    moved = transform(cloud, affine(np.eye(3)))
    for name in ("quats", "log_scales", "sh"):
        assert getattr(moved, name) is getattr(cloud, name)


def test_normals_stay_upright_on_sheared_surfaces(make_cloud):
    rng = np.random.default_rng(0)
    normals, along = rng.standard_normal((2, 20, 3))
    along -= normals * (np.sum(along * normals, 1) / np.sum(normals**2, 1))[:, None]
    extra = {"nx": normals[:, 0], "ny": normals[:, 1], "nz": normals[:, 2]}
    moved = transform(make_cloud(20, extra=extra | {"id": np.arange(20)}), affine(SHEAR))
    turned = np.stack([moved.extra[name] for name in ("nx", "ny", "nz")], 1)
    np.testing.assert_allclose(np.sum(turned * (along @ SHEAR.T), axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(normals, axis=1))
    assert (np.sum(turned * (normals @ SHEAR.T), axis=1) > 0).all()
    np.testing.assert_array_equal(moved.extra["id"], np.arange(20))


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1.0, 0, 1, 1]),
        np.zeros((4, 4)),
        affine(np.ones((3, 3))),
        affine(np.eye(3), (np.nan, 0, 0)),
        affine(np.eye(3), (1e39, 0, 0)),
        np.diag([np.inf, 1, 1, 1]),
        np.eye(4)[[0, 1, 3, 2]],
        np.eye(3),
    ],
)
def test_unusable_matrices_are_refused(make_cloud, matrix):
    with pytest.raises(BadInput) as caught:
        transform(make_cloud(), matrix)
    assert caught.value.advice
