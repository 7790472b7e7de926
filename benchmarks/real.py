"""The whole line on real photographs and real trained splats; `make real` runs it.

Each labelled object is clicked once, in the middle of its mask in the first
labelled view; the selection, rendered into the other labelled views, is
compared with the labels there. Last line of the output: JSON with the mean IoU
of each object at the best of ten scales and at the automatic one.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from backend.cameras.camera import Camera
from backend.cameras.discover import find_views
from backend.cameras.photographs import load_photograph
from backend.command_line.progress_bar import ProgressBar
from backend.engine import Engine
from backend.gaussians.ply import read_ply
from backend.masks.make import make_masks
from backend.masks.sam import load_sam
from backend.masks.store import MaskStore
from backend.protocol import Render, Select, Train
from backend.rendering import make_rasterizer

from .anew import train_anew
from .clicks import SCALES, selected_by, try_scales
from .fit import best_ious, iou
from .pictures import marked, most_interior, overlay, save, sheet

DATA = Path(os.environ.get("SAGA_DATA", "../shared/data"))
CHECKPOINT = DATA / "models/mobile_sam/mobile_sam.pt"


@dataclass(frozen=True)
class RealScene:
    """A scene of the shared data, which is only read, and a folder for all that is made of it."""

    source: Path
    work: Path

    @property
    def ply(self) -> Path:
        return self.work / "point_cloud.ply"

    @cached_property
    def cameras(self) -> dict[str, Camera]:
        """Views by the stem of their images' names, in that order."""
        return {Path(c.name).stem: c for c in find_views(self.ply, str(self.source))}

    @cached_property
    def rasterizer(self):
        return make_rasterizer(read_ply(self.ply).cloud, "cpu")

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """Label images, uint8 [H, W], by view; empty where the scene has none."""
        files = sorted((self.source / "masks").glob("*.png"))
        return {file.stem: np.asarray(Image.open(file)) for file in files}

    @property
    def objects(self) -> dict[int, str]:
        """Labels and what they mean."""
        if not self.labels:
            return {}
        names = json.loads((self.source / "masks/labels.json").read_text(encoding="utf-8"))
        return {int(label): name for label, name in names.items() if label != "0"}

    def seen(self, view: str, masks: np.ndarray) -> np.ndarray:
        """Selections, boolean [S, N], as a view shows them: boolean [S, H, W]."""
        shares = self.rasterizer.render(self.cameras[view], masks.T.astype(np.float32)).values
        return np.moveaxis(shares > 0.5, -1, 0)


def splat_of(source: Path) -> Path:
    """The splat of a scene of the shared data; where it is not, a sentence ends the program."""
    ply = source / "point_cloud.ply"
    if not ply.is_file():
        sys.exit(f"No {ply} here: let SAGA_DATA name a folder with scenes/ and models/.")
    return ply


def prepare(source: Path, work: Path) -> RealScene:
    """Lay out the work folder of a scene."""
    ply, scene = splat_of(source), RealScene(source, work)
    work.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ply, scene.ply)
    return scene


def make_fresh_masks(scene: RealScene) -> None:
    """Make one view's masks anew and say how they fit those that lie ready, where any do."""
    camera = next(iter(scene.cameras.values()))
    fresh = scene.work / "fresh_masks"
    shutil.rmtree(fresh, ignore_errors=True)
    with ProgressBar() as report:
        make_masks([camera], MaskStore(fresh), load_sam(CHECKPOINT), load_photograph, report)
    made = MaskStore(fresh).read(camera.name).unpack()
    print(f"  {camera.name}: {len(made)} masks made afresh")
    ready = MaskStore(scene.source / "sam_masks").read(camera.name)
    if ready is not None:
        fits = best_ious(ready.unpack(), made)
        print(f"  mean IoU of the {len(fits)} ready ones with them: {fits.mean():.2f}")


def train(engine: Engine, scene: RealScene, mask_minutes: float = 10) -> None:
    """Train on the masks that lie ready, else on as many as can be made in the time."""
    ready = scene.source / "sam_masks"
    masks = (
        {"masks": str(ready)}
        if ready.is_dir()
        else {"sam_checkpoint": str(CHECKPOINT), "max_mask_minutes": mask_minutes}
    )
    with ProgressBar() as report:
        message = Train(scene=str(scene.ply), views=str(scene.source), **masks)
        trained = train_anew(engine, message, report)
    print(
        f"  {trained.gaussians:,} Gaussians trained on {trained.masks} masks of "
        f"{trained.views} views in {trained.seconds:.0f} s"
    )


