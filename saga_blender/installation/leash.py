"""Runs a command that ends with who started it: `python leash.py COMMAND...`, held by its stdin."""

import os
import subprocess
import sys
import threading


def main() -> None:
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=lambda: os._exit(process.wait())).start()
    os.read(0, 1)  # returns when the other end is gone
    process.terminate()


if __name__ == "__main__":
    main()
