"""Marginal value of a battery's power and energy in a year, by shadow prices and by finite differences."""

from collections.abc import Mapping
from dataclasses import dataclass

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Device
from parkdispatch.models.errors import SolverError
from parkdispatch.models.stores.battery import batteries
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.parametric.derivatives import slope
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.studies.solve_case import solve_prepared
from parkdispatch.studies.solve_options import SolveContext

STEP = 1e-3  # MW or MWh: small enough not to change the optimal basis
FIELDS = ("power_mw", "energy_mwh")


@dataclass(frozen=True)
class MarginalDifferences:
    """Value of one more MW and one more MWh [yuan a year], by a backward and a forward difference."""

    of_mw_yuan: tuple[float, float]
    of_mwh_yuan: tuple[float, float]


def resized(
    devices: Mapping[str, Device], name: str, power_mw: float, energy_mwh: float
) -> dict[str, Device]:
    """The devices with another size of one battery."""
    battery = batteries(devices).get(name)
    if battery is None:
        raise SolverError(f"{name} is no battery")
    return {**devices, name: battery.resized(power_mw, energy_mwh)}


def tiled_with(prepared: Prepared, devices: Mapping[str, Device]) -> Tiled:
    """The prepared horizon with other devices of the same names."""
    template = kept_template(devices, prepared.hours)
    return tile(template, Horizon(prepared.times, prepared.hours), prepared.series)


def marginal_values(prepared: Prepared, name: str, optimum: Optimum) -> tuple[float, float]:
    """The year's saving from one more MW and one more MWh of a battery [yuan], from the dual values.

    `optimum` is that of the prepared park, solved with multipliers. Auxiliary energy is included: a negative
    value means that more power costs more than it saves. At a kink of the cost, the value lies between the
    backward and the forward difference. Raises SolverError where the optimum has no dual values.
    """
    if optimum.final_relaxation is None:
        raise SolverError("the answer has no multipliers: they are HiGHS's, not another solver's")
    devices = prepared.case.devices
    size = [float(getattr(devices[name], field)) for field in FIELDS]
    marginal = []
    for varied in range(len(FIELDS)):
        larger = [value + STEP * (varied == index) for index, value in enumerate(size)]
        larger_tiled = tiled_with(prepared, resized(devices, name, *larger))
        marginal.append(-slope(optimum.final_relaxation, optimum.x, optimum.tiled, larger_tiled, STEP))
    return marginal[0], marginal[1]


def marginal_differences(
    prepared: Prepared, name: str, optimum: Optimum, step: float, context: SolveContext
) -> MarginalDifferences:
    """The same by finite differences: the year solved with a step less and a step more [MW, MWh] of each."""
    devices = prepared.case.devices
    size = [float(getattr(devices[name], field)) for field in FIELDS]
    differences = []
    for varied in range(len(FIELDS)):
        by_sign = []
        for sign in (-1.0, 1.0):
            context.progress(f"a step {'less' if sign < 0 else 'more'} of {FIELDS[varied].partition('_')[0]}")
            moved = [max(0.0, value + sign * step * (varied == index)) for index, value in enumerate(size)]
            case = prepared.case.with_devices(resized(devices, name, *moved))
            moved_optimum = solve_prepared(prepared.of(case), context, optimum.warm)
            distance = moved[varied] - size[varied]
            added_cost = moved_optimum.proof.objective_yuan - optimum.proof.objective_yuan
            by_sign.append(-added_cost / distance if distance else float("nan"))
        differences.append((by_sign[0], by_sign[1]))
    return MarginalDifferences(*differences)
