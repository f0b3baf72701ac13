"""Case files: what is read, what variants change, and what follows from the whole."""

from datetime import date
from pathlib import Path

import pytest

from parkdispatch.inputs.loader import BUILT_IN, load_case, variants
from parkdispatch.inputs.messages.problem_sentences import silently_converted
from parkdispatch.inputs.schema.case_file import MINUTES, CaseFile
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.models.calendar.quarter_hours import quarters_per_interval
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site
from parkdispatch.models.stores.battery import Battery
from tests.support.small_case import CASE, add, gone, replaced, swap, write_case


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path)))
    assert (case.name, case.title, case.variant) == ("small", "Small park", "")
    assert (case.calendar.year, case.calendar.hours, case.calendar.plan_date) == (
        2026,
        0.25,
        date(2026, 7, 15),
    )
    assert list(case.devices) == ["grid", "load", "pv", "battery_1"]
    assert case.storage == ["battery_1"]
    grid, battery = case.devices["grid"], case.devices["battery_1"]
    assert isinstance(grid, Grid)
    assert grid.limits_mw == (150.0, 40.0)
    assert isinstance(battery, Battery)
    assert (battery.power_mw, battery.soc_max, battery.initial_soc) == (20.0, 0.9, 0.2)
    assert case.tariff.name == "own"
    assert case.series["pv", "available_mw"].column == "pv"
    assert (case.folder, case.file_name) == (tmp_path, "case.toml")


def test_a_folder_stands_for_its_case(tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path).parent)).sha256 == load_case(str(tmp_path / "case.toml")).sha256


def test_the_hash_follows_the_content_not_the_wording(tmp_path: Path) -> None:
    plain = load_case(str(write_case(tmp_path / "a"))).sha256
    assert load_case(str(write_case(tmp_path / "b", add("# a remark\n")))).sha256 == plain
    changed = write_case(tmp_path / "c", swap("soc_max = 0.9", "soc_max = 0.8"))
    assert load_case(str(changed)).sha256 != plain
    assert load_case(str(tmp_path / "a"), "large").sha256 != plain


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_variant_of_the_built_in_cases_is_good(name: str) -> None:
    assert load_case(name).variant == ""
    names = variants(name)
    for variant in names:
        assert load_case(name, variant).variant == variant


def test_a_variant_without_storage_is_the_case_without_it() -> None:
    assert load_case("gaoan", "without_storage").storage == []
    assert load_case("gaoan").without_storage().devices == load_case("gaoan", "without_storage").devices


def test_a_variant_changes_only_what_it_names(tmp_path: Path) -> None:
    path = str(write_case(tmp_path))
    small, large = (load_case(path, variant).devices["battery_1"] for variant in (None, "large"))
    assert isinstance(small, Battery)
    assert large == small.model_copy(update={"power_mw": 40.0, "energy_mwh": 80.0})
    assert list(load_case(path, "without_storage").devices) == ["grid", "load", "pv"]


def test_a_variant_may_add_a_device_and_change_other_tables(tmp_path: Path) -> None:
    battery = '[variant.two.device.battery_2]\nkind = "battery"\npower_mw = 1\nenergy_mwh = 2\n'
    text = f"{battery}[variant.two.calendar]\nminutes = 5\n"
    case = load_case(str(write_case(tmp_path, add(text))), "two")
    assert case.storage == ["battery_1", "battery_2"]
    assert case.calendar.minutes == 5
    assert case.calendar.year == 2026


def test_a_removed_device_takes_its_series_along(tmp_path: Path) -> None:
    """Else the variant without the plant would be told that its series has no device."""
    case = load_case(str(write_case(tmp_path, add('[variant.dark]\nremove = ["pv"]\n'))), "dark")
    assert list(case.series) == [("load", "demand_mw")]
    bare = load_case(str(tmp_path)).with_devices({"load": case.devices["load"]})
    assert list(bare.series) == [("load", "demand_mw")]


def test_names_of_variants(tmp_path: Path) -> None:
    assert variants(str(write_case(tmp_path))) == ["without_storage", "large"]
    assert variants(str(write_case(tmp_path, replaced("case.toml", "variant = 3")))) == []
    with pytest.raises(InputError, match="no such file"):
        variants(str(tmp_path / "none.toml"))


def test_a_fault_of_the_base_is_not_blamed_on_the_variant(tmp_path: Path) -> None:
    path = write_case(
        tmp_path, swap("eta_charge = 0.94", "eta_charge = 94"), swap("power_mw = 40.0", "power_mw = -1")
    )
    with pytest.raises(InputError) as caught:
        load_case(str(path), "large")
    fields = [line.split(" = ")[0] for line in caught.value.problems]
    assert fields == ["`variant.large.device.battery_1.power_mw`", "`device.battery_1.eta_charge`"]


def test_series_may_be_written_without_quotes(tmp_path: Path) -> None:
    """TOML reads load.demand_mw as a table in a table; what is meant is clear."""
    case = load_case(str(write_case(tmp_path, swap('"load.demand_mw"', "load.demand_mw"))))
    assert case.series["load", "demand_mw"].file == "load.csv"


@pytest.mark.parametrize("name", ["my park", "高安陶瓷", "a.b-c_d", "[red]x", "O'Neil"])
def test_names_people_use(name: str, tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path, swap('"small"', f'"{name}"')))).name == name


