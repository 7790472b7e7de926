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
from .copying import Bring, Brought, Keep, Kept
from .replies import (
    Alive,
    Decomposed,
    Described,
    Failed,
    Fetched,
    Found,
    Progress,
    Rendered,
    Selected,
    Trained,
    ViewAdded,
    Welcome,
)
from .requests import (
    AddView,
    Cancel,
    Decompose,
    Fetch,
    Find,
    ForgetViews,
    Hello,
    Info,
    Render,
    Select,
    Train,
)

PROTOCOL_VERSION = 4

# What the engine itself answers.
Work = Train | Select | Decompose | Find | Info | Fetch | AddView | ForgetViews | Render
Copying = Keep | Bring
Request = Hello | Work | Copying | Cancel | Alive
Result = Trained | Selected | Decomposed | Found | Described | Fetched | ViewAdded | Rendered
Reply = Welcome | Alive | Progress | Result | Kept | Brought | Failed
Message = Request | Reply


class ProtocolError(SagaError):
    """The other side does not speak this protocol."""

    code = "protocol"


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
