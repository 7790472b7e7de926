"""The pictures of Blender in docs, cut from what `make gui-test` has left in build/gui."""

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TAKEN = ROOT / "build" / "gui"
VIEWPORT, WITH_SIDEBAR = (2, 55, 760, 690), (2, 55, 1050, 720)  # left, top, right, bottom
TABLE = (60, 240, 680, 690)
WIDEST = 900  # pixels
CUT = {
    "in_blender": (("clicked", (0, 0, 1280, 800)),),
    "quick_start_train": (("training", WITH_SIDEBAR),),
    "quick_start_hover": (("hover", WITH_SIDEBAR),),
    "quick_start_scale": (("clicked", (60, 240, 500, 580)), ("wheel", (60, 240, 500, 580))),
    "quick_start_brush": (("brush", VIEWPORT),),
    "quick_start_decompose": (("decomposed", WITH_SIDEBAR),),
    "quick_start_split": (("split", TABLE),),
}


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Pictures in a row, a little apart."""
    row = Image.new("RGB", (sum(p.width + 10 for p in pictures) - 10, pictures[0].height), "white")
    left = 0
    for picture in pictures:
        row.paste(picture, (left, 0))
        left += picture.width + 10
    row.thumbnail((WIDEST, WIDEST))
    return row


if __name__ == "__main__":
    wanted = {TAKEN / f"{source}.png" for parts in CUT.values() for source, _ in parts}
    if missing := sorted(picture.name for picture in wanted if not picture.is_file()):
        sys.exit(f"`make gui-test` has not made {', '.join(missing)}; it says why.")
    for name, parts in CUT.items():
        pictures = [Image.open(TAKEN / f"{source}.png").crop(box) for source, box in parts]
        side_by_side(pictures).save(ROOT / "docs" / f"{name}.jpg", quality=88)
