"""Made-up views against the given ones: the same clicks after training on either.

On the synthetic tabletop masks are exact; on a real scene MobileSAM finds them,
in photographs and in renderings, and a sheet of both is drawn.
Last line of the output: JSON with the mean IoU of either training and its
number of views, for the tabletop also the share of what matters (opacity x
area) that is in plain sight in at least three views: of all, and of what any
of many places to stand shows at all. With --curve: the mean IoU of a real scene
after training on so many of its photographs, spread out. With --coverage: only
the shares in plain sight, of the tabletop or the room, without any training.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from backend.affinity.field import AffinityField
from backend.cameras.camera import Camera
from backend.cameras.made_up import make_up_views
from backend.cameras.made_up.candidates import NEAREST, Candidate, propose
from backend.cameras.made_up.coverage import COARSE, look, seen_by
from backend.cameras.made_up.surface import find_surface
from backend.cameras.photographs import load_photograph
from backend.cameras.spread_out import spread_out
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.gaussians.ply import write_ply
from backend.masks.store import MaskStore
from backend.pictures import stand_in
from backend.protocol import Train
from backend.rendering import make_rasterizer
from backend.views import made_up_views, training_views

from .anew import train_anew
from .pictures import save, sheet, with_masks
from .random_clicks import iou_of_random_clicks
from .real import CHECKPOINT, DATA, RealScene, click_labelled, prepare
from .synthetic import SyntheticScene, make_scene, write_scene
from .synthetic.views import exact_masks, part_map

PLACES = 1600  # looked from, less those that are not free, for what can be seen at all
SHOWN, PICTURE = 4, (400, 300)  # views of each kind whose masks are drawn, and their pixels
JUDGED = 400  # pixels across a picture where it is judged; twice as many change it by 0.004


def without_cameras(engine: Engine, scene: SyntheticScene, ply: Path, count: int) -> list[Camera]:
    """Write a scene's .ply alone, have views made up, and write what masks they see."""
    ply.parent.mkdir(parents=True, exist_ok=True)
    write_ply(ply, scene.cloud)
    with ProgressBar() as report:
        opened = engine.open(str(ply), report)
        cameras = training_views(opened, made_up=count, report=report)
    store = MaskStore(opened.workspace.masks)
    for camera in cameras:
        parts = part_map(opened.rasterizer, camera, scene)
        store.write(camera.name, exact_masks(parts, scene))
    return cameras


def seen_in_three(scene: SyntheticScene, cameras: Sequence[Camera]) -> tuple[float, float]:
    """The share that is in plain sight in at least three views: of all that matters, and of
    what matters and can be seen at all, which is judged from places that were not chosen for it.

    In plain sight is what puts a pixel's worth or more into the picture and has less than 0.8 of
    cover in front. The rest lies inside of things, or where no camera fits between them.
    """
    rasterizer, cloud = make_rasterizer(scene.cloud, "cpu"), scene.cloud
    rng = np.random.default_rng(1)
    surface = find_surface(cloud, rng)
    near, sizes = NEAREST * surface.radius, cloud.scales.max(axis=1)

    def views_of(candidates: Iterable[Candidate], across: int) -> np.ndarray:
        sights = (look(rasterizer, cloud.means, sizes, view, near, across) for view in candidates)
        return seen_by([sight for sight in sights if sight], len(cloud))

    anywhere = propose(surface, rng.choice(surface.points, PLACES), rng)
    often = views_of((Candidate(camera, False) for camera in cameras), JUDGED) >= 3
    visible = often | (views_of(anywhere, COARSE) > 0)
    weights = surface.weights
    return float(weights[often].sum()), float(weights[often].sum() / weights[visible].sum())


def coverage(kind: str, gaussians: int) -> dict[str, dict]:
    """What the cameras of a synthetic scene show of it, and what made-up views do."""
    scene = make_scene(kind, gaussians)
    with ProgressBar() as report:
        made_up = make_up_views(scene.cloud, make_rasterizer(scene.cloud, "cpu"), report=report)
    return {
        f"{kind}, {way}": {
            "views": len(cameras),
            "seen_in_three": [round(share, 3) for share in seen_in_three(scene, cameras)],
        }
        for way, cameras in (("given", scene.cameras), ("made up", made_up))
    }


