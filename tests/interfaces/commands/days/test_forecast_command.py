"""`forecast` and `forecast score` as they are typed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.series.series_file import read_series
from parkdispatch.inputs.series.series_reading import ReadingOptions
from parkdispatch.models.device import power_spec
from parkdispatch.operations.forecasting import quantile_model
from tests.support.typed_commands import Run, typed_by

DAYS = 116


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(quantile_model, "TREES", 8)  # quick to fit
    return typed_by(monkeypatch, capsys)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A load of four months to 2026-04-26, with a rhythm of the day and noise."""
    times = pd.date_range(end="2026-04-26 23:45", periods=96 * DAYS, freq="15min")
    noise = np.random.default_rng(0).normal(0.0, 4.0, len(times))
    load = 100.0 + 30.0 * np.sin(2 * np.pi * times.hour / 24.0) + noise
    path = tmp_path_factory.mktemp("history") / "load.csv"
    table = pd.DataFrame({"load [MW]": load}, index=times.strftime("%Y-%m-%d %H:%M"))
    table.rename_axis("time").to_csv(path)
    return path


def test_a_plan_reads_what_a_forecast_wrote(typed: Run, history: Path, tmp_path: Path) -> None:
    out = tmp_path / "tomorrow.csv"
    ran = typed("forecast", "gaoan", "--load-history", history, "--out", out)
    assert ran.code == 0
    assert "load of 2026-04-27, issued 2026-04-26 14:00" in " ".join(ran.out.split())
    assert f"--load {out} --load-column p50" in ran.out
    table = pd.read_csv(out)
    assert list(table.columns) == ["time", "p10 [MW]", "p50 [MW]", "p90 [MW]"]
    assert len(table) == 96
    times = pd.date_range("2026-04-27", periods=96, freq="15min")
    column = ReadingOptions(column="p50")  # as `plan --load-column p50` reads it
    assert (
        read_series(out, power_spec("Load"), times, 0.25, column).values.tolist()
        == table["p50 [MW]"].tolist()
    )
    again = typed("forecast", "--load-history", history, "--out", out, "--lang", "zh")
    assert again.code == 0
    assert "2026-04-27 负荷预测" in again.out
    made = pdx.forecast(pdx.load_case("gaoan"), load=history)
    assert made.tables["load"]["p50"].to_numpy() == pytest.approx(table["p50 [MW]"].to_numpy(), abs=1e-6)


def test_scores_are_printed_and_written(typed: Run, history: Path, tmp_path: Path) -> None:
    out = tmp_path / "score"
    ran = typed(
        "forecast", "score", "--load-history", history, "--from", "2026-04-25", "--out", out, "--lang", "zh"
    )
    assert ran.code == 0
    assert "持续法" in ran.out
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    methods = summary["scores"]["load"]["methods"]
    assert methods["forecast"]["pinball_mw"] < methods["persistence"]["pinball_mw"]
    table = pd.read_csv(out / "load_forecasts.csv")
    assert list(table.columns) == ["time", "actual [MW]", "p10 [MW]", "p50 [MW]", "p90 [MW]"]
    assert len(table) == 2 * 96


def test_everything_wrong_is_said_at_once(typed: Run, history: Path, tmp_path: Path) -> None:
    ran = typed(
        "forecast", "--load-history", history, "--for", "July", "--issued", "25:00", "--column", "heat=x"
    )
    assert ran.code == 2
    for said in ("`--for` = July", "`--issued` = 25:00", "`--column` = heat=x"):
        assert said in ran.err
    ran = typed("forecast", "--load-history", tmp_path / "no.csv", "--holidays", "XX", "--pv-capacity", "-3")
    assert ran.code == 2
    for said in ("no.csv: no such file", "`--holidays` = XX", "`--pv-capacity` = -3"):
        assert said in ran.err
    other = tmp_path / "mine.csv"
    other.write_text("mine", encoding="utf-8")
    ran = typed("forecast", "--load-history", history, "--out", other)
    assert ran.code == 2
    assert "is there and no forecast" in ran.err
    assert other.read_text(encoding="utf-8") == "mine"


def test_a_short_history_is_refused_by_name(typed: Run, history: Path, tmp_path: Path) -> None:
    ran = typed("forecast", "--load-history", history, "--for", "2026-04-20")
    assert ran.code == 2
    assert "`--load-history`: begins 2026-01-01 00:00: must begin 2025-12-29 00:00 or before" in ran.err
    assert typed("forecast", "--ledger", tmp_path / "none.sqlite").code == 2
    assert "no history" in typed("forecast", "gaoan").err


def test_a_missing_library_is_named(
    typed: Run, history: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from parkdispatch.operations.forecasting import forecast_extra

    monkeypatch.setattr(forecast_extra, "LEARNING_LIBRARIES", ("no_such_library",))
    ran = typed("forecast", "--load-history", history, "--out", tmp_path / "x.csv")
    assert ran.code == 2
    assert "a forecast needs no_such_library" in ran.err
    assert "parkdispatch[forecast]" in ran.err


def test_a_ledger_says_what_its_files_said(typed: Run, history: Path, tmp_path: Path) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    assert typed("ledger", "init", "gaoan", "--ledger", ledger, "--by", "me").code == 0
    assert typed("ledger", "import", history, "--as", "load", "--ledger", ledger, "--by", "me").code == 0
    for words, name in (
        (["--ledger", ledger], "from_ledger.csv"),
        (["--load-history", history], "from_file.csv"),
    ):
        assert typed("forecast", "gaoan", *words, "--out", tmp_path / name).code == 0
    assert (tmp_path / "from_ledger.csv").read_bytes() == (tmp_path / "from_file.csv").read_bytes()
