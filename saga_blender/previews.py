"""Questions that nobody waits for: what a click would take, what a moving slider would do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..backend import protocol
from ..backend.errors import BadInput, SagaError
from .engine.client import EngineClient
from .engine.session import session

OnPreview = Callable[[protocol.Reply], None]
OnNothing = Callable[[SagaError], None]


@dataclass
class Question:
    """What is asked, and who is told the answer, or that there is none."""

    message: protocol.Work
    on_answer: OnPreview
    on_nothing: OnNothing
    wanted: bool = True  # somebody still waits


class Previews:
    """One under way at most; of those that wait, only the newest is kept."""

    def __init__(self) -> None:
        self._under_way: Question | None = None
        self._waiting: Question | None = None
        self._asked: EngineClient | None = None  # one that was closed since answers no more
        self._crashed_client: EngineClient | None = None  # whose engine crashed in a preview

    def ask(self, message: protocol.Work, on_answer: OnPreview, on_nothing: OnNothing) -> None:
        """Ask beside the clicks.

        Not beside other jobs: the answer would come when nobody expects it any more. Nor is
        an engine that has died started again for it.
        """
        self._ask(Question(message, on_answer, on_nothing))

    def _ask(self, question: Question) -> None:
        if session.occupied:
            return
        try:
            client = session.connected()
        except BadInput:  # no Python is chosen, as the panel says
            return
        if client is self._crashed_client and client.state == "dead":
            return
        if self._under_way is not None and self._asked is client and client.busy:
            self._waiting = question
            return
        self._under_way, self._waiting, self._asked = question, None, client
        client.request(
            question.message,
            partial(self._done, question),
            on_error=partial(self._failed, question, client),
        )
        session.listen()

    def forget(self) -> None:
        """Tell nobody what is still to come."""
        self._waiting = None
        if self._under_way is not None:
            self._under_way.wanted = False

    def _done(self, question: Question, reply: protocol.Reply) -> None:
        self._next()
        if question.wanted:
            try:
                question.on_answer(reply)
            except SagaError as error:  # its file has changed
                question.on_nothing(error)

    def _failed(self, question: Question, client: EngineClient, error: SagaError) -> None:
        """Nothing under the mouse, nothing trained, or no engine any more."""
        if client.state == "dead":
            self._crashed_client = client
        self._next()
        if question.wanted:
            question.on_nothing(error)

    def _next(self) -> None:
        waiting, self._under_way, self._waiting = self._waiting, None, None
        if waiting is not None:
            self._ask(waiting)


previews = Previews()  # of what is under the mouse
