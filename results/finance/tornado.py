"""Tornado of one-at-a-time sensitivities: the returns at the low and high value of each input."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.returns import years_or_never


@dataclass(frozen=True)
class Measures:
    """Decision measures of a cash flow; None where a measure does not exist."""

    npv_yuan: float  # of the project, after tax
    irr: float | None  # [-] of the project, after tax
    equity_irr: float | None  # [-] after tax
    payback_years: float | None  # of the project, after tax, from the start of construction; None: never
    payback_first_years: float | None = None  # the first time, if the cumulative flow falls below zero again


def measures(cash: CashFlow) -> Measures:
    """The decision measures of a cash flow."""
    project, equity = cash.returns["project_after_tax"], cash.returns["equity_after_tax"]
    return Measures(
        npv_yuan=project.npv_yuan,
        irr=project.irr.value,
        equity_irr=equity.irr.value,
        payback_years=project.static_payback.from_construction_years,
        payback_first_years=project.static_payback.relapsed_years,
    )


@dataclass(frozen=True)
class BarEnd:
    """One end of a sensitivity: the input's value, and the measures at it."""

    value: float
    measures: Measures
    dispatched: bool  # whether the storage was dispatched again; otherwise only the cash flow changes


@dataclass(frozen=True)
class Bar:
    """One sensitivity; an end that is not given stays at the base value."""

    name: str
    name_zh: str
    source: str
    base_value: float
    low: BarEnd | None
    high: BarEnd | None

    def swing_yuan(self, base: Measures) -> float:
        """Length of the bar: highest less lowest NPV, the base included [yuan]."""
        npvs = [base.npv_yuan, *(end.measures.npv_yuan for end in (self.low, self.high) if end)]
        return max(npvs) - min(npvs)


@dataclass(frozen=True)
class Tornado:
    """The bars, longest first, around the base case."""

    base: Measures
    bars: tuple[Bar, ...]
    years: tuple[int, ...]  # operating years dispatched for a bar; the others are interpolated
    asked: int = 0  # ends of all sensitivities
    failed: tuple[FailedTask, ...] = ()  # ends without an answer, which no bar has

    @property
    def table(self) -> pd.DataFrame:
        """One row per end: input, end, value, NPV, its change from the base, IRRs and payback."""
        rows = []
        for bar in self.bars:
            for side, end in (("low", bar.low), ("high", bar.high)):
                if end:
                    rows.append(
                        {
                            "input": bar.name,
                            "end": side,
                            "base_value": bar.base_value,
                            "value": end.value,
                            "npv_yuan": end.measures.npv_yuan,
                            "npv_less_base_yuan": end.measures.npv_yuan - self.base.npv_yuan,
                            "irr": end.measures.irr,
                            "equity_irr": end.measures.equity_irr,
                            "payback_years": years_or_never(end.measures.payback_years),
                            "payback_first_years": end.measures.payback_first_years,
                            "dispatched": end.dispatched,
                            "source": bar.source,
                        }
                    )
        return pd.DataFrame(rows)


def by_descending_swing(base: Measures, bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The bars by descending length; equal ones in the given order."""
    return tuple(sorted(bars, key=lambda bar: -bar.swing_yuan(base)))
