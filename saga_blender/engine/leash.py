"""Runs a command that ends with who started it: `python leash.py COMMAND...`, held by its stdin."""

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    nobody = os.open(os.devnull, os.O_RDONLY)
    for each in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(each) != signal.SIG_IGN:  # as after `nohup`
            signal.signal(each, lambda *_: os.dup2(nobody, 0))  # as if the other end were gone
    # A session of its own, so that what the command starts can be ended with it.
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=lambda: os._exit(process.wait())).start()
    try:
        os.read(0, 1)  # returns when the other end is gone
    finally:
        _end(process.pid)


def _end(pid: int) -> None:
    """End a process and all that it has started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], stdout=subprocess.DEVNULL)
    else:
        os.killpg(pid, signal.SIGTERM)


if __name__ == "__main__":
    main()
