"""The numbers of a plan's horizon, with the months' peaks to expect where no meter reading is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.demand_metering import MonthPeak
from parkdispatch.results.savings.daily_saving import PeakSoFar
from parkdispatch.studies.demand_peak import connections_in_full_use, expected_peaks_mw, month_peaks

NO_PEAK = (
    "argument `peak_so_far_mw` is missing: without it the expected peak is computed from the load and PV of"
    " the whole month, which has the problems above; give the peak or correct them"
)


@dataclass(frozen=True)
class PreparedDay:
    """The numbers of a plan's horizon, and its months' peaks by connection that pays for demand [MW]."""

    prepared: Prepared
    expected_peaks_mw: Mapping[str, float]  # of the first month, that is planned against; empty: given
    before: Mapping[str, PeakSoFar]  # up to the beginning
    later_peaks_mw: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by month, connection


def prepare_day(case: Case, given: Case, times: pd.DatetimeIndex, peak_is_given: bool) -> PreparedDay:
    """The numbers of a plan's horizon, with the peaks of its months.

    `given` is the case with what is known of the horizon. A day planned as if it alone set the month's demand
    charge would be shaved at any price; so if the peak so far is not given, the day is planned against the
    peaks of the cheapest dispatch of the whole month, by the load and PV of `case`; likewise the first days
    of a later month, which has no peak so far. Nothing is assumed where the peak was given, where the horizon
    has all of a later month, or where the month is infeasible. Where that month reaches full use whatever is
    dispatched, its demand price is the reduced one, as in the year.

    Raises InputError with what is wrong with the horizon, or with the month that the peak is taken from.
    """
    begin: datetime = times[0].to_pydatetime()
    try:
        month = month_peaks(case, begin)
        later = _later_peaks_mw(case, times)
    except InputError as error:
        prepared = prepare(given, times)  # what is wrong with the day itself is reported first
        if peak_is_given:  # then the month is needed only for what it would be without the storage
            return PreparedDay(prepared, {}, {})
        raise InputError([*error.problems, NO_PEAK]) from None
    given = _with_later_peaks(given, later)
    certain = {f"{begin:%Y-%m}": month.in_full_use}
    certain |= {name: connections_in_full_use(case, pd.Period(name).to_timestamp()) for name in later}
    if peak_is_given:
        prepared = prepare(given, times).with_full_use(certain)
        return PreparedDay(prepared, {}, _given_before(given, month.before), later)
    devices = dict(given.devices)
    for name, peak_mw in month.expected_mw.items():
        devices[name] = devices[name].model_copy(update={"peak_so_far_mw": peak_mw})
    of_peak = [("device", name, "peak_so_far_mw") for name in month.expected_mw]
    expected = given_by(given.with_devices(devices), "expected", "", of_peak)
    prepared = prepare(expected, times).with_full_use(certain)
    return PreparedDay(prepared, month.expected_mw, month.before, later)


def _later_peaks_mw(case: Case, times: pd.DatetimeIndex) -> dict[str, Mapping[str, float]]:
    """The peaks to expect of later months that the horizon begins and does not end [MW]."""
    months = times.to_period("M").unique()[1:]
    end = times[-1] + (times[1] - times[0] if len(times) > 1 else pd.Timedelta(0))
    return {
        str(month): expected_peaks_mw(case, month.to_timestamp().to_pydatetime())
        for month in months
        if end < (month + 1).to_timestamp()
    }


def _with_later_peaks(case: Case, later_mw: Mapping[str, Mapping[str, float]]) -> Case:
    """The case whose connections pay for these peaks of later months anyway, unless it says others."""
    devices = dict(case.devices)
    for name in {name for peaks_mw in later_mw.values() for name in peaks_mw}:
        known: tuple[MonthPeak, ...] | None = getattr(devices[name], "later_peaks_mw", None)
        if known is not None:
            said = {peak.month: peak for peak in known}
            expected = {m: MonthPeak(month=m, peak_mw=mw[name]) for m, mw in later_mw.items() if name in mw}
            peaks = tuple({**expected, **said}.values())
            devices[name] = devices[name].model_copy(update={"later_peaks_mw": peaks})
    return case.with_devices(devices) if later_mw else case


def _given_before(given: Case, before: Mapping[str, PeakSoFar]) -> dict[str, PeakSoFar]:
    """The peaks up to the day where that with the storage is given; without it, it is no lower."""
    peaks = {}
    for name, peak in before.items():
        metered_mw = float(getattr(given.devices[name], "peak_so_far_mw", 0.0))
        peaks[name] = PeakSoFar(metered_mw, max(metered_mw, peak.without_storage_mw))
    return peaks
