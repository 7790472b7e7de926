"""Copies of a client's files: in their folder, piece by piece, whole or not at all."""

import os
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from backend.errors import BadInput
from backend.files import replacing
from backend.mirror import PIECE_BYTES, Mirror, private_folder
from backend.protocol import Bring, Keep, Only, joined

MODIFIED = 1_700_000_000_123_456_700


@pytest.fixture
def mirror(tmp_path) -> Mirror:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return Mirror(folder)


def keep(mirror, offset=0, piece=None, path="me/a scene.ply", size=10, modified=MODIFIED):
    data = None if piece is None else np.frombuffer(piece, np.uint8)
    kept = mirror.answer(Keep(path, size, modified, offset, data))
    return kept.bytes, kept.whole


def test_a_file_comes_in_pieces_and_appears_when_it_is_whole(mirror):
    copy = mirror.folder / "me" / "a scene.ply"
    assert keep(mirror) == (0, False)
    assert keep(mirror, 0, b"01234") == (5, False)
    assert keep(mirror, 3, b"3456") == (7, False)  # from another Blender that sends it, too
    assert not copy.exists()
    assert keep(mirror) == (7, False)
    assert keep(mirror, 7, b"789") == (10, True)
    assert copy.read_bytes() == b"0123456789" and copy.stat().st_mtime_ns == MODIFIED
    assert keep(mirror) == (10, True)
    assert keep(mirror, 7, b"789") == (10, True)


def test_a_changed_file_takes_the_place_of_the_old_one_and_of_what_was_begun(mirror):
    keep(mirror, 0, b"0123456789")
    keep(mirror, 0, b"01", modified=MODIFIED + 1)
    assert keep(mirror, modified=MODIFIED + 2) == (0, False)
    assert keep(mirror, 0, b"", size=0, modified=MODIFIED + 2) == (0, True)
    (copy,) = (mirror.folder / "me").iterdir()
    assert copy.read_bytes() == b""


def test_a_piece_that_was_lost_is_told(mirror):
    keep(mirror, 0, b"01")
    with pytest.raises(BadInput, match="lost"):
        keep(mirror, 4, b"456789")
    assert keep(mirror) == (2, False)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/etc/passwd", "me/../../outside", "out/side", "out", "a\0b", "x" * 5000],
)
def test_nothing_leads_out_of_the_folder(mirror, tmp_path, path):
    (mirror.folder / "out").symlink_to(tmp_path)
    (tmp_path / "side").write_bytes(b"secret")
    with pytest.raises(BadInput):
        keep(mirror, 0, b"0123456789", path=path)
    with pytest.raises(BadInput):
        mirror.answer(Bring(path))
    (tmp_path / "side").chmod(0o400)  # as copies are
    with suppress(BadInput):  # of a name that no file can have there is no copy
        mirror.answer(Only(joined([path]), joined([])))
    assert (tmp_path / "side").read_bytes() == b"secret"


def test_only_copies_of_what_the_client_still_has_stay_where_it_says(mirror):
    for name in ("s.ply", "t.ply", "cameras.json", "masks/a.png", "masks/l/b.png", "ö \udcff.png"):
        keep(mirror, 0, b"0123456789", path=f"me/{name}")
    for name in ("field", "masks/c.npz", "begun.123-4.part"):
        (mirror.folder / "me" / name).write_bytes(b"made here")
    within = joined(
        f"me/{name}" for name in ("field", "cameras.json", "masks", "x" * 300, "ö \udcff.png")
    )
    files = joined(["me/masks/a.png", "me/ö \udcff.png"])
    assert mirror.answer(Only(within, files)).count == 2
    there = {path.name for path in mirror.folder.rglob("*") if path.is_file()}
    assert there == {
        "s.ply", "t.ply", "a.png", "ö \udcff.png", "field", "c.npz", "begun.123-4.part",
    }  # fmt: skip


