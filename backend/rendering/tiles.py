"""Which splats touch which tile, front to back."""

from dataclasses import dataclass

import numba
import numpy as np

from .projection import Projection


@dataclass(frozen=True)
class TileLists:
    """Splats per wanted tile in CSR form."""

    starts: np.ndarray  # [S + 1] int64; list s is members[starts[s]:starts[s + 1]]
    members: np.ndarray  # int32 rows of the projection's splats, front to back


def bin_splats(projection: Projection, lists: np.ndarray) -> TileLists:
    """List the splats of every wanted tile.

    A parallel counting sort. The splats come front to back, each block takes a
    stretch of them and knows from a first count where its entries go, so every
    list ends up front to back without being sorted.

    Args:
        projection: the splats of a view.
        lists: [tile rows, tile columns] int32, which list a tile's splats go
            to; -1 for tiles that nobody asks about.
    """
    blocks = numba.get_num_threads()
    bounds = np.linspace(0, len(projection.order), blocks + 1).astype(np.int64)
    counts = np.zeros((blocks, lists.max() + 1), np.int64)
    nothing = np.empty(0, np.int32)
    _bin(projection.splats, projection.order, bounds, lists, counts, nothing)

    ends = np.cumsum(counts.T).reshape(counts.T.shape)
    cursors = np.ascontiguousarray(ends.T - counts)
    members = np.empty(ends[-1, -1], np.int32)
    _bin(projection.splats, projection.order, bounds, lists, cursors, members)
    return TileLists(np.concatenate([[0], ends[:, -1]]), members)


@numba.njit(parallel=True, cache=True)
def _bin(splats, order, bounds, lists, cursors, members):
    """Advance `cursors` [blocks, lists] by one per entry, and write it if `members` has room."""
    for block in numba.prange(len(bounds) - 1):
        for k in range(bounds[block], bounds[block + 1]):
            splat = splats[order[k]]
            for row in range(splat.top, splat.bottom + 1):
                for column in range(splat.left, splat.right + 1):
                    chosen = lists[row, column]
                    if chosen >= 0:
                        if len(members) > 0:
                            members[cursors[block, chosen]] = order[k]
                        cursors[block, chosen] += 1
