"""What an order of an operator would cost: the rest of the day planned with it and without it.

Nothing is recorded before the proposal is confirmed; then its plan is the next version of the day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.schema.orders import Order, OutageOrder
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.inputs.variations.operator_orders import timed_orders
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.desk.desk_plan import DeskPlan, plan_of_day, planned
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.desk.set_point_blocks import SetPointBlock, changed_blocks
from parkdispatch.operations.desk.stored_orders import read_order, stored_note
from parkdispatch.operations.desk.tomorrow_view import intervals_of
from parkdispatch.operations.known_outages import FIELDS, RecordedOutage
from parkdispatch.operations.ledger.day_state import DayState, state_in
from parkdispatch.operations.ledger.ledger_store import Author
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.outages import record_outage
from parkdispatch.operations.ledger.plan_basis import plan_basis
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan, sendings
from parkdispatch.operations.ledger.quantities import QUANTITIES, Measured
from parkdispatch.operations.ledger.sites import site_of
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.solution import device_of, dispatch_table, key_of
from parkdispatch.studies.planning.plan_run import PlannedRun, PlanWishes, prepare_plan, run_plan
from parkdispatch.studies.solve_options import SolveContext

SOC_AGE = pd.Timedelta(hours=2)  # of a measured state of charge that is carried on
SERIES_KEYS = tuple(QUANTITIES[kind].key for kind in ("load", "pv", "wind"))


@dataclass(frozen=True)
class KeptOrder:
    """An order that the plan in force obeys and that has not ended, with its index there."""

    index: int
    order: Order
    note: PlanNote


@dataclass(frozen=True)
class OrderProposal:
    """The rest of a day with an order and without it; the money is of the rest of the day."""

    site: str
    day: date
    begin: pd.Timestamp
    based_on: int  # version in force when it was made; 0: none
    orders: tuple[Order, ...]  # new ones
    obeyed: tuple[dict[str, Any], ...]  # all orders of the plan, as the ledger keeps them
    outages: tuple[RecordedOutage, ...]  # that are recorded besides
    state: DayState
    planned: PlannedRun
    extra_yuan: float  # what it costs more with the order than without
    cost_yuan: tuple[float, float]  # without, with; the demand charge of the whole month is in both
    peak_mw: tuple[float, float]  # without, with
    import_mwh: tuple[float, float]
    times: pd.DatetimeIndex
    set_points_mw: Mapping[str, tuple[Array, Array]]  # by battery: without, with
    blocks: tuple[SetPointBlock, ...]  # set points that the order changes
    notes: tuple[PlanNote, ...]


@dataclass(frozen=True)
class PlanningBasis:
    """What the rest of a day is planned from."""

    case: Case  # with outages and peaks
    given: Case  # with states of charge and forecasts too
    times: pd.DatetimeIndex
    plan: DeskPlan | None
    state: DayState
    peak_is_known: bool


def planning_begin(desk: DeskSite, day: date) -> pd.Timestamp:
    """When a plan of a day that is made now begins: with the next interval of today, or at midnight.

    Raises InputError for a day that is over.
    """
    begin = max(pd.Timestamp(day), desk.interval + desk.step)
    if begin.date() != day:
        raise InputError(f"argument `day` = {day}: must be {begin.date()} or later, the day is over")
    return begin


def planning_basis(desk: DeskSite, day: date) -> PlanningBasis:
    """The rest of a day as the ledger knows it: its plan's forecasts, states of charge, peaks, outages."""
    begin, case = planning_begin(desk, day), desk.case
    times = intervals_of(desk, day)
    times = times[times >= begin]
    with desk.ledger.reading() as connection:
        of_site = site_of(connection, case)
        plan = plan_of_day(connection, of_site, desk, day)
        state = state_in(connection, of_site, case, begin)
        soc: dict[str, float] = {}
        for name in case.batteries:
            held = measured_values(
                connection, of_site.number, Measured("soc", name), begin - SOC_AGE, desk.now
            )["value"]
            level = _soc_at(desk, plan, state, name, begin, held)
            soc |= {} if level is None else {name: level}
    state = replace(state, soc=soc)
    known = state.with_peaks(state.case(case))
    paying = {name for name, device in case.devices.items() if device.pays_for_demand}
    given = _with_forecasts(with_overrides(known, soc or None), plan, times)
    return PlanningBasis(
        known, given, times, plan, state, bool(paying) and paying <= state.peak_so_far_mw.keys()
    )


