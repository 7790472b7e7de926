"""What the selection was pointed at with: asked again when a slider moves, refined by more clicks.

`clicking` remembers it for as long as the selection in Blender's data is the one that
came of it.
"""

from dataclasses import dataclass, replace
from functools import partial

import bpy
import numpy as np

from ..backend import protocol
from ..backend.errors import SagaError
from ..backend.gaussians.selection import combine
from .drawing.overlay import overlay
from .engine.session import in_object_mode, session
from .held import mouse_is_held
from .previews import Previews, previews
from .splat_object import (
    SOURCE,
    asked_object,
    find_splat,
    hidden,
    per_point,
    remaining,
    selection,
    set_selection,
)
from .translations import said
from .viewport import redraw_pages

_REST_S = 0.4  # a slider that is not moved for so long has been let go

Asked = tuple[float, bool, float, bool]  # scale, automatic, threshold, connected


def asked_by(settings) -> Asked:
    """How a thing is asked for: by a workspace's settings, or by an operator's properties."""
    return settings.scale, settings.automatic, settings.threshold, settings.connected


def settings_of(workspace: int) -> bpy.types.PropertyGroup | None:
    """How to select in the workspace of that session_uid; None if it is gone."""
    return next((w.saga for w in bpy.data.workspaces if w.session_uid == workspace), None)


@dataclass(frozen=True)
class Prompt:
    """What is pointed at, in the frame of the splat's scene file."""

    clicks: tuple[protocol.Click, ...] = ()  # one, or those along a stroke
    box: tuple[float, float, float, float] | None = None  # left, top, right, bottom
    eye: protocol.Eye | None = None  # in whose picture the box is


@dataclass(frozen=True)
class Clicks:
    """A prompt, what it competes with, and what it has made of the selection."""

    uid: int  # session_uid of the splat
    prompt: Prompt
    operation: str  # one of backend.gaussians.selection.OPERATIONS
    rivals: tuple[protocol.Click, ...] = ()  # what is more like these is not meant
    before: np.ndarray | None = None  # boolean [N], the selection when it was answered first
    asked: Asked | None = None
    scale: float = 0.0  # that was asked for, or found
    after: np.ndarray | None = None  # boolean [N], the selection that came of it

    @classmethod
    def on(cls, obj: bpy.types.Object, prompt: Prompt, operation: str) -> "Clicks":
        """A prompt on a splat. What is taken away is what is less like the thing last clicked."""
        last, rivals = clicking.standing(), ()
        if operation == "SUBTRACT" and last is not None and last.uid == obj.session_uid:
            keeps = last.operation in ("SET", "ADD")
            clicked = tuple(replace(click, wanted=False) for click in last.prompt.clicks)
            rivals = clicked if keeps else last.rivals
        return cls(obj.session_uid, prompt, operation, rivals)

    def message(self, obj: bpy.types.Object, asked: Asked, step: int = 0) -> protocol.Select:
        """The question to the engine.

        Args:
            obj: the splat.
            asked: how the thing is asked for.
            step: to the next larger (1) or smaller (-1) thing.
        """
        scale, automatic, threshold, connected = asked
        return protocol.Select(
            scene=obj.data[SOURCE],
            box=self.prompt.box,
            eye=self.prompt.eye,
            clicks=self.prompt.clicks + self.rivals,
            scale=None if automatic else scale,
            step=step,
            threshold=threshold,
            wanted_wins=True,  # what is pointed at leaves the selection, also what was just added
            connected=connected,
            subset=remaining(obj.data),
        )

    def answered(self, obj: bpy.types.Object, reply: protocol.Selected, asked: Asked) -> "Clicks":
        """The same with what it makes of the selection."""
        before = selection(obj.data) if self.before is None else self.before
        after = combine(before, found(obj, reply), self.operation) & ~hidden(obj.data)
        return replace(self, before=before, asked=asked, scale=reply.scale, after=after)

    @property
    def notice(self) -> str:
        """What to tell the person of the selection."""
        sentence = "{count:,} of {total:,} Gaussians selected, at scale {scale:.2f}."
        count = np.count_nonzero(self.after)
        return said(sentence, count=count, total=len(self.after), scale=self.scale)


