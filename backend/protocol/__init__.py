"""What the add-on and the engine say to each other, and how it travels. Standard library and numpy.

`requests` and `replies` hold the vocabulary, `copying` that for files, `messages` all of it;
`checks` what a field may hold, `frames` the bytes, `compression` how they get fewer, `stroke`
how a scribble is said.
"""

from .copying import Bring, Brought, Keep, Kept
from .frames import encode, read_message, write_frame, write_message
from .messages import (
    PROTOCOL_VERSION,
    Copying,
    CutShort,
    Message,
    ProtocolError,
    Reply,
    Request,
    Work,
    error_of,
    failed,
)
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
    Click,
    Decompose,
    Eye,
    Fetch,
    Find,
    ForgetViews,
    Hello,
    Info,
    Render,
    Select,
    Train,
)
from .stroke import clicks_along, spread_along

__all__ = [
    "PROTOCOL_VERSION",
    "AddView",
    "Alive",
    "Bring",
    "Brought",
    "Cancel",
    "Click",
    "Copying",
    "CutShort",
    "Decompose",
    "Decomposed",
    "Described",
    "Eye",
    "Failed",
    "Fetch",
    "Fetched",
    "Find",
    "ForgetViews",
    "Found",
    "Hello",
    "Info",
    "Keep",
    "Kept",
    "Message",
    "Progress",
    "ProtocolError",
    "Render",
    "Rendered",
    "Reply",
    "Request",
    "Select",
    "Selected",
    "Train",
    "Trained",
    "ViewAdded",
    "Welcome",
    "Work",
    "clicks_along",
    "encode",
    "error_of",
    "failed",
    "read_message",
    "spread_along",
    "write_frame",
    "write_message",
]
