"""Income by contract: what a case file may say of it, and what a year earns."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import (
    Contracts,
    MeteredAbsorption,
    MeteredResponse,
    StatedAbsorption,
    StatedResponse,
)
from parkdispatch.models.finance.investment import declared_values
from parkdispatch.results.billing.baseline import Baseline, Event
from parkdispatch.results.billing.contract_revenue import YearFacts, contract_revenue_yuan
from parkdispatch.results.billing.demand_response import SettledEvent
from tests.support.small_case import add, swap, write_case

RESPONSE = "\n[contract.demand_response]\n"
ABSORPTION = "\n[contract.absorption]\n"
STATED = RESPONSE + 'kind = "stated"\nenergy_mwh_per_event = 41.4\n'
FINANCE = "\n[finance]\ninvestment_yuan = 1e8\n"
BASELINE = Baseline(20.0, (date(2026, 7, 1), date(2026, 7, 2)))
METERED = RESPONSE + 'kind = "metered"\n'


def case(tmp_path: Path, text: str) -> Case:
    return load_case(str(write_case(tmp_path, add(text))))


def contracts(**given: Any) -> Contracts:
    return Contracts.model_validate(given)


# --- what a year earns


def test_the_published_demand_response() -> None:
    """60 events x 4 yuan/kWh x 41.4 MWh = 9.936 million yuan a year, 19,872 x 10^4 yuan in twenty."""
    stated = contracts(demand_response={"kind": "stated", "energy_mwh_per_event": 41.4})
    revenue_yuan = contract_revenue_yuan(stated, YearFacts(health=0.8))
    assert revenue_yuan == {"demand_response": pytest.approx(9.936e6)}
    assert 20 * revenue_yuan["demand_response"] / 1e4 == pytest.approx(19_872)


def test_the_published_absorption() -> None:
    """3,053.6 MWh at 0.4143 yuan/kWh are 126.51 x 10^4 yuan."""
    stated = contracts(absorption={"kind": "stated", "energy_mwh_per_year": 3053.6})
    revenue_yuan = contract_revenue_yuan(stated, YearFacts())
    assert revenue_yuan == {"absorption": pytest.approx(126.51e4, rel=1e-4)}


def test_stated_energy_may_fade_with_the_health() -> None:
    fading = {"kind": "stated", "energy_mwh_per_event": 10.0, "fades": True, "events_per_year": 2}
    revenue_yuan = contract_revenue_yuan(contracts(demand_response=fading), YearFacts(health=0.75))
    assert revenue_yuan == {"demand_response": pytest.approx(2 * 4000 * 7.5)}


def test_metered_streams_are_the_years_own() -> None:
    day = pd.Timestamp("2026-07-08 18:00")
    events = [
        SettledEvent(Event(day, day + pd.Timedelta(hours=1)), BASELINE, 10.0, 10.0, 10.0, yuan)
        for yuan in (3, 4)
    ]
    both = contracts(demand_response={"kind": "metered"}, absorption={"kind": "metered"})
    facts = YearFacts(curtailed_mwh=2.0, curtailed_without_mwh=12.0, settled=events)
    assert contract_revenue_yuan(both, facts) == {
        "demand_response": 7,
        "absorption": pytest.approx(10_000 * 0.4143),
    }


def test_nothing_agreed_earns_nothing() -> None:
    assert contract_revenue_yuan(Contracts(), YearFacts()) == {}
    assert Contracts().none
    assert not contracts(absorption={"kind": "metered"}).none


def test_absorption_cannot_be_metered_where_the_park_needs_its_storage() -> None:
    metered = contracts(absorption={"kind": "metered"})
    with pytest.raises(InputError, match="`contract.absorption.kind` = 'metered': must be stated"):
        contract_revenue_yuan(metered, YearFacts(curtailed_mwh=1.0))


# --- the case file


def test_the_section_may_be_left_out(tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path))).contracts == Contracts()


def test_the_built_in_case_is_metered_by_the_defaults_and_tells_the_stated_forms() -> None:
    metered = {"demand_response": {"kind": "metered"}, "absorption": {"kind": "metered"}}
    built_in = load_case("gaoan")
    assert built_in.contracts == contracts(**metered)
    assert built_in.warnings == []
    commented = re.findall(r"^# \[contract\.\w+\]\n(?:^# \w+ = .+\n)+", case_text("gaoan"), re.MULTILINE)
    tables = [tomllib.loads(re.sub("^# ", "", block, flags=re.MULTILINE)) for block in commented]
    stated = {key: table for stated_table in tables for key, table in stated_table["contract"].items()}
    earned = contract_revenue_yuan(contracts(**stated), YearFacts())
    assert earned == {
        "demand_response": pytest.approx(9.936e6),
        "absorption": pytest.approx(126.51e4, rel=1e-4),
    }


def test_each_kind_has_its_fields(tmp_path: Path) -> None:
    text = STATED + ABSORPTION + 'kind = "stated"\nenergy_mwh_per_year = 3053.6\n'
    read = case(tmp_path / "a", text).contracts
    assert read.demand_response == StatedResponse(kind="stated", energy_mwh_per_event=41.4)
    assert read.absorption == StatedAbsorption(kind="stated", energy_mwh_per_year=3053.6)
    read = case(tmp_path / "b", METERED + ABSORPTION + 'kind = "metered"\n').contracts
    assert read.demand_response == MeteredResponse(kind="metered")
    assert read.absorption == MeteredAbsorption(kind="metered")


def test_the_defaults_are_the_facts() -> None:
    defaults = MeteredResponse(kind="metered")
    assert (defaults.events_per_year, defaults.price_yuan_per_kwh, defaults.hours) == (60, 4.0, 2.0)
    assert (defaults.months, defaults.periods) == ((7, 8, 12, 1), ("sharp", "peak"))
    assert (defaults.baseline_days, defaults.paid_from, defaults.paid_to) == (5, 0.8, 1.2)
    assert defaults.baselines == "lowest"
    assert (defaults.events_per_week, defaults.baseline_max_age_days, defaults.candidates) == (3, 30, 5)
    assert (defaults.same_day_adjustment, defaults.capacity_price_yuan_per_kw_month) == (False, 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RESPONSE + "hours = 1", ("`contract.demand_response.kind` is missing", "one of stated, metered")),
        (RESPONSE + 'kind = "meterd"', ("`contract.demand_response.kind` = 'meterd'", "mean `metered`")),
        ('\n[contract.demand_respons]\nkind = "metered"', ("`contract.demand_respons`", "`demand_response`")),
        (RESPONSE + 'kind = "stated"', ("`contract.demand_response.energy_mwh_per_event` is missing",)),
        (STATED + "hours = 1", ("`contract.demand_response.hours` = 1: no such key", "known here", "fades")),
        (STATED + "price_yuan_per_kwh = 4000", ("price_yuan_per_kwh` = 4000: must be in [0, 100]",)),
        (STATED + "price_yuan_per_kwh = -4", ("price_yuan_per_kwh` = -4: must be in [0, 100]",)),
        (STATED + "events_per_year = 400", ("events_per_year` = 400: must be in [0, 366]",)),
        (STATED + "events_per_year = 1.5", ("events_per_year` = 1.5: must be a whole number",)),
        (STATED + 'fades = "no"', ("fades` = 'no': must be true or false",)),
        (METERED + "paid_from = 80", ("paid_from` = 80: must be in [0, 1]", "0.8?")),
        (METERED + "paid_to = 0.9", ("paid_to` = 0.9: must be in [1, 10]",)),
        (METERED + "hours = 1.6", ("`contract.demand_response.hours` = 1.6: must consist of whole quarter",)),
        (METERED + "hours = 0", ("hours` = 0: must be in (0, 24]",)),
        (METERED + "bid_mw = 0", ("bid_mw` = 0: must be in (0, 100000]",)),
        (METERED + "months = [7, 13]", ("months[1]` = 13: must be in [1, 12]",)),
        (METERED + "months = []", ("months` = []: must have at least 1",)),
        (METERED + "months = [7, 7]", ("months", "must name each once; twice: 7")),
        (METERED + 'periods = ["peek"]', ("periods` = peek: must be periods of tariff own",)),
        (METERED + 'baselines = "high"', ("baselines` = 'high': must be 'lowest' or 'highest'", "`highest`")),
        (METERED + "baseline_days = 0", ("baseline_days` = 0: must be in [1, 30]",)),
        (METERED + "baseline_of_days = 4", ("baseline_of_days` = 4: must be at least baseline_days = 5",)),
        (METERED + "events_per_week = 8", ("events_per_week` = 8: must be in [1, 7]",)),
        (METERED + 'notice = "two_hours"', ("notice` = 'two_hours': must be 'day_ahead'",)),
        (
            METERED + 'periods = ["sharp", "deep_valley"]',
            ("periods` = sharp, deep_valley: must be periods of tariff own: peak, flat, valley",),
        ),
        (
            METERED + "hours = 5.25",
            (
                "`contract.demand_response.hours` = 5.25: must be at most 5,",
                "sharp or peak in month 7, 8, 12, 1",
            ),
        ),
        (ABSORPTION + 'kind = "stated"', ("`contract.absorption.energy_mwh_per_year` is missing",)),
        (
            ABSORPTION + 'kind = "metered"\nenergy_mwh_per_year = 3',
            ("`contract.absorption.energy_mwh_per_year` = 3: no such key",),
        ),
        ("\n[contract]\nabsorption = 3", ("`contract.absorption` = 3: must be",)),
        ("\ncontract = 3", ("`contract`",)),
    ],
)
def test_what_is_wrong_is_said(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    front = text.startswith("\ncontract = ")
    damage = swap('name = "small"', f'name = "small"{text}') if front else add(text + "\n")
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path, damage)))
    told = "\n".join(caught.value.problems)
    assert all(word in told for word in words), told
    assert len(caught.value.problems) == 1, told


def test_an_event_consists_of_intervals(tmp_path: Path) -> None:
    path = write_case(tmp_path, swap("minutes = 15", "minutes = 60"), add(METERED + "hours = 1.5\n"))
    with pytest.raises(InputError) as caught:
        load_case(str(path))
    assert (
        "`contract.demand_response.hours` = 1.5: must consist of whole intervals of 60 minutes"
        in caught.value.problems
    )


def test_the_longest_event_is_that_of_the_months_named() -> None:
    """Jiangxi: in July sharp and peak join from 17:00 to 23:00, in December from 18:00 to 21:00."""
    tariff = read_tariff("jiangxi-2026")

    def told(hours: float, months: list[int], **more: Any) -> list[str]:
        given = {"kind": "metered", "hours": hours, "months": months, **more}
        return MeteredResponse.model_validate(given).problems(15, 2026, 1, tariff)

    assert told(6.0, [7, 12]) == []
    assert "at most 6," in told(6.25, [7, 12])[0]
    assert told(3.0, [12]) == []
    assert "at most 3," in told(3.25, [12])[0]
    assert "at most 2," in told(2.25, [1], periods=["sharp"])[0]
    assert "at most 0," in told(2.0, [4], periods=["sharp"])[0]
    late = tariff.model_copy(update={"valid_from": date(2026, 9, 1)})
    assert MeteredResponse(kind="metered", hours=3.5, months=(7, 12)).problems(15, 2026, 1, late) != []
    assert MeteredResponse(kind="metered", hours=9.0, months=(7,)).problems(15, 2026, 1, late) == []


def test_one_meter_settles(tmp_path: Path) -> None:
    second = '\n[device.grid_2]\nkind = "grid"\nvoltage_kv_level = "110kV"\nimport_limit_mw = 1\n'
    with pytest.raises(InputError) as caught:
        case(tmp_path, second + "export_limit_mw = 0\n" + METERED)
    (line,) = caught.value.problems
    assert line.startswith("`contract.demand_response.kind` = 'metered': the case has 2 grid connections")


def test_a_connection_that_is_written_wrongly_is_not_missed(tmp_path: Path) -> None:
    path = write_case(tmp_path, swap("import_limit_mw = 150.0", "import_limit_mw = -1"), add(METERED))
    with pytest.raises(InputError) as caught:
        load_case(str(path))
    (line,) = caught.value.problems
    assert line.startswith("`device.grid.import_limit_mw` = -1")


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = METERED + "paid_from = 80\nprice_yuan_per_mwh = 4000\n" + ABSORPTION + 'kind = "stated"\n'
    with pytest.raises(InputError) as caught:
        case(tmp_path, text + "\n[finance]\ninvestment_yuan = 1e8\nloan.rate = 4.8\n")
    fields = sorted(line.split("`")[1] for line in caught.value.problems)
    assert fields == [
        "contract.absorption.energy_mwh_per_year",
        "contract.demand_response.paid_from",
        "contract.demand_response.price_yuan_per_mwh",
        "finance.loan.rate",
    ]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (STATED + "events_per_year = 0", "events_per_year` = 0"),
        (METERED + "bid_mw = 40", "bid_mw` = 40: is never paid, because the storage has 20 MW"),
        (METERED + "paid_from = 0.9", "paid_from` = 0.9: cannot matter"),
        (METERED + "paid_to = 1.5", "paid_to` = 1.5: cannot matter"),
    ],
)
def test_what_cannot_matter_is_a_warning(text: str, field: str, tmp_path: Path) -> None:
    (line,) = case(tmp_path, text + "\n" + FINANCE).warnings
    assert field in line


def test_contracts_without_finance_are_a_warning(tmp_path: Path) -> None:
    assert case(tmp_path / "a", STATED).warnings == [
        "`contract`: cannot matter, because only a study counts it, which needs `finance`"
    ]
    assert case(tmp_path / "b", STATED + FINANCE).warnings == []
    assert case(tmp_path / "c", "").warnings == []


def test_a_bid_the_storage_can_answer_is_no_warning(tmp_path: Path) -> None:
    assert case(tmp_path, METERED + "bid_mw = 25\npaid_from = 0.8\n" + FINANCE).warnings == []


def test_every_parameter_has_unit_sentence_and_source() -> None:
    metered = contracts(demand_response={"kind": "metered", "bid_mw": 9.0}, absorption={"kind": "metered"})
    stated = contracts(
        demand_response={"kind": "stated", "energy_mwh_per_event": 41.4},
        absorption={"kind": "stated", "energy_mwh_per_year": 3053.6},
    )
    names = set()
    for declared in [*declared_values(metered), *declared_values(stated)]:
        names.add(declared.name)
        if not declared.name.endswith("_kind"):
            assert declared.sentence
            assert declared.source
            assert declared.unit or declared.choices
    assert {"demand_response_hours", "demand_response_bid_mw", "demand_response_fades"} <= names
    assert {"absorption_price_yuan_per_kwh", "absorption_energy_mwh_per_year"} <= names
