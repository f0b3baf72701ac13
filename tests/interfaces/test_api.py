"""The Python interface: what it gives, that it agrees with the command line, and what it refuses."""

import doctest
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.loader import case_text
from parkdispatch.models import registry
from parkdispatch.studies.reproduction import published_study
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY
from tests.support.increment_cases import COMPUTED
from tests.support.paths import environment
from tests.support.small_case import add, write_case

DAY = "2026-07-15"


@pytest.fixture(scope="module")
def case() -> pdx.Case:
    return pdx.load_case("gaoan")


@pytest.fixture(scope="module")
def tomorrow(case: pdx.Case) -> pdx.Plan:
    return pdx.plan(case, day=DAY, soc=0.4, peak_so_far_mw=171)


def test_a_name_or_a_path_stands_for_a_case(tmp_path: Path, tomorrow: pdx.Plan) -> None:
    """Names and paths are what `load_case` takes; a wrong one is told as there, in every function."""
    named = pdx.plan("gaoan", day=DAY, soc=0.4, peak_so_far_mw=171)
    assert named.cost_yuan == tomorrow.cost_yuan
    path = tmp_path / "none.toml"
    functions: list[Any] = [
        pdx.plan, pdx.year, pdx.replay, pdx.study, pdx.size, pdx.reproduce, pdx.hedge, pdx.forecast,
        pdx.forecast_score,
    ]  # fmt: skip
    needed: dict[Any, dict[str, Any]] = {
        pdx.forecast_score: {"first": DAY, "last": DAY}, pdx.hedge: {"forecast": "tomorrow.csv"},
    }  # fmt: skip
    for function in functions:
        given = needed.get(function, {})
        for name, said in ((path, "none.toml"), ("gaoen", "gaoan"), (None, "NoneType"), (3.0, "float")):
            if function is pdx.reproduce and name is None:
                continue
            with pytest.raises(pdx.InputError, match=said):
                function(name, **given)


def test_everything_public_is_there_and_documented() -> None:
    for name in pdx.__all__:
        value = getattr(pdx, name)
        assert name == "__version__" or value.__doc__, name
    assert set(pdx.__all__) <= set(dir(pdx))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pdx.nothing  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import parkdispatch, sys;"
        " print([m for m in ('numpy', 'pandas', 'pyomo', 'pvlib', 'highspy') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["inputs.case", "interfaces.api.dispatch_api", "models.registry",
                                    "studies.device_conformance"])  # fmt: skip
