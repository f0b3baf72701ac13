"""The value of waiting: the increment decided some years later, by what is known then, in the same scenarios.

    now:   build, or wait            worth of building now: the mean NPV of a commissioning now
    later: build where the NPV expected from what is known then is above zero, else never

What is known then is some of the uncertain numbers. The expected NPV is a least-squares line of the NPVs in
them (Longstaff and Schwartz 2001, Rev. Financ. Stud. 14, 113-147); where all are known it is the NPV itself.
Decided is by the expected, counted is the scenario's own NPV. No scenario decides on itself: in the order of
what is known every second one is decided by the line through the others, and these by the line through them.
A line through few scenarios would otherwise follow their luck, and flatter the right. Money is in yuan of the
case's year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.finance.waiting import Waiting
from parkdispatch.results.sizing.risk import uncertain_values

LATER = "npv_wait_yuan"  # of a choice in a scenario, commissioned after the wait


@dataclass(frozen=True)
class OptionValue:
    """What one choice is worth now, later whatever is known, and with the right to wait; never is worth 0."""

    key: str  # of the choice
    years: int
    known: tuple[str, ...]  # names of the uncertain numbers; empty: all
    now_yuan: float  # mean NPV, built now
    later_yuan: float  # mean NPV, built after the wait in every scenario
    waiting_yuan: float  # mean NPV, built after the wait where that is expected to pay
    built_share: float  # of the scenarios in which it is then built
    error_yuan: float  # standard error of what waiting adds to the better of now and never

    @property
    def right_yuan(self) -> float:
        """What the right to wait adds to the better of building now and never; zero where it adds nothing."""
        return max(0.0, self.waiting_yuan - max(self.now_yuan, 0.0))

    @property
    def numbers(self) -> Mapping[str, Any]:
        """What a sentence says of it; names of amounts end in their unit."""
        names = (
            "years",
            "known",
            "now_yuan",
            "later_yuan",
            "waiting_yuan",
            "right_yuan",
            "built_share",
            "error_yuan",
        )
        return {name: getattr(self, name) for name in names}

    @property
    def best(self) -> str:
        """The better decision now: "build", "wait" or "never"; the first of equals."""
        values = {"build": self.now_yuan, "never": 0.0, "wait": self.waiting_yuan}
        return max(values, key=lambda name: values[name])


def option_value(risk: xr.Dataset, waiting: Waiting, key: str) -> OptionValue | None:
    """The value of waiting with a choice; None where no scenario was evaluated after the wait."""
    if LATER not in risk:
        return None
    now = np.asarray(risk["npv_yuan"].sel(choice=key).to_numpy(), dtype=np.float64)
    later = np.asarray(risk[LATER].sel(choice=key).to_numpy(), dtype=np.float64)
    if not np.isfinite(later).all():
        return None
    built = _expected(risk, waiting.known, later) > 0.0
    waited = np.where(built, later, 0.0)
    without = now if now.mean() > 0.0 else np.zeros_like(now)
    count = len(now)
    error = float(np.std(waited - without, ddof=1)) / np.sqrt(count) if count > 1 else float("nan")
    return OptionValue(
        key=key,
        years=waiting.years,
        known=waiting.known,
        now_yuan=float(now.mean()),
        later_yuan=float(later.mean()),
        waiting_yuan=float(waited.mean()),
        built_share=float(built.mean()),
        error_yuan=float(error),
    )


def _expected(risk: xr.Dataset, known: Sequence[str], npv_yuan: Array) -> Array:
    """NPV expected in each scenario from the numbers that are known, (scenarios,).

    It is that of the line through the other half of the scenarios, in the order of what is known: of every
    second one, or of those in between. Halves by number would be different ranges of a Sobol sequence.
    """
    if not known or set(known) >= set(map(str, risk["doubt"].to_numpy())):
        return npv_yuan
    columns = [uncertain_values(risk, name) for name in known]
    scaled = [(values - values.mean()) / (np.std(values) or 1.0) for values in columns]
    design = np.column_stack([np.ones_like(npv_yuan), *scaled])
    rank = np.empty(len(npv_yuan), dtype=int)
    rank[np.lexsort(columns[::-1])] = np.arange(len(npv_yuan))
    expected, even = np.zeros_like(npv_yuan), rank % 2 == 0
    for decided in (even, ~even):
        others = ~decided if (~decided).any() else decided  # a single scenario has no other
        coefficients = np.linalg.lstsq(design[others], npv_yuan[others], rcond=None)[0]
        expected[decided] = design[decided] @ coefficients
    return expected
