"""How well what is asked for is found: synthetic scenes of three kinds, and the real ones.

Last line of the output: JSON {"one_click": {"object", "part"}, "auto_scale": {the same},
"three_clicks", "decompose", "text", "real": {scene: {object: {"best", "auto"}}}, "options"}.
Clicks are at the default threshold; one and three clicks at the best scale of ten. Of
the automatic scale a part is the best of what is found at first, and one and two steps
smaller: nobody can tell from one click whether the mug is meant or its handle.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_erosion, label
from sklearn.metrics import adjusted_rand_score

from backend.engine import Engine
from backend.protocol import Click, Decompose, Find
from backend.rendering import make_rasterizer

from .clicks import selected_by
from .fit import best_ious, each, iou, purity
from .pictures import most_interior
from .real import DATA, RealScene, click_labelled, prepare, train
from .synthetic import LAYOUTS
from .trial import Outcome, Trial, mean_iou

LOOKED_AT = 8  # views that errors are looked for in
MARGIN = 2  # pixels between a click on an error and its edge: nobody clicks on an outline
CLICKS = 3
RIGHT = 0.5  # IoU from which on a thing that was found is the one that was meant
OPTIONS = {
    "connected": {"connected": True},
    "without_strays": {"without_strays": True},
    "refine": {"refine": True},
}


def several_clicks(trial: Trial, first: dict[str, Outcome]) -> float:
    """Mean IoU after each selection was mended by clicks on its largest errors."""
    clicks = {target: trial.click_on(target) for target in first}
    outcomes = dict(first)
    for _ in range(CLICKS - 1):
        for target, click in largest_errors(trial, outcomes).items():
            clicks[target] = replace(clicks[target], clicks=(*clicks[target].clicks, click))
            outcomes[target] = trial.try_click(clicks[target], target)
    return mean_iou(outcomes)


def largest_errors(trial: Trial, outcomes: dict[str, Outcome]) -> dict[str, Click]:
    """A click in the middle of the largest wrong region of each selection, in any view.

    Targets whose wrong regions are all too thin to be pointed at have none.
    """
    selections = np.stack([outcome.mask for outcome in outcomes.values()], axis=1)
    rasterizer = make_rasterizer(trial.scene.cloud, "cpu")
    largest: dict[str, tuple[int, Click]] = {}
    cameras = trial.scene.cameras
    for view in range(0, len(cameras), max(1, len(cameras) // LOOKED_AT)):
        drawn = rasterizer.render(cameras[view], selections.astype(np.float32)).values > 0.5
        for k, target in enumerate(outcomes):
            shown = trial.shown(target, view)
            size, region = largest_region(drawn[..., k] != shown)
            if size > largest.get(target, (0,))[0]:
                column, row = most_interior(region)
                place = cameras[view].name, (column + 0.5, row + 0.5)
                largest[target] = size, Click(bool(shown[row, column]), *place)
    return {target: click for target, (_, click) in largest.items()}


def largest_region(wrong: np.ndarray) -> tuple[int, np.ndarray]:
    """The largest connected region of a boolean picture within its margin: size, boolean [H, W]."""
    regions, _ = label(binary_erosion(wrong, iterations=MARGIN))
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    return int(sizes.max()), regions == sizes.argmax()


def decompose(trial: Trial) -> dict[str, float]:
    """All objects at the default scale, without a click, against the truth."""
    reply = trial.engine.handle(Decompose(scene=str(trial.ply)))
    (labels,), truth = reply.labels, trial.scene.object_labels
    objects, clusters = each(truth), each(labels)
    return {
        "mean_best_iou": float(best_ious(objects, clusters).mean()),
        "objects_whole": purity(objects, clusters),  # low where objects are cut up
        "clusters_pure": purity(clusters, objects),  # low where objects are run together
        "ari": float(adjusted_rand_score(truth, labels)),
    }


def options(trial: Trial, first: dict[str, Outcome]) -> dict[str, float]:
    """Mean IoU of the best clicks with each option, and without any as "none"."""
    gains = {"none": mean_iou(first)}
    for name, option in OPTIONS.items():
        fits = []
        for target, outcome in first.items():
            click = replace(trial.click_on(target), scale=outcome.scale, **option)
            fits.append(iou(selected_by(trial.engine, click), trial.gaussians_of(target)))
        gains[name] = float(np.mean(fits))
    return gains


def measure(trial: Trial) -> dict:
    """Everything that is measured on one synthetic scene."""
    scene = trial.scene
    objects, parts = (trial.one_click(names) for names in (scene.object_names, scene.parts))
    return {
        "one_click": {"object": mean_iou(objects), "part": mean_iou(parts)},
        "auto_scale": {
            "object": trial.automatic(scene.object_names),
            "part": trial.automatic(scene.parts, steps=(0, -1, -2)),
        },
        "three_clicks": several_clicks(trial, {**objects, **parts}),
        "decompose": decompose(trial),
        "options": options(trial, objects),
    }


def averaged(results: list) -> dict | float:
    """The mean of nested results of the same shape, rounded."""
    if isinstance(results[0], dict):
        return {key: averaged([result[key] for result in results]) for key in results[0]}
    return round(float(np.mean(results)), 3)


def find_named(engine: Engine, scene: RealScene, model: Path) -> list[tuple[float, float]]:
    """Each labelled object by its name: IoU of what comes first, 1 / rank of the right one."""
    results = []
    for number, name in scene.objects.items():
        request = Find(
            scene=str(scene.ply), text=name, model=str(model), views=str(scene.source),
            masks=str(scene.source / "sam_masks"), most=10, floor=0.0,
        )  # fmt: skip
        found = engine.handle(request)
        masks = np.unpackbits(found.masks, axis=1, count=found.total).astype(bool)
        truths = {view: image == number for view, image in scene.labels.items()}
        fits = np.mean(
            [
                [iou(one, truth) for one in scene.seen(view, masks)]
                for view, truth in truths.items()
                if truth.any()
            ],
            axis=0,
        )
        rank = int(np.argmax(fits > RIGHT)) + 1 if (fits > RIGHT).any() else np.inf
        print(f"  {name!r}: IoU {fits[0]:.2f} of the first, the right one comes at {rank}")
        results.append((float(fits[0]), 1 / rank))
    return results


def measure_real(folder: Path) -> tuple[dict, dict]:
    """One click on each labelled object of the real scenes, and each by its name."""
    engine, clicked, named = Engine(), {}, []
    for source in sorted(path.parent.parent for path in DATA.glob("scenes/*/masks/labels.json")):
        print(f"\n{source.name}", flush=True)
        scene = prepare(source, folder / source.name)
        train(engine, scene)
        clicked[source.name] = click_labelled(engine, scene)
        named += find_named(engine, scene, DATA / "models/text_image_conse")
    if not named:
        return {}, {}
    first, reciprocal = np.mean(named, axis=0)
    return clicked, {"miou": round(first, 3), "reciprocal_rank": round(reciprocal, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/quality"), help="for all")
    parser.add_argument("--gaussians", type=int, default=100_000)
    parser.add_argument("--views", type=int, default=40)
    parser.add_argument("--kinds", nargs="*", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--no-real", action="store_true", help="only the synthetic scenes")
    arguments = parser.parse_args()
    measured = []
    for kind in arguments.kinds:
        print(f"\n{kind}", flush=True)
        trial = Trial(arguments.folder / kind, kind, arguments.gaussians, arguments.views)
        trial.train()
        measured.append(measure(trial))
        print(json.dumps(averaged(measured[-1:])), flush=True)
    results = averaged(measured) if measured else {}
    if not arguments.no_real:
        results["real"], results["text"] = measure_real(arguments.folder)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
