"""The mask store at the size of a large scene: 200 views of 100 masks at 1080p.

The masks are real ones of the kitchen, enlarged. Last line of the output: JSON with the megabytes
of the whole store, and views written and read back in a second of one core (processor time, so
that what else the machine does has little to say); "npz" is the same for numpy's own compressed
file of the whole packed masks, in the same run.
"""

import argparse
import json
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from backend.masks.store import MaskStore
from backend.masks.view_masks import ViewMasks

from .real import DATA

WIDTH, HEIGHT, MASKS, SETS = 1920, 1080, 100, 4


def enlarged_masks(count: int) -> list[ViewMasks]:
    """So many sets of real masks."""
    ready = MaskStore(DATA / "scenes/kitchen/sam_masks")
    masks = (mask for view in cycle(ready.views()) for mask in ready.read(view).unpack())
    return [
        ViewMasks.pack(np.array([_enlarged(m) for m in islice(masks, MASKS)]), np.ones(MASKS))
        for _ in range(count)
    ]


def _enlarged(mask: np.ndarray) -> np.ndarray:
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)) > 127


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--views", type=int, default=200)
    views = parser.parse_args().views
    sets = enlarged_masks(SETS)
    with tempfile.TemporaryDirectory() as folder:
        store, plain = MaskStore(Path(folder) / "store"), Path(folder) / "plain.npz"
        start = time.process_time()
        for view in range(views):
            store.write(f"{view}.jpg", sets[view % SETS])
        written = time.process_time()
        for view in range(views):
            store.read(f"{view}.jpg")
        read = time.process_time()
        size = sum(path.stat().st_size for path in store.folder.iterdir())
        np.savez_compressed(plain, masks=sets[0].packed)
        begun = time.process_time()
        with np.load(plain) as arrays:
            arrays["masks"]
        results = {
            "mb": round(size / 1e6, 1),
            "written_per_s": round(views / (written - start), 1),
            "read_per_s": round(views / (read - written), 1),
            "npz": {
                "mb": round(plain.stat().st_size * views / 1e6, 1),
                "read_per_s": round(1 / (time.process_time() - begun), 1),
            },
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
