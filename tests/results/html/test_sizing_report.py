"""Page, workbook, files and screen of a size study: its own figures, both languages, parts missing."""

import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from parkdispatch.models.errors import InputError
from parkdispatch.results.console.sizing_screen import show_size_study
from parkdispatch.results.excel.sizing_workbook import TOP, write_size_xlsx
from parkdispatch.results.finance.returns import Irr, Payback
from parkdispatch.results.html.sizing_report import size_html
from parkdispatch.results.sizing.doubt_words import sources_text
from parkdispatch.results.sizing.risk import distribution, drivers, uncertain_values
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.sizing_files import write_size_study
from parkdispatch.results.writers.sizing_frames import scenarios_frame
from parkdispatch.results.writers.sizing_netcdf import read_group
from tests.support.reports.english_words import left_in_english
from tests.support.reports.html_pages import Reader, data_of
from tests.support.reports.size_pages import MISSING, page, study
from tests.support.reports.workbooks import cells, counted, differences, needs_soffice
from tests.support.size_studies import (
    STUDIES,
    given,
    project,
    sized_case,
    surface_given,
    valued,
)

FILES = {
    "report.html", "report.xlsx", "summary.json", "offers.csv", "surface.csv", "surface.nc", "when.csv",
    "scenarios.csv", "size.nc",
}  # fmt: skip
DIGITS = 1e-14  # a workbook keeps sixteen digits, a double may have seventeen
CHARTS = ["npv", "annual_net", "frontier", "when", "shares", "swings", "search"]


def charts(kind: str, lang: Lang = "en") -> dict[str, dict[str, Any]]:
    return {figure["name"]: figure for figure in data_of(page(kind, lang))["figures"]}


def test_the_maps_are_the_surface() -> None:
    surface, drawn = study("now").surface, charts("now")
    assert surface is not None
    assert list(drawn) == CHARTS
    for key in ("npv", "annual_net"):
        cells = drawn[key]
        assert (cells["x"], cells["y"]) == (
            [0.0, 10.0, 20.0, 30.0, 40.0, 50.0],
            [1.0, 2.0, 3.0, 4.0],
        )
        for j, hours in enumerate(cells["y"]):
            for k, power in enumerate(cells["x"]):
                want = float(surface[f"{key}_yuan"].sel(power_mw=power, duration_hours=hours))
                assert cells["values"][j][k] == pytest.approx(want / 1e4, rel=1e-12)
    marks = {mark["symbol"]: (mark["x"], mark["y"]) for mark in drawn["npv"]["marks"]}
    assert marks["star"] == (25.0, 2.0)
    assert marks["circle-open"] == (25.0, 2.0)
    assert marks["square-open"] == pytest.approx((48.3, 106.4 / 48.3))


def test_what_lies_outside_of_the_map_is_said() -> None:
    far = given(valued("offer_1", (10.0, 90.0), 1e6, 1.2), surface=surface_given([[0.0, 0.0], [1e6, 2e6]]))
    assert "Outside this map: make 1, 10 MW / 90 MWh." in size_html(far, "en")


def test_the_frontier_is_drawn_with_nothing_at_zero() -> None:
    surface, drawn = study("now").surface, charts("now")["frontier"]
    assert surface is not None
    every, best = drawn["series"]
    assert len(every["x"]) == 20
    flat = surface.stack(cell=("power_mw", "duration_hours"))
    kept = flat.isel(cell=np.flatnonzero((flat["frontier"] & (flat["power_mw"] > 0)).to_numpy()))
    assert sorted(best["y"]) == pytest.approx([0.0, *sorted(kept["npv_yuan"].to_numpy() / 1e4)])
    assert best["x"] == sorted(best["x"])
    assert best["y"] == sorted(best["y"])
    offers = {offered["name"]: (offered["x"], offered["y"]) for offered in drawn["marks"]}
    assert offers["no increment"] == (0.0, 0.0)
    offered = study("now").offers[1]
    assert offered.cash
    want = (offered.choice.investment_yuan / 1e4, project(offered.cash).npv_yuan / 1e4)
    assert offers["25 MW / 50 MWh, pilot plan"] == pytest.approx(want)


