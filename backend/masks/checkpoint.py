"""Loading segment-anything's models, and MobileSAM, from their checkpoints."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import BadInput, MissingSoftware
from ..files import reason_of
from .torchvision_compat import import_torchvision

VIT_BUILDERS = {768: "build_sam_vit_b", 1024: "build_sam_vit_l", 1280: "build_sam_vit_h"}
# The classifier that TinyViT was trained with; it has no part in SAM.
UNUSED = ("image_encoder.head.", "image_encoder.norm_head.")


def load_model(checkpoint: Path) -> nn.Module:
    """A `segment_anything` Sam in evaluation mode: ViT-H, -L, -B or MobileSAM's TinyViT.

    Which one it is shows in the names and shapes of the weights.

    Args:
        checkpoint: as segment-anything or MobileSAM publish them.

    Raises:
        BadInput, MissingSoftware: as `require_model`.
    """
    build, weights = _recognised(checkpoint)
    model = build()
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def require_model(checkpoint: Path) -> None:
    """Refuse what `load_model` could not load, in a moment and with no room for a model.

    Raises:
        BadInput: not such a file, or a damaged one.
        MissingSoftware: segment-anything is not installed.
    """
    _recognised(checkpoint)


def _recognised(checkpoint: Path) -> tuple[Callable[[], nn.Module], dict[str, Tensor]]:
    """What builds the model whose weights these are, and all its weights."""
    try:
        import_torchvision()
        import segment_anything
    except ImportError as e:
        raise MissingSoftware(
            f"Making masks needs segment-anything ({e}).",
            "Install the Python packages segment-anything and torchvision for the engine.",
        ) from e
    weights = _read_weights(checkpoint)
    position = weights.get("image_encoder.pos_embed")
    width = position.shape[-1] if position is not None and position.ndim else 0
    if "image_encoder.patch_embed.seq.0.c.weight" in weights:
        build = _build_mobile_sam
    elif width in VIT_BUILDERS:
        build = getattr(segment_anything, VIT_BUILDERS[width])
    else:
        raise _unusable(checkpoint, "its weights are no model that is known here")
    try:
        with torch.device("meta"):  # names and shapes, without memory
            build().load_state_dict(weights, assign=True)
    except RuntimeError as e:
        raise _unusable(checkpoint, "some of its weights are missing or have other shapes") from e
    return build, weights


def _read_weights(checkpoint: Path) -> dict[str, Tensor]:
    try:
        weights = torch.load(
            checkpoint, "cpu", weights_only=True, mmap=zipfile.is_zipfile(checkpoint)
        )
    except Exception as e:  # damaged pickles raise all kinds
        raise _unusable(checkpoint, reason_of(e)) from e
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and torch.is_tensor(value) for name, value in weights.items()
    ):
        raise _unusable(checkpoint, "it is no table of weights")
    return {name: value for name, value in weights.items() if not name.startswith(UNUSED)}


def _build_mobile_sam() -> nn.Module:
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    from .tiny_vit import EMBEDDING_CHANNELS, EMBEDDING_SIDE, IMAGE_SIZE, TinyViT

    return Sam(
        TinyViT(),
        PromptEncoder(
            embed_dim=EMBEDDING_CHANNELS,
            image_embedding_size=(EMBEDDING_SIDE, EMBEDDING_SIDE),
            input_image_size=(IMAGE_SIZE, IMAGE_SIZE),
            mask_in_chans=16,
        ),
        MaskDecoder(
            transformer_dim=EMBEDDING_CHANNELS,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=EMBEDDING_CHANNELS, num_heads=8, mlp_dim=2048
            ),
        ),
    )


def _unusable(checkpoint: Path, why: str) -> BadInput:
    return BadInput(
        f"{checkpoint} is not a usable Segment Anything checkpoint: {why}.",
        "Choose one of sam_vit_h, sam_vit_l, sam_vit_b or mobile_sam.",
    )
