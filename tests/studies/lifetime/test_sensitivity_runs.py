"""Numbers of a case changed one by one, and what single doubts do to the returns."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.variations.changes import value_at, with_changes
from parkdispatch.inputs.variations.sensitivity_ends import sensitivity_cases
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.optimizer.solve import Optimum, WarmStart
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.finance.tornado import Bar, BarEnd, Measures, by_descending_swing, measures
from parkdispatch.results.views.reproduction_tables import tornado_note
from parkdispatch.results.views.tornado_view import tornado_view
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.lifetime import lifetime_dispatch, lifetimes_together
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.lifetime.sensitivity_runs import sensitivity_tornado, shifted_operation
from parkdispatch.studies.solve_options import SolveContext
from tests.support.small_case import add, swap, write_case

FINANCE = "[finance]\ninvestment_yuan = 1e8\n"
SECOND = '[device.battery_2]\nkind = "battery"\npower_mw = 10.0\nenergy_mwh = 20.0\neta_charge = 0.9\n'


def doubt(**given: object) -> Sensitivity:
    return Sensitivity.model_validate({"name": "one", **given})


def test_a_number_is_changed_and_nothing_else(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path, add(FINANCE))))
    other = with_changes(case, {"finance.loan.rate": lambda old: old + 0.01})
    assert case.finance and other.finance
    assert other.finance.loan.rate == pytest.approx(0.058)
    assert other.finance.loan.years == case.finance.loan.years
    assert other.devices == case.devices and other.tariff == case.tariff
    assert case.finance.loan.rate == 0.048  # the case itself stays as it is


def test_what_was_not_given_is_still_not_given(tmp_path: Path) -> None:
    """Else a default would be warned of as if somebody had written it."""
    case = load_case(str(write_case(tmp_path, add(FINANCE))))
    assert with_changes(case, {"finance.vat.rate": lambda _: 0.09}).warnings == case.warnings == []


def test_a_star_means_every_device_of_the_name(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path, add(SECOND))))
    other = with_changes(case, {"device.battery_*.eta_charge": lambda old: old / 2})
    eta = {name: getattr(device, "eta_charge", None) for name, device in other.devices.items()}
    assert eta == {"grid": None, "load": None, "pv": None, "battery_1": 0.47, "battery_2": 0.45}


def test_prices_by_month_change_in_every_month(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path)))
    path = "tariff.purchase_price_yuan_per_kwh"
    other = with_changes(case, {path: lambda old: old * 1.05})
    assert other.tariff.purchase_price_yuan_per_kwh == pytest.approx((0.42,) * 12)
    assert value_at(other, path) == pytest.approx(0.42)
    level = with_changes(case, {"tariff.voltages.110kV.demand_price_yuan_per_kw_month": lambda _: 30.0})
    assert level.tariff.demand_price_yuan_per_kw_month("110kV") == 30.0
    assert level.tariff.voltages["10kV"] == case.tariff.voltages["10kV"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "device.batery_1.eta_charge",
            "no such field, must begin with device, the name of one of grid, load",
        ),
        ("device.battery_1", "no such field"),
        ("device.battery_1.eta", "no such field as `eta` (eta_charge?)"),
        ("device.battery_1.kind", "= battery: must be a number"),
        ("device.battery_1.eta_charge.more", "must be a number"),
        ("finance.loan.rate", "the case has no `finance`"),
        ("tariff.voltages.35kV.demand_price_yuan_per_kw_month", "no such field as `35kV`"),
        ("device.battery_1.final_soc", "= None: must be a number"),
    ],
)
def test_a_field_that_is_no_number_of_the_case_is_refused(path: str, said: str, tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path)))
    with pytest.raises(InputError) as caught:
        with_changes(case, {path: lambda old: old})
    assert said.split(" (", maxsplit=1)[0] in str(caught.value)
    assert f"`{path}`" in str(caught.value)


def test_all_that_is_not_allowed_is_said_at_once(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path, add(FINANCE))))
    with pytest.raises(InputError) as caught:
        with_changes(case, {"finance.loan.rate": lambda _: 1.5, "device.battery_1.eta_charge": lambda _: 0.0})
    assert len(caught.value.problems) == 2
    assert "`device.battery_1.eta_charge` = 0.0: must be" in caught.value.problems[1]
    assert "`finance.loan.rate` = 1.5: must be in [0, 1]" in caught.value.problems[0]


def test_what_only_the_whole_table_can_tell_is_named(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path, add(FINANCE))))
    with pytest.raises(InputError, match=r"`finance\.loan\.years` = 30: the loan outlasts the operation"):
        with_changes(case, {"finance.loan.years": lambda _: 30})


def test_ends_are_numbers_or_multiples(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path, add(FINANCE))))
    ends = sensitivity_cases(case, doubt(fields=["finance.investment_yuan"], times_low=0.8, high=1.5e8))
    assert [(end.side, end.value) for end in ends] == [("low", 8e7), ("high", 1.5e8)]
    assert [end.case.finance.investment_yuan for end in ends if end.case.finance] == [8e7, 1.5e8]


@pytest.mark.parametrize(
    "given",
    [{}, {"low": 1.0, "times_low": 0.5}, {"times_high": -1.0}, {"low": 1.0, "fields": ["site.latitude_deg"]}],
)
def test_a_doubt_must_make_sense(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        doubt(**{"fields": ["finance.loan.rate"], **given})


def test_doubts_of_a_case_file_are_checked_when_it_is_read(tmp_path: Path) -> None:
    table = '[[sensitivity]]\nname = "a"\nfields = ["device.battery_1.eta_charge"]\nlow = {low}\n'
    case = load_case(str(write_case(tmp_path / "good", add(table.format(low=0.9)))))
    assert [sensitivity.name for sensitivity in case.sensitivities] == ["a"]
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path / "bad", add(table.format(low=1.9)))))
    assert "`sensitivity[0]` ('a'): low = 1.9: `device.battery_1.eta_charge` = 1.9: must be" in str(
        caught.value
    )


def test_doubts_about_a_removed_device_go_with_it(tmp_path: Path) -> None:
    table = '[[sensitivity]]\nname = "a"\nfields = ["device.battery_*.eta_charge"]\nlow = 0.9\n'
    path = str(write_case(tmp_path, add(table)))
    assert load_case(path).sensitivities
    assert load_case(path, "without_storage").sensitivities == ()


def at(npv_yuan: float) -> BarEnd:
    return BarEnd(1.0, Measures(npv_yuan, None, None, None), dispatched=False)


def test_the_widest_bar_comes_first_and_one_end_counts_from_the_base() -> None:
    base = Measures(10.0, None, None, None)
    both = Bar("both", "", "", 1.0, at(8.0), at(13.0))
    one_sided = Bar("one", "", "", 1.0, at(2.0), None)
    same_side = Bar("same side", "", "", 1.0, at(14.0), at(13.0))
    assert [bar.swing_yuan(base) for bar in (both, one_sided, same_side)] == [5.0, 8.0, 4.0]
    assert [bar.name for bar in by_descending_swing(base, [same_side, both, one_sided])] == [
        "one",
        "both",
        "same side",
    ]


def operation(arbitrage: float, mwh: float, **more: float) -> Operation:
    streams = {"arbitrage": arbitrage, **more}
    return Operation(
        revenue_yuan={name: np.array([yuan, yuan]) for name, yuan in streams.items()},
        discharged_mwh=np.array([mwh, 0.0]),
        auxiliary_yuan=np.array([5.0, 1.0]),
        power_mw=10.0,
    )


def test_a_life_moves_by_what_lies_between_two_others() -> None:
    """10 + 8 - 6 of arbitrage; a stream that only the life has stays, one of the change alone is added."""
    shifted = shifted_operation(
        operation(10.0, 3.0, demand_response=7.0), operation(6.0, 2.0), operation(8.0, 1.0, absorption=2.0)
    )
    assert {name: yuan.tolist() for name, yuan in shifted.revenue_yuan.items()} == {
        "arbitrage": [12.0, 12.0], "demand_response": [7.0, 7.0], "absorption": [2.0, 2.0],
    }  # fmt: skip
    assert shifted.discharged_mwh.tolist() == [2.0, 0.0]
    assert shifted.auxiliary_yuan.tolist() == [5.0, 1.0]
    assert shifted.power_mw == 10.0


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A small park of a week by hours with three years of operation, everything made from its own year."""
    patch = pytest.MonkeyPatch()
    hours = pd.date_range("2026-01-01", periods=168, freq="h")
    patch.setattr("parkdispatch.studies.lifetime.lifetime_dispatch.year_times", lambda _: hours)
    text = FINANCE + "operation_years = 3\n[finance.loan]\nyears = 3\n"
    text += "[finance.depreciation]\nall = { share = 1.0, years = 3 }\n"
    text += '[contract.absorption]\nkind = "stated"\nenergy_mwh_per_year = 10.0\nprice_yuan_per_kwh = 0.4\n'
    folder = tmp_path_factory.mktemp("week")
    small = write_case(folder, add(text), swap("minutes = 15", "minutes = 60"))
    case = load_case(str(small))
    yield replace(case, series={}, devices={n: d for n, d in case.devices.items() if n != "pv"})
    patch.undo()