def test_no_size_that_loses_is_on_the_frontier_even_where_the_surface_has_no_nothing() -> None:
    surface = surface_given([[0.0], [-2e6], [-1e6]]).isel(power_mw=[1, 2])
    html = size_html(given(surface=surface.assign(frontier=surface["npv_yuan"] < 0)), "en")
    line = {figure["name"]: figure for figure in data_of(html)["figures"]}["frontier"]["series"][1]
    assert (line["x"], line["y"]) == ([0.0], [0.0])


def test_of_a_long_frontier_some_are_listed_and_the_number_said() -> None:
    long = given(surface=surface_given([[0.0]] + [[1e6 * power] for power in range(1, 21)]))
    html = size_html(long, "en")
    assert "12 of the 20 sizes on the frontier; all are in the workbook." in html
    listed = re.findall(r"<td>(\d+) MW / \d+ MWh</td>", html)
    assert (len(listed), listed[0], listed[-1]) == (12, "10", "200")


def test_lines_shares_and_tornado_are_the_studys() -> None:
    whole, drawn = study("later"), charts("later")
    assert whole.when is not None
    assert whole.risk is not None
    assert drawn["when"]["labels"] == list(range(2026, 2037))
    assert drawn["when"]["zero"] is True
    for number, key in enumerate(("offer_1", "offer_2")):
        when = whole.when["npv_yuan"].sel(choice=key).to_numpy() / 1e4
        np.testing.assert_allclose(drawn["when"]["series"][number]["values"], when, rtol=1e-12)
        risk = np.sort(whole.risk["npv_yuan"].sel(choice=key).to_numpy()) / 1e4
        np.testing.assert_allclose(drawn["shares"]["series"][number]["values"], risk, rtol=1e-12)
    want = drivers(whole.risk, "offer_1")
    assert drawn["swings"]["labels"] == [driver.name for driver in want]
    np.testing.assert_allclose(drawn["swings"]["low"], [driver.low_npv_yuan / 1e4 for driver in want])
    mean = float(whole.risk["npv_yuan"].sel(choice="offer_1").mean()) / 1e4
    assert drawn["swings"]["middle"] == pytest.approx(mean)


def test_figures_are_told_as_they_are() -> None:
    whole, html = study("later"), unescape(page("later", "en"))
    for offered in whole.offers[1:]:
        assert offered.cash
        assert offered.marginal
        measures = project(offered.cash)
        assert measures.irr.value is not None
        for text in (
            f"{measures.npv_yuan / 1e4:,.0f}",
            f"{measures.irr.value:.2%}",
            f"{offered.break_even_yuan_per_wh:,.2f}",
            f"{offered.choice.investment_yuan / 1e4:,.0f}",
            f"{offered.marginal.break_even_yuan_per_kwh:,.0f}",
            f"{offered.marginal.difference_mwh_yuan[0] / 1e4:,.2f}",
        ):
            assert f">{text}<" in html, text
    assert whole.risk is not None
    table = distribution(whole.risk, whole.sizing.tail)
    for key in ("offer_1", "offer_2"):
        assert f">{table['loss_share'][key]:.0%}<" in html
        assert f">{table['cvar_yuan'][key] / 1e4:,.0f}<" in html
    assert "36 sizes" not in html
    assert "16 sizes dispatched; 37 regions of the size range excluded by bounds" in html


def test_what_is_known_of_a_size_is_that_of_the_offer_or_of_the_surface_at_just_its_size() -> None:
    """25 MW of 2 hours lie between the cells of 20 and 30 MW, so the surface says nothing of it."""
    assert "Peak cut, MW" not in page("later", "en")
    on_grid = valued("offer_1", (20.0, 40.0), 1e6, 1.2)
    whole = replace(study("later"), offers=(on_grid,), choices=(on_grid.choice,), when=None, risk=None)
    assert ">8.0<" in size_html(whole, "en")  # 0.4 of its power
    own_figures = replace(on_grid, figures={"peak_cut_mw": 7.1, "self_use": float("nan"), "gap": 0.0})
    html = size_html(replace(whole, offers=(own_figures,)), "en")
    assert ">7.1<" in html
    assert "Self-use of renewables" not in html  # where it is not known


