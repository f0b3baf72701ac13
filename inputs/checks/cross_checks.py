"""Checks across the tables of a case file and its tariff."""

import re
from datetime import date

from parkdispatch.inputs.checks.bus_checks import bus_problems
from parkdispatch.inputs.checks.case_parts import CaseParts
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.schema.case_file import Calendar
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.tariff.tariff import Tariff

DEVICE_NAME = r"[a-z][a-z0-9_]*"  # a device's name becomes part of column names and file headers
DEMAND_PRICE = "demand_price"  # a series of it stands for the price that a tariff lacks
RESERVED_NAMES = ("balance",)  # the optimizer's name of the power balance of a bus


def cross_check(case: CaseParts, tariff: Tariff | None) -> list[str]:
    """Problems that are visible only with several tables of the case file, or its tariff, in view."""
    return [
        *_calendar_problems(case.calendar, tariff),
        *_clock_problems(case),
        *_name_problems(case),
        *bus_problems(case),
        *_series_problems(case),
        *_contract_problems(case, tariff),
        *(
            f"`device.{name}`: {line}"
            for name, device in case.devices.items()
            if tariff is not None
            for line in device.tariff_problems(tariff)
            if not (f"{name}.{DEMAND_PRICE}_yuan_per_mw_month" in case.series and DEMAND_PRICE in line)
        ),
    ]


def _calendar_problems(calendar: Calendar | None, tariff: Tariff | None) -> list[str]:
    if calendar is None:
        return []
    problems = []
    year, day = calendar.year, calendar.plan_date
    if day.year != year:
        problems.append(f"`calendar.plan_date` = {day}: must lie in `calendar.year` = {year}")
    if tariff is not None and not tariff.valid_from.year <= year <= tariff.valid_to.year:
        late = year > tariff.valid_to.year
        state = f"expired on {tariff.valid_to}" if late else f"is not in force before {tariff.valid_from}"
        problems.append(
            f"`calendar.year` = {year}: tariff {tariff.name} {state} and has no price in it,"
            f" must lie in its validity, {tariff.valid_from} to {tariff.valid_to}"
        )
    return problems


def _clock_problems(case: CaseParts) -> list[str]:
    """Clocks that change within the year: half of it, prices and sun would be an hour apart."""
    if case.site is None or case.calendar is None:
        return []
    return case.site.summer_time_problems(case.calendar.year)


def year_problems(case: CaseParts, tariff: Tariff) -> list[str]:
    """Days of the case's year without a price; `cross_check` reports a year outside the validity."""
    if case.calendar is None or not tariff.valid_from.year <= case.calendar.year <= tariff.valid_to.year:
        return []
    return tariff.unpriced(date(case.calendar.year, 1, 1), date(case.calendar.year, 12, 31))


def _name_problems(case: CaseParts) -> list[str]:
    problems = []
    for name in sorted(case.invalid_devices | case.devices.keys()):
        if not re.fullmatch(DEVICE_NAME, name):
            problems.append(
                f"device '{name}': the name must be a small letter, then small letters, digits, underscores"
            )
        elif name in RESERVED_NAMES:
            problems.append(f"`device.{name}`: the name is taken, must be another")
    return problems


def _series_problems(case: CaseParts) -> list[str]:
    """Series of unknown devices or names, and devices that need weather which is not given."""
    known = [
        f"{name}.{key}"
        for name, device in case.devices.items()
        for key, spec in device.series_specs.items()
        if not spec.internal
    ]
    problems = [
        f'`series."{key}"`: must be one of {", ".join(known)}{closest(key, known)}'
        if known
        else f'`series."{key}"`: must be left out, because no device of the case has series'
        for key in case.series
        if key not in known and key.split(".")[0] not in case.invalid_devices
    ]
    for name, device in case.devices.items():
        computed = [
            key
            for key, spec in device.series_specs.items()
            if not spec.internal and f"{name}.{key}" not in case.series
        ]
        if computed:
            problems += [
                f'`device.{name}.{field}` is missing: must be given, or `series."{name}.{computed[0]}"`'
                for field in device.missing_for_series()
            ]
        if not case.has_weather and device.needs_weather and computed:
            problems.append(f"`weather` is missing: `device.{name}` needs it for {', '.join(computed)}")
    return problems


def _contract_problems(case: CaseParts, tariff: Tariff | None) -> list[str]:
    response = None if case.contract is None else case.contract.demand_response
    if not isinstance(response, MeteredResponse):
        return []
    grids = sum(getattr(device, "kind", "") == "grid" for device in case.devices.values())
    minutes, year = (case.calendar.minutes, case.calendar.year) if case.calendar else (None, None)
    return response.problems(minutes, year, None if case.invalid_devices else grids, tariff)
