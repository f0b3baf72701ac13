"""Small parks with heat, cold and fuel: solved twice, looked at, damaged, and refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Array, Device, Park, Seen
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize, optimize_with_pyomo
from parkdispatch.results.solution import device_quantities
from tests.support.small_parks import Plan, SmallPark

CENT = 1e-5


def solved(park: SmallPark) -> Plan:
    """The optimum, proven, equal to that of the plain model, and kept to by every device's own check."""
    arguments = (park.devices, park.times, park.hours, park.series)
    plan = Plan(optimize(*arguments, threads=1))
    assert plan.optimum.proof.gap <= 1e-8
    plain = optimize_with_pyomo(*arguments, solver="appsi_highs")
    assert plan.cost == pytest.approx(plain.proof.objective_yuan, rel=1e-7, abs=CENT)
    told = to_dataset(plan.optimum, {})
    for name, device in park.devices.items():
        if isinstance(device, Grid):  # on series that these parks leave out
            continue
        part = seen(plan, name)
        residuals = device.self_check(part)
        assert all(residual <= 1e-6 for residual in residuals.values()), (name, residuals)
        for label, yuan in device.costs_yuan(part).items():
            cost_yuan = told[f"{name}.{label}_yuan"].to_numpy()
            if cost_yuan.size == 1:  # of the whole horizon, recomputed in each of its intervals
                cost_yuan = np.broadcast_to(cost_yuan, yuan.shape)
            np.testing.assert_allclose(cost_yuan, yuan, atol=CENT)
    return plan


def seen(plan: Plan, device: str) -> Seen:
    """A device's part of the solution."""
    return device_quantities(to_dataset(plan.optimum, {}), device)


def damaged(part: Seen, **values: Mapping[int, float]) -> Seen:
    """The same with some values changed, by quantity and interval; `bus_heat` is what enters bus heat."""
    tables = {"values": dict(part.values), "injection": dict(part.injection)}
    for name, changes in values.items():
        table, key = ("injection", name[4:]) if name.startswith("bus_") else ("values", name)
        array = np.array(tables[table][key], dtype=float)
        for interval, value in changes.items():
            array[interval] = value
        tables[table][key] = array
    return replace(part, values=tables["values"], injection=tables["injection"])


def broken_rules(device: Device, part: Seen) -> set[str]:
    """Rules that the device's own check finds broken."""
    return {rule for rule, residual in device.self_check(part).items() if not residual <= 1e-6}


def refused(kind: type[Device], **fields: Any) -> list[str]:
    """The sentences with which a declaration is refused."""
    with pytest.raises(ValidationError) as error:
        kind.model_validate(fields)
    return problem_sentences(error.value, "device.it", kind)


def park_of_air(air_c: Array, first: str = "2026-07-15", minutes: int = 60) -> Park:
    """What a device may draw series from, with the given air temperatures."""
    times = pd.date_range(first, periods=len(air_c), freq=f"{minutes}min")
    return Park(
        times=times,
        hours=minutes / 60,
        site=Site(latitude_deg=28.4, longitude_deg=115.4),
        tariff=read_tariff("jiangxi-2026"),
        weather=lambda: pd.DataFrame({"temp_air_c": air_c}, index=times),
    )
