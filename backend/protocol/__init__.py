"""What the add-on and the engine say to each other, and how it travels. Standard library and numpy.

`messages` holds the vocabulary, `checks` what a field may hold, `frames` the bytes.
"""

from .frames import encode, read_message, write_frame, write_message
from .messages import (
    PROTOCOL_VERSION,
    Cancel,
    Described,
    Failed,
    Hello,
    Info,
    Message,
    Progress,
    ProtocolError,
    Render,
    Rendered,
    Reply,
    Request,
    Select,
    Selected,
    Train,
    Trained,
    Welcome,
    Work,
    error_of,
    failed,
)

__all__ = [
    "PROTOCOL_VERSION",
    "Cancel",
    "Described",
    "Failed",
    "Hello",
    "Info",
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
    "Welcome",
    "Work",
    "encode",
    "error_of",
    "failed",
    "read_message",
    "write_frame",
    "write_message",
]
