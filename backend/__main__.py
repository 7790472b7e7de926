"""`python -m backend`: the engine's command line."""

import sys

from .command_line.main import main

sys.exit(main())
