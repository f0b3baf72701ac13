"""The dispatch report: complete, offline, escaped, deterministic, and drawn without an error."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.results.audit import Audit
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.solution import cost_yuan
from parkdispatch.results.views.operation_charts import packed
from parkdispatch.results.views.plan_columns import interval_table, plan_columns
from parkdispatch.results.wording.words import load_words
from tests.support.audited import audit_of
from tests.support.reports.html_pages import Reader, data_of, unpacked
from tests.support.reports.report_cases import EVIL, block, facts_of, solved, solved_small


@cache
def year() -> tuple[Case, xr.Dataset]:
    """The day of the small park repeated 365 times with different numbers: a year without solving it."""
    case, day = solved()
    times = pd.date_range("2026-01-01", periods=35040, freq="15min")
    rng = np.random.default_rng(1)
    kept: dict[str, Any] = {}
    for name, quantity in day.data_vars.items():
        if quantity.dims == ("time",):
            noise = rng.uniform(0.5, 1.0, len(times))
            steady = quantity.attrs["kind"] == "series" and "available" not in str(name)
            tiled = np.tile(quantity.to_numpy(), 365)
            kept[str(name)] = ("time", tiled if steady else tiled * noise, quantity.attrs)
        else:
            kept[str(name)] = ("month", np.repeat(quantity.to_numpy(), 12), quantity.attrs)
    months = np.array([f"2026-{month:02}" for month in range(1, 13)], dtype=object)
    return case, xr.Dataset(kept, coords={"time": times.to_numpy(), "month": months}, attrs=day.attrs)


@cache
def page(kind: str = "day", lang: str = "en") -> str:
    case, solution = solved() if kind == "day" else year()
    return report_html(solution, case, audit_of(*solved()[::-1]), facts_of(solution, kind), lang)


@pytest.mark.parametrize("kind", ["day", "year"])
def test_nothing_comes_from_a_network(kind: str) -> None:
    reader = Reader(page(kind))
    for tag, attributes in reader.tags:
        assert tag not in {"link", "iframe", "img", "object", "embed", "base"}
        assert not {"src", "href", "action", "srcset"} & attributes.keys(), (tag, attributes)
    assert not re.search(r"url\(|@import|https?:", "".join(reader.raw["style"]))
    scripts = [script for script in reader.raw["script"] if "plotly.js v" not in script[:200]]
    assert len(scripts) == 3  # error listener, data, drawing
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(|WebSocket", "".join(scripts))
    policy = next(a["content"] for t, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_the_charts_numbers_are_the_solutions() -> None:
    case, solution = solved()
    data = data_of(page())
    assert [device["name"] for device in data["balances"][0]["devices"]] == list(case.devices)
    for device in data["balances"][0]["devices"]:
        want = solution[f"{device['name']}.injection_ac_mw"].to_numpy()
        np.testing.assert_array_equal(unpacked(device["data"], 96), want)
    for storage in data["storage"]:
        want = solution[f"{storage['name']}.energy_mwh"].to_numpy()
        np.testing.assert_array_equal(unpacked(storage["data"], 96), want)
    assert [storage["initial_mwh"] for storage in data["storage"]] == [0.8, 3.0]
    price = solution["grid.purchase_price_yuan_per_mwh"].to_numpy() / 1000
    np.testing.assert_array_equal(unpacked(data["prices"][0]["data"], 96), price)
    (curtailed,) = [curve for curve in data["balances"][0]["curtailed"] if curve["label"] == "pv curtailed"]
    np.testing.assert_array_equal(unpacked(curtailed["data"], 96), solution["pv.curtailed_mw"].to_numpy())
    assert solution["pv.curtailed_mw"].max() > 1  # or it would have shown nothing


def test_set_points_and_import_have_charts_of_their_own() -> None:
    """In a stack of all devices nobody reads what to set, or how near to the peak the import comes."""
    case, solution = solved()
    data = data_of(page())
    assert [row["label"] for row in data["set_points"]] == ["battery 1", "battery 2"]
    for row, name in zip(data["set_points"], case.storage, strict=True):
        net_mw = solution[f"{name}.discharge_mw"] - solution[f"{name}.charge_mw"]
        np.testing.assert_array_equal(unpacked(row["data"], 96), net_mw.to_numpy())
        assert row["most_mw"] == case.devices[name].power_mw
    end_mwh = float(solution["battery_1.energy_mwh"][-1])
    assert data["set_points"][0]["energy"] == f"0.8 MWh at the beginning, {end_mwh:,.1f} MWh at the end"
    (bought,) = data["imports"]
    np.testing.assert_array_equal(unpacked(bought["data"], 96), solution["grid.import_mw"].to_numpy())


def test_all_intervals_are_a_table_too() -> None:
    """96 rows from 00:00 to 24:00 with what plan.xlsx has, on the page of a day, not of a year."""
    case, solution = solved()
    table = interval_table(solution, case, load_words("en"))
    assert [row[:2] for row in table["rows"]][-1] == ["23:45", "24:00"]
    column = [head.startswith("battery 2 state of charge") for head in table["heads"]].index(True)
    want = solution["battery_2.energy_mwh"].to_numpy() / 6.0
    assert [row[column] for row in table["rows"]] == [f"{share:.1%}" for share in want]
    assert "All 96 intervals as a table" in page()
    assert "intervals as a table" not in page("year")


def test_a_years_arrays_decode_to_single_precision() -> None:
    _, solution = year()
    data = data_of(page("year"))
    assert data["count"] == 35040
    for device in data["balances"][0]["devices"]:
        want = solution[f"{device['name']}.injection_ac_mw"].to_numpy()
        np.testing.assert_array_equal(unpacked(device["data"], 35040), want.astype(np.float32))
    assert [month["label"] for month in data["months"]][:2] == ["2026-01", "2026-02"]
    assert data["months"][1]["first"] == 31 * 96


def test_a_constant_travels_as_one_number() -> None:
    assert packed(np.full(35040, 0.4143)) == {"value": 0.4143}


def test_a_new_device_appears_by_itself() -> None:
    html = page()
    (digester,) = [d for d in data_of(html)["balances"][0]["devices"] if d["name"] == "digester"]
    assert digester["role"] == "source"
    roles = {d["name"]: d["role"] for d in data_of(html)["balances"][0]["devices"]}
    assert roles["load"] == "consumer"
    assert roles["battery_2"] == "storage"
    colours = [d["colour"][0] for d in data_of(html)["balances"][0]["devices"]]
    assert len(set(colours)) == len(colours)


def test_names_are_escaped_everywhere() -> None:
    case, solution = solved()
    devices = {EVIL if name == "battery_1" else name: device for name, device in case.devices.items()}
    case = replace(case, devices=devices, title=EVIL, name=EVIL, variant=EVIL)
    solution = solution.rename(
        {n: str(n).replace("battery_1.", f"{EVIL}.") for n in solution.data_vars if "battery_1." in str(n)}
    ).copy(deep=True)
    for quantity in solution.data_vars.values():
        if quantity.attrs["device"] == "battery_1":
            quantity.attrs = {**quantity.attrs, "device": EVIL}
    todo = [block(action="discharge", periods=(EVIL,))]
    facts = facts_of(
        solution,
        title=EVIL,
        full_cycles={EVIL: 1.0},
        blocks=todo,
        assumptions=[SourcedValue(EVIL, EVIL, "file", "", EVIL)],
    )
    html = report_html(solution, case, audit_of(solution, case), facts)
    assert "<script>alert" not in html
    assert html.count("<script") == html.count("</script>") == 4
    assert data_of(html)["balances"][0]["devices"][3]["name"] == EVIL
    text = "".join(Reader(html).text)
    assert text.count(EVIL) > 5


def test_sizes() -> None:
    assert len(page().encode()) < 6e6
    assert len(page("year").encode()) < 9e6


def test_same_input_same_page() -> None:
    case, solution = solved()
    pages = [report_html(solution, case, audit_of(solution, case), facts_of(solution)) for _ in range(2)]
    assert pages[0] == pages[1]


def test_the_proof_is_told_as_it_is() -> None:
    case, solution = solved()
    checked = audit_of(solution, case)
    assert "Proven optimal" in page()
    assert f"all {len(checked.residuals)} checks passed" in page()
    open_gap = solution.assign_attrs(gap=0.012345)
    html = report_html(open_gap, case, checked, facts_of(solution))
    assert "Not proven optimal" in html
    assert "1.234%" in html or "1.235%" in html
    assert 'class="proofline bad"' in html
    failing = Audit(
        tuple(
            replace(check, residual=0.5) if check.name == "grid.import_limit_mw" else check
            for check in checked.checks
        )
    )
    html = report_html(solution, case, failing, facts_of(solution))
    assert f"1 of {len(checked.residuals)} checks FAILED: grid: import limit" in html
    assert 'class="proofline bad"' in html


def test_figures_are_rounded_for_display_only() -> None:
    _, solution = solved()
    html = page()
    assert f"{float(solution.attrs['objective_yuan']):,.2f}" in html
    for yuan in cost_yuan(solution).values():
        assert f"{yuan:,.2f}" in html
        assert f"{yuan + 411.5:,.2f}" in html
    assert "load demand" in html
    assert f">{float(solution['load.available_mw'].sum()) / 4:,.1f}<" in html


def test_without_storage_nothing_is_compared() -> None:
    case, solution = solved(storage=False)
    html = report_html(
        solution,
        case,
        audit_of(solution, case),
        facts_of(solution, full_cycles={}, blocks=[], without_storage=None),
    )
    assert "Saved by the storage" not in html
    assert "Without storage" not in html
    assert "infeasible" not in html
    assert 'id="chart-soc"' not in html
    assert 'id="chart-power"' in html


@pytest.mark.parametrize("kind", ["day", "year"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_park_that_needs_its_storage_is_not_compared(kind: str, lang: str) -> None:
    """A sentence gives the reason; no card, column or line shows an infeasible comparison."""
    case, solution = solved() if kind == "day" else year()
    facts, words = facts_of(solution, kind, without_storage=None), load_words(lang)["page"]
    html = report_html(solution, case, audit_of(solution, case), facts, lang)
    said = html[html.index("<main>") : html.index("</main>")]
    assert said.count(words["no_comparison"]) == 1
    assert 'id="chart-soc"' in html
    for key in ("saved", "instead_of", "c_without", "m_peak_without"):
        assert words[key] not in said.replace(words["no_comparison"], ""), key
    assert '"without_mw":12.5' not in html


def test_months_add_up() -> None:
    _, solution = year()
    html = page("year")
    table = html[html.index("Month by month") : html.index("<h2>Costs")]
    total = re.findall(r"<td[^>]*>([^<]*)</td>", table[table.index('class="total"') :])
    assert total[1] == f"{float(solution['grid.import_mw'].sum()) * 0.25:,.0f}"
    assert total[3] == f"{float(solution['grid.export_mw'].sum()) * 0.25:,.0f}"
    assert total[-1] == f"{sum(cost_yuan(solution).values()) / 1e4:,.2f}"
    assert len(re.findall(r"<td class=\"clock\">2026-\d\d</td>", table)) == 12


def test_table_columns_carry_the_solution() -> None:
    case, solution = solved()
    columns = {column.key: column for column in plan_columns(solution, case, load_words("en"))}
    net = solution["battery_1.discharge_mw"] - solution["battery_1.charge_mw"]
    np.testing.assert_array_equal(columns["battery_1.set_point_mw"].numbers, net)
    np.testing.assert_array_equal(columns["battery_2.soc"].numbers, solution["battery_2.energy_mwh"] / 6.0)
    assert columns["digester.used_mw"].name == "digester used"


def test_a_small_park_is_shown_in_kilowatts() -> None:
    """0.3 MW of roofs: heads, cards, tables and charts say kW, and the charts multiply by a thousand."""
    case, solution = solved_small()
    facts = facts_of(solution, peak_mw={"2026-07": 0.1104})
    text = " ".join(Reader(report_html(solution, case, audit_of(*solved()[::-1]), facts)).text)
    data = data_of(report_html(solution, case, audit_of(*solved()[::-1]), facts))
    assert (data["per_mw"], data["words"]["mw"], data["words"]["mwh"]) == (1000.0, "kW", "kWh")
    assert data["storage"][0]["full"].endswith(" kWh")
    assert "Power, kW" in text
    assert re.search(r"Highest import\s+110\s+kW", text)
    used_kwh = float(solution["pv.output_mw"].sum()) / 4 * 1000
    assert re.search(rf"pv used\s+{used_kwh:,.1f}", text)
