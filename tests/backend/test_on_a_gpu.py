"""The whole engine on a GPU, against the CPU: on a real one, or on what stands in for it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from two_balls import BALL, write_two_balls

from backend.engine import Engine
from backend.protocol import Click, Decompose, Eye, Find, Render, Select, Train
from backend.scene import Scene

CONSE = Path(__file__).parents[2] / ".." / "shared" / "data" / "models" / "text_image_conse"
EYE = Eye((0.0, 0.0, -5.0), (1.0, 0.0, 0.0, 0.0), 90.0, (96, 72))
LEFT = {"view": "7", "pixel": (30.0, 36.0)}  # a click on the first ball
BESIDE = Click(wanted=False, view="7", pixel=(66.0, 36.0))
EVEN = np.arange(0, len(BALL), 2, dtype=np.int32)

ASKED = {
    "click": (Select, LEFT | {"scale": 0.0}),
    "automatic scale": (Select, LEFT | {"scale": None}),
    "next larger": (Select, LEFT | {"scale": None, "step": 1}),
    "ray": (Select, {"ray_origin": (-1.0, 0.0, -5.0), "ray_direction": (0.0, 0.0, 1.0)}),
    "several clicks": (
        Select,
        LEFT | {"clicks": (BESIDE,), "margin": 0.1, "connected": True, "without_strays": True},
    ),
    "refined": (Select, LEFT | {"refine": True, "scale": 0.0}),
    "box": (Select, {"eye": EYE, "box": (5.0, 5.0, 48.0, 70.0), "scale": None}),
    "part of the scene": (Select, LEFT | {"subset": EVEN}),
    "decomposed": (Decompose, {"scales": (0.0, 0.5)}),
    "named": (Decompose, {"scales": (0.0,), "name_with": str(CONSE)}),
    "words": (Find, {"text": "a ball", "model": str(CONSE), "floor": 0.0}),
    "features": (Render, {"view": "7", "what": "features"}),
    "depth": (Render, {"view": "7", "what": "depth"}),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The two balls, trained on the CPU."""
    scene = write_two_balls(tmp_path_factory.mktemp("balls"))
    Engine("cpu").handle(Train(str(scene)))
    return scene


def require_alike(reply, wanted) -> None:
    """All that they say of Gaussians or pixels, but for rounding and what hangs on it."""
    assert type(reply) is type(wanted)
    named = {name: value for name, value in vars(wanted).items() if isinstance(value, np.ndarray)}
    assert any(value.size for value in named.values())
    for name, value in named.items():
        ours = vars(reply)[name]
        assert ours.shape == value.shape and ours.dtype == value.dtype
        if name in ("mask", "masks"):
            ours, value = np.unpackbits(ours), np.unpackbits(value)
        close = np.abs(ours.astype(float) - value) <= (1 if name == "image" else 1e-3)
        assert close.mean() > 0.99, name


@pytest.mark.usefixtures("gpu")
def test_what_is_learned_selects_the_same(trained, tmp_path):
    scene = shutil.copytree(trained.parent, tmp_path / "balls") / trained.name
    Scene(scene, "cpu").workspace.field.unlink()
    engine, told = Engine("auto"), set()
    engine.handle(Train(str(scene)), lambda stage, done, detail="": told.add((stage, detail)))
    assert engine.device == "cuda" and engine.open(str(scene)).trained.field.features.is_cuda
    assert not any("CPU" in detail for _, detail in told)
    for name in ("click", "automatic scale"):
        request, options = ASKED[name]
        wanted = Engine("cpu").handle(request(str(trained), **options))
        require_alike(engine.handle(request(str(scene), **options)), wanted)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("name", ASKED)
def test_answers_are_those_of_the_cpu(trained, name):
    request, options = ASKED[name]
    if name in ("named", "words") and not CONSE.is_dir():
        pytest.skip("the stand-in text-image model is not here")
    ask = request(str(trained), **options)
    require_alike(Engine("cuda").handle(ask), Engine("cpu").handle(ask))


@pytest.mark.usefixtures("gsplat_on_gpu")
def test_views_are_drawn_and_traced_there_where_gsplat_runs(trained):
    on_gpu, on_cpu = (Scene(trained, device) for device in ("cuda", "cpu"))
    assert type(on_gpu.rasterizer) is not type(on_cpu.rasterizer)
    ask = Select(str(trained), **LEFT, scale=0.0)
    require_alike(Engine("cuda").handle(ask), Engine("cpu").handle(ask))
