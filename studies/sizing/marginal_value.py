"""What a little more of a battery is worth in a year: by multipliers, and by solving the year again."""

from collections.abc import Mapping
from dataclasses import dataclass

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Device
from parkdispatch.models.errors import SolverError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.parametric.derivatives import slope
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.studies.dispatch import Progress, SolveOptions, solve_prepared

STEP = 1e-3  # MW or MWh, small beside what changes who works when
FIELDS = ("power_mw", "energy_mwh")


@dataclass(frozen=True)
class MarginalDifferences:
    """Worth of a MW and of a MWh [yuan a year], each by one step less and by one step more."""

    of_mw_yuan: tuple[float, float]
    of_mwh_yuan: tuple[float, float]


def resized(
    devices: Mapping[str, Device], name: str, power_mw: float, energy_mwh: float
) -> dict[str, Device]:
    """The devices with another size of one battery.

    Least powers are of the converters, of which a larger battery has more: they grow with the power.
    """
    battery = devices[name]
    if not isinstance(battery, Battery):
        raise SolverError(f"{name} is no battery")
    ratio = power_mw / battery.largest_power_mw if battery.largest_power_mw > 0 else 0.0
    size = {"power_mw": power_mw, "energy_mwh": energy_mwh}
    for field in ("min_charge_mw", "min_discharge_mw"):
        size[field] = ratio * getattr(battery, field)
    return {**devices, name: battery.model_copy(update=size)}


def tiled_with(prepared: Prepared, devices: Mapping[str, Device]) -> Tiled:
    """The prepared horizon with other devices of the same names."""
    template = compile_template(devices, prepared.hours)
    return tile(template, Horizon(prepared.times, prepared.hours), prepared.series)


def marginal_values(prepared: Prepared, name: str, optimum: Optimum) -> tuple[float, float]:
    """What the year's cost falls by for one more MW and one more MWh of a battery [yuan], from the duals.

    `optimum` is that of the prepared park. Auxiliary energy is in it: below zero, more power costs more than
    it brings. At a kink it lies between what one step less and one step more are worth.
    """
    if optimum.priced is None:
        raise SolverError("the answer has no multipliers: they are HiGHS's, not another solver's")
    devices = prepared.case.devices
    size = [float(getattr(devices[name], field)) for field in FIELDS]
    found = []
    for number in range(len(FIELDS)):
        more = [one + STEP * (number == at) for at, one in enumerate(size)]
        there = tiled_with(prepared, resized(devices, name, *more))
        found.append(-slope(optimum.priced, optimum.x, optimum.tiled, there, STEP))
    return found[0], found[1]


def marginal_differences(
    prepared: Prepared, name: str, optimum: Optimum, step: float, options: SolveOptions, progress: Progress
) -> MarginalDifferences:
    """The same by solving the year again with a step less and more [MW, MWh] of each."""
    devices = prepared.case.devices
    size = [float(getattr(devices[name], field)) for field in FIELDS]
    found = []
    for number in range(len(FIELDS)):
        worth = []
        for sign in (-1.0, 1.0):
            progress(f"a step {'less' if sign < 0 else 'more'} of {FIELDS[number].partition('_')[0]}")
            moved = [max(0.0, one + sign * step * (number == at)) for at, one in enumerate(size)]
            case = prepared.case.with_devices(resized(devices, name, *moved))
            other = solve_prepared(prepared.of(case), options, progress, optimum.warm)
            distance = moved[number] - size[number]
            cost = other.proof.objective_yuan - optimum.proof.objective_yuan
            worth.append(-cost / distance if distance else float("nan"))
        found.append((worth[0], worth[1]))
    return MarginalDifferences(*found)
