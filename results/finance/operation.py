"""Revenue and energy of a storage by operating year: the operational input of the cash flow."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.finance.investment import Finance

Array = NDArray[np.float64]
NOT_KEPT = "foresight_not_kept"  # the stream of what is lost without perfect foresight


@dataclass(frozen=True)
class Operation:
    """Revenue and energy of the storage; arrays have one entry per operating year."""

    revenue_yuan: Mapping[str, Array]  # by stream, VAT included; arbitrage is net of the energy charged
    discharged_mwh: Array  # AC
    auxiliary_yuan: Array  # cooling and control energy not yet deducted in a stream, VAT included
    power_mw: float  # rated
    # share of the replacement's cost that is due at the end of each year; None: by the finance's fixed year
    replaced_shares: Array | None = None
    kept_share: float = 1.0  # of the dispatched saving, where a stream `NOT_KEPT` has the rest


def operation_problems(finance: Finance, operation: Operation) -> list[str]:
    """Problems of an operation, one line each; empty where it is usable."""
    years = finance.operation_years
    problems = [] if operation.revenue_yuan else ["`revenue_yuan` = {}: must have at least one stream"]
    arrays = {f"revenue_yuan.{name}": array for name, array in operation.revenue_yuan.items()}
    if operation.replaced_shares is not None:
        arrays["replaced_shares"] = operation.replaced_shares
    arrays |= {"discharged_mwh": operation.discharged_mwh, "auxiliary_yuan": operation.auxiliary_yuan}
    for name, array in arrays.items():
        if array.shape != (years,):
            problems.append(
                f"`{name}` has the shape {array.shape}: must have one entry for each of"
                f" finance.operation_years = {years}"
            )
        elif not np.isfinite(array).all():
            year = int((~np.isfinite(array)).argmax()) + 1
            problems.append(
                f"`{name}` = {array[year - 1]} in year {year} of operation: must be a finite number"
            )
        elif not name.startswith("revenue_yuan") and (array < 0).any():
            year = int((array < 0).argmax()) + 1
            problems.append(
                f"`{name}` = {array[year - 1]:.15g} in year {year} of operation: must be 0 or more"
            )
    problems += [
        f"`revenue_yuan.{name}`: the name must be small letters, digits and underscores"
        for name in operation.revenue_yuan
        if not (name.isidentifier() and name.isascii() and name == name.lower())
    ]
    if not (np.isfinite(operation.power_mw) and operation.power_mw >= 0):
        problems.append(f"`power_mw` = {operation.power_mw:.15g}: must be 0 or more")
    return problems
