"""A day on the horizon, with the month's peaks to expect where the meter's reading is not given."""

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.errors import InputError
from parkdispatch.studies.demand_peak import expected_peaks_mw

NO_PEAK = (
    "argument `peak_so_far_mw` is missing: without it the expected peak is computed from the load and PV of"
    " the whole month, which has the problems above; give the peak or correct them"
)


def prepare_day(
    case: Case, given: Case, times: pd.DatetimeIndex, peak_is_given: bool
) -> tuple[Prepared, dict[str, float]]:
    """The numbers of a day, and the month's peak that was assumed for it, by paying connection [MW].

    `given` is the case with what is known of the day. A day planned as if it alone set the month's demand
    charge would be shaved at any price; so if the peak so far is not given, the day is planned against the
    peaks of the cheapest dispatch of the whole month, by the load and PV of `case`. Nothing is assumed where
    the peak was given, or where the month is infeasible.

    Raises InputError with what is wrong with the day, or with the month that the peak is taken from.
    """
    if peak_is_given:
        return prepare(given, times), {}
    try:
        expected_mw = expected_peaks_mw(case, times[0].date())
    except InputError as error:
        prepare(given, times)  # what is wrong with the day itself is reported first
        raise InputError([*error.problems, NO_PEAK]) from None
    devices = dict(given.devices)
    for name, peak_mw in expected_mw.items():
        devices[name] = devices[name].model_copy(update={"peak_so_far_mw": peak_mw})
    return prepare(given.with_devices(devices), times), expected_mw
