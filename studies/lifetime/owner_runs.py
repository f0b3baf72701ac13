"""The owners of a park: the storage's years once more without the PV company, and the flows of all."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.phase_study import PhaseStudy
from parkdispatch.results.owners.owner_flows import OwnerStudy, StorageProject, owner_study
from parkdispatch.results.savings.as_operated import AsOperated
from parkdispatch.studies.lifetime.lifetimes_together import AskedLifetime

LABEL = "without the PV company"  # before the progress texts of its years


def case_without_pv_company(case: Case) -> Case:
    """The case without the PV company's devices, and without contracts, which are taken as they are."""
    sold = () if case.owners is None else case.owners.pv.devices
    devices = {name: device for name, device in case.devices.items() if name not in sold}
    return replace(case.with_devices(devices), contracts=Contracts())


def without_pv_company(case: Case) -> AskedLifetime | None:
    """The lifetime of a case without the PV company's devices; None where it names no owners.

    The first two years and the last are dispatched, others are on lines between.
    """
    return None if case.owners is None else AskedLifetime(case_without_pv_company(case), LABEL, only=())


def study_owners(
    case: Case,
    lifetime: Lifetime,
    cash: CashFlow,
    without_pv: Callable[[], Lifetime],
    as_operated: AsOperated | None = None,
) -> OwnerStudy | None:
    """The owners of a case, None where it has none.

    `without_pv` returns the lifetime that `without_pv_company` asks for, or raises what its dispatch raises.
    """
    if case.owners is None:
        return None
    return owner_study(case.owners, lifetime, without_pv(), cash, kept_share=_kept_share(as_operated))


def study_owners_of_phases(
    lifetime: Lifetime,
    phases: Sequence[PhaseStudy],
    without_pv: tuple[Lifetime, Sequence[PhaseStudy]],
    cash: CashFlow,
    as_operated: AsOperated | None = None,
) -> OwnerStudy:
    """The owners of a case whose storage is built in phases, each a project of the storage company.

    `without_pv` are lifetime and phases of `case_without_pv_company`, `cash` is that of all phases.
    """
    owners, (lifetime_without, phases_without) = lifetime.case.owners, without_pv
    assert owners is not None
    projects = [
        StorageProject(phase.lifetime, without.lifetime, phase.cash, phase.phase.commissioned)
        for phase, without in zip(phases, phases_without, strict=True)
    ]
    return owner_study(owners, lifetime, lifetime_without, cash, projects, _kept_share(as_operated))


def _kept_share(as_operated: AsOperated | None) -> float:
    return 1.0 if as_operated is None else as_operated.share
