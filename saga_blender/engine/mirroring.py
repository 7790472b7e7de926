"""An engine that is asked on another computer, where it finds this computer's files as copies.

A file is copied when a request first needs it, and again when it has changed;
copying goes on where it was interrupted. The copy of one that was deleted goes
before a request that would need it. What the engine learns of a scene is
copied back, so that it lies beside the splat as ever.
"""

import itertools
import os
import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...backend import protocol
from ...backend.errors import BadInput, Cancelled, SagaError
from ...backend.files import replacing
from ...backend.workspace import Workspace
from .copies import Stamped, as_here, there
from .files_to_send import Needed, needed_for, paths_in, translated
from .process import EngineProcess

PIECE_BYTES = 1 << 18
PIECES_UNDER_WAY = 8  # that have not been confirmed: what a long line holds
HEARTBEAT_S = 20.0  # of silence, after which the engine is told that we live


class Gone(Exception):
    """The engine has ended."""


class MirroringProcess(EngineProcess):
    """One run of an engine whose requests are preceded by the files that they are about.

    A thread of its own does the copying; what it asks has negative ids.
    """

    compresses = True

    def __init__(
        self, host: str, command: list[str], log_path: Path, events: queue.SimpleQueue
    ) -> None:
        """Raises OSError when there is no such program."""
        self.host = host
        self._errands: queue.SimpleQueue = queue.SimpleQueue()  # requests to ask, replies to give
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._last_asked = 0
        self._copied: set[Stamped] = set()
        self._needed = Needed()  # that the copies were last compared with
        self._scenes: dict[int, Path] = {}  # that requests under way change
        self._asking = threading.Lock()  # guards the next, and that nothing is asked after it
        self._cancelled: set[int] = set()
        super().__init__(command, None, log_path, events)
        threading.Thread(target=self._run_errands, name="engine errands", daemon=True).start()

    def send(self, id: int, message: protocol.Request) -> None:
        """Queue a message. Raises ProtocolError when it does not fit its own annotations."""
        if isinstance(message, protocol.Work):
            protocol.encode(id, message)
            self._errands.put((id, message))
            return
        with self._asking:
            if isinstance(message, protocol.Cancel):
                self._cancelled.add(message.request)
            super().send(id, message)

    def _hear(self, id: int, message: protocol.Reply | None) -> None:
        if message is None:
            self._answers.put((0, None))
            self._errands.put((0, None))
        if id < 0:
            self._answers.put((id, message))
            return
        if isinstance(message, protocol.Failed):
            told = {name: as_here(getattr(message, name)) for name in ("message", "advice")}
            message = replace(message, **told)
        if self._is_of_files(id, message):
            self._errands.put((id, message))
        else:
            super()._hear(id, message)

    def _is_of_files(self, id: int, message: protocol.Reply | None) -> bool:
        """Whether it tells of files that are to be brought here first."""
        if isinstance(message, protocol.Failed) and id in self._scenes:
            return Workspace(self._scenes[id]).mismatch.name in message.advice
        return isinstance(message, protocol.Trained | protocol.ViewAdded)

    def _next_frame(self) -> list[memoryview] | None:
        while True:
            try:
                return self._frames.get(timeout=HEARTBEAT_S)
            except queue.Empty:
                super().send(0, protocol.Alive())

    def _run_errands(self) -> None:
        while True:
            id, message = self._errands.get()
            if message is None:
                return
            try:
                if isinstance(message, protocol.Work):
                    self._ask(id, message)
                else:
                    super()._hear(id, self._brought_home(id, message))
            except Gone:
                return
            except SagaError as error:
                super()._hear(id, protocol.failed(error))
            except OSError as error:
                unread = BadInput(f"{error.filename} cannot be read: {error.strerror}.")
                super()._hear(id, protocol.failed(unread))

    def _ask(self, id: int, message: protocol.Work) -> None:
        """Ask a request once its files are there."""
        needed = needed_for(message)
        files = [Stamped.now(path) for path in needed.files]
        self._copy(id, [file for file in files if file not in self._copied])
        if needed != self._needed:
            self._remove_others(needed)
        if isinstance(message, protocol.Train | protocol.AddView | protocol.ForgetViews):
            self._scenes[id] = Path(message.scene)
        message = translated(message, {path: there(path) for path in paths_in(message)})
        with self._asking:
            self._require_wanted(id)
            super().send(id, message)

    def _copy(self, id: int, files: list[Stamped]) -> None:
        """Have copies of files there, from where copying broke off."""
        asked = [(file, self._request(file.kept())) for file in files]
        answers = [(file, self._answer(ask)) for file, ask in asked]
        self._copied |= {file for file, kept in answers if kept.whole}
        for file in (file for file, kept in answers if kept.newer):
            self._bring(id, file.path)
        missing = [(file, kept.bytes) for file, kept in answers if not (kept.whole or kept.newer)]
        total = sum(file.size - start for file, start in missing)
        sent = 0
        for file, start in missing:
            self._tell(id, sent / max(total, 1), file.path.name)
            for kept in self._answers_to(file.kept(*piece) for piece in _pieces(file, start)):
                self._require_wanted(id)
                self._tell(id, (sent + kept.bytes - start) / max(total, 1), file.path.name)
            if not kept.whole:
                raise BadInput(f"{file.path} changed while it was sent.", "Try again.")
            sent += file.size - start
            self._copied.add(file)

    def _remove_others(self, needed: Needed) -> None:
        """Have no copies there, where the engine will look, of what is no longer here."""
        paths = (protocol.joined(map(there, some)) for some in (needed.places, needed.files))
        self._answer(self._request(protocol.Only(*paths)))
        self._needed = needed

    def _brought_home(
        self, id: int, reply: protocol.Trained | protocol.ViewAdded | protocol.Failed
    ) -> protocol.Reply:
        """The reply, once what it tells of lies beside the scene here too."""
        work = Workspace(self._scenes.pop(id))
        match reply:
            case protocol.Trained():
                self._bring(id, work.field)
                return replace(reply, model=str(work.field))
            case protocol.ViewAdded():
                self._bring(id, work.added_cameras)
            case protocol.Failed():
                self._bring(id, work.mismatch)
        return reply

    def _bring(self, id: int, path: Path) -> None:
        """Have the file that is there in place of the one here."""
        copy = there(path)
        first = self._answer(self._request(protocol.Bring(copy)))
        if not first.modified:
            path.unlink(missing_ok=True)
            return
        offsets = range(len(first.piece), first.size, max(len(first.piece), 1))
        others = self._answers_to(protocol.Bring(copy, offset) for offset in offsets)
        with replacing(path) as file:
            for part in itertools.chain([first], others):
                if (part.size, part.modified) != (first.size, first.modified):
                    raise BadInput(f"{path.name} changed while it was brought here.", "Try again.")
                file.write(part.piece)
                self._tell(id, file.tell() / max(first.size, 1), path.name)
        self._answer(self._request(protocol.Bring(copy, first.size)))  # now that one is a copy
        self._needed = Needed()
        os.utime(path, ns=(first.modified, first.modified))
        self._copied.add(Stamped.now(path))

    def _answers_to(self, requests: Iterator[protocol.Copying]) -> Iterator[protocol.Copied]:
        """Ask, and answer in the same order, with `PIECES_UNDER_WAY`."""
        under_way: deque[int] = deque()
        for request in requests:
            under_way.append(self._request(request))
            if len(under_way) > PIECES_UNDER_WAY:
                yield self._answer(under_way.popleft())
        while under_way:
            yield self._answer(under_way.popleft())

    def _request(self, message: protocol.Copying) -> int:
        self._last_asked -= 1
        super().send(self._last_asked, message)
        return self._last_asked

    def _answer(self, id: int) -> protocol.Copied:
        """Wait for the answer to what was asked; earlier ones nobody waits for any more."""
        answered, reply = self._answers.get()
        while reply is not None and answered != id:
            answered, reply = self._answers.get()
        if reply is None:
            raise Gone
        if isinstance(reply, protocol.Failed):
            raise protocol.error_of(reply)
        return reply

    def _require_wanted(self, id: int) -> None:
        if id in self._cancelled:
            raise Cancelled()

    def _tell(self, id: int, fraction: float, name: str) -> None:
        stage = f"Copying files to and from {self.host}"
        super()._hear(id, protocol.Progress(stage, min(fraction, 1.0), -1.0, 0.0, name))


def _pieces(file: Stamped, start: int) -> Iterator[tuple[int, np.ndarray]]:
    """A file from somewhere on; at least one piece, if an empty one, which tells that it ends."""
    with file.path.open("rb") as stream:
        stream.seek(start)
        offset = start
        while piece := stream.read(PIECE_BYTES):
            yield offset, np.frombuffer(piece, np.uint8)
            offset += len(piece)
    if offset == start:
        yield start, np.zeros(0, np.uint8)
