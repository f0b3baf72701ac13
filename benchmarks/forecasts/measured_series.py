"""Score day-ahead forecasts on two measured series, those of `docs/theory/forecasts.md`.

    python -m benchmarks.forecasts.measured_series FOLDER

FOLDER holds `load/steel_plant_15min_2018.csv` (a steel works, UCI Machine Learning Repository 851, CC BY 4.0)
and `pv15min/site5_110MW_15min_2019_2020.csv` (a PV plant of 110 MW, Chen and Xu 2022, Scientific Data 9, 577,
CC BY 4.0). Neither is part of the program. They are written as the program reads histories and scored by
`parkdispatch forecast score`: the last half year of each, then as long as there is a history before, every
day from what came before it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

STEP = pd.Timedelta(minutes=15)
QUARTERS_PER_HOUR = 4
# solar noon and the length of days place the PV plant here
PV_SITE = {"latitude_deg": "29.0", "longitude_deg": "112.5"}


def load_table(path: Path) -> pd.DataFrame:
    """Load [kW] of the steel works by the starts of intervals.

    Its stamps are the ends, day first, and midnight is written as 0:00 of the day that ends.
    """
    table = pd.read_csv(path)
    ends = pd.to_datetime(table["date"], format="%d/%m/%Y %H:%M")
    midnight = ends == ends.dt.normalize()
    starts = ends.where(~midnight, ends + pd.Timedelta(days=1)) - STEP
    return named("load [kW]", table["usage_kwh"] * QUARTERS_PER_HOUR, starts)


def pv_table(path: Path) -> pd.DataFrame:
    """Output [MW] of the PV plant; what it draws by night is no output."""
    table = pd.read_csv(path)
    return named("pv [MW]", table["power_mw"].clip(lower=0.0), pd.to_datetime(table["time"]))


def named(header: str, values: pd.Series, starts: pd.Series) -> pd.DataFrame:
    """A table with a column of times that rise by a quarter-hour."""
    index = pd.DatetimeIndex(starts, name="time")
    if not (index[1:] - index[:-1] == STEP).all():
        raise SystemExit(f"{header}: the stamps do not rise by a quarter-hour")
    return pd.DataFrame({header: values.to_numpy()}, index=index.strftime("%Y-%m-%d %H:%M").rename("time"))


def case_at(folder: Path, environment: dict[str, str]) -> Path:
    """A case file at the place of the PV plant."""
    subprocess.run(
        [sys.executable, "-m", "parkdispatch", "init", str(folder)], check=True, env=environment,
        capture_output=True,
    )  # fmt: skip
    path = folder / "case.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for field, value in PV_SITE.items():
        lines = [f"{field} = {value}" if line.startswith(f"{field} =") else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main(data: Path) -> None:
    """Score both, and print what the command prints."""
    environment = {**os.environ, "COLUMNS": "110", "PYTHONUTF8": "1"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load_table(data / "load" / "steel_plant_15min_2018.csv").to_csv(folder / "load.csv")
        pv_table(data / "pv15min" / "site5_110MW_15min_2019_2020.csv").to_csv(folder / "pv.csv")
        case = case_at(folder / "park", environment)
        for words in (
            ["--load-history", "load.csv", "--from", "2018-07-01", "--holidays", "KR"],
            ["--pv-history", "pv.csv", "--from", "2020-07-01", "--pv-capacity", "110"],
            # a year, and as much of the works' only year as their first 112 days of history leave
            ["--load-history", "load.csv", "--from", "2018-04-23", "--holidays", "KR"],
            ["--pv-history", "pv.csv", "--from", "2020-01-01", "--pv-capacity", "110"],
        ):
            command = [sys.executable, "-m", "parkdispatch", "forecast", "score", str(case), *words]
            out = str(folder / "_".join(words[:4]).replace("-", ""))
            run = subprocess.run(
                [*command, "--out", out], check=True, env=environment, cwd=folder, capture_output=True,
                encoding="utf-8",
            )  # fmt: skip
            kept = [line.rstrip() for line in run.stdout.splitlines() if out not in line]
            sys.stdout.write(" ".join(["$ parkdispatch forecast score case.toml", *words]) + "\n")
            sys.stdout.write("\n".join(kept) + "\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
