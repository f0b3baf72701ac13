"""Every field of a case file and of a tariff file carries a unit and a sentence that a program can read."""

import math
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from parkdispatch.inputs.messages.allowed_values import bounds, options_of
from parkdispatch.inputs.schema.case_file import CaseFile
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.registry import device_kinds
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.tariff.tariff import Tariff

# numeric defaults of physical or financial meaning whose source the code has always stated
SOURCED = {
    ("Battery", "soc_min"): "industry practice for LFP",
    ("Battery", "fade_per_year"): "BLAST-Lite",
    ("Grid", "sale_price_yuan_per_kwh"): "coal benchmark",
    ("Losses", "soiling"): "PVWatts",
    ("Losses", "ac_wiring"): "assumption",
    ("Pv", "albedo"): "PVWatts",
    ("PvArea", "modules_per_string"): "pilot plan",
    ("Transformers", "back_feed_share"): "usual for PV in China",
    ("Loan", "rate"): "DL/T 2919-2025",
    ("StatedResponse", "price_yuan_per_kwh"): "pilot plan",
    ("Sizing", "co2_t_per_mwh"): "Ministry of Ecology",
}


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The models among the types an annotation is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) is Annotated:
        yield from models_in(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType, tuple, list, dict):
        for member in get_args(kind):
            yield from models_in(member)


def reachable(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and every model below it, each once."""
    result = [model]
    for current in result:
        for field in current.model_fields.values():
            result += [below for below in models_in(field.annotation) if below not in result]
    return result


def declared_fields(model: type[BaseModel]) -> Iterator[tuple[str, str, FieldInfo]]:
    for current in reachable(model):
        for name, field in current.model_fields.items():
            yield current.__name__, name, field


def extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


@pytest.mark.parametrize("model", [CaseFile, Tariff])
def test_every_field_has_a_sentence_and_a_unit(model: type[BaseModel]) -> None:
    bare = [
        f"{table}.{name}"
        for table, name, field in declared_fields(model)
        if not field.description or not extra(field).get("unit")
    ]
    assert bare == []


@pytest.mark.parametrize("model", [CaseFile, Tariff])
def test_sentences_begin_like_a_sentence_and_have_no_full_stop(model: type[BaseModel]) -> None:
    for table, name, field in declared_fields(model):
        sentence = str(field.description)
        assert not sentence[0].islower() and not sentence.endswith("."), f"{table}.{name}: {sentence}"


def test_the_walk_reaches_every_table_of_a_case_file() -> None:
    names = {model.__name__ for model in reachable(CaseFile)}
    assert {"Site", "Calendar", "Climate", "WeatherFile", "SeriesFile", "Sized", "Stop", "Face"} <= names
    assert {"Battery", "Grid", "Load", "Pv", "PvArea", "Losses", "Transformers", "Finance", "Loan"} <= names
    assert {"StatedResponse", "MeteredAbsorption", "Sensitivity", "Calibrated", "WhatIf"} <= names
    assert {"Sizing", "GridRange", "Price", "Offer", "YearlyChanges", "Uncertainty", "AssetClass"} <= names
    assert {"DayTable", "HolidayTable", "Holiday", "VoltageLevel", "DemandRules", "PowerFactorRule"} <= {
        model.__name__ for model in reachable(Tariff)
    }


def test_sources_of_defaults_are_declared() -> None:
    fields = {(table, name): field for table, name, field in declared_fields(CaseFile)}
    for key, source in SOURCED.items():
        assert source in extra(fields[key])["source"], key


def test_declaring_a_field_keeps_its_bounds_and_its_default() -> None:
    schema = TypeAdapter(Battery).json_schema()["properties"]
    assert schema["soc_min"] | {"title": ""} == {
        "default": 0.05,
        "description": Battery.model_fields["soc_min"].description,
        "maximum": 1,
        "minimum": 0,
        "source": "industry practice for LFP",
        "title": "",
        "type": "number",
        "unit": "-",
    }
    assert Finance(investment_yuan=1.0).loan.rate == 0.048


def numbers_in(kind: Any, metadata: tuple[Any, ...] = ()) -> Iterator[dict[str, Any]]:
    """Bounds of each kind of number in an annotation, models left out."""
    for option in options_of(kind, metadata):
        if option.type in (int, float):
            yield bounds([option])
        elif not (isinstance(option.type, type) and issubclass(option.type, BaseModel)):
            for member in get_args(option.type):
                if member is not ...:
                    yield from numbers_in(member)


@pytest.mark.parametrize("model", [CaseFile, Tariff])
def test_every_number_has_a_lower_and_an_upper_limit(model: type[BaseModel]) -> None:
    """1e100 MW is a slip named with its field, not a warning of a library or an exit of the solver."""
    unlimited = [
        f"{owner}.{name}"
        for owner, name, field in declared_fields(model)
        for limits in numbers_in(field.annotation, tuple(field.metadata))
        if not ({"ge", "gt"} & limits.keys() and {"le", "lt"} & limits.keys())
    ]
    assert [name for name in unlimited if name != "Calendar.minutes"] == []  # one of a list


def test_every_series_of_a_device_has_limits() -> None:
    for kind, device in device_kinds().items():
        for name, spec in device.series_specs.items():
            assert math.isfinite(spec.lower) and math.isfinite(spec.upper), f"{kind}.{name}"
