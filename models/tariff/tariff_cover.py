"""Whether the day tables of a tariff name every quarter-hour once, each period having its ratio."""

from collections.abc import Sequence
from difflib import get_close_matches

import pandas as pd
from pydantic import ValidationInfo

from parkdispatch.models.calendar.quarter_hours import overlapping_spans, unnamed_spans
from parkdispatch.models.tariff.tariff_tables import PERIODS, WEEKDAYS, DayTable, Weekday, listed


def day_table_problems(day: Sequence[DayTable], info: ValidationInfo) -> list[str]:
    """Overlaps, months without a table and hours without a period; with the weekdays, where not on all."""
    weekdays_of: dict[tuple[bool, ...], list[Weekday]] = {}  # by the tables that hold on them
    for weekday in WEEKDAYS:
        weekdays_of.setdefault(tuple(weekday in table.days for table in day), []).append(weekday)
    problems_of: dict[str, list[Weekday]] = {}
    for holds, weekdays in weekdays_of.items():
        tables = [(table.months if held else (), table.hours) for table, held in zip(day, holds, strict=True)]
        lines = list(overlapping_spans(tables, "day", "month"))
        lines += _uncovered([table for table, held in zip(day, holds, strict=True) if held], info)
        for line in lines:
            problems_of.setdefault(line, []).extend(weekdays)
    return [
        line
        if len(weekdays) == len(WEEKDAYS)
        else f"{line}, on {listed(sorted(weekdays, key=WEEKDAYS.index))}"
        for line, weekdays in problems_of.items()
    ]


def months_of_validity(info: ValidationInfo) -> set[int]:
    """Calendar months, 1 to 12, that the validity includes a day of."""
    return set(pd.period_range(info.data["valid_from"], info.data["valid_to"], freq="M").month.tolist())


def _unnamed_hours(day: Sequence[DayTable], months: set[int]) -> list[str]:
    """A problem for each set of hours without a period, with the months it concerns."""
    months_of: dict[tuple[str, ...], list[int]] = {}
    for month in sorted(months):
        spans = [hours for table in day if month in table.months for hours in table.hours]
        months_of.setdefault(unnamed_spans(spans), []).append(month)
    return [
        f"month {listed(affected)}: {listed(hours)} belongs to no period, must be named, or `otherwise` must"
        " say what all other hours are"
        for hours, affected in months_of.items()
        if hours
    ]


def _uncovered(day: Sequence[DayTable], info: ValidationInfo) -> list[str]:
    """Problems of months without a table and of hours without a period, for the tables of one weekday."""
    if not {"valid_from", "valid_to"} <= info.data.keys():
        return []
    problems = []
    months_with_table = {month for table in day for month in table.months}
    if missing := months_of_validity(info) - months_with_table:
        problems.append(
            f"month {listed(sorted(missing))} of the validity has no table; a month of one period"
            ' all day still needs its line with hours = ["00:00-24:00"]'
        )
    if info.data.get("otherwise", "") is None:
        problems += _unnamed_hours(day, months_of_validity(info) & months_with_table)
    return problems


def missing_ratios(periods: Sequence[tuple[str, str]], info: ValidationInfo) -> list[str]:
    """A problem for each path whose period has no ratio."""
    if "ratios" not in info.data:
        return []
    return [
        f"{path} = '{period}' must have its ratio in `ratios`{nearest_period(period)}"
        for path, period in periods
        if period not in info.data["ratios"]
    ]


def unused_ratios(day: Sequence[DayTable], info: ValidationInfo) -> list[str]:
    """A problem for each ratio of a period of the tariff's own that no table names: most likely a slip."""
    used = {*PERIODS, *(table.period for table in day), info.data.get("otherwise")}
    return [
        f"`ratios.{period}` must be a period that a day table or `otherwise` names{nearest_period(period)}"
        for period in info.data.get("ratios", {})
        if period not in used
    ]


def nearest_period(period: str) -> str:
    """The known period that a name may be a slip of, as a question; empty if none is near."""
    near = get_close_matches(period, PERIODS, n=1, cutoff=0.5)
    return f", did you mean `{near[0]}`?" if near and near[0] != period else ""
