"""The real `backend` with another engine.py in front: `python -m backend.server` from the folder
above runs the real server on it, so that long, noisy and dying requests need no trained scene."""

from pathlib import Path

__version__ = "stand-in"
__path__.append(str(Path(__file__).resolve().parents[3] / "backend"))