def test_no_irr_and_no_payback_are_words() -> None:
    offered = valued("offer_1", (25.0, 50.0), -3e6, 1.2)
    assert offered.cash
    measures = replace(
        project(offered.cash), irr=Irr(None, (), 0, "paid"), static_payback=Payback(None, None)
    )
    cash = replace(offered.cash, returns={**offered.cash.returns, "project_after_tax": measures})
    worthless = given(replace(offered, cash=cash))
    for lang, none, never in (("en", "none", "never"), ("zh", "不存在", "不能回收")):
        html = size_html(worthless, lang)
        assert f">{none}<" in html
        assert f">{never}<" in html


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("lang", LANGS)
def test_parts_that_are_missing_have_no_section(kind: str, lang: Lang, tmp_path: Path) -> None:
    whole, text = study(kind), load_words(lang, "size")["size"]
    html, out = page(kind, lang), Console(file=io.StringIO(), width=80)
    for part, title in (("surface", "surface"), ("when", "when"), ("risk", "risk"), ("best", "best")):
        assert (f"<h2>{text[title]}</h2>" in html) == (getattr(whole, part) is not None), part
    assert (f"<h2>{text['offers']}</h2>" in html) == bool(whole.offers)
    show_size_study(out, whole)
    paths = write_size_study(whole, tmp_path, lang)
    assert {"report.html", "report.xlsx", "summary.json"} <= set(paths)
    assert ("size.nc" in paths) == any(part is not None for part in (whole.surface, whole.when, whole.risk))
    json.loads(paths["summary.json"].read_text(encoding="utf-8"))


def quoted() -> set[str]:
    """What the case file's author wrote, and the words that stand for themselves."""
    case = sized_case()
    sizing = case.sizing
    assert sizing
    zh = load_words("zh", "size")
    sources = [offer.source for offer in sizing.offer]
    sources += [sources_text(doubt.sources, zh) for doubt in sizing.doubt]  # of documents and makes
    return {case.title, case.tariff.title, *case.tariff.sources, *sources}


@pytest.mark.parametrize("kind", STUDIES)
def test_nothing_english_is_on_the_chinese_page(kind: str) -> None:
    html, data = page(kind, "zh"), data_of(page(kind, "zh"))
    told = [unescape(text) for text in Reader(html).text]
    told += [
        value or "" for _, tags in Reader(html).tags for key, value in tags.items() if key == "aria-label"
    ]
    for phrase in data["figures"]:
        told += [*map(str, phrase.get("labels", [])), *phrase.get("axes", []), *phrase.get("ends", [])]
        told += [*phrase.get("signs", []), phrase["unit"], phrase.get("axis", ""), phrase.get("hint", "")]
        told += [phrase["zero"]] if phrase["kind"] == "grid" else []
        for part in (*phrase.get("series", []), *phrase.get("marks", [])):
            says = part.get("hover", [])
            told += [part["name"], *([says] if isinstance(says, str) else says)]
    text = html[html.index("<main>") : html.index("<footer>")]
    sources = text[text.rindex('<ul class="sources">') : text.rindex("</ul>")]
    cases = {unescape(line) for line in re.findall(r"<li>(.*?)</li>", sources)}
    left = left_in_english([phrase for phrase in told if phrase.strip() not in cases], quoted())
    same = {"device", "state_of_health", "report", "battery_1"}
    assert {phrase: words for phrase, words in left.items() if words - same} == {}
    assert len(told) > 300


