"""Finance parameters: what a case file may say of them, what is refused and how, what is only warned of."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from parkdispatch.inputs.loader import load_case, variants
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.investment import (
    AssetClass,
    Finance,
    Loan,
    OperationMaintenance,
    ValueAddedTax,
    declared_values,
)
from parkdispatch.models.finance.replacement import Replacement
from tests.support.small_case import add, write_case

GOOD = "\n[finance]\ninvestment_yuan = 1e8\n"


def said(tmp_path: Path, text: str) -> list[str]:
    """The problems of the small case with that text at its end."""
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path, add(text))))
    return list(caught.value.problems)


def test_the_section_may_be_left_out(tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path))).finance is None


def test_an_investment_is_enough(tmp_path: Path) -> None:
    finance = load_case(str(write_case(tmp_path, add(GOOD)))).finance
    assert finance == Finance(investment_yuan=1e8)
    assert (finance.vat.rate, finance.loan.share, finance.loan.rate) == (0.13, 0.8, 0.048)
    assert (finance.construction_years, finance.operation_years, finance.spending) == (1, 20, (1.0,))


def test_the_built_in_case_has_its_published_investment_and_the_defaults() -> None:
    case = load_case("gaoan")
    assert case.finance == Finance(investment_yuan=239.40e6, replacement=Replacement(trigger="end_of_life"))
    assert case.warnings == []
    assert {name: load_case("gaoan", name).finance.investment_yuan for name in variants("gaoan")} == {  # type: ignore[union-attr]
        "without_storage": 239.40e6,
        "first_phase": 119.70e6,
        "large": pytest.approx(239.40e6 * 220.4 / 100.0),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("discount_rate = 8", ("`finance.discount_rate` = 8: must be in [0, 1]", "not percent: 0.08?")),
        ("discount_rate = -0.01", ("`finance.discount_rate` = -0.01: must be in [0, 1]",)),
        ("discount_rat = 0.08", ("`finance.discount_rat` = 0.08: no such key", "mean `discount_rate`")),
        ("loan.rate = 4.8", ("`finance.loan.rate` = 4.8: must be in [0, 1]", "0.048?")),
        ("loan.method = 'annuty'", ("`finance.loan.method` = 'annuty'", "mean `annuity`")),
        ("loan.years = 25", ("`finance.loan.years` = 25", "outlasts", "at most operation_years = 20")),
        ("loan.years = 2.5", ("`finance.loan.years` = 2.5: must be a whole number",)),
        (
            "operation_years = 12",
            ("`finance.loan.years` = 15", "`finance.depreciation.rest.years` = 15", "12"),
        ),
        ("operation_years = 0", ("`finance.operation_years` = 0: must be in [1, 60]",)),
        ("construction_years = 0", ("`finance.construction_years` = 0: must be in [1, 10]",)),
        ("vat.rate = true", ("`finance.vat.rate` = true: must be a number",)),
        ("vat.refund_year = 21\nvat.credit = 'refunded'", ("`finance.vat.refund_year` = 21: comes after",)),
        ("income_tax.free_years = -1", ("`finance.income_tax.free_years` = -1: must be in [0, 60]",)),
        (
            "replacement.cost_yuan = -1",
            ("`finance.replacement.cost_yuan` = -1: must be in [0, 1000000000000]",),
        ),
        (
            "depreciation.battery = { share = 0.6, years = 10 }",
            ("`finance.depreciation` = battery 0.6: shares add up to 0.6, must add up to 1",),
        ),
        (
            "depreciation.battery = { share = 60, years = 10 }",
            ("`finance.depreciation.battery.share` = 60: must be in [0, 1]",),
        ),
        (
            "depreciation.Cells = { share = 1, years = 10 }",
            ("finance.depreciation.Cells", "must be a small letter"),
        ),
        ("depreciation = {}", ("`finance.depreciation` = {}: must have at least 1 entries",)),
        (
            "construction_years = 2\nspending_shares = [0.6, 0.5]",
            ("`finance.spending_shares` = [0.6, 0.5]: add up to 1.1, must add up to 1",),
        ),
        (
            "construction_years = 2\nspending_shares = [1.0]",
            ("`finance.spending_shares` = [1]: 1 given, must be one for each of construction_years = 2",),
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    told = "\n".join(said(tmp_path, GOOD + text + "\n"))
    assert all(word in told for word in words), told


def test_the_investment_must_be_given_and_above_zero(tmp_path: Path) -> None:
    assert said(tmp_path / "a", "\n[finance]\n") == ["`finance.investment_yuan` is missing: must be given"]
    text = "\n[finance]\ninvestment_yuan = 0\n"
    assert said(tmp_path / "b", text) == ["`finance.investment_yuan` = 0: must be in (0, 1000000000000]"]
    assert "finite" in said(tmp_path / "c", "\n[finance]\ninvestment_yuan = nan\n")[0]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD + "discount_rate = 8\nloan.rate = 4.8\nvat.rte = 0.1\n[sites]\n"
    fields = [line.split(" = ")[0].strip("`") for line in said(tmp_path, text)]
    assert sorted(fields) == ["finance.discount_rate", "finance.loan.rate", "finance.vat.rte", "sites"]


def finance(**changes: Any) -> Finance:
    return Finance(investment_yuan=1e6, **changes)


def test_declarations_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        finance().discount_rate = 0.1  # type: ignore[misc]


def test_a_replacement_beyond_the_horizon_is_a_warning() -> None:
    """In the last year it would be paid for and serve nobody: that, too, is beyond."""
    late = {year: finance(replacement=Replacement(year=year, cost_yuan=1e5)) for year in (19, 20, 25)}
    assert late[19].warnings == []
    assert late[19].fixed_replacement_years == (19,)
    for year in (20, 25):
        (line,) = late[year].warnings
        assert f"`finance.replacement.year` = {year}" in line
        assert "20-year horizon" in line
        assert not late[year].fixed_replacement_years
    assert finance(replacement=Replacement(year=25)).warnings == []  # costs nothing: there is none


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vat": ValueAddedTax(refund_year=2)}, "finance.vat.refund_year"),
        ({"operation_maintenance": OperationMaintenance(investment_share=0.02)}, "investment_share"),
        (
            {"operation_maintenance": OperationMaintenance(basis="investment", yuan_per_kw_year=20)},
            "yuan_per_kw_year",
        ),
        ({"loan": Loan(share=0, rate=0.03)}, "finance.loan"),
    ],
)
def test_what_cannot_matter_is_a_warning(changes: dict[str, Any], field: str) -> None:
    (line,) = finance(**changes).warnings
    assert field in line


def test_a_loan_that_is_not_taken_may_be_long() -> None:
    assert finance(loan=Loan(share=0.0, years=40)).loan.years == 40


def test_every_parameter_has_unit_sentence_and_source() -> None:
    value_of = {declared.name: declared for declared in declared_values(finance(discount_rate=0.07))}
    assert {"investment_yuan", "vat_rate", "loan_method", "depreciation_rest_years"} <= set(value_of)
    assert all(declared.sentence and declared.source for declared in value_of.values())
    assert all(declared.unit or declared.choices for declared in value_of.values())
    assert value_of["loan_method"].choices == ("annuity", "equal_principal")
    assert value_of["vat_rate"].source.startswith("as coded from DL/T 2919-2025")
    assert value_of["discount_rate"].source == "given; the default, 0.06, is assumption"


def test_parameters_name_each_value_once() -> None:
    names = [declared.name for declared in declared_values(finance())]
    assert len(names) == len(set(names))
    classes = {"all": AssetClass(share=1.0, years=10)}
    assert "depreciation_all_share" in [
        declared.name for declared in declared_values(finance(depreciation=classes))
    ]
