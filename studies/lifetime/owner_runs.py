"""The owners of a park: the storage's years once more without the PV company, and the flows of all."""

from collections.abc import Callable
from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.owners.owner_flows import OwnerStudy, owner_study
from parkdispatch.studies.lifetime.lifetimes_together import AskedLifetime


def without_pv_company(case: Case) -> AskedLifetime | None:
    """The lifetime of a case without the PV company's devices; None where it names no owners.

    The first two years and the last are dispatched, others are on lines between.
    """
    if case.owners is None:
        return None
    devices = {name: device for name, device in case.devices.items() if name not in case.owners.pv.devices}
    without = replace(case.with_devices(devices), contracts=Contracts())
    return AskedLifetime(without, "without the PV company", only=())


def study_owners(
    case: Case, lifetime: Lifetime, cash: CashFlow, without_pv: Callable[[], Lifetime]
) -> OwnerStudy | None:
    """The owners of a case, None where it has none.

    `without_pv` returns the lifetime that `without_pv_company` asks for, or raises what its dispatch raises.
    """
    return None if case.owners is None else owner_study(case.owners, lifetime, without_pv(), cash)
