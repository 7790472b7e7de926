import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from backend.errors import BadInput
from backend.gaussians.concatenate import concatenate
from backend.gaussians.ply import read_ply, write_ply

SCENES = Path(__file__).parents[3] / ".." / "shared" / "data" / "scenes"
BASE = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
BASE += ["rot_0", "rot_1", "rot_2", "rot_3"]
FACES = PlyElement.describe(
    np.array([([0, 1, 2],), ([2, 1, 0, 3],)], [("vertex_indices", object)]), "face"
)
CAMERA = PlyElement.describe(np.array([(1.5, 2)], [("f", "f4"), ("n", "u1")]), "camera")


def rows_of(count: int, rest: int = 9, extra=(), seed: int = 0) -> np.ndarray:
    """Random rows as a structured array, columns shuffled."""
    columns = [(name, "f4") for name in BASE + [f"f_rest_{i}" for i in range(rest)]] + list(extra)
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, [columns[i] for i in rng.permutation(len(columns))])
    for name, dtype in columns:
        rows[name] = rng.integers(0, 200, count) if dtype[0] in "iu" else rng.normal(size=count)
    return rows


def save(path: Path, rows: np.ndarray, form: str = "<", before=(), after=()) -> Path:
    elements = [*before, PlyElement.describe(rows, "vertex"), *after]
    PlyData(elements, text=form == "ascii", byte_order="=" if form == "ascii" else form).write(path)
    return path


def vertex_data(path: Path) -> np.ndarray:
    return PlyData.read(path)["vertex"].data.copy()


def same_bits(values: np.ndarray, expected: np.ndarray) -> bool:
    return values.astype(expected.dtype.newbyteorder("=")).tobytes() == expected.tobytes()


@pytest.mark.parametrize("form", ["<", ">", "ascii"])
@pytest.mark.parametrize("rest", [0, 9, 24, 45])
def test_every_column_lands_in_its_field_and_comes_back(tmp_path, form, rest):
    extra = [("nx", "f4"), ("red", "u1"), ("label", "i4"), ("weight", "f8"), ("id", "u2")]
    rows = rows_of(2051, rest, extra)  # more than are read at once
    cloud = read_ply(save(tmp_path / "in.ply", rows, form)).cloud
    k = rest // 3
    expected = {"x": cloud.means[:, 0], "z": cloud.means[:, 2], "rot_0": cloud.quats[:, 0]}
    expected |= {"rot_3": cloud.quats[:, 3], "scale_1": cloud.log_scales[:, 1]}
    expected |= {"opacity": cloud.opacity_logits, "f_dc_2": cloud.sh[:, 0, 2]}
    if rest:  # all of red, then green, then blue
        expected |= {"f_rest_0": cloud.sh[:, 1, 0], f"f_rest_{k - 1}": cloud.sh[:, k, 0]}
        expected |= {f"f_rest_{k}": cloud.sh[:, 1, 1], f"f_rest_{rest - 1}": cloud.sh[:, k, 2]}
    expected |= {name: cloud.extra[name] for name, _ in extra}
    for name, values in expected.items():
        np.testing.assert_array_equal(values, rows[name], name)
        assert values.dtype == rows[name].dtype
    assert cloud.sh.shape == (2051, k + 1, 3)

    write_ply(tmp_path / "out.ply", cloud)
    assert vertex_data(tmp_path / "out.ply").dtype == rows.dtype
    assert vertex_data(tmp_path / "out.ply").tobytes() == rows.tobytes()


@pytest.mark.parametrize("scene, dropped", [("kitchen", 1), ("plush", 1), ("fox", 0)])
def test_real_scenes_come_back_bit_for_bit(tmp_path, scene, dropped):
    source = SCENES / scene / "point_cloud.ply"
    if not source.exists():
        pytest.skip("the real scenes are not beside the project")
    splat = read_ply(source)
    assert splat.dropped == dropped
    write_ply(tmp_path / "out.ply", splat.cloud)
    rows = vertex_data(source)
    finite = np.isfinite(rows.view("f4").reshape(len(rows), -1)).all(axis=1)
    assert vertex_data(tmp_path / "out.ply").tobytes() == rows[finite].tobytes()


