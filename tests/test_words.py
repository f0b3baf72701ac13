"""Every word a reader sees, in both languages: none missing, and nothing English left on a Chinese page."""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import made, report
from test_report import Reader, data_of

from models.battery import Battery
from models.device import Seen
from results.names import check_label, device_label
from results.page import LANGS, load_words
from results.sentences import proof_sentence

FILES = sorted(
    file.name.removesuffix(".en.toml")
    for file in (resources.files("results") / "templates").iterdir()
    if file.name.endswith(".en.toml")
)
# what is the same in every language: units, names of programs, of the case, of files and of the bus
SAME = {
    "MW", "MWh", "GWh", "kWh", "kW", "kVA", "ac", "sha256", "gaoan", "Asia", "Shanghai", "JavaScript",
    "parkdispatch", "python", "pyomo", "highspy", "pvlib", "pandas", "numpy", "scipy", "xarray", "pydantic",
}  # fmt: skip


def leaves(words: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, word in words.items():
        if isinstance(word, dict):
            yield from leaves(word, f"{path}{key}.")
        else:
            yield path + key, word


def english(text: str) -> set[str]:
    """Words of Latin letters that are not the same in every language."""
    return set(re.findall(r"[A-Za-z]\w+", re.sub(r"\{\w*[^}]*\}|%-?[a-zA-Z]", " ", text))) - SAME


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
        if key not in ("lang", "script.locale"):
            assert not english(str(word)) - {"Pyomo"}, f"{key} = {word}"


@pytest.mark.parametrize("kind", ["day", "year"])
def test_nothing_english_is_on_a_chinese_page(kind: Any) -> None:
    """But for what the case file's author wrote, which is quoted."""
    run, facts = made(kind)
    html = report(kind, "zh")
    reader = Reader(html)
    told = [re.sub(r"\b[0-9a-f]{64}\b", "", unescape(text)).strip() for text in reader.text]
    told += [value or "" for _, tags in reader.tags for key, value in tags.items() if key == "aria-label"]
    data = data_of(html)
    parts = [data[part] for part in ("devices", "storage", "prices", "curtailed")]
    labels = [str(one.get(key, "")) for part in parts for one in part for key in ("label", "up", "down")]
    figures = [text for one in data["figures"] for text in (*one["labels"], one["unit"])]
    tariff = run.case.tariff
    quoted = {facts.title, tariff.title or tariff.name, *tariff.sources, *facts.assumptions}
    found = {}
    for text in [*told, *labels, *figures, *data["periods"]["names"]]:
        if not any(text.endswith(one) or text.startswith(one) for one in quoted) and english(text):
            found[text] = english(text)
    assert len(told) > 200
    assert found == {}


def test_every_check_of_the_audit_has_a_word() -> None:
    words = load_words("zh")
    battery = Battery(
        power_mw=4.0, energy_mwh=8.0, min_charge_mw=1.0, min_discharge_mw=1.0, max_cycles_per_day=1
    )
    times = pd.date_range("2026-07-15", periods=2, freq="h")
    still = Seen(
        times=times,
        hours=1.0,
        values={name: np.zeros(2) for name in ("charge_mw", "discharge_mw", "energy_mwh")},
        shared={},
        injection={battery.bus: np.zeros(2)},
    )
    run, _ = made("day")
    rules = {*run.summary.audit.residuals, *(f"battery_1.{rule}" for rule in battery.self_check(still))}
    assert {"battery_1.min_charge_mw", "battery_1.cycles_per_day_mwh", "grid.peak_is_highest_mw"} <= rules
    for name in rules:
        assert not english(check_label(name, words)), name


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
    assert device_label("pv (ac)", words) == "光伏 (ac)"
    assert device_label("north_roof", words) == "north roof"
    assert device_label("battery_2", load_words("en")) == "battery 2"
