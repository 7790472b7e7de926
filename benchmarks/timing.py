"""How long something takes."""

import time
from collections.abc import Callable

import numpy as np
import torch


def median_ms(work: Callable[[], object], repeats: int, device: str = "cpu") -> float:
    """Median time of a call, after one that compiles; on a GPU the device's own, by events."""
    times = []
    for _ in range(repeats + 1):
        if device == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            work()
            end.record()
            torch.cuda.synchronize()
            times.append(start.elapsed_time(end))
        else:
            started = time.perf_counter()
            work()
            times.append(1e3 * (time.perf_counter() - started))
    return float(np.median(times[1:]))
