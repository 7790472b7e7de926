"""How long an engine's silence is borne, and how many of its crashes; and what is said then."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

from ...backend.errors import EngineFailure
from .process import last_words

HANG_S = 60.0  # without a word, which it says each second, also at work
MOST_CRASHES = 3  # in a row, until an engine is not started again
REST_S = 60.0  # and for how long


@dataclass
class Silence:
    """How long the engine has said nothing, as seen by one who looks now and then.

    Time in which nobody looked counts little: the computer may have been asleep.
    """

    MOST_AT_ONCE_S = 1.0

    heard: int = -1
    seconds: float = 0.0
    looked: float = 0.0

    def lasts(self, heard: int) -> float:
        """Seconds without a new message, given how many there were until now."""
        now = time.monotonic()
        passed, self.looked = min(now - self.looked, self.MOST_AT_ONCE_S), now
        self.seconds = self.seconds + passed if heard == self.heard else 0.0
        self.heard = heard
        return self.seconds

    def is_a_hang(self, heard: int) -> bool:
        """Whether it lasts too long."""
        return self.lasts(heard) > HANG_S


@dataclass
class Crashes:
    """How often the engine has crashed in a row."""

    count: int = 0
    rests_until: float = -math.inf

    @property
    def are_too_many(self) -> bool:
        """Whether no engine is to be started for a while."""
        return self.rest_s > 0

    @property
    def rest_s(self) -> float:
        """Seconds until one may be started again."""
        return max(self.rests_until - time.monotonic(), 0.0)

    def one_more(self) -> None:
        """It has crashed again."""
        self.count += 1
        if self.count == MOST_CRASHES:
            self.count -= 1  # after its rest it has one more try
            self.rests_until = time.monotonic() + REST_S


def hung(log_path: Path) -> EngineFailure:
    """What is told of an engine that was ended for its silence."""
    return EngineFailure(
        f"The engine hung: it said nothing for {HANG_S:.0f} s and was ended.",
        f'Start again: training goes on where it was. Its last words: "{last_words(log_path)}".',
    )


def left_alone(log_path: Path, rest_s: float) -> EngineFailure:
    """What is told when it is not started again for some seconds."""
    return EngineFailure(
        f"The engine stopped {MOST_CRASHES} times in a row "
        f"and will not be restarted for {math.ceil(rest_s)} s.",
        f"Why it stopped is in its log, {log_path}. Then try again.",
    )
