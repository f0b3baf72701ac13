"""Surplus that a storage takes in, from the year's energy with and without it."""

from parkdispatch.results.finance.lifetime import OperationYear, interpolated_year


def year(number: int, **mwh: float) -> OperationYear:
    zero = (
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
        **dict.fromkeys(zero, 0.0),
        **mwh,
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
