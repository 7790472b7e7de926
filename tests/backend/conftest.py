"""Tests run as the engine does: waiting OpenMP threads sleep, they do not spin."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
