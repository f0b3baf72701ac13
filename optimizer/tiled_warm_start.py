"""What the solve of a tiled program leaves to the solve of one with the same columns and rows."""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.decomposition.warm_start import RepairWarmStart
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.relaxation.strengthened_relaxation import RelaxationWarmStart

SIMILAR_SIZE = 0.12  # relative; within this, the members at zero of another size are a good start


@dataclass(frozen=True)
class TiledWarmStart:
    """Final state of a solve, from which a program with the same columns and rows starts."""

    relaxation: RelaxationWarmStart
    repair: RepairWarmStart
    constraint_series: Array  # series in rows and bounds, (series, intervals)
    sizes: Array  # largest upper bound of each template column over the horizon, (template columns,)
    pairs: tuple[tuple[int, int], ...]  # template columns of each exclusive pair

    @staticmethod
    def of(tiled: Tiled, relaxation: RelaxationWarmStart, repair: RepairWarmStart) -> "TiledWarmStart":
        """The final state of the solve of this program."""
        return TiledWarmStart(relaxation, repair, tiled.constraint_series, _sizes(tiled), _pairs(tiled))

    def fits(self, tiled: Tiled) -> bool:
        """Whether that program has the same columns, rows and exclusive pairs."""
        if self.pairs != _pairs(tiled):  # a branching tree of other pairs would give an invalid bound
            return False
        return self.relaxation.fits(tiled)

    def repair_start(self, tiled: Tiled) -> RepairWarmStart:
        """Warm start of the repair: members fixed at zero and branching trees.

        Where only sizes changed, such as a battery's, and by much, other members are at zero: fixing the
        previous ones would take longer, so only the trees are used.
        """
        sizes = _sizes(tiled)
        with np.errstate(invalid="ignore"):  # infinity less infinity, which are equal
            near = np.abs(sizes - self.sizes) <= SIMILAR_SIZE * np.maximum(np.abs(sizes), np.abs(self.sizes))
        similar = near | (sizes == self.sizes)
        same_series = np.array_equal(self.constraint_series, tiled.constraint_series)
        if same_series and not similar[np.isfinite(sizes)].all():
            return replace(RepairWarmStart.nothing(tiled), trees=self.repair.trees)
        return self.repair


def _pairs(tiled: Tiled) -> tuple[tuple[int, int], ...]:
    """Template columns of each exclusive pair."""
    return tuple((pair.a, pair.b) for pair in tiled.template.pairs)


def _sizes(tiled: Tiled) -> Array:
    """Largest upper bound of each template column over the horizon, (template columns,)."""
    upper = tiled.program.upper[: tiled.shared_starts[0]]
    return np.asarray(upper.reshape(len(tiled.horizon), -1).max(axis=0))
