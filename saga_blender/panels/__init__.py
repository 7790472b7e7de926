"""The sidebar's SAGA tab: one panel, with sub-panels in the order of the work."""

from .decompose import DecomposePanel, FoundList
from .engine import SagaPanel, draw_status
from .find import FindPanel
from .scene import ScenePanel
from .select import SelectPanel
from .split import SplitPanel
from .train import TrainPanel

CLASSES = (
    FoundList,
    SagaPanel,
    ScenePanel,
    TrainPanel,
    SelectPanel,
    DecomposePanel,
    FindPanel,
    SplitPanel,
)

__all__ = ["CLASSES", "draw_status"]
