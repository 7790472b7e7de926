"""`find`: things by what they are called."""

from argparse import ArgumentParser, Namespace

from .. import protocol
from ..engine import Engine
from ..progress import Report
from .options import add_masks, add_output, add_scene, add_views, request
from .paths import check_inputs, checked_output
from .saving import save_selection

SUMMARY = "find what words say"
ABOUT = """\
Find things by what they are called, the best first.

It asks a text-image model (CLIP, of open_clip) how well the words fit what the
masks of several views agree on. The first time in a scene it looks at all of
that, which takes minutes; after that an answer takes a moment. A score above
0.5 says that the words fit a thing better than "object", "things", "stuff" and
"texture" do; where no thing reaches --floor, nothing is found.

The weights are never downloaded by this program. --text-model is a name of
open_clip whose weights are in Hugging Face's cache, a file of weights named
after the model (ViT-B-16.safetensors), or a folder as open_clip publishes one."""


def add_options(parser: ArgumentParser) -> None:
    defaults = protocol.Find(scene="", text="")
    add_scene(parser)
    parser.add_argument("text", metavar="WORDS", help='what is looked for: "the bulldozer"')
    add_views(parser)
    add_masks(parser)
    parser.add_argument(
        "--text-model",
        dest="model",
        metavar="MODEL",
        default=defaults.model,
        help="name, file or folder of a text-image model (default: ViT-B-16)",
    )
    parser.add_argument(
        "--most",
        metavar="N",
        type=int,
        default=defaults.most,
        help="how many things to list (default: %(default)s)",
    )
    parser.add_argument(
        "--floor",
        metavar="F",
        type=float,
        default=defaults.floor,
        help="the least score of a thing that is found, from 0 to 1 (default: %(default)s)",
    )
    add_output(
        parser,
        "OUT.ply: the Gaussians of the best; OUT.npy: a row of booleans for each thing found",
        required=False,
    )


def run(arguments: Namespace, engine: Engine, report: Report) -> tuple[str, dict]:
    check_inputs(arguments.scene, arguments.views, arguments.masks)
    output = arguments.output and checked_output(arguments.output, arguments.scene, ".ply", ".npy")
    found = engine.handle(request(protocol.Find, arguments), report)
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
        save_selection(output, engine, arguments.scene, found.masks, found.total)
        facts["output"] = str(output)
        lines.append(f"Saved {output}")
    return "\n".join(lines), facts
