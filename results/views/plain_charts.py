"""Plain charts of a page as data; `page.js` draws them, and `parts.figure` in a template holds their place.

Every axis of money, energy or a share begins at zero or goes through it. Values are in the unit named.
"""

from collections.abc import Sequence
from typing import Any

Colour = tuple[str, str]  # on a light and on a dark page
# of Okabe and Ito (2008), safe for the colour-blind
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
    """A waterfall lying on its side: each row begins where the one above ends, the last is their sum.

    `legend` is what a bar above zero, one below zero and the sum are called.
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
    """Upright bars over a few categories, beside or, `stacked`, upon each other."""
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
    """Lines over a number such as the year, called `axis`; with `zero` the upright axis goes through zero.

    Without `zero` it does not, and the page must say so: only for what has no zero, such as a temperature.
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
    """A tornado: for each row the result at the low and at the high end of one input, about the `middle`.

    `ends` is what the two ends are called. The axis is that of the result; it shows the rows and the middle,
    and begins at zero only where they do: what counts is the distance from the middle, which is drawn.
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
