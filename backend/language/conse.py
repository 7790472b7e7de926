"""A small text-image model that needs no CLIP: convex combination of semantic embeddings.

A picture lies where the names of the classes lie that a classifier sees in it
(ConSE, Norouzi et al. 2014). It knows ImageNet's thousand things and what is
said like them; it is for tests of meaning and for trying out, on any CPU.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..digest import digest_of
from ..errors import BadInput
from ..masks.torchvision_compat import import_torchvision
from .image_text import unit

CLASSIFIER = "efficientnet_lite2_fp16.safetensors"
SENTENCES = "minilm_l6_v2_fp16.safetensors"
TOKENIZER = "tokenizer.json"
CLASSES = "imagenet1k_clean_names.json"
FILES = (CLASSIFIER, SENTENCES, TOKENIZER, CLASSES)
SIDE = 260  # pixels, of the classifier's input
LIKELIEST = 10  # classes that make up a picture's feature
_BATCH = 64


def is_conse(folder: Path) -> bool:
    """Whether a folder holds the model."""
    return all((folder / name).is_file() for name in FILES)


class ConSE:
    """EfficientNet-Lite2 for pictures, MiniLM for words; an `ImageTextModel`."""

    templates = ("{}",)  # sentence embeddings are about the sentence: less around a name is more

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """
        Raises:
            BadInput: a file in the folder is damaged.
        """
        try:
            self.identity = digest_of(folder / name for name in FILES)
            self._classifier = _load_classifier(folder / CLASSIFIER).to(device)
            self._sentences = _SentenceEncoder(folder).to(device)
            classes = json.loads((folder / CLASSES).read_text(encoding="utf-8"))
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
            raise BadInput(
                f"The text model in {folder} cannot be read: {error}.", "Restore its files."
            ) from error
        names = self._embed(list(classes.values()) if isinstance(classes, dict) else classes)
        self._centre = names.mean(axis=0)
        self._names = names - self._centre
        self._device = device

    @torch.inference_mode()
    def encode_images(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """See `ImageTextModel`."""
        features = [self._encode_batch(batch) for batch in _batches(images)]
        return np.concatenate(features) if features else np.empty((0, self._names.shape[1]))

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See `ImageTextModel`."""
        return unit(self._embed(texts) - self._centre)

    def _encode_batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        from PIL import Image

        resized = [
            np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
            for image in images
        ]
        pixels = torch.from_numpy(np.stack(resized)).to(self._device).permute(0, 3, 1, 2)
        probabilities = self._classifier((pixels.float() - 127) / 128).softmax(dim=1)
        share, index = (top.cpu().numpy() for top in probabilities.topk(LIKELIEST, dim=1))
        return unit(np.einsum("nk,nkd->nd", share, self._names[index]))

    @torch.inference_mode()
    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        """Sentence embeddings [n, d], unit length."""
        return np.concatenate([self._sentences(batch).cpu().numpy() for batch in _batches(texts)])


class _SentenceEncoder(nn.Module):
    """MiniLM (a BERT of six layers), mean-pooled, as sentence-transformers does."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        super().__init__()
        weights = {k: v.float() for k, v in load_file(folder / SENTENCES).items()}
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_padding()  # to the longest of a batch, not to 128
        words, positions, kinds = (
            weights[f"embeddings.{name}_embeddings.weight"]
            for name in ("word", "position", "token_type")
        )
        self.register_buffer("words", words)
        self.register_buffer("positions", positions + kinds[0])
        width = words.shape[1]
        self.norm = nn.LayerNorm(width, eps=1e-12)
        layer = nn.TransformerEncoderLayer(
            width, width // 32, 4 * width, activation="gelu", layer_norm_eps=1e-12,
            batch_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
        self.norm.load_state_dict(_part(weights, "embeddings.LayerNorm."))
        for k, layer in enumerate(self.encoder.layers):
            layer.load_state_dict(_torch_layer(_part(weights, f"encoder.layer.{k}.")))
        self.eval().requires_grad_(False)

    def forward(self, texts: Sequence[str]) -> Tensor:
        encoded = self._tokenizer.encode_batch(list(texts))
        device = self.words.device
        tokens = torch.tensor([text.ids for text in encoded], device=device)
        real = torch.tensor([text.attention_mask for text in encoded], device=device).bool()
        embedded = self.norm(self.words[tokens] + self.positions[: tokens.shape[1]])
        hidden = self.encoder(embedded, src_key_padding_mask=~real)
        hidden = hidden.masked_fill(~real[..., None], 0)
        return F.normalize(hidden.sum(dim=1) / real.sum(dim=1, keepdim=True), dim=1)


def _torch_layer(bert: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a BERT layer under the names of torch's own."""
    layer = {}
    for kind in ("weight", "bias"):
        parts = [bert[f"attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        layer[f"self_attn.in_proj_{kind}"] = torch.cat(parts)
        for ours, theirs in (
            ("self_attn.out_proj", "attention.output.dense"),
            ("norm1", "attention.output.LayerNorm"),
            ("linear1", "intermediate.dense"),
            ("linear2", "output.dense"),
            ("norm2", "output.LayerNorm"),
        ):
            layer[f"{ours}.{kind}"] = bert[f"{theirs}.{kind}"]
    return layer


def _load_classifier(path: Path) -> nn.Module:
    """EfficientNet-Lite2 from weights that bear the names of another implementation.

    timm's has the same tensors in the order of computation; the file's names
    say where in that order each belongs.
    """
    import_torchvision()  # timm needs it
    import timm

    model = timm.create_model("tf_efficientnet_lite2")
    weights = load_file(path)
    in_order = sorted(weights, key=_place)
    named = zip(model.state_dict(), in_order, strict=True)
    model.load_state_dict({ours: weights[theirs].float() for ours, theirs in named})
    return model.eval().requires_grad_(False)


def _place(name: str) -> tuple[int, ...]:
    """Where in the network a weight of the file is: block, layer, kind."""
    *scope, layer, kind = name.split(".")
    block = int(scope[1]) if scope else (-1 if layer in ("_conv_stem", "_bn0") else 1000)
    layers = (
        ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        if scope
        else ("_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc")
    )
    kinds = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return block, layers.index(layer), kinds.index(kind)


def _part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


def _batches(items: Sequence) -> list[Sequence]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
