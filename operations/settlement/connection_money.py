"""What a day's exchange with the grid costs, by its prices and by the bill's own code."""

import numpy as np

from parkdispatch.inputs.full_use_prices import DEMAND_PRICE
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.operations.settlement.charge_money import ChargedConnection
from parkdispatch.results.audit import MONEY_TOLERANCE
from parkdispatch.results.billing.bill import bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.billing.demand_charge import months_priced_at_full_use


def connection_money(
    prepared: Prepared, grid: str, import_mw: Array, export_mw: Array
) -> tuple[float, float]:
    """Energy, and what the day adds to the month's demand charge above what is paid anyway [yuan].

    Raises SolverError where the bill, by other code, says something else.
    """
    hours, times, device = prepared.hours, prepared.times, prepared.case.devices[grid]

    def of_grid(series: str) -> Array:
        return prepared.series[grid, series]

    bought_yuan = import_mw * of_grid("purchase_price_yuan_per_mwh") * hours
    sold_yuan = export_mw * of_grid("sale_price_yuan_per_mwh") * hours
    price = float(of_grid("demand_price_yuan_per_mw_month")[0])
    floor_mw = paid_mw = 0.0
    if device.pays_for_demand:
        floor_mw = float(of_grid("peak_floor_mw")[0])
        demand_mw = metered_demand_mw(times, hours, import_mw) - of_grid("demand_free_mw")
        paid_mw = max(float(demand_mw.max()), floor_mw)
    energy_yuan = float(bought_yuan.sum() - sold_yuan.sum())
    turnover_yuan = float(np.abs(bought_yuan).sum() + np.abs(sold_yuan).sum())
    demand_yuan, anyway_yuan = price * paid_mw, price * floor_mw
    if charges := getattr(device, "charges", None):
        of_charges = ChargedConnection(prepared, grid, charges)
        charged = of_charges.day(import_mw, export_mw, energy_yuan + demand_yuan)
        energy_yuan += charged.energy
        demand_yuan, anyway_yuan = demand_yuan + charged.demand, anyway_yuan + charged.demand_anyway
    _check(prepared, grid, import_mw, export_mw, energy_yuan + demand_yuan, turnover_yuan)
    return energy_yuan, demand_yuan - anyway_yuan


def _check(
    prepared: Prepared,
    grid: str,
    import_mw: Array,
    export_mw: Array,
    priced_yuan: float,
    turnover_yuan: float,
) -> None:
    case, device = prepared.case, prepared.case.devices[grid]
    if not isinstance(device, Connection):
        return
    given = {key: prepared.series[name, key] for name, key in case.series if name == grid}
    price = prepared.series[grid, DEMAND_PRICE]
    certain = set[str]()
    if DEMAND_PRICE not in given:
        certain = months_priced_at_full_use(prepared.times, price, case.tariff, device)
    billed = bill(prepared.times, import_mw, export_mw, prepared.hours, case.tariff, device, given, certain)
    allowed_yuan = MONEY_TOLERANCE * max(1.0, turnover_yuan + abs(priced_yuan))
    if not abs(billed.seen_yuan - priced_yuan) <= allowed_yuan:
        raise SolverError(
            f"the bill of the day says {billed.seen_yuan:.6f} yuan, its prices {priced_yuan:.6f} yuan"
        )