def _soc_at(
    desk: DeskSite,
    plan: DeskPlan | None,
    state: DayState,
    name: str,
    begin: pd.Timestamp,
    held: pd.Series,
) -> float | None:
    """The state of charge at the beginning: the last measured one carried on as planned, or as planned."""
    full_mwh = desk.case.batteries[name].full_mwh

    def planned_soc(at: pd.Timestamp) -> float | None:
        if plan is None or full_mwh <= 0:
            return None
        level = planned(plan.values, name, "energy_mwh", pd.DatetimeIndex([at - desk.step]))[0]
        return float(level) / full_mwh if np.isfinite(level) else None

    at_begin = planned_soc(begin)
    if state.is_measured.get(name) or not len(held):
        return state.soc.get(name) if at_begin is None or state.is_measured.get(name) else at_begin
    measured, then = float(held.iloc[-1]), planned_soc(held.index[-1])
    if at_begin is None or then is None:
        return measured
    return min(max(measured + at_begin - then, 0.0), 1.0)


def _with_forecasts(case: Case, plan: DeskPlan | None, times: pd.DatetimeIndex) -> Case:
    """The case with the forecasts of the plan in force; its own series where the plan says nothing."""
    series = dict(case.series)
    for name in case.devices:
        for key in SERIES_KEYS if plan is not None else ():
            values = planned(plan.values, name, key, times) if plan is not None else np.empty(0)
            if len(values) and np.isfinite(values).all():
                series[name, key] = SeriesValues(pd.Series(values, index=times), f"plan {name}.{key}")
    return replace(case, series=series)


def kept_orders(desk: DeskSite, day: date, basis: PlanningBasis) -> tuple[KeptOrder, ...]:
    """The orders of the plan in force that have not ended, each within the rest of the day."""
    kept = []
    items = [] if basis.plan is None else basis.plan.last.basis.get("orders") or []
    for index, item in enumerate(items):
        order = _clipped(read_order(item), basis.times[0])
        if order is not None:
            kept.append(KeptOrder(index, order, stored_note(item)))
    return tuple(kept)


def _clipped(order: Order, begin: pd.Timestamp) -> Order | None:
    """An order as far as it lies after a moment; None where it has ended."""
    first, last = getattr(order, "begin", None), getattr(order, "end", None)
    if last is not None and pd.Timestamp(str(last)) <= begin:
        return None
    if first is not None and pd.Timestamp(str(first)) < begin:
        return order.model_copy(update={"begin": begin.to_pydatetime()})
    return order


def propose(
    desk: DeskSite, day: date, orders: Sequence[Order], keep: Callable[[int], bool], context: SolveContext
) -> OrderProposal:
    """What orders cost, and leaving out others that the plan obeys: `keep` says of an index if it stays.

    Raises InputError with everything that is wrong, InfeasibleError with what conflicts, and SolverError.
    """
    basis = planning_basis(desk, day)
    begin, end = basis.times[0], basis.times[-1] + desk.step
    before = kept_orders(desk, day, basis)
    kept = [item.order for item in before if keep(item.index)]
    if not orders and len(kept) == len(before):
        raise InputError("argument `kind` is missing: must be an order, or one that is left out")
    placed = [_placed(desk, order, begin, end) for order in orders]
    outages = tuple(filter(None, (_recorded_outage(desk, item) for item in placed)))
    new = [item for item in placed if _recorded_outage(desk, item) is None]
    without = _solved(basis, [item.order for item in before], (), context, None)
    planned_run = _solved(basis, [*kept, *new], outages, context, without.run.solution)
    tables = [_values(run) for run in (without, planned_run)]
    hours, grids = desk.step / pd.Timedelta(hours=1), desk.case.of_role("grid")
    imports = [
        np.nansum([planned(table, grid, "import_mw", basis.times) for grid in grids], axis=0)
        for table in tables
    ]
    costs = [float(run.run.solution.attrs["objective_yuan"]) for run in (without, planned_run)]
    notes = tuple(note for note in planned_run.run.notes if note.key != "follows")
    stored = [
        stored_note(item.model_dump(mode="json", exclude_none=True)) for item in placed if item not in new
    ]
    notes = (*(PlanNote("order", {"order": note}) for note in stored), *notes)
    return OrderProposal(
        desk.case.name,
        day,
        begin,
        0 if basis.plan is None else basis.plan.last.version,
        tuple(placed),
        tuple(item.model_dump(mode="json", exclude_none=True) for item in [*kept, *new]),
        outages,
        basis.state,
        planned_run,
        costs[1] - costs[0],
        (costs[0], costs[1]),
        (float(imports[0].max(initial=0.0)), float(imports[1].max(initial=0.0))),
        (float(imports[0].sum() * hours), float(imports[1].sum() * hours)),
        basis.times,
        {
            name: (_set_point_mw(tables[0], name), _set_point_mw(tables[1], name))
            for name in desk.case.batteries
        },
        tuple(changed_blocks(tables[1], tables[0], list(desk.case.batteries), basis.times)),
        notes,
    )


