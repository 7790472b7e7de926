"""Which text-image model is meant by a name or a path.

There are two kinds: any model of open_clip, and a small one for where no CLIP
weights are to be had. Weights are never fetched: what is not on this computer
is refused with advice.
"""

from pathlib import Path

from .conse import ConSE, is_conse
from .image_text import ImageTextModel
from .open_clip_model import DEFAULT_MODEL, OpenClipModel


def load_image_text_model(name: str = "", device: str = "cpu") -> ImageTextModel:
    """Load a text-image model.

    Args:
        name: an open_clip model whose weights are in the local cache ("ViT-B-16",
            or "ViT-B-16/laion2b_s34b_b88k"), a file of weights whose name begins
            with the model's, a folder as open_clip publishes one, or a folder with
            the stand-in; "" is `DEFAULT_MODEL`.
        device: of torch.

    Raises:
        BadInput: what the name means cannot be used.
        MissingSoftware: the weights or a package are not there.
    """
    if is_conse(folder := Path(name)):
        return ConSE(folder, device)
    return OpenClipModel(name or DEFAULT_MODEL, device)
