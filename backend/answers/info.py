"""Info: what is known of a scene."""

from ..engine import Engine
from ..errors import BadInput
from ..progress import Report
from ..protocol import Described, Info
from ..views import known_views


def answer(engine: Engine, message: Info, report: Report) -> Described:
    """Describe a scene and, where there is one, its training, or why it is of no use."""
    scene = engine.open(message.scene, report)
    facts = {
        "gaussians": len(scene.cloud),
        "left_out": scene.dropped,
        "sh_degree": scene.cloud.sh_degree,
        "trained": False,
    }
    if scene.workspace.field.is_file():
        try:
            facts |= {"trained": True} | vars(scene.trained.provenance)
        except BadInput as error:
            facts["training_of_no_use"] = str(error)
    try:
        facts["view_names"] = [camera.name for camera in known_views(scene)]
    except BadInput as error:
        facts["views_of_no_use"] = str(error)
    lines = [f"{name.replace('_', ' ')}: {_in_short(value)}" for name, value in facts.items()]
    return Described(text="\n".join(lines), facts=facts)


def _in_short(value: object) -> str:
    """A fact on one line, as much of it as a person reads."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if not isinstance(value, list):
        return str(value)
    return (
        f"{len(value)}, {value[0]} … {value[-1]}" if len(value) > 3 else ", ".join(value) or "none"
    )
