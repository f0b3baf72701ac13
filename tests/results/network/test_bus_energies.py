"""Energy by voltage and role: each bus sums to zero, and what crosses between two is there on both sides."""

import pytest

from parkdispatch.results.network.bus_energies import bus_energies_mwh, bus_energy_table
from parkdispatch.results.solution import values
from parkdispatch.results.wording.words import load_words
from tests.support.reports.report_cases import solved
from tests.support.reports.works import worked


def test_each_bus_sums_to_zero_and_has_its_devices() -> None:
    """10 kV: connection, gas engines, battery, mills and polishing; 400 V: offices and heat pump; no heat."""
    run, _ = worked()
    energies = bus_energies_mwh(run.solution, run.case)
    assert {bus: set(of_roles) for bus, of_roles in energies.items()} == {
        "10kV": {"grid", "network", "load", "source", "store"},
        "400V": {"network", "load", "converter"},
    }
    for of_roles in energies.values():
        assert sum(of_roles.values()) == pytest.approx(0, abs=1e-6)
    lost_mwh = -sum(of_roles["network"] for of_roles in energies.values())
    assert lost_mwh == pytest.approx(float(values(run.solution, "feeder.losses_mw").sum()))
    assert energies["10kV"]["source"] == pytest.approx(
        float(values(run.solution, "gas_engine.power_mw").sum())
    )


def test_a_park_on_one_bus_has_no_such_table() -> None:
    case, solution = solved()
    assert bus_energy_table(solution, case, load_words("en"))[1] == []
