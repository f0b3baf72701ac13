"""What commands import: nothing whose import takes longer than it serves them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.paths import environment
from tests.support.small_case import add, swap, write_case

NEVER = (
    "pyomo.environ", "scipy.stats", "scipy.optimize", "plotly", "dask", "distributed", "openpyxl",
    "pandapower", "matplotlib", "pandera", "sqlalchemy", "numpy.f2py.f2py2e",
)  # fmt: skip
SOLVING = (*NEVER, "highspy", "pyomo", "scipy.sparse", "xarray", "xlsxwriter", "jinja2", "h5netcdf", "numba")


def imported(*words: str, names: tuple[str, ...], **more: str) -> list[str]:
    """Which of these modules a command imports, in a process of its own; it must succeed."""
    code = (
        "import atexit, sys; from parkdispatch.interfaces.cli import main; sys.argv[0] = 'parkdispatch';"
        f"atexit.register(lambda: print([n for n in {names} if sys.modules.get(n)], file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", code, *words]
    ran = subprocess.run(command, env=environment(**more), capture_output=True, check=True, text=True)
    found: list[str] = ast.literal_eval(ran.stderr.strip().splitlines()[-1])
    return found


def test_help_imports_nothing_slow() -> None:
    assert imported("--help", names=(*SOLVING, "numpy", "pandas", "pydantic", "pyomo", "pvlib")) == []


@pytest.fixture
def case(tmp_path: Path) -> str:
    """A case that computes load and sun, as the built-in ones do."""
    load = swap('"load.demand_mw" = { file = "load.csv" }', "")
    return str(write_case(tmp_path / "case", swap(PV_FILE, ""), load, add(CLIMATE)))


@pytest.mark.slow
def test_a_second_command_of_a_case_imports_only_what_it_uses(case: str, tmp_path: Path) -> None:
    kept = {"PARKDISPATCH_CACHE": str(tmp_path / "kept")}
    plan = ("plan", case, "--out", str(tmp_path / "out"))
    checked = tuple(name for name in SOLVING if name != "pyomo")  # whose settings are made before it is used
    assert imported("check", case, names=("pvlib",), **kept) == ["pvlib"]
    assert imported("check", case, names=(*checked, "pyomo.core", "pvlib", "scipy"), **kept) == []
    assert imported(*plan, names=("pvlib",), **kept) == ["pvlib"]  # the month is not a part of the year
    assert imported(*plan, names=(*NEVER, "pvlib", "scipy.linalg"), **kept) == []
