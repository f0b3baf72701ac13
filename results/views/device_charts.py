"""The data of the page's charts over time: power by carrier, stored energy, operation, prices."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.calendar.labels import labels
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.schedule.tariff_periods import quarter_periods
from parkdispatch.results.solution import times_of
from parkdispatch.results.views.device_powers import (
    LOSSES,
    STORAGE,
    ZERO_MW,
    carrier_of,
    carriers_of,
    colours,
    curtailed,
    drawn_power,
    prices,
    role,
    storage_levels,
)
from parkdispatch.results.views.operation_charts import (
    activity_rows,
    flow_rows,
    import_rows,
    packed,
    set_point_rows,
)
from parkdispatch.results.views.plain_charts import Colour
from parkdispatch.results.wording.display_names import device_label, injection_label, period_label

# One hue, darker where energy is dearer, so that the order is seen without a legend
PERIOD_SHADES = {"sharp": 0.55, "peak": 0.36, "flat": 0.2, "valley": 0.09, "deep_valley": 0.03}


def chart_data(
    solution: xr.Dataset,
    case: Case,
    words: Mapping[str, Any],
    peak_mw: Mapping[str, float],
    peak_without_storage_mw: Mapping[str, float],
) -> dict[str, Any]:
    """The page's data: plain values and packed arrays, in the order in which they are drawn."""
    times = times_of(solution)
    hours, scale = float(solution.attrs["hours"]), scale_of(solution)
    balances = [_balance(solution, case, words, carrier) for carrier in carriers_of(case)]
    drawn = [device for balance in reversed(balances) for device in balance["devices"]]  # electricity wins
    colour_of = {device["device"]: device["colour"] for device in drawn}
    data: dict[str, Any] = {
        "start_ms": _milliseconds(times[0]),
        "step_ms": round(hours * 3_600_000),
        "count": len(times),
        "focus_ms": _milliseconds(pd.Timestamp(case.calendar.plan_date)),
        "balances": [balance for balance in balances if balance["devices"]],
        "storage": list(_storage(solution, case, words, colour_of)),
        "set_points": set_point_rows(solution, case, words, colour_of),
        "imports": import_rows(solution, case, words, colour_of),
        "activities": activity_rows(solution, case, words, colour_of),
        "flows": flow_rows(solution, case, words),
        "prices": _prices(solution, case, words),
        "months": list(_months(times, peak_mw, peak_without_storage_mw)),
        "timezone": case.site.timezone,
        "per_mw": scale.per_mw,
        "digits": scale.digits(),
        "words": words["script"],
    }
    tariff_periods = quarter_periods(times, hours, case.tariff)
    if tariff_periods is not None:
        periods = case.tariff.periods
        codes = np.array(
            [periods.index(period) for period in tariff_periods.ravel().tolist()], dtype=np.uint8
        )
        data["periods"] = {
            "codes": packed(codes),
            "each": tariff_periods.shape[1],  # periods an interval has
            "names": [period_label(period, words) for period in periods],
            "shades": [_shade(period, case.tariff.ratios) for period in periods],
            "used": sorted({int(code) for code in codes}),
        }
    return data


def _shade(period: str, ratios: Mapping[str, float]) -> float:
    """How dark a period is drawn [-]; one of the tariff's own by where its ratio lies among the others."""
    if period in PERIOD_SHADES:
        return PERIOD_SHADES[period]
    lowest, highest = min(ratios.values()), max(ratios.values())
    darkest, lightest = PERIOD_SHADES["sharp"], PERIOD_SHADES["deep_valley"]
    place = (ratios[period] - lowest) / (highest - lowest) if highest > lowest else 0.0
    return round(lightest + place * (darkest - lightest), 3)


def _milliseconds(time: pd.Timestamp) -> int:
    return int(time.timestamp() * 1000)


def _balance(solution: xr.Dataset, case: Case, words: Mapping[str, Any], carrier: str) -> dict[str, Any]:
    """What is stacked of one carrier, with its names: devices, and what of them is curtailed."""
    devices, names = list(_devices(solution, case, words, carrier)), words["carriers"][carrier]
    colour_of = {device["device"]: device["colour"] for device in devices}
    return {
        "carrier": carrier,
        **{key: names[key] for key in ("balance", "load", "level", "stored", "share")},
        "devices": devices,
        "curtailed": [
            {
                "label": f"{device_label(name, words)} {words['curtailed']}",
                "colour": colour_of[name],
                "data": packed(power),
            }
            for name, power in curtailed(solution).items()
            if power.max() > ZERO_MW and name in colour_of
        ],
    }


def _devices(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], carrier: str
) -> Iterator[dict[str, Any]]:
    """Every power of one carrier with its colour and what its two directions are called."""
    drawn = drawn_power(solution, case, carrier)
    kinds = {name: role(case, name.device, power) for name, power in drawn.items()}
    pairs, names = colours(kinds), words["carriers"][carrier]
    ways = {
        "up": {**words["up"], "storage": names["discharge"]},
        "down": {**words["down"], "storage": names["charge"]},
    }
    for name, power in drawn.items():
        alone = [other.device for other in drawn].count(name.device) == 1  # of its buses with this carrier
        label = device_label(name.device, words) if alone else injection_label(name, words)
        label = str(words["losses"]) if name == LOSSES else label
        yield {
            "name": name,
            "device": name.device,
            "label": label,
            "role": kinds[name],
            **{way: f"{label} {told[kinds[name]]}".strip() for way, told in ways.items()},
            "colour": pairs[name],
            "data": packed(power),
        }


def _storage(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], colour_of: Mapping[str, Colour]
) -> Iterator[dict[str, Any]]:
    for name, level in storage_levels(solution, case).items():
        yield {
            "name": name,
            "carrier": carrier_of(case, name),
            "colour": colour_of.get(name, STORAGE[0]),
            "label": device_label(name, words),
            "full_mwh": level.full_mwh,
            "full": scale_of(solution).capacity_text(level.full_mwh),
            "initial_mwh": level.initial_mwh,
            "low": level.lowest,
            "high": level.highest,
            "data": packed(level.energy_mwh),
        }


def _prices(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> list[dict[str, Any]]:
    named_prices = prices(solution, case)
    several = len({name.device for name in named_prices}) > 1
    return [
        {
            "label": (f"{device_label(name.device, words)}: " if several else "")
            + words["prices"].get(title, title),
            "data": packed(price),
        }
        for name, (title, price) in named_prices.items()
    ]


def month_starts(times: pd.DatetimeIndex) -> dict[str, int]:
    """Number of the first interval of each month, by the month's name "2026-03"."""
    names = labels(times, "%Y-%m").to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    return {str(names[start]): int(start) for start in starts}


def _months(
    times: pd.DatetimeIndex, peak_mw: Mapping[str, float], without_mw: Mapping[str, float]
) -> Iterator[dict[str, Any]]:
    for name, first in month_starts(times).items():
        yield {
            "label": name,
            "first": first,
            "peak_mw": peak_mw.get(name),
            "without_mw": without_mw.get(name),
        }
