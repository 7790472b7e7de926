"""Validates and builds the extension with Blender's own tool: build/saga_blender-VERSION.zip.

Run with the Python of an environment that has bpy; prints the path of the zip.
"""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build() -> Path:
    """Fetch the bundled wheels (pinned by hash), validate, build."""
    scripts = next(Path(find_spec("bpy").origin).parent.glob("*/scripts"))
    tool = [sys.executable, str(scripts / "addons_core/bl_pkg/cli/blender_ext.py")]
    tags = f"--valid-tags={scripts / 'modules/_bpy_internal/extensions/tags.py'}"
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    archive = ROOT / "build" / f"{manifest['id']}-{manifest['version']}.zip"
    archive.parent.mkdir(exist_ok=True)
    if not all((ROOT / wheel).exists() for wheel in manifest["wheels"]):
        download = "download -q --no-deps --only-binary=:all: --require-hashes -r .ci/wheels.txt"
        _run(sys.executable, "-m", "pip", *download.split(), "-d", "wheels")
    _run(*tool, "validate", ".", tags)
    _run(*tool, "build", "--source-dir=.", f"--output-filepath={archive}", tags)
    return archive


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    print(build())
