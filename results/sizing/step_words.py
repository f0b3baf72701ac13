"""The table of sizes built all at once and in the steps of the case. Figures are rounded only here."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.sizing.build_steps import added_npv_yuan
from parkdispatch.results.sizing.decision_words import label
from parkdispatch.results.sizing.sizing_results import SizeStudy
from parkdispatch.results.wording.words import format_number

COLUMNS = ("choice", "way", "year", "station", "increment", "investment", "npv", "added")


def step_heads(words: Mapping[str, Any]) -> list[str]:
    """The heads of the table."""
    return [str(words["size"][f"s_{key}"]) for key in COLUMNS]


def step_rows(study: SizeStudy, words: Mapping[str, Any]) -> list[list[Any]]:
    """Two rows for each choice: names, the year of the increment, and amounts in yuan; None: not known."""
    return [
        [
            label(built.choice, study.choices, words),
            str(words["size"][f"s_{built.way}"]),
            study.case.calendar.year + built.year if built.choice.power_mw > 0 else None,
            built.station_yuan,
            built.increment_yuan,
            built.investment_yuan,
            built.npv_yuan,
            added_npv_yuan(study.steps, built),
        ]
        for built in study.steps
    ]


def step_table(study: SizeStudy, words: Mapping[str, Any]) -> dict[str, Any] | None:
    """Heads and rows as text, money in 10^4 yuan; None where nothing is built in steps."""
    if not study.steps:
        return None
    rows = [
        [*names, "" if year is None else str(year), *map(_in_wan, amounts)]
        for *names, year, station, increment, investment, npv, added in step_rows(study, words)
        for amounts in [(station, increment, investment, npv, added)]
    ]
    return {"heads": step_heads(words), "rows": rows}


def _in_wan(yuan: float | None) -> str:
    return "" if yuan is None else format_number(yuan / YUAN_PER_WAN, 0)
