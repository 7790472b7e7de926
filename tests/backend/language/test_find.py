"""Finding by name, from masks to hits: on the panels of the training tests, in three colours."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from backend.affinity.ray_bank import build_ray_bank
from backend.affinity.recipes import recipe_named
from backend.affinity.things import Things
from backend.affinity.trainer import Trainer
from backend.engine import Engine
from backend.errors import BadInput, NotTrained
from backend.gaussians.ply import write_ply
from backend.language.index import TextIndex, build_index
from backend.language.naming import named
from backend.language.search import distinct_hits, rank
from backend.masks.view_masks import ViewMasks
from backend.protocol import Find
from backend.rendering import make_rasterizer
from backend.segmentation.hierarchy import nest
from backend.segmentation.overlap import iou_of_bits

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}  # of the panels
OBJECT = dict(zip(COLORS, range(3), strict=True))  # the panel that has each colour


@pytest.fixture(scope="module")
def colored(panels):
    """The panels, each in a colour of its own, and how a view of them looks."""
    values = np.float32([COLORS[color] for color in OBJECT])[panels.objects]
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    return lambda camera: rasterizer.render(camera, values).values.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def field(panels):
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    rng = np.random.default_rng(0)
    bank = build_ray_bank(rasterizer, panels.cameras, panels, rng)
    return Trainer(panels.cloud.means, bank, recipe_named("fast", 60)).run()


@pytest.fixture
def index(panels, field, colored, sees_colors) -> TextIndex:
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    return build_index(rasterizer, panels.cameras, panels, field, sees_colors, colored)


def selected_by(index, panels, thing):
    return np.unpackbits(index.selections[thing], count=len(panels.cloud)).astype(bool)


@pytest.mark.parametrize("color", OBJECT)
def test_the_thing_that_the_words_say_comes_first(panels, index, sees_colors, color):
    ranking = rank(index, sees_colors, f"{color} panel")
    best = selected_by(index, panels, ranking.order[0])
    wanted = panels.objects == OBJECT[color]
    lower = panels.parts == 3
    fits = [(best & w).sum() / (best | w).sum() for w in (wanted, wanted & lower, wanted & ~lower)]
    assert max(fits) > 0.9
    assert ranking.scores[0] > 0.9
    assert (np.diff(ranking.scores) <= 0).all()


def test_what_is_not_there_is_not_found(index, sees_colors):
    ranking = rank(index, sees_colors, "an elephant")
    assert distinct_hits(index.selections, ranking, 0.5001, 5) == []
    assert len(distinct_hits(index.selections, ranking, 0.0, 2)) == 2


def test_where_only_one_view_has_masks_there_is_no_thing(panels, field, colored, sees_colors):
    one = panels.cameras[:1]
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    with pytest.raises(BadInput, match="do not agree on any thing"):
        build_index(rasterizer, one, panels, field, sees_colors, colored)


def test_what_one_view_shows_and_what_is_all_of_the_scene_is_not_looked_at(
    panels, field, colored, sees_colors
):
    of_panels = np.column_stack([np.eye(3)[panels.objects], np.ones(len(panels.objects))])
    things = Things(sp.csc_array(np.uint8(255 * of_panels)), np.ones(4), np.ones(4))
    masks = {}
    for name, of_view in panels.masks.items():
        seen = of_view.unpack()
        every = seen.any(axis=0)
        seen[2] &= name == "0.png"  # the last panel
        masks[name] = ViewMasks.pack(np.append(seen, every[None], axis=0), np.ones(6))
    source, knowing = replace(panels, masks=masks), replace(field, things=things)
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    index = build_index(rasterizer, panels.cameras, source, knowing, sees_colors, colored)
    selected = [selected_by(index, panels, thing) for thing in range(len(index))]
    np.testing.assert_array_equal(selected, [panels.objects == 0, panels.objects == 1])


def test_no_two_hits_are_the_same_thing(index, sees_colors):
    twice = TextIndex(
        np.repeat(index.selections, 2, axis=0),
        np.repeat(index.images, 2, axis=0),
        np.concatenate([2 * index.owner[:, None], 2 * index.owner[:, None] + 1], axis=1).ravel(),
        index.neutral,
    )
    ranking = rank(twice, sees_colors, "red")
    hits = distinct_hits(twice.selections, ranking, 0.0, 50)
    assert len(hits) <= len(index)
    for place, hit in enumerate(hits):
        others = twice.selections[ranking.order[hits[:place]]]
        assert (iou_of_bits(twice.selections[ranking.order[hit]], others) < 0.8).all()


def test_an_index_is_read_back_only_with_its_key(panels, index, tmp_path):
    path, count = tmp_path / "index.safetensors", len(panels.cloud)
    assert TextIndex.load(path, "key", count) is None
    index.save(path, "key")
    assert TextIndex.load(path, "another", count) is None
    assert TextIndex.load(path, "key", count + 8) is None
    again = TextIndex.load(path, "key", count)
    np.testing.assert_array_equal(again.selections, index.selections)
    np.testing.assert_allclose(again.images, index.images, atol=1e-3)
    path.write_bytes(path.read_bytes()[:-9])
    assert TextIndex.load(path, "key", count) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda index: {"selections": index.selections.astype(np.int32)},
        lambda index: {"selections": np.array(0, np.uint8)},
        lambda index: {"owner": index.owner + 1},
        lambda index: {"owner": index.owner * 0},  # of the other things there is no picture
        lambda index: {"owner": index.owner[1:]},
        lambda index: {"images": index.images[:, :-1]},
        lambda index: {"images": index.images * np.nan},
        lambda index: {"images": index.images[0]},
        lambda index: {"neutral": index.neutral[0]},
    ],
)
def test_an_index_that_does_not_fit_is_made_again(panels, index, tmp_path, change):
    path = tmp_path / "index.safetensors"
    replace(index, **change(index)).save(path, "key")
    assert TextIndex.load(path, "key", len(panels.cloud)) is None


def test_objects_take_the_names_of_what_they_look_like(panels, index, sees_colors, monkeypatch):
    monkeypatch.setattr("backend.language.naming.WORDS", tuple(COLORS))
    unseen = np.where(np.arange(len(panels.cloud)) % 7 == 0, 3, panels.objects)
    assert named(index, sees_colors, nest([panels.objects])) == ("red", "green", "blue")
    assert named(index, sees_colors, nest([unseen]))[3] == "Object 4"
    twice = np.where(panels.objects == 2, 0, panels.objects + 1)
    assert len(set(named(index, sees_colors, nest([panels.objects, twice])))) == 6


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"text": ""}, "no words"),
        ({"text": "  \n "}, "no words"),
        ({"text": "x" * 10_000}, "10,000 characters"),
        ({"text": "mug", "floor": 1.5}, "floor"),
        ({"text": "mug", "most": 0}, "number of results"),
        ({"text": "mug", "subset": np.array([10_000], np.int32)}, "does not belong"),
    ],
)
def test_questions_without_sense_are_refused(panels, tmp_path, message, complaint):
    write_ply(tmp_path / "a.ply", panels.cloud)
    question = replace(Find(str(tmp_path / "a.ply"), ""), **message)
    with pytest.raises(BadInput, match=complaint):
        Engine("cpu").handle(question)


def test_a_scene_that_is_not_trained_says_so_before_a_model_is_loaded(panels, tmp_path):
    write_ply(tmp_path / "a.ply", panels.cloud)
    with pytest.raises(NotTrained):
        Engine("cpu").handle(Find(str(tmp_path / "a.ply"), "mug"))