def compare_on_tabletop(folder: Path, gaussians: int, count: int, clicks: int) -> dict[str, dict]:
    """Train on the cameras of the tabletop, and on its .ply alone."""
    engine, scene = Engine("cpu"), make_scene("tabletop", gaussians)
    given, alone = (folder / name / "tabletop.ply" for name in ("given", "alone"))
    with ProgressBar() as report:
        part_maps = write_scene(scene, given, report)
    made_up = without_cameras(engine, scene, alone, count)
    results = {}
    ways = (("given", given, scene.cameras, 0), ("made_up", alone, made_up, count))
    for name, ply, cameras, asked_for in ways:
        with ProgressBar() as report:
            trained = train_anew(engine, Train(scene=str(ply), made_up_views=asked_for), report)
        field, _ = AffinityField.load(Path(trained.model))
        results[name] = {
            "miou": round(iou_of_random_clicks(scene, part_maps, field, clicks), 3),
            "views": trained.views,
            "seen_in_three": [round(share, 3) for share in seen_in_three(scene, cameras)],
        }
    return results


def compare_on_real(folder: Path, name: str, count: int | None) -> dict[str, dict]:
    """Train on the ready masks of a scene's photographs, and on SAM's of made-up views.

    Of these as many, unless another count is given.
    """
    engine, source = Engine(), DATA / "scenes" / name
    scene = prepare(source, folder / name)
    ready = MaskStore(source / "sam_masks")
    count = count or len(ready.views())
    ways = {
        "photographs": {"views": str(source), "masks": str(ready.folder)},
        "made_up": {"made_up_views": count, "sam_checkpoint": str(CHECKPOINT)},
    }
    results = {}
    for way, options in ways.items():
        with ProgressBar() as report:
            trained = train_anew(engine, Train(scene=str(scene.ply), **options), report)
        found = [result["best"] for result in click_labelled(engine, scene).values()]
        results[way] = {"miou": round(float(np.mean(found)), 3), "views": trained.views}
    draw_masks(engine, scene, count, folder / "made_up_masks.jpg")
    return results


def draw_masks(engine: Engine, scene: RealScene, count: int, path: Path) -> None:
    """A sheet: masks of made-up views, and below them those of photographs."""
    opened = engine.open(str(scene.ply))
    ways = (
        (
            made_up_views(opened, count),
            MaskStore(opened.workspace.masks),
            partial(stand_in, opened),
        ),
        (list(scene.cameras.values()), MaskStore(scene.source / "sam_masks"), load_photograph),
    )
    pictures = []
    for cameras, store, picture_of in ways:
        for camera in [camera for camera in spread_out(cameras) if camera.name in store][:SHOWN]:
            masks = store.read(camera.name)
            painted = Image.fromarray(with_masks(picture_of(camera), masks.unpack()))
            title = f"{camera.name}: {len(masks)} masks"
            pictures.append((title, np.asarray(painted.resize(PICTURE))))
    save(sheet(pictures, columns=SHOWN), path)


def curve_on_real(folder: Path, name: str, counts: Sequence[int]) -> dict[str, float]:
    """Train on the ready masks of fewer and fewer photographs of a scene."""
    engine, source = Engine(), DATA / "scenes" / name
    scene = prepare(source, folder / name)
    ready = MaskStore(source / "sam_masks")
    order = [c.name for c in spread_out(list(scene.cameras.values())) if c.name in ready]
    results = {}
    for count in counts:
        few = MaskStore(folder / name / f"masks_of_{count}")
        for view in order[:count]:
            few.write(view, ready.read(view))
        place = {"scene": str(scene.ply), "views": str(source), "masks": str(few.folder)}
        with ProgressBar() as report:
            train_anew(engine, Train(**place), report)
        found = [result["best"] for result in click_labelled(engine, scene).values()]
        results[str(count)] = round(float(np.mean(found)), 3)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", metavar="SCENE", help="a labelled real scene instead")
    parser.add_argument("--curve", type=int, nargs="+", metavar="N", help="photographs of it")
    parser.add_argument("--coverage", metavar="KIND", help="only what views of this scene show")
    parser.add_argument("--gaussians", type=int, default=100_000, help="of a synthetic scene")
    parser.add_argument("--clicks", type=int, default=3, help="on each thing of the tabletop")
    parser.add_argument(
        "--made-up", type=int, help="how many (default: automatic; real: as photographs)"
    )
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/views"))
    arguments = parser.parse_args()
    folder, count = arguments.folder, arguments.made_up
    if arguments.coverage:
        results = coverage(arguments.coverage, arguments.gaussians)
    elif arguments.curve:
        results = curve_on_real(folder, arguments.real or "kitchen", arguments.curve)
    elif arguments.real:
        results = compare_on_real(folder, arguments.real, count)
    else:
        results = compare_on_tabletop(folder, arguments.gaussians, count or 0, arguments.clicks)
    for name, result in results.items():
        print(f"{name:12} {result}")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
