"""The audit of a solution whose series are taken as the case's inputs, for tests of other things."""

from dataclasses import replace

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.results.audit import Audit, audit
from parkdispatch.results.solution import device_of, key_of, of_kind, times_of, values


def with_series_file(case: Case, device: str, name: str) -> Case:
    """The case with one series from a file, which the tests that solve it themselves never read."""
    return replace(case, series={**case.series, (device, name): SeriesFile(file="own.csv")})


def prepared_with_series_of(solution: xr.Dataset, case: Case) -> Prepared:
    """The case on the horizon and with the series of a solution."""
    series = {
        (device_of(solution, name), key_of(solution, name)): values(solution, name)
        for name in of_kind(solution, "series")
    }
    return Prepared(case, times_of(solution), float(solution.attrs["hours"]), series)


def audit_of(solution: xr.Dataset, case: Case) -> Audit:
    """The audit of a solution against the case with the solution's own series."""
    return audit(solution, prepared_with_series_of(solution, case))
