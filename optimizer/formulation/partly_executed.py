"""A horizon whose first intervals are over: what was done in them is fixed, what follows is free.

Limits over a day, least times of running and all else that looks back then know what has been, without a
state for each of them.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass(frozen=True)
class PartlyExecuted(Tiled):
    """A template on a horizon that began with `executed`, (intervals so far, columns)."""

    executed: Array = field(default_factory=lambda: np.empty((0, 0)))

    @cached_property
    def program(self) -> LinearProgram:
        """The linear relaxation with what was executed fixed.

        Its rows of those intervals ask for nothing any more: they were met, to a tolerance.
        """
        program, fixed = super().program, self.executed.size
        over = len(self.executed) * len(self.template.rows)
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[:fixed] = upper[:fixed] = self.executed.ravel()
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        row_lower[:over], row_upper[:over] = -np.inf, np.inf
        return replace(program, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)
