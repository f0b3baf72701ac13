"""The points of a front as rows of text, for screen and page alike, and as a table of numbers."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from parkdispatch.results.carbon.pareto_points import ParetoFront


def pareto_heads(words: Mapping[str, Any]) -> list[str]:
    """The heads of the columns of `pareto_rows`."""
    text = words["pareto"]
    return [text[key] for key in ("point", "co2", "avoided", "cost", "added", "abatement", "gap")]


def pareto_rows(front: ParetoFront) -> list[list[str]]:
    """One row a point: CO2 and cost, what they are against the cheapest, and the cost of a tonne."""
    table = zip(front.points, front.avoided_t, front.added_yuan, front.abatement_yuan_per_t, strict=True)
    return [
        [
            str(number),
            f"{point.co2_t:z,.1f}",
            f"{avoided_t:z,.1f}",
            f"{point.cost_yuan:z,.0f}",
            f"{added_yuan:z,.0f}",
            "" if price is None else f"{price:z,.0f}",
            f"{point.gap:.0e}",
        ]
        for number, (point, avoided_t, added_yuan, price) in enumerate(table, start=1)
    ]


def pareto_frame(front: ParetoFront) -> pd.DataFrame:
    """The same as numbers; the unit ends each column's name."""
    return pd.DataFrame(
        {
            "co2 [t]": [point.co2_t for point in front.points],
            "cost [yuan]": [point.cost_yuan for point in front.points],
            "bound [yuan]": [point.bound_yuan for point in front.points],
            "gap [1]": [point.gap for point in front.points],
            "cap [t]": [point.cap_t for point in front.points],
            "avoided [t]": front.avoided_t,
            "added [yuan]": front.added_yuan,
            "abatement [yuan/t]": front.abatement_yuan_per_t,
        },
        index=pd.RangeIndex(1, len(front.points) + 1, name="point"),
    )


def pareto_sentence(front: ParetoFront, words: Mapping[str, Any]) -> str:
    """What the front says in one sentence."""
    text, last = words["pareto"], len(front.points) - 1
    if not last:
        return str(text["one_point"])
    return str(text["sentence"]).format(
        avoided=f"{front.avoided_t[last]:,.1f}",
        share=f"{front.avoided_t[last] / front.points[0].co2_t:.1%}",
        added=f"{front.added_yuan[last]:,.0f}",
        price=f"{front.highest_price_yuan_per_t:,.0f}",
    )
