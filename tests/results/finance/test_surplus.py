"""Surplus that a storage takes in, from the year's energy with and without it."""

from dataclasses import replace

from parkdispatch.inputs.loader import load_case
from parkdispatch.results.finance.lifetime import EndOfLife, Lifetime, OperationYear, interpolated_year


def year(number: int, **mwh: float) -> OperationYear:
    zero: tuple[str, ...] = (
        "curtailed_mwh",
        "curtailed_without_mwh",
    )
    zero += (
        "charged_mwh",
        "discharged_mwh",
        "auxiliary_mwh",
        "auxiliary_yuan",
        "bill_yuan",
        "bill_without_yuan",
    )
    return OperationYear(
        year=number,
        state_of_health={},
        full_cycles={},
        saved_yuan={},
        gap=0.0,
        dispatched=True,
        **{**dict.fromkeys(zero, 0.0), **mwh},
    )


def test_surplus_absorbed_is_what_is_neither_fed_in_nor_curtailed_any_more() -> None:
    """4,700 MWh were fed in and 20 curtailed; 3,400 and 0 are left: 1,320 went into the storage."""
    first = year(
        1, exported_without_mwh=4700.0, curtailed_without_mwh=20.0, exported_mwh=3400.0, curtailed_mwh=0.0
    )
    assert first.surplus_absorbed_mwh == 1320.0
    last = year(
        3, exported_without_mwh=4700.0, curtailed_without_mwh=20.0, exported_mwh=3600.0, curtailed_mwh=0.0
    )
    assert interpolated_year(first, last, 2, {}).surplus_absorbed_mwh == 1220.0


def test_beyond_dispatched_years_no_energy_falls_below_zero() -> None:
    """40 and 35 GWh in the first two years: a line would discharge -5 GWh in the tenth."""
    first, second = (
        replace(year(number, discharged_mwh=mwh), full_cycles={"b": mwh / 100})
        for number, mwh in ((1, 40_000.0), (2, 35_000.0))
    )
    third, tenth = (interpolated_year(first, second, number, {}) for number in (3, 10))
    assert (third.discharged_mwh, third.full_cycles["b"]) == (30_000.0, 300.0)
    assert (tenth.discharged_mwh, tenth.full_cycles["b"]) == (0.0, 0.0)


def test_the_end_of_life_of_the_cells_is_told() -> None:
    """100, 80, 65 % at the start of years 1 to 3, 500 cycles a year: below 70 % after two years."""
    years = [
        replace(year(number), state_of_health={"b": health}, full_cycles={"b": 500.0})
        for number, health in ((1, 1.0), (2, 0.8), (3, 0.65))
    ]
    lifetime = Lifetime(load_case("gaoan", "first_phase"), tuple(years), added=())
    assert lifetime.end_of_life(0.7) is None  # of no battery
    case = lifetime.case.with_devices({"b": lifetime.case.devices["battery_1"]})
    ended = Lifetime(case, tuple(years)).end_of_life(0.7)
    assert ended == EndOfLife(2, 1000.0)
    assert Lifetime(case, tuple(years)).end_of_life(0.6) is None
