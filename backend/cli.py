"""The engine by hand: `python -m backend train|select|decompose|find|render|info|fetch`."""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from . import protocol
from .arguments import build_parser
from .errors import BadInput, SagaError, missing_package
from .files import new_folder, replacing
from .gaussians.cloud import GaussianCloud
from .gaussians.ply import read_ply, write_ply
from .progress import Report
from .protocol.checks import checked

if TYPE_CHECKING:
    from .engine import Engine

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130


def _load_engine(device: str) -> "Engine":
    from .engine import Engine  # not before the arguments are known to be right

    return Engine(device)


def main(
    argv: list[str] | None = None, make_engine: Callable[[str], "Engine"] = _load_engine
) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    as_json = "--json" in argv
    try:
        arguments = build_parser().parse_args(argv)
        with ProgressBar() as report, redirect_stdout(sys.stderr):
            engine = make_engine(arguments.device)
            text, facts = COMMANDS[arguments.command](arguments, engine, report)
            facts = checked(facts, dict, "The answer")  # JSON knows no numbers of numpy, no NaN
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except ModuleNotFoundError as error:
        return _fail(missing_package(error), as_json)
    except SagaError as error:
        return _fail(error, as_json)
    print(json.dumps(facts) if as_json else text)
    return 0


def _fail(error: SagaError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": vars(protocol.failed(error))}))
    else:
        print(f"{error.message}\n{error.advice}".rstrip(), file=sys.stderr)
    return EXIT_FAILED


class ProgressBar:
    """A `Report` that draws a bar for each stage on stderr."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, error_type: type | None, *_: object) -> None:
        self._close(complete=error_type is None)

    def __call__(self, stage: str, fraction: float, detail: str = "") -> None:
        if self._bar is None or self._bar.desc != stage:
            self._close(complete=True)
            self._bar = tqdm(
                desc=stage,
                total=1.0,
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
                mininterval=0.1 if sys.stderr.isatty() else 10.0,
            )
        self._bar.set_postfix_str(detail, refresh=False)
        self._bar.update(fraction - self._bar.n)

    def _close(self, complete: bool) -> None:
        if self._bar is not None:
            self._bar.update(1.0 - self._bar.n if complete else 0.0)
            self._bar.close()


def _train(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    _check_inputs(arguments.scene, arguments.views, arguments.masks, arguments.sam_checkpoint)
    request = protocol.Train(
        **{option.name: getattr(arguments, option.name) for option in fields(protocol.Train)}
    )
    trained = engine.handle(request, report)
    text = (
        f"Trained {trained.gaussians:,} Gaussians on {trained.masks:,} masks of {trained.views} "
        f"views: {trained.steps:,} steps in {trained.seconds:.0f} s, loss {trained.loss:.4f}.\n"
        f"Saved {trained.model}"
    )
    return text, vars(trained)


def _select(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    _check_inputs(arguments.scene, arguments.views)
    output = _output(arguments.output, arguments.scene, ".ply", ".npy")
    clicks = _further_clicks(arguments)
    on_view = arguments.pixel or arguments.box
    if (
        not (arguments.ray or on_view or clicks)
        or (arguments.ray and on_view)
        or (arguments.view is None) != (on_view is None)
    ):
        raise BadInput(
            "It is not clear where the click is.",
            "Give --view with --pixel or --box, or --ray, or --scribble.",
        )
    request = protocol.Select(
        scene=arguments.scene,
        views=arguments.views,
        view=arguments.view or "",
        pixel=arguments.pixel and tuple(arguments.pixel),
        ray_origin=arguments.ray and tuple(arguments.ray[:3]),
        ray_direction=arguments.ray and tuple(arguments.ray[3:]),
        box=arguments.box and tuple(arguments.box),
        clicks=clicks,
        scale=arguments.scale,
        step=arguments.step,
        threshold=arguments.threshold,
        margin=arguments.margin,
        connected=arguments.connected,
        without_strays=arguments.without_strays,
        refine=arguments.refine,
    )
    selected = engine.handle(request, report)
    mask = np.unpackbits(selected.mask, count=selected.total).astype(bool)
    if output.suffix.lower() == ".ply":
        write_ply(output, read_ply(arguments.scene).cloud.subset(mask))
    else:
        with replacing(output) as stream:
            np.save(stream, mask)
    text = (
        f"Selected {selected.count:,} of {selected.total:,} Gaussians; scale {selected.scale:g} "
        f"is {selected.physical_scale:.3g} in the scene.\nSaved {output}"
    )
    facts = {
        "output": str(output),
        "count": selected.count,
        "total": selected.total,
        "scale": selected.scale,
        "physical_scale": selected.physical_scale,
    }
    return text, facts


def _further_clicks(arguments: argparse.Namespace) -> tuple[protocol.Click, ...]:
    """Those of --also, --not and the scribbles, each given as VIEW X Y [X Y ...]."""
    clicks = []
    for name in ("also", "scribble", "not", "scribble_not"):
        for view, *numbers in getattr(arguments, name):
            try:
                points = np.array(numbers, float).reshape(-1, 2)
            except ValueError as e:
                raise BadInput(f"A click is not clear: {e}.", "Give a view, X and Y.") from e
            if len(points):
                clicks += protocol.clicks_along(view, points, wanted="not" not in name)
    return tuple(clicks)


def _decompose(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    _check_inputs(arguments.scene, arguments.views, arguments.masks)
    output = Path(arguments.output)
    if output.suffix:
        _output(arguments.output, arguments.scene, ".npy")
    elif output.exists() or not output.parent.is_dir():
        raise BadInput(f"{output} cannot be made.", "Name a new folder in one that exists.")
    request = protocol.Decompose(
        scene=arguments.scene,
        scales=tuple(arguments.scales),
        name_with=arguments.name_with,
        views=arguments.views,
        masks=arguments.masks,
    )
    found = engine.handle(request, report)
    if output.suffix:
        with replacing(output) as stream:
            np.save(stream, found.labels)
    else:
        _write_objects(output, read_ply(arguments.scene).cloud, found)
    counts = np.bincount(found.labels[found.labels >= 0], minlength=len(found.names))
    unassigned = np.count_nonzero(found.labels < 0, axis=1)
    lines = [f"{name:12} {count:>9,}" for name, count in zip(found.names, counts, strict=True)]
    for scale, count in zip(found.scales, unassigned, strict=True):
        lines.append(f"{count:,} Gaussians belong to no object at scale {scale:g}.")
    facts = {
        "output": str(output),
        "scales": found.scales,
        "names": found.names,
        "parents": found.parents.tolist(),
        "counts": counts.tolist(),
        "unassigned": unassigned.tolist(),
    }
    return "\n".join([*lines, f"Saved {output}"]), facts


def _write_objects(path: Path, cloud: GaussianCloud, found: protocol.Decomposed) -> None:
    """A .ply for each object and part, and for what belongs to no object."""
    masks = {name: (found.labels == k).any(axis=0) for k, name in enumerate(found.names)}
    masks["Unassigned"] = found.labels[0] < 0
    with new_folder(path) as folder:
        for name, mask in masks.items():
            if mask.any():
                write_ply(folder / f"{name}.ply", cloud.subset(mask))


def _find(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    _check_inputs(arguments.scene, arguments.views, arguments.masks)
    output = arguments.output and _output(arguments.output, arguments.scene, ".ply", ".npy")
    request = protocol.Find(
        scene=arguments.scene,
        text=arguments.text,
        model=arguments.text_model,
        views=arguments.views,
        masks=arguments.masks,
        most=arguments.most,
        floor=arguments.floor,
    )
    found = engine.handle(request, report)
    hits = list(zip(found.scores.tolist(), found.counts.tolist(), strict=True))
    facts = {"hits": [{"score": score, "count": count} for score, count in hits]}
    facts |= {"best": found.best, "things": found.things, "output": None}
    if not hits:
        text = (
            f"Nothing was found: of {found.things} things the best scores {found.best:.2f}, "
            f"below {arguments.floor:g}."
        )
        return text, facts
    lines = [f"{k}. score {s:.2f}, {n:,} Gaussians" for k, (s, n) in enumerate(hits, 1)]
    if output:
        masks = np.unpackbits(found.masks, axis=1, count=found.total).astype(bool)
        if output.suffix.lower() == ".ply":
            write_ply(output, read_ply(arguments.scene).cloud.subset(masks[0]))
        else:
            with replacing(output) as stream:
                np.save(stream, masks)
        facts["output"] = str(output)
        lines.append(f"Saved {output}")
    return "\n".join(lines), facts


def _render(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    from PIL import Image

    _check_inputs(arguments.scene, arguments.views, arguments.selection)
    output = _output(arguments.output, arguments.scene, ".png")
    request = protocol.Render(
        scene=arguments.scene,
        views=arguments.views,
        view=arguments.view,
        what=arguments.what,
        selection=_load_selection(arguments.selection) if arguments.selection else None,
        size=arguments.size and tuple(arguments.size),
    )
    image = engine.handle(request, report).image
    with replacing(output) as stream:
        Image.fromarray(image).save(stream, "PNG")
    height, width = image.shape[:2]
    return f"Saved {output}", {"output": str(output), "width": width, "height": height}


def _info(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    described = engine.handle(protocol.Info(scene=arguments.scene), report)
    return described.text, described.facts


def _check_inputs(*paths: str) -> None:
    for path in filter(None, paths):
        if not Path(path).exists():
            raise BadInput(f"There is no {path}.", "Check the path.")


def _output(path: str, scene: str, *suffixes: str) -> Path:
    """A path that can be written, known before the work begins."""
    output = Path(path)
    if output.suffix.lower() not in suffixes:
        raise BadInput(f"{path} has none of the endings {', '.join(suffixes)}.", "Rename it.")
    if not output.parent.is_dir():
        raise BadInput(f"There is no folder {output.parent}.", "Make it first.")
    if output.exists() and output.samefile(scene):
        raise BadInput(f"{path} is the scene itself.", "Choose another name.")
    return output


def _load_selection(path: str) -> np.ndarray:
    try:
        selection = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no .npy file: {error}.", "Save one with `select`.") from error
    if selection.dtype != bool or selection.ndim != 1:
        raise BadInput(f"{path} holds no selection.", "Save one with `select -o OUT.npy`.")
    return selection


def _fetch(arguments: argparse.Namespace, engine: "Engine", report: Report) -> tuple[str, dict]:
    fetched = engine.handle(protocol.Fetch(arguments.weights, arguments.folder), report)
    return f"Saved {fetched.path}", vars(fetched)


COMMANDS = {
    "train": _train,
    "select": _select,
    "decompose": _decompose,
    "find": _find,
    "render": _render,
    "info": _info,
    "fetch": _fetch,
}
