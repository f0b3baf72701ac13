"""A day on the horizon, with the month's peak to expect where the meter's reading is not given."""

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.errors import InputError
from parkdispatch.studies.demand_peak import expected_peak_mw

NO_PEAK = (
    "argument `peak_so_far_mw` is missing: without it the expected peak is computed from the load and PV of"
    " the whole month, which has the problems above; give the peak or correct them"
)


def prepare_day(
    case: Case, given: Case, times: pd.DatetimeIndex, peak_is_given: bool
) -> tuple[Prepared, float | None]:
    """The numbers of a day, and the month's peak that was assumed for it [MW], None where it was given.

    `given` is the case with what is known of the day. A day planned as if it alone set the month's demand
    charge would be shaved at any price; so if the peak so far is not given, the day is planned against the
    peak that the load and PV of `case` in that month bring whatever the storage does.

    Raises InputError with what is wrong with the day, or with the month that the peak is taken from.
    """
    if peak_is_given:
        return prepare(given, times), None
    try:
        expected = expected_peak_mw(case, times[0].date())
    except InputError as error:
        prepare(given, times)  # what is wrong with the day itself is reported first
        raise InputError([*error.problems, NO_PEAK]) from None
    if expected is not None:
        given = with_overrides(given, peak_so_far_mw=expected)
        of_peak = [path for path, source in given.sources.items() if source.by == "peak_so_far_mw"]
        given = given_by(given, "expected", "", of_peak)
    return prepare(given, times), expected
