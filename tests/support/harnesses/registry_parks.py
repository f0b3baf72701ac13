"""Random parks of every kind of device there is, against the plain Pyomo model.

`python -m tests.support.harnesses.registry_parks --parks 100`

A park has several devices on two electric buses, a heat, a cold and a gas bus, over a day to a week. Most can
be balanced, because each bus gets what it lacks; a few cannot, and both models must say so.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Device, Park
from parkdispatch.models.registry import BUILT_IN, device_kinds, kind_of
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import Optimum, optimize, optimize_with_pyomo
from parkdispatch.results.solution import device_quantities
from tests.support.harnesses.random_devices import DRAWN, Draw
from tests.support.harnesses.random_parks import count_verdicts, outcome_of, verdict
from tests.support.parks.reference_model import assert_tiled_is_reference
from tests.support.small_parks import Bare, SmallPark

PLAIN_SOLVER = "appsi_highs"
LENGTHS = ((60, 24), (60, 24), (30, 48), (15, 96), (60, 48), (60, 168))  # minutes, intervals
STARTS = ("2026-07-15", "2026-07-31", "2026-04-30 18:00", "2026-02-27 12:00")
RESIDUAL = 1e-6  # [MW, MWh] of a rule; relative of a cost
KINDS = tuple(kind_of(kind) for kind in BUILT_IN)
SAME_ANSWER = ("equal", "both infeasible")
LACKING = 0.04  # share of the parks to which nothing is added that they lack


def _draws_from(park: SmallPark, seed: int) -> Park:
    """What the devices compute their series from."""
    air_c = np.random.default_rng(seed).uniform(-5, 38, len(park.times))
    weather = pd.DataFrame({"temp_air_c": air_c}, index=park.times)
    site = Site(latitude_deg=28.4, longitude_deg=115.4)
    return Park(park.times, park.hours, site, read_tariff("jiangxi-2026"), lambda: weather)


def random_registry_park(seed: int, kinds: Sequence[str] = KINDS) -> SmallPark:
    """A park of four to ten devices of any of the kinds, with what its buses lack."""
    random = np.random.default_rng((seed, 1))
    minutes, count = LENGTHS[int(random.integers(len(LENGTHS)))]
    park = SmallPark(count, minutes, STARTS[int(random.integers(len(STARTS)))])
    draw, environment = Draw(seed, park.times, park.hours), _draws_from(park, seed)

    def add(kind: str, fields: Mapping[str, Any], given: Mapping[str, Any], name: str) -> None:
        device: Device = device_kinds()[kind].model_validate(fields)
        computed = {} if device.needed_series.keys() <= given.keys() else device.series(environment)
        series = {**computed, **given}
        park.add(name, device, **{key: series[key] for key in device.needed_series})

    # every kind comes first in one seed of as many as there are
    chosen = [kinds[seed % len(kinds)], *random.choice(kinds, int(random.integers(3, 10)))]
    for number, kind in enumerate(map(str, chosen)):
        if kind == "park_rules" and chosen.index(kind) < number:
            continue
        add(kind, *DRAWN[kind](draw), f"{kind}_{number}")
    if not draw.chance(LACKING):
        _complete(park, add)
    return park


def _complete(park: SmallPark, add: Callable[..., None]) -> None:
    """Give every bus what it may lack: power, heat and cold at a price, gas; and somewhere to go."""
    buses = {bus: carrier for device in park.devices.values() for bus, carrier in device.buses.items()}
    if any(bus == "cold" for bus in buses):
        add("chiller", {"rated_mw": 30.0, "cop": 3.0}, {}, "spare_chiller")
        buses.setdefault("ac", "electricity")
    for bus in sorted(bus for bus in buses if bus.startswith("heat")):
        boiler = {"heat_bus": bus, "rated_heat_mw": 80.0, "fuel_price_yuan_per_mwh": 400.0}
        add("boiler", boiler, {}, f"spare_boiler_{bus}")
    if "gas" in buses:
        park.source(200.0, 180.0, name="gas_well", bus="gas")
    for bus in sorted({"ac", "low"} & buses.keys()):
        grid = {"bus": bus, "voltage_kv_level": "1-10kV", "scheme": "single_part", "import_limit_mw": 90.0}
        add("grid", grid | {"export_limit_mw": 90.0, "sale_price_yuan_per_kwh": -0.05}, {}, f"spare_{bus}")


def compare(seed: int, limit_s: float) -> tuple[str, str]:
    """`equal`, `both infeasible` or what is wrong with the park of a seed; and how the two solves ended.

    The tiled arrays must be the plain model's, the optimum that of the plain model or between its bounds, and
    each device must approve of its part, and of its costs.
    """
    return compare_park(random_registry_park(seed), limit_s)


def compare_park(park: SmallPark, limit_s: float) -> tuple[str, str]:
    """The same of any park."""
    try:
        assert_tiled_is_reference(park)
    except AssertionError as error:
        return "another matrix", str(error)
    arguments = (park.devices, park.times, park.hours, park.series)
    our, optimum = outcome_of(lambda: optimize(*arguments, time_limit_s=limit_s))
    their, _ = outcome_of(lambda: optimize_with_pyomo(*arguments, solver=PLAIN_SOLVER, time_limit_s=limit_s))
    outcomes = f"{our}; {their}"
    if optimum is not None and (wrong := _disapproved(park, optimum)):
        return "disapproved", f"{wrong}; {outcomes}"
    said = verdict(park, our, their)
    return ("both infeasible" if said == "equal" and not np.isfinite(our.cost_yuan) else said), outcomes


def _disapproved(park: SmallPark, optimum: Optimum) -> list[str]:
    """Rules that a device finds broken, and costs that it computes otherwise."""
    told, wrong = to_dataset(optimum, {}), []
    for name, device in park.devices.items():
        if isinstance(device, Bare):
            continue
        part = device_quantities(told, name)
        residuals = device.self_check(part)
        wrong += [f"{name}: {rule} {value:g}" for rule, value in residuals.items() if not value <= RESIDUAL]
        for label, yuan in device.costs_yuan(part).items():
            cost = told[f"{name}.{label}_yuan"].to_numpy()
            if cost.shape != yuan.shape:
                continue  # of a whole period, such as a month's demand: the audit's to compare
            if not np.abs(cost - yuan).max() <= RESIDUAL * max(1.0, np.abs(yuan).max()):
                wrong.append(f"{name}: costs of {label}")
    return wrong


if __name__ == "__main__":
    sys.exit(count_verdicts(compare, SAME_ANSWER, 100, str(__doc__)))