@pytest.mark.parametrize("lang", LANGS)
def test_the_workbooks_numbers_are_the_studys(lang: Lang, tmp_path: Path) -> None:
    whole, path = study("later"), tmp_path / "report.xlsx"
    write_size_xlsx(path, whole, lang)
    book, names = openpyxl.load_workbook(path, data_only=True), load_words(lang, "size")["size_sheets"]
    parts = ("decision", "offers", "surface", "marginal", "when", "scenarios", "risk", "assumptions")
    assert book.sheetnames == [names[key] for key in parts]
    for sheet in book.worksheets:
        assert sheet.freeze_panes is not None

    rows = list(book[names["offers"]].iter_rows(min_row=TOP + 2, values_only=True))
    for offered, row in zip(whole.offers, rows, strict=True):
        assert row[1:4] == (
            offered.choice.power_mw,
            offered.choice.energy_mwh,
            offered.choice.investment_yuan,
        )
        assert row[5] == pytest.approx(project(offered.cash).npv_yuan if offered.cash else 0, rel=DIGITS)
        assert row[6] == (
            pytest.approx(project(offered.cash).irr.value, rel=DIGITS) if offered.cash else None
        )
        if offered.cash:
            assert row[8] == pytest.approx(offered.break_even_yuan_per_wh, rel=DIGITS)

    surface = whole.surface
    assert surface is not None
    told = [list(row) for row in book[names["surface"]].iter_rows(values_only=True)]
    measures = load_words(lang, "size")["size_measures"]
    for key in ("npv_yuan", "irr", "payback_years", "peak_cut_mw", "frontier"):
        row_number = next(number for number, row in enumerate(told) if row[0] == measures[key])
        assert told[row_number + 1][1:6] == [10, 20, 30, 40, 50]
        for down, hours in enumerate((1, 2, 3, 4), row_number + 2):
            assert told[down][0] == hours
            want = surface[key].sel(duration_hours=hours, power_mw=[10, 20, 30, 40, 50]).to_numpy()
            np.testing.assert_allclose(np.array(told[down][1:6], dtype=float), want, rtol=DIGITS)

    when = whole.when
    assert when is not None
    rows = list(book[names["when"]].iter_rows(min_row=TOP + 2, max_row=TOP + 12, values_only=True))
    for row_number, row in enumerate(rows):
        assert row[0] == 2026 + row_number
        want = when["npv_yuan"].sel(choice=["offer_1", "offer_2"]).to_numpy()[:, row_number]
        assert row[1:3] == pytest.approx(tuple(want), rel=DIGITS)

    risk = whole.risk
    assert risk is not None
    rows = list(book[names["scenarios"]].iter_rows(min_row=TOP + 2, values_only=True))
    assert len(rows) == 64
    for row_number, row in enumerate(rows):
        assert row[0] == row_number
        assert row[1] == uncertain_values(risk, "weather year")[row_number]
        assert row[1 + risk.sizes["doubt"]] == pytest.approx(
            float(risk["npv_yuan"].sel(choice="offer_1")[row_number]), rel=DIGITS
        )
    table = distribution(risk, whole.sizing.tail)
    rows = list(book[names["risk"]].iter_rows(min_row=TOP + 2, max_row=TOP + 4, values_only=True))
    for key, row in zip(("never", "offer_1", "offer_2"), rows, strict=True):
        columns = ["loss_share", "mean_yuan", "cvar_yuan", "worst_yuan", "most_regret_yuan"]
        assert row[1:6] == pytest.approx(tuple(table.loc[key, columns]), rel=DIGITS)


def test_nothing_english_is_in_the_chinese_workbook(tmp_path: Path) -> None:
    write_size_xlsx(tmp_path / "report.xlsx", study("now"), "zh")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    left = left_in_english([*book.sheetnames, *texts], quoted())
    assert {
        text: words for text, words in left.items() if words - {"device", "battery_1", "state_of_health"}
    } == {}
    assert len(texts) > 150


def test_netcdf_holds_the_study(tmp_path: Path) -> None:
    whole = study("now")
    paths = write_size_study(whole, tmp_path)
    assert set(paths) == FILES == {path.name for path in tmp_path.iterdir()} - {"manifest.json"}
    for name in ("surface", "when", "risk"):
        want, stored = getattr(whole, name), read_group(paths["size.nc"], name)
        assert set(stored.variables) == set(want.variables)
        for variable in want.variables:
            np.testing.assert_array_equal(
                stored[variable].to_numpy(), want[variable].to_numpy(), str(variable)
            )
            if variable not in ("choice", "scenario", "doubt", "year", "doubted"):
                assert stored[variable].attrs["units"], variable
    with xr.open_dataset(paths["surface.nc"]) as stored:
        np.testing.assert_array_equal(stored["npv_yuan"], whole.surface["npv_yuan"])  # type: ignore[index]
        assert stored["npv_yuan"].attrs == {"units": "yuan", "long_name": "NPV"}
        assert stored["co2_cut_t"].attrs["units"] == "t/year"
    assert whole.surface is not None
    assert "units" not in whole.surface["npv_yuan"].attrs, "writing a study does not change it"
    with pytest.raises(InputError, match="holds no `dispatch`"):
        read_group(paths["size.nc"], "dispatch")


