"""Builds the extension and a repository that serves it, in build/repo: python .ci/repo.py

Put the folder on any web server and give Blender the address of its index.json
(Preferences > Get Extensions > Repositories): it installs from there, and updates.
Run with the Python of an environment that has bpy; prints the path of the index.
"""

import shutil
from pathlib import Path

from build_zip import ROOT, build, extension_tool


def make() -> Path:
    """A fresh folder with the archive and what Blender's own tool says of it."""
    archive = build()
    folder = ROOT / "build" / "repo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy2(archive, folder)
    extension_tool("server-generate", f"--repo-dir={folder}", "--html")
    return folder / "index.json"


if __name__ == "__main__":
    print(make())
