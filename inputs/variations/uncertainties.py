"""The case in another world: doubted numbers as a scenario has them, prices and load as paths bring them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parkdispatch.inputs.messages.validation import closest
from parkdispatch.inputs.variations.changes import value_at, with_changes
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Uncertainty
from parkdispatch.models.tariff.tariff import Tariff

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

MIDDAY = (10 * 60, 16 * 60)  # [minutes] in which the sun makes a valley
HALF = 0.5  # a valley that stays by less than this is gone
NO_SPREAD = 0.0


def with_spread(tariff: Tariff, multiple: float) -> Tariff:
    """The tariff with each period's ratio so many times as far from the flat one, but none below zero."""
    if multiple < NO_SPREAD:
        raise InputError(f"`tariff.spread` = {multiple:g}: must be 0 or more")
    ratios = {period: max(0.0, 1.0 + multiple * (ratio - 1.0)) for period, ratio in tariff.ratios.items()}
    return tariff.model_copy(update={"ratios": ratios})


def with_midday_valley(tariff: Tariff, stays: float) -> Tariff:
    """The tariff, or one whose valleys between 10:00 and 16:00 are flat, on holidays too."""
    if stays >= HALF:
        return tariff
    return tariff.model_copy(
        update={"day": _flat_at_midday(tariff.day), "holiday_day": _flat_at_midday(tariff.holiday_day)}
    )


def _flat_at_midday(tables: tuple[Any, ...]) -> tuple[Any, ...]:
    """Day tables, of which those of a valley leave midday to one of the flat period."""
    found: list[Any] = []
    for table in tables:
        if table.period not in ("valley", "deep_valley"):
            found.append(table)
            continue
        inside, outside = _split(table.hours)
        if outside:
            found.append(table.model_copy(update={"hours": outside}))
        if inside:
            found.append(table.model_copy(update={"hours": inside, "period": "flat"}))
    return tuple(found)


def _split(spans: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parts of spans such as "11:00-14:00" that lie within midday, and those that do not."""
    inside: list[str] = []
    outside: list[str] = []
    for span in spans:
        begin, end = (_minutes(one) for one in span.split("-"))
        cuts = sorted({begin, end, *(cut for cut in MIDDAY if begin < cut < end)})
        for one, other in pairwise(cuts):
            within = MIDDAY[0] <= one and other <= MIDDAY[1]
            (inside if within else outside).append(f"{_clock(one)}-{_clock(other)}")
    return tuple(inside), tuple(outside)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


# what a doubt may name beside the numbers of the case, and what it is as the case stands
OF_TARIFF: Mapping[str, Callable[[Tariff, float], Tariff]] = {
    "tariff.spread": with_spread,
    "tariff.midday_valley": with_midday_valley,
}
AS_IT_STANDS = 1.0


def in_world(case: "Case", doubts: Mapping[Uncertainty, float]) -> "Case":
    """The case with doubted numbers as given. Raises InputError with all that is not allowed."""
    found: list[str] = []
    for doubt, value in doubts.items():
        for field in doubt.fields:
            try:
                case = _with(case, field, value, doubt.times)
            except InputError as error:
                found += [f"'{doubt.name}' = {value:g}: {line}" for line in error.problems]
    if found:
        raise InputError(found)
    return case


def doubted_value(case: "Case", doubt: Uncertainty) -> float:
    """What the case says of a doubted number, of its first field. Raises InputError if there is none."""
    field = doubt.fields[0]
    return AS_IT_STANDS if field in OF_TARIFF else value_at(case, field)


def _with(case: "Case", field: str, value: float, times: bool) -> "Case":
    if field in OF_TARIFF:
        return replace(case, tariff=OF_TARIFF[field](case.tariff, value))
    if (
        field.startswith("tariff.")
        and field.count(".") == 1
        and field.split(".")[1] not in Tariff.model_fields
    ):
        known = ", ".join([*OF_TARIFF, *(f"tariff.{name}" for name in Tariff.model_fields)])
        raise InputError(f"`{field}`: no such field{closest(field, OF_TARIFF)}; known here: {known}")

    def change(old: float) -> float:
        new = old * value if times else value
        return round(new) if isinstance(old, int) and float(new).is_integer() else new

    return with_changes(case, {field: change})
