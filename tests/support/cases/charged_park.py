"""A park of a load, perhaps sun and a battery, under a tariff with further charges, solved and audited."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.results.audit import audit, bills
from parkdispatch.results.billing.bill import Bill
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.cases.tariff_cases import write as write_tariff

MONTHS = list(range(1, 13))


def one_price(price: float = 0.1, **charges: Any) -> dict[str, Any]:
    """A single-part tariff of one price all year, with further charges."""
    return by_hours({"flat": (["00:00-24:00"], price)}, **charges)


def by_hours(periods: Mapping[str, tuple[list[str], float]], **charges: Any) -> dict[str, Any]:
    """A single-part tariff of 2026 with a price [yuan/kWh] for each period and its hours of the day."""
    return {
        "name": "t",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "purchase_price_yuan_per_kwh": 1.0,
        "ratios": {name: price for name, (_, price) in periods.items()},
        "day": [{"months": MONTHS, "period": n, "hours": hours} for n, (hours, _) in periods.items()],
        "voltages": {"lv": {"single_part_yuan_per_kwh": 0.0}},
        "charges": charges,
    }


def charged_case(
    folder: Path,
    tariff: dict[str, Any],
    times: pd.DatetimeIndex,
    load_kw: NDArray[Any],
    pv_kw: NDArray[Any] | None = None,
    battery: str = "",
    **grid: Any,
) -> Path:
    """Write the case of these powers [kW] at `times`, by intervals as long as their step; its file."""
    write_tariff(tariff, folder)
    minutes = round((times[1] - times[0]).total_seconds() / 60)
    columns = {"load [kW]": load_kw} | ({} if pv_kw is None else {"pv [kW]": pv_kw})
    pd.DataFrame(columns, index=pd.Index(times, name="time")).to_csv(folder / "p.csv")
    grid = {"import_limit_mw": 1000.0, "export_limit_mw": 0.0 if pv_kw is None else 1000.0} | grid
    pv = '[device.pv]\nkind = "pv"\n' if pv_kw is not None else ""
    source = '"pv.available_mw" = { file = "p.csv", column = "pv" }\n' if pv_kw is not None else ""
    lines = "\n".join(f"{key} = {_toml(value)}" for key, value in grid.items())
    text = (
        f'name = "t"\ntariff = "t.toml"\n[site]\nlatitude_deg = 28.0\nlongitude_deg = 115.0\n'
        f"[calendar]\nyear = 2026\nminutes = {minutes}\nplan_date = {times[0]:%Y-%m-%d}\n"
        f'[device.grid]\nkind = "grid"\nvoltage_kv_level = "lv"\nscheme = "single_part"\n{lines}\n'
        f'[device.load]\nkind = "load"\n{pv}{battery}'
        f'[series]\n"load.demand_mw" = {{ file = "p.csv", column = "load" }}\n{source}'
    )
    file = folder / "case.toml"
    file.write_text(text, encoding="utf-8")
    return file


def two_part(file: Path, price_yuan_per_kw_month: float) -> Path:
    """The same case, its connection paying for demand too."""
    tariff, single = file.parent / "t.toml", '"single_part_yuan_per_kwh" = 0.0'
    text = tariff.read_text(encoding="utf-8")
    assert single in text
    price = f'"two_part_yuan_per_kwh" = 0.0, "demand_price_yuan_per_kw_month" = {price_yuan_per_kw_month}'
    tariff.write_text(text.replace(single, price), encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace('"single_part"', '"two_part"'), encoding="utf-8")
    return file


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def solved_bill(file: Path, times: pd.DatetimeIndex) -> tuple[float, Bill, Mapping[str, float]]:
    """The proven cost of the cheapest dispatch [yuan], its bill, and what is decided once a span.

    Every check of the audit holds, among them the bill against the optimizer's costs.
    """
    prepared = prepare(load_case(str(file)), times)
    optimum = solve_prepared(prepared, SolveContext(options=SolveOptions(threads=1)))
    solution, found = audited_solution(prepared, optimum)
    assert found.holds
    assert audit(solution, prepared).not_recomputed == ()
    shared = {
        str(name): float(array.to_numpy().max())
        for name, array in solution.data_vars.items()
        if array.attrs["kind"] == "shared"
    }
    return optimum.proof.objective_yuan, bills(solution, prepared.case)["grid"], shared
