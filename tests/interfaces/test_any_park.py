"""`plan` of parks that lack one kind of device or another: solved and written, or infeasible in words."""

from itertools import combinations
from pathlib import Path

import pytest

from tests.support.small_case import CASE, FILES
from tests.support.typed_commands import Run

KINDS = ("grid", "load", "pv", "battery_1")
PARKS = [kept for size in range(1, len(KINDS) + 1) for kept in combinations(KINDS, size)]
CANNOT_RUN = ({"load"}, {"load", "pv"}, {"load", "battery_1"}, {"load", "pv", "battery_1"})


def park_of(folder: Path, kept: tuple[str, ...]) -> Path:
    """The small park with some of its devices."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    removed = [name for name in KINDS if name not in kept]
    series = [line for line in CASE.splitlines() if not line.startswith(tuple(f'"{n}.' for n in removed))]
    variant = f"\n[variant.some]\nremove = {removed}\n"
    (folder / "case.toml").write_text("\n".join(series) + variant, encoding="utf-8")
    return folder / "case.toml"


@pytest.mark.parametrize("kept", PARKS, ids="-".join)
def test_a_day_of_any_park(kept: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    peak = ("--peak-so-far-mw", 100) if "grid" in kept else ()
    out = tmp_path / "out"
    ran = run("plan", park_of(tmp_path, kept), "--variant", "some", *peak, "--out", out)
    if set(kept) in CANNOT_RUN or kept == ("battery_1",):  # auxiliary power with nothing to give it
        assert ran.code == 3, ran
        assert not out.exists()
    else:
        assert ran.code == 0, ran.err
        assert {path.name for path in out.iterdir()} >= {"plan.xlsx", "report.html", "report.xlsx"}


@pytest.mark.parametrize(
    ("file", "said", "said_zh"),
    [
        (
            "load.csv",
            "Please check load: the given series is 0.9 MW, usual here are 79.91 MW.",
            "请核对负荷：",
        ),
        ("pv.csv", "Please check pv: the given series is 0.06 MW, usual here are 70.4 MW.", "请核对光伏："),
    ],
)
def test_what_can_hardly_be_is_said_loudly(
    file: str, said: str, said_zh: str, run: Run, tmp_path: Path
) -> None:
    """A load a hundredth of the usual, or a sun a thousandth, is planned and proven, and most likely
    wrong."""
    path = park_of(tmp_path, KINDS)
    text = FILES[file].replace("[MW]", "[kW]")
    if file == "load.csv":
        head, *rows = text.splitlines()
        text = "\n".join([head, *(f"{row.split(',')[0]},{10 * float(row.split(',')[1])}" for row in rows)])
    (tmp_path / file).write_text(text, encoding="utf-8")
    words = (
        "plan",
        path,
        "--variant",
        "some",
        "--peak-so-far-mw",
        100,
        "--lang",
        "zh",
        "--out",
        tmp_path / "out",
    )
    ran = run(*words)
    assert ran.code == 0, ran.err
    assert f"警告：{said_zh}" in ran.out
    assert said_zh in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"WARNING: {said}" in run(*words, "--lang", "en").out


@pytest.mark.parametrize(("factor", "said"), [(1e-3, "in MW, not kW"), (600.0, "in kW, not MW")])
def test_a_load_a_thousand_times_off_is_refused_with_its_likely_unit(
    factor: float, said: str, run: Run, tmp_path: Path
) -> None:
    path = park_of(tmp_path, KINDS)
    head, *rows = FILES["load.csv"].splitlines()
    rows = [f"{row.split(',')[0]},{factor * float(row.split(',')[1])}" for row in rows]
    (tmp_path / "slip.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    ran = run("plan", path, "--load", tmp_path / "slip.csv", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "usual here are 79.908675799" in ran.err
    assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_a_load_and_a_plant_given_by_series_need_nothing_else(run: Run, tmp_path: Path) -> None:
    path = park_of(tmp_path, KINDS)
    text = path.read_text(encoding="utf-8")
    head, tail = text.split("module = ", 1)[0], "[device.battery_1]" + text.split("[device.battery_1]", 1)[1]
    path.write_text(head.replace("annual_energy_mwh = 700000.0\n", "") + tail, encoding="utf-8")
    words = ("--peak-so-far-mw", 100, "--out", tmp_path / "out")
    ran = run("plan", path, *words)
    assert ran.code == 0, ran.err
    full = run("plan", park_of(tmp_path, KINDS), *words)
    assert full.out == ran.out


def test_a_demand_price_given_by_a_series_needs_none_in_the_tariff(run: Run, tmp_path: Path) -> None:
    path, tariff = park_of(tmp_path, KINDS), tmp_path / "own.toml"
    words = ("plan", path, "--peak-so-far-mw", 100, "--out", tmp_path / "out")
    (tmp_path / "demand.csv").write_text(FILES["load.csv"].replace("load [MW]", "price [yuan/kW/month]"))
    tariff.write_text(FILES["own.toml"].replace("demand_price_yuan_per_kw_month = 39.1\n", ""))
    ran = run(*words)
    assert ran.code == 2
    assert "tariff own must have `demand_price_yuan_per_kw_month` at 110kV" in ran.err
    series = '[series]\n"grid.demand_price_yuan_per_mw_month" = { file = "demand.csv" }\n'
    path.write_text(path.read_text(encoding="utf-8").replace("[series]\n", series), encoding="utf-8")
    assert run(*words).code == 0


def test_columns_and_batteries_are_named_on_the_command_line(run: Run, tmp_path: Path) -> None:
    path = park_of(tmp_path, KINDS)
    rows = [f"{row},{n % 7}" for n, row in enumerate(FILES["load.csv"].splitlines()[1:])]
    (tmp_path / "two.csv").write_text("\n".join(["time,load [MW],other [MW]", *rows]) + "\n")
    words = ("plan", path, "--peak-so-far-mw", 100, "--out", tmp_path / "out")
    ran = run(*words, "--load", tmp_path / "two.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "must have one column beside the time" in ran.err
    column_named = run(
        *words, "--load", tmp_path / "two.csv", "--load-column", "load", "--soc", "battery_1=0.4"
    )
    assert column_named.code == 0, column_named.err
    assert "load: two.csv, UTF-8, column load [MW], 15-minute intervals" in column_named.out
    own = run(*words, "--soc", "0.4").out.replace("load: load.csv,", "load: two.csv,")
    assert column_named.out == own != run(*words).out
    for reference in ("two.csv#load", "two.csv#load [MW]"):
        assert run(*words, "--load", tmp_path / reference, "--soc", "0.4").out == own
    for soc, said in (
        (("battery_9=0.4",), "`--soc`: battery_9 is no battery of the case, must be of battery_1"),
        (("=0.4",), "`--soc` = =0.4: must be a fraction such as 0.4, or battery_1=0.4"),
        (("half",), "`--soc` = half: must be a fraction such as 0.4, or battery_1=0.4"),
        (("0.4", "battery_1=0.4"), "`--soc`: must be one fraction, or one for each battery that is named"),
        (("battery_1=0.4", "battery_1=0.5"), "`--soc`: must name each battery once"),
    ):
        ran = run(*words, *(part for text in soc for part in ("--soc", text)))
        assert ran.code == 2
        assert said in ran.err
