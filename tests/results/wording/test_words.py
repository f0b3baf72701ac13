"""Words in both languages: none missing, and no English text on a Chinese page or workbook."""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from parkdispatch.models.device import Seen
from parkdispatch.models.finance.investment import Finance, declared_values
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.audit import Check
from parkdispatch.results.excel.plan_workbook import write_plan_xlsx
from parkdispatch.results.excel.report_workbook import write_report_xlsx
from parkdispatch.results.finance.cash_flow_lines import cash_flow_lines
from parkdispatch.results.finance.returns import irr
from parkdispatch.results.solution import QuantityName
from parkdispatch.results.wording.display_names import check_label, device_label, injection_label, screen_name
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.languages import LANGS
from parkdispatch.results.wording.sentences import proof_sentence, source_line
from parkdispatch.results.wording.words import format_money, load_words
from tests.support.finance_cases import EVERYTHING
from tests.support.reports.built_in_pages import made, report
from tests.support.reports.english_words import english, left_in_english
from tests.support.reports.html_pages import Reader, data_of

FILES = sorted(
    file.name.removesuffix(".en.toml")
    for file in (resources.files("parkdispatch.results") / "templates").iterdir()
    if file.name.endswith(".en.toml")
)


def leaves(words: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, word in words.items():
        if isinstance(word, dict):
            yield from leaves(word, f"{path}{key}.")
        else:
            yield path + key, word


@pytest.mark.parametrize("name", FILES)
def test_every_word_has_its_translation(name: str) -> None:
    words = {lang: dict(leaves(load_words(lang, *([] if name == "words" else [name])))) for lang in LANGS}
    assert words["en"].keys() == words["zh"].keys()
    for key, word in words["en"].items():
        slots = [sorted(re.findall(r"\{(\w*)", str(words[lang][key]))) for lang in LANGS]
        assert slots[0] == slots[1], f"{key}: {word}"


@pytest.mark.parametrize("name", FILES)
def test_chinese_words_are_chinese(name: str) -> None:
    for key, word in leaves(load_words("zh", *([] if name == "words" else [name]))):
        if key not in ("lang", "script.locale", "forecast.plan_with"):  # the last is a command
            spoken = re.sub(r"`[^`]*`", "", str(word))  # what is typed is the same in every language
            assert not english(spoken) - {"Pyomo", "HiGHS", "CVaR"}, f"{key} = {word}"


def quoted(kind: Any) -> set[str]:
    """Text taken over from the case file."""
    run, facts = made(kind)
    tariff = run.case.tariff
    assumptions = [source_line(sourced, load_words("zh")) for sourced in facts.assumptions]
    return {facts.title, tariff.title or tariff.name, *tariff.sources, *assumptions}


@pytest.mark.parametrize("kind", ["day", "year"])
def test_nothing_english_is_on_a_chinese_page(kind: Any) -> None:
    html = report(kind, "zh")
    reader, data = Reader(html), data_of(html)
    told = [unescape(text) for text in reader.text]
    told += [value or "" for _, tags in reader.tags for key, value in tags.items() if key == "aria-label"]
    parts = [data[part] for part in ("storage", "prices", "activities", "flows")]
    parts += [balance[part] for balance in data["balances"] for part in ("devices", "curtailed")]
    labels = [str(item.get(key, "")) for part in parts for item in part for key in ("label", "up", "down")]
    figures = [text for item in data["figures"] for text in (*item["labels"], *item["legend"], item["unit"])]
    assert len(told) > 200
    assert len(figures) > 10
    assert left_in_english([*told, *labels, *figures, *data["periods"]["names"]], quoted(kind)) == {}


@pytest.mark.parametrize("name", ["plan.xlsx", "report.xlsx"])
def test_nothing_english_is_in_a_chinese_workbook(name: str, tmp_path: Path) -> None:
    run, facts = made("day")
    path = tmp_path / name
    if name == "plan.xlsx":
        write_plan_xlsx(path, run.solution, run.case, facts, "zh")
    else:
        write_report_xlsx(path, run.solution, run.case, run.summary.audit, facts, "zh")
    book = openpyxl.load_workbook(path, data_only=True)
    rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    assert len(texts) > 100
    assert left_in_english([*book.sheetnames, *texts], quoted("day")) == {}


def test_amounts_that_stand_side_by_side_have_one_unit() -> None:
    """A page said "97,825 yuan instead of 10.20 10⁴ yuan"."""
    words = load_words("en")
    assert format_money(97_825.0, words) == ("97,825", "yuan", [])
    assert format_money(97_825.0, words, 102_000.0) == ("9.78", "10⁴ yuan", ["97,825 yuan"])
    assert format_money(102_000.0, words, 97_825.0)[:2] == ("10.20", "10⁴ yuan")


def test_every_check_of_the_audit_has_a_word() -> None:
    words = load_words("zh")
    battery = Battery(
        power_mw=4.0, energy_mwh=8.0, min_charge_mw=1.0, min_discharge_mw=1.0, max_cycles_per_day=1
    )
    times = pd.date_range("2026-07-15", periods=2, freq="h")
    powers = ("charge_mw", "discharge_mw", "energy_mwh", "idle_charge_mw", "idle_discharge_mw")
    still = Seen(
        times=times,
        hours=1.0,
        values={name: np.zeros(2) for name in powers},
        shared={},
        injection={battery.bus: np.zeros(2)},
    )
    run, _ = made("day")
    rules = [Check(rule, 0.0, 0.0, "battery_1") for rule in battery.self_check(still)]
    checks = {check.name: check for check in (*run.summary.audit.checks, *rules)}
    expected = {"battery_1.min_charge_mw", "battery_1.cycles_per_day_mwh", "grid.peak_is_highest_mw"}
    assert expected <= checks.keys()
    for name, check in checks.items():
        assert not english(check_label(check, words)), name


def test_how_it_was_proven_is_said_with_its_numbers() -> None:
    run, _ = made("day")
    numbers = json.loads(run.solution.attrs["proof_numbers"])
    assert run.solution.attrs["proof"] == "repaired"
    for lang in LANGS:
        said = proof_sentence(run.solution, load_words(lang))
        assert f" {numbers['binaries']} " in said
        assert f" {numbers['windows']}" in said


def test_a_device_with_a_name_of_its_own_keeps_it() -> None:
    words = load_words("zh")
    assert device_label("battery_2", words) == "电池 2"
    assert injection_label(QuantityName("pv (0.4kV)", "pv", "0.4kV", "injection"), words) == "光伏 (0.4kV)"
    assert injection_label(QuantityName("pv", "pv", "0.4kV", "injection"), words) == "光伏"
    assert device_label("north_roof", words) == "north roof"
    assert device_label("battery_north_2", words) == "电池 north 2"
    assert device_label("cabinet", words) == "储能柜"
    assert device_label("battery2", words) == "电池 2"


def test_a_device_with_a_title_is_called_by_it_in_its_language() -> None:
    """Without a title in a language it is called as ever: by the word of its name."""
    devices = {
        "pv_low_voltage": Battery(power_mw=1, energy_mwh=1, title="roof at 380 V", title_zh="380 V 屋顶光伏"),
        "battery_2": Battery(power_mw=1, energy_mwh=1, title="phase two"),
    }
    english_words, chinese = (load_words(lang, devices=devices) for lang in LANGS)
    called = [[device_label(name, words) for name in devices] for words in (english_words, chinese)]
    assert called == [["roof at 380 V", "phase two"], ["380 V 屋顶光伏", "电池 2"]]
    assert screen_name("battery_1", english_words) == "battery_1"
    assert device_label("pv_north", english_words) == "pv north"


DOUBLED = re.compile(r"([\u4e00-\u9fff]{2,})[\s：·]+\1|\b([A-Za-z]{3,})[\s:·]+\2\b")
NEGATIVE_ZERO = re.compile(r"(?<![\w.])[-−]0(\.0+)?(?![\d.:-])")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", ["day", "year"])
def test_no_word_is_doubled_and_no_zero_is_negative(kind: Any, lang: str) -> None:
    """Neither in a text nor between the names of a legend: "负荷 负荷（折线）"."""
    html = report(kind, lang)
    data, texts = data_of(html), [unescape(text).strip() for text in Reader(html).text]
    legend = [data["balances"][0]["load"], *(device["label"] for device in data["balances"][0]["devices"])]
    assert not [text for text in texts if DOUBLED.search(text) or NEGATIVE_ZERO.search(text)]
    assert not any(line.startswith(name) for line in legend[:1] for name in legend[1:])
    assert device_label("battery_2", load_words("en")) == "battery 2"


def test_every_line_and_parameter_of_a_cash_flow_is_chinese() -> None:
    words = FinanceWords("zh")
    names = set()
    for line in cash_flow_lines(EVERYTHING, ["arbitrage", "demand", "demand_response", "absorption"]):
        called, how = words.line(line)
        names.add((line.section, line.sheet, called))
        for text in (called, how, words.section(line.section), words.unit(line.unit)):
            assert not english(text), line.key
    assert len(names) == len(
        cash_flow_lines(EVERYTHING, ["arbitrage", "demand", "demand_response", "absorption"])
    )
    choices = {choice for declared in declared_values(EVERYTHING) for choice in declared.choices}
    for declared in [*declared_values(EVERYTHING), *declared_values(Finance(investment_yuan=1.0))]:
        told = words.parameter(declared)
        for text in told:
            assert not english(text) - choices - {"DL", "2919"}, declared.name
        assert english(told.sentence) <= set(declared.choices), (
            "a choice is told by the word that stands in the cell"
        )
        assert english(told.sentence) >= set(declared.choices)


def test_english_words_of_a_cash_flow_are_those_of_the_code() -> None:
    words = FinanceWords("en")
    line = next(line for line in cash_flow_lines(EVERYTHING, ["arbitrage"]) if line.key == "gross_arbitrage")
    assert words.line(line) == ("Revenue, arbitrage", "Given, VAT included")
    assert words.thing("equity_after_tax") == "Equity flow after income tax"


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ([-100.0, 110.0], "-0.99 与 10 之间使净现值为零的唯一折现率"),
        ([-100.0, 230.0, -132.0], "有 2 个内部收益率，均不能作为内部收益率：0.1, 0.2"),
        ([-1.0, -1.0], "无内部收益率：只有流出"),
        ([0.0, 0.0], "无内部收益率：没有现金流量"),
    ],
)
def test_what_was_found_of_an_irr(flow: list[float], said: str) -> None:
    assert FinanceWords("zh").irr(irr(np.array(flow))) == said
