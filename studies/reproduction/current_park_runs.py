"""The park of today, dispatched in every year of its storage for each of its sizes, and what it hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.lifetime import Life
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.reproduction.current_park import Today
from parkdispatch.studies.dispatch import Options, Progress
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_life, refuse_life
from parkdispatch.studies.lifetime.sensitivity_runs import tornado


@dataclass(frozen=True)
class TodaysPark:
    """The sizes in the order they were given, and the sensitivities of the first."""

    sizes: tuple[Today, ...]
    tornado: Tornado | None  # none: the case doubts nothing

    @property
    def first(self) -> tuple[Life, CashFlow]:
        """The years and the cash flow of the first size."""
        return self.sizes[0].life, self.sizes[0].cash


def todays_park(
    parks: Sequence[Case], options: Options, progress: Progress, only: Sequence[int] | None = None
) -> TodaysPark:
    """Dispatch the same park with each of these sizes of its storage. `only` is as in `dispatch_life`."""
    sizes = []
    for number, case in enumerate(parks, 1):

        def said(text: str, number: int = number) -> None:
            progress(f"today, size {number} of {len(parks)}: {text}")

        life = dispatch_life(case, options, said, only)
        sizes.append(Today(life, cash_flow(refuse_life(case), life.operation())))
    first = sizes[0].life
    found = tornado(first.case, first, options, progress) if first.case.sensitivities else None
    return TodaysPark(tuple(sizes), found)
