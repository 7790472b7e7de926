"""An engine that does what the scene of an Info request is called."""

import os
import subprocess
import sys
import time

from . import protocol


class Engine:
    def __init__(self, device):
        self.device = device

    def handle(self, message, report):
        getattr(self, message.scene, lambda _: None)(report)
        return protocol.Described(text=message.scene, facts={"device": self.device})

    def count(self, report):
        """Ten seconds in a hundred steps; tells when it was stopped."""
        try:
            for step in range(100):
                report("Counting", step / 100, f"step {step}")
                time.sleep(0.1)
        finally:
            print("tidied up", file=sys.stderr, flush=True)

    def stages(self, report):
        """Three stages of 300 quick steps."""
        for stage in "abc":
            for step in range(300):
                report(stage, step / 300, f"step {step}")
                time.sleep(0.001)

    def sleep(self, report):
        """Long work that reports nothing, as inside a library."""
        time.sleep(60)

    def out_of_memory(self, report):
        raise MemoryError

    def noise(self, report):
        print("from Python")
        os.write(1, b"from C\n")
        subprocess.run([sys.executable, "-c", "print('from a child'); input()"], check=False)

    def defect(self, report):
        raise ZeroDivisionError("a defect")

    def no_number(self, report):
        report("Diverging", float("nan"))

    def die(self, report):
        print("a last word", file=sys.stderr, flush=True)
        os._exit(7)
