"""Errors in plain words: field, value, what is allowed."""

import errno
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from parkdispatch.inputs.messages.problem_sentences import closest, problem_sentences
from parkdispatch.inputs.user_files import read_toml
from parkdispatch.models.errors import InputError


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sized(Strict):
    max: Annotated[float, Field(ge=0)]


class Battery(Strict):
    kind: Literal["battery"] = "battery"
    power_mw: Annotated[float, Field(ge=0)] | Sized
    eta_charge: Annotated[float, Field(gt=0, le=1)] = 0.9
    soc_min: Annotated[float, Field(ge=0, le=1)] = 0.1
    soc_max: Annotated[float, Field(ge=0, le=1)] | None = 0.9
    cycles: int | None = None
    active: bool = True
    tags: tuple[str, ...] = ()
    pair: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=2, max_length=2)] = (0, 1)
    code: Annotated[str, Field(min_length=3)] = "abc"
    built: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Battery":
        if self.soc_max is not None and self.soc_min > self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min:g} is above soc_max\nsecond line")
        return self


class Roof(Strict):
    kind: Literal["roof"]
    tilt_deg: Annotated[float, Field(gt=0, lt=90)]


class Case(Strict):
    name: Annotated[str, Field(min_length=1)]
    device: dict[str, Annotated[Battery | Roof, Field(discriminator="kind")]]


def lines(model: Any, value: Any, prefix: str = "", hint: bool = True) -> list[str]:
    with pytest.raises(pydantic.ValidationError) as caught:
        TypeAdapter(model).validate_python(value)
    return problem_sentences(caught.value, prefix, model if hint else None)


@pytest.mark.parametrize(
    ("given_", "line"),
    [
        ({"eta_charge": 95}, "`b.eta_charge` = 95: must be in (0, 1] (a fraction, not percent: 0.95?)"),
        ({"eta_charge": 0}, "`b.eta_charge` = 0: must be in (0, 1]"),
        ({"eta_charge": 120}, "`b.eta_charge` = 120: must be in (0, 1]"),
        ({"soc_max": 90}, "`b.soc_max` = 90: must be in [0, 1] (a fraction, not percent: 0.9?)"),
        ({"eta_charge": "high"}, "`b.eta_charge` = 'high': must be a number"),
        ({"eta_charge": float("nan")}, "`b.eta_charge` = nan: must be a finite number"),
        ({"power_mw": -2}, "`b.power_mw` = -2: must be 0 or more"),
        ({"power_mw": "x"}, "`b.power_mw` = 'x': must be a number or a table of keys and values"),
        ({"power_mw": {"max": -1}}, "`b.power_mw.max` = -1: must be 0 or more"),
        ({"power_mw": {}}, "`b.power_mw.max` is missing: must be given"),
        ({"cycles": 1.5}, "`b.cycles` = 1.5: must be a whole number"),
        ({"active": "perhaps"}, "`b.active` = 'perhaps': must be true or false"),
        ({"tags": "a"}, "`b.tags` = 'a': must be a list, [...]"),
        ({"tags": ["a", 3]}, '`b.tags[1]` = 3: must be text in quotes, "..."'),
        ({"pair": [1]}, "`b.pair` = [1]: must have at least 2 entries, not 1"),
        ({"pair": [1, 2, 3]}, "`b.pair` = [1, 2, 3]: must have at most 2 entries, not 3"),
        ({"code": "a"}, "`b.code` = 'a': must have at least 3 characters"),
        ({"built": "soon"}, "`b.built` = 'soon': must be a date such as 2026-01-31"),
        ({"kind": "batery"}, "`b.kind` = 'batery': must be 'battery'; did you mean `battery`?"),
        ({"soc_min": 0.95}, "`b.soc_min` = 0.95 is above soc_max"),
    ],
)
def test_line(given_: dict[str, Any], line: str) -> None:
    problems = lines(Battery, {"power_mw": 1} | given_, "b")
    bound = line.replace("must be a finite number", "must be in (0, 1]")  # pydantic may check either first
    assert line in problems or bound in problems, problems


def test_missing_and_unknown_key() -> None:
    problems = lines(Battery, {"power_wm": 3}, "b")
    assert "`b.power_mw` is missing: must be given" in problems
    assert any(
        text.startswith("`b.power_wm` = 3: no such key; did you mean `power_mw`?; known here: kind, ")
        for text in problems
    )


