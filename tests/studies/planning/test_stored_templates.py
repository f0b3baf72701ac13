"""Templates in the cache folder: what is read is what was compiled, and reading runs no other code."""

import itertools
import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import numpy as np
import pytest

from parkdispatch.inputs.cache.cache_folder import SUFFIX, VARIABLE, entries, write_entry
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Device
from parkdispatch.models.loads.load import Load
from parkdispatch.models.vocabulary import DailyWindow, TimeSpan
from parkdispatch.optimizer.formulation.template import PeriodTotal, Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.studies.planning import stored_templates
from parkdispatch.studies.planning.stored_templates import stored_template


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(stored_templates, "MOST", 8)
    monkeypatch.setattr(stored_templates, "_asked", itertools.count())
    return tmp_path / "kept"


def found(devices: Mapping[str, Device], hours: float = 0.25) -> Template:
    """The template of devices, which is stored, and is not to be compiled."""

    def not_compiled(*_: object) -> Template:
        raise AssertionError("it is stored")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_templates, "compiled_template", not_compiled)
        return stored_template(devices, hours)


@pytest.mark.parametrize("name", ["gaoan", "gaoan-pilot"])
def test_what_is_found_is_what_was_compiled_to_the_last_bit(name: str, folder: Path) -> None:
    devices = load_case(name).devices
    compiled, again = stored_template(devices, 0.25), found(devices)
    for field, value in vars(compiled).items():
        if field != "coefficients":
            assert getattr(again, field) == value, field
    assert again.coefficients.tobytes() == compiled.coefficients.tobytes()
    assert again.coefficients.shape == compiled.coefficients.shape
    assert len(entries(folder)) == 1


def test_totals_of_own_windows_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window across midnight and a span of dates are no words of the calendar."""
    devices = load_case("gaoan").devices
    spans = (DailyWindow(time(22), time(6)), TimeSpan(datetime(2026, 4, 30, 18), datetime(2026, 5, 1)))
    totals = [
        PeriodTotal(("load", "work"), per=span, body=0, lower=None, upper=1, before=None) for span in spans
    ]
    compiled = replace(compile_template(devices, 0.25), totals=totals)
    monkeypatch.setattr(stored_templates, "compiled_template", lambda *_: compiled)
    stored_template(devices, 0.25)
    assert found(devices).totals == totals


def test_another_field_or_length_is_another_template(folder: Path) -> None:
    devices = load_case("gaoan").devices
    worse = {**devices, "battery_1": devices["battery_1"].model_copy(update={"eta_charge": 0.9})}
    for number, (kinds, hours) in enumerate(((devices, 0.25), (worse, 0.25), (devices, 0.5)), start=1):
        stored = stored_template(kinds, hours)
        np.testing.assert_array_equal(stored.coefficients, compile_template(kinds, hours).coefficients)
        assert len(entries(folder)) == number


def test_a_title_makes_no_other_template() -> None:
    devices = load_case("gaoan").devices
    stored_template(devices, 0.25)
    named = {**devices, "battery_1": devices["battery_1"].model_copy(update={"title": "the first"})}
    found(named)


def test_devices_of_the_users_own_are_compiled_each_time(folder: Path) -> None:
    """Their code may change, and their fields stay as they are."""

    class Doubled(Load):
        pass

    devices = {**load_case("gaoan").devices, "load": Doubled()}
    stored_template(devices, 0.25)
    assert not entries(folder)


def test_a_process_stores_its_first_templates_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_templates, "MOST", 2)
    devices = load_case("gaoan").devices
    for hours in (0.25, 0.5, 1.0):
        stored_template(devices, hours)
    assert len(entries(folder)) == 2


class Harmful:
    """What runs code when it is read by `pickle.load`."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code of a file was run')",)


def test_a_file_runs_no_code_and_is_made_anew(folder: Path) -> None:
    devices = load_case("gaoan").devices
    compiled = stored_template(devices, 0.25)
    (path,) = entries(folder)
    write_entry(path.name.removesuffix(SUFFIX), pickle.dumps(Harmful()))
    np.testing.assert_array_equal(stored_template(devices, 0.25).coefficients, compiled.coefficients)
    found(devices)