@pytest.mark.slow
def test_each_kind_of_doubt_is_taken_to_the_returns(week: Case) -> None:
    """Of money, prices, a contract, the years themselves; each beside the same reckoned from nothing."""
    doubts = (
        doubt(fields=["finance.insurance_share"], high=0.02),
        doubt(fields=["tariff.purchase_price_yuan_per_kwh"], times_high=1.5),
        doubt(fields=["contract.absorption.energy_mwh_per_year"], low=0.0),
        doubt(fields=["finance.operation_years"], high=4.0),
    )
    case = replace(week, sensitivities=doubts)
    lifetime = dispatch_lifetime(case, SolveContext())
    tornado = sensitivity_tornado(case, lifetime, SolveContext())
    bars = {bar.base_value: bar.low or bar.high for bar in tornado.bars}
    assert len(bars) == 4
    for sensitivity in doubts:
        (end,) = sensitivity_cases(case, sensitivity)
        bar = bars[value_at(case, sensitivity.fields[0])]
        other = dispatch_lifetime(end.case, SolveContext())
        assert end.case.finance is not None and bar is not None
        exact = measures(cash_flow(end.case.finance, other.operation()))
        assert bar.measures.npv_yuan == pytest.approx(exact.npv_yuan, rel=1e-9)
        assert bar.dispatched == (sensitivity.fields[0] != "finance.insurance_share")
        assert bar.measures.npv_yuan != tornado.base.npv_yuan


