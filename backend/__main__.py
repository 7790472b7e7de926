"""`python -m backend`: the engine's command line."""

import sys

from .errors import missing_package

try:
    from .command_line.main import main
except ModuleNotFoundError as error:
    sys.exit(str(missing_package(error)))
except KeyboardInterrupt:  # from here on `main` says so
    print("Stopped.", file=sys.stderr)
    sys.exit(130)

if sys.stdout is not None:  # as it is where a service has none
    sys.stdout.reconfigure(errors="backslashreplace")  # a name that the console cannot show
sys.exit(main())
