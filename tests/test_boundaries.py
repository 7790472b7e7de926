"""Who may import whom: the lines of the house, held by reading every import in it."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLENDER = {"bpy", "bpy_extras", "bmesh", "mathutils", "gpu", "gpu_extras", "blf", "bl_ui"}
BUNDLED = {"numpy", "plyfile"}  # what Blender has, or the extension brings
SHARED = {  # all that both sides import
    "backend.protocol",
    "backend.gaussians",
    "backend.errors",
    "backend.json_text",  # a stranger's JSON, within bounds
    "backend.workspace",  # where the trained field lies: seen without asking the engine
    "backend.files",  # writing so that a failure leaves what was there
    "backend.weights.catalog",  # what can be fetched, how large it is and where from
}


class Import(NamedTuple):
    where: str
    module: str  # as seen from the project's root
    relative: bool


def imports_of(package: str) -> list[Import]:
    """Every import in a package, also those inside functions."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                found += [Import(where, alias.name, False) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.append(Import(where, node.module, False))
            elif isinstance(node, ast.ImportFrom):
                base = [*parts[: -node.level], *(node.module or "").split(".")]
                found += [
                    Import(where, ".".join(filter(None, [*base, alias.name])), True)
                    for alias in node.names
                ]
    assert found, f"nothing was read of {package}"
    return found


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", ["backend", "saga_blender"])
def test_packages_import_relatively(package):
    """Blender nests them in a package of its own choosing."""
    ours = {"backend", "saga_blender"}
    assert [i for i in imports_of(package) if not i.relative and within(i.module, ours)] == []


def test_the_engine_knows_neither_blender_nor_the_add_on():
    forbidden = BLENDER | {"saga_blender"}
    assert [i for i in imports_of("backend") if within(i.module, forbidden)] == []


def test_the_add_on_imports_only_what_blender_has_and_what_is_shared():
    allowed = BLENDER | BUNDLED | SHARED | {"saga_blender"} | set(sys.stdlib_module_names)
    assert [i for i in imports_of("saga_blender") if not within(i.module, allowed)] == []


def test_operators_stand_on_the_rest_of_the_add_on():
    """Only what shows, binds and registers them imports them."""
    above = ("operators/", "panels/", "__init__.py", "keymaps.py", "select_tool.py")
    above = tuple(f"saga_blender/{place}" for place in above)
    assert [
        i
        for i in imports_of("saga_blender")
        if within(i.module, {"saga_blender.operators"}) and not i.where.startswith(above)
    ] == []


def test_what_is_shared_needs_nothing_heavy():
    allowed = BUNDLED | SHARED | set(sys.stdlib_module_names)
    shared = tuple(name.replace(".", "/") for name in SHARED)
    assert [
        i
        for i in imports_of("backend")
        if i.where.startswith(shared) and not within(i.module, allowed)
    ] == []


WITHOUT = """
import importlib, pkgutil, sys, types

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden}:
            raise ImportError(name + " is not to be imported here")

sys.meta_path.insert(0, Refuse())
for name, folder in {packages}:
    package = types.ModuleType(name)
    package.__path__ = [folder]
    sys.modules[name] = package
for name in {modules}:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        importlib.import_module(found.name)
"""


def import_without(forbidden: set[str], modules: list[str], packages: dict[str, Path]) -> None:
    """Import modules and all below them, nested in bare packages, in a fresh interpreter."""
    bare = [(name, str(folder)) for name, folder in packages.items()]
    code = WITHOUT.format(forbidden=forbidden, modules=modules, packages=bare)
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


HEAVY = {"torch", "numba", "scipy", "sklearn", "PIL", "safetensors", "tqdm", "psutil"}


def test_what_the_add_on_needs_imports_without_the_engines_packages():
    modules = ["errors", "protocol", "gaussians"]
    import_without(
        HEAVY | {"bpy"},
        [*(f"nested.backend.{name}" for name in modules), "nested.saga_blender.engine.client"],
        {"nested": ROOT, "nested.saga_blender": ROOT / "saga_blender"},
    )


@pytest.mark.skipif(find_spec("tqdm") is None, reason="needs the engine's environment")
def test_the_engine_starts_without_what_takes_seconds_to_import():
    import_without(
        {"torch", "numba", "scipy", "sklearn"},
        ["backend.server", "backend.command_line", "backend.engine"],
        {},
    )


# Calls that let input run as code or reach the shell, open a door, or leave a name to be guessed.
NEVER = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen"),
    *("tempfile.mktemp", "tempfile.gettempdir"),  # mkdtemp and mkstemp keep others out
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "shelve.open"),
    *("socket.socket", "socket.create_server", "subprocess.getoutput", "shutil.unpack_archive"),
    *("joblib.load", "yaml.load", "torch.hub.load"),
}
SERVERS = {"socketserver", "http.server", "xmlrpc", "multiprocessing"}
ARCHIVES = {"extract", "extractall"}  # of zipfile and tarfile


def calls_in(package: str) -> list[tuple[str, str, dict[str, object]]]:
    """Every call in a package: where, what ("np.load"), and the keywords that are constants."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                said = {k.arg: k.value.value for k in node.keywords if hasattr(k.value, "value")}
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                found.append((where, ast.unparse(node.func), said))
    assert found, f"nothing was read of {package}"
    return found


@pytest.mark.parametrize("package", ["backend", "saga_blender", "benchmarks", ".ci"])
def test_nothing_that_is_read_can_run_or_let_anyone_in(package):
    for where, name, keywords in calls_in(package):
        assert name not in NEVER, where
        assert name.rpartition(".")[2] not in ARCHIVES, f"{where}: names may lead out of the folder"
        assert not keywords.get("shell") and not keywords.get("allow_pickle"), where
        if name == "torch.load" or "weights_only" in keywords:
            assert keywords.get("weights_only") is True, where
    assert [i for i in imports_of(package) if within(i.module, SERVERS)] == []


@pytest.mark.parametrize("package", ["backend", "saga_blender"])
def test_numpy_makes_no_room_for_what_a_strangers_file_claims(package):
    """As np.load does; `backend.array_files` does not."""
    assert [
        where for where, name, _ in calls_in(package) if name in ("np.load", "np.fromfile")
    ] == []
