"""Plans, years and replays from Python: `parkdispatch.plan`, `parkdispatch.year`, `parkdispatch.replay`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.inputs.schema.orders import Order
from parkdispatch.inputs.variations.overrides import Forecast, with_overrides
from parkdispatch.inputs.variations.plan_times import MomentText, plan_times
from parkdispatch.interfaces.api.dates import day_of
from parkdispatch.interfaces.api.named_cases import CaseOrName, loaded
from parkdispatch.interfaces.language_codes import language
from parkdispatch.results.network.ac_check import CHECKED_INTERVALS, AcCheck
from parkdispatch.results.schedule.activity_schedule import ActivityBlock, activity_blocks
from parkdispatch.results.schedule.plan_notes import note_lines
from parkdispatch.results.schedule.schedule import ScheduleBlock, schedule_blocks
from parkdispatch.results.solution import dispatch_table
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.daily_replay import replay_year
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case, with_ac_check, write_run
from parkdispatch.studies.planning.plan_run import PlanWishes, prepare_plan, run_plan
from parkdispatch.studies.solve_options import Progress, SolveContext, SolveOptions, ignore_progress

if TYPE_CHECKING:
    from parkdispatch.optimizer.solve import Proof
    from parkdispatch.results.savings.replay_comparison import Replayed
    from parkdispatch.studies.planning.plan_run import PlannedRun


@dataclass(frozen=True)
class Dispatch:
    """A proven, audited dispatch beside the same park without its storage.

    Money is in yuan, plus is paid; power in MW, energy in MWh; stamps are the local starts of intervals.
    """

    run: DispatchRun
    kind: Literal["day", "year", "replay"]

    @property
    def case(self) -> Case:
        """The case as it was dispatched."""
        return self.run.case

    @property
    def dataset(self) -> xr.Dataset:
        """Every quantity by interval, day, month or horizon, with its unit in the attributes."""
        return self.run.solution

    @property
    def table(self) -> pd.DataFrame:
        """One row an interval, one column a quantity, the unit at the end of its name."""
        return dispatch_table(self.run.solution)

    @property
    def proof(self) -> "Proof":
        """Bound, gap and how they were proven."""
        return self.run.proof

    @property
    def cost_yuan(self) -> float:
        """What the dispatch costs, the month's demand charge included."""
        return self.run.proof.objective_yuan

    @property
    def cost_without_storage_yuan(self) -> float | None:
        """What the same park without its storage costs; None where it cannot run without."""
        comparison = self.run.summary.without_storage
        return None if comparison is None else comparison.cost_yuan

    @property
    def saving_yuan(self) -> float | None:
        """What the storage saves; None where the park cannot run without it."""
        comparison = self.run.summary.without_storage
        return None if comparison is None else comparison.saving_yuan

    @property
    def bill(self) -> pd.DataFrame:
        """The bill recomputed from meter and tariff [yuan]: rows (connection, month), columns charges."""
        bills = {name: bill.by_charge_yuan for name, bill in self.run.summary.bills.items()}
        return pd.concat(bills, names=["connection", "month"])

    @property
    def peak_mw(self) -> dict[str, float]:
        """The highest 15-minute mean import of each month [MW]."""
        return dict(self.run.summary.peak_mw)

    def with_ac_check(self, intervals: int = CHECKED_INTERVALS) -> Self:
        """The same dispatch with an AC power flow of its hardest intervals, at least so many if there are.

        Raises InputError where pandapower is not installed, or the case has no network it can compute.
        """
        return replace(self, run=with_ac_check(self.run, intervals))

    @property
    def ac_check(self) -> AcCheck | None:
        """Voltages, loadings, losses and findings of the AC power flow; None where none was made."""
        return self.run.ac_check

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write report, workbooks, tables and summary.json, all or none. Returns their paths by name."""
        return write_run(self.run, Path(folder), self.kind, lang=language(lang))


@dataclass(frozen=True)
class Plan(Dispatch):
    """The plan of a day, or of any other stretch of time."""

    # taken for the month's peak so far, by connection [MW]; empty if one was given
    expected_peaks_mw: Mapping[str, float] = field(default_factory=dict)
    # taken as paid for anyway in months that begin within the plan, by month and connection [MW]
    later_peaks_mw: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    planned: "PlannedRun | None" = None  # with its optimum

    def why(self) -> list[str]:
        """What each block gains, and what one more MWh, MW or an hour would bring: solves again for each."""
        from parkdispatch.studies.planning.plan_reasons import gain_notes, marginal_notes

        if self.planned is None:
            return []
        notes = [*gain_notes(self.planned), *marginal_notes(self.planned, SolveContext())]
        return note_lines(notes, load_words("en"))

    @property
    def notes(self) -> list[str]:
        """What there is to say of the orders: what forcing costs, what a call pays, what is violated."""
        return note_lines(self.run.notes, load_words("en"))

    @property
    def money(self) -> pd.DataFrame:
        """One row a day [yuan]: energy, stored (what is stored more at the end is worth), demand, total.

        `demand_yuan` is what the day adds to the month's demand charge, so that the days of a month add up to
        the month; the columns `..._saved_yuan` are the same of what the storage brings, where that is known.
        """
        summary = self.run.summary
        rows = [
            {
                "energy_yuan": cost.energy_yuan,
                "stored_yuan": cost.stored_yuan,
                "demand_yuan": cost.demand_yuan,
                "total_yuan": cost.total_yuan,
            }
            for cost in summary.day_costs
        ]
        for row, saving in zip(rows, summary.days, strict=False):
            row |= {"energy_saved_yuan": saving.energy_yuan, "demand_saved_yuan": saving.demand_yuan}
            row |= {"total_saved_yuan": saving.total_yuan}
        return pd.DataFrame(rows, index=pd.Index([cost.day for cost in summary.day_costs], name="day"))

    @property
    def schedule(self) -> tuple[ScheduleBlock, ...]:
        """The storage's day in blocks: from when to when, what, how much, and why."""
        return tuple(schedule_blocks(self.run.solution, self.run.case))

    @property
    def activities(self) -> tuple[ActivityBlock, ...]:
        """The day of units, shifted work and interruptions in blocks."""
        return tuple(activity_blocks(self.run.solution, self.run.case))


