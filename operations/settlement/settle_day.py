"""Settle a day: solve it as perfect foresight would have, and share what was lost among its causes.

The day is solved with the real load, sources, state of charge and outages: perfect foresight. Then it is
solved with forecasts in the place of what was real, for each set of causes (load, sources, an outage that the
plan did not know), and these set points are followed on the real day: what that costs more is the effect of
the set, and the Shapley value shares it. What is left has an order of its own: the plan that was really sent
(its state of charge, its peak), then the devices as metered, then the meter of the connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.operations.known_outages import RecordedOutage, with_outages
from parkdispatch.operations.settlement.day_record import (
    DayRecord,
    is_at_one_bus,
    measured_devices,
    settleable,
)
from parkdispatch.operations.settlement.executed_day import DayRules
from parkdispatch.operations.settlement.network_day import NetworkRules
from parkdispatch.operations.settlement.real_day import Done, Points, RealDay
from parkdispatch.operations.settlement.shapley import shapley_values
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.savings.daily_saving import replacement_price_yuan_per_mwh
from parkdispatch.results.settlement.day_settlement import ADDED, DayMoney, Settlement, unbalanced_yuan
from parkdispatch.studies.dispatch import with_smooth_set_points
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext

SAME_COST = 1e-7  # relative; plans within it are the same plan made again


@dataclass(frozen=True)
class _Cause:
    """A cause that foresight would not have had: which series, or which outages, the plan had otherwise."""

    name: str
    devices: Sequence[str] = ()


def settle_day(record: DayRecord, context: SolveContext) -> Settlement:
    """The settlement of a day.

    Raises InputError for a park or a record that cannot be settled, InfeasibleError where no dispatch meets
    the real day, and SolverError where a check of the money fails.
    """
    settleable(record.case)
    context.progress("the day with perfect foresight")
    case = _real_case(record)
    real = _prepared(record, case, forecast=())
    foresight = _solved(real, context)
    price = float(replacement_price_yuan_per_mwh(foresight, case)[0])
    if is_at_one_bus(case):
        return _settled(record, DayRules(real, record.grids, price), foresight, context)
    rules = NetworkRules(real, record.grids, price).with_work_of(foresight)
    return _settled(record, rules, foresight, context)


def _settled(
    record: DayRecord, rules: RealDay[Points, Done], foresight: xr.Dataset, context: SolveContext
) -> Settlement:
    """The settlement by the rules of a kind of park; `foresight` is the optimum of the real day."""
    case = rules.case
    best = rules.following(rules.points_of(foresight))
    sent_points = rules.sent_points(record)
    sent = rules.following(sent_points)
    planned_rules = rules.with_series(
        _prepared(record, _real_case(record, record.planned_outages), list(measured_devices(record.case)))
    )
    expected = planned_rules.expected(record, sent_points)
    causes, solves = _causes(record), 1
    names = [cause.name for cause in causes]

    def effect(subset: frozenset[str]) -> DayMoney:
        """The cost of the real day when the plan was wrong in these."""
        nonlocal solves
        if not subset:
            return rules.money(best)
        solves += 1
        context.progress(f"the day planned with {', '.join(sorted(subset))} as it was forecast")
        wrong = [name for cause in causes if cause.name in subset for name in cause.devices]
        known = record.outages if "outage" not in subset else record.planned_outages or ()
        planned = _prepared(record, _real_case(record, known), forecast=wrong)
        points = rules.points_of(_solved(planned, context))
        if len(subset) == len(names) and _is_as_good(rules.with_series(planned), points, expected):
            return rules.money(sent)  # what was sent is such a plan; another one may differ in what it meets
        return rules.money(rules.following(points))

    losses = dict(shapley_values(names, effect))
    informed = sum(losses.values(), rules.money(best))
    losses["start"] = rules.money(sent) - informed
    actual = sent
    for cause, day in rules.as_metered(record, sent):
        losses[cause] = rules.money(day) - rules.money(actual)
        actual = day
    settled = Settlement(
        site=case.name,
        title=case.title or case.name,
        day=record.day,
        planned=planned_rules.money(expected),
        actual=rules.money(actual),
        foresight=rules.money(best),
        losses=losses,
        planned_volumes=planned_rules.volumes(expected),
        actual_volumes=rules.volumes(actual),
        foresight_volumes=rules.volumes(best),
        gap=float(foresight.attrs["gap"]),
        solves=solves,
        assumed=tuple(record.assumed),
        versions=versions(),
    )
    if not unbalanced_yuan(settled) <= ADDED:
        raise SolverError(f"the causes differ from the loss by {unbalanced_yuan(settled):g} yuan")
    return settled


def _causes(record: DayRecord) -> list[_Cause]:
    """What the plan had otherwise than it was, as far as anything was."""
    changed: dict[str, list[str]] = {"load": [], "sources": []}
    for name, series in measured_devices(record.case).items():
        if not np.array_equal(record.planned_values(name, series), record.measured[name]):
            changed["load" if series == "demand_mw" else "sources"].append(name)
    causes = [_Cause(name, devices) for name, devices in changed.items() if devices]
    known = record.planned_outages
    if known is not None and _touching(record, known) != _touching(record, record.outages):
        causes.append(_Cause("outage"))
    return causes


def _touching(record: DayRecord, outages: Sequence[RecordedOutage]) -> set[tuple[Any, ...]]:
    """The outages that touch the day, whatever their numbers."""
    first, after = pd.Timestamp(record.day), pd.Timestamp(record.day) + pd.Timedelta(days=1)
    return {
        (item.device, item.begin, item.end, item.power_share)
        for item in outages
        if item.begin < after and item.end > first
    }


def _real_case(record: DayRecord, outages: Sequence[RecordedOutage] | None = None) -> Case:
    """The case with the real state of charge and peak so far, and outages, the real ones unless given."""
    case = with_outages(record.case, record.outages if outages is None else outages)
    case = with_overrides(case, dict(record.soc) or None)
    devices = dict(case.devices)
    for name in record.grids:
        if devices[name].pays_for_demand:
            fields = {"peak_so_far_mw": _peak_so_far_mw(record, name)}
            devices[name] = with_fields(devices[name], f"device.{name}", fields)
    return replace(case, devices=devices)


def _peak_so_far_mw(record: DayRecord, grid: str) -> float:
    """The month's peak before the day, or that which the plan was made against where it is higher."""
    peak_mw = record.peak_so_far_mw.get(grid, 0.0)
    if (grid, "peak_floor_mw") not in record.planned.columns:
        return peak_mw
    floor_mw, free = float(record.planned_values(grid, "peak_floor_mw")[0]), (grid, "demand_free_mw")
    free_mw = float(record.planned[free].iloc[0]) if free in record.planned.columns else 0.0
    return max(peak_mw, floor_mw + free_mw if floor_mw > 0 else 0.0)


def _prepared(record: DayRecord, case: Case, forecast: Sequence[str]) -> Prepared:
    """The day with real series, or those of the plan for some devices."""
    series = dict(case.series)
    for name, key in measured_devices(case).items():
        values: Array = record.planned_values(name, key) if name in forecast else record.measured[name]
        series[name, key] = SeriesValues(pd.Series(values, index=record.times), name)
    return prepare(replace(case, series=series), record.times).with_full_use(record.in_full_use)


def _solved(prepared: Prepared, context: SolveContext) -> xr.Dataset:
    """The audited optimum; of several, the one whose set points move least, which a plan takes too."""
    optimum = with_smooth_set_points(prepared.case, solve_prepared(prepared, context))
    solution, _ = audited_solution(prepared, optimum)
    return solution


def _is_as_good(planned: RealDay[Points, Done], points: Points, expected: Done) -> bool:
    """Whether a plan expects to cost no more than these set points, with what was known of the day."""
    optimal_yuan = planned.money(planned.following(points)).total
    difference_yuan = planned.money(expected).total - optimal_yuan
    return abs(difference_yuan) <= SAME_COST * max(1.0, abs(optimal_yuan))
