"""Everything that the add-on and the engine say to each other: `requests`, `replies`, `copying`."""

from ..errors import (
    BadInput,
    Cancelled,
    EngineFailure,
    MissingSoftware,
    NotEnoughMemory,
    NotTrained,
    SagaError,
)
from . import replies, requests
from .copying import Bring, Brought, Keep, Kept, Only, Removed
from .replies import Alive, Failed

PROTOCOL_VERSION = 5

# What the engine itself answers.
Work = (
    requests.Train
    | requests.Select
    | requests.Decompose
    | requests.Find
    | requests.Info
    | requests.Fetch
    | requests.AddView
    | requests.ForgetViews
    | requests.Render
)
Copying = Keep | Bring | Only
Request = requests.Hello | Work | Copying | requests.Cancel | Alive
Result = (
    replies.Trained
    | replies.Selected
    | replies.Decomposed
    | replies.Found
    | replies.Described
    | replies.Fetched
    | replies.ViewAdded
    | replies.Rendered
)
Copied = Kept | Brought | Removed
Reply = replies.Welcome | Alive | replies.Progress | Result | Copied | Failed
Message = Request | Reply


class ProtocolError(SagaError):
    """The other side does not speak this protocol."""

    code = "protocol"


class CutShort(ProtocolError):
    """The stream ended in the middle of a message."""


_ERRORS = {
    cls.code: cls
    for cls in (
        BadInput,
        NotTrained,
        MissingSoftware,
        NotEnoughMemory,
        Cancelled,
        EngineFailure,
        ProtocolError,
    )
}


def failed(error: SagaError) -> Failed:
    """An expected failure as a message."""
    return Failed(error.code, error.message, error.advice, error.offer or None)


def error_of(reply: Failed) -> SagaError:
    """The exception that a failure was on the other side."""
    error = _ERRORS.get(reply.code, SagaError)(reply.message, reply.advice)
    error.code, error.offer = reply.code, reply.offer or {}
    return error
