"""Invalid finance and tariff inputs on the command line: message, exit code, and no file written."""

import json
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.studies.lifetime import lifetime_dispatch
from tests.support.cases.year_case import three_days, year_case
from tests.support.small_case import Damage, add, swap, write_case
from tests.support.typed_commands import Run

FINANCE = "\n[finance]\ninvestment_yuan = 1e8\n"
RESPONSE = '\n[contract.demand_response]\nkind = "metered"\n'
EVERY_MONTH = "months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]"

# what is damaged, and what must be said in one line each
BAD: dict[str, tuple[tuple[Damage, ...], tuple[str, ...]]] = {
    "rates above 1": (
        (
            add(
                FINANCE + "discount_rate = 8\nequity_discount_rate = 10\ninsurance_share = 5\nvat.rate = 13\n"
                "income_tax.rate = 25\nloan.rate = 4.8\nloan.share = 80\nvat.surcharge_share = 12\n"
            ),
        ),
        (
            "`finance.discount_rate` = 8: must be in [0, 1] (a fraction, not percent: 0.08?)",
            "`finance.equity_discount_rate` = 10: must be in [0, 1]",
            "`finance.insurance_share` = 5: must be in [0, 1]",
            "`finance.vat.rate` = 13: must be in [0, 1] (a fraction, not percent: 0.13?)",
            "`finance.vat.surcharge_share` = 12: must be in [0, 1]",
            "`finance.income_tax.rate` = 25: must be in [0, 1]",
            "`finance.loan.rate` = 4.8: must be in [0, 1]",
            "`finance.loan.share` = 80: must be in [0, 1]",
        ),
    ),
    "a life shorter than the loan": (
        (add(FINANCE + "operation_years = 10\nloan.years = 12\n"),),
        (
            "`finance.loan.years` = 12: the loan outlasts the operation, must be at most",
            "`finance.depreciation.rest.years` = 15: outlasts the operation",
        ),
    ),
    "tariff overlap and gap": (
        (
            swap('"01:00-06:00"', '"01:00-18:00"', "own.toml"),
            swap('otherwise = "flat"\n', "", "own.toml"),
        ),
        (
            "`day[1].hours[0]` = '01:00-18:00' overlaps day[0].hours[0] = '17:00-22:00'",
            "belongs to no period",
        ),
    ),
    "tariff without a month": (
        (
            swap(f'{EVERY_MONTH}\nperiod = "peak"', 'months = [1]\nperiod = "peak"', "own.toml"),
            swap(f'{EVERY_MONTH}\nperiod = "valley"', 'months = [2]\nperiod = "valley"', "own.toml"),
        ),
        ("`day`: month 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 of the validity has no table",),
    ),
    "tariff month without a price": (
        (swap("_kwh = 0.4", "_kwh = { 1 = 0.4, 12 = 0.5 }", "own.toml"),),
        (
            "`purchase_price_yuan_per_kwh`",
            "month 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 of the validity has no price",
        ),
    ),
    "tariff expired": (
        (swap("year = 2026", "year = 2027"), swap("2026-07-15", "2027-07-15")),
        ("`calendar.year` = 2027: tariff own expired on 2026-12-31",),
    ),
    "contract": (
        (add(RESPONSE + "paid_from = 80\nhours = 0.1\nnotise = 3\n[contract.absorbtion]\nx = 1\n"),),
        (
            "`contract.demand_response.paid_from` = 80: must be in [0, 1] (a fraction, not percent: 0.8?)",
            "`contract.demand_response.hours` = 0.1: must consist of whole quarter-hours",
            "`contract.demand_response.notise` = 3: no such key; did you mean `notice`?",
            "`contract.absorbtion` = {x = 1}: no such key; did you mean `absorption`?",
        ),
    ),
}
COMMANDS = ("check", "plan", "year", "replay", "study")


def out_of(command: str, folder: Path) -> tuple[str | Path, ...]:
    return () if command == "check" else ("--out", folder / "out")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BAD)
