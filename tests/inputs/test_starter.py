"""`init`: a folder that works as it is, or nothing at all."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from parkdispatch.inputs import starter
from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.prepare import day_times, prepare, year_times
from parkdispatch.inputs.starter import write_starter
from parkdispatch.models.errors import InputError

TEXTS = {"case.toml": "a", "load.csv": "b", "pv.csv": "c"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter") / "my works"
    assert [path.name for path in write_starter(folder)] == list(TEXTS)
    return folder


def test_what_is_written_is_a_good_case_with_series_of_its_own(folder: Path) -> None:
    case, built_in = load_case(str(folder)), load_case("gaoan")
    assert case.name == "my works"
    assert case.devices == built_in.devices
    assert set(case.series) == {("load", "demand_mw"), ("pv", "available_mw")}
    starter_inputs, built_in_inputs = prepare(case, year_times(case)), prepare(built_in, year_times(built_in))
    for key in case.series:
        assert (
            np.abs(starter_inputs.series[key] - built_in_inputs.series[key]).max() <= 5.1e-5
        )  # written with four decimals


def test_the_series_are_read_and_not_made_again(folder: Path) -> None:
    """Else what the user edits there would have no effect."""
    text = (folder / "load.csv").read_text(encoding="utf-8")
    first = text.splitlines()[1]
    (folder / "load.csv").write_text(text.replace(first, first.split(",")[0] + ",77.5"), encoding="utf-8")
    case = load_case(str(folder))
    assert prepare(case, day_times(case, date(2026, 1, 1))).series["load", "demand_mw"][0] == 77.5
    (folder / "load.csv").write_text(text, encoding="utf-8")


def test_the_comments_travel_along(folder: Path) -> None:
    text = (folder / "case.toml").read_text(encoding="utf-8")
    assert text.count("assumption") > 10
    assert "\n[series]\n" in text


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "_texts", lambda _: dict(TEXTS))


@pytest.mark.usefixtures("quick")
def test_an_empty_folder_is_taken_and_parents_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "a" / "b"):
        assert [path.read_text() for path in write_starter(place)] == list(TEXTS.values())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("place", ["full", "full/note.txt", "full/note.txt/below", "x" * 300, "a\0b"])
def test_places_that_cannot_be_taken(place: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(InputError, match="`FOLDER` = .*(new or empty|cannot be written)"):
        write_starter(tmp_path / place)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "note.txt"]
    assert (tmp_path / "full" / "note.txt").read_text() == "mine"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_nothing_behind(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        (tmp_path / "new").mkdir()
    write = Path.write_text

    def until_full(path: Path, text: str, **options: str) -> int:
        if path.name == "pv.csv":
            write(path, text[:1])
            raise OSError(28, "No space left on device")
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", until_full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_starter(tmp_path / "new")
    assert [path.name for path in tmp_path.rglob("*")] == (["new"] if there else [])


@pytest.mark.parametrize(
    ("folder_name", "name"),
    [
        ("works", "works"),
        ("高安 2", "高安 2"),
        ('a:b"c\\d*', "abcd"),
        ("x" * 100, "x" * 60),
        ('"', "my-park"),
        ("...", "my-park"),
        ("new\nline", "newline"),
    ],
)
def test_the_case_is_named_after_its_folder(folder_name: str, name: str, tmp_path: Path) -> None:
    from tests.support.small_case import swap, write_case

    assert starter._name(tmp_path / folder_name) == name
    assert load_case(str(write_case(tmp_path, swap('"small"', f'"{name}"')))).name == name


def test_its_climate_may_be_replaced_by_a_file(tmp_path: Path) -> None:
    """What its sensitivities and doubts say of the climate cannot matter: a warning, not an error."""
    path = tmp_path / "case.toml"
    head, _, rest = case_text("gaoan").partition("\n[weather]")
    tail = rest[rest.index("\n[device") :]
    path.write_text(f'{head}\n[weather]\nfile = "w.epw"\n{tail}', encoding="utf-8")
    case = load_case(str(path))
    reason = "cannot matter, because `weather` is a file and no statistics of a climate"
    assert [line for line in case.warnings if line.endswith(reason)] == [
        f"`sensitivity` 'irradiation, MJ/m² a year': {reason}",
        f"`sizing.doubt` 'weather year': {reason}",
        f"`sizing.doubt` 'irradiation, MJ/m² a year': {reason}",
    ]
    path.write_text(
        path.read_text(encoding="utf-8").replace("weather.seed", "weather.sead"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"`weather.sead`: no such field"):
        load_case(str(path))
