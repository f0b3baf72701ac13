"""What single doubts do to the returns: one bar for each, the widest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from parkdispatch.results.finance.cash_flow import CashFlow


@dataclass(frozen=True)
class Measures:
    """What a cash flow is judged by; None where it does not exist."""

    npv_yuan: float  # of the project, after tax
    irr: float | None  # [-] of the project, after tax
    equity_irr: float | None  # [-] after tax
    payback_years: float | None  # of the project, after tax, from the start of construction


def measures(cash: CashFlow) -> Measures:
    """The measures of a cash flow."""
    project, equity = cash.returns["project_after_tax"], cash.returns["equity_after_tax"]
    return Measures(
        npv_yuan=project.npv_yuan,
        irr=project.irr.value,
        equity_irr=equity.irr.value,
        payback_years=project.static_payback.from_construction_years,
    )


@dataclass(frozen=True)
class BarEnd:
    """One end of a doubted input: its value, and the measures there."""

    value: float
    measures: Measures
    dispatched: bool  # the storage was dispatched anew; else only the cash flow changes


@dataclass(frozen=True)
class Bar:
    """A doubt; an end that was not given is as the case has it."""

    name: str
    name_zh: str
    source: str
    base_value: float
    low: BarEnd | None
    high: BarEnd | None

    def swing_yuan(self, base: Measures) -> float:
        """Between the lowest and the highest NPV [yuan], the base among them."""
        seen = [base.npv_yuan, *(end.measures.npv_yuan for end in (self.low, self.high) if end)]
        return max(seen) - min(seen)


@dataclass(frozen=True)
class Tornado:
    """The bars, the widest first, about the base."""

    base: Measures
    bars: tuple[Bar, ...]
    years: tuple[int, ...]  # of operation that were dispatched for a bar; others lie on the line between

    @property
    def table(self) -> pd.DataFrame:
        """One row an end: input, end, value, NPV, IRRs, payback, and NPV less that of the base."""
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
                            "payback_years": end.measures.payback_years,
                            "dispatched": end.dispatched,
                            "source": bar.source,
                        }
                    )
        return pd.DataFrame(rows)


def ordered(base: Measures, bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The widest first; equal ones as they were given."""
    return tuple(sorted(bars, key=lambda bar: -bar.swing_yuan(base)))
