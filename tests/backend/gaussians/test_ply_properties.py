"""Whatever the columns, their types, their order and the format: plyfile reads the same."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from backend.errors import BadInput
from backend.gaussians.ply import read_ply, write_ply

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
st = hypothesis.strategies

NEEDED = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
NEEDED += ["rot_0", "rot_1", "rot_2", "rot_3"]
TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]


@st.composite
def splat_rows(draw) -> np.ndarray:
    """Structured arrays of arbitrary bits, non-finite numbers among them."""
    rest = draw(st.sampled_from([0, 9, 24, 45]))
    needed = [(name, "f4") for name in [*NEEDED, *(f"f_rest_{i}" for i in range(rest))]]
    names = st.lists(st.from_regex(r"[a-z_]{2,6}[0-9]?", fullmatch=True), max_size=4, unique=True)
    extra = [(name, draw(st.sampled_from(TYPES))) for name in draw(names)]
    hypothesis.assume(not {n for n, _ in extra} & {n for n, _ in needed})
    dtype = np.dtype(draw(st.permutations(needed + extra)))
    count = draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    rows = np.random.default_rng(seed).integers(0, 256, count * dtype.itemsize, np.uint8)
    return rows.view(dtype)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(rows=splat_rows(), byte_order=st.sampled_from("<>"))
def test_any_file_comes_back_as_it_was(rows, byte_order):
    needed = [name for name in rows.dtype.names if name.startswith("f_rest") or name in NEEDED]
    finite = np.all([np.isfinite(rows[name]) for name in needed], axis=0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scene.ply"
        PlyData([PlyElement.describe(rows, "vertex")], byte_order=byte_order).write(path)
        if not finite.any():
            with pytest.raises(BadInput):
                read_ply(path)
            return
        splat = read_ply(path)
        assert splat.dropped == np.count_nonzero(~finite)
        write_ply(path, splat.cloud)
        back = PlyData.read(io.BytesIO(path.read_bytes()))["vertex"].data
    assert back.dtype == rows.dtype
    assert back.tobytes() == rows[finite].tobytes()


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(cut=st.integers(0, 2000), junk=st.binary(max_size=12), at=st.integers(0, 2000))
def test_damage_is_refused_or_read_but_never_breaks(cut, junk, at):
    rows = np.ones(3, [(name, "f4") for name in NEEDED])
    whole = io.BytesIO()
    PlyData([PlyElement.describe(rows, "vertex")], byte_order="<").write(whole)
    data = whole.getvalue()
    data = (data[:at] + junk + data[at + len(junk) :])[: len(data) - cut]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scene.ply"
        path.write_bytes(data)
        try:
            assert len(read_ply(path).cloud) <= 3
        except BadInput as error:
            assert error.message and error.advice
