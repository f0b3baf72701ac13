"""A sensitivity tornado as text and bar positions, for the table on the screen and the chart on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.tornado import Bar, BarEnd, Tornado
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.sentences import failed_sentences
from parkdispatch.results.wording.words import format_number, load_words

SIGNIFICANT_DIGITS = 5  # of an input's value
LARGE_VALUE = 1e5  # from here on an input's value is shown as an integer


@dataclass(frozen=True)
class EndView:
    """One end of a bar: the input's value, the change of NPV against the base, and its place on the axis."""

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
    """The bar of one input, with one or two ends."""

    name: str
    base: str
    source: str
    ends: tuple[EndView, ...]


@dataclass(frozen=True)
class TornadoView:
    """The bars and their axis, the change of NPV against the base."""

    bars: tuple[BarView, ...]
    base_npv: str  # 10^4 yuan
    base_irr: str
    zero: float  # position of the base [%] of the axis
    least: str  # 10^4 yuan, at the left end of the axis
    most: str
    years: str
    failed: tuple[str, ...] = ()  # a sentence on the ends without an answer


def tornado_view(tornado: Tornado, lang: str) -> TornadoView:
    """Format a tornado in a language; figures are rounded only here."""
    words = load_words(lang)
    changes = [0.0] + [_change(tornado, end) for bar in tornado.bars for end in _ends(bar)]
    least, most = min(changes), max(changes)
    span = most - least or 1.0

    def position(change: float) -> float:
        return round(100.0 * (change - least) / span, 2)

    def end_view(side: str, end: BarEnd) -> EndView:
        change, measures = _change(tornado, end), end.measures
        left, right = sorted((position(change), position(0.0)))
        return EndView(
            side=side,
            value=_input_value(end.value),
            npv_change=f"{change:+z,.2f}",
            npv=format_number(measures.npv_yuan / YUAN_PER_WAN),
            irr=_percent(measures.irr),
            equity_irr=_percent(measures.equity_irr),
            payback=payback_text(measures.payback_years, measures.payback_first_years, words),
            left=left,
            width=round(right - left, 2),
        )

    bars = tuple(
        BarView(
            name=bar.name_zh if lang == "zh" else bar.name,
            base=_input_value(bar.base_value),
            source=bar.source,
            ends=tuple(end_view(side, end) for side, end in (("low", bar.low), ("high", bar.high)) if end),
        )
        for bar in tornado.bars
    )
    return TornadoView(
        bars=bars,
        base_npv=format_number(tornado.base.npv_yuan / YUAN_PER_WAN),
        base_irr=_percent(tornado.base.irr),
        zero=position(0.0),
        least=f"{least:+z,.0f}",
        most=f"{most:+z,.0f}",
        years=", ".join(map(str, tornado.years)),
        failed=tuple(failed_sentences(tornado.failed, {"sensitivities": tornado.asked}, 0, words)),
    )


def _ends(bar: Bar) -> Sequence[BarEnd]:
    return [end for end in (bar.low, bar.high) if end]


def _input_value(value: float) -> str:
    return f"{value:.{SIGNIFICANT_DIGITS}g}" if abs(value) < LARGE_VALUE else f"{value:z,.0f}"


def _change(tornado: Tornado, end: BarEnd) -> float:
    """Change of NPV against the base [10^4 yuan]."""
    return (end.measures.npv_yuan - tornado.base.npv_yuan) / YUAN_PER_WAN


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:z.2%}"
