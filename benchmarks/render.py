"""Speed of the CPU rasterizer on made-up scenes: a table, then one JSON line.

python -m benchmarks.render [--gaussians 100000 1000000] [--repeats 9]
"""

import argparse
import json

import numpy as np

from backend.cameras.camera import Camera
from backend.gaussians.cloud import GaussianCloud
from backend.rendering.numba_rasterizer import NumbaRasterizer
from backend.rendering.projection import TILE, prepare, project
from backend.rendering.tiles import bin_splats

from .timing import median_ms

WIDTH, HEIGHT = 640, 480


def ball_pit(count: int, rng: np.random.Generator) -> GaussianCloud:
    """Sixty balls and a floor under flat Gaussians as wide as their spacing (SH degree 3)."""
    normals = rng.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    centres, radii = rng.uniform(-1.5, 1.5, (60, 3)), rng.uniform(0.1, 0.4, 60)
    ball = rng.choice(60, count, p=radii**2 / (radii**2).sum())
    means = centres[ball] + radii[ball, None] * normals
    floor = rng.random(count) < 0.3
    means[floor] = rng.uniform([-3, -3, -2], [3, 3, -1.99], (floor.sum(), 3))
    spacing = np.sqrt((36 + 4 * np.pi * (radii**2).sum()) / count)
    flat = np.array([1.0, 1.0, 0.1])
    return GaussianCloud(
        means=means.astype(np.float32),
        quats=rng.normal(size=(count, 4)).astype(np.float32),
        log_scales=np.log(spacing * flat * rng.lognormal(0, 0.5, (count, 3))).astype(np.float32),
        opacity_logits=rng.normal(1, 2, count).astype(np.float32),
        sh=(rng.normal(size=(count, 16, 3)) * 0.1).astype(np.float32),
    )


def orbit_camera() -> Camera:
    """A 50 degree view of the pit from outside."""
    focal = 0.5 * WIDTH / np.tan(np.radians(25))
    world_to_camera = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 5.0], [0, 0, 0, 1]])
    return Camera("orbit", WIDTH, HEIGHT, focal, focal, WIDTH / 2, HEIGHT / 2, world_to_camera)


def measure(count: int, repeats: int) -> dict[str, float]:
    """Milliseconds of what the engine does most."""
    rng = np.random.default_rng(0)
    cloud = ball_pit(count, rng)
    features = rng.normal(size=(count, 32)).astype(np.float32)
    pixels = rng.integers(0, [WIDTH, HEIGHT], (4096, 2))
    camera, rasterizer, source = orbit_camera(), NumbaRasterizer(cloud), prepare(cloud)
    window = np.array([0.0, WIDTH - 1, 0.0, HEIGHT - 1])
    tiles = np.arange(WIDTH * HEIGHT // TILE**2, dtype=np.int32).reshape(HEIGHT // TILE, -1)
    tasks = {
        "project_bin_ms": lambda: bin_splats(project(source, camera, window), tiles),
        "trace_4096_ms": lambda: rasterizer.trace(camera, pixels),
        "click_ms": lambda: rasterizer.trace(camera, pixels[:1]),
        "view_color_ms": lambda: rasterizer.render(camera),
        "view_32_channels_ms": lambda: rasterizer.render(camera, features),
    }
    times = {name: round(median_ms(task, repeats), 1) for name, task in tasks.items()}
    contributions = len(rasterizer.trace(camera, pixels).weights)
    return times | {"contributions_per_pixel": round(contributions / len(pixels), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    results = {count: measure(count, arguments.repeats) for count in arguments.gaussians}
    print(f"{'':24}" + "".join(f"{count:>12,}" for count in results))
    for name in next(iter(results.values())):
        print(f"{name:24}" + "".join(f"{result[name]:12.1f}" for result in results.values()))
    print(json.dumps({"render": {str(count): result for count, result in results.items()}}))


if __name__ == "__main__":
    main()
