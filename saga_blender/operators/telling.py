"""How an operator says what it has done."""

import bpy

from ..engine.session import session


def tell(operator: bpy.types.Operator, sentence: str) -> None:
    """Report what was done, in the panel too: what stood there is of before."""
    operator.report({"INFO"}, sentence)
    session.notice, session.error = sentence, None