def test_tables_have_units_and_the_studys_numbers(tmp_path: Path) -> None:
    whole = study("now")
    paths = write_size_study(whole, tmp_path)

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(paths[name], encoding="utf-8-sig")

    offers = table("offers.csv")
    assert offers["choice"].tolist() == ["never", "offer_1", "offer_2", "best"]
    assert offers["price [yuan/Wh]"][1] == pytest.approx(2.394 * 0.5)
    for offered, npv in zip(whole.offers, offers["npv [yuan]"], strict=True):
        assert npv == pytest.approx(project(offered.cash).npv_yuan if offered.cash else 0.0)
    surface = table("surface.csv")
    assert len(surface) == 24
    assert whole.surface is not None
    for _, row in surface.iterrows():
        cell = whole.surface.sel(power_mw=row["power [MW]"], duration_hours=row["duration [h]"])
        assert row["npv [yuan]"] == pytest.approx(float(cell["npv_yuan"]), abs=1e-6)
        assert row["value_of_mwh [yuan/MWh/year]"] == pytest.approx(
            float(cell["value_of_mwh_yuan"]), abs=1e-6
        )
    when = table("when.csv")
    assert when["calendar_year"].tolist() == [*range(2026, 2037)] * 3
    scenarios = table("scenarios.csv")
    assert len(scenarios) == 64
    pd.testing.assert_frame_equal(scenarios.set_index("scenario"), scenarios_frame(whole), atol=1e-6)
    names = [*offers, *surface, *when, *scenarios]
    bare = {name for name in names if "[" not in name and not name.startswith("doubt.")}
    assert bare == {"choice", "name", "calendar_year", "year", "scenario"}
    assert "doubt.irradiation, MJ/m² a year" in scenarios


def test_summary_tells_a_program_the_same(tmp_path: Path) -> None:
    whole = study("later")
    written = json.loads(write_size_study(whole, tmp_path, "zh")["summary.json"].read_text(encoding="utf-8"))
    assert written["status"] == "optimal"
    assert written["verdict"]["choice"]["key"] == "offer_1"
    assert (written["verdict"]["build"], written["verdict"]["year"]) == (True, 2036)
    assert whole.when is not None
    assert written["verdict"]["npv_yuan"] == float(whole.when["npv_yuan"].max())
    assert written["when"]["offer_2"]["2026"] == float(whole.when["npv_yuan"].sel(choice="offer_2")[0])
    assert (
        written["offers"]["offer_1"]["break_even_price [yuan/Wh]"] == whole.offers[1].break_even_yuan_per_wh
    )
    assert written["offers"]["never"]["irr [1]"] is None
    assert written["marginal"]["offer_1"]["value_of_mw_yuan"] == 1.2e5
    assert written["risk"]["chosen"]["worst"] == "never"
    assert written["risk"]["by_choice"]["offer_1"]["loss_share"] == 0.8125
    assert written["decision"]["zh"].startswith("25 MW / 50 MWh 的价格低于 1.18 元/Wh 时可以建设")
    assert "按算例价格现在不宜建设" in written["decision"]["zh"]
    assert written["verdict"]["is_last_year_examined"]
    open_gap = json.loads(
        write_size_study(study("best"), tmp_path / "b")["summary.json"].read_text(encoding="utf-8")
    )
    assert (open_gap["status"], open_gap["verdict"], open_gap["offers"]) == ("feasible", None, None)


def test_all_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("parkdispatch.results.writers.sizing_files.write_size_xlsx", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        write_size_study(study("now"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", STUDIES)
def test_the_screen_fits_eighty_columns(kind: str) -> None:
    out = Console(file=io.StringIO(), width=80)
    show_size_study(out, study(kind))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text, "something is cut off"
    flat = " ".join(re.sub(r"[│┌┐└┘─]", " ", text).split())
    assert {"now": "Build 50 MW / 50 MWh now", "later": "do not build now", "never": "Do not build"}[
        kind
    ] in flat
    for offered in study(kind).offers[1:]:
        assert offered.cash
        assert f"{project(offered.cash).npv_yuan / 1e4:,.0f}" in text
        assert f"{offered.break_even_yuan_per_wh:,.2f}" in text


@needs_soffice
def test_a_spreadsheet_program_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write_size_xlsx(path, study("now"), "zh")
    assert sorted(differences(counted(path, tmp_path), cells(path))) == []
    assert len(cells(path)) > 2000
