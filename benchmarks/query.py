"""One click on a million Gaussians to a mask, beside the naive way and one read of the memory.

The engine's way also moves the click to the middle of what it selects first.
Last line of the output: JSON {"query_ms", "naive_ms", "read_ms"}, medians.
"""

import argparse
import json

import numpy as np
import torch
import torch.nn.functional as F

from backend.affinity.field import AffinityField
from backend.affinity.recipes import RECIPES
from backend.affinity.scale_gate import ScaleGate
from backend.affinity.scale_map import ScaleMap
from backend.segmentation.click import recentred, select
from backend.segmentation.similarity import THRESHOLD

from .timing import median_ms

SCALE = 0.5
THINGS = 200
DIM = RECIPES["fast"].dim


def naive(features: torch.Tensor, gate: torch.Tensor, query: torch.Tensor) -> np.ndarray:
    """The equations as they are written: gate, normalise, dot."""
    gated = F.normalize(features * gate, dim=-1)
    return (gated @ F.normalize(query * gate, dim=0) > THRESHOLD).cpu().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    things = torch.randn(THINGS, DIM, generator=generator)
    thing = torch.randint(THINGS, (arguments.gaussians,), generator=generator)
    features = things[thing] + 0.2 * torch.randn(arguments.gaussians, DIM, generator=generator)
    field = AffinityField(
        F.normalize(features, dim=-1).to(arguments.device),
        ScaleGate(DIM, generator).to(arguments.device),
        ScaleMap.fit(np.array([1.0, 2.0])),
    )
    query, gate = field.features[0], field.gate_at(SCALE)
    features = field.features.contiguous()  # row by row, as one would write it
    assert np.mean(select(field, [query], SCALE, THRESHOLD) != naive(features, gate, query)) < 1e-5
    ways = {
        "query": lambda: select(field, [recentred(field, query, SCALE)], SCALE, THRESHOLD),
        "naive": lambda: naive(features, gate, query),
        "read": lambda: features.sum(),
    }
    results = {}
    for name, work in ways.items():
        results[f"{name}_ms"] = round(median_ms(work, arguments.repeats, arguments.device), 2)
        print(f"{name:6} {results[f'{name}_ms']:8.2f} ms")
    print(f"a query takes {results['query_ms'] / results['read_ms']:.2f} times the read")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
