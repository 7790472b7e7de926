"""From what was typed to an exit code."""

import json
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout

from .. import protocol
from ..engine import Engine
from ..errors import EngineFailure, SagaError, explained
from ..protocol.checks import checked
from .interrupt import interruptible
from .parser import build_parser
from .progress_bar import ProgressBar

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130


def main(argv: list[str] | None = None, make_engine: Callable[[str], Engine] = Engine) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    as_json = "--json" in argv
    try:
        arguments = build_parser().parse_args(argv)
        with ProgressBar() as bar, interruptible(bar) as report, redirect_stdout(sys.stderr):
            text, facts = arguments.run(arguments, make_engine(arguments.device), report)
            facts = checked(facts, dict, "The answer")  # JSON knows no numbers of numpy, no NaN
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        if isinstance(told := explained(error), EngineFailure):
            traceback.print_exc()
        return _fail(told, as_json)
    print(json.dumps(facts) if as_json else text)
    return 0


def _fail(error: SagaError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": vars(protocol.failed(error))}))
    else:
        flags = [f"--{name.replace('_', '-')} {value}" for name, value in error.offer.items()]
        offer = f"To do so: {' '.join(flags)}" if flags else ""
        print("\n".join(filter(None, [error.message, error.advice, offer])), file=sys.stderr)
    return EXIT_FAILED
