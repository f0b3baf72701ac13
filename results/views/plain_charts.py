"""Chart descriptions as data, drawn by `page.js` at the place of `parts.figure` in a template.

Every axis of money, energy or shares includes zero. Values are in the unit given.
"""

from collections.abc import Sequence
from typing import Any

Colour = tuple[str, str]  # on a light and on a dark background
# palette of Okabe and Ito (2008), safe for the colour-blind
BLUE: Colour = ("#0072B2", "#3A9BDC")
GREEN: Colour = ("#009E73", "#22B98D")
RED: Colour = ("#D55E00", "#E8762C")
ORANGE: Colour = ("#E69F00", "#E8A91C")
GREY: Colour = ("#A9B8C9", "#7488A0")
PINK: Colour = ("#CC79A7", "#D98CB6")


def step_chart(
    name: str,
    rows: Sequence[tuple[str, float]],
    total: str,
    legend: tuple[str, str, str],
    unit: str,
    digits: int,
) -> dict[str, Any]:
    """A horizontal waterfall chart: each bar starts where the one above ends; the last bar is the sum.

    `legend` names the bars above zero, those below zero, and the sum.
    """
    labels, values = [label for label, _ in rows], [value for _, value in rows]
    return {
        "name": name,
        "kind": "steps",
        "labels": [*labels, total],
        "values": values,
        "unit": unit,
        "digits": digits,
        "legend": list(legend),
        "colours": {"up": GREEN, "down": RED, "total": BLUE},
    }


def bar_chart(
    name: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None], Colour]],
    unit: str,
    digits: int,
    stacked: bool = False,
) -> dict[str, Any]:
    """Vertical bars by category, grouped or `stacked`."""
    return {
        "name": name,
        "kind": "bars",
        "labels": list(labels),
        "series": _series(series),
        "unit": unit,
        "digits": digits,
        "mode": "relative" if stacked else "group",
    }


def line_chart(
    name: str,
    labels: Sequence[float],
    series: Sequence[tuple[str, Sequence[float | None], Colour]],
    unit: str,
    digits: int,
    axis: str = "",
    zero: bool = True,
) -> dict[str, Any]:
    """Lines over a numeric axis such as the year, whose title is `axis`.

    With `zero` the value axis includes zero. Without it the page must say so; use that only for quantities
    without a natural zero, such as a temperature.
    """
    return {
        "name": name,
        "kind": "lines",
        "labels": list(labels),
        "series": _series(series),
        "unit": unit,
        "digits": digits,
        "axis": axis,
        "zero": zero,
    }


def span_chart(
    name: str,
    rows: Sequence[tuple[str, float, float]],
    middle: float,
    ends: tuple[str, str],
    unit: str,
    digits: int,
) -> dict[str, Any]:
    """A tornado chart: for each row the result at the low and at the high value of one input.

    Bars extend from `middle`, the result of the base case. `ends` names the two ends. The axis covers the
    results and the middle and need not include zero, because bars show the distance from the middle.
    """
    return {
        "name": name,
        "kind": "spans",
        "labels": [label for label, _, _ in rows],
        "low": [low for _, low, _ in rows],
        "high": [high for _, _, high in rows],
        "middle": middle,
        "ends": list(ends),
        "unit": unit,
        "digits": digits,
        "colours": [BLUE, ORANGE],
    }


def _series(series: Sequence[tuple[str, Sequence[float | None], Colour]]) -> list[dict[str, Any]]:
    return [{"name": name, "values": list(values), "colour": colour} for name, values, colour in series]
