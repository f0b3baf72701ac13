"""Why a plan is what it is: what each block gains, what binds, and what a little more of it would bring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.schema.orders import LimitOrder, OutageOrder
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.models.network.unserved import UnservedEnergy
from parkdispatch.optimizer.proof.shadow_prices import ShadowPrices, shadow_prices
from parkdispatch.results.grid_exchange import set_point_mw
from parkdispatch.results.savings.daily_saving import PURCHASE, replacement_price_yuan_per_mwh
from parkdispatch.results.schedule.interval_reasons import blackout_of
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.schedule.schedule import (
    ScheduleBlock,
    clock_text,
    has_several_days,
    schedule_blocks,
)
from parkdispatch.results.solution import device_quantities, times_of, values
from parkdispatch.studies.planning.order_notes import order_note
from parkdispatch.studies.planning.plan_run import PlannedRun, prepare_with
from parkdispatch.studies.solve_case import solve_prepared
from parkdispatch.studies.solve_options import SolveContext

KWH_PER_MWH = 1000.0
HOUR = timedelta(hours=1)
LEAST_YUAN, LEAST_MWH = 0.5, 1e-9  # less is nothing


@dataclass(frozen=True)
class BlockGain:
    """What a block of the schedule gains, in yuan and yuan/kWh at the stores' meters."""

    block: ScheduleBlock
    price: float  # of what it buys, or does not buy: the multiplier of the bus, but no more than the tariff
    stored_at: float  # what was paid for its energy, with losses; of a charge, its worth in the store
    at_the_margin: float  # the multiplier: with what the demand charge and limits make of it
    # of a discharge: what it does not buy less what was paid; None in a blackout, in which it serves what
    # would not be served and no price says what that is worth
    gain_yuan: float | None
    hour_later_yuan: float | None  # what moving it an hour would gain at the margin; None: no hour is left


def block_gains(planned: PlannedRun) -> list[BlockGain]:
    """What each block gains; empty where the plan has no multipliers.

    What is drawn from a store was paid for at the mean of what it holds; what it holds at the beginning, at
    the price that the money of the plan values stored energy at.
    """
    solution, case = planned.run.solution, planned.run.case
    prices = shadow_prices(planned.optimum.tiled, planned.optimum.x)
    if prices is None:
        return []
    hours, times = float(solution.attrs["hours"]), times_of(solution)
    flows = [_flow(planned, prices, name, hours) for name in case.storage]
    is_blackout, unserved_yuan_per_mwh = blackout_of(solution, case), _unserved_yuan_per_mwh(planned)
    gains = []
    for block in schedule_blocks(solution, case):
        here, sign = (times >= block.first) & (times < block.last), 1 if block.action == "discharge" else -1
        energies = [
            np.maximum(sign * flow.power_mw, 0.0) * (here & (name in block.stores)) * hours
            for name, flow in zip(case.storage, flows, strict=True)
        ]
        energy_mwh = float(np.sum(energies))
        if energy_mwh <= 0:
            continue
        cash, paid, margin = (
            float(np.sum([energy * of(flow) for energy, flow in zip(energies, flows, strict=True)]))
            for of in (_cash, _paid if sign > 0 else _worth, _margin)
        )
        per_kwh = 1 / energy_mwh / KWH_PER_MWH
        serves = sign > 0 and unserved_yuan_per_mwh is None and is_blackout[here].all()
        later = _hour_later_yuan(flows, energies, here, hours)
        gains.append(
            BlockGain(
                block,
                cash * per_kwh,
                paid * per_kwh,
                margin * per_kwh,
                None if serves else sign * (cash - paid),
                None if later is None else sign * later,
            )
        )
    return gains


@dataclass(frozen=True)
class _Flow:
    """A store's power and prices of its energy [yuan/MWh at its meter], each of shape (intervals,)."""

    power_mw: Array  # plus is discharge
    margin: Array  # the multiplier of its bus
    cash: Array  # the same, but no more than a connection charges
    worth: Array  # of what is charged: in the store
    paid: Array  # for what is discharged


def _cash(flow: _Flow) -> Array:
    return flow.cash


def _paid(flow: _Flow) -> Array:
    return flow.paid


def _worth(flow: _Flow) -> Array:
    return flow.worth


def _margin(flow: _Flow) -> Array:
    return flow.margin


def _flow(planned: PlannedRun, prices: ShadowPrices, name: str, hours: float) -> _Flow:
    solution, case = planned.run.solution, planned.run.case
    device, power_mw = case.devices[name], set_point_mw(solution, case, name)
    margin = prices.of_bus_yuan_per_mwh[next(iter(device.buses))]
    tariffs = [values(solution, f"{grid}.{PURCHASE}") for grid in case.priced_connections]
    cash = np.minimum(margin, np.max(tariffs, axis=0)) if tariffs else margin
    unserved_yuan_per_mwh = _unserved_yuan_per_mwh(planned)
    in_blackout = margin if unserved_yuan_per_mwh is None else np.full(len(margin), unserved_yuan_per_mwh)
    cash = np.where(blackout_of(solution, case), np.where(power_mw > 0, in_blackout, margin), cash)
    in_store = prices.of_stored_yuan_per_mwh.get(name, np.zeros(len(power_mw)))
    eta_in, eta_out = (float(getattr(device, f"eta_{way}", 1.0)) for way in ("charge", "discharge"))
    level = device.storage_level(device_quantities(solution, name))
    held_mwh = 0.0 if level is None or level.initial_mwh is None else level.initial_mwh
    pool_yuan = held_mwh * float(replacement_price_yuan_per_mwh(solution, case)[0]) / eta_in
    paid = np.zeros(len(power_mw))
    for interval, mw in enumerate(power_mw.tolist()):
        mean = pool_yuan / held_mwh if held_mwh > LEAST_MWH else 0.0
        change_mwh = -mw * eta_in * hours if mw < 0 else -mw * hours / eta_out
        paid[interval] = mean / eta_out
        pool_yuan += -mw * hours * float(cash[interval]) if mw < 0 else change_mwh * mean
        held_mwh += change_mwh
    return _Flow(power_mw, margin, cash, in_store * eta_in, paid)