def test_a_missing_table_is_written_out() -> None:
    class Plant(BaseModel):
        site: Roof
        device: dict[str, Roof]
        ratios: dict[str, float]
        name: str

    assert lines(Plant, {}) == [
        "`site` is missing: must be given, a table [site]",
        "`device` is missing: must be given, tables such as [device.NAME]",
        "`ratios` is missing: must be given, a table [ratios]",
        "`name` is missing: must be given",
    ]


def test_list_short_only_because_members_failed() -> None:
    assert lines(Battery, {"power_mw": 1, "pair": [1, -1]}, "b") == ["`b.pair[1]` = -1: must be 0 or more"]


def test_every_line_of_a_validator_is_a_problem() -> None:
    problems = lines(Battery, {"power_mw": 1, "soc_min": 0.95}, "b")
    assert problems == ["`b.soc_min` = 0.95 is above soc_max", "`b`: second line"]


def test_unions_are_named_by_the_users_path() -> None:
    devices = {
        "a": {"kind": "rouf"},
        "b": {"kind": "roof", "tilt_deg": 95, "tilt": 3},
        "c": {"tilt_deg": 3},
        "d d": {"kind": "battery", "power_mw": 1, "eta_charge": 95},
        "e": 3,
    }
    problems = lines(Case, {"name": "", "device": devices})
    assert problems == [
        "`name` = '': must not be empty",
        "`device.a.kind` = 'rouf': must be one of battery, roof; did you mean `roof`?",
        "`device.b.tilt_deg` = 95: must be in (0, 90)",
        "`device.b.tilt` = 3: no such key; did you mean `tilt_deg`?; known here: kind, tilt_deg",
        "`device.c.kind` is missing: must be given, one of battery, roof",
        '`device."d d".eta_charge` = 95: must be in (0, 1] (a fraction, not percent: 0.95?)',
        "`device.e` = 3: must be a table of keys and values",
    ]


def test_without_the_model_the_lines_still_name_field_and_value() -> None:
    problems = lines(Battery, {"power_mw": 1, "eta_charge": 95, "colour": "red"}, "b", hint=False)
    assert "`b.eta_charge` = 95: must be 1 or less (a fraction, not percent: 0.95?)" in problems
    assert "`b.colour` = 'red': no such key" in problems


def test_long_values_are_shortened() -> None:
    (problem,) = lines(Battery, {"power_mw": 1, "eta_charge": "x" * 500})
    assert len(problem) < 120


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Battery.model_fields, *Roof.model_fields, "max", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(value=json)
def test_no_input_breaks_the_explanation(value: Any) -> None:
    models: tuple[Any, ...] = (Battery, Case, Annotated[Battery | Roof, Field(discriminator="kind")])
    for model in models:
        try:
            TypeAdapter(model).validate_python(value)
        except pydantic.ValidationError as error:
            for known in (model, None):
                problems = problem_sentences(error, "p", known)
                assert problems
                assert all("`p" in line for line in problems)


def test_closest() -> None:
    assert closest("Peak", ["peak", "valley"]) == "; did you mean `peak`?"
    assert closest("zzz", ["peak"]) == ""


# --- TOML files


def read(tmp_path: Path, raw: bytes) -> dict[str, Any]:
    file = tmp_path / "case.toml"
    file.write_bytes(raw)
    return read_toml(file)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a = 1\nb = = 2\n", ["line 2, column 5", "not TOML"]),
        (b"a = 1\na = 2\n", ["line 2", "not TOML"]),
        (b'a = "', ["not TOML"]),
        ('a = 1\nb = "高安"\n'.encode("gbk"), ["line 2", "UTF-8", "GBK"]),
        ("a = 1\n".encode("utf-16"), ["UTF-8", "UTF-16"]),
        (b"a = 1\nb = \xff\n", ["line 2", "UTF-8"]),
    ],
)
def test_what_is_wrong_with_a_file(raw: bytes, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, raw)
    assert all(word in str(caught.value) for word in ["case.toml", *words]), str(caught.value)


def test_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert read(tmp_path, 'a = "高安"\n'.encode("utf-8-sig")) == {"a": "高安"}


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gaoan.toml").write_text("")
    with pytest.raises(InputError, match=r"gaoam\.toml: no such file; did you mean `gaoan\.toml`"):
        read_toml(tmp_path / "gaoam.toml")
    with pytest.raises(InputError, match="no such file"):
        read_toml(tmp_path / "nowhere" / "a.toml")
    with pytest.raises(InputError, match="directory"):
        read_toml(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(Path("a\0b"))

    def denied(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_toml(tmp_path / "gaoan.toml")
