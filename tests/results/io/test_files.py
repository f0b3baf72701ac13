"""Output files: JSON that programs can read, versions, and single files that appear whole or not at all."""

import gc
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.results.io.files import peak_memory_mb, replacing, write_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.solution import save_solution
from parkdispatch.results.writers.sizing_netcdf import save_groups


def test_a_file_is_replaced_by_a_whole_one_or_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.LP"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.LP", "old")]
    with replacing(path) as temporary:
        assert temporary.suffix == ".lp"
        temporary.write_text("new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.LP", "new")]


def test_json_has_no_nan_and_keeps_chinese(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "高安", "value": 1.5})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "高安", "value": 1.5}
    assert "高安" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"value": math.nan})


def test_versions_and_memory_are_told() -> None:
    assert {"python", "parkdispatch", "pyomo", "highspy", "numpy"} <= versions().keys()
    assert "not installed" not in versions().values()
    assert 10 < peak_memory_mb() < 1e6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a limit of this process alone")
@pytest.mark.parametrize("save", [save_solution, lambda data, path: save_groups({"/": data}, path)])
def test_a_full_disk_is_an_error_of_the_system(save: Any, tmp_path: Path) -> None:
    """The HDF5 library, which writes in steps, ended the whole process by a segmentation fault instead."""
    import resource

    data = xr.Dataset({"power_mw": ("time", np.random.default_rng(0).uniform(size=9000))})
    child = os.fork()
    if child == 0:
        code = 1
        gc.freeze()  # what is there already is not walked over below, which would copy all of its memory
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
            save(data, tmp_path / "full.nc")
        except OSError:
            code = 0
        finally:
            del data
            gc.collect()  # an open file is closed here
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4),
    st.sampled_from(["2026-07-15 00:00", 'a "quoted" name', "a, b", "高安"]),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_is_what_pandas_writes(tmp_path: Path, numbers: list[float], name: str) -> None:
    table = pd.DataFrame(np.reshape(numbers, (2, 2)), index=pd.Index([name, "b"], name="time"))
    table.columns = pd.Index(["grid.import_mw [MW]", 'with "quotes", and commas'])
    write_csv(tmp_path / "ours.csv", table)
    table.to_csv(tmp_path / "pandas.csv", float_format="%.6f", encoding="utf-8-sig", lineterminator="\n")
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


def test_csv_of_words_and_whole_numbers_is_what_pandas_writes(tmp_path: Path) -> None:
    table = pd.DataFrame({"n": [1, 2], "x": [0.5, -0.0], "word": ["a", None]})
    write_csv(tmp_path / "ours.csv", table)
    table.to_csv(tmp_path / "pandas.csv", float_format="%.6f", encoding="utf-8-sig", lineterminator="\n")
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()