def _placed(desk: DeskSite, order: Order, begin: pd.Timestamp, end: pd.Timestamp) -> Order:
    """The order with its moments in full. Raises InputError with what is wrong with it."""
    bare = replace(desk.case, orders=())
    timed = timed_orders(bare, [order], begin.to_pydatetime(), end.to_pydatetime())[0]
    if "begin" not in type(order).model_fields:
        return order
    moments: Mapping[str, datetime] = {"begin": timed.begin, "end": timed.end}
    return order.model_copy(update=dict(moments))


def _recorded_outage(desk: DeskSite, order: Order) -> RecordedOutage | None:
    """The outage that the ledger keeps for every later plan; None of what it keeps no outages of."""
    if not isinstance(order, OutageOrder):
        return None
    device = desk.case.devices[order.device]
    if not set(FIELDS) & set(type(device).model_fields):
        return None
    begin, end = pd.Timestamp(str(order.begin)), pd.Timestamp(str(order.end))
    return RecordedOutage(order.device, begin.to_pydatetime(), end.to_pydatetime(), order.power_share)


def _solved(
    basis: PlanningBasis,
    orders: Sequence[Order],
    outages: Sequence[RecordedOutage],
    context: SolveContext,
    follow: xr.Dataset | None,
) -> PlannedRun:
    """The rest of the day; of equally cheap plans the one whose set points are nearest to those followed."""
    as_known = replace(basis.state, outages=tuple(outages))
    case, given = as_known.case(basis.case), as_known.case(basis.given)
    problem = prepare_plan(case, given, basis.times, PlanWishes(tuple(orders), follow), basis.peak_is_known)
    return run_plan(problem, context, 0.0, lazily=True)


def _values(run: PlannedRun) -> pd.DataFrame:
    solution: xr.Dataset = run.run.solution
    table = dispatch_table(solution)
    table.columns = pd.MultiIndex.from_tuples(
        [(device_of(solution, str(name)), key_of(solution, str(name))) for name in table]
    )
    return table


def _set_point_mw(table: pd.DataFrame, name: str) -> Array:
    times = pd.DatetimeIndex(table.index)
    return planned(table, name, "discharge_mw", times) - planned(table, name, "charge_mw", times)


def confirm(desk: DeskSite, proposal: OrderProposal, author: Author) -> int:
    """Record the plan of a proposal as the next version of its day, and its outages. Returns the version.

    Raises InputError where another version was recorded meanwhile, or its first interval has begun long ago.
    """
    if desk.interval >= proposal.begin + timedelta(hours=1):
        raise InputError(
            f"argument `begin` = {proposal.begin:%Y-%m-%d %H:%M}: must not be an hour ago, compute the cost"
            " again"
        )
    state = proposal.state
    if proposal.outages:
        _refuse_other_version(desk, proposal)  # before an outage is recorded
    for outage in proposal.outages:
        number, _ = record_outage(desk.ledger, desk.case, outage, author)
        state = replace(state, outages=(*state.outages, replace(outage, number=number)))
    run = proposal.planned.run
    basis = plan_basis(run.case, state, proposal.obeyed)
    return add_plan(desk.ledger, run.case, run.solution, author, basis, proposal.based_on)[0]


def send_last(desk: DeskSite, day: date, version: int, author: Author) -> None:
    """Say that a version is sent, in the place of the one that was."""
    with desk.ledger.reading() as connection:
        sent = sendings(connection, site_of(connection, desk.case).number, day)
    send_plan(desk.ledger, desk.case, day, version, author, sent[-1].version if sent else None)


def _refuse_other_version(desk: DeskSite, proposal: OrderProposal) -> None:
    with desk.ledger.reading() as connection:
        plan = plan_of_day(connection, site_of(connection, desk.case), desk, proposal.day)
    last = 0 if plan is None else plan.last.version
    if last != proposal.based_on:
        raise InputError(
            f"argument `after` = {proposal.based_on}: must be {last}, the last version of {proposal.day},"
            " which was recorded meanwhile"
        )
