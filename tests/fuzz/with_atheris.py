"""The same, led by what the readers' code does: python tests/fuzz/with_atheris.py READER [OPTIONS].

Needs `pip install atheris` (Linux). READER is as in pytest's ids ("PLY, binary"); the
options are libFuzzer's: -runs=100000, -max_total_time=600.
"""

import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["backend", "plyfile"]):
    from readers import readers
    from test_fuzz import bound_what_unpacks, judge

from mutations import broken


def main(name: str, options: list[str]) -> None:
    (reader,) = (reader for reader in readers() if reader.name == name)
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as folder:
        path = reader.prepare(Path(folder))
        atheris.Setup(
            [sys.argv[0], "-max_len=32", *options],
            lambda said: judge(reader, path, broken(reader.seed, said)),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    bound_what_unpacks(setattr)
    main(sys.argv[1], sys.argv[2:])
