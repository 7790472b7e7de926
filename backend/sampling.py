"""Some of many, evenly spread."""


def strided(count: int, most: int) -> slice:
    """Every so many-th of a count: `most` at most, and at least half of it where there are."""
    return slice(None, None, max(1, -(-count // most)))
