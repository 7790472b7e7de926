"""Finding by name at scale: 30,000 masks grouped, and one question to a million Gaussians.

Masks, things and the weights of the text model (ViT-B-16) are random: what is measured
is time and memory. Last line of the output: JSON {"group_s", "peak_mb", "question_ms",
"text_ms"}: a question is a new text each time, text_ms is the text model's share of it.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from backend.affinity.field import AffinityField
from backend.affinity.recipes import RECIPES
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.language.image_text import ImageTextModel, unit
from backend.language.index import TextIndex
from backend.language.lifted_masks import (
    LiftedMasks,
    ViewSample,
    choose_anchors,
    selected_anchors,
)
from backend.language.models import load_image_text_model
from backend.language.relevancy import NEUTRAL, encode_names
from backend.language.search import distinct_hits, rank
from backend.language.targets import choose_votes, find_targets
from backend.language.vote_graph import cluster_masks
from backend.masks.torchvision_compat import import_torchvision

DIM = RECIPES["fast"].dim
PIXELS, SEEN = 5_000, 16  # sampled in a view; pictures of a thing


def made_up(things: int, views: int, per_view: int, gaussians: int, rng: np.random.Generator):
    """A field of as many things, few large and many small, and masks of some in each view."""
    centres = unit(rng.normal(size=(things, DIM)))
    share = 1 / np.arange(1, things + 1)
    share /= share.sum()
    thing = rng.choice(things, gaussians, p=share)
    features = unit(centres[thing] + rng.normal(0, 0.05, (gaussians, DIM)))
    scales = ScaleMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    field = AffinityField(torch.from_numpy(features), ScaleGate.opened(DIM), scales)
    samples, queries = [], []
    for view in range(views):
        shown = rng.choice(things, per_view, replace=False, p=share)
        pixels = shown[rng.integers(per_view, size=PIXELS)]
        rendered = (centres[pixels] + rng.normal(0, 0.05, (PIXELS, DIM))).astype(np.float16)
        samples.append(ViewSample(str(view), rendered, pixels[:, None] == shown))
        queries.append(centres[shown] + rng.normal(0, 0.05, (per_view, DIM)))
    count = views * per_view
    lifted = LiftedMasks(
        tuple(samples),
        np.repeat(np.arange(views, dtype=np.int32), per_view),
        np.tile(np.arange(per_view, dtype=np.int32), views),
        rng.random(count) * 1e4,
        np.concatenate(queries).astype(np.float32),
        rng.random(count),
    )
    return field, lifted


def group(field: AffinityField, lifted: LiftedMasks, rng: np.random.Generator) -> int:
    """All of the index but the text model's look at the pictures; returns how many things."""
    anchors = choose_anchors(field, rng)
    selected = selected_anchors(field, anchors, lifted.features, lifted.scales)
    labels = cluster_masks(selected, 3)
    targets = find_targets(lifted, labels)
    choose_votes(field, lifted, labels, targets)
    return len(targets)


def random_vit_b_16(folder: Path) -> ImageTextModel:
    """The default model with random weights, loaded as a person's would be."""
    import_torchvision()
    import open_clip

    path = folder / "ViT-B-16.pt"
    torch.save(open_clip.create_model("ViT-B-16").state_dict(), path)
    return load_image_text_model(str(path))


def median_ms(work: Callable[[str], object], texts: list[str]) -> float:
    """Median time of a call, each with another text."""
    times = []
    for text in texts:
        started = time.perf_counter()
        work(text)
        times.append(1e3 * (time.perf_counter() - started))
    return round(float(np.median(times)), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--views", type=int, default=300)
    parser.add_argument("--masks", type=int, default=100, help="in each view")
    parser.add_argument("--things", type=int, default=600)
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=9)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    field, lifted = made_up(
        arguments.things, arguments.views, arguments.masks, arguments.gaussians, rng
    )
    group(*made_up(20, 4, 10, 2_000, rng), rng)  # compiles
    started = time.perf_counter()
    found = group(field, lifted, rng)
    results = {"group_s": round(time.perf_counter() - started, 1)}
    results["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)
    print(f"{len(lifted):,} masks grouped to {found} of {arguments.things} things")
    with tempfile.TemporaryDirectory() as folder:
        model = random_vit_b_16(Path(folder))
    owner = np.repeat(np.arange(arguments.things), SEEN)
    pictures = unit(rng.normal(size=(len(owner), model.encode_texts(["a"]).shape[1])))
    bits = rng.integers(0, 256, (arguments.things, -(-arguments.gaussians // 8)), np.uint8)
    index = TextIndex(bits, pictures, owner, encode_names(model, list(NEUTRAL)))

    def ask(words: str) -> None:
        distinct_hits(index.selections, rank(index, model, words), 0.0, 5)

    names = [f"red thing {k}" for k in range(arguments.questions)]
    results["question_ms"] = median_ms(ask, names)
    results["text_ms"] = median_ms(lambda name: encode_names(model, [name]), names)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
