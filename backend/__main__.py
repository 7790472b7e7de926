"""`python -m backend`: the engine's command line."""

import sys

from .command_line.main import main

sys.stdout.reconfigure(errors="backslashreplace")  # a name that the console cannot show
sys.exit(main())
