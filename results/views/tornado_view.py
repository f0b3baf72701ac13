"""A tornado as text and places: what its table says on the screen, and where its bars lie on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.results.finance.tornado import Bar, BarEnd, Tornado
from parkdispatch.results.html.page import number
from parkdispatch.results.units import YUAN_PER_WAN

SIGNIFICANT = 5  # digits of an input's value


@dataclass(frozen=True)
class EndView:
    """One end of a bar: the input's value, the NPV less that of the base, and where it lies on the axis."""

    side: str  # "low" or "high"
    value: str
    npv_change: str  # 10^4 yuan, signed
    npv: str  # 10^4 yuan
    irr: str
    equity_irr: str
    payback: str
    left: float  # [%] of the axis
    width: float  # [%] of the axis


@dataclass(frozen=True)
class BarView:
    """A bar."""

    name: str
    base: str
    source: str
    ends: tuple[EndView, ...]


@dataclass(frozen=True)
class TornadoView:
    """The bars, and the axis they lie on: changes of NPV, whose zero is the base."""

    bars: tuple[BarView, ...]
    base_npv: str  # 10^4 yuan
    base_irr: str
    zero: float  # [%] of the axis
    least: str  # 10^4 yuan, at the left end of the axis
    most: str
    years: str


def view(tornado: Tornado, lang: str) -> TornadoView:
    """The tornado in a language; figures are rounded only here."""
    changes = [0.0] + [_change(tornado, end) for bar in tornado.bars for end in _ends(bar)]
    least, most = min(changes), max(changes)
    span = most - least or 1.0

    def place(change: float) -> float:
        return round(100.0 * (change - least) / span, 2)

    def shown(side: str, end: BarEnd) -> EndView:
        change, measures = _change(tornado, end), end.measures
        left, right = sorted((place(change), place(0.0)))
        return EndView(
            side=side,
            value=f"{end.value:.{SIGNIFICANT}g}" if abs(end.value) < 1e5 else f"{end.value:,.0f}",
            npv_change=f"{change:+,.2f}",
            npv=number(measures.npv_yuan / YUAN_PER_WAN),
            irr=_percent(measures.irr),
            equity_irr=_percent(measures.equity_irr),
            payback=number(measures.payback_years),
            left=left,
            width=round(right - left, 2),
        )

    bars = tuple(
        BarView(
            name=bar.name_zh if lang == "zh" else bar.name,
            base=f"{bar.base_value:.{SIGNIFICANT}g}"
            if abs(bar.base_value) < 1e5
            else f"{bar.base_value:,.0f}",
            source=bar.source,
            ends=tuple(shown(side, end) for side, end in (("low", bar.low), ("high", bar.high)) if end),
        )
        for bar in tornado.bars
    )
    return TornadoView(
        bars=bars,
        base_npv=number(tornado.base.npv_yuan / YUAN_PER_WAN),
        base_irr=_percent(tornado.base.irr),
        zero=place(0.0),
        least=f"{least:+,.0f}",
        most=f"{most:+,.0f}",
        years=", ".join(map(str, tornado.years)),
    )


def _ends(bar: Bar) -> Sequence[BarEnd]:
    return [end for end in (bar.low, bar.high) if end]


def _change(tornado: Tornado, end: BarEnd) -> float:
    """NPV less that of the base [10^4 yuan]."""
    return (end.measures.npv_yuan - tornado.base.npv_yuan) / YUAN_PER_WAN


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"
