"""Refusing a training that would not fit, before it begins, with an offer of what would."""

from dataclasses import replace

from ..affinity.recipes import Recipe
from ..errors import NotEnoughMemory
from ..weights.catalog import CATALOG
from .estimate import Size, gpu_needed, ram_needed
from .free import free_gpu, free_ram

LEAST_VIEWS = 8  # what fewer teach is not worth having
MARGIN = 0.9  # of what is free now, so much still is when an offer is taken


def require_memory(size: Size, recipe: Recipe, device: str) -> None:
    """Refuse a training for which the memory will not do.

    Raises:
        NotEnoughMemory: with what is needed and free, and an offer of what fits: the CPU
            in place of a GPU, fewer views, or both; and a word where a lighter SAM would do.
    """
    free = free_ram()
    light = replace(size, sam=min(size.sam, CATALOG["mobile_sam"].size))
    if device != "cpu" and (needed := gpu_needed(size, recipe)) > (on_gpu := free_gpu(device)):
        views = _most_views(size, recipe, "cpu", free)
        lighter = gpu_needed(light, recipe) <= on_gpu
        raise _refusal(size, "the GPU's memory", needed, on_gpu, lighter, views, device="cpu")
    if (needed := ram_needed(size, recipe, device)) > free:
        views = _most_views(size, recipe, device, free)
        raise _refusal(
            size, "memory", needed, free, ram_needed(light, recipe, device) <= free, views
        )


def _most_views(size: Size, recipe: Recipe, device: str, free: int) -> int:
    """How many of the views fit, 0 where too few do."""
    least = min(LEAST_VIEWS, size.views)
    for views in range(size.views, least - 1, -1):
        if ram_needed(replace(size, views=views), recipe, device) <= MARGIN * free:
            return views
    return 0


def _refusal(
    size: Size, what: str, needed: int, free: int, lighter: bool, views: int, **device: str
) -> NotEnoughMemory:
    """What is said: of a lighter SAM where that would do, and of so many views that fit."""
    message = (
        f"Training on {size.views} views needs about {needed / 1e9:.1f} GB of {what}, "
        f"and {free / 1e9:.1f} GB are free."
    )
    advice = "Close other programs"
    if lighter:
        advice += ", or choose a smaller model, such as MobileSAM"
    elif not views:
        advice += ", or train on a part of the splat"
    if not views:
        return NotEnoughMemory(message, f"{advice}.")
    place = "The CPU has room for" if device else "There is room for"
    fewer = {} if views == size.views else {"max_views": views}
    of_them = f"{views} of them" if fewer else "all of them"
    return NotEnoughMemory(message, f"{advice}. {place} {of_them}.", device | fewer)