@dataclass(frozen=True)
class Replay(Dispatch):
    """A year of daily plans, each made without knowledge of the days after."""

    replayed: "Replayed | None" = None

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write the files of a year and replay.csv, all or none. Returns their paths by name."""
        return write_run(self.run, Path(folder), self.kind, self.replayed, language(lang))


def plan(
    case: CaseOrName,
    *,
    day: date | str | None = None,
    start: MomentText | None = None,
    until: MomentText | None = None,
    soc: float | Mapping[str, float] | None = None,
    orders: Sequence[Order] = (),
    follow: "str | Path | Plan | None" = None,
    soft_yuan_per_mwh: float | None = None,
    peak_so_far_mw: float | None = None,
    load: Forecast | None = None,
    pv: Forecast | None = None,
    load_column: str | None = None,
    pv_column: str | None = None,
    stamps: Literal["start", "end"] | None = None,
    fill_gaps: int = 0,
    solver: str = "highs",
    time_limit_s: float = 60.0,
    threads: int | None = None,
    progress: Progress = ignore_progress,
) -> Plan:
    """Plan a day of a case, or any other stretch of time.

    The plan is proven and audited when it is returned; what it would be without the storage, its bill and
    its key figures are computed when they are first asked for.

    Args:
        case: what `load_case` returned, or the name or path that it takes.
        day: the day, a date or "2026-07-15"; None: that of the case.
        start: when the plan begins, a datetime, "2026-07-15T10:15", or "10:15" of the day; None: at midnight.
        until: when it ends, likewise, minutes or weeks later; None: at the next midnight.
        soc: state of charge at the beginning [-], of every battery or by the battery's name.
        orders: what the plan has to obey for some time, beside those of the case: `OutageOrder`,
            `LimitOrder`, `ForceOrder`, `ReserveOrder`, `FinalStateOrder`, `CallOrder`.
        follow: a plan, or the folder of one, that is followed now: of equal optima, the nearest is taken.
        soft_yuan_per_mwh: price at which limits may be violated; None: they may not.
        peak_so_far_mw: the month's highest 15-minute mean import so far [MW]; None: that of the
            cheapest dispatch of the month as a whole, by the case's load and PV (`Plan.expected_peaks_mw`).
        load: forecast of the load, a CSV file or workbook, of which "ems.xlsx#Sheet2!负荷(MW)" names a sheet
            and a column, or a pandas Series by local time; a Series whose name states no unit, as
            `load [kW]` does, is in MW.
        pv: forecast of the PV power that is available, likewise.
        load_column: column of the file `load`, by its label or whole header; None: the only one.
        pv_column: column of the file `pv`, likewise.
        stamps: where the stamps of these files stand in their intervals; None: told by each file, or refused.
        fill_gaps: longest gap of these files that is interpolated, in their intervals.
        solver: "highs", or "pyomo:NAME" for any solver Pyomo knows.
        time_limit_s: seconds after which the best dispatch so far is returned with its proven gap.
        threads: of the solver; None: as many as there are cores.
        progress: called with a few words at each step.

    Raises:
        InputError: with everything that is wrong with what was given.
        InfeasibleError: no dispatch meets all limits; names what conflicts.
        SolverError: no dispatch was found in time, or one fails its audit.

    Example:
        >>> import parkdispatch as pdx
        >>> tomorrow = pdx.plan(pdx.load_case("gaoan"), day="2026-07-15", soc=0.4, peak_so_far_mw=171)
        >>> tomorrow.proof.gap < 1e-8
        True

    """
    case = loaded(case)
    started = time.perf_counter()
    options = SolveOptions(solver, time_limit_s, smooth=True, threads=threads)
    times = plan_times(case, None if day is None else day_of("day", day), start, until)
    given = with_overrides(case, soc, peak_so_far_mw, load, pv, load_column, pv_column, stamps, fill_gaps)
    followed = follow.dataset if isinstance(follow, Plan) else follow
    wishes = PlanWishes(orders, followed, soft_yuan_per_mwh)
    problem = prepare_plan(case, given, times, wishes, peak_so_far_mw is not None)
    context, read_s = SolveContext(options, progress), time.perf_counter() - started
    planned_run = run_plan(problem, context, read_s, lazily=True)
    planned = planned_run.planned
    return Plan(planned_run.run, "day", planned.expected_peaks_mw, planned.later_peaks_mw, planned_run)


def year(
    case: CaseOrName,
    *,
    gap: float = 1e-9,
    solver: str = "highs",
    time_limit_s: float = 60.0,
    threads: int | None = None,
    progress: Progress = ignore_progress,
) -> Dispatch:
    """Dispatch the case's whole year in one model, with perfect foresight.

    Args:
        case: what `load_case` returned, or the name or path that it takes.
        gap: relative gap that suffices once it is proven, 1e-9 to 0.01.
        solver: "highs", or "pyomo:NAME" for any solver Pyomo knows.
        time_limit_s: seconds after which the best dispatch so far is returned with its proven gap.
        threads: of the solver; None: as many as there are cores.
        progress: called with a few words at each step.

    Raises:
        InputError, InfeasibleError, SolverError: as `plan`.

    Example:
        >>> import parkdispatch as pdx
        >>> base = pdx.year(pdx.load_case("gaoan"))
        >>> round(base.cost_yuan / 1e6, 1)
        700.3

    """
    case = loaded(case, whole_year=True)
    started = time.perf_counter()
    options = SolveOptions(solver, time_limit_s, threads=threads, gap=gap)
    prepared = prepare(case, year_times(case))
    run = dispatch_case(prepared, SolveContext(options, progress), time.perf_counter() - started)
    return Dispatch(run, "year")


def replay(case: CaseOrName, *, time_limit_s: float = 60.0, progress: Progress = ignore_progress) -> Replay:
    """Plan the case's year day by day, each day with what the one before left, and compare with foresight.

    Args:
        case: what `load_case` returned, or the name or path that it takes.
        time_limit_s: seconds for a day, or for the year.
        progress: called with a few words at each step.

    Raises:
        InputError, InfeasibleError, SolverError: as `plan`; the day is named.

    """
    case = loaded(case, whole_year=True)
    started = time.perf_counter()
    prepared = prepare(case, year_times(case))
    context = SolveContext(SolveOptions(time_limit_s=time_limit_s), progress)
    run, replayed = replay_year(prepared, context, time.perf_counter() - started)
    return Replay(run, "replay", replayed)
