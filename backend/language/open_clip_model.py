"""Any model of open_clip as an `ImageTextModel`, from weights that are on this computer."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError

from ..digest import digest_of
from ..errors import BadInput, MissingSoftware
from ..files import reason_of
from ..masks.torchvision_compat import import_torchvision
from .image_text import unit

DEFAULT_MODEL = "ViT-B-16"

CONFIG = "open_clip_config.json"
SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")
HUB_FILES += ("open_clip_pytorch_model.bin",)
IMAGE_SETTINGS = ("mean", "std", "interpolation", "resize_mode")
UNREADABLE = (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, ImportError)
UNREADABLE += (pickle.UnpicklingError, SafetensorError)  # of which no other error is the base
_BATCH = 64


class OpenClipModel:
    """See `ImageTextModel`."""

    def __init__(self, name: str, device: str = "cpu") -> None:
        """name: see `load_image_text_model`, as are the errors."""
        try:
            import_torchvision()
            import open_clip
        except ImportError as error:
            raise MissingSoftware(
                f"Finding things by name needs open_clip ({error}).",
                "Install the engine's requirements again.",
            ) from error
        model_name, weights, settings = _locate(name)
        try:
            self._model, self._preprocess = open_clip.create_model_from_pretrained(
                model_name,
                None if model_name.startswith("local-dir:") else str(weights),
                device=device,
                force_custom_text=True,  # the kind that takes texts of any length
                weights_only=True,
                **settings,
            )
            self._tokenizer = open_clip.get_tokenizer(model_name)
        except UNREADABLE as e:
            raise BadInput(
                f"{weights} is no usable model of open_clip: {reason_of(e)}.",
                "Take weights that open_clip publishes on Hugging Face, and name the file as its "
                f"model is called (ViT-L-14.safetensors) or give the folder with its {CONFIG}.",
            ) from e
        self._model.eval().requires_grad_(False)
        self._device = device
        self.identity = f"{model_name.rpartition('/')[2]} {digest_of([weights])}"
        # The seven of CLIP's eighty that its authors found as good together as all.
        templates = open_clip.SIMPLE_IMAGENET_TEMPLATES
        self.templates = tuple(template("{}") for template in templates)

    @torch.inference_mode()
    def encode_images(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """See `ImageTextModel`."""
        from PIL import Image

        features = []
        for start in range(0, len(images), _BATCH):
            batch = [self._preprocess(Image.fromarray(i)) for i in images[start : start + _BATCH]]
            pixels = torch.stack(batch).to(self._device)
            features.append(unit(self._model.encode_image(pixels).float().cpu().numpy()))
        return np.concatenate(features)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See `ImageTextModel`."""
        features = []
        for start in range(0, len(texts), _BATCH):
            tokens = self._tokenizer(list(texts[start : start + _BATCH])).to(self._device)
            features.append(unit(self._encode_tokens(tokens).float().cpu().numpy()))
        return np.concatenate(features)

    def _encode_tokens(self, tokens: torch.Tensor) -> torch.Tensor:
        """Text features, of no more tokens than the longest text has.

        Where a token sees only those before it and the feature is read at the
        last one, the padding behind it changes nothing but the time, by five.
        """
        tower = self._model.text
        mask = getattr(tower, "attn_mask", None)
        if mask is None or tower.pool_type != "argmax" or tower.cls_emb is not None:
            return self._model.encode_text(tokens)
        length = int(tokens.argmax(dim=1).max()) + 1
        tower.attn_mask = mask[:length, :length]
        try:
            return self._model.encode_text(tokens[:, :length])
        finally:
            tower.attn_mask = mask


def _locate(name: str) -> tuple[str, Path, dict]:
    """The model's name for open_clip, its file of weights, and further settings."""
    path = Path(name).expanduser()
    if path.is_dir():
        return f"local-dir:{path.absolute()}", _only_weights(path), {}
    if path.is_file():
        return _model_of_file(path), path, {}
    if path.suffix in SUFFIXES or path.is_absolute():
        raise BadInput(f"There is no {name}.", "Check the path of the text model.")
    return _in_cache(name)


def _only_weights(folder: Path) -> Path:
    files = sorted(file for suffix in SUFFIXES for file in folder.glob(f"*{suffix}"))
    if not (folder / CONFIG).is_file() or len(files) != 1:
        raise BadInput(
            f"{folder} holds no text model.",
            f"It needs {CONFIG} and one file of weights, as open_clip publishes its models.",
        )
    return files[0]


def _model_of_file(path: Path) -> str:
    """The model whose name the file's begins with, the longest such; else the default."""
    import open_clip

    named = [model for model in open_clip.list_models() if path.name.startswith(model)]
    return max(named, key=len, default=DEFAULT_MODEL)


def _in_cache(name: str) -> tuple[str, Path, dict]:
    """Weights that were downloaded earlier, by whatever program, into Hugging Face's cache."""
    import open_clip
    from huggingface_hub import try_to_load_from_cache

    model, _, wanted = name.partition("/")
    tags = open_clip.list_pretrained_tags_by_model(model)
    if model not in open_clip.list_models() or (wanted and wanted not in tags):
        raise BadInput(
            f"There is no text model {name!r:.80}.",
            "Give a name of open_clip, such as ViT-B-16, or a file or folder of weights.",
        )
    published = [open_clip.get_pretrained_cfg(model, t) for t in ([wanted] if wanted else tags)]
    published = [config for config in published if config.get("hf_hub")]
    for config in published:
        repository, _, file = config["hf_hub"].rpartition("/")
        for candidate in [file] if file else HUB_FILES:
            if isinstance(found := try_to_load_from_cache(repository, candidate), str):
                settings = {f"image_{key}": config.get(key) for key in IMAGE_SETTINGS}
                settings["force_quick_gelu"] = config.get("quick_gelu", False)
                return model, Path(found), settings
    # LAION's load into the plain model of the name; some others need its variants.
    sources = sorted(config["hf_hub"] for config in published) or ["its publisher"]
    source = next((s for s in sources if "laion2B" in s), sources[0]).rstrip("/")
    raise MissingSoftware(
        f"The weights of the text model {name} are not on this computer.",
        f"Download open_clip_model.safetensors of {source} from Hugging Face, name it "
        f"{model}.safetensors, and choose that file as the text model.",
    )
