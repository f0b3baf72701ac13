"""Source-grid-load-storage (源网荷储) dispatch of an industrial park, proven optimal.

    import parkdispatch as pdx

    case = pdx.load_case("gaoan")
    tomorrow = pdx.plan(case, day="2026-07-15", soc=0.4, peak_so_far_mw=171)
    tomorrow.table, tomorrow.proof.gap, tomorrow.cost_yuan

What `__all__` lists is public: it keeps working between minor versions, and what is to go warns a minor
version before. Everything else may change at any time. Names load when they are first used, so that
`import parkdispatch` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.inputs.loader import load_case
    from parkdispatch.inputs.schema.orders import (
        CallOrder,
        FinalStateOrder,
        ForceOrder,
        LimitOrder,
        OutageOrder,
        ReserveOrder,
    )
    from parkdispatch.interfaces.api.dispatch_api import Dispatch, Plan, Replay, plan, replay, year
    from parkdispatch.interfaces.api.forecast_api import forecast, forecast_score
    from parkdispatch.interfaces.api.hedge_api import Hedge, hedge
    from parkdispatch.interfaces.api.investment_api import (
        Investment,
        PublishedComparison,
        SizingStudy,
        reproduce,
        size,
        study,
    )
    from parkdispatch.interfaces.api.ledger_api import ParkLedger, ledger
    from parkdispatch.models.device import Device, Park, Seen, SeriesSpec
    from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError, SolverError
    from parkdispatch.models.registry import device_kinds, register_device
    from parkdispatch.models.vocabulary import Interval, Terms
    from parkdispatch.studies.device_conformance import check_device

    __version__: str

__all__ = [
    "CallOrder",
    "Case",
    "Device",
    "Dispatch",
    "FinalStateOrder",
    "ForceOrder",
    "Hedge",
    "InfeasibleError",
    "InputError",
    "Interval",
    "Investment",
    "LimitOrder",
    "OutageOrder",
    "Park",
    "ParkLedger",
    "ParkdispatchError",
    "Plan",
    "PublishedComparison",
    "Replay",
    "ReserveOrder",
    "Seen",
    "SeriesSpec",
    "SizingStudy",
    "SolverError",
    "Terms",
    "__version__",
    "check_device",
    "device_kinds",
    "forecast",
    "forecast_score",
    "hedge",
    "ledger",
    "load_case",
    "plan",
    "register_device",
    "replay",
    "reproduce",
    "size",
    "study",
    "year",
]
_HOMES = {
    "inputs.case": ("Case",),
    "inputs.loader": ("load_case",),
    "inputs.schema.orders": (
        "CallOrder",
        "FinalStateOrder",
        "ForceOrder",
        "LimitOrder",
        "OutageOrder",
        "ReserveOrder",
    ),
    "interfaces.api.dispatch_api": ("Dispatch", "Plan", "Replay", "plan", "replay", "year"),
    "interfaces.api.forecast_api": ("forecast", "forecast_score"),
    "interfaces.api.hedge_api": ("Hedge", "hedge"),
    "interfaces.api.investment_api": (
        "Investment",
        "PublishedComparison",
        "SizingStudy",
        "reproduce",
        "size",
        "study",
    ),
    "interfaces.api.ledger_api": ("ParkLedger", "ledger"),
    "models.device": ("Device", "Park", "Seen", "SeriesSpec"),
    "models.vocabulary": ("Interval", "Terms"),
    "models.errors": ("InfeasibleError", "InputError", "ParkdispatchError", "SolverError"),
    "models.registry": ("device_kinds", "register_device"),
    "studies.device_conformance": ("check_device",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name, or a layer such as `parkdispatch.models`, when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib import metadata

        try:
            return metadata.version("parkdispatch")
        except metadata.PackageNotFoundError:  # a checkout that is not installed
            return "unknown"
    if name in _HOME_OF:
        value = getattr(import_module(f"parkdispatch.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'parkdispatch' has no attribute '{name}'")


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
