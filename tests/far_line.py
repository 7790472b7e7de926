"""A line to far away, as ssh's ProxyCommand: `python far_line.py PORT SECONDS`.

What it carries to and from a port of this computer arrives so many seconds late.
"""

import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable


def carry(read: Callable[[int], bytes], write: Callable[[bytes], object], late_s: float) -> None:
    """Hand bytes on, late, until there are no more."""
    under_way: queue.SimpleQueue = queue.SimpleQueue()

    def depart() -> None:
        data = b"first"
        while data:
            data = read(1 << 16)
            under_way.put((time.monotonic() + late_s, data))

    threading.Thread(target=depart, daemon=True).start()
    while True:
        due, data = under_way.get()
        if not data:
            return
        time.sleep(max(due - time.monotonic(), 0.0))
        write(data)


def main() -> None:
    port, late_s = int(sys.argv[1]), float(sys.argv[2])
    with socket.create_connection(("127.0.0.1", port)) as line, os.fdopen(1, "wb", 0) as out:
        there = (lambda size: os.read(0, size)), line.sendall, late_s
        threading.Thread(target=carry, args=there, daemon=True).start()
        carry(line.recv, out.write, late_s)


if __name__ == "__main__":
    main()
