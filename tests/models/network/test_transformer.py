"""The transformer between two buses: hand-solved losses and limits, and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.models.device import Seen
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.transformer import BusTransformer
from parkdispatch.optimizer.solve import optimize_with_pyomo
from tests.support.small_parks import SmallPark, Values

# two units of 5 MVA at a power factor of 1: at 10 MW both have their load loss of 0.2 MW
UNITS = {"to_bus": "low", "count": 2, "rating_mva": 5.0, "power_factor": 1.0}
LOSSES = {"no_load_loss_mw": 0.05, "load_loss_mw": 0.2}


def transformer(**changes: Any) -> BusTransformer:
    return BusTransformer.model_validate({**UNITS, **LOSSES, **changes})


def park(load: Values, price: Values = 100.0, availability: Values = 1.0, **changes: Any) -> SmallPark:
    """A load on the low-voltage bus, and the grid on the other."""
    count = np.size(load)
    small = SmallPark(count).grid(price, 10.0, export_limit=50.0).load(load, bus="low")
    return small.add("station", transformer(**changes), availability=availability)


def test_losses_are_drawn_always_and_grow_with_the_square() -> None:
    """0, 5 and 10 MW: 0.1 MW always, and 0.4 x (flow / 10)^2 at sampled flows.

    With one unit's load loss for both it were 15.35 MWh.
    """
    plan = park([0.0, 5.0, 10.0]).solve()
    assert plan.value("grid", "import_mw") == pytest.approx([0.1, 5.2, 10.5])
    assert plan.cost == pytest.approx(100 * (0.1 + 5.2 + 10.5))


def test_between_samples_the_loss_is_that_of_the_chord() -> None:
    """Two segments of 5 MW, at 2.5 MW: half of the 0.1 MW at 5, and 0.025 more than the square."""
    plan = park([2.5], segments=2).solve()
    assert plan.value("station", "load_loss_mw") == pytest.approx([0.05])


def test_power_goes_back_with_the_same_losses() -> None:
    """8 MW at `low` for nothing, sold at 10 yuan/MWh: 8 - 0.1 - 0.4 x 0.64 = 7.644 MW reach the grid."""
    small = SmallPark(1).grid(100.0, 10.0, export_limit=50.0).source(8.0, 0.0, bus="low")
    plan = small.add("station", transformer(segments=5), availability=1.0).solve()
    assert plan.value("station", "flow_mw") == pytest.approx([-8.0])
    assert plan.cost == pytest.approx(-10 * (8 - 0.1 - 0.256))


def test_the_limit_survives_a_unit_and_follows_what_is_in_service() -> None:
    """Of 10 MW one unit of two leaves 5; 60 % in service leave 6: a load of 6 MW can be met or not."""
    park([6.0], availability=0.6).solve()
    with pytest.raises(InfeasibleError, match=r"station\.flow_mw at most 5\.000"):
        park([6.0], units_out=1).solve()
    with pytest.raises(InfeasibleError, match=r"station\.flow_mw at most 5\.000"):
        park([6.0], availability=0.5).solve()
    assert transformer(units_out=1, power_factor=0.9).limit_mw == pytest.approx(4.5)


def test_losses_are_not_burnt_where_they_are_exact() -> None:
    """At -100 yuan/MWh and 5 MW: 5.2 MW are drawn; losses that may exceed their curve draw 0.4 MW: 5.5."""
    assert park([5.0], -100.0, exact_losses=True).solve().cost == pytest.approx(-520.0)
    loose = park([5.0], -100.0).solve()
    assert loose.cost == pytest.approx(-550.0)
    assert park([5.0], 100.0, exact_losses=True).solve().cost == pytest.approx(520.0)


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_have_the_optimum_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 12
    small = park(
        random.uniform(0, 4, count),
        random.uniform(-50, 99, count),
        random.choice([0.5, 1.0], count),
        exact_losses=seed == 0,
        segments=2,
    )
    small.source(random.uniform(0, 6, count), bus="low").battery(power_mw=2.0, energy_mwh=3.0)
    plain = optimize_with_pyomo(small.devices, small.times, small.hours, small.series, solver="appsi_highs")
    assert small.solve().cost == pytest.approx(plain.proof.objective_yuan, rel=1e-6, abs=1e-5)


def test_the_self_check_sees_what_is_broken() -> None:
    times = pd.date_range("2026-07-15", periods=1, freq="h")

    def residuals(flow: float, loss: float, here: float, there: float, **changes: Any) -> Any:
        values = {"flow_mw": flow, "load_loss_mw": loss, "losses_mw": 0.1 + loss, "availability": 0.8}
        arrays = {key: np.array([value]) for key, value in values.items()}
        injection = {"ac": np.array([here]), "low": np.array([there])}
        return transformer(segments=2, **changes).self_check(Seen(times, 1.0, arrays, {}, injection))

    for flow in (5.0, -5.0):
        assert max(residuals(flow, 0.1, -flow - 0.2, flow).values()) == pytest.approx(0.0)
    assert residuals(2.5, 0.025, -2.625, 2.5)["load_loss_mw"] == pytest.approx(0.025), "below the chord"
    assert residuals(5.0, 0.2, -5.3, 5.0)["load_loss_mw"] == pytest.approx(0.0), "above is allowed"
    assert residuals(5.0, 0.2, -5.3, 5.0, exact_losses=True)["load_loss_mw"] == pytest.approx(0.1)
    assert residuals(-9.0, 0.34, 8.56, -9.0)["transformer_limit_mw"] == pytest.approx(1.0)
    assert residuals(5.0, 0.1, -5.0, 5.0)["injection_mw"] == pytest.approx(0.2)


def test_refused_with_field_and_value() -> None:
    def refused(**changes: Any) -> str:
        with pytest.raises(pydantic.ValidationError) as caught:
            transformer(**changes)
        return "\n".join(problem_sentences(caught.value, "station", BusTransformer))

    text = refused(to_bus="ac", units_out=2, load_loss_mw=200.0)
    assert "`station.to_bus` = 'ac': must be another bus than `bus`" in text
    assert "`station.units_out` = 2: must be below 2, the `count`" in text
    assert "`station.load_loss_mw` = 200" in text and "not kW" in text
    assert "`station.segments` = 0" in refused(segments=0)


def test_what_n_minus_1_keeps_free_is_not_allowed_in_the_power_flow() -> None:
    """Two units of which one may fail: half of the rating of both."""
    branch = transformer(units_out=1, nominal_kv=110.0).network_elements.transformer
    assert branch is not None
    assert branch.allowed_loading == pytest.approx(0.5)
    assert (branch.nominal_kv, branch.to_nominal_kv, branch.short_circuit_voltage) == (110.0, None, 0.105)
