"""Instead of import, sun behind a lossy transformer is used up first, but only where nothing is lost by it.

Each test looks at the largest import that remains possible, beside what some optimum imports.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten
from parkdispatch.optimizer.presolve.network_tightening import tighten_over_network
from tests.support.parks.network_parks import add_transformer
from tests.support.small_parks import Bare, SmallPark, Values

BUY, SELL = 50.0, 60.0  # sale above purchase: only what cannot be bought is not sold


def import_mw(park: SmallPark, *, is_tightened: bool = True) -> list[float]:
    """The largest import in every interval; `is_tightened` false: by the meter's own bus alone."""
    tiled = park.tiled()
    program = tighten_over_network(tiled) if is_tightened else tighten(tiled).program
    keys = [column.key for column in tiled.template.columns]
    return program.upper[tiled.column_of(keys.index(("grid", "import_mw")))].tolist()


def park_with_sun(sun_mw: Values, price: Values = 0.0, buy: Values = BUY, **connection: Any) -> SmallPark:
    """A load of 8 MW and sun behind a transformer of 10 MW that loses 5 % of the flow; 2 MW at the meter."""
    limits = {"import_limit": 40.0, "export_limit": 40.0}
    park = SmallPark(2).grid(buy, SELL, **(limits | connection)).load(2.0)
    park.load(8.0, name="behind", bus="low").source(sun_mw, price, name="sun", bus="low")
    return add_transformer(park, 10.0, 0.05)


def test_import_only_after_the_sun_is_used_up() -> None:
    """With 5 MW of 8 from the sun 3 MW flow and at most 0.5 MW are lost: 5.5 MW, not 10.5 as at night.

    By the meter's bus alone it were 12.5 MW.
    """
    park = park_with_sun([5.0, 0.0])
    assert import_mw(park) == pytest.approx([5.5, 10.5], abs=1e-6)
    assert import_mw(park, is_tightened=False) == pytest.approx([12.5, 12.5], abs=1e-6)
    assert park.solve().value("grid", "import_mw") == pytest.approx([5.15, 10.4])


def test_where_the_sun_outshines_all_loads_nothing_is_imported() -> None:
    """14 MW less 8 flow back, at most 0.5 are lost, 2 are used: of the 3.7 that remain none is bought."""
    park = park_with_sun([14.0, 0.0])
    assert import_mw(park) == pytest.approx([0.0, 10.5], abs=1e-6)
    assert park.solve().value("grid", "export_mw") == pytest.approx([14 - 8 - 0.3 - 2, 0.0])


def test_no_exchange_where_the_rating_of_the_transformer_binds() -> None:
    """30 MW of sun, 20 MW of load at the meter: 10 MW come at most, 9.5 remain of them, 12.5 are imported.

    Were the sun used up, there would be no import, and no dispatch.
    """
    park = park_with_sun(30.0).load(20.0, name="more")
    assert min(import_mw(park)) >= 12.5
    assert park.solve().value("grid", "import_mw") == pytest.approx([12.5, 12.5])


def test_no_exchange_where_import_is_paid_for() -> None:
    """At -50 yuan each MW of import earns: 8 MW and the losses are imported, and the sun is curtailed."""
    park = park_with_sun(5.0, buy=[-50.0, BUY])
    assert import_mw(park) == pytest.approx([10.5, 5.5], abs=1e-6)
    park = park_with_sun(5.0, buy=[-50.0, BUY], export_limit=0.0)
    assert park.solve().value("grid", "import_mw")[0] == pytest.approx(10.5)


@pytest.mark.parametrize(("price", "import_now_mw"), [(47.0, 5.5), (-20.0, 5.5), (53.0, 10.5)])
def test_the_source_may_cost_no_more_than_what_it_replaces(price: float, import_now_mw: float) -> None:
    """1 MW of import is 0.95 MW behind the transformer: 50 yuan of import are worth 52.6 yuan there.

    The loss may be at its bound however, and then a MW of import replaces one of sun: worth 50 yuan.
    """
    park = park_with_sun([5.0, 0.0], price=price)
    assert import_mw(park)[0] == pytest.approx(import_now_mw, abs=1e-6)
    park.solve()


def test_a_feed_in_limit_leaves_the_sun_curtailed_and_nothing_imported() -> None:
    """Of 3.7 MW of surplus 2 MW may be sold: the optimum curtails the sun, and imports nothing even so."""
    park = park_with_sun([14.0, 0.0], export_limit=2.0)
    assert import_mw(park) == pytest.approx([0.0, 10.5], abs=1e-6)
    plan = park.solve()
    assert plan.value("grid", "export_mw") == pytest.approx([2.0, 0.0])
    assert plan.value("sun", "power_mw")[0] < 14 - 1