def _unserved_yuan_per_mwh(planned: PlannedRun) -> float | None:
    """What a MWh that is not served costs in a plan whose limits have a price; None in any other."""
    prices = [
        device.violation_yuan_per_mwh
        for device in planned.run.case.devices.values()
        if isinstance(device, UnservedEnergy)
    ]
    return min(prices, default=None)


def _hour_later_yuan(
    flows: Sequence[_Flow], energies: Sequence[Array], here: NDArray[np.bool_], hours: float
) -> float | None:
    """What the energy of a block is worth more an hour later; None where the plan ends before."""
    where = np.flatnonzero(here)
    later = where + max(1, round(1.0 / hours))
    if later[-1] >= len(here):
        return None
    return float(
        sum(
            (energy[where] * (flow.margin[later] - flow.margin[where])).sum()
            for energy, flow in zip(energies, flows, strict=True)
        )
    )


def gain_notes(planned: PlannedRun, gains: Sequence[BlockGain] | None = None) -> list[PlanNote]:
    """A note for each block: what it gains, what limits make of it, and what an hour later would gain."""
    dated = has_several_days(times_of(planned.run.solution))
    notes = []
    for gain in block_gains(planned) if gains is None else gains:
        is_charge = gain.block.action == "charge"
        parts = {
            "clock": _named_clock(gain.block, dated=dated),
            "yuan": f"{gain.gain_yuan or 0.0:z,.0f}",
            "mwh": f"{gain.block.energy_mwh:,.2f}",
            "price": f"{gain.price:z.3f}",
            "stored": f"{gain.stored_at:z.3f}",
            "margin": f"{gain.at_the_margin:z.3f}",
        }
        if gain.gain_yuan is None:
            notes.append(PlanNote("gain_in_blackout", parts))
            continue
        notes.append(PlanNote("gain_charge" if is_charge else "gain_discharge", parts))
        if parts["margin"] != parts["price"]:
            notes.append(PlanNote("at_the_margin", parts))
        if gain.hour_later_yuan is not None and abs(gain.hour_later_yuan) >= LEAST_YUAN:
            notes.append(PlanNote("hour_later", {"yuan": f"{gain.hour_later_yuan:+z,.0f}"}))
    return notes


def _named_clock(block: ScheduleBlock, *, dated: bool) -> str:
    """When a block is, and of which stores where the others run otherwise."""
    clock = clock_text(block.first, block.last, dated=dated)
    return f"{', '.join(block.stores)} {clock}" if block.apart else clock


def marginal_notes(planned: PlannedRun, context: SolveContext) -> Iterator[PlanNote]:
    """What one more MWh of each battery, MW of each limit, or an hour less of each outage would bring.

    Each is the difference of two optima.
    """
    problem, prepared, optimum = planned.problem, planned.planned.prepared, planned.optimum
    case, cost_yuan = prepared.case, planned.optimum.proof.objective_yuan

    def brought(changed: Prepared) -> float | None:
        try:
            other = solve_prepared(changed, context, optimum.warm)
        except (InfeasibleError, SolverError):
            return None
        return cost_yuan - other.proof.objective_yuan

    for name, battery in case.batteries.items():
        context.progress(f"one more MWh of {name}")
        larger = battery.resized(battery.largest_power_mw, battery.full_mwh / battery.state_of_health + 1.0)
        kept_soc = {
            "initial_soc": battery.initial_soc * battery.full_mwh / larger.full_mwh,
            "final_soc": battery.final_soc_or_initial * battery.full_mwh / larger.full_mwh,
        }
        grown = larger.model_copy(update=kept_soc)  # the new MWh comes empty, and is left so
        devices = {**case.devices, name: grown}
        yuan = brought(prepare(replace(case, devices=devices), prepared.times))
        if yuan is not None:
            yield PlanNote("more_mwh", {"device": name, "yuan": f"{yuan:z,.0f}"})
    for timed in problem.orders:
        order = timed.order
        key: Literal["more_mw", "hour_less"]
        if isinstance(order, LimitOrder):
            key = "more_mw"
            looser = replace(timed, order=order.model_copy(update={"at_most_mw": order.at_most_mw + 1.0}))
        elif isinstance(order, OutageOrder) and timed.end - timed.begin > HOUR:
            key, looser = "hour_less", replace(timed, end=timed.end - HOUR)
        else:
            continue
        context.progress(f"without the last of: {timed.text}")
        others = [looser if other is timed else other for other in problem.orders]
        if (yuan := brought(prepare_with(planned, others))) is not None:
            yield PlanNote(key, {"order": order_note(timed), "yuan": f"{yuan:z,.0f}"})


def with_reasons(planned: PlannedRun, context: SolveContext) -> PlannedRun:
    """The plan with notes on why it is what it is."""
    gains = block_gains(planned)
    notes = (*planned.run.notes, *gain_notes(planned, gains), *marginal_notes(planned, context))
    # what is charged is paid for in the gain of its discharge
    gains_yuan = {
        gain.block.key: gain.gain_yuan
        for gain in gains
        if gain.block.action == "discharge" and gain.gain_yuan is not None
    }
    return replace(planned, run=replace(planned.run, notes=notes, gains_yuan=gains_yuan))
