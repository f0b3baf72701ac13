"""Which intervals are the hardest, by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Array
from parkdispatch.results.network.electric_network import electric_network
from parkdispatch.results.network.hardest_intervals import HardInterval, Reason, hardest_intervals
from tests.support.cases.network_case import write_case

# three days of two intervals: what flows to 380 V, and is drawn there or given back
FLOW_MW = np.array([0.5, 0.9, 0.7, 0.1, -0.4, 0.3])


def chosen(folder: Path, count: int, flow_mw: Array = FLOW_MW) -> tuple[HardInterval, ...]:
    case = load_case(str(write_case(folder)))
    quantities = {
        "grid.import_mw": ("variable", "grid", "import_mw", np.maximum(flow_mw, 0.0)),
        "grid.export_mw": ("variable", "grid", "export_mw", np.maximum(-flow_mw, 0.0)),
        "grid.injection_10kV_mw": ("injection", "grid", "10kV", flow_mw),
        "station.injection_10kV_mw": ("injection", "station", "10kV", -flow_mw),
        "station.injection_380V_mw": ("injection", "station", "380V", flow_mw),
        "workshop.injection_380V_mw": ("injection", "workshop", "380V", -flow_mw),
    }
    solution = xr.Dataset(
        {
            name: ("time", power_mw, {"kind": kind, "device": device, "key": key, "units": "MW"})
            for name, (kind, device, key, power_mw) in quantities.items()
        },
        coords={"time": pd.date_range("2026-01-01", periods=6, freq="12h").to_numpy()},
        attrs={"hours": 12.0},
    )
    return hardest_intervals(solution, case, electric_network(case), count)


def test_each_reason_has_its_hardest_interval_however_few_are_asked_for(tmp_path: Path) -> None:
    """The highest flow, import and load at position 1; the flow back, export and surplus at position 4."""
    forward = (Reason("flow", "station"), Reason("import"), Reason("load"))
    backward = (Reason("back_flow", "station"), Reason("export"), Reason("surplus"))
    assert chosen(tmp_path, 1) == (HardInterval(1, forward), HardInterval(4, backward))


def test_more_are_those_of_the_next_hardest_days(tmp_path: Path) -> None:
    """Position 2 is the highest of the second hardest day; 0 is on the hardest day and not taken."""
    intervals = chosen(tmp_path, 3)
    assert [interval.position for interval in intervals] == [1, 2, 4]
    assert intervals[1].reasons[0] == Reason("flow", "station", higher_days=1)


def test_a_network_at_rest_is_checked_too(tmp_path: Path) -> None:
    (idle,) = chosen(tmp_path, 1, np.zeros(6))
    assert idle.reasons == (Reason("load"),)


def test_there_are_no_more_than_there_are(tmp_path: Path) -> None:
    assert [interval.position for interval in chosen(tmp_path, 100)] == [1, 2, 4, 5]