def test_only_what_a_gaussian_needs_must_be_finite(tmp_path):
    rows = rows_of(5, 9, [("nx", "f4"), ("time", "f8")])
    rows["nx"][0], rows["time"][0] = np.nan, np.inf
    rows["rot_2"][1], rows["f_rest_8"][2], rows["opacity"][3] = np.nan, np.inf, -np.inf
    splat = read_ply(save(tmp_path / "in.ply", rows))
    assert splat.dropped == 3
    np.testing.assert_array_equal(splat.cloud.means[:, 0], rows["x"][[0, 4]])
    assert same_bits(splat.cloud.extra["nx"], rows["nx"][[0, 4]])


def test_doubles_are_used_as_floats_and_go_out_as_they_were(tmp_path):
    rows = rows_of(4).astype([(name, "f8") for name in rows_of(0).dtype.names])
    rows["scale_1"] = [0.1, 1e300, 2, -0.0]  # the second is no float32
    splat = read_ply(save(tmp_path / "in.ply", rows))
    np.testing.assert_array_equal(splat.cloud.log_scales[:, 1], np.float32([0.1, 2, 0]))
    write_ply(tmp_path / "out.ply", splat.cloud)
    assert vertex_data(tmp_path / "out.ply").tobytes() == rows[[0, 2, 3]].tobytes()


def test_of_doubles_only_what_was_edited_loses_digits(tmp_path):
    rows = rows_of(3).astype([(name, "f8") for name in rows_of(0).dtype.names])
    cloud = read_ply(save(tmp_path / "in.ply", rows)).cloud
    means = cloud.means.copy()
    means[1, 0] = 0.1
    both = concatenate(
        [replace(cloud, means=means), read_ply(save(tmp_path / "b.ply", rows_of(2, seed=1))).cloud]
    )
    write_ply(tmp_path / "out.ply", both)
    back = vertex_data(tmp_path / "out.ply")
    rows["x"][1] = np.float32(0.1)
    assert back[:3].tobytes() == rows.tobytes()
    np.testing.assert_array_equal(back["x"][3:], rows_of(2, seed=1)["x"])


@pytest.mark.parametrize("form", ["<", "ascii"])
def test_other_elements_and_strange_comments_are_passed_over(tmp_path, form):
    rows = rows_of(4)
    path = save(tmp_path / "in.ply", rows, form, before=[CAMERA], after=[FACES])
    text = "comment made by Zoë\x0bend_header\n".encode()
    path.write_bytes(path.read_bytes().replace(b"\nelement", b"\n" + text + b"element", 1))
    np.testing.assert_array_equal(read_ply(path).cloud.means[:, 1], rows["y"])


def test_the_shortest_ascii_rows_are_read(tmp_path):
    path = save(tmp_path / "in.ply", rows_of(1, rest=0), "ascii")
    head, _ = path.read_bytes().split(b"end_header\n", 1)
    path.write_bytes(head + b"end_header\n" + b" ".join([b"1"] * 14))
    np.testing.assert_array_equal(read_ply(path).cloud.quats, [[1, 1, 1, 1]])


def test_windows_line_ends_are_read(tmp_path):
    path = save(tmp_path / "in.ply", rows := rows_of(3))
    head, data = path.read_bytes().split(b"end_header\n", 1)
    path.write_bytes(head.replace(b"\n", b"\r\n") + b"end_header\r\n" + data)
    np.testing.assert_array_equal(read_ply(path).cloud.means[:, 0], rows["x"])


def test_a_cloud_without_a_file_is_laid_out_as_the_reference_trainer_does(make_cloud, tmp_path):
    cloud = make_cloud(3, degree=1, extra={"label": np.array([7, 8, 9])})
    write_ply(tmp_path / "out.ply", cloud)
    rows = vertex_data(tmp_path / "out.ply")
    order = "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 f_rest_0 f_rest_1 f_rest_2 f_rest_3 f_rest_4 "
    order += "f_rest_5 f_rest_6 f_rest_7 f_rest_8 opacity scale_0 scale_1 scale_2 rot_0 rot_1 "
    assert list(rows.dtype.names) == (order + "rot_2 rot_3 label").split()
    np.testing.assert_array_equal(rows["ny"], 0)
    np.testing.assert_array_equal(rows["label"], [7, 8, 9])
    np.testing.assert_array_equal(rows["f_rest_4"], cloud.sh[:, 2, 1])


