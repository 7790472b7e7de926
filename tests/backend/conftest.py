"""Tests run as the engine does: OpenMP's threads sleep, not spin, while they wait for each other."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
