"""The screen of a park with devices of every role, as it is told in both languages."""

import io
import re
from typing import Any, Literal

import pytest
from rich.console import Console

from parkdispatch.interfaces.translations.screens import localized
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.results.console.dispatch_screen import show_year
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import failed_lines
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.network.bus_energies import bus_energies_mwh
from parkdispatch.results.views.report_tables import energies
from parkdispatch.results.wording.words import load_words
from tests.support.reports.works import worked

Lang = Literal["en", "zh"]
languages = pytest.mark.parametrize("lang", ["en", "zh"])


class Screen(Console):
    """A console that says what it prints in the language of the screen, as that of the commands does."""

    def print(self, *printed: Any, **options: Any) -> None:
        super().print(*(localized(part, SCREEN_LANG.get()) for part in printed), **options)


def screen_of_works(lang: Lang) -> str:
    """The screen of `year` for the works' day."""
    run, _ = worked()
    out = io.StringIO()
    token = SCREEN_LANG.set(lang)
    try:
        show_year(Screen(file=out, width=160), run.case, run.solution, run.summary, run.timings_s, run.model)
    finally:
        SCREEN_LANG.reset(token)
    return out.getvalue()


@languages
def test_energies_are_those_of_the_page(lang: Lang) -> None:
    """`feeder load_loss -0.001` and `polishing step_0_shed` stood where the page says what it is."""
    run, facts = worked()
    words, text = load_words(lang, devices=run.case.devices), screen_of_works(lang)
    by_carrier = energies(run.solution, run.case, facts.energy_mwh, words)
    assert set(by_carrier) == {"electricity", "heat"}
    for carrier, rows in by_carrier.items():
        assert re.search(rf"^{words['carriers'][carrier]['energy']} *$", text, re.MULTILINE)
        for label, mwh in rows:
            assert re.search(rf"^ {re.escape(label)} +{mwh / 1000:z,.3f} *$", text, re.MULTILINE), label


@languages
def test_no_key_of_the_model_is_on_the_screen(lang: Lang) -> None:
    """Names of variables, buses of balances and units that end a name, such as `balance.10kV_mw`."""
    run, _ = worked()
    named = set(run.case.devices)
    keys = set(re.findall(r"\b[a-z0-9]+(?:[_.][A-Za-z0-9]+)*_[a-z0-9]+\b", screen_of_works(lang)))
    assert keys <= named


@languages
def test_each_voltage_has_a_row_of_energies(lang: Lang) -> None:
    """`10kV` and `400V`, with the energy of the transformers between them in both."""
    run, _ = worked()
    rows = re.findall(r"^ (10kV|400V) +(.*)$", screen_of_works(lang), re.MULTILINE)
    energies_mwh = bus_energies_mwh(run.solution, run.case)
    assert {bus for bus, _ in rows} == set(energies_mwh)
    for bus, cells in rows:
        assert f"{energies_mwh[bus]['network'] / 1000:z,.3f}" in cells.split()


def test_nothing_english_is_left_on_the_chinese_screen() -> None:
    """But for names without a title, and units."""
    allowed = {"offices", "drying", "kV", "V", "MW", "GWh", "HiGHS", "e", "s", "t"}
    assert set(re.findall(r"[A-Za-z]+", screen_of_works("zh"))) - allowed == set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            InputError(["`device.pv.areas` is missing: must be given", "`site` is missing: must be given"]),
            "首条信息：`device.pv.areas` 缺失：须给出\n`site` 缺失：须给出",
        ),
        (InfeasibleError("no plan meets all limits"), "首条信息：没有计划能满足全部限值"),
    ],
)
def test_the_message_of_a_failed_day_is_in_the_language_of_the_screen(error: Any, said: str) -> None:
    """All of its lines; what came after `首条信息：` stayed English."""
    token = SCREEN_LANG.set("zh")
    try:
        *_, line = failed_lines([FailedTask.of("days", error, name="2026-02-05")], {"days": 365}, 2026)
    finally:
        SCREEN_LANG.reset(token)
    assert localized(line, "zh") == said