def test_columns_of_a_higher_degree_are_not_written_with_a_lower_one(tmp_path):
    cloud = read_ply(save(tmp_path / "in.ply", rows_of(3, rest=45))).cloud
    write_ply(tmp_path / "out.ply", replace(cloud, sh=cloud.sh[:, :4]))
    back = read_ply(tmp_path / "out.ply").cloud
    np.testing.assert_array_equal(back.sh, cloud.sh[:, :4])


def test_the_file_may_be_overwritten_while_its_cloud_is_in_use(tmp_path):
    rows = rows_of(5)
    path = save(tmp_path / "in.ply", rows, "<")
    cloud = read_ply(path).cloud
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.write(bytes(size))
    np.testing.assert_array_equal(cloud.means[:, 0], rows["x"])
    write_ply(path, cloud)
    np.testing.assert_array_equal(read_ply(path).cloud.means, cloud.means)


def test_a_failed_write_leaves_the_old_file(make_cloud, tmp_path):
    path = tmp_path / "scene.ply"
    path.write_bytes(b"old")
    with pytest.raises(ValueError):  # the second column breaks off in the middle
        write_ply(path, make_cloud(3000, extra={"a": np.zeros(3000), "b": np.zeros(2500)}))
    assert [p.name for p in tmp_path.iterdir()] == ["scene.ply"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("target", ["", "file/scene.ply", "file/no/scene.ply"])
def test_writing_where_nothing_can_be_written_is_refused(make_cloud, tmp_path, target):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput):
        write_ply(tmp_path / target, make_cloud())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_empty_cloud_is_not_written(make_cloud, tmp_path):
    with pytest.raises(BadInput):
        write_ply(tmp_path / "out.ply", make_cloud(0))
    assert not any(tmp_path.iterdir())


# What a person meets, and a word of the sentence that tells them.


