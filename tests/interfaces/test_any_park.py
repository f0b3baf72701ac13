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
            "Please check load: the given series is 0.09 MW, usual here are 79.91 MW.",
            "请核对负荷：",
        ),
        ("pv.csv", "Please check pv: the given series is 0.06 MW, usual here are 70.4 MW.", "请核对光伏："),
    ],
)
def test_what_can_hardly_be_is_said_loudly(
    file: str, said: str, said_zh: str, run: Run, tmp_path: Path
) -> None:
    """A load or a sun a thousandth of the usual is planned, proven, and most likely in kW."""
    path = park_of(tmp_path, KINDS)
    (tmp_path / file).write_text(FILES[file].replace("[MW]", "[kW]"), encoding="utf-8")
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
    assert f"WARNING: {said}" in ran.out
    assert said_zh in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
