"""Measured values: imported once, corrected by version, of the best quality; nothing is lost or doubled."""

from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_status, ledger_tables
from parkdispatch.operations.ledger.measurements import import_file, measured_values, record_value
from parkdispatch.operations.ledger.quantities import Measured
from parkdispatch.operations.ledger.sites import site_of
from tests.support.ledgers.ledger_cases import DAY, LI, WANG, held, meter_file, new_ledger, small_park

MIDNIGHT = pd.Timestamp(DAY)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return small_park(tmp_path_factory.mktemp("park"))


@pytest.fixture
def ledger(tmp_path: Path, case: Case) -> Ledger:
    return new_ledger(tmp_path / "ledger.sqlite", case)


def in_force(ledger: Ledger, case: Case, name: str = "load", device: str = "load") -> pd.DataFrame:
    with ledger.reading() as connection:
        end = MIDNIGHT + pd.Timedelta(days=1)
        return measured_values(
            connection, site_of(connection, case).number, Measured(name, device), MIDNIGHT, end
        )


def test_a_value_comes_back_to_the_bit(ledger: Ledger, case: Case, tmp_path: Path) -> None:
    values = [0.1 + 0.2, 1 / 3, 1e-300, 99_999.123456789]
    import_file(ledger, case, meter_file(tmp_path / "a.csv", values), ["load"], LI)
    assert in_force(ledger, case)["value"].tolist() == values


def test_the_same_bytes_twice_change_nothing_under_any_name(
    ledger: Ledger, case: Case, tmp_path: Path
) -> None:
    path = meter_file(tmp_path / "a.csv", [1.0, 2.0])
    import_file(ledger, case, path, ["load"], LI)
    before = held(ledger)
    path.rename(tmp_path / "b.csv")
    (again,) = import_file(ledger, case, tmp_path / "b.csv", ["load"], WANG)
    assert again.repeated
    assert held(ledger) == before


def test_a_corrected_value_is_the_next_version_and_the_old_one_stays(
    ledger: Ledger, case: Case, tmp_path: Path
) -> None:
    import_file(ledger, case, meter_file(tmp_path / "a.csv", [1.0, 2.0, 3.0]), ["load"], LI)
    (corrected,) = import_file(
        ledger, case, meter_file(tmp_path / "b.csv", [1.0, 5.0, 3.0, 4.0]), ["load"], WANG
    )
    assert (corrected.added, corrected.corrected, corrected.days) == (1, 1, (DAY,))
    now = in_force(ledger, case)
    assert now["value"].tolist() == [1.0, 5.0, 3.0, 4.0]
    assert now["version"].tolist() == [1, 2, 1, 1]
    tables = ledger_tables(ledger)
    rows = tables["measurement"].sort_values(["begin", "version"])
    assert rows["value"].tolist() == [1.0, 2.0, 5.0, 3.0, 4.0]
    assert rows["delivery_id"].tolist() == [1, 1, 2, 1, 2]
    assert tables["delivery"]["recorded_by"].tolist() == ["Li", "Wang"]


def test_an_old_file_that_comes_again_does_not_undo_a_correction(
    ledger: Ledger, case: Case, tmp_path: Path
) -> None:
    old = meter_file(tmp_path / "a.csv", [1.0])
    import_file(ledger, case, old, ["load"], LI)
    import_file(ledger, case, meter_file(tmp_path / "b.csv", [2.0]), ["load"], LI)
    import_file(ledger, case, old, ["load"], LI)
    assert in_force(ledger, case)["value"].tolist() == [2.0]


def test_an_estimate_never_replaces_what_was_measured(ledger: Ledger, case: Case, tmp_path: Path) -> None:
    import_file(ledger, case, meter_file(tmp_path / "a.csv", [1.0, 2.0]), ["load"], LI, "estimated")
    import_file(ledger, case, meter_file(tmp_path / "b.csv", [3.0]), ["load"], LI)
    (late,) = import_file(ledger, case, meter_file(tmp_path / "c.csv", [9.0, 8.0]), ["load"], LI, "estimated")
    assert (late.kept, late.corrected) == (1, 1)
    now = in_force(ledger, case)
    assert now["value"].tolist() == [3.0, 8.0]
    assert now["quality"].tolist() == ["measured", "estimated"]
    (channel,) = ledger_status(ledger).sites[0].channels
    assert (channel.intervals, channel.corrected, channel.not_measured) == (2, 2, 1)


