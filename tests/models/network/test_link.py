"""The link between two buses: hand-solved flows, losses, price and outages, and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.models.device import Seen
from parkdispatch.models.network.link import Link
from parkdispatch.optimizer.solve import optimize_with_pyomo
from tests.support.small_parks import SmallPark, Values

LIMITS = {"forward_limit_mw": 10.0, "backward_limit_mw": 10.0}


def add_link(
    park: SmallPark,
    forward: Values = 10.0,
    backward: Values = 10.0,
    availability: Values = 1.0,
    price: Values = 0.0,
    **changes: Any,
) -> SmallPark:
    """A link from `ac` to `far` with its series."""
    link = Link.model_validate({"to_bus": "far", **LIMITS, **changes})
    return park.add(
        "link",
        link,
        forward_limit_mw=forward,
        backward_limit_mw=backward,
        availability=availability,
        wheeling_price_yuan_per_mwh=price,
    )


def test_cheap_power_is_sent_with_its_losses_and_its_price() -> None:
    """9 MW at `far` cost 10 x 100 + 10 x 30 by the link, 9 x 300 there. Without losses it were 1,170."""
    park = SmallPark(1).grid(100.0).grid(300.0, name="far_grid", bus="far").load(9.0, "far_load", "far")
    plan = add_link(park, price=30.0, forward_loss=0.1).solve()
    assert plan.cost == pytest.approx(1300.0)
    assert plan.value("link", "forward_mw") == pytest.approx([10.0])
    assert plan.value("grid", "import_mw") == pytest.approx([10.0])


def test_limits_each_way_and_outages_bind() -> None:
    """8 MW at either bus in turn, 100 there and 300 here: limits of 5 and 3 MW, a half and none in service.

    Here 300 x (8 - sent) + 100 x sent: 2,400 - 200 x (3 + 3 + 5 + 0) over four hours of 2,400 each.
    """
    here, there = [300.0, 300.0, 100.0, 100.0], [100.0, 100.0, 300.0, 300.0]
    load = [8.0, 8.0, 0.0, 0.0]
    park = SmallPark(4).grid(here).grid(there, name="far_grid", bus="far")
    park.load(load).load(load[::-1], "far_load", "far")
    add_link(park, [5.0, 5.0, 5.0, 5.0], [9.0, 3.0, 9.0, 9.0], [0.3, 1.0, 1.0, 0.0], forward_limit_mw=5.0)
    plan = park.solve()
    assert plan.value("link", "backward_mw") == pytest.approx([3.0, 3.0, 0.0, 0.0])
    assert plan.value("link", "forward_mw") == pytest.approx([0.0, 0.0, 5.0, 0.0])
    assert plan.cost == pytest.approx(4 * 2400 - 200 * 11)


def test_no_power_goes_round_in_circles() -> None:
    """At -100 yuan/MWh each MWh burnt earns: 1 MW at `far` takes 2 MW, half of them lost, 200 yuan earned.

    Both ways at once, 10 MW would go, 4 of the 5 that arrive come back as 2: 800 yuan earned.
    """
    park = SmallPark(1).grid(-100.0).load(1.0, "far_load", "far")
    plan = add_link(park, forward_loss=0.5, backward_loss=0.5).solve()
    assert plan.value("link", "forward_mw") == pytest.approx([2.0])
    assert plan.value("link", "backward_mw") == pytest.approx([0.0])
    assert plan.cost == pytest.approx(-200.0)


def test_a_pipe_of_heat_loses_on_its_way_and_costs_by_the_hour() -> None:
    """Heat at 100 here; at `h2` 9 MW are wanted, and cost 150 there. Sent at 20 and then 50, a tenth is lost.

    10 MW at 120 cost 1,200, less than 1,350; at 150 they cost 1,500, so that none is sent. Without the loss
    both hours would send 9 MW, at 120 and at 150: 2,430.
    """
    park = SmallPark(2).source(99.0, 100.0, bus="h1").source(99.0, 150.0, name="dear", bus="h2")
    park.load(9.0, "driers", "h2")
    add_link(park, 20.0, 20.0, price=[20.0, 50.0], bus="h1", to_bus="h2", carrier="heat", forward_loss=0.1,
             forward_limit_mw=20.0)  # fmt: skip
    plan = park.solve()
    assert plan.value("link", "forward_mw") == pytest.approx([10.0, 0.0])
    assert plan.cost == pytest.approx(1200 + 1350)


def test_heat_flows_between_two_heat_buses() -> None:
    """A link says its carrier of both buses, so that a cable between heat and electricity is refused."""
    assert Link(to_bus="far", **LIMITS).buses == {"ac": "electricity", "far": "electricity"}
    heat = Link(bus="h1", to_bus="h2", carrier="heat", **LIMITS)
    assert heat.buses == {"h1": "heat", "h2": "heat"}


@pytest.mark.parametrize("seed", range(3))
def test_random_parks_have_the_optimum_of_plain_pyomo(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 24
    park = SmallPark(count, 30).grid(random.uniform(-50, 99, count), -60.0, export_limit=4)
    park.grid(random.uniform(-50, 99, count), -60.0, export_limit=4, name="far_grid", bus="far")
    park.load(random.uniform(0, 9, count)).load(random.uniform(0, 9, count), "far_load", "far")
    park.battery(power_mw=2.0, energy_mwh=3.0, eta_charge=0.9)
    availability = random.choice([0.0, 0.5, 1.0], count)
    add_link(park, 5.0, random.uniform(0, 5, count), availability, 10.0, forward_loss=0.1, backward_loss=0.05)
    plain = optimize_with_pyomo(park.devices, park.times, park.hours, park.series, solver="appsi_highs")
    assert park.solve().cost == pytest.approx(plain.proof.objective_yuan, rel=1e-6, abs=1e-5)


def test_the_self_check_sees_what_is_broken() -> None:
    link = Link(to_bus="far", forward_loss=0.1, **LIMITS)
    times = pd.date_range("2026-07-15", periods=1, freq="h")

    def residuals(forward: float, backward: float, here: float, there: float, **series: float) -> Any:
        values = {"forward_limit_mw": 8.0, "backward_limit_mw": 6.0, "availability": 0.7} | series
        values |= {"forward_mw": forward, "backward_mw": backward}
        injection = {"ac": np.array([here]), "far": np.array([there])}
        arrays = {key: np.array([value]) for key, value in values.items()}
        return link.self_check(Seen(times, 1.0, arrays, {}, injection))

    assert max(residuals(7.0, 0.0, -7.0, 6.3).values()) == pytest.approx(0.0)
    assert residuals(7.5, 0.0, -7.5, 6.75)["forward_limit_mw"] == pytest.approx(0.5), "0.7 in service"
    assert residuals(9.0, 0.0, -9.0, 8.1, availability=1.0)["forward_limit_mw"] == pytest.approx(1.0)
    assert residuals(0.0, 6.5, 6.5, -6.5)["backward_limit_mw"] == pytest.approx(0.5)
    assert residuals(2.0, 1.0, -1.0, 0.8)["forward_and_backward_mw"] == pytest.approx(1.0)
    assert residuals(5.0, 0.0, -5.0, 5.0)["injection_mw"] == pytest.approx(0.5), "the loss is missing"


def test_refused_with_field_and_value() -> None:
    def refused(**changes: Any) -> str:
        with pytest.raises(pydantic.ValidationError) as caught:
            Link.model_validate({"to_bus": "far", **LIMITS, **changes})
        return "\n".join(problem_sentences(caught.value, "link", Link))

    assert refused(to_bus="ac") == "`link.to_bus` = 'ac': must be another bus than `bus`"
    assert "`link.forward_loss` = 3" in refused(forward_loss=3)
    assert "`link.carrier`" in refused(carrier="steam")
    assert "`link.to_bus`" in refused(to_bus="a/b")
    text = refused(forward_limit_mw=-1, availability=98)
    assert "`link.forward_limit_mw` = -1" in text and "`link.availability` = 98" in text
