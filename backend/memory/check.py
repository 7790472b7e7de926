"""Refusing a training that would not fit, before it begins, with an offer of what would."""

from dataclasses import replace

from ..affinity.recipes import Recipe
from ..errors import NotEnoughMemory
from .estimate import Size, gpu_needed, ram_needed
from .free import free_gpu, free_ram

LEAST_VIEWS = 8  # what fewer teach is not worth having
MARGIN = 0.9  # of what is free now, so much still is when an offer is taken


def require_memory(size: Size, recipe: Recipe, device: str) -> None:
    """Refuse a training for which the memory will not do.

    Raises:
        NotEnoughMemory: with what is needed and free, and an offer of what fits: the CPU
            in place of a GPU, fewer views, or both.
    """
    free = free_ram()
    if device != "cpu" and (needed := gpu_needed(size, recipe)) > (on_gpu := free_gpu(device)):
        views = _most_views(size, recipe, "cpu", free)
        raise _refusal(size, "the GPU's memory", needed, on_gpu, views, device="cpu")
    if (needed := ram_needed(size, recipe, device)) > free:
        raise _refusal(size, "memory", needed, free, _most_views(size, recipe, device, free))


def _most_views(size: Size, recipe: Recipe, device: str, free: int) -> int:
    """How many of the views fit, 0 where too few do."""
    least = min(LEAST_VIEWS, size.views)
    for views in range(size.views, least - 1, -1):
        if ram_needed(replace(size, views=views), recipe, device) <= MARGIN * free:
            return views
    return 0


def _refusal(
    size: Size, what: str, needed: int, free: int, views: int, **device: str
) -> NotEnoughMemory:
    message = (
        f"Training on {size.views} views needs about {needed / 1e9:.1f} GB of {what}, "
        f"and {free / 1e9:.1f} GB are free."
    )
    if not views:
        return NotEnoughMemory(message, "Close other programs, or train on a part of the splat.")
    place = "The CPU has room for" if device else "There is room for"
    fewer = {} if views == size.views else {"max_views": views}
    of_them = f"{views} of them" if fewer else "all of them"
    return NotEnoughMemory(message, f"Close other programs. {place} {of_them}.", device | fewer)
