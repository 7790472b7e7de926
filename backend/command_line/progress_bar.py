"""How far the work is, in a terminal."""

import sys

from tqdm import tqdm

LOGGED_S = 10.0  # between two lines of a log


class ProgressBar:
    """A `Report` that draws a bar for each stage on stderr, and into a log for each long one."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, error_type: type | None, *_: object) -> None:
        self._close(complete=error_type is None)

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        if self._bar is None or self._bar.desc != stage:
            self._close(complete=True)
            is_seen = sys.stderr.isatty()
            self._bar = tqdm(
                desc=stage,
                total=1.0,
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
                mininterval=0.1 if is_seen else LOGGED_S,
                delay=0.0 if is_seen else LOGGED_S,
                leave=not is_seen,
            )
        self._bar.set_postfix_str(detail, refresh=False)
        self._bar.update(fraction - self._bar.n)

    def _close(self, complete: bool) -> None:
        if self._bar is not None:
            self._bar.update(1.0 - self._bar.n if complete else 0.0)
            self._bar.close()