@pytest.mark.parametrize("minutes", MINUTES)
def test_every_allowed_step_fits_the_quarter_hours_of_tariffs(minutes: int, tmp_path: Path) -> None:
    import pandas as pd

    case = load_case(str(write_case(tmp_path, swap("minutes = 15", f"minutes = {minutes}"))))
    times = pd.date_range("2026-07-15", periods=24 * 60 // minutes, freq=f"{minutes}min")
    assert quarters_per_interval(times, case.calendar.hours) == max(1, minutes // 15)


def test_every_step_that_is_refused_would_not_have_fitted() -> None:
    import pandas as pd

    for minutes in set(range(1, 61)) - set(MINUTES):
        times = pd.date_range("2026-07-15", periods=2, freq=f"{minutes}min")
        try:
            quarters_per_interval(times, minutes / 60)
        except InputError:
            continue
        assert 60 % minutes, f"{minutes} minutes fit and are refused"


def test_a_step_that_is_left_out_is_a_quarter_hour(tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path, swap("minutes = 15\n", "")))).calendar.minutes == 15


def test_the_tariff_lies_beside_the_case_or_where_its_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKDISPATCH_TRUST_PATHS", "1")
    path = write_case(tmp_path / "case", swap('"own.toml"', '"../t.toml"'))
    (tmp_path / "t.toml").write_text((tmp_path / "case" / "own.toml").read_text())
    gone("own.toml")(tmp_path / "case")
    assert load_case(str(path)).tariff.name == "own"


def test_paths_are_not_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path / "case")
    monkeypatch.chdir(tmp_path)
    case = load_case("case/case.toml")
    assert case.series["load", "demand_mw"].path(case.folder) == Path("case/load.csv")
    Path("mine.csv").write_bytes(Path("case/load.csv").read_bytes())
    given = with_overrides(case, load="mine.csv")
    assert given.series["load", "demand_mw"].path(case.folder) == tmp_path / "mine.csv"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = write_case(tmp_path, replaced("case.toml", CASE.encode("utf-8-sig")))
    assert load_case(str(path)).name == "small"


@pytest.mark.parametrize(
    ("longitude_deg", "timezone"),
    [
        (115.2, "Asia/Shanghai"),
        (73.6, "Asia/Shanghai"),  # the west of Xinjiang
        (134.7, "Asia/Shanghai"),
        (-157.4, "Pacific/Kiritimati"),  # the day's date is another, noon is not
        (0.0, "UTC"),
        (-8.5, "Europe/Madrid"),
    ],
)
def test_places_where_people_live_are_allowed(longitude_deg: float, timezone: str) -> None:
    Site(latitude_deg=0, longitude_deg=longitude_deg, timezone=timezone)


def test_what_would_be_converted_in_silence_is_refused() -> None:
    tables = {
        "name": 3,  # pydantic says so itself
        "calendar": {"year": "2026", "minutes": True, "plan_date": 2026},
        "device": {"b": {"power_mw": "1", "soc_min": False, "kind": "battery", "max_cycles_per_day": 2}},
        "weather": {"file": "w", "typical": 1},
        "nonsense": True,
    }
    assert silently_converted(tables, CaseFile, "case") == [
        "`case.calendar.year` = '2026': must be a whole number",
        "`case.calendar.minutes` = true: must be a whole number",
        "`case.calendar.plan_date` = 2026: must be a date such as 2026-01-31",
        "`case.device.b.power_mw` = '1': must be a number or a table of keys and values",
        "`case.device.b.soc_min` = false: must be a number",
        "`case.weather.typical` = 1: must be true or false",
    ]


def test_a_case_reads_its_folder_and_the_data_folders_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case of somebody else's must not have any file of the machine quoted in a message."""
    path = write_case(tmp_path / "case")
    (tmp_path / "data").mkdir()
    (tmp_path / "case" / "load.csv").rename(tmp_path / "data" / "load.csv")
    (tmp_path / "case" / "link.csv").symlink_to(tmp_path / "data" / "load.csv")
    good = path.read_text(encoding="utf-8")
    for file in ("../data/load.csv", "link.csv", str(tmp_path / "data" / "load.csv")):
        path.write_text(good.replace('"load.csv"', f'"{file}"'), encoding="utf-8")
        with pytest.raises(InputError) as refused:
            load_case(str(path))
        (line,) = refused.value.problems
        assert line.startswith(f"`series.\"load.demand_mw\".file` = '{file}': lies outside the folder of")
        monkeypatch.setenv("PARKDISPATCH_DATA", str(tmp_path / "data"))
        assert load_case(str(path)).name == "small"
        monkeypatch.setenv("PARKDISPATCH_DATA", "")
        monkeypatch.setenv("PARKDISPATCH_TRUST_PATHS", "1")
        assert load_case(str(path)).name == "small"
        monkeypatch.delenv("PARKDISPATCH_TRUST_PATHS")
    path.write_text(good.replace('"own.toml"', '"../own.toml"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"`tariff` = '\.\./own\.toml': lies outside the folder"):
        load_case(str(path))


def test_a_built_in_case_may_be_written_with_underscores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless there is a folder of that name."""
    monkeypatch.chdir(tmp_path)
    assert load_case("gaoan_pilot").sha256 == load_case("gaoan-pilot").sha256
    (tmp_path / "gaoan_pilot").mkdir()
    with pytest.raises(InputError, match="the folder has no case.toml"):
        load_case("gaoan_pilot")


def test_the_pilot_s_mills_may_move_two_thirds_of_their_work() -> None:
    """35 % of 1,338,500 MWh a year, a third of it always running, by machines of 1.3 times the mean power."""
    mills = load_case("gaoan-pilot").devices["mills"]
    assert isinstance(mills, ShiftableLoad) and mills.daily_energy_mwh is not None
    mean_mw = mills.daily_energy_mwh / 24
    assert 8760 * mean_mw == pytest.approx(0.35 * 1_338_500, rel=1e-4)
    assert mills.min_power_mw / mean_mw == pytest.approx(1 / 3, abs=0.001)
    assert mills.machines * mills.machine_mw / mean_mw == pytest.approx(1.3, abs=0.01)