def test_bad_money_exits_2_and_writes_nothing(
    name: str, command: str, typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damages, said = BAD[name]
    path = write_case(tmp_path, *damages)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = typed(command, path, *out_of(command, tmp_path))
    assert (code, out) == (2, "")
    assert [words for words in said if words not in err] == [], err
    assert all(line.startswith("input: ") for line in err.splitlines())
    assert sorted(tmp_path.rglob("*")) == before


def test_all_of_it_comes_together(typed: Run, tmp_path: Path) -> None:
    """Errors in finance, contracts, validity of the tariff and a device."""
    damages = (
        add(FINANCE + "discount_rate = 8\n"),
        add(RESPONSE + "paid_from = 80\n"),
        swap("valid_from = 2026-01-01", "valid_from = 2026-03-01", "own.toml"),
        swap("eta_charge = 0.94", "eta_charge = 94"),
    )
    path = write_case(tmp_path, *damages)
    code, out, err = typed("check", path)
    assert (code, out) == (2, "")
    assert typed("check", path, "--variant", "large") == (code, out, err)
    said = (
        "`finance.discount_rate` = 8",
        "`contract.demand_response.paid_from` = 80",
        "`tariff` = 'own': has no price on 59 of 365 days, 2026-01-01 to 2026-02-28",
        "`device.battery_1.eta_charge` = 94",
    )
    assert [words for words in said if err.count(words) != 1] == [], err
    assert len(err.splitlines()) == 4


@pytest.mark.parametrize("command", ["year", "replay", "study"])
def test_a_tariff_of_part_of_the_year_names_the_days_it_lacks(
    command: str, typed: Run, tmp_path: Path
) -> None:
    """Reported together with the errors of the series, which cover two days."""
    late = (
        add(FINANCE),
        swap("valid_from = 2026-01-01", "valid_from = 2026-07-10", "own.toml"),
        swap("valid_to = 2026-12-31", "valid_to = 2026-10-31", "own.toml"),
    )
    code, out, err = typed(command, write_case(tmp_path, *late), *out_of(command, tmp_path))
    assert (code, out) == (2, "")
    days = "on 251 of 365 days, 2026-01-01 to 2026-07-09 and 2026-11-01 to 2026-12-31"
    assert (
        err.count(f"input: `tariff` = 'own': has no price {days}; valid from 2026-07-10 to 2026-10-31") == 1
    )
    assert err.count("load.csv: covers") == err.count("pv.csv: covers") == 1
    assert len(err.splitlines()) == 3
    assert not (tmp_path / "out").exists()


def test_a_day_inside_a_short_validity_is_planned(typed: Run, tmp_path: Path) -> None:
    late = swap("valid_from = 2026-01-01", "valid_from = 2026-07-15", "own.toml")
    path = write_case(tmp_path, late)
    code, out, err = typed("plan", path, "--peak-so-far-mw", "100", "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "Proven optimal" in out
    code, out, err = typed("plan", path, "--peak-so-far-mw", "100", "--date", "2026-07-14")
    assert (code, out) == (2, "")
    assert "`tariff` = 'own': has no price on 1 of 1 days, 2026-07-14" in err


def test_three_irrs_are_listed_and_none_is_chosen(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flows as -1, 6, -11, 6 have the rates 0, 1 and 2: a sixth of a year's saving, then 17 sixths."""
    bare = """
[finance]
investment_yuan = {investment}
operation_years = 3
working_capital_share = 0.0
insurance_share = 0.0
vat = {{ rate = 0.0 }}
operation_maintenance = {{ yuan_per_kw_year = 0.0, yuan_per_kwh_discharged = 0.0 }}
depreciation = {{ all = {{ share = 1.0, years = 3, residual_share = 0.0 }} }}
income_tax = {{ rate = 0.0 }}
loan = {{ share = 0.0 }}
replacement = {{ year = 2, cost_yuan = {replacement}, residual_share = 0.0 }}
"""
    damages = (
        swap("eta_charge = 0.94", "eta_charge = 0.94\nfade_per_full_cycle = 0.0\nfade_per_year = 0.0"),
        swap(
            "module_wp = 440.0", "module_wp = 440.0\ndegradation_first_year = 0.0\ndegradation_per_year = 0.0"
        ),
    )
    monkeypatch.setattr(lifetime_dispatch, "year_times", three_days)
    first = year_case(tmp_path / "first", *damages, money=bare.format(investment=1e6, replacement=0.0))
    assert typed("study", first, "--out", tmp_path / "out")[0] == 0
    table = pd.read_csv(tmp_path / "out" / "years.csv", encoding="utf-8-sig")
    saved = table["net_saving_yuan [yuan]"]
    assert saved.std() < 1e-3
    money = bare.format(investment=saved[0] / 6.0, replacement=17.0 * saved[0] / 6.0)
    code, out, err = typed(
        "study", year_case(tmp_path / "case", *damages, money=money), "--out", tmp_path / "out"
    )
    assert (code, err) == (0, "")
    figures = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    project = figures["returns"]["project_after_tax"]
    assert project["irr"] is None
    assert project["every_irr"] == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)
    assert "3 IRRs, none of them the IRR: " in " ".join(out.split())
    assert project["irr_in_words"].startswith("3 IRRs, none of them the IRR: ")
