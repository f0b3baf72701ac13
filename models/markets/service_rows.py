"""The headroom and the energy that a battery's services need, decided together with its energy.

In each interval it may offer R MW of regulation, up and down, and S MW of upward reserve:

    discharge - charge + R + S   <= largest discharge        headroom upwards
    charge - discharge + R + c R <= largest charge           headroom downwards
    energy - (R x t_R + S x t_S) / eta_discharge >= least    before and after the interval
    energy + R x t_R x eta_charge                <= most

t_R and t_S are how long an offer has to be held. While it regulates, the energy given and taken is expected
to be a x R x hours each way; what that loses, c R = a x (1 / (eta_charge x eta_discharge) - 1) x R, is bought
at once, and a x R x hours wear the cells as discharge does. Income is

    R x hours x (capacity price + mileage of a MW x mileage price) + S x hours x reserve price

Limits on cycles, and ageing, count the energy of set points alone.
"""

from typing import Any

import numpy as np

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.device import Array, Park, Seen, largest_residual
from parkdispatch.models.markets.services import REGULATION, RESERVE, SERVICE_SERIES, Services
from parkdispatch.models.stores.battery_declaration import BatteryDeclaration
from parkdispatch.models.vocabulary import Expr, Interval


def service_series(services: Services, park: Park) -> dict[str, Array]:
    """The declared prices at all times [yuan/MW/h], each of shape (intervals,)."""
    prices = (services.regulation_price_yuan_per_mw_h, services.reserve_price_yuan_per_mw_h)
    return {name: np.full(len(park.times), price) for name, price in zip(SERVICE_SERIES, prices, strict=True)}


def _most_mw(battery: BatteryDeclaration) -> tuple[float, float]:
    """Largest discharge and largest charge [MW]."""
    discharge_mw, charge_mw = battery.max_discharge_mw, battery.max_charge_mw
    power_mw = battery.largest_power_mw
    return (
        power_mw if discharge_mw is None else discharge_mw,
        power_mw if charge_mw is None else charge_mw,
    )


def write_services(
    services: Services, battery: BatteryDeclaration, block: Any, interval: Interval
) -> tuple[Expr, dict[str, Expr]]:
    """Write offers and the rows they need; return the power that is lost [MW], and costs by label.

    The block has the battery's variables `charge_mw`, `discharge_mw` and `energy_mwh`.
    """
    hours, varies = interval.hours, battery.has_limits_in_time
    largest_mw = services.largest_mw(battery.largest_power_mw)
    block.regulation_mw = pyo.Var(bounds=(0, largest_mw[0]))
    block.reserve_mw = pyo.Var(bounds=(0, largest_mw[1]))
    regulation, reserve = block.regulation_mw, block.reserve_mw
    net_mw = block.discharge_mw - block.charge_mw
    lost_mw = services.loss_per_mw(battery.eta_charge * battery.eta_discharge) * regulation
    there = interval.series("power_share") if varies else 1.0
    discharge_mw, charge_mw = _most_mw(battery)
    block.headroom_up = pyo.Constraint(expr=net_mw + regulation + reserve <= discharge_mw * there)
    block.headroom_down = pyo.Constraint(expr=regulation + lost_mw - net_mw <= charge_mw * there)
    least_mwh, most_mwh = battery.window_mwh
    if varies:
        least_mwh, most_mwh = interval.series("lowest_mwh"), interval.series("highest_mwh")
    called_mwh = services.regulation_hours * regulation
    held_mwh = (called_mwh + services.reserve_hours * reserve) / battery.eta_discharge
    before_mwh = interval.previous(block.energy_mwh, initial=battery.initial_soc * battery.full_mwh)
    for end, energy_mwh in (("before", before_mwh), ("after", block.energy_mwh)):
        room_mwh = energy_mwh + battery.eta_charge * called_mwh
        block.add_component(f"held_{end}", pyo.Constraint(expr=energy_mwh - held_mwh >= least_mwh))
        block.add_component(f"room_{end}", pyo.Constraint(expr=room_mwh <= most_mwh))
    mileage_yuan = services.mileage_per_mw_h * services.mileage_price_yuan_per_mw
    worn_yuan = battery.wear_yuan_per_mwh * services.regulation_energy_share
    price = interval.series("regulation_price_yuan_per_mwh") + mileage_yuan - worn_yuan
    return lost_mw, {
        REGULATION: -price * hours * regulation,
        RESERVE: -interval.series("reserve_price_yuan_per_mwh") * hours * reserve,
    }


def lost_power_mw(services: Services, battery: BatteryDeclaration, seen: Seen) -> Array:
    """Power that regulation loses [MW], (intervals,)."""
    round_trip = battery.eta_charge * battery.eta_discharge
    return np.asarray(services.loss_per_mw(round_trip) * seen.values["regulation_mw"])


def service_residuals(services: Services, battery: BatteryDeclaration, seen: Seen) -> dict[str, float]:
    """Recompute headroom, energy and largest offers."""
    regulation, reserve = seen.values["regulation_mw"], seen.values["reserve_mw"]
    net_mw = seen.values["discharge_mw"] - seen.values["charge_mw"]
    there, energy_mwh = seen.values.get("power_share", 1.0), seen.values["energy_mwh"]
    before_mwh = np.concatenate([[battery.initial_soc * battery.full_mwh], energy_mwh[:-1]])
    window = zip(("lowest_mwh", "highest_mwh"), battery.window_mwh, strict=True)
    least_mwh, most_mwh = (seen.values.get(name, limit) for name, limit in window)
    given_mwh = regulation * services.regulation_hours + reserve * services.reserve_hours
    taken_mwh = regulation * services.regulation_hours * battery.eta_charge
    lowest_mwh, highest_mwh = np.minimum(before_mwh, energy_mwh), np.maximum(before_mwh, energy_mwh)
    most_regulation, most_reserve = services.largest_mw(battery.largest_power_mw)
    discharge_mw, charge_mw = _most_mw(battery)
    lost_mw = lost_power_mw(services, battery, seen)
    return {
        "headroom_up_mw": largest_residual(net_mw + regulation + reserve - discharge_mw * there),
        "headroom_down_mw": largest_residual(regulation + lost_mw - net_mw - charge_mw * there),
        "energy_held_mwh": largest_residual(least_mwh - (lowest_mwh - given_mwh / battery.eta_discharge)),
        "room_held_mwh": largest_residual(highest_mwh + taken_mwh - most_mwh),
        "offers_mw": largest_residual(
            regulation - most_regulation, reserve - most_reserve, -regulation, -reserve
        ),
    }


def service_costs_yuan(services: Services, battery: BatteryDeclaration, seen: Seen) -> dict[str, Array]:
    """Income from each service as a negative cost, that of regulation less the wear of its energy."""
    offered_mwh = seen.values["regulation_mw"] * seen.hours
    mileage_yuan = offered_mwh * services.mileage_per_mw_h * services.mileage_price_yuan_per_mw
    held_yuan = offered_mwh * seen.values["regulation_price_yuan_per_mwh"]
    worn_yuan = offered_mwh * services.regulation_energy_share * battery.wear_yuan_per_mwh
    reserve_yuan = seen.values["reserve_mw"] * seen.hours * seen.values["reserve_price_yuan_per_mwh"]
    return {REGULATION: worn_yuan - mileage_yuan - held_yuan, RESERVE: -reserve_yuan}
