"""Allowed voltages by nominal voltage, GB/T 12325-2008."""

import pytest

from parkdispatch.results.network.voltage_limits import voltage_limits


@pytest.mark.parametrize(
    ("kv", "lowest", "highest", "holds"),
    [
        (220.0, 0.96, 1.05, True),  # together 0.09
        (110.0, 0.94, 1.05, False),  # each is below 0.07, together they are 0.11
        (35.0, 1.02, 1.09, True),  # both positive: the larger counts
        (35.0, 0.89, 0.95, False),
        (20.0, 0.93, 1.07, True),
        (10.0, 0.929, 1.0, False),
        (10.0, 1.0, 1.071, False),
        (0.38, 0.92, 1.0, False),  # three-phase: not the -0.10 of 220 V
        (0.22, 0.92, 1.0, True),
        (0.22, 1.0, 1.08, False),
    ],
)
def test_deviations(kv: float, lowest: float, highest: float, holds: bool) -> None:
    assert voltage_limits(kv).hold(lowest, highest) is holds
