"""What marks on a scene select: the things that they are on, and elsewhere what is similar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..affinity.field import AffinityField
from .click import Belongs, on_the_same_thing, recentred, select
from .marks import Mark
from .pointed import next_thing_scale, things_at
from .stable_scales import automatic_scale, likeness, next_scale
from .thing_tree import ThingTree


@dataclass(frozen=True)
class QueryScale:
    """How large what is meant is, in [0, 1]."""

    of_things: float | None  # that a mark's thing has about; None is that of a whole object
    of_features: float  # that features are compared at; what the first mark selects has it


@dataclass(frozen=True)
class Query:
    """Marks on a scene of N Gaussians, and how what they are on is told from all else."""

    field: AffinityField
    tree: ThingTree  # may be of no things
    wanted: Sequence[Mark]  # at least one
    unwanted: Sequence[Mark]
    present: np.ndarray  # boolean [N], the Gaussians that are still there
    threshold: float  # of the cosine with a wanted mark, and of belonging to its thing
    margin: float  # how much nearer than an unwanted mark a wanted one must be
    wanted_wins: bool  # an unwanted mark counts only where it is on another thing

    def scale_from(self, given: float | None, step: int) -> QueryScale:
        """The scale that is given, or that of the thing which is most likely meant.

        Args:
            given: in [0, 1]; None finds one.
            step: from there to the next larger (1) or smaller (-1) thing, or further.
        """
        around = self.tree.around(self.wanted[0].traced)
        if len(around) == 0:
            given = self._stable_scale(given, step)
        elif step:
            given = next_thing_scale(self.tree, around, given, step)
        elif given is None:
            return QueryScale(None, float(self.tree.scales[self.tree.likeliest(around)]))
        return QueryScale(given, given)

    def _stable_scale(self, given: float | None, step: int) -> float:
        """As `scale_from`, of what is similar: it is one thing while it stays the same."""
        if given is not None and not step:
            return given
        alike = likeness(self._similar_in_sample)
        start = automatic_scale(alike) if given is None else given
        return next_scale(alike, start, step) if step else start

    def _similar_in_sample(self, scale: float) -> np.ndarray:
        """What of the field's sample is similar; all of it is no thing to stop at."""
        present = self.present[self.field.sampled]
        belongs = self._similar_to(self.wanted, self.unwanted, scale, self.threshold)
        mask = belongs(self.field.sample) & present
        return mask & (mask != present).any()

    def mask(
        self,
        scale: QueryScale,
        refine: Callable[[np.ndarray, Belongs], np.ndarray] | None = None,
    ) -> np.ndarray:
        """What the wanted marks are on without what the unwanted ones are on, boolean [N].

        Args:
            scale: from `scale_from`.
            refine: corrects what is selected for being similar, by what belongs to it.
        """
        hits = [mark.traced for mark in self.wanted]
        things = things_at(self.tree, hits, scale.of_things)
        unwanted = self._unwanted_beside(things)
        misses = [mark.traced for mark in unwanted]
        unwanted_things = things_at(self.tree, misses, scale.of_things, hits, within=1.0)
        mask = self._of_things(things)
        loose_unwanted = _on_none(unwanted, unwanted_things)
        if loose_unwanted and mask.any():  # of a thing goes what is nearer to them, no more
            is_nearer = self._similar_to(self.wanted, loose_unwanted, scale.of_features, -np.inf)
            mask &= is_nearer(self.field)
        loose_wanted = _on_none(self.wanted, things)
        if loose_wanted:
            belongs = self._similar_to(loose_wanted, unwanted, scale.of_features, self.threshold)
            similar = belongs(self.field) & self.present
            mask |= refine(similar, belongs) if refine else similar
        return mask & ~self._of_things(unwanted_things) & self.present

    def _unwanted_beside(self, things: Sequence[int | None]) -> list[Mark]:
        """The unwanted marks that count: where the wanted wins, those on none of its things."""
        if not self.wanted_wins:
            return list(self.unwanted)
        arounds = ((mark, self.tree.around(mark.traced)) for mark in self.unwanted)
        return [mark for mark, around in arounds if not np.isin(around, things).any()]

    def _of_things(self, things: Sequence[int | None]) -> np.ndarray:
        """What belongs to any of some things, boolean [N]."""
        mask = np.zeros(len(self.present), bool)
        for thing in {*things} - {None}:
            mask |= self.tree.belong(thing, self.threshold)
        return mask

    def _similar_to(
        self, wanted: Sequence[Mark], unwanted: Sequence[Mark], scale: float, threshold: float
    ) -> Belongs:
        """Tells what is as near as a threshold to the wanted marks, and nearer than to others."""
        near, far = ([mark.feature for mark in side] for side in (wanted, unwanted))
        if self.wanted_wins and on_the_same_thing(self.field, near, far, scale):
            far = []
        middles = [recentred(self.field, feature, scale) for feature in near]
        return lambda field: select(field, middles, scale, threshold, far, self.margin)


def _on_none(marks: Sequence[Mark], things: Sequence[int | None]) -> list[Mark]:
    """The marks that are on no thing."""
    return [mark for mark, thing in zip(marks, things, strict=True) if thing is None]
