"""An engine that does what the scene of an Info request is called, and selects by the threshold."""

import os
import subprocess
import sys
import time

import numpy as np

from . import protocol


class Engine:
    def __init__(self, device):
        self.device = device

    def handle(self, message, report):
        if isinstance(message, protocol.Select):
            return self.select(message.threshold)
        getattr(self, message.scene, lambda _: None)(report)
        return protocol.Described(text=message.scene, facts={"device": self.device})

    def select(self, threshold):
        """That many of a hundred Gaussians: 0.2 is the first 20."""
        count = round(100 * threshold)
        time.sleep(0.05)
        return protocol.Selected(np.packbits(np.arange(100) < count), count, 100, 0.5, 1.0)

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
