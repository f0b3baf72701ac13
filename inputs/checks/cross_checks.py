"""Checks across the tables of a case file and its tariff."""

import re
from collections.abc import Mapping
from datetime import date

from parkdispatch.inputs.checks.bus_checks import bus_problems
from parkdispatch.inputs.checks.case_parts import CaseParts
from parkdispatch.inputs.checks.market_checks import market_problems
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.schema.case_file import Calendar
from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.registry import device_kinds
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
        *bus_problems(case.devices, case.perhaps_buses, case.perhaps_ports),
        *_series_problems(case),
        *_contract_problems(case, tariff),
        *market_problems(case.devices),
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
    """Series of unknown devices or names."""
    known = {name: given_series(device.needed_series) for name, device in case.devices.items()}
    return [
        f'`series."{key}"`: {_unknown_series(key, known)}'
        for key in case.series
        if key.split(".")[0] not in case.invalid_devices
        and key.partition(".")[2] not in known.get(key.split(".")[0], ())
    ]


def given_series(specs: Mapping[str, SeriesSpec]) -> list[str]:
    """Names of the series of a device that a case may give."""
    return [key for key, spec in specs.items() if not spec.internal]


def _unknown_series(key: str, known: Mapping[str, list[str]]) -> str:
    """What is wrong with a series that no device of the case has, and what would be right."""
    name, _, series = key.partition(".")
    if known.get(name):
        allowed = [f"{name}.{other}" for other in known[name]]
        return f"must be one of {', '.join(allowed)}{closest(key, allowed)}"
    if name in known:
        return f"must be left out, because `device.{name}` has no series"
    listed = [f"{other}.{entry}" for other, entries in known.items() for entry in entries]
    kinds = [kind for kind, device in device_kinds().items() if series in given_series(device.series_specs)]
    if not kinds and not listed:
        return "must be left out, because no device of the case has series"
    if not kinds:
        return f"must be one of {', '.join(listed)}{closest(key, listed)}"
    same = [f"{other}.{series}" for other, entries in known.items() if series in entries]
    hint = f", or be {', '.join(same)}" if same else ""
    kind = min(kinds, key=len)  # a load rather than one that can be interrupted
    return f'the case has no such device, must have a table [device.{name}] with kind = "{kind}"{hint}'


def _contract_problems(case: CaseParts, tariff: Tariff | None) -> list[str]:
    response = None if case.contract is None else case.contract.demand_response
    if not isinstance(response, MeteredResponse):
        return []
    grids = sum(getattr(device, "kind", "") == "grid" for device in case.devices.values())
    minutes, year = (case.calendar.minutes, case.calendar.year) if case.calendar else (None, None)
    return response.problems(minutes, year, None if case.invalid_devices else grids, tariff)
