"""Plans under uncertainty from Python: `parkdispatch.hedge`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import day_times
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.interfaces.api.dates import day_of
from parkdispatch.interfaces.api.named_cases import CaseOrName, loaded
from parkdispatch.interfaces.language_codes import language
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.forecasting.forecast_request import DayForecasts
from parkdispatch.operations.uncertainty.hedge_request import (
    COLUMNS,
    HedgeRequest,
    paths_of_day,
    read_quantiles,
)
from parkdispatch.results.forecasts.hedge_files import HEDGE_OUTPUTS
from parkdispatch.results.savings.hedged_plan import HedgedPlan
from parkdispatch.results.writers.outputs import write_outputs
from parkdispatch.studies.day_plan import prepare_day
from parkdispatch.studies.planning.hedged_day import hedge_day
from parkdispatch.studies.solve_options import Progress, SolveContext, SolveOptions, ignore_progress


@dataclass(frozen=True)
class Hedge:
    """Set points that are the same on all paths, their costs, and what they survive."""

    plan: HedgedPlan

    @property
    def set_points(self) -> pd.DataFrame:
        """A row an interval, a column a quantity of a store, such as `battery_1.charge_mw`."""
        return self.plan.set_points

    @property
    def expected_yuan(self) -> float:
        """Mean cost over the paths [yuan]."""
        return self.plan.hedged.expected_yuan

    @property
    def cvar_yuan(self) -> float:
        """Mean cost of the worst paths, as many as the level of CVaR says [yuan]."""
        return self.plan.hedged.cvar_yuan

    @property
    def gap(self) -> float:
        """Distance of expected cost and CVaR, as weighed, from their proven lower bound, relative."""
        return self.plan.gap

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write set_points.csv and summary.json, all or none. Returns their paths by name."""
        return write_outputs(HEDGE_OUTPUTS, self.plan, Path(folder), language(lang))


def hedge(
    case: CaseOrName,
    *,
    forecast: DayForecasts | Path | str,
    day: date | str | None = None,
    paths: int = 20,
    cvar_weight: float = 0.5,
    cvar_level: float = 0.9,
    seed: int = 1,
    scores: Path | str | None = None,
    soc: float | Mapping[str, float] | None = None,
    peak_so_far_mw: float | None = None,
    time_limit_s: float = 60.0,
    progress: Progress = ignore_progress,
) -> Hedge:
    """Plan set points for a day that are the same whatever load and sources do.

    Args:
        case: what `load_case` returned, or the name or path that it takes.
        forecast: what `forecast` returned, or a file that `parkdispatch forecast` wrote.
        day: the day, a date or "2026-07-15"; None: that of the forecast, or of the case for a file.
        paths: how many paths are drawn.
        cvar_weight: weight of CVaR beside the expected cost [-], 0 to 1.
        cvar_level: level of CVaR [-]: 0.9 is the mean of the worst tenth.
        seed: of the paths.
        scores: folder of `parkdispatch forecast score`, from which the correlation of errors is measured.
        soc: state of charge at the beginning [-], of every battery or by the battery's name.
        peak_so_far_mw: as `plan`.
        time_limit_s: seconds after which the best set points so far are returned with their proven gap.
        progress: called with a few words at each step.

    Raises:
        InputError: with everything that is wrong with what was given.
        InfeasibleError: no set points suit all paths.
        SolverError: none were found in time, or a check of the money fails.

    Example:
        >>> import parkdispatch as pdx
        >>> try:
        ...     pdx.hedge(pdx.load_case("gaoan"), forecast="tomorrow.csv", paths=1)
        ... except pdx.InputError as error:
        ...     print(error)
        argument `paths` = 1: must be from 2 to 200

    """
    case = loaded(case)
    request = HedgeRequest(paths, cvar_weight, cvar_level, seed, None if scores is None else Path(scores))
    options = SolveOptions(time_limit_s=time_limit_s)
    chosen = None if day is None else day_of("day", day)
    if isinstance(forecast, DayForecasts):
        times = day_times(case, chosen or forecast.day)
        quantiles = _quantiles(forecast, times)
    else:
        times = day_times(case, chosen or case.calendar.plan_date)
        quantiles = read_quantiles(case, Path(forecast), times)
    given = with_overrides(case, soc, peak_so_far_mw)
    drawn = paths_of_day(case, quantiles, request)
    prepared = prepare_day(case, given, times, peak_so_far_mw is not None).prepared
    return Hedge(hedge_day(prepared, drawn, request.risk, SolveContext(options, progress)))


def _quantiles(forecast: DayForecasts, times: pd.DatetimeIndex) -> dict[str, Array]:
    """P10, P50 and P90 [MW] by kind, each (intervals, 3). Raises InputError where intervals are missing."""
    quantiles = {}
    for kind, table in forecast.tables.items():
        if len(missing := times.difference(pd.DatetimeIndex(table.index))):
            raise InputError(
                f"argument `forecast` = {forecast.day}: has no value at {missing[0]:%Y-%m-%d %H:%M}, must"
                f" have one for each interval from {times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M}"
            )
        quantiles[kind] = np.sort(table.reindex(times)[list(COLUMNS)].to_numpy(np.float64), axis=1)
    return quantiles
