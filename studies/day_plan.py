"""A day on the horizon, with the month's peaks to expect where the meter's reading is not given."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.models.errors import InputError
from parkdispatch.results.savings.daily_saving import PeakSoFar
from parkdispatch.studies.demand_peak import month_peaks

NO_PEAK = (
    "argument `peak_so_far_mw` is missing: without it the expected peak is computed from the load and PV of"
    " the whole month, which has the problems above; give the peak or correct them"
)


@dataclass(frozen=True)
class PreparedDay:
    """The numbers of a day, and the peaks of its month by connection that pays for demand [MW]."""

    prepared: Prepared
    expected_peaks_mw: Mapping[str, float]  # the peaks that the day is planned against; empty: given
    before: Mapping[str, PeakSoFar]  # up to the day


def prepare_day(case: Case, given: Case, times: pd.DatetimeIndex, peak_is_given: bool) -> PreparedDay:
    """The numbers of a day, with the peaks of its month.

    `given` is the case with what is known of the day. A day planned as if it alone set the month's demand
    charge would be shaved at any price; so if the peak so far is not given, the day is planned against the
    peaks of the cheapest dispatch of the whole month, by the load and PV of `case`. Nothing is assumed where
    the peak was given, or where the month is infeasible.

    Raises InputError with what is wrong with the day, or with the month that the peak is taken from.
    """
    try:
        month = month_peaks(case, times[0].date())
    except InputError as error:
        prepared = prepare(given, times)  # what is wrong with the day itself is reported first
        if peak_is_given:  # then the month is needed only for what it would be without the storage
            return PreparedDay(prepared, {}, {})
        raise InputError([*error.problems, NO_PEAK]) from None
    if peak_is_given:
        return PreparedDay(prepare(given, times), {}, _given_before(given, month.before))
    devices = dict(given.devices)
    for name, peak_mw in month.expected_mw.items():
        devices[name] = devices[name].model_copy(update={"peak_so_far_mw": peak_mw})
    of_peak = [("device", name, "peak_so_far_mw") for name in month.expected_mw]
    expected = given_by(given.with_devices(devices), "expected", "", of_peak)
    return PreparedDay(prepare(expected, times), month.expected_mw, month.before)


def _given_before(given: Case, before: Mapping[str, PeakSoFar]) -> dict[str, PeakSoFar]:
    """The peaks up to the day where that with the storage is given; without it, it is no lower."""
    peaks = {}
    for name, peak in before.items():
        metered_mw = float(getattr(given.devices[name], "peak_so_far_mw", 0.0))
        peaks[name] = PeakSoFar(metered_mw, max(metered_mw, peak.without_storage_mw))
    return peaks
