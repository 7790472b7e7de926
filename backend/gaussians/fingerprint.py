"""Which scene is this: a short name for the geometry of a cloud."""

from hashlib import blake2b

import numpy as np

from .cloud import GaussianCloud


def fingerprint(cloud: GaussianCloud) -> str:
    """Hex digest (128 bit) of how many Gaussians there are, where, how large and how opaque.

    Colour and extra columns are left out: what is trained on a scene stays
    right when only those change. The same on every machine and byte order.
    """
    digest = blake2b(len(cloud).to_bytes(8, "little"), digest_size=16)
    for values in (cloud.means, cloud.quats, cloud.log_scales, cloud.opacity_logits):
        digest.update(np.ascontiguousarray(values, "<f4"))
    return digest.hexdigest()
