"""cashflow.xlsx recalculated by LibreOffice: every cell equals the computed value, also after an edit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openpyxl
import pytest

from parkdispatch.models.finance.investment import AssetClass, Finance, Loan, ValueAddedTax
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.results.excel.cash_flow_workbook import FIXED, LEFT, SHEETS, write_cashflow_xlsx
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.languages import LANGS, Lang
from tests.support.finance_cases import BY_HAND, BY_HAND_OPERATION, EVERYTHING, RETIRED, fading
from tests.support.reports.workbooks import Cells, all_counted, cells, differences, needs_soffice

AUGMENTED = Replacement(
    mode="augmentation", trigger="end_of_life", cost_yuan=30e6, yearly_price_change=-0.05
)  # fmt: skip
RECURRING = Replacement(year=4, recurrence="every", cost_yuan=30e6)
CASES: dict[str, tuple[Finance, Operation]] = {
    "by hand": (BY_HAND, BY_HAND_OPERATION),
    "upkeep that rises, land, decommissioning": (RETIRED, BY_HAND_OPERATION),
    "everything": (EVERYTHING, fading(EVERYTHING)),
    "cells added twice": (
        EVERYTHING.model_copy(update={"replacement": AUGMENTED}),
        replace(fading(EVERYTHING), replaced_shares=np.isin(np.arange(12), (4, 9)) * 0.3),
    ),
    "cells new every four years": (
        EVERYTHING.model_copy(update={"replacement": RECURRING}),
        fading(EVERYTHING),
    ),
    "no loan, nothing earned": (
        EVERYTHING.model_copy(
            update={
                "loan": Loan(share=0.0),
                "working_capital_share": 0.0,
                "vat": ValueAddedTax(),
                "replacement": Replacement(),
                "depreciation": {"all": AssetClass(share=1.0, years=12, residual_share=0.0)},
            }
        ),
        fading(EVERYTHING, yearly_yuan=0.0),
    ),
}


def of_its_writing(sheet: str, place: str) -> bool:
    """Whether a cell is fixed text: sources, the initial guess of the IRR, and remarks on it."""
    if sheet in ("Assumptions", "参数"):
        return place[0] == "E"
    return sheet in ("Results", "结果") and place[1:] in ("6", "16")


class Book(NamedTuple):
    """A workbook as it is written, and what a person types into it."""

    cash: CashFlow
    lang: Lang = "en"
    typed: Mapping[str, Any] = {}


class Recounted(NamedTuple):
    """The cells of a workbook as it was written, and as LibreOffice counts them after what was typed."""

    written: Cells
    counted: Cells


@pytest.fixture(scope="module")
def books() -> dict[str, Book]:
    """Every workbook that a test of this file has counted anew."""
    edited = cash_flow(EVERYTHING, fading(EVERYTHING))
    by_hand = cash_flow(BY_HAND, BY_HAND_OPERATION)
    return {
        **{f"{name}-{lang}": Book(cash_flow(*CASES[name]), lang) for name in CASES for lang in LANGS},
        **{f"edited-{lang}": Book(edited, lang, EDITED) for lang in LANGS},
        **{
            f"replaced-{name}": Book(
                cash_flow(
                    EVERYTHING.model_copy(update={"replacement": replacement}), operation_of(replacement)
                ),
                typed={f"replacement_{field}": value for field, value in typed.items()},
            )
            for name, (replacement, typed) in REPLACED_OTHERWISE.items()
        },
        **{
            f"times-{multiple}": Book(by_hand, typed={"investment_yuan": BY_HAND.investment_yuan * multiple})
            for multiple in MULTIPLES
        },
        "several": Book(replaced_flow(3_000.0)),
        "several typed": Book(replaced_flow(1.0), typed={"replacement_cost_yuan": 3_000.0}),
    }


@pytest.fixture(scope="module")
def recounted(books: dict[str, Book], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recounted]:
    """Those workbooks, counted by one start of LibreOffice."""
    folder = tmp_path_factory.mktemp("books")
    (folder / "written").mkdir()
    paths = {name: folder / "written" / f"{name}.xlsx" for name in books}
    for name, book in books.items():
        write_cashflow_xlsx(paths[name], book.cash, lang=book.lang)
    counted = all_counted({name: (paths[name], book.typed) for name, book in books.items()}, folder)
    return {name: Recounted(cells(paths[name]), counted[name]) for name in books}


@pytest.fixture(params=CASES, scope="module")
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CashFlow, Path]:
    """Each case with its workbook in English, which tests only read."""
    cash, path = cash_flow(*CASES[request.param]), tmp_path_factory.mktemp("written") / "cashflow.xlsx"
    write_cashflow_xlsx(path, cash)
    return cash, path


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_the_cells_show_the_engine(name: str, lang: Lang, tmp_path: Path) -> None:
    cash, path = cash_flow(*CASES[name]), tmp_path / "cashflow.xlsx"
    words = FinanceWords(lang)
    write_cashflow_xlsx(path, cash, lang=lang)
    shown = openpyxl.load_workbook(path, data_only=True)
    rows: dict[tuple[str, str, str], list[list[Any]]] = {}
    for sheet in SHEETS:
        section = ""
        for row in shown[words.text[sheet]].iter_rows(min_row=5, values_only=True):
            if row[0] and row[2] is None:
                section = str(row[0])
            elif row[0]:
                rows.setdefault((sheet, section, str(row[0])), []).append(list(row))
    for line in cash.lines:
        called, how = words.line(line)
        (row,) = rows[line.sheet, words.section(line.section), called]
        assert row[2] == how
        cell = [np.nan if value in (None, "") else value for value in row[LEFT:]]
        np.testing.assert_allclose(np.array(cell, dtype=float), cash.values[line.key], err_msg=line.key)


def test_all_but_what_is_given_is_a_formula(written: tuple[CashFlow, Path]) -> None:
    cash, path = written
    book = openpyxl.load_workbook(path)
    kinds: dict[str, set[bool]] = {}
    for line in cash.lines:
        for row in book[line.sheet.capitalize()].iter_rows(min_row=5):
            if row[0].value == line.name and row[2].value == line.how:
                last = row[-1] if line.where == "all" else row[LEFT]
                kinds.setdefault(line.key, set()).add(str(last.value).startswith("="))
    given = {key for key, is_formula in kinds.items() if is_formula == {False}}
    streams = {f"gross_{name}" for name in cash.operation.revenue_yuan}
    if cash.finance.replacement.follows_health:
        streams.add("replacement_share")
    assert given == streams | {"discharged_mwh", "auxiliary_gross", "spending_share", "year"}
    results = [cell.value for cell in book["Results"]["E"][4:] if isinstance(cell.value, int | float)]
    assert len(results) == 1  # where the search for the IRR begins


@needs_soffice
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_counted_anew_it_is_the_engine(name: str, lang: Lang, recounted: dict[str, Recounted]) -> None:
    book = recounted[f"{name}-{lang}"]
    assert len(book.counted) > 300
    assert sorted(differences(book.counted, book.written)) == []


EDITED = {
    "investment_yuan": 150e6,
    "discount_rate": 0.07,
    "discounted_to": "end_of_first_year",
    "vat_credit": "carried_forward",
    "operation_maintenance_basis": "investment",
    "operation_maintenance_investment_share": 0.02,
    "replacement_year": 12,
    "depreciation_battery_years": 6,
    "income_tax_half_years": 1,
    "loan_method": "equal_principal",
    "loan_years": 7,
    "loan_construction_interest": "paid",
    "power_mw": 26.0,
}


@needs_soffice
@pytest.mark.parametrize("lang", LANGS)
def test_a_person_who_changes_numbers_sees_what_the_engine_would_say(
    lang: Lang, recounted: dict[str, Recounted], tmp_path: Path
) -> None:
    other = EVERYTHING.model_dump()
    for name, value in EDITED.items():
        table = next(
            (key for key in other if name.startswith(f"{key}_") and isinstance(other[key], dict)), None
        )
        if name == "depreciation_battery_years":
            other["depreciation"]["battery"]["years"] = value
        elif table:
            other[table][name.removeprefix(f"{table}_")] = value
        elif name in other:
            other[name] = value
    operation = fading(EVERYTHING)
    cash = cash_flow(
        Finance(**other),
        Operation(operation.revenue_yuan, operation.discharged_mwh, operation.auxiliary_yuan, 26.0),
    )
    expected = tmp_path / "expected.xlsx"
    write_cashflow_xlsx(expected, cash, lang=lang)
    assert_the_same_flow(recounted[f"edited-{lang}"].counted, expected)


def assert_the_same_flow(counted: Cells, expected: Path) -> Cells:
    """Fail unless all but what is of its writing is the same; return what is."""
    kept = {place: value for place, value in cells(expected).items() if not of_its_writing(*place)}
    counted = {place: value for place, value in counted.items() if place in kept}
    assert len(counted) == len(kept) > 1000
    assert sorted(differences(counted, kept)) == []
    return kept


REPLACED_OTHERWISE = {  # what is written, what is typed into it
    "cells added": (AUGMENTED, {"cost_yuan": 55e6, "yearly_price_change": -0.1, "depreciation_years": 4}),
    "cells new every four years": (RECURRING, {"cost_yuan": 20e6, "year": 5, "residual_share": 0.2}),
    "cells new once": (RECURRING, {"recurrence": "once", "year": 7, "yearly_price_change": 0.02}),
}


def operation_of(replacement: Replacement) -> Operation:
    """What the storage earns, with the shares that an augmentation replaces."""
    operation = fading(EVERYTHING)
    if replacement.follows_health:
        operation = replace(operation, replaced_shares=np.isin(np.arange(12), (4, 9)) * 0.3)
    return operation


@needs_soffice
@pytest.mark.parametrize("name", REPLACED_OTHERWISE)
def test_a_replacement_changed_in_the_workbook_is_the_engines(
    name: str, recounted: dict[str, Recounted], tmp_path: Path
) -> None:
    """Cost, dates, depreciation, residual value and with them every flow, NPV, payback and IRR follow."""
    replacement, typed = REPLACED_OTHERWISE[name]
    other = EVERYTHING.model_copy(update={"replacement": replacement.model_copy(update=typed)})
    expected, book = tmp_path / "expected.xlsx", recounted[f"replaced-{name}"]
    write_cashflow_xlsx(expected, cash_flow(other, operation_of(replacement)))
    kept = assert_the_same_flow(book.counted, expected)
    assert isinstance(kept["Results", "B7"], float)
    assert kept["Results", "B7"] != book.written["Results", "B7"]  # the IRR is another one


def test_what_does_not_exist_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cashflow.xlsx"
    write_cashflow_xlsx(path, cash_flow(*CASES["no loan, nothing earned"]))
    shown = [value for (sheet, _), value in cells(path).items() if sheet == "Results"]
    assert "none" in shown
    assert "never" in shown
    assert "no loan" in shown


def test_names_and_numbers_that_make_the_columns(written: tuple[CashFlow, Path]) -> None:
    cash, path = written
    book = openpyxl.load_workbook(path)
    for name, value in (("vat_rate", cash.finance.vat.rate), ("power_mw", cash.operation.power_mw)):
        sheet, place = book.defined_names[name].attr_text.split("!")
        assert book[sheet][place.replace("$", "")].value == pytest.approx(value)
    labels = {row[0].value: str(row[3].value) for row in book["Assumptions"].iter_rows(min_row=5)}
    assert all("cannot be changed here" in labels[name] for name in FIXED)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write_cashflow_xlsx(path, cash_flow(BY_HAND, BY_HAND_OPERATION))
    assert paths[0].read_bytes() == paths[1].read_bytes()


MULTIPLES = (0.05, 40.0)


@needs_soffice
@pytest.mark.parametrize("multiple", MULTIPLES)
def test_the_irr_is_found_far_from_the_guess_it_was_written_with(
    multiple: float, recounted: dict[str, Recounted]
) -> None:
    """An investment of a twentieth returns far more than the first guess, one of forty times far less."""
    changed = BY_HAND.model_copy(update={"investment_yuan": BY_HAND.investment_yuan * multiple})
    irr = cash_flow(changed, BY_HAND_OPERATION).returns["project_before_tax"].irr.value
    assert irr is not None
    assert recounted[f"times-{multiple}"].counted["Results", "B7"] == pytest.approx(irr, abs=1e-6)


def replaced_flow(replacement_yuan: float) -> CashFlow:
    """Early income of a small investment whose cells are replaced in year four at this cost."""
    replacement = Replacement(year=4, cost_yuan=replacement_yuan)
    finance = BY_HAND.model_copy(update={"replacement": replacement, "investment_yuan": 300.0})
    arbitrage_yuan = np.array([1_500.0, 700.0, 300.0, 300.0, 300.0])
    operation = replace(BY_HAND_OPERATION, revenue_yuan={"arbitrage": arbitrage_yuan})
    return cash_flow(finance, operation)


@needs_soffice
def test_several_irrs_are_none(books: dict[str, Book], recounted: dict[str, Recounted]) -> None:
    """A dear replacement makes the flow end in debt: two rates, of which neither is the IRR."""
    assert books["several"].cash.returns["project_before_tax"].irr.found == "several"
    book = recounted["several"]
    assert book.written["Results", "B7"] == book.counted["Results", "B7"] == "several"


@needs_soffice
def test_several_irrs_after_an_edit_are_none(recounted: dict[str, Recounted]) -> None:
    """Written with one rate; a dear replacement typed into it makes two, of which neither is shown."""
    book = recounted["several typed"]
    assert isinstance(book.written["Results", "B7"], float)
    assert book.counted["Results", "B7"] == "several"
