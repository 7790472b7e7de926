"""When a GPU's memory runs out. There is no GPU here: stand-ins raise what torch raises then."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.affinity.feature_table import FeatureTable
from backend.affinity.ray_bank import build_ray_bank
from backend.affinity.recipes import RECIPES
from backend.affinity.trainer import Trainer
from backend.masks.decoder import PromptedImage
from backend.masks.sam import MaskGenerator, MaskSettings
from backend.masks.torchvision_compat import import_torchvision
from backend.memory.fallback import Fallback
from backend.rendering import make_rasterizer
from backend.rendering.while_it_fits import WhileItFits
from backend.segmentation.decompose import cluster

SHORT = replace(RECIPES["fast"], steps=60, pixels=200)


pytestmark = pytest.mark.fault(
    "memory: a GPU's runs out at work (a stand-in raises what torch does)"
)


def full(*_):
    raise torch.OutOfMemoryError("a stand-in for CUDA's")


def test_chunks_are_halved_until_they_fit():
    tried = []

    def squares() -> list[int]:
        tried.append(fallback.chunk)
        parts = torch.arange(40).split(fallback.chunk)
        return [n for part in parts for n in (full() if len(part) > 5 else (part**2).tolist())]

    fallback = Fallback(to_cpu=full, chunk=32)
    assert fallback.note == ""
    assert fallback.run(squares) == [n * n for n in range(40)]
    assert tried == [32, 16, 8, 4] and "full, so 4 at once" in fallback.note
    fallback.run(squares)
    assert tried[4:] == [4]  # it remembers


def test_what_fits_in_no_chunk_goes_to_the_cpu_and_what_does_not_fit_there_fails():
    moves = []
    fallback = Fallback(lambda: moves.append("cpu"), chunk=2)
    assert fallback.run(lambda: 7 if moves else full()) == 7
    assert moves == ["cpu"] and "on the CPU" in fallback.note
    with pytest.raises(torch.OutOfMemoryError):
        fallback.run(full)
    assert moves == ["cpu"]


def test_a_rasterizer_gives_way_to_the_one_on_the_cpu(panels):
    class Gpu:
        note = ""
        render = trace = full

    camera, pixels = panels.cameras[0], np.array([[40, 20], [9, 30]])
    expected = make_rasterizer(panels.cloud, "cpu")
    for on_gpu in (Gpu, full):  # full at work, or at once
        rasterizer = WhileItFits(panels.cloud, on_gpu)
        assert ("CPU" in rasterizer.note) == (on_gpu is full)
        traced = rasterizer.trace(camera, pixels)
        assert "CPU" in rasterizer.note
        np.testing.assert_array_equal(traced.weights, expected.trace(camera, pixels).weights)
        values = rasterizer.render(camera).values
        np.testing.assert_array_equal(values, expected.render(camera).values)


def test_training_goes_on_on_the_cpu_from_where_it_was(panels, monkeypatch):
    rasterizer = make_rasterizer(panels.cloud, "cpu")
    bank = build_ray_bank(rasterizer, panels.cameras, panels, np.random.default_rng(0))
    trainer = Trainer(panels.cloud.means, bank, SHORT, device="cpu:0")  # has a GPU's table
    render, move, told, states = FeatureTable.render, trainer._move, [], []

    def remember(_=None) -> None:
        states.append({name: tensor.clone() for name, tensor in trainer._state()[0].items()})

    def render_or_fail(table, traced):
        return render(table, traced) if trainer.steps_done < 30 else full(remember())

    monkeypatch.setattr(FeatureTable, "render", render_or_fail)
    monkeypatch.setattr(trainer, "_move", lambda device: remember(move(device)))
    field = trainer.run(lambda stage, fraction, detail="": told.append((stage, detail)))
    _, before, after = states  # the first: when it moved to where it starts
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert trainer.steps_done == SHORT.steps
    steps = [detail for stage, detail in told if stage == "Training"]
    assert ["CPU" in detail for detail in steps[1:]] == [False] * 30 + [True] * 30
    assert cluster(field, 1.0).max() == 2  # the three panels


class Encoder(torch.nn.Module):
    """Makes the same of every picture."""

    img_size = 1024

    def forward(self, pixels):
        return torch.linspace(-1, 1, 256 * 64 * 64).sin().view(1, 256, 64, 64)


def random_sam() -> torch.nn.Module:
    import_torchvision()
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    torch.manual_seed(0)
    prompts = PromptEncoder(256, (64, 64), (1024, 1024), 16)
    decoder = MaskDecoder(transformer_dim=256, transformer=TwoWayTransformer(2, 256, 8, 64))
    return Sam(Encoder(), prompts, decoder).eval()


def test_masks_are_found_with_fewer_points_at_once(monkeypatch):
    model, picture = random_sam(), np.zeros((30, 40, 3), np.uint8)
    settings = MaskSettings(points_per_side=2, predicted_iou=-9, stability=0, nms_iou=1)
    expected = MaskGenerator(model, settings).generate(picture)
    decode, told = PromptedImage.decode, []

    def decode_or_fail(image, points, least_iou):
        return full() if len(points) > 2 else decode(image, points, least_iou)

    monkeypatch.setattr(PromptedImage, "decode", decode_or_fail)
    masks = MaskGenerator(model, settings).generate(picture, lambda *report: told.append(report))
    assert [done for _, done, _ in told] == [0.0, 0.0, 0.5] and "2 at once" in told[-1][2]
    assert len(masks) == len(expected) > 4
    differing = masks.unpack() ^ expected.unpack()
    assert differing.sum() <= 2 * len(masks)  # pixels, of rounding
