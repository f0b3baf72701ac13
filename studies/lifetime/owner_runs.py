"""The owners of a park: the storage's years once more without the PV company, and the flows of all."""

from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.owner_flows import OwnerStudy, owner_study
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext


def study_owners(case: Case, lifetime: Lifetime, cash: CashFlow, context: SolveContext) -> OwnerStudy | None:
    """The owners of a case, None where it has none.

    The bills without the PV company's devices come from the first two years and the last dispatched without
    them, others on lines between. Raises what `dispatch_lifetime` raises.
    """
    owners = case.owners
    if owners is None:
        return None
    devices = {name: device for name, device in case.devices.items() if name not in owners.pv.devices}
    without = replace(case.with_devices(devices), contracts=Contracts())
    without_pv = dispatch_lifetime(without, context.labelled("without the PV company"), only=())
    return owner_study(owners, lifetime, without_pv, cash)
