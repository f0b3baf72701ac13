"""A case with given values of its uncertain numbers, those of the time-of-use tariff included."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.variations.changes import with_changes
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Uncertainty
from parkdispatch.models.tariff.tariff import Tariff

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

MIDDAY = (10 * 60, 16 * 60)  # [minutes] of the day, hours of a valley period because of PV
VALLEY_THRESHOLD = 0.5  # values of "tariff.midday_valley" below mean that the valley period becomes flat


def with_spread(tariff: Tariff, multiple: float) -> Tariff:
    """The tariff with each period's distance from the flat ratio multiplied; no ratio falls below zero."""
    if multiple < 0.0:
        raise InputError(f"`tariff.spread` = {multiple:.15g}: must be 0 or more")
    ratios = {period: max(0.0, 1.0 + multiple * (ratio - 1.0)) for period, ratio in tariff.ratios.items()}
    return tariff.model_copy(update={"ratios": ratios})


def with_midday_valley(tariff: Tariff, remains: float) -> Tariff:
    """The tariff, or one with flat instead of valley periods between 10:00 and 16:00, holidays included."""
    if remains >= VALLEY_THRESHOLD:
        return tariff
    return tariff.model_copy(
        update={"day": _flat_at_midday(tariff.day), "holiday_day": _flat_at_midday(tariff.holiday_day)}
    )


def _flat_at_midday(tables: tuple[Any, ...]) -> tuple[Any, ...]:
    """Day tables in which the midday hours of valley periods belong to the flat period."""
    result: list[Any] = []
    for table in tables:
        if table.period not in ("valley", "deep_valley"):
            result.append(table)
            continue
        inside, outside = _split(table.hours)
        if outside:
            result.append(table.model_copy(update={"hours": outside}))
        if inside:
            result.append(table.model_copy(update={"hours": inside, "period": "flat"}))
    return tuple(result)


def _split(spans: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parts of spans such as "11:00-14:00" inside and outside of midday."""
    inside: list[str] = []
    outside: list[str] = []
    for span in spans:
        begin, end = (_minutes(clock) for clock in span.split("-"))
        cuts = sorted({begin, end, *(cut for cut in MIDDAY if begin < cut < end)})
        for first, last in pairwise(cuts):
            within = MIDDAY[0] <= first and last <= MIDDAY[1]
            (inside if within else outside).append(f"{_clock(first)}-{_clock(last)}")
    return tuple(inside), tuple(outside)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


# changes of the tariff that an uncertain number may name besides fields of the case
TARIFF_CHANGES: Mapping[str, Callable[[Tariff, float], Tariff]] = {
    "tariff.spread": with_spread,
    "tariff.midday_valley": with_midday_valley,
}


def with_uncertain_values(case: "Case", values: Mapping[Uncertainty, float]) -> "Case":
    """The case with the given values of uncertain numbers. Raises InputError with all problems."""
    problems: list[str] = []
    for uncertainty, value in values.items():
        for field in uncertainty.fields:
            try:
                case = _with_value(case, field, value, uncertainty.times)
            except InputError as error:
                problems += [f"'{uncertainty.name}' = {value:.15g}: {line}" for line in error.problems]
    if problems:
        raise InputError(problems)
    return case


def _with_value(case: "Case", field: str, value: float, times: bool) -> "Case":
    """The case with one field, or one property of its tariff, changed; a multiple if `times`."""
    if field in TARIFF_CHANGES:
        return replace(case, tariff=TARIFF_CHANGES[field](case.tariff, value))
    if (
        field.startswith("tariff.")
        and field.count(".") == 1
        and field.split(".")[1] not in Tariff.model_fields
    ):
        known = ", ".join([*TARIFF_CHANGES, *(f"tariff.{name}" for name in Tariff.model_fields)])
        raise InputError(f"`{field}`: no such field{closest(field, TARIFF_CHANGES)}; known here: {known}")

    def change(old: float) -> float:
        new = old * value if times else value
        return round(new) if isinstance(old, int) and float(new).is_integer() else new

    return with_changes(case, {field: change})
