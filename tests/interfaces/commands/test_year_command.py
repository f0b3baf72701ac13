"""`parkdispatch year` end to end, and the peak that a plan expects of its month."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.studies.demand_peak import month_peaks
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.cases.extreme_limits import NEEDED, NO_COMPARISON
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.files.written_runs import summary
from tests.support.small_case import add, load_mw, pv_mw, replaced, swap, write_case
from tests.support.typed_commands import Run

JULY = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")


def test_year_of_a_small_case(run: Run, tmp_path: Path) -> None:
    text = swap('"load.demand_mw" = { file = "load.csv" }\n', "")
    path = write_case(tmp_path, swap("minutes = 15", "minutes = 60"), swap(PV_FILE, ""), text, add(CLIMATE))
    ran = run("year", path, "--variant", "without_storage", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "Small park: 2026-01-01 to 2026-12-31, 8,760 intervals (variant without_storage)" in ran.out
    figures = summary(tmp_path / "out")
    assert figures["status"] == "optimal"
    assert (figures["saving_yuan"], figures["full_cycles"]) == (0.0, {})
    assert list(figures["peak_mw"]) == [f"2026-{month:02d}" for month in range(1, 13)]
    assert len(pd.read_csv(tmp_path / "out" / "dispatch.csv")) == 8760
    assert "plan.xlsx" not in {path.name for path in (tmp_path / "out").iterdir()}


def test_a_year_that_needs_its_storage_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two days in the place of the year."""
    times = pd.date_range("2026-07-15", periods=48, freq="h")
    monkeypatch.setattr("parkdispatch.inputs.prepare.year_times", lambda _: times)
    ran = run("year", write_case(tmp_path, *HOURLY, NEEDED), "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert NO_COMPARISON in ran.out
    assert "without MW" not in ran.out
    assert summary(tmp_path / "out")["saving_yuan"] is None


@pytest.mark.parametrize(("limit", "expected"), [(150.0, "some"), (115.0, "the same"), (90.0, "none")])
def test_the_peak_to_expect(limit: float, expected: str, tmp_path: Path) -> None:
    """Every day has the load and PV of the small case; 90 MW and 20 MW cannot supply 120 MW."""

    def peak_mw(limit: float) -> float | None:
        rows = [f"{stamp:%Y-%m-%d %H:%M},{load_mw(stamp.hour)},{pv_mw(stamp.hour)}" for stamp in JULY]
        table = "\n".join(["time,load [MW],pv [MW]", *rows]) + "\n"
        path = write_case(
            tmp_path / f"{limit:g}",
            HOURLY[0],
            swap("import_limit_mw = 150.0", f"import_limit_mw = {limit}"),
            swap('{ file = "load.csv" }', '{ file = "load.csv", column = "load" }'),
            replaced("load.csv", table),
            replaced("pv.csv", table),
        )
        return month_peaks(load_case(str(path)), date(2026, 7, 15)).expected_mw.get("grid")

    if expected == "none":
        assert peak_mw(limit) is None
    else:
        # 120 MW stamp 20:00, less the battery's 20 MW: 100 MW; over some hours it can do less
        peak = peak_mw(limit)
        assert peak is not None
        assert 100.0 <= peak < 115.0
        assert peak == pytest.approx(peak_mw(150.0), abs=1e-6)