def click_labelled(engine: Engine, scene: RealScene) -> dict[str, dict[str, float]]:
    """Click each labelled object once; its results by name."""
    results = {}
    for label, name in scene.objects.items():
        first, *others = (view for view, image in scene.labels.items() if (image == label).any())
        pixel = most_interior(scene.labels[first] == label)
        click = click_at(scene, first, pixel)
        automatic = selected_by(engine, replace(click, scale=None))
        masks = np.concatenate([try_scales(engine, click), automatic[None]])
        fits = [
            [iou(one, scene.labels[view] == label) for one in scene.seen(view, masks)]
            for view in others
        ]
        *by_scale, auto = np.mean(fits, axis=0)
        best = int(np.argmax(by_scale))
        results[name] = {"best": round(by_scale[best], 3), "auto": round(auto, 3)}
        print(
            f"  {name:24} IoU {by_scale[best]:.2f} at scale {SCALES[best]:.1f}, "
            f"{auto:.2f} at the automatic one, {len(others)} views"
        )
        shown = [(view, view, masks[best]) for view in (first, *others[:2])]
        draw_click(engine, scene, name, first, pixel, shown)
    return results


def click_middle(engine: Engine, scene: RealScene) -> None:
    """Where nothing is labelled: one click in the middle of the first view, to look at."""
    view, camera = next(iter(scene.cameras.items()))
    pixel = camera.width // 2, camera.height // 2
    masks = try_scales(engine, click_at(scene, view, pixel))
    shown = [(f"scale {SCALES[k]:.1f}", view, masks[k]) for k in (1, 5, 9)]
    for title, _, mask in shown:
        print(f"  middle of {camera.name}, {title}: {np.count_nonzero(mask):,} Gaussians")
    draw_click(engine, scene, "the middle", view, pixel, shown)


def click_at(scene: RealScene, view: str, pixel: tuple[int, int]) -> Select:
    """A click on a pixel (column, row) of a view."""
    column, row = pixel
    place = {"scene": str(scene.ply), "views": str(scene.source), "view": view}
    return Select(**place, pixel=(column + 0.5, row + 0.5))


def draw_click(
    engine: Engine,
    scene: RealScene,
    name: str,
    view: str,
    pixel: tuple[int, int],
    selections: Sequence[tuple[str, str, np.ndarray]],
) -> None:
    """A picture of the click, the features, and selections over photographs.

    Args:
        engine, scene: trained.
        name: of what was clicked.
        view, pixel: where.
        selections: title, view to show it in, boolean [N].
    """
    features = Render(scene=str(scene.ply), views=str(scene.source), view=view, what="features")
    pictures = [
        (f"click on {name}", marked(load_photograph(scene.cameras[view]), pixel)),
        ("features", engine.handle(features).image),
    ]
    for title, other, mask in selections:
        selected = scene.seen(other, mask[None])[0]
        pictures.append((title, overlay(load_photograph(scene.cameras[other]), selected)))
    save(sheet(pictures, columns=len(pictures)), scene.work / f"{name}.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/real"), help="for all results")
    parser.add_argument("--mask-minutes", type=float, default=10, help="for a scene without masks")
    parser.add_argument("scenes", nargs="*", help="which; all when none is named")
    arguments = parser.parse_args()
    sources = sorted(path.parent for path in DATA.glob("scenes/*/point_cloud.ply"))
    if not sources:
        print(f"LEFT OUT: no scenes/*/point_cloud.ply in {DATA}: see SAGA_DATA.")
        return
    engine = Engine()
    results = {}
    for source in sources:
        if arguments.scenes and source.name not in arguments.scenes:
            continue
        print(f"\n{source.name}", flush=True)
        scene = prepare(source, arguments.folder / source.name)
        make_fresh_masks(scene)
        train(engine, scene, arguments.mask_minutes)
        results[source.name] = click_labelled(engine, scene)
        if not scene.objects:
            click_middle(engine, scene)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