def refusal(path: Path) -> str:
    """The message of `read_ply`'s refusal, which may not take memory to find out."""
    tracemalloc.start()
    with pytest.raises(BadInput) as caught:
        read_ply(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20
    assert caught.value.advice
    return caught.value.message


def splat_bytes(tmp_path: Path, form: str = "<", **elements) -> bytes:
    return save(tmp_path / "whole.ply", rows_of(10), form, **elements).read_bytes()


@pytest.mark.parametrize("form", ["<", "ascii"])
@pytest.mark.parametrize("count", ["9", "11", "1000000", "1000000000000000", "-1", "0", "1e3", "x"])
def test_a_count_that_lies_is_refused(tmp_path, form, count):
    data = splat_bytes(tmp_path, form).replace(b"vertex 10\n", b"vertex " + count.encode() + b"\n")
    (tmp_path / "bad.ply").write_bytes(data)
    refusal(tmp_path / "bad.ply")


@pytest.mark.parametrize("form", ["<", ">", "ascii"])
@pytest.mark.parametrize("keep", [0.4, 0.7, 0.95])
def test_a_truncated_file_is_refused(tmp_path, form, keep):
    data = splat_bytes(tmp_path, form)
    (tmp_path / "bad.ply").write_bytes(data[: int(keep * len(data))])
    refusal(tmp_path / "bad.ply")


def test_a_truncated_element_behind_the_gaussians_is_refused(tmp_path):
    for form, row_bytes in (("<", 5), ("ascii", len("1.5 2\n"))):
        data = splat_bytes(tmp_path, form, after=[CAMERA])
        (tmp_path / "bad.ply").write_bytes(data[:-row_bytes])
        refusal(tmp_path / "bad.ply")


BAD_FILES = {
    "empty file": (b"", "not a PLY"),
    "other format": (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a PLY"),
    "no end": (b"ply\nformat ascii 1.0\nelement vertex 1\n", "no end"),
    "unknown format": (b"ply\nformat binary 1.0\nend_header\n", "header is wrong"),
    "unknown type": (
        b"ply\nformat ascii 1.0\nelement vertex 1\nproperty half x\nend_header\n",
        "header is wrong",
    ),
    "column twice": (
        b"ply\nformat ascii 1.0\nelement vertex 1\n" + 2 * b"property float x\n" + b"end_header\n",
        "header is wrong",
    ),
    "no points": (b"ply\nformat ascii 1.0\nelement face 0\nend_header\n", "no points"),
    "entries of nothing": (
        b"ply\nformat ascii 1.0\nelement a 9223372036854775808\nelement vertex 1\nend_header\n",
        "9,223,372,036,854,775,808 entries",
    ),
    "element without a number": (
        b"ply\nformat ascii 1.0\nelement a b 1\nend_header\n",
        "without a number",
    ),
    "thousands of elements": (
        b"ply\nformat ascii 1.0\n"
        + b"".join(b"element a%d 0\n" % i for i in range(15_000))
        + b"end_header\n",
        "too many",
    ),
    "no columns": (b"ply\nformat ascii 1.0\nelement vertex 1\nend_header\n1\n", "lack x, y, z"),
    "SuperSplat": (
        b"ply\nformat binary_little_endian 1.0\nelement chunk 1\nproperty float min_x\n"
        b"element vertex 1\nproperty uint packed_position\nend_header\n" + bytes(8),
        "compressed",
    ),
}


@pytest.mark.parametrize("data, word", BAD_FILES.values(), ids=BAD_FILES)
def test_what_is_no_splat_is_refused(tmp_path, data, word):
    (tmp_path / "bad.ply").write_bytes(data)
    assert word in refusal(tmp_path / "bad.ply")


def test_a_mesh_is_told_from_a_splat(tmp_path):
    points = np.zeros(4, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("red", "u1")])
    message = refusal(save(tmp_path / "mesh.ply", points, after=[FACES]))
    assert "mesh.ply" in message and "f_dc_0" in message and "lack x" not in message


@pytest.mark.parametrize("rest", [3, 8, 10, 44, 72])
def test_a_wrong_number_of_sh_columns_is_refused(tmp_path, rest):
    assert f"{rest} f_rest" in refusal(save(tmp_path / "bad.ply", rows_of(3, rest)))


def test_misnumbered_sh_columns_are_refused(tmp_path):
    rows = rows_of(3, rest=9)
    rows.dtype.names = [name.replace("f_rest_8", "f_rest_9") for name in rows.dtype.names]
    assert "f_rest" in refusal(save(tmp_path / "bad.ply", rows))


def test_lists_among_or_before_the_gaussians_are_refused(tmp_path):
    assert "lists" in refusal(save(tmp_path / "before.ply", rows_of(3), before=[FACES]))
    rows = np.array([(*rows_of(1)[0], [1, 2])], [*rows_of(0).dtype.descr, ("ids", object)])
    assert "lists" in refusal(save(tmp_path / "among.ply", rows))


def test_ascii_rows_that_are_no_numbers_are_refused(tmp_path):
    whole = splat_bytes(tmp_path, "ascii")
    last = whole.rindex(b" ")
    for data in (whole[:last] + b" abc\n", whole[:last] + b"\n", whole[:-1] + b" 1\n"):
        (tmp_path / "bad.ply").write_bytes(data)
        refusal(tmp_path / "bad.ply")


def test_an_endless_ascii_row_is_not_taken_apart(tmp_path):
    whole = splat_bytes(tmp_path, "ascii")
    (tmp_path / "bad.ply").write_bytes(whole[:-1] + b" 1" * 200_000 + b"\n")
    refusal(tmp_path / "bad.ply")


def test_nothing_finite_is_refused(tmp_path):
    rows = rows_of(3)
    rows["x"] = np.nan
    assert "All 3 Gaussians" in refusal(save(tmp_path / "bad.ply", rows))


def test_a_giant_header_is_not_read_whole(tmp_path):
    with (tmp_path / "bad.ply").open("wb") as stream:
        stream.write(b"ply\nformat ascii 1.0\ncomment ")
        stream.truncate(2**30)
    assert "no end" in refusal(tmp_path / "bad.ply")


def test_missing_files_and_folders_are_refused(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "none.ply")
    assert "folder" in refusal(tmp_path)
