"""Validates and builds the extension with Blender's own tool: build/saga_blender-VERSION.zip.

Run with the Python of an environment that has bpy; prints the path of the zip.
"""

import subprocess
import sys
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build() -> Path:
    """Fetch the bundled wheels (pinned by hash), validate, build; the path of the .zip."""
    tags = f"--valid-tags={_scripts() / 'modules/_bpy_internal/extensions/tags.py'}"
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    archive = ROOT / "build" / f"{manifest['id']}-{manifest['version']}.zip"
    archive.parent.mkdir(exist_ok=True)
    if not all((ROOT / wheel).exists() for wheel in manifest["wheels"]):
        download = "download -q --no-deps --require-hashes -r requirements/extension.txt -d wheels"
        _run(sys.executable, "-m", "pip", *download.split())
    extension_tool("validate", ".", tags)
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:  # others may build it too
        draft = Path(scratch, archive.name)
        extension_tool("build", "--source-dir=.", f"--output-filepath={draft}", tags)
        draft.replace(archive)
    return archive


def extension_tool(*arguments: str) -> None:
    """What `blender --command extension` runs."""
    tool = _scripts() / "addons_core/bl_pkg/cli/blender_ext.py"
    _run(sys.executable, str(tool), *arguments)


def _scripts() -> Path:
    return next(Path(find_spec("bpy").origin).parent.glob("*/scripts"))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    print(build())