def test_gaps_between_files_are_counted(ledger: Ledger, case: Case, tmp_path: Path) -> None:
    import_file(ledger, case, meter_file(tmp_path / "a.csv", [1.0, 2.0]), ["load"], LI)
    import_file(ledger, case, meter_file(tmp_path / "b.csv", [3.0], "2026-07-15 02:00"), ["load"], LI)
    assert ledger_status(ledger).sites[0].channels[0].missing == 6


def test_several_columns_come_together_or_not_at_all(ledger: Ledger, case: Case, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("time,load [kW],sun [MW]\n2026-07-15 00:00,1500,2\n2026-07-15 00:15,1600,-1\n")
    columns = ["load=load", "pv=sun"]
    with pytest.raises(InputError, match=r"row 3: sun \[MW\] = -1"):
        import_file(ledger, case, path, columns, LI)
    assert ledger_tables(ledger)["delivery"].empty
    path.write_text("time,load [kW],sun [MW]\n2026-07-15 00:00,1500,2\n2026-07-15 00:15,1600,1\n")
    load, pv = import_file(ledger, case, path, columns, LI)
    assert (load.added, pv.added) == (2, 2)
    assert in_force(ledger, case)["value"].tolist() == [1.5, 1.6]


@pytest.mark.parametrize(
    ("columns", "quality", "said"),
    [
        ([], "measured", "argument `as` is missing"),
        (["lod"], "measured", "did you mean `load`"),
        (["soc:battery_2"], "measured", "must be one of battery_1"),
        (["wind"], "measured", "has 0 devices with wind"),
        (["load", "load:load"], "measured", "load:load is there twice"),
        (["load"], "good", "argument `quality` = good: must be one of measured"),
        (["load=sun"], "measured", "no column 'sun'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    ledger: Ledger, case: Case, tmp_path: Path, columns: list[str], quality: str, said: str
) -> None:
    path, before = meter_file(tmp_path / "a.csv", [1.0]), held(ledger)
    with pytest.raises(InputError, match=said):
        import_file(ledger, case, path, columns, LI, quality)
    assert held(ledger) == before


def test_a_reading_may_be_corrected_and_set_back(ledger: Ledger, case: Case) -> None:
    for value in (0.4, 0.5, 0.5, 0.4):
        record_value(ledger, case, "soc", value, MIDNIGHT, LI)
    now = in_force(ledger, case, "soc", "battery_1")
    assert (now["value"].tolist(), now["version"].tolist()) == ([0.4], [3])
    with pytest.raises(InputError, match="argument `value` = 1.5: must be from 0 to 1"):
        record_value(ledger, case, "soc", 1.5, MIDNIGHT, LI)


def test_many_files_twice(ledger: Ledger, case: Case, tmp_path: Path, imports: int) -> None:
    """`--imports 10000` sets how many; each corrects the one before and adds an interval."""
    path = tmp_path / "a.csv"
    for count in (imports, imports):
        for n in range(count):
            first = MIDNIGHT + n % 90 * pd.Timedelta(minutes=15)
            import_file(
                ledger, case, meter_file(path, [float(n), n + 0.5], str(first)), ["load"], LI, stamps="start"
            )
        rows = ledger_tables(ledger)
        assert len(rows["delivery"]) == imports
        assert len(rows["measurement"]) == 2 * imports
    now = in_force(ledger, case)
    assert len(now) == min(imports, 90) + 1
    last = (imports - 1) % 90
    assert now["value"].iloc[last : last + 2].tolist() == [imports - 1.0, imports - 0.5]
