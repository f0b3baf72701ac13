"""Cash flow of each owner of a park: who invests, who pays whom, and what each loses if another leaves.

    outside (grid, aggregator, builders) ──▶ transfers between owners ──▶ flow of each owner, by year

A transfer is paid by one and received by another, so the flows of the owners add up to the park's, which is
what crosses its border. All flows are before income tax, VAT included, and counted from a park in which the
works buy everything from the grid: their old bill is what they no longer pay. After tax, each owner also pays
its taxes to the outside (`owner_taxes.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.finance.owners import Owners
from parkdispatch.models.markets.green_certificates import CERTIFICATES
from parkdispatch.models.markets.mechanism_price import MECHANISM
from parkdispatch.models.markets.spot_market import DAY_AHEAD, REAL_TIME
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH
from parkdispatch.results.billing.market_revenue import RUNNING
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.returns import Payback, irr, npv, payback
from parkdispatch.results.owners.owner_taxes import ProjectTrade, owner_taxes
from parkdispatch.results.owners.transfers import (
    NETWORK,
    OUTSIDE,
    OWNERS,
    PV,
    STORAGE,
    WORKS,
    Transfer,
    added_transfers,
    owner_totals,
)

OF_EXPORTS, OF_IMPORTS = (MECHANISM, CERTIFICATES), (DAY_AHEAD, REAL_TIME)  # streams of markets

STORAGE_COSTS = tuple(
    f"{STORAGE}_{name}"
    for name in (
        "investment", "working_capital", "replacement", "operation_maintenance", "insurance", "land",
        "decommissioning", "working_capital_back", "residual",
    )
)  # fmt: skip


@dataclass(frozen=True)
class OwnerFlow:
    """The flow of one owner by year, construction first [yuan], and its measures."""

    owner: str
    yuan: Array
    npv_yuan: float
    irr: float | None
    payback: Payback
    loss_yuan: Mapping[str, float]  # NPV lost if another leaves, by the other; negative: gained


@dataclass(frozen=True)
class OwnerStudy:
    """The transfers of a park by year, its owners' taxes, and the flows of its owners and of the whole."""

    transfers: tuple[Transfer, ...]
    flows: tuple[OwnerFlow, ...]  # of `OWNERS`, then of the park; before tax
    taxes: tuple[Transfer, ...]
    after_tax: tuple[OwnerFlow, ...]


@dataclass(frozen=True)
class StorageProject:
    """A project of the storage company, such as a phase: its years and its cash flow."""

    lifetime: Lifetime
    without_pv: Lifetime  # of the same storage in the park without the PV company's devices
    cash: CashFlow
    begin: int = 0  # years after the first project


def owner_study(
    owners: Owners,
    lifetime: Lifetime,
    without_pv: Lifetime,
    cash: CashFlow,
    projects: Sequence[StorageProject] = (),
    kept_share: float = 1.0,
) -> OwnerStudy:
    """The owners of a park whose storage has this lifetime and cash flow.

    `without_pv` is the lifetime of the same storage in a park without the PV company's devices; its bills are
    those if the PV company leaves, and without both. If the works leave, the PV company sells everything to
    the grid, and the storage keeps its arbitrage as an independent station but no demand saving.

    `projects` are those of the storage company, of which lifetimes and cash flow are the sum; each is taxed
    on its own. Left out: one. `kept_share` of what the storage saves on bills is kept without perfect
    foresight.
    """
    facts = _Facts(
        owners,
        StorageProject(lifetime, without_pv, cash),
        projects or [StorageProject(lifetime, without_pv, cash)],
        kept_share,
    )

    def paid(there: frozenset[str]) -> tuple[tuple[Transfer, ...], tuple[Transfer, ...]]:
        transfers = tuple(facts.transfers(there))
        trades = [
            ProjectTrade(project.begin, tuple(facts.storage_transfers(project, there)), project.cash)
            for project in facts.projects
        ]
        return transfers, tuple(owner_taxes(transfers, owners, cash, trades))

    transfers, taxes = paid(frozenset(OWNERS))
    without = {gone: paid(frozenset(OWNERS) - {gone}) for gone in OWNERS}
    before_tax = {gone: owner_totals(others, facts.years) for gone, (others, _) in without.items()}
    after_tax = {
        gone: owner_totals((*others, *of_tax), facts.years) for gone, (others, of_tax) in without.items()
    }
    return OwnerStudy(
        transfers,
        _measured(owner_totals(transfers, facts.years), before_tax, facts),
        taxes,
        _measured(owner_totals((*transfers, *taxes), facts.years), after_tax, facts),
    )


