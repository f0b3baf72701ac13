"""A battery that is to follow set points, as far as its power and its energy allow."""

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.stores.battery_declaration import BatteryDeclaration
from parkdispatch.models.stores.battery_limits import remaining_share


def followed(
    battery: BatteryDeclaration,
    times: pd.DatetimeIndex,
    hours: float,
    charge_mw: Array,
    discharge_mw: Array,
) -> tuple[Array, Array, Array]:
    """Charge and discharge [MW] and the energy at the end [MWh] of each interval, shape (intervals,).

    From the battery's initial state of charge; outages, taper, window and least powers cut what it cannot do.
    """
    share = remaining_share(battery.outages, times, hours)
    retained = (1.0 - battery.self_discharge_per_hour) ** hours
    least_mwh, most_mwh = battery.window_mwh
    full_mwh, energy_mwh = battery.full_mwh, battery.initial_soc * battery.full_mwh
    charged, discharged, energies = (np.zeros(len(times)) for _ in range(3))
    for n in range(len(times)):
        soc = energy_mwh / full_mwh if full_mwh > 0 else 0.0
        kept_mwh = energy_mwh * retained
        room_mw = max(most_mwh - kept_mwh, 0.0) / (battery.eta_charge * hours)
        held_mw = max(kept_mwh - least_mwh, 0.0) * battery.eta_discharge / hours
        charged[n] = _possible(
            min(charge_mw[n], _most_mw(battery, "charge", soc, share[n]), room_mw), battery.min_charge_mw
        )
        discharged[n] = _possible(
            min(discharge_mw[n], _most_mw(battery, "discharge", soc, share[n]), held_mw),
            battery.min_discharge_mw,
        )
        energy_mwh = (
            kept_mwh + charged[n] * battery.eta_charge * hours - discharged[n] * hours / battery.eta_discharge
        )
        energies[n] = energy_mwh
    return charged, discharged, energies


def energies_mwh(battery: BatteryDeclaration, hours: float, charge_mw: Array, discharge_mw: Array) -> Array:
    """The energy at the end of each interval [MWh] by what was metered, whatever the limits say."""
    retained = (1.0 - battery.self_discharge_per_hour) ** hours
    energy_mwh, energies = battery.initial_soc * battery.full_mwh, np.zeros(len(charge_mw))
    for n, (charge, discharge) in enumerate(zip(charge_mw, discharge_mw, strict=True)):
        energy_mwh = (
            energy_mwh * retained
            + charge * battery.eta_charge * hours
            - discharge * hours / battery.eta_discharge
        )
        energies[n] = energy_mwh
    return energies


def _most_mw(battery: BatteryDeclaration, name: str, soc: float, share: float) -> float:
    """The largest power of charge or discharge at a state of charge [MW]."""
    declared_mw = getattr(battery, f"max_{name}_mw")
    most_mw = battery.largest_power_mw if declared_mw is None else float(declared_mw)
    taper = getattr(battery, f"{name}_taper")
    tapered = float(np.interp(soc, *np.array(taper).T)) if taper else 1.0
    return min(most_mw * share, battery.largest_power_mw * tapered)


def _possible(power_mw: float, least_mw: float) -> float:
    """The power, or zero where it is below the least one."""
    return power_mw if power_mw >= max(least_mw, 0.0) - 1e-9 else 0.0
