"""An outage of everything: no plan, and all that is out is named at once, with how much has to give."""

from pathlib import Path

import pytest

from tests.support.ledgers.settled_days import hand_case
from tests.support.typed_commands import Run

DAY_OUT = "[{ begin = 2026-07-15T00:00:00, end = 2026-07-16T00:00:00 }]"
CABLE = """
[device.cable]
kind = "link"
bus = "meter"
to_bus = "ac"
forward_limit_mw = 300.0
backward_limit_mw = 300.0
"""


def everything_out(folder: Path, *, behind_a_cable: bool) -> Path:
    """100 MW of load, no sun; connection and battery out all day, and the cable where there is one."""
    hand_case(folder)
    path = folder / "case.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("peak_so_far_mw = 250.0", f"peak_so_far_mw = 250.0\nblackouts = {DAY_OUT}")
    text = text.replace("max_cycles_per_day = 1.0", f"max_cycles_per_day = 1.0\noutages = {DAY_OUT}")
    if behind_a_cable:
        text = text.replace('kind = "grid"\n', 'kind = "grid"\nbus = "meter"\n')
        text = text.replace(
            "[series]\n", f'{CABLE}\n[series]\n"cable.availability" = {{ file = "out.csv" }}\n'
        )
        load = (folder / "load.csv").read_text(encoding="utf-8").replace("load [MW]", "availability [1]")
        (folder / "out.csv").write_text(load.replace(",100.0", ",0.0"), encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("behind_a_cable", [False, True])
def test_all_that_is_out_is_named(typed: Run, tmp_path: Path, behind_a_cable: bool) -> None:
    """Without the outages in the message it would say that 100 MW are too many."""
    case = everything_out(tmp_path / "park", behind_a_cable=behind_a_cable)
    code, _, err = typed("plan", case, "--out", tmp_path / "out")
    assert code == 3
    supply = [
        "battery.discharge_mw",
        "pv.output_mw",
        "cable.forward_mw" if behind_a_cable else "grid.import_mw",
    ]
    limit = " = 0.000 (upper limit)" if behind_a_cable else " at most 0.000"
    for name in supply:
        assert f"{name}{limit}" in err, name
    assert "2400.000 MWh" in err
    assert "demand at bus ac by 2400.000 MWh, at most 100.000 MW" in err
    assert not (tmp_path / "out").exists()