def _measured(
    flows: Mapping[str, Array], without: Mapping[str, Mapping[str, Array]], facts: "_Facts"
) -> tuple[OwnerFlow, ...]:
    """The measures of flows by owner; `without` are the flows if one leaves, by the one that does."""
    worth = {owner: facts.npv_yuan(flow) for owner, flow in flows.items()}
    construction = facts.cash.finance.construction_years

    def lost_yuan(owner: str) -> dict[str, float]:
        others = {gone: rest for gone, rest in without.items() if gone != owner and owner in OWNERS}
        return {gone: worth[owner] - facts.npv_yuan(rest[owner]) for gone, rest in others.items()}

    return tuple(
        OwnerFlow(owner, flow, worth[owner], irr(flow).value, payback(flow, construction), lost_yuan(owner))
        for owner, flow in flows.items()
    )


class _Facts:
    """The bills, energy and costs of a park, and the transfers among any of its owners."""

    def __init__(
        self, owners: Owners, whole: StorageProject, projects: Sequence[StorageProject], kept_share: float
    ) -> None:
        self.owners, self.cash, self.projects = owners, whole.cash, projects
        self.years = len(whole.cash.values["year"])
        self._lifetime, self._without_pv, self._kept_share = whole.lifetime, whole.without_pv, kept_share

    def npv_yuan(self, flow: Array) -> float:
        """Net present value of a flow, discounted as the cash flow of the storage."""
        from_start = self.cash.finance.discounted_to == "start_of_construction"
        return npv(self.owners.discount_rate, flow, from_start)

    def transfers(self, there: frozenset[str]) -> Iterator[Transfer]:
        """The transfers if those owners are there; the others pay and receive nothing, but have invested."""
        of_projects = [(project.begin, self.storage_transfers(project, there)) for project in self.projects]
        of_storage = added_transfers(of_projects, self.years)
        for key in STORAGE_COSTS:
            yield of_storage.pop(key)
        yield from self._costs()
        if WORKS in there:
            yield from self._with_works(there)
        elif PV in there:
            yield Transfer("all_sold", OUTSIDE, PV, self._available_mwh() * self._sale_yuan_per_mwh())
        yield from self._markets(there)
        yield from of_storage.values()

    def storage_transfers(self, project: StorageProject, there: frozenset[str]) -> Iterator[Transfer]:
        """What a project of the storage company pays and receives, by the years of its own cash flow."""
        values, storage, lifetime = project.cash.values, self.owners.storage, project.lifetime
        for key in STORAGE_COSTS:
            name = key.removeprefix(f"{STORAGE}_")
            received = name in ("working_capital_back", "residual")
            payer, payee = (OUTSIDE, STORAGE) if received else (STORAGE, OUTSIDE)
            yield Transfer(key, payer, payee, values[name])
        if STORAGE not in there:
            return

        def padded(yearly: Iterable[float]) -> Array:
            return _padded(yearly, project.cash)

        if WORKS in there:
            bills = lifetime if PV in there else project.without_pv
            saved = padded(year.bill_without_yuan - year.bill_yuan for year in bills.years)
            running = padded(year.contract_yuan.get(RUNNING, 0.0) for year in bills.years)
            shared = storage.saving_share * (self._kept_share * saved + running)
            yield Transfer("saving_share", WORKS, STORAGE, shared)
            contracts = padded(_contracts_yuan(year) for year in lifetime.years)
            yield Transfer("contracts", OUTSIDE, STORAGE, storage.response_share * contracts)
            yield Transfer("contracts_works", OUTSIDE, WORKS, (1.0 - storage.response_share) * contracts)
            lease = self._yearly(storage.lease_yuan_per_kw_year, storage.escalation, project)
            yield Transfer("lease", WORKS, STORAGE, lease)
        else:
            arbitrage = padded(year.saved_yuan["arbitrage"] - year.auxiliary_yuan for year in lifetime.years)
            yield Transfer("arbitrage_alone", OUTSIDE, STORAGE, self._kept_share * arbitrage)
        if NETWORK in there:
            network = self.owners.network
            rent = self._yearly(network.capacity_rent_yuan_per_kw_year, network.escalation, project)
            yield Transfer("capacity_rent", STORAGE, NETWORK, rent)

    def _costs(self) -> Iterator[Transfer]:
        """What PV and network company pay to builders and for upkeep, whether another leaves or not."""
        finance, operation = self.cash.finance, self.cash.values["operation"]
        spending = np.zeros(self.years)
        spending[: finance.construction_years] = finance.spending
        for owner, invested in ((PV, self.owners.pv), (NETWORK, self.owners.network)):
            investment_yuan = invested.investment_yuan
            upkeep = np.where(operation > 0, invested.operation_maintenance_share, 0.0)
            last = operation == finance.operation_years
            yield Transfer(f"{owner}_investment", owner, OUTSIDE, investment_yuan * spending)
            yield Transfer(f"{owner}_operation_maintenance", owner, OUTSIDE, investment_yuan * upkeep)
            residual = np.where(last, invested.residual_share * investment_yuan, 0.0)
            yield Transfer(f"{owner}_residual", OUTSIDE, owner, residual)

    def _with_works(self, there: frozenset[str]) -> Iterator[Transfer]:
        pv, network = self.owners.pv, self.owners.network
        alone = self._of(self._without_pv, "bill_without_yuan")
        lifetime = self._lifetime if PV in there else self._without_pv
        bill = before = self._of(lifetime, "bill_without_yuan")
        if STORAGE in there:
            bill = before - self._kept_share * (before - self._of(lifetime, "bill_yuan"))
        suffix = "" if STORAGE in there else "_without"
        yield Transfer("bill_saved", OUTSIDE, WORKS, alone - bill)
        if any(RUNNING in year.contract_yuan for year in self._lifetime.years):
            # units are the works': they pay for fuel, which PV and storage save
            running = self._in_markets(lifetime, (RUNNING,))
            if STORAGE in there:
                running = running - _padded(
                    (year.contract_yuan.get(RUNNING, 0.0) for year in lifetime.years), self.cash
                )
            saved = self._in_markets(self._without_pv, (RUNNING,)) - running
            yield Transfer("running_saved", OUTSIDE, WORKS, saved)
        used_mwh = np.zeros(self.years)
        if PV in there:
            output_mwh = self._available_mwh() - self._of(lifetime, f"curtailed{suffix}_mwh")
            used_mwh = output_mwh - self._of(lifetime, f"exported{suffix}_mwh")
            price = pv.base_price_yuan_per_kwh * (1.0 - pv.discount) * self._growth(pv.escalation)
            yield Transfer("pv_energy", WORKS, PV, used_mwh * KWH_PER_MWH * price)
            # the works' bill is net of what is sold, which is the PV company's
            yield Transfer("surplus", WORKS, PV, self._of(lifetime, f"sold{suffix}_yuan"))
        if NETWORK in there:
            fee = network.fee_yuan_per_kwh * self._growth(network.escalation)
            yield Transfer("network_fee", WORKS, NETWORK, used_mwh * KWH_PER_MWH * fee)

    def _markets(self, there: frozenset[str]) -> Iterator[Transfer]:
        """What is settled in markets without the storage, whose own effect is among its contracts.

        Mechanism and certificates are of what PV exports; if the works leave, of all that it has. The spot
        settlement is of the works' import, which PV lowers.
        """
        settled = {stream for year in self._lifetime.years for stream in year.market_without_yuan}
        if PV in there and not settled.isdisjoint(OF_EXPORTS):
            earned = -self._in_markets(self._lifetime, OF_EXPORTS)
            if WORKS not in there:
                exported = self._of(self._lifetime, "exported_without_mwh")
                per_mwh = np.divide(earned, exported, out=np.zeros_like(earned), where=exported > 0)
                earned = per_mwh * self._available_mwh()
            yield Transfer("pv_markets", OUTSIDE, PV, earned)
        if PV in there and WORKS in there and not settled.isdisjoint(OF_IMPORTS):
            alone = self._in_markets(self._without_pv, OF_IMPORTS)
            spot = self._in_markets(self._lifetime, OF_IMPORTS)
            yield Transfer("spot_saved", OUTSIDE, WORKS, alone - spot)

    def _in_markets(self, lifetime: Lifetime, streams: Sequence[str]) -> Array:
        """Costs of these streams without the storage."""

        def total(year: OperationYear) -> float:
            return sum(year.market_without_yuan.get(stream, 0.0) for stream in streams)

        return _padded(map(total, lifetime.years), self.cash)

    def _available_mwh(self) -> Array:
        available = (year.park_amounts["renewable_available_mwh"] for year in self._lifetime.years)
        return _padded(available, self.cash)

    def _sale_yuan_per_mwh(self) -> Array:
        """Mean price of the surplus sold without the storage; 0 in years in which nothing is sold."""
        sold = self._of(self._lifetime, "sold_without_yuan")
        exported = self._of(self._lifetime, "exported_without_mwh")
        return np.divide(sold, exported, out=np.zeros_like(sold), where=exported > 0)

    def _growth(self, rate: float) -> Array:
        return np.asarray((1.0 + rate) ** np.maximum(0.0, self.cash.values["operation"] - 1.0))

    def _yearly(self, yuan_per_kw: float, escalation: float, project: StorageProject) -> Array:
        """A price of the rated power of a project in each year of its operation [yuan].

        It changes from the first project's first year on.
        """
        cash = project.cash
        price = yuan_per_kw * self._growth(escalation)[project.begin :][: len(cash.values["year"])]
        return np.where(cash.values["operation"] > 0, price * cash.operation.power_mw * KW_PER_MW, 0.0)

    def _of(self, lifetime: Lifetime, name: str) -> Array:
        return _padded((getattr(year, name) for year in lifetime.years), self.cash)


def _contracts_yuan(year: OperationYear) -> float:
    """Income of a year by contracts and in markets, without what the works save in running costs [yuan]."""
    return sum(yuan for stream, yuan in year.contract_yuan.items() if stream != RUNNING)


def _padded(yearly: Iterable[float], cash: CashFlow) -> Array:
    """An amount by operating year, with zeros for the years of construction."""
    return np.concatenate([np.zeros(cash.finance.construction_years), list(yearly)])
