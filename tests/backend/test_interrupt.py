"""Ctrl-C on the command line, as a terminal sends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.command_line.main import main
from backend.protocol import Described

ROOT = Path(__file__).resolve().parents[2]
# A shell starts its background jobs, and what they start, deaf to it.
HEARING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


class Interrupted:
    """An engine whose last step is interrupted."""

    def __init__(self, device):
        pass

    def handle(self, message, report):
        os.kill(os.getpid(), signal.SIGINT)
        return Described("nine Gaussians", {})


@pytest.mark.parametrize("is_deaf", [True, False], ids=["as with nohup", "in a terminal"])
def test_ctrl_c_after_the_last_step_is_heard_but_by_what_is_deaf_to_it(is_deaf, capsys):
    before = signal.SIG_IGN if is_deaf else signal.default_int_handler
    former = signal.signal(signal.SIGINT, before)
    try:
        code = main(["info", "nine.ply"], Interrupted)
        out, err = capsys.readouterr()
        assert (code, "Stopped." in err) == ((0, False) if is_deaf else (130, True))
        assert ("nine Gaussians" in out) == is_deaf
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, former)


def test_ctrl_c_stops_between_two_steps_without_a_traceback():
    count = HEARING + (
        "import sys; from backend.command_line.main import main\n"
        "class StandInEngine:\n"
        "    def handle(self, message, report):\n"
        "        print('at work', file=sys.stderr, flush=True)\n"
        "        while True:\n"
        "            try: sum(range(10**5))\n"  # compiled code would make another error of it
        "            except KeyboardInterrupt: sys.exit(1)\n"
        "            report('Counting', 0.5)\n"
        "sys.exit(main(['info', 'a.ply'], lambda device: StandInEngine()))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", count], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()  # or it would count on, and slow down all that comes after
    assert process.returncode == 130 and "Traceback" not in err and "Stopped." in err


def test_ctrl_c_while_it_starts_stops_it_as_later():
    code = HEARING + (
        "import os, runpy, sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'backend.command_line.parser': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "runpy.run_module('backend', run_name='__main__')"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (130, "Stopped.\n")
