"""Automatic masks: the pieces against literal references, the whole on a real photograph."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend.errors import BadInput, Cancelled
from backend.masks.checkpoint import require_model
from backend.masks.decoder import PromptedImage
from backend.masks.sam import MaskGenerator, MaskSettings, load_sam, non_maximum_suppression
from backend.masks.store import MaskStore
from backend.masks.torchvision_compat import import_torchvision
from backend.masks.upscaling import Upscaling, mask_boxes, mask_grid, scaled_to

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
MOBILE_SAM = DATA / "models" / "mobile_sam" / "mobile_sam.pt"
KITCHEN = DATA / "scenes" / "kitchen"


@pytest.fixture(scope="module")
def mobile_sam():
    if not (MOBILE_SAM.is_file() and KITCHEN.is_dir()):
        pytest.skip("the MobileSAM weights or the kitchen photographs are not here")
    return load_sam(MOBILE_SAM, settings=MaskSettings(points_per_side=8))


def iou_of_boxes(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    overlap = max(width, 0) * max(height, 0)
    area_a, area_b = (box[2:] - box[:2] for box in (a, b))
    return overlap / (area_a.prod() + area_b.prod() - overlap)


def test_non_maximum_suppression_equals_its_definition():
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 12, (60, 2))
    boxes = np.hstack([corner, corner + rng.integers(1, 12, (60, 2))])
    scores = rng.integers(0, 30, 60) / 30  # with ties
    kept = []
    for index in sorted(range(60), key=lambda index: -scores[index]):
        if all(iou_of_boxes(boxes[index], boxes[better]) <= 0.5 for better in kept):
            kept.append(index)
    assert 5 < len(kept) < 55
    np.testing.assert_array_equal(non_maximum_suppression(boxes, scores, 0.5), kept)
    assert len(non_maximum_suppression(np.empty((0, 4)), np.empty(0), 0.5)) == 0


def test_boxes_end_at_the_last_column_and_row():
    masks = torch.zeros((2, 5, 7), dtype=torch.bool)
    masks[0, 1, 2] = masks[0, 3, 5] = True
    masks[1] = True
    assert mask_boxes(masks).tolist() == [[2, 1, 5, 3], [0, 0, 6, 4]]
    assert mask_boxes(masks[:0]).shape == (0, 4)


SIZE, FULL = (683, 1024), (521, 779)  # of a picture in the encoder's input, and of itself


def twelve_masks() -> torch.Tensor:
    """Logits [12, 256, 256], the first a large mask, the last none."""
    torch.manual_seed(0)
    noise = torch.randn(12, 1, 16, 16) * 3 - torch.linspace(0, 6, 12)[:, None, None, None]
    logits = torch.nn.functional.interpolate(noise, 256, mode="bicubic")[:, 0]
    logits[-1] = -5
    return logits


def test_upscaled_masks_equal_segment_anythings():
    import_torchvision()
    from segment_anything.modeling import Sam
    from segment_anything.utils.amg import batched_mask_to_box, calculate_stability_score

    size, full, logits = SIZE, FULL, twelve_masks()
    upscaling = Upscaling.of((256, 256), 1024, size, full)
    model = Sam(torch.nn.Identity(), None, None)
    model.image_encoder.img_size = 1024
    theirs = model.postprocess_masks(logits[:, None], size, full)[:, 0]
    stability = calculate_stability_score(theirs, 0.0, 1.0)
    least = stability[:-1].median().item()
    kept, boxes = upscaling.stable(logits, least)
    assert kept.tolist() == torch.nonzero(stability >= least)[:, 0].tolist()
    assert torch.equal(boxes, batched_mask_to_box(theirs[kept] > 0))
    ours = np.unpackbits(upscaling.packed(logits), axis=-1, count=full[1])
    assert (ours != (theirs > 0).numpy()).sum(axis=(1, 2)).max() <= 2  # pixels, of rounding


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("pixels", [1, 5 * FULL[0] * FULL[1], 1 << 27])
def test_a_gpu_scales_several_masks_up_at_once_to_the_same(monkeypatch, pixels):
    monkeypatch.setattr("backend.masks.upscaling.GPU_PIXELS", pixels)
    upscaling, logits = Upscaling.of((256, 256), 1024, SIZE, FULL), twelve_masks()
    on_gpu = upscaling.to("cuda")
    kept, boxes = on_gpu.stable(logits.to("cuda"), 0.9)
    wanted, their_boxes = upscaling.stable(logits, 0.9)
    assert kept.tolist() == wanted.tolist() and boxes.tolist() == their_boxes.tolist()
    differing = on_gpu.packed(logits.to("cuda")) ^ upscaling.packed(logits)
    assert np.bitwise_count(differing).sum(axis=(1, 2)).max() <= 2  # pixels, of rounding


def test_sizes_are_segment_anythings_but_no_side_vanishes():
    import_torchvision()
    from segment_anything.utils.transforms import ResizeLongestSide

    sizes = np.random.default_rng(0).integers(40, 9000, (500, 2)).tolist()
    theirs = [ResizeLongestSide.get_preprocess_shape(*size, 1024) for size in sizes]
    assert [scaled_to(size, 1024) for size in sizes] == theirs
    assert scaled_to((1, 3000), 1024) == (1, 1024)
    assert mask_grid((1536, 900)) == (1536, 900) and mask_grid((3000, 4000)) == (1152, 1536)


def without_encoder():
    """A SAM with random weights for embeddings of 6 x 6."""
    import_torchvision()
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    torch.manual_seed(0)
    return Sam(
        torch.nn.Identity(),
        PromptEncoder(256, (6, 6), (96, 96), 16),
        MaskDecoder(transformer_dim=256, transformer=TwoWayTransformer(2, 256, 8, 2048)),
    ).eval()


def test_features_are_those_under_the_points():
    embedding = torch.arange(36.0).reshape(1, 1, 6, 6).expand(1, 256, 6, 6)
    prompted = PromptedImage(without_encoder(), embedding)
    features = prompted.features(torch.tensor([[17.0, 31.0], [95.9, 0.0]]))
    no_mask = prompted.model.prompt_encoder.no_mask_embed.weight
    wanted = torch.tensor([[7.0], [5.0]]) + no_mask  # second row and column; end of the first row
    torch.testing.assert_close(features, wanted)


def test_decoder_equals_segment_anything():
    model = without_encoder()
    embedding = torch.randn(1, 256, 6, 6)
    points = torch.rand(5, 2) * 96
    with torch.inference_mode():
        sparse, dense = model.prompt_encoder((points[:, None], torch.ones(5, 1)), None, None)
        position = model.prompt_encoder.get_dense_pe()
        logits, predicted_iou = model.mask_decoder(embedding, position, sparse, dense, True)
        prompted = PromptedImage(model, embedding)
        least_iou = predicted_iou.flatten().sort().values[7].item()  # seven of 15 above it
        found, quality = prompted.decode(points, least_iou)
        none, _ = prompted.decode(points, 2 + predicted_iou.max().item())
    wanted = predicted_iou > least_iou
    assert len(found) == wanted.sum() == 7
    torch.testing.assert_close(found, logits[wanted], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(quality, predicted_iou[wanted], atol=1e-5, rtol=1e-4)
    assert none.shape == (0, 24, 24)


def test_real_photograph_gives_the_ready_masks(mobile_sam):
    photo = np.asarray(Image.open(KITCHEN / "images" / "04.jpg").convert("RGB"))
    masks = mobile_sam.generate(photo)
    assert (masks.height, masks.width) == photo.shape[:2]
    # The ready ones come from four times the points, so ours should be among them.
    ready = MaskStore(KITCHEN / "sam_masks").read("04.jpg").unpack()
    ours = masks.unpack()
    overlap = np.einsum("ahw,bhw->ab", ours.astype(np.float32), ready.astype(np.float32))
    areas = ours.sum(axis=(1, 2))[:, None] + ready.sum(axis=(1, 2))[None]
    best = (overlap / (areas - overlap)).max(axis=1)
    assert len(best) >= 15
    assert (best >= 0.8).mean() >= 0.85


def test_masks_of_a_large_photograph_are_smaller_than_it_and_the_same(mobile_sam):
    photo = Image.open(KITCHEN / "images" / "04.jpg").convert("RGB")
    generator = MaskGenerator(mobile_sam.model, MaskSettings(2, predicted_iou=0.9))
    small = generator.generate(np.asarray(photo)).unpack()
    large = generator.generate(np.asarray(photo.resize((3116, 2080), Image.Resampling.LANCZOS)))
    assert (large.height, large.width) == (1025, 1536) and len(large) == len(small) >= 3
    rows, columns = np.arange(520) * 1025 // 520, np.arange(779) * 1536 // 779
    other = large.unpack()[:, rows[:, None], columns]
    assert ((small & other).sum((1, 2)) >= 0.9 * (small | other).sum((1, 2))).all()


def test_a_picture_of_one_row_has_masks_of_one_row(mobile_sam):
    generator = MaskGenerator(mobile_sam.model, MaskSettings(1, predicted_iou=-9, stability=0))
    masks = generator.generate(np.zeros((1, 3000, 3), np.uint8))
    assert (masks.height, masks.width) == (1, 1536)


@pytest.mark.usefixtures("gpu")
def test_half_precision_on_a_gpu_gives_the_same_masks(mobile_sam):
    photo = np.asarray(Image.open(KITCHEN / "images" / "04.jpg").convert("RGB"))
    single = MaskGenerator(mobile_sam.model, MaskSettings(points_per_side=3)).generate(photo)
    on_gpu = load_sam(MOBILE_SAM, "cuda", MaskSettings(points_per_side=3, half=True))
    assert on_gpu.estimate()[0] == "9 points each on the GPU in half precision"
    half = on_gpu.generate(photo)
    assert on_gpu.model.device.type == "cuda" and len(single) == len(half) >= 3
    np.testing.assert_allclose(half.predicted_iou, single.predicted_iou, atol=0.01)
    one, other = single.unpack(), half.unpack()
    assert ((one & other).sum((1, 2)) >= 0.98 * (one | other).sum((1, 2))).all()


def test_channels_are_rgb(mobile_sam):
    mean = np.array([124, 116, 104], np.uint8)  # SAM's published mean, rounded, as RGB
    image = np.broadcast_to(mean, (30, 40, 3))
    given = mobile_sam.encoder_input(np.ascontiguousarray(image))
    assert given.shape == (1, 3, 1024, 1024)
    assert given.abs().max() < 0.01
    assert mobile_sam.encoder_input(np.ascontiguousarray(image[..., ::-1])).abs().max() > 0.3
    red = np.zeros((30, 40, 3), np.uint8)
    red[..., 0] = 255
    assert mobile_sam.encoder_input(red)[0, :, 0, 0].argmax() == 0


def test_cancelling_between_points(mobile_sam):
    def cancel(stage, fraction, detail=""):
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        mobile_sam.generate(np.zeros((40, 60, 3), np.uint8), cancel)


def test_other_files_are_no_checkpoints(tmp_path):
    path = tmp_path / "checkpoint.pt"
    wrong = [
        {"weight": torch.zeros(3)},
        {0: torch.zeros(1)},
        {"image_encoder.pos_embed": torch.zeros(())},
        [1, 2],
        3,
    ]
    for content in wrong:
        torch.save(content, path)
        with pytest.raises(BadInput, match=r"checkpoint\.pt"):
            load_sam(path)
    torch.save({"image_encoder.pos_embed": torch.zeros(1, 64, 64, 768)}, path)  # no other weights
    with pytest.raises(BadInput, match="missing"):
        load_sam(path)
    whole = path.read_bytes()
    for content in (
        b"",
        b"not a checkpoint",
        whole[: len(whole) // 2],
        pickle.dumps(Path("x"), protocol=2),
    ):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"checkpoint\.pt") as refused:
            load_sam(path)
        assert "weights_only" not in str(refused.value) and ".." not in str(refused.value)
    with pytest.raises(BadInput, match=r"absent\.pt"):
        load_sam(tmp_path / "absent.pt")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("is_zip", [True, False])
def test_damaged_checkpoints_are_said_to_be_unusable(tmp_path, is_zip):
    path = tmp_path / "checkpoint.pt"
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=is_zip)
    whole, rng = np.frombuffer(path.read_bytes(), np.uint8), np.random.default_rng(0)
    for _ in range(300):
        damaged = whole.copy()
        damaged[rng.integers(0, len(whole), 3)] = rng.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        with pytest.raises(BadInput, match=r"checkpoint\.pt is not a usable"):
            require_model(path)


def test_vit_b_is_recognised_by_its_weights(tmp_path):
    import_torchvision()
    import segment_anything

    model = segment_anything.build_sam_vit_b()
    path = tmp_path / "any name.pth"
    torch.save(model.half().state_dict(), path)
    loaded = load_sam(path).model
    assert len(loaded.image_encoder.blocks) == 12 and not loaded.training
    name = "image_encoder.blocks.11.mlp.lin2.weight"
    assert torch.equal(loaded.state_dict()[name], model.state_dict()[name].float())
