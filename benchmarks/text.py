"""Finding by name at scale: 30,000 masks grouped, and one question to a million Gaussians.

Masks, things and the weights of the text model (ViT-B-16) are random: what is measured
is time and memory. Last line of the output: JSON {"group_s", "peak_mb", "question_ms",
"text_ms"}: a question is a new text each time, text_ms is the text model's share of it.
"""

import argparse
import itertools
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from backend.affinity.field import AffinityField
from backend.affinity.ray_bank import ViewRays
from backend.affinity.recipes import RECIPES
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.language.image_text import ImageTextModel, unit
from backend.language.index import TextIndex
from backend.language.models import load_image_text_model
from backend.language.relevancy import NEUTRAL, encode_names
from backend.language.search import distinct_hits, rank
from backend.language.votes import choose_votes
from backend.masks.torchvision_compat import import_torchvision
from backend.rendering.rasterizer import RayContributions
from backend.segmentation.agreement import agree
from backend.segmentation.similarity import THRESHOLD

from .timing import median_ms

DIM = RECIPES["fast"].dim
PIXELS, BEHIND, SEEN = 5_000, 8, 16  # of a view; Gaussians of a pixel; pictures of a thing


def made_up(things: int, views: int, per_view: int, gaussians: int, rng: np.random.Generator):
    """A field of as many things, few large and many small, and masks of some in each view."""
    centres = unit(rng.normal(size=(things, DIM)))
    share = 1 / np.arange(1, things + 1)
    share /= share.sum()
    thing = np.sort(rng.choice(things, gaussians, p=share))
    features = unit(centres[thing] + rng.normal(0, 0.05, (gaussians, DIM)))
    scales = ScaleMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    field = AffinityField(torch.from_numpy(features), ScaleGate.opened(DIM), scales)
    first, count = np.searchsorted(thing, np.arange(things)), np.bincount(thing, minlength=things)
    bank = []
    for view in range(views):
        shown = rng.choice(things, per_view, replace=False, p=share)
        pixels = shown[rng.integers(per_view, size=PIXELS)]
        of_pixel = first[pixels, None] + rng.integers(count[pixels, None], size=(PIXELS, BEHIND))
        traced = RayContributions(
            BEHIND * np.arange(PIXELS + 1),
            of_pixel.ravel().astype(np.int32),
            np.full(of_pixel.size, 1 / BEHIND, np.float32),
            np.ones(PIXELS, np.float32),
        )
        mask = np.arange(per_view)
        membership = pixels[:, None] == shown
        of_mask = rng.random(per_view) * 1e4, mask
        bank.append(
            ViewRays(traced, membership, str(view), np.zeros((PIXELS, 2), np.int64),
                     rng.random(per_view), *of_mask)
        )  # fmt: skip
    return field, bank


def group(field: AffinityField, bank: list[ViewRays]) -> int:
    """All of the index but the text model's look at the pictures; returns how many things."""
    things = agree(field, bank, bank)
    choose_votes(bank, things.selected(THRESHOLD).tocsr())
    return len(things)


def random_vit_b_16(folder: Path) -> ImageTextModel:
    """The default model with random weights, loaded as a person's would be."""
    import_torchvision()
    import open_clip

    path = folder / "ViT-B-16.pt"
    torch.save(open_clip.create_model("ViT-B-16").state_dict(), path)
    return load_image_text_model(str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--views", type=int, default=300)
    parser.add_argument("--masks", type=int, default=100, help="in each view")
    parser.add_argument("--things", type=int, default=600)
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=9)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    field, bank = made_up(
        arguments.things, arguments.views, arguments.masks, arguments.gaussians, rng
    )
    group(*made_up(20, 4, 10, 2_000, rng))  # compiles
    started = time.perf_counter()
    found = group(field, bank)
    results = {"group_s": round(time.perf_counter() - started, 1)}
    results["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)
    masks = arguments.views * arguments.masks
    print(f"{masks:,} masks agree on {found} of {arguments.things} things")
    with tempfile.TemporaryDirectory() as folder:
        model = random_vit_b_16(Path(folder))
    owner = np.repeat(np.arange(arguments.things), SEEN)
    pictures = unit(rng.normal(size=(len(owner), model.encode_texts(["a"]).shape[1])))
    bits = rng.integers(0, 256, (arguments.things, -(-arguments.gaussians // 8)), np.uint8)
    index = TextIndex(bits, pictures, owner, encode_names(model, list(NEUTRAL)))

    names = (f"red thing {k}" for k in itertools.count())
    ways = {
        "question": lambda: distinct_hits(
            index.selections, rank(index, model, next(names)), 0.0, 5
        ),
        "text": lambda: encode_names(model, [next(names)]),
    }
    for name, work in ways.items():
        results[f"{name}_ms"] = round(median_ms(work, arguments.questions), 1)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
