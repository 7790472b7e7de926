"""An engine that does what the scene of an Info request is called, and selects by the threshold."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from . import protocol
from .errors import BadInput
from .files import replacing
from .workspace import Workspace


class Engine:
    def __init__(self, device):
        self.device = device

    def handle(self, message, report):
        if isinstance(message, protocol.Select):
            return self.select(message.threshold)
        if isinstance(message, protocol.Train):
            return self.train(Workspace(Path(message.scene)), report)
        getattr(self, message.scene, lambda _: None)(report)
        return protocol.Described(text=message.scene, facts={"device": self.device})

    def select(self, threshold):
        """That many of a hundred Gaussians: 0.2 is the first 20."""
        count = round(100 * threshold)
        time.sleep(0.05)
        return protocol.Selected(np.packbits(np.arange(100) < count), count, 100, 0.5, 1.0)

    def train(self, work, report):
        """Learns the splat backwards. What is no splat is told of with a picture."""
        report("Training", 0.5)
        splat = work.scene.read_bytes()
        with replacing(work.mismatch if splat == b"no splat" else work.field) as file:
            file.write(splat[::-1])
        if splat == b"no splat":
            raise BadInput("The photographs do not fit.", f"See {work.mismatch}: both.")
        return protocol.Trained(str(work.field), 1.0, 1, 1, 1, 1, 0.0)

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
