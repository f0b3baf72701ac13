"""What commands import: nothing whose import takes longer than it serves them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from parkdispatch.inputs.cache.cache_folder import entries
from tests.support.bad_files import CLIMATE
from tests.support.bad_inputs import PV_FILE
from tests.support.paths import environment
from tests.support.small_case import add, swap, write_case
from tests.support.typed_commands import Run

NEVER = (
    "pyomo.environ", "scipy.stats", "scipy.optimize", "plotly", "dask", "distributed", "openpyxl",
    "pandapower", "matplotlib", "pandera", "sqlalchemy", "alembic", "psycopg", "numpy.f2py.f2py2e",
)  # fmt: skip
SOLVING = (*NEVER, "highspy", "pyomo", "scipy.sparse", "xarray", "xlsxwriter", "jinja2", "h5netcdf", "numba")


def imported(*words: str, names: tuple[str, ...], after: str = "sys", code: int = 0) -> list[str]:
    """Which of these modules a command imports, and then the module `after`, in a process of its own."""
    program = (
        "import atexit, sys; from parkdispatch.interfaces.cli import main; sys.argv[0] = 'parkdispatch';"
        f"told = lambda: [n for n in {names} if sys.modules.get(n)];"
        f"atexit.register(lambda: print(told() or __import__({after!r}) and told(), file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", program, *words]
    ran = subprocess.run(command, env=environment(), capture_output=True, check=False, text=True)
    assert ran.returncode == code, ran.stderr
    found: list[str] = ast.literal_eval(ran.stderr.strip().splitlines()[-1])
    return found


def test_help_imports_nothing_slow() -> None:
    assert imported("--help", names=(*SOLVING, "numpy", "pandas", "pydantic", "pyomo", "pvlib")) == []


@pytest.mark.parametrize("command", ["year", "replay"])
def test_a_command_imports_nothing_that_it_may_not_need(command: str) -> None:
    """What it imports before it reads its case: `year` once imported `size`, and with it scipy.optimize."""
    assert imported(command, "no_such_case", names=(*NEVER, "pvlib", "scipy.linalg"), code=2) == []


@pytest.mark.parametrize("command", ["study", "reproduce"])
def test_xarray_does_not_import_dask_for_what_no_cluster_does(command: str) -> None:
    """It asks of the first array whether it is one of Dask's."""
    program = (
        f"from parkdispatch.interfaces.startup import start_quickly; start_quickly({command!r});"
        " import sys, xarray; xarray.Dataset({'load': ('time', [1.0])});"
        " sys.exit(bool(sys.modules.get('dask')))"
    )
    ran = subprocess.run([sys.executable, "-c", program], env=environment(), check=False)
    assert ran.returncode == 0


@pytest.fixture
def case(tmp_path: Path) -> str:
    """A case that computes load and sun, as the built-in ones do."""
    load = swap('"load.demand_mw" = { file = "load.csv" }', "")
    return str(write_case(tmp_path / "case", swap(PV_FILE, ""), load, add(CLIMATE)))


@pytest.mark.slow
def test_a_second_command_of_a_case_imports_only_what_it_uses(
    case: str, typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones compute load and sun, and keep them: of the year, then of the month of a plan."""
    kept = tmp_path / "kept"
    monkeypatch.setenv("PARKDISPATCH_CACHE", str(kept))
    plan = ("plan", case, "--out", str(tmp_path / "out"))
    assert typed("check", case).code == 0
    of_year = len(entries(kept))
    assert typed(*plan).code == 0
    assert len(entries(kept)) > of_year > 0
    checked = tuple(name for name in SOLVING if name != "pyomo")  # whose settings are made before it is used
    assert imported("check", case, names=(*checked, "pyomo.core", "pvlib", "scipy")) == []
    of_api = "parkdispatch.interfaces.api.dispatch_api"  # works without the libraries of the ledger too
    assert imported(*plan, names=(*NEVER, "pvlib", "scipy.linalg"), after=of_api) == []
    # a process has stored the templates, and the next one needs no Pyomo
    assert imported(*plan, names=("pyomo.core",)) == []
