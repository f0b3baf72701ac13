"""Small parks with devices that make their own series, solved and held against the plain Pyomo model."""

from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.device import Device, Park, Seen
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize, optimize_with_pyomo
from parkdispatch.results.solution import device_quantities
from tests.support.small_parks import Plan, SmallPark, Values


def no_weather() -> pd.DataFrame:
    raise AssertionError("the device needs no weather")


def park_at(times: pd.DatetimeIndex, hours: float) -> Park:
    """What a device draws its series from."""
    return Park(
        times, hours, Site(latitude_deg=28.4, longitude_deg=115.4), read_tariff("jiangxi-2026"), no_weather
    )


def add(park: SmallPark, name: str, device: Device, **given: Values) -> SmallPark:
    """Add a device with the series it computes, but for those given."""
    return park.add(name, device, **{**device.series(park_at(park.times, park.hours)), **given})


def solved(park: SmallPark) -> Plan:
    """The optimum, proven, equal to that of the plain model, and approved by each device."""
    arguments = (park.devices, park.times, park.hours, park.series)
    optimum = optimize(*arguments, time_limit_s=30)
    assert optimum.proof.gap <= 1e-8
    plain = optimize_with_pyomo(*arguments, solver="appsi_highs")
    assert optimum.proof.objective_yuan == pytest.approx(plain.proof.objective_yuan, rel=1e-6, abs=1e-5)
    plan = Plan(optimum)
    for name, device in park.devices.items():
        wrong = {
            rule: value for rule, value in device.self_check(seen(plan, name)).items() if not value <= 1e-6
        }
        assert wrong == {}, f"{name}: {wrong}"
    return plan


def seen(plan: Plan, name: str) -> Seen:
    """What the audit sees of a device."""
    return device_quantities(to_dataset(plan.optimum, {}), name)


def rounded(plan: Plan, device: str, name: str) -> list[float]:
    """A variable in every interval."""
    return [round(float(value), 6) + 0.0 for value in plan.value(device, name)]


def problems(device: type[Device], **fields: Any) -> list[str]:
    """The sentences by which a declaration is refused."""
    with pytest.raises(ValidationError) as refused:
        device.model_validate(fields)
    return problem_sentences(refused.value, "device", device)
