"""Fetching a file over a bad line: it goes on where it broke off, and comes whole or not at all."""

import hashlib
import os
import shutil
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

import certifi

from ..errors import BadInput, EngineFailure, MissingSoftware
from ..progress import Report, silent
from .catalog import Weights

CHUNK = 1 << 18  # bytes
STALL_S = 20.0  # without a byte
TRIES = 5  # in a row that bring no byte
PAUSE_S = 1.0  # before a further try; doubled for each in a row that brought no byte
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fetch(weights: Weights, folder: Path, report: Report = silent) -> Path:
    """The file of some weights in a folder: fetched, unless it is there.

    Raises:
        MissingSoftware: the server cannot be reached, or does not have it.
        EngineFailure: what came is not what was asked for.
        BadInput: the folder cannot be written, or the disk is full.
    """
    target = folder / weights.file
    part = folder / f"{weights.file}.part"
    try:
        if target.is_file() and _is(weights, target, report):
            return target
        folder.mkdir(parents=True, exist_ok=True)
        _require_room(weights, part)
        _receive(weights, part, report)
        if not _is(weights, part, report):
            part.unlink()
            raise EngineFailure(
                f"What {weights.host} sent is not {weights.file}.",
                "Try again. If that happens again, someone is changing what you download.",
            )
        os.replace(part, target)
    except OSError as error:
        if target.is_file() and _is(weights, target, report):  # another engine was faster
            return target
        raise BadInput(
            f"{target} cannot be written: {error.strerror or error}.",
            "Make room or choose another folder, then try again: it goes on where it was.",
        ) from error
    return target


def _receive(weights: Weights, part: Path, report: Report) -> None:
    """Fill the part file, from where it stands, in as many tries as it takes."""
    opener, fruitless = _opener(), 0
    if _size(part) > weights.size:
        part.unlink()
    while (before := _size(part)) < weights.size:
        try:
            _receive_once(opener, weights, part, report)
        except HTTPError as error:
            if error.code == 416:  # there is nothing behind what we have: start anew
                part.unlink()
            elif error.code < 500 and error.code != 429:
                raise _unreachable(weights, f"it answers {error.code}") from error
            reason = f"it answers {error.code}"
        except (HTTPException, _LineError) as error:
            reason = str(error)
        else:
            return
        fruitless = 0 if _size(part) > before else fruitless + 1
        if fruitless == TRIES:
            raise _unreachable(weights, reason)
        _pause(PAUSE_S * 2**fruitless, f"Waiting for {weights.host}", _size(part), weights, report)


class _LineError(Exception):
    """The connection failed, in words; apart from a failure of the disk, an OSError too."""


@contextmanager
def _line_errors() -> Iterator[None]:
    try:
        yield
    except HTTPError:
        raise
    except OSError as error:
        raise _LineError(str(getattr(error, "reason", error))) from error


def _receive_once(opener: OpenerDirector, weights: Weights, part: Path, report: Report) -> None:
    have = _size(part)
    request = Request(weights.url, headers={"Range": f"bytes={have}-"} if have else {})
    with _line_errors():
        reply = opener.open(request, timeout=STALL_S)
    with reply, part.open("r+b" if have else "wb") as file:
        done = have if reply.status == 206 else 0
        if done and not reply.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            part.unlink()
            raise _LineError("it sends another part than it was asked for")
        announced = reply.headers.get("Content-Length")
        if announced is not None and done + int(announced) != weights.size:
            raise EngineFailure(
                f"{weights.host} has a file of another size under the name {weights.file}.",
                "Are you behind a page that asks you to log in? Else fetch the file by hand.",
            )
        if have:
            file.truncate(done)
            file.seek(done)
        while done < weights.size:
            with _line_errors():
                chunk = reply.read1(min(CHUNK, weights.size - done))
            if not chunk:
                raise _LineError("the line was cut")
            file.write(chunk)
            done += len(chunk)
            _tell(f"Downloading {weights.file}", done, weights, report)


class _OnlySafeRedirects(HTTPRedirectHandler):
    """Follows to https, and on this machine."""

    def redirect_request(self, request, *rest):
        there = urlsplit(rest[-1])
        if there.scheme != "https" and there.hostname not in LOOPBACK:
            raise _LineError(f"it sends us to {there.scheme}://{there.hostname}, which is not safe")
        return super().redirect_request(request, *rest)


def _opener() -> OpenerDirector:
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())  # Blender's Python may know no authorities
    return build_opener(_OnlySafeRedirects, HTTPSHandler(context=trust))


def _is(weights: Weights, path: Path, report: Report) -> bool:
    """Whether a file is the one, by its size and SHA-256."""
    if path.stat().st_size != weights.size:
        return False
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
            done += len(chunk)
            _tell(f"Checking {weights.file}", done, weights, report)
    return digest.hexdigest() == weights.sha256


def _pause(seconds: float, stage: str, done: int, weights: Weights, report: Report) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _tell(stage, done, weights, report)
        time.sleep(min(0.1, seconds))


def _tell(stage: str, done: int, weights: Weights, report: Report) -> None:
    report(stage, done / weights.size, f"{done / 1e6:,.0f} of {weights.megabytes}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _require_room(weights: Weights, part: Path) -> None:
    needed, free = weights.size - _size(part), shutil.disk_usage(part.parent).free
    if free < needed:
        raise BadInput(
            f"{weights.file} needs {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free.",
            f"Make room, or choose another folder than {part.parent}.",
        )


def _unreachable(weights: Weights, reason: str) -> MissingSoftware:
    return MissingSoftware(
        f"{weights.file} could not be fetched from {weights.host}: {reason}.",
        f"Try again later: it goes on where it was. Or fetch {weights.url} by hand, and choose it.",
    )