class Clicking:
    """The clicks that the selection stands on, and what a moving slider says of them."""

    def __init__(self) -> None:
        self._last: Clicks | None = None
        self._coming: Clicks | None = None  # shown, not yet in the data
        self._previews = Previews()  # its own: what is under the mouse takes no slider's place
        self._failure: SagaError | None = None  # why there was nothing to show

    @property
    def is_shown(self) -> bool:
        """Whether a slider's selection is coloured that is still to be put into the data."""
        return self._coming is not None and self.standing() is not None

    def standing(self) -> Clicks | None:
        """The last clicks, if the selection is what they made it: perhaps again, after redo."""
        last = self._last
        obj = last and find_splat(last.uid)
        made = obj is not None and np.array_equal(selection(obj.data), last.after)
        return last if made else None

    def stands(self, clicks: Clicks) -> bool:
        """Whether the selection is still what came of that prompt."""
        last = self.standing()
        return last is not None and last.prompt is clicks.prompt

    def settle(self, obj: bpy.types.Object, clicks: Clicks) -> None:
        """Put what clicks have selected into the data."""
        self._last, self._coming = clicks, None
        overlay.settle_preview(obj, clicks.after)
        set_selection(obj.data, clicks.after, keep_hidden=clicks.operation != "SET")

    def ask_again(self, asked: Asked) -> None:
        """Show what the last clicks, if any, select when asked for otherwise.

        The data follows when the mouse is let go of and nothing more is asked for a moment.
        """
        last = self.standing() and (self._coming or self._last)
        obj = last and find_splat(last.uid)
        if obj is None:
            return
        if asked == last.asked:  # the slider is back where it was
            self._previews.forget()
        else:
            message = last.message(obj, asked)
            self._previews.ask(message, partial(self._show, last, asked), self._fail)

    def _fail(self, error: SagaError) -> None:
        """Nothing to show: what was selected stays, and the panel says why."""
        self._coming, self._failure, session.error = None, error, error
        overlay.end_preview()
        redraw_pages()

    def _show(self, clicks: Clicks, asked: Asked, reply: protocol.Selected) -> None:
        obj = asked_object(clicks.uid, reply.total)
        if obj is None or not self.stands(clicks):
            return
        self._coming = clicks.answered(obj, reply, asked)
        if session.error is self._failure:  # what else has failed is still to be told
            session.error = None
        overlay.show_preview(obj, self._coming.after)
        _stop_waiting()
        if not bpy.app.background:  # where no timer runs
            bpy.app.timers.register(_let_go, first_interval=_REST_S)

    def let_go(self) -> None:
        """Take over what the slider says, as one step to undo."""
        clicks, self._coming = self._coming, None
        last = self.standing()
        if clicks is None or last is None:  # another hand was faster
            return
        self.settle(find_splat(clicks.uid), clicks)
        if not np.array_equal(clicks.after, last.after):
            session.notice = clicks.notice
            bpy.ops.ed.undo_push(message="Adjust Selection")

    def forget(self) -> None:
        """Drop everything, also what is under way."""
        self._last = self._coming = None
        self._previews.forget()
        _stop_waiting()


def found(obj: bpy.types.Object, reply: protocol.Selected) -> np.ndarray:
    """Which points of a splat the engine has found, boolean [N]."""
    mask = np.unpackbits(reply.mask, count=reply.total).view(bool)
    return per_point(obj.data, mask, False)


def preview(obj: bpy.types.Object, clicks: Clicks, asked: Asked) -> None:
    """Colour what a prompt would find, when the engine has said so."""
    previews.ask(clicks.message(obj, asked), partial(_colour, clicks.uid), _clear_preview)


def _colour(uid: int, reply: protocol.Selected) -> None:
    obj = asked_object(uid, reply.total)
    if obj is not None:
        overlay.show_preview(obj, found(obj, reply))


def _clear_preview(_error: SagaError) -> None:
    """Nothing under the mouse, or nobody who could tell: a click would take nothing."""
    overlay.end_preview()


def _let_go() -> float | None:
    """Timer: as long as a slider is held, it goes on meaning the same step to undo.

    So it does in other modes than Object Mode, whose steps to undo would not hold it.
    """
    if mouse_is_held() or not in_object_mode():
        return _REST_S
    clicking.let_go()
    return None


def _stop_waiting() -> None:
    if bpy.app.timers.is_registered(_let_go):
        bpy.app.timers.unregister(_let_go)


clicking = Clicking()
