"""Info: what is known of a scene."""

from ..engine import Engine
from ..progress import Report
from ..protocol import Described, Info


def answer(engine: Engine, message: Info, report: Report) -> Described:
    """Describe a scene and, where there is one, its training."""
    scene = engine.open(message.scene, report)
    facts = {
        "gaussians": len(scene.cloud),
        "left_out": scene.dropped,
        "sh_degree": scene.cloud.sh_degree,
        "trained": scene.workspace.field.is_file(),
    }
    if facts["trained"]:
        facts |= vars(scene.trained.provenance)
    text = "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())
    return Described(text=text, facts=facts)
