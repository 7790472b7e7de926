"""open_clip's models: a tiny one made here, saved as open_clip saves its own."""

import json
import socket

import numpy as np
import pytest
import torch

from backend.errors import BadInput, MissingSoftware
from backend.language.models import load_image_text_model
from backend.language.relevancy import encode_names, relevancy
from backend.masks.torchvision_compat import import_torchvision

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A random model as `open_clip` publishes one."""
    import_torchvision()
    import open_clip

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    model = open_clip.CLIP(**json.loads(json.dumps(TINY)))
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    config = {"model_cfg": TINY, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder, model.eval()


@pytest.fixture(scope="module")
def model(folder):
    return load_image_text_model(str(folder[0]))


@torch.inference_mode()
def test_features_are_those_of_open_clip(folder, model):
    import open_clip

    texts = ["a mug", "a photo of the large red bulldozer on a table.", "x " * 200]
    expected = folder[1].encode_text(open_clip.get_tokenizer("ViT-B-16")(texts), normalize=True)
    np.testing.assert_allclose(model.encode_texts(texts), expected, atol=1e-5)
    np.testing.assert_allclose(model.encode_texts(texts[:1])[0], expected[0], atol=1e-5)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(70)]  # over a batch
    pixels = (torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    expected = folder[1].encode_image(pixels, normalize=True)
    np.testing.assert_allclose(model.encode_images(images), expected, atol=1e-5)


def test_a_name_is_the_mean_of_its_sentences(model):
    sentences = model.encode_texts([t.replace("{}", "mug {0}") for t in model.templates])
    mean = sentences.mean(axis=0)
    (feature,) = encode_names(model, ["mug {0}"])
    np.testing.assert_allclose(feature, mean / np.linalg.norm(mean), atol=1e-5)


def test_relevancy_is_the_least_softmax_against_the_neutral_texts():
    rng = np.random.default_rng(0)
    images, (text, *neutral) = rng.normal(size=(5, 8)), rng.normal(size=(4, 8))
    expected = [
        min(
            np.exp(10 * image @ text) / (np.exp(10 * image @ text) + np.exp(10 * image @ other))
            for other in neutral
        )
        for image in images
    ]
    np.testing.assert_allclose(relevancy(images, text, np.array(neutral)), expected)


def refuse(*_):
    raise AssertionError("the network was asked")


def test_weights_that_are_not_here_are_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("", "ViT-B-16", "ViT-B-16/laion2b_s34b_b88k"):
        with pytest.raises(MissingSoftware, match=r"laion2B-s34B-b88K.*ViT-B-16.safetensors"):
            load_image_text_model(name)


def test_a_tokenizer_that_is_not_here_is_not_fetched(monkeypatch, folder, tmp_path):
    """Some models split words by a vocabulary that open_clip fetches from Hugging Face."""
    (tmp_path / "open_clip_pytorch_model.bin").write_bytes(
        (folder[0] / "open_clip_pytorch_model.bin").read_bytes()
    )
    splits = {"text_cfg": TINY["text_cfg"] | {"hf_tokenizer_name": "timm/ViT-B-16-SigLIP"}}
    config = {"model_cfg": TINY | splits, "preprocess_cfg": {}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(BadInput, match="no usable model"):
        load_image_text_model(str(tmp_path))


def test_weights_in_the_cache_are_found(monkeypatch, tmp_path):
    repository = tmp_path / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    for name, content in (
        ("refs/main", b"c0ffee"),
        ("snapshots/c0ffee/open_clip_model.safetensors", b"damaged"),
    ):
        (repository / name).parent.mkdir(parents=True)
        write(repository / name, content)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match=r"c0ffee.open_clip_model.safetensors is no usable"):
        load_image_text_model("ViT-B-32")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda _: "ViT-Z-99", "no text model 'ViT-Z-99'"),
        (lambda _: "ViT-B-16/nobody", "no text model"),
        (lambda path: str(path / "no.pt"), "There is no"),
        (lambda path: str(path), "holds no text model"),
        (lambda path: str(write(path / "ViT-S-32.pt", b"nonsense")), "no usable model"),
        (lambda path: str(write(path / "ViT-S-32.safetensors", b"nonsense")), "no usable model"),
    ],
)
def test_what_is_no_model_is_said(tmp_path, make, complaint):
    with pytest.raises(BadInput, match=complaint):
        load_image_text_model(make(tmp_path))


def write(path, content):
    path.write_bytes(content)
    return path


def test_weights_that_run_code_are_refused(tmp_path):
    class Code:
        def __reduce__(self):
            return write, (tmp_path / "ran", b"")

    torch.save({"a": Code()}, tmp_path / "ViT-S-32.pt")
    with pytest.raises(BadInput, match="no usable model"):
        load_image_text_model(str(tmp_path / "ViT-S-32.pt"))
    assert not (tmp_path / "ran").exists()