def test_a_changed_park_begins_where_the_park_as_it_is_ended(
    week: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first year of each end was solved from scratch; and with two processes the bars are the same."""
    price = doubt(fields=["tariff.purchase_price_yuan_per_kwh"], times_low=0.9, times_high=1.1)
    case = replace(week, sensitivities=(price,))
    lifetime = dispatch_lifetime(case, SolveContext())
    solve, is_warm = lifetime_dispatch.solve_prepared, list[bool]()

    def recorded(prepared: Prepared, context: SolveContext, warm: WarmStart | None) -> Optimum:
        is_warm.append(warm is not None)
        return solve(prepared, context, warm)

    monkeypatch.setattr(lifetime_dispatch, "solve_prepared", recorded)
    tornado = sensitivity_tornado(case, lifetime, SolveContext())
    assert is_warm == [False, *8 * [True]]  # three years of three parks
    assert sensitivity_tornado(case, lifetime, SolveContext(processes=2)).bars == tornado.bars


def test_a_case_without_doubts_has_no_tornado(week: Case) -> None:
    with pytest.raises(InputError, match="`sensitivity`: case small has none"):
        sensitivity_tornado(week, dispatch_lifetime(week, SolveContext()), SolveContext())


def test_an_end_that_fails_is_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an efficiency and a rate with two ends each, the solver stops at one; the page says so."""
    doubts = (
        doubt(name="efficiency", name_zh="效率", fields=["device.battery_1.eta_charge"], low=0.9, high=0.95),
        doubt(name="loan", fields=["finance.loan.rate"], low=0.03, high=0.06),
    )
    case = replace(load_case(str(write_case(tmp_path, add(FINANCE)))), sensitivities=doubts)
    assert case.finance
    years = case.finance.operation_years
    lifetime = Lifetime(case, tuple(year_of(number) for number in range(1, years + 1)))

    def dispatched(changed: Case, *_: object, **__: object) -> Lifetime:
        if getattr(changed.devices["battery_1"], "eta_charge", 0) == 0.95:
            raise SolverError("stopped")
        return lifetime

    monkeypatch.setattr(lifetimes_together, "dispatch_lifetime", dispatched)
    tornado = sensitivity_tornado(case, lifetime, SolveContext())
    ends = {bar.name: (bar.low is not None, bar.high is not None) for bar in tornado.bars}
    assert ends == {"efficiency": (True, False), "loan": (True, True)}
    for lang, said in (
        ("en", "1 of 4 ends of sensitivities failed: efficiency: 0.95 (no certified answer)."),
        ("zh", "敏感性端点：4 项中有 1 项失败：效率: 0.95（求解失败）。"),
    ):
        view = tornado_view(tornado, lang)
        assert said in tornado_note(view, load_words(lang, "reproduce")["reproduce"])
    monkeypatch.setattr(lifetimes_together, "dispatch_lifetime", failing)
    with pytest.raises(SolverError, match="stopped"):
        sensitivity_tornado(replace(case, sensitivities=doubts[:1]), lifetime, SolveContext())


def failing(*_: object, **__: object) -> Lifetime:
    raise SolverError("stopped")


def year_of(number: int) -> OperationYear:
    return OperationYear(
        year=number,
        state_of_health={"battery_1": 1.0},
        full_cycles={"battery_1": 300.0},
        saved_yuan={"arbitrage": 2e7, "demand": 1e6},
        charged_mwh=1e4,
        discharged_mwh=9e3,
        auxiliary_mwh=100.0,
        auxiliary_yuan=5e4,
        bill_yuan=3e8,
        bill_without_yuan=3.2e8,
        curtailed_mwh=0.0,
        curtailed_without_mwh=0.0,
        gap=0.0,
        dispatched=True,
    )