def test_the_examples_of_the_docstrings_run(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_KINDS", dict(registry.device_kinds()))
    failed, tried = doctest.testmod(import_module(f"parkdispatch.{module}"))
    registry.any_device.cache_clear()
    assert failed == 0 and tried > 0


def test_a_plan_is_what_the_command_prints(tomorrow: pdx.Plan, tmp_path: Path, run: Any) -> None:
    files = tomorrow.write(tmp_path / "api", lang="zh")
    assert files["report.html"].read_text(encoding="utf-8").count('<html lang="zh') == 1
    command = run("plan", "gaoan", "--date", DAY, "--soc", "0.4", "--peak-so-far-mw", "171",
                  "--out", tmp_path / "typed")  # fmt: skip
    assert command.code == 0
    ours = json.loads((tmp_path / "api" / "summary.json").read_text(encoding="utf-8"))
    typed = json.loads((tmp_path / "typed" / "summary.json").read_text(encoding="utf-8"))
    for summary in (ours, typed):
        del summary["timings_s"], summary["peak_memory_mb"]
    assert ours == typed


def test_the_table_and_the_money_of_a_plan(tomorrow: pdx.Plan) -> None:
    table = tomorrow.table
    assert len(table) == 96 and table.index[0] == pd.Timestamp(f"{DAY} 00:00") and table.index.name == "time"
    assert all(name.endswith(("_mw", "_mwh", "_yuan_per_mwh", "_yuan_per_mw_month", "quarter_continues"))
               for name in table.columns)  # fmt: skip
    np.testing.assert_array_equal(table["grid.import_mw"], tomorrow.dataset["grid.import_mw"])
    assert tomorrow.cost_yuan == pytest.approx(tomorrow.dataset.attrs["objective_yuan"])
    assert tomorrow.cost_without_storage_yuan - tomorrow.cost_yuan == pytest.approx(tomorrow.saving_yuan)
    assert tomorrow.proof.gap < 1e-8
    assert tomorrow.bill.index.names == ["connection", "month"]
    assert tomorrow.expected_peaks_mw == {}
    assert {block.action for block in tomorrow.schedule} == {"charge", "discharge"}


def test_a_forecast_in_memory_is_what_it_is_in_a_file(case: pdx.Case, tmp_path: Path) -> None:
    times = pd.date_range(DAY, periods=96, freq="15min")
    load = pd.Series(150.0 + 10 * np.sin(np.arange(96) / 9), index=times)
    path = tmp_path / "load.csv"
    pd.DataFrame({"time": times, "load [MW]": load.to_numpy()}).to_csv(path, index=False)
    given = {"day": DAY, "soc": 0.4, "peak_so_far_mw": 171.0}
    filed = pdx.plan(case, load=path, **given).cost_yuan
    assert pdx.plan(case, load=load, **given).cost_yuan == pytest.approx(filed, abs=1e-3)
    kilowatts = (load * 1000).rename("load [kW]").tz_localize("Asia/Shanghai").tz_convert("UTC")
    assert pdx.plan(case, load=kilowatts, **given).cost_yuan == pytest.approx(filed, abs=1e-3)
    assert pdx.plan(case, load=load + 1.0, **given).cost_yuan > filed + 1000


def test_each_battery_has_a_state_of_its_own(case: pdx.Case) -> None:
    plan = pdx.plan(case, day=DAY, soc={"battery_1": 0.4, "battery_2": 0.35}, peak_so_far_mw=171)
    assert plan.case.devices["battery_1"].initial_soc == 0.4
    assert plan.case.devices["battery_2"].initial_soc == 0.35


ONE_OFFER = """
[finance]
investment_yuan = 8e6
operation_years = 1
depreciation = { all = { share = 1.0, years = 1 } }
loan = { years = 1 }

[sizing]
device = "battery_1"
power_mw = { min = 0.0, max = 5.0, step = 5.0 }
duration_hours = { min = 2.0, max = 4.0, step = 2.0 }
price = { yuan_per_kwh = 200.0 }

[[sizing.offer]]
name = "container"
power_mw = 5.0
energy_mwh = 10.0
yuan_per_wh = 0.2
"""


def without_pv(folder: Path) -> None:
    before, after = (folder / "case.toml").read_text(encoding="utf-8").split("[device.pv]")
    after = after[after.index("[device.battery_1]") :].replace('"pv.available_mw" = ', "# ")
    (folder / "case.toml").write_text(before + after, encoding="utf-8")


def figures(folder: Path) -> Any:
    """A summary without what differs from run to run."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {key: value for key, value in summary.items() if key not in ("timings_s", "peak_memory_mb")}


def test_a_size_is_what_the_command_says(tmp_path: Path, run: Any) -> None:
    path = write_case(tmp_path / "case", HOURLY[0], ENERGY_ONLY, COMPUTED, without_pv, add(ONE_OFFER))
    sized = pdx.size(pdx.load_case(str(path)), only=["offers"])
    sized.write(tmp_path / "api")
    command = run("size", path, "--only", "offers", "--out", tmp_path / "typed")
    assert command.code == 0, command.err
    assert sized.decision() in " ".join(command.out.replace("│", " ").split())
    assert figures(tmp_path / "api") == figures(tmp_path / "typed")
    assert (tmp_path / "api" / "offers.csv").read_bytes() == (tmp_path / "typed" / "offers.csv").read_bytes()


@pytest.mark.parametrize("quick", [False, True])
def test_a_reproduction_asks_what_the_command_asks(
    quick: bool, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same study, plan, factors, parks and years; nothing is computed."""
    questions: list[Any] = []

    def asked(case: pdx.Case, plan: Any, factors: Any, parks: Any, _: Any, only: Any) -> None:
        questions.append((case, plan, factors, parks, only))
        raise pdx.InputError("is asked")

    monkeypatch.setattr(published_study, "reproduce_figures", asked)
    with pytest.raises(pdx.InputError, match="is asked"):
        pdx.reproduce(quick=quick)
    command = run("reproduce", *(["--quick"] if quick else []), "--out", tmp_path)
    assert command.code == 2 and "is asked" in command.err
    assert questions[0] == questions[1]
    assert questions[0][-1] == (() if quick else None)


TIMES = pd.date_range(DAY, periods=96, freq="15min")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"day": "soon"}, "argument `day` = soon: must be a day such as 2026-07-15"),
        ({"day": "2031-07-15"}, "argument `day` = 2031-07-15: must lie in 2026"),
        ({"soc": 40}, "argument `soc`: `device.battery_1.initial_soc` = 40"),
        ({"soc": {"battery_3": 0.4}}, "argument `soc`: battery_3 is no battery of the case"),
        ({"solver": "cplex"}, "argument `solver` = cplex"),
        ({"load": "none.csv"}, "argument `load` = none.csv: no such file"),
        ({"load": pd.Series([1.0])}, "argument `load`: must be indexed by the starts of its intervals"),
        ({"load": pd.Series(1.0, TIMES[1:])}, "argument `load`: must cover 2026-07-15 00:00"),
        ({"load": pd.Series(1.0, TIMES.repeat(2))}, "argument `load`: has 2026-07-15 00:00 twice"),
        ({"load": pd.Series(np.nan, TIMES)}, "argument `load`: at 2026-07-15 00:00: is no number"),
        ({"load": pd.Series(True, TIMES)}, "argument `load`: holds bool, must hold numbers"),
        ({"load": pd.Series(1j, TIMES)}, "argument `load`: holds complex128, must hold numbers"),
        ({"load": pd.Series(1.0, TIMES.insert(9, pd.NaT))}, "argument `load`: has a stamp that is no time"),
        ({"load": [1.0]}, "argument `load`: is a list, must be a file or a pandas Series"),
        ({"day": 20260715}, "argument `day` = 20260715: must be a day such as 2026-07-15"),
        ({"soc": "0.4"}, "`device.battery_1.initial_soc` = '0.4': must be a number"),
        ({"peak_so_far_mw": "171"}, "argument `peak_so_far_mw`: .* = '171': must be a number"),
        ({"time_limit_s": -1.0}, "argument `time_limit_s` = -1: must be a number of seconds above 0"),
        ({"time_limit_s": float("nan")}, "argument `time_limit_s` = nan: must be a number of seconds"),
        ({"threads": 0}, "argument `threads` = 0: must be a whole number, 1 or more"),
        ({"threads": 1.5}, "argument `threads` = 1.5: must be a whole number, 1 or more"),
        ({"pv": pd.Series(1.0, TIMES, name="pv [bar]")}, r"argument `pv`: has the unit \[bar\], must be"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_refused_by_name(case: pdx.Case, given: Any, message: str) -> None:
    with pytest.raises(pdx.InputError, match=message):
        pdx.plan(case, **{"day": DAY, "peak_so_far_mw": 171.0, **given})


def test_a_case_with_other_fields_is_checked_again(case: pdx.Case) -> None:
    smaller = case.with_(battery_1={"power_mw": 15}, finance={"operation_years": 21})
    assert smaller.devices["battery_1"].power_mw == 15 and case.devices["battery_1"].power_mw == 25
    assert smaller.finance is not None and smaller.finance.operation_years == 21
    assert smaller.sha256 != case.sha256
    with pytest.raises(pdx.InputError) as error:
        case.with_(battery_9={"power_mw": 1}, battery_2={"power_mw": -1}, grid={"voltage_kv_level": "x"})
    assert len(error.value.problems) == 3
    with pytest.raises(pdx.InputError, match="`device.load.bus` = 'nowhere': no other device is on it"):
        case.with_(load={"bus": "nowhere"})
    with pytest.raises(pdx.InputError, match="`device.battery_1.power_mw` = '15': must be a number"):
        case.with_(battery_1={"power_mw": "15"})
    with pytest.raises(pdx.InputError, match="`site.timezone` = Europe/Berlin: has summer time in 2026"):
        case.with_(site={"longitude_deg": 13.4, "timezone": "Europe/Berlin"})


class Kiln(pdx.Device):
    """A kiln that may run at any power up to its rating and is paid for what it makes."""

    kind: Literal["kiln"] = "kiln"
    bus: str = "ac"
    most_mw: float = 5.0
    role: ClassVar[Any] = "load"
    words: ClassVar[Any] = {
        "en": {
            "devices": {"kiln": "kiln"},
            "costs": {"product": "product sold"},
            "checks": {"power": "power"},
        },
        "zh": {"devices": {"kiln": "窑炉"}, "costs": {"product": "产品销售"}, "checks": {"power": "功率"}},
    }

    def series(self, park: pdx.Park) -> dict[str, Any]:
        return {}

    def interval(self, block: Any, interval: pdx.Interval) -> pdx.Terms:
        block.power_mw = pyo.Var(bounds=(0, self.most_mw))
        return pdx.Terms({self.bus: -block.power_mw}, {"product": -500.0 * interval.hours * block.power_mw})

    def self_check(self, seen: pdx.Seen) -> dict[str, float]:
        power = seen.values["power_mw"]
        return {"power_mw": float(np.maximum(power - self.most_mw, -power).max())}

    def costs_yuan(self, seen: pdx.Seen) -> dict[str, Any]:
        return {"product": -500.0 * seen.hours * seen.values["power_mw"]}


@pytest.fixture
def kiln(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(registry, "_KINDS", dict(registry.device_kinds()))
    yield pdx.register_device(Kiln)
    registry.any_device.cache_clear()


def test_a_device_of_ones_own_is_planned_from_a_case_file(kiln: Any, tmp_path: Path) -> None:
    assert pdx.check_device(kiln) == []

    text = case_text("gaoan") + '\n[device.kiln]\nkind = "kiln"\nmost_mw = 3.0\n'
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    plan = pdx.plan(pdx.load_case(str(tmp_path)), day=DAY, peak_so_far_mw=171)
    assert plan.table["kiln.power_mw"].max() == pytest.approx(3.0)
    written = plan.write(tmp_path / "out", lang="zh")
    assert "窑炉" in written["report.html"].read_text(encoding="utf-8")


def test_what_is_no_device_is_not_registered() -> None:
    class Nameless(pdx.Device):
        pass

    class Second(pdx.Device):
        kind: Literal["battery"] = "battery"

    for wrong, message in (
        (dict, "must be a subclass"),
        (Nameless, "must have a field such as kind"),
        (Second, "is built in"),
    ):
        with pytest.raises(pdx.InputError, match=message):
            pdx.register_device(wrong)  # type: ignore[type-var]
