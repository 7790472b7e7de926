"""The pictures of docs/quick_start.md, cut from what `make gui-test` has left in build/gui."""

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
VIEWPORT, WITH_SIDEBAR = (2, 55, 760, 690), (2, 55, 1050, 720)  # left, top, right, bottom
TABLE = (60, 240, 680, 690)
WIDEST = 900  # pixels
CUT = {
    "train": (("training", WITH_SIDEBAR),),
    "hover": (("hover", WITH_SIDEBAR),),
    "scale": (("clicked", (60, 240, 500, 580)), ("wheel", (60, 240, 500, 580))),
    "brush": (("brush", VIEWPORT),),
    "decompose": (("decomposed", WITH_SIDEBAR),),
    "split": (("split", TABLE),),
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
    for name, parts in CUT.items():
        pictures = [
            Image.open(ROOT / "build" / "gui" / f"{source}.png").crop(box) for source, box in parts
        ]
        side_by_side(pictures).save(ROOT / "docs" / f"quick_start_{name}.jpg", quality=88)
