"""`hedge`: what is read of forecasts and scores, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.models.errors import InputError
from parkdispatch.operations.uncertainty.hedge_request import HedgeRequest, paths_of_day, read_quantiles
from tests.support.typed_commands import Run


def test_everything_out_of_range_is_said_at_once(typed: Run) -> None:
    words = ("--paths", "1", "--cvar-weight", "2", "--cvar-level", "1", "--seed", "-1")
    ran = typed("hedge", "gaoan", "--forecast", "none.csv", *words)
    assert ran.code == 2
    for option in ("--paths", "--cvar-weight", "--cvar-level", "--seed"):
        assert f"`{option}` = " in ran.err


def test_paths_are_those_of_the_file_and_the_scores(tmp_path: Path) -> None:
    """A load whose P10 is its P90 is the same on all paths; its errors in the scores alternate: no memory."""
    case = load_case("gaoan")
    times = day_times(case, case.calendar.plan_date)
    stamps = times.strftime("%Y-%m-%d %H:%M")
    table = pd.DataFrame({f"load_p{level} [MW]": 150.0 for level in (10, 50, 90)}, index=stamps)
    path = tmp_path / "tomorrow.csv"
    table.rename_axis("time").to_csv(path)
    scores = pd.DataFrame({"p10 [MW]": 1.0, "p50 [MW]": 2.0, "p90 [MW]": 3.0, "actual [MW]": [2.5, 1.5] * 48})
    scores.to_csv(tmp_path / "load_forecasts.csv")
    quantiles = read_quantiles(case, path, times)
    paths = paths_of_day(case, quantiles, HedgeRequest(4, scores=tmp_path))
    np.testing.assert_allclose(paths.drawn["load", "demand_mw"], np.full((4, len(times)), 150.0))
    assert paths.correlations == {"load": 0.0}
    with pytest.raises(InputError, match="must be a file of `forecast score`"):
        paths_of_day(case, quantiles, HedgeRequest(4, scores=tmp_path / "none"))
    with pytest.raises(InputError, match="has no value at 2027-01-01 00:00"):
        read_quantiles(case, path, pd.date_range("2027-01-01", periods=4, freq="15min"))


def test_a_file_without_quantiles_is_refused(tmp_path: Path) -> None:
    case = load_case("gaoan")
    path = tmp_path / "tomorrow.csv"
    path.write_text("time,p50 [MW]\n", encoding="utf-8")
    for file in (path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="argument `forecast`"):
            read_quantiles(case, file, day_times(case, case.calendar.plan_date))


@pytest.mark.parametrize("paths", ["1", "201"])
def test_too_few_or_many_paths_of_a_replay_name_its_option(paths: str, typed: Run) -> None:
    """It has no option `--paths`."""
    ran = typed("replay", "--forecast", "learned", "--hedge", paths)
    assert ran.code == 2
    assert "--hedge" in ran.err
    assert "--paths" not in ran.err
