"""Charts and columns of a park with heat, two voltages, units, shifted work and interruptions."""

import numpy as np
import pytest

from parkdispatch.results.views.device_charts import chart_data
from parkdispatch.results.views.plan_columns import plan_columns
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.dispatch import DispatchRun
from tests.support.reports.html_pages import unpacked
from tests.support.reports.works import DEVICES, worked, works_page


def run() -> DispatchRun:
    return worked()[0]


def charts(lang: str = "en"):
    return chart_data(run().solution, run().case, load_words(lang, devices=DEVICES), {}, {})


def test_heat_is_drawn_apart_from_power() -> None:
    """In one stack with power, heat would count as electricity, and a heat pump twice."""
    power, heat = charts()["balances"]
    assert [power["carrier"], heat["carrier"]] == ["electricity", "heat"]
    assert {device["device"] for device in heat["devices"]} == {
        "gas_engine",
        "boiler",
        "heat_pump",
        "heat_store",
        "drying",
    }
    for balance in (power, heat):
        total = sum(unpacked(device["data"], 24) for device in balance["devices"])
        np.testing.assert_allclose(total, 0.0, atol=1e-6)


def test_networks_are_drawn_as_what_they_lose() -> None:
    """The flow of a transformer on both of its buses would stand above and below the zero line."""
    (losses,) = [drawn for drawn in charts()["balances"][0]["devices"] if drawn["name"] == "losses"]
    assert losses["label"] == "network losses"
    np.testing.assert_allclose(unpacked(losses["data"], 24), -run().solution["feeder.losses_mw"], atol=1e-9)


def test_a_flow_is_drawn_against_its_limit() -> None:
    """Two transformers of 12.5 MVA at 0.95: 23.75 MW."""
    (flow,) = charts()["flows"]
    assert flow["label"] == "10/0.4 kV transformers: 10kV → 400V"
    assert flow["rating"] == "23.8 MW"
    np.testing.assert_allclose(unpacked(flow["loading"], 24), run().solution["feeder.flow_mw"] / 23.75)


def test_units_shifted_work_and_interruptions_have_a_row_each() -> None:
    rows = {row["label"]: row for row in charts()["activities"]}
    assert list(rows) == [
        "ball mills",
        "polishing, interrupted",
        "gas engines, unit 1",
        "gas engines, unit 2",
        "heat pump",
    ]
    np.testing.assert_array_equal(
        unpacked(rows["gas engines, unit 2"]["on"], 24), run().solution["gas_engine.unit_2_on"] > 0.5
    )
    np.testing.assert_allclose(unpacked(rows["ball mills"]["usual"], 24), 5.0)  # 120 MWh in 24 hours
    assert rows["ball mills"]["most"] == "10.0 MW"


def test_a_heat_store_has_words_of_heat() -> None:
    """It has no state of charge, and neither charges nor discharges electricity."""
    data = charts("zh")
    (store,) = [drawn for drawn in data["balances"][1]["devices"] if drawn["device"] == "heat_store"]
    assert [store["up"], store["down"]] == ["蓄热装置 放热", "蓄热装置 蓄热"]
    assert [storage["carrier"] for storage in data["storage"]] == ["heat", "electricity"]
    html = works_page("zh")
    assert 'id="chart-heat-level"' in html
    assert "<h2>蓄热量, %</h2>" in html


def test_the_dataset_says_role_and_carrier() -> None:
    """So that heat can be told from electricity without the case."""
    heat = {
        str(name)
        for name, quantity in run().solution.data_vars.items()
        if quantity.attrs.get("carrier") == "heat"
    }
    assert heat == {
        f"{device}.injection_heat_mw"
        for device in ("gas_engine", "boiler", "heat_pump", "heat_store", "drying")
    }
    assert run().solution["feeder.losses_mw"].attrs["role"] == "network"
    assert run().solution["gas_engine.unit_1_on"].attrs["units"] == "1"


@pytest.mark.parametrize(("lang", "unit"), [("en", "MW heat"), ("zh", "MW 热")])
def test_columns_of_heat_follow_those_of_power(lang: str, unit: str) -> None:
    columns = list(plan_columns(run().solution, run().case, load_words(lang, devices=DEVICES)))
    carriers = [column.carrier for column in columns if column.kind != "price"]
    assert carriers == sorted(carriers)  # electricity, heat
    heads = {column.key: column.header.split("\n") for column in columns}
    assert heads["heat_pump.power_drawn_mw"][2] == "MW"
    assert heads["heat_pump.heat_output_mw"][2] == unit
    assert heads["heat_store.soc"][1] == ("stored heat" if lang == "en" else "蓄热量")