class Meadow(Bare):
    """Sun of up to 5 MW with what a test writes besides."""

    write: Any

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 5))
        return Terms({self.bus: block.power_mw}, {"water": self.write(block, interval)})


def limited_in_a_day(block: Any, interval: Interval) -> float:
    interval.total("energy", block.power_mw, "day", upper=4.0)
    return 0.0


def kept_in_reserve(block: Any, interval: Interval) -> float:
    block.reserve_mw = pyo.Var(bounds=(0, None))
    block.room = pyo.Constraint(expr=block.power_mw + block.reserve_mw <= 5)
    block.enough = pyo.Constraint(expr=block.reserve_mw >= 3)
    return 0.0


def never_beside_import(block: Any, interval: Interval) -> float:
    interval.never_with(block.power_mw, "import")
    return 0.0


def paid_later(block: Any, interval: Interval) -> Any:
    return 60 * interval.previous(block.power_mw, 0.0)


@pytest.mark.parametrize("write", [limited_in_a_day, kept_in_reserve, never_beside_import, paid_later])
def test_no_exchange_where_more_of_the_source_is_not_free(write: Callable[[Any, Interval], Any]) -> None:
    """An energy of the day, a reserve, an exclusion with import, a price an hour later."""
    park = SmallPark(2).grid(BUY, SELL, import_limit=40.0, export_limit=40.0).load(2.0)
    park.load(8.0, name="behind", bus="low").add("meadow", Meadow(bus="low", write=write))
    add_transformer(park, 10.0, 0.05)
    plan = park.solve()
    assert max(import_mw(park)) >= plan.value("grid", "import_mw").max() - 1e-6
    assert min(import_mw(park)) >= 10.4


class WarmLine(Bare):
    """Power to another bus and back, which must lose more than a tenth of what comes back."""

    to: str
    least_excess_mwh: float
    limit: Literal["total", "end"]

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.flow_mw, block.loss_mw = pyo.Var(bounds=(-10, 10)), pyo.Var(bounds=(0, 3))
        block.law = pyo.Constraint(expr=block.loss_mw >= -0.1 * block.flow_mw)
        excess_mw = block.loss_mw + 0.1 * block.flow_mw
        if self.limit == "total":
            interval.total("warm", excess_mw, "day", lower=self.least_excess_mwh)
        else:
            interval.at_end(excess_mw, lower=self.least_excess_mwh)
        return Terms({self.bus: -block.flow_mw - block.loss_mw, self.to: block.flow_mw}, {})


@pytest.mark.parametrize("limit", ["total", "end"])
def test_no_exchange_against_a_total_of_losses(limit: Literal["total", "end"]) -> None:
    """3 MW are lost at most, 2.5 more than a tenth of the flow: 5 of 7 MW of sun come back, 8 are imported.

    An exchange that forgets the total uses all sun and finds no dispatch: 400 yuan are right.
    """
    park = SmallPark(1).grid(BUY, SELL, import_limit=20.0, export_limit=20.0).load(10.0)
    park.source(7.0, name="sun", bus="low")
    park.add("line", WarmLine(to="low", least_excess_mwh=2.5, limit=limit))
    assert park.solve().cost == pytest.approx(400.0)


class Cellar(Bare):
    """A line whose flow and a level without bounds are limited together, in intervals with a share."""

    to: str
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"share": SeriesSpec(title="share", unit="")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.flow_mw, block.level = pyo.Var(bounds=(-10, 10)), pyo.Var()
        block.both = pyo.Constraint(expr=(-9, block.flow_mw + interval.series("share") * block.level, 9))
        return Terms({self.bus: -block.flow_mw, self.to: block.flow_mw}, {})


def test_a_level_without_bounds_counts_where_its_share_is_not_zero() -> None:
    """Zero times infinity is nothing: without a share the flow alone is limited, to 9 MW each way."""
    park = SmallPark(2).grid(BUY, SELL, import_limit=40.0, export_limit=40.0).load(4.0)
    park.source(3.0, name="sun", bus="low").add("cellar", Cellar(to="low"), share=[0.0, 1.0])
    assert import_mw(park) == pytest.approx([1.0, 4.0], abs=1e-6)
    assert park.solve().value("grid", "import_mw") == pytest.approx([1.0, 1.0])


def test_sources_that_may_not_run_are_used_up() -> None:
    """Without sun, all of it is used; the import is what the loads and the largest loss take."""
    assert import_mw(park_with_sun(0.0)) == pytest.approx([10.5, 10.5], abs=1e-6)
    assert np.isfinite(import_mw(park_with_sun([0.0, 40.0]))).all()