def test_a_file_that_cannot_be_written_is_told(mirror):
    (mirror.folder / "me").write_bytes(b"a file where a folder should be")
    with pytest.raises(BadInput, match="cannot be used"):
        keep(mirror, 0, b"0123456789")


def test_a_file_is_brought_in_pieces(mirror):
    content = np.random.default_rng(0).bytes(PIECE_BYTES + 5)
    (mirror.folder / "field").write_bytes(content)
    first = mirror.answer(Bring("field"))
    second = mirror.answer(Bring("field", PIECE_BYTES))
    end = mirror.answer(Bring("field", PIECE_BYTES + 5))
    assert first.piece.tobytes() + second.piece.tobytes() == content and len(end.piece) == 0
    assert first.size == len(content) and first.modified == second.modified > 0
    assert mirror.answer(Bring("nothing")).modified == 0


def asked_days_ago(path, days):
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns - days * 86_400 * 10**9, found.st_mtime_ns))


def test_copies_go_after_a_month_and_what_was_made_here_stays_until_it_was_brought(mirror):
    for name in ("old/a.ply", "old/images/1.png", "new/a.ply", "asked/a.ply"):
        keep(mirror, 0, b"0123456789", path=f"me/{name}")
        asked_days_ago(mirror.folder / "me" / name, 29 if name.startswith("new") else 31)
    assert keep(mirror, path="me/asked/a.ply") == (10, True)
    keep(mirror, 0, b"01", path="me/old/begun.ply")
    (begun,) = mirror.folder.rglob("*.part")
    os.utime(begun, (0, 0))
    made_here = mirror.folder / "me/old/a.saga"
    made_here.mkdir()
    for result in (made_here / "field", made_here / "added.json"):
        result.write_bytes(b"learned")
        os.utime(result, (0, 0))

    assert mirror.remove_unused() == 3
    there = {path.relative_to(mirror.folder / "me").as_posix() for path in mirror.folder.rglob("*")}
    results = {"old", "old/a.saga", "old/a.saga/field", "old/a.saga/added.json"}
    assert there - {"."} == results | {"new", "new/a.ply", "asked", "asked/a.ply"}

    field = Bring("me/old/a.saga/field", 0)
    assert mirror.answer(field).piece.tobytes() == b"learned"
    asked_days_ago(made_here / "field", 31)
    assert mirror.remove_unused() == 0  # nobody knows yet whether it arrived
    assert len(mirror.answer(replace(field, offset=7)).piece) == 0
    assert mirror.remove_unused() == 0
    asked_days_ago(made_here / "field", 31)
    assert mirror.remove_unused() == 1


def test_what_takes_the_place_of_a_copy_here_is_no_copy(mirror):
    keep(mirror, 0, b"0123456789")
    path = mirror.folder / "me" / "a scene.ply"
    with replacing(path) as file:
        file.write(b"learned anew")
    os.utime(path, (0, 0))
    assert mirror.remove_unused() == 0
    assert keep(mirror, 0, b"0123456789") == (10, True)


def test_what_was_made_here_is_replaced_by_what_is_newer_alone(mirror):
    path = mirror.folder / "field"
    path.write_bytes(b"learned")
    os.utime(path, ns=(0, MODIFIED + 1))
    old = mirror.answer(Keep("field", 3, MODIFIED, 0, np.zeros(3, np.uint8)))
    assert (old.whole, old.newer) == (False, True) and path.read_bytes() == b"learned"
    assert len(mirror.answer(Bring("field", 7)).piece) == 0  # brought: it is a copy from now on
    assert keep(mirror, 0, b"old", path="field", size=3) == (3, True)
    path.unlink()
    path.write_bytes(b"learned")
    os.utime(path, ns=(0, MODIFIED - 1))
    assert keep(mirror, 0, b"new", path="field", size=3) == (3, True)


def test_the_private_folder_is_closed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    folder = private_folder()
    folder.chmod(0o755)
    assert private_folder() == folder == tmp_path / "caches" / "saga-blender"
    assert folder.stat().st_mode & 0o777 == 0o700
