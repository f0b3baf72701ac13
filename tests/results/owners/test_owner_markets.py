"""Owners of a park that settles in markets: by hand, from dispatched years, and adding up to the park's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.finance.owners import NetworkOwner, Owners, PvOwner, StorageOwner
from parkdispatch.models.markets.green_certificates import GreenCertificates
from parkdispatch.models.markets.mechanism_price import MechanismPrice
from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy, owner_study
from parkdispatch.results.owners.transfers import OWNERS, PARK
from parkdispatch.results.wording.owner_words import transfer_name
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.lifetime.owner_runs import case_without_pv_company
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.cases.owner_cases import CASH, PV, TOGETHER, WITHOUT_PV
from tests.support.small_case import replaced, series, write_case


def in_markets(lifetime: Lifetime, without: dict[str, float], added: dict[str, float]) -> Lifetime:
    """The years with what markets cost without the storage, and what it adds to their streams."""
    years = tuple(
        replace(year, market_without_yuan=without, contract_yuan={**year.contract_yuan, **added})
        for year in lifetime.years
    )
    return replace(lifetime, years=years)


ADDED = {"mechanism": -20.0, "day_ahead": 15.0, "regulation": 30.0}
SETTLED = {"mechanism": -100.0, "certificates": -40.0, "day_ahead": 500.0, "real_time": 10.0}
ALONE = {"mechanism": 0.0, "certificates": 0.0, "day_ahead": 700.0, "real_time": 0.0}


def by_hand() -> OwnerStudy:
    return owner_study(
        Owners(pv=PV, discount_rate=0.0),
        in_markets(TOGETHER, SETTLED, ADDED),
        in_markets(WITHOUT_PV, ALONE, {}),
        CASH,
    )


def flow(found: OwnerStudy, owner: str) -> OwnerFlow:
    return next(part for part in found.flows if part.owner == owner)


def assert_sums(found: OwnerStudy) -> None:
    """The owners' flows are the park's in each year, before and after tax."""
    for flows in (found.flows, found.after_tax):
        by_owner = {part.owner: part.yuan for part in flows}
        total = np.sum([by_owner[owner] for owner in OWNERS], axis=0)
        np.testing.assert_allclose(total, by_owner[PARK], atol=1e-6)


def test_who_earns_what_in_markets() -> None:
    """PV 100 of the mechanism and 40 of certificates beside 3,800; the works 700 - 510 of spot beside -720.

    The storage has its contract of 50, and -20 + 15 + 30 of markets.
    """
    found = by_hand()
    assert_sums(found)
    assert flow(found, "pv").yuan[1:].tolist() == pytest.approx([3_940.0] * 5)
    assert flow(found, "works").yuan[1:].tolist() == pytest.approx([-720.0 + 190.0] * 5)
    paid = {transfer.key: transfer.yuan[1] for transfer in found.transfers}
    assert paid["contracts"] == pytest.approx(75.0)
    # all that crosses the border in markets: what they cost with the storage, against the works alone
    crossed = paid["pv_markets"] + paid["spot_saved"] + paid["contracts"] - 50.0
    with_storage = sum(SETTLED.values()) - sum(ADDED.values())
    assert crossed == pytest.approx(sum(ALONE.values()) - with_storage)


def test_what_is_lost_in_markets_if_another_leaves() -> None:
    """Five years, undiscounted. Without the works PV sells 10 MWh at 0.3, with 140 / 4 yuan of markets each.

    Without PV the works have neither its energy nor its effect on the spot settlement; the storage's market
    streams stay, as its contracts do.
    """
    found = by_hand()
    pv, storage, works = (flow(found, owner).loss_yuan for owner in ("pv", "storage", "works"))
    assert pv["works"] == pytest.approx(5 * (3_940.0 - (3_000.0 + 350.0)))
    assert pv["storage"] == pytest.approx(5 * (3_800.0 - 3_600.0))
    assert storage["pv"] == pytest.approx(5 * 0.8 * (400.0 - 200.0))
    assert storage["works"] == pytest.approx(5 * (320.0 + 75.0 - 300.0))
    without_pv = 9_000.0 - 8_800.0 - 0.8 * 200.0
    assert works["pv"] == pytest.approx(5 * (-720.0 + 190.0 - without_pv))


def test_each_payment_has_words() -> None:
    for lang in ("en", "zh"):
        words = load_words(lang, "study")
        for transfer in by_hand().transfers:
            assert transfer_name(transfer.key, words)


def test_dispatched_years_with_markets_add_up(tmp_path: Path) -> None:
    """Two days with surplus sun, a mechanism, certificates, a spot market and regulation, as three years.

    What crosses the border in markets is what they cost the works alone less what they cost the whole park.
    """
    little = replaced("load.csv", series("time,load [MW]", lambda _: 30.0, minutes=60))
    case = load_case(str(write_case(tmp_path, *HOURLY, ENERGY_ONLY, little)))
    battery = {**PLAIN, "initial_soc": 0.5, "services": {"regulation_price_yuan_per_mw_h": 10.0}}
    devices = {
        **case.devices,
        "battery_1": Battery.model_validate(battery),
        "mechanism": MechanismPrice.example(),
        "certificates": GreenCertificates(),
        "spot": SpotMarket(day_ahead_price_yuan_per_mwh=30.0, real_time_price_yuan_per_mwh=40.0),
    }
    owners = Owners(
        pv=PvOwner(devices=("pv",), investment_yuan=8_000.0, base_price_yuan_per_kwh=0.6),
        storage=StorageOwner(saving_share=0.7, response_share=0.9, lease_yuan_per_kw_year=0.1),
        network=NetworkOwner(investment_yuan=500.0, fee_yuan_per_kwh=0.02),
    )
    case = replace(case.with_devices(devices), finance=finance(3), owners=owners)
    times = pd.date_range("2026-07-15", periods=48, freq="h")
    lifetime = dispatch_years(prepare(case, times), SolveContext())
    without = dispatch_years(prepare(case_without_pv_company(case), times), SolveContext())
    assert case.finance is not None
    found = owner_study(owners, lifetime, without, cash_flow(case.finance, lifetime.operation()))
    assert_sums(found)
    paid = {transfer.key: transfer.yuan[1:] for transfer in found.transfers}
    assert (paid["pv_markets"] > 0).all()
    assert (paid["spot_saved"] > 0).all()
    for number, (year, alone) in enumerate(zip(lifetime.years, without.years, strict=True)):
        with_storage = sum(year.market_without_yuan.values()) - sum(year.contract_yuan.values())
        crossed = sum(float(paid[key][number]) for key in ("pv_markets", "spot_saved", "contracts"))
        crossed += float(paid["contracts_works"][number])
        assert crossed == pytest.approx(sum(alone.market_without_yuan.values()) - with_storage)


def test_fuel_is_the_works_and_what_the_storage_saves_of_it_is_shared() -> None:
    """Fuel: 900 with nothing, 500 with PV, 380 with both. The works pay 520 less, and 80 % of 120 is owed.

    Were it one of the contracts, all of it would be the storage company's, and nobody's fuel would be saved.
    """
    fuel = in_markets(TOGETHER, {"running_costs": 500.0}, {"running_costs": 120.0})
    alone = in_markets(WITHOUT_PV, {"running_costs": 900.0}, {"running_costs": 100.0})
    found = owner_study(Owners(pv=PV, discount_rate=0.0), fuel, alone, CASH)
    plain = owner_study(Owners(pv=PV, discount_rate=0.0), TOGETHER, WITHOUT_PV, CASH)
    assert_sums(found)
    paid, before = ({part.key: part.yuan[1] for part in study.transfers} for study in (found, plain))
    assert paid["running_saved"] == pytest.approx(900 - 380)
    assert paid["saving_share"] - before["saving_share"] == pytest.approx(0.8 * 120)
    assert paid["contracts"] == pytest.approx(before["contracts"])
    gained = {owner: flow(found, owner).yuan[1] - flow(plain, owner).yuan[1] for owner in (*OWNERS, PARK)}
    assert gained == pytest.approx({"pv": 0, "storage": 96, "network": 0, "works": 424, "park": 520})
    # five years: without the PV company the storage saves 20 less a year, of which it has 80 %
    lost, other = (flow(study, "storage").loss_yuan["pv"] for study in (found, plain))
    assert lost - other == pytest.approx(5 * 0.8 * 20)
    for lang in ("en", "zh"):
        assert transfer_name("running_saved", load_words(lang, "study"))
