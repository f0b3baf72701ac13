"""Random devices of each built-in kind: their choices, their limits and their series."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from tests.support.small_parks import sun

Drawn = tuple[Mapping[str, Any], Mapping[str, Any]]  # fields and series


class Draw:
    """Random choices for one park."""

    def __init__(self, seed: int, times: pd.DatetimeIndex, hours: float) -> None:
        self.random, self.times, self.hours = np.random.default_rng(seed), times, hours

    def one(self, *choices: Any) -> Any:
        """One of the choices."""
        return choices[int(self.random.integers(len(choices)))]

    def number(self, lower: float, upper: float) -> float:
        """A number between two, of a few digits, so that failures read well."""
        return round(float(self.random.uniform(lower, upper)), 3)

    def whole(self, lower: int, upper: int) -> int:
        """A whole number, both ends included."""
        return int(self.random.integers(lower, upper + 1))

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of parks."""
        return bool(self.random.random() < share)

    def maybe(self, value: Any, share: float = 0.5) -> Any:
        """The value, or None."""
        return value if self.chance(share) else None

    def series(self, lower: float, upper: float) -> Array:
        """Numbers of every interval."""
        return np.round(self.random.uniform(lower, upper, len(self.times)), 3)

    def share(self) -> Array:
        """Mostly 1, sometimes less or nothing."""
        return np.where(self.random.random(len(self.times)) < 0.85, 1.0, self.one(0.0, 0.5))

    def weights(self, count: int) -> tuple[float, ...]:
        """A shape."""
        return tuple(np.round(self.random.uniform(0.1, 1.0, count), 2).tolist())

    def span(self, longest_h: int) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Some hours of the horizon."""
        begin = self.times[0] + pd.Timedelta(hours=self.whole(0, 20))
        return begin, begin + pd.Timedelta(hours=self.whole(1, longest_h))

    def electric_bus(self) -> str:
        """One of the two electric buses, mostly the first."""
        return str(self.one("ac", "ac", "low"))


def _grid(draw: Draw) -> Drawn:
    periods = ("sharp", "peak", "flat", "valley", "deep_valley")
    two_part = draw.chance(0.5)
    fields: dict[str, Any] = {
        "bus": draw.electric_bus(),
        "voltage_kv_level": draw.one("1-10kV", "110kV"),
        "scheme": "two_part" if two_part else draw.one("two_part", "single_part"),
        "sale_price_yuan_per_kwh": draw.one(
            draw.number(-0.1, 0.5), {period: draw.number(0, 0.9) for period in periods}
        ),
        "peak_so_far_mw": draw.one(0.0, 5.0),
    }
    if draw.chance(0.3):
        fields["transformers"] = {"count": 2, "rating_mva": draw.number(15, 40)}
        fields["import_reserve_mw"] = draw.one(0.0, 2.0)
    else:
        fields["import_limit_mw"] = draw.number(15, 60)
        fields["export_limit_mw"] = draw.one(0.0, draw.number(1, 30))
    if fields["scheme"] == "two_part" and draw.chance(0.3):
        share = 0.4 * 2 * fields["transformers"]["rating_mva"] if "transformers" in fields else 0.0
        fields |= {"demand_election": "contracted", "contracted_demand_mw": share + draw.number(2, 9)}
    if draw.chance(0.1):
        begin, end = draw.span(2)
        fields["blackouts"] = [{"begin": begin.to_pydatetime(), "end": end.to_pydatetime()}]
    series: dict[str, Any] = {}
    if draw.chance(0.4):
        series["purchase_price_yuan_per_mwh"] = draw.series(-200, 1200)
        series["sale_price_yuan_per_mwh"] = draw.series(-200, 900)
    if draw.chance(0.2):
        series["export_limit_mw"] = draw.series(0, 20)
    return fields, series


def _load(draw: Draw) -> Drawn:
    carrier, bus = draw.one(
        ("electricity", "ac"), ("electricity", "low"), ("heat", "heat"), ("cold", "cold"), ("gas", "gas")
    )
    fields = {"carrier": carrier, "bus": bus, "annual_energy_mwh": 8760 * draw.number(0.5, 6)}
    return fields, {"demand_mw": draw.series(0, 6)} if draw.chance(0.4) else {}


def _pv(draw: Draw) -> Drawn:
    hour = (draw.times.hour + draw.times.minute / 60).to_numpy()
    shine = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None)
    available_mw = draw.number(2, 20) * shine * draw.series(0.5, 1.0)
    fields = sun().model_dump() | {"bus": draw.electric_bus(), "must_run": draw.chance(0.15)}
    return fields, {"available_mw": np.round(available_mw, 4)}


def _wind(draw: Draw) -> Drawn:
    return {
        "bus": draw.electric_bus(),
        "rated_mw": draw.number(1, 10),
        "seed": draw.whole(0, 999),
        "must_run": draw.chance(0.1),
        "age_years": draw.one(0.0, 5.0),
    }, {}


def _generator(draw: Draw) -> Drawn:
    units, rated_mw = draw.one(1, 1, 2), draw.number(1, 6)
    least = draw.one(0.0, 0.4, 0.5)
    heat = draw.maybe("heat", 0.6)
    middle = draw.one(0.34, 0.4)  # a curve that is concave, or one that is convex
    initial: list[dict[str, Any]] = []
    if draw.chance(0.6):
        initial = [
            {"on": True, "hours": 1.0, "power_mw": rated_mw}
            if draw.chance(0.5)
            else {"on": False, "hours": 1.0}
            for _ in range(units)
        ]
    gas_bus = draw.maybe("gas", 0.4)
    return {
        "bus": draw.electric_bus(),
        "heat_bus": heat,
        "gas_bus": gas_bus,
        "fuel_price_yuan_per_mwh": None if gas_bus else draw.number(100, 350),
        "units": units,
        "rated_mw": rated_mw,
        "min_load_share": least,
        "efficiency_points": draw.one(
            ((1.0, 0.4),), ((0.5, 0.36), (1.0, 0.4)), ((0.5, 0.3), (0.7, middle), (1.0, 0.42))
        ),
        "may_dump_heat": draw.chance(0.8),
        "start_cost_yuan": draw.one(0.0, 300.0),
        "min_up_h": draw.one(0.0, 2.0, 5.0),
        "min_down_h": draw.one(0.0, 1.5, 4.0),
        "ramp_share_per_hour": draw.one(None, 0.3, 1.0),
        "initial": initial,
    }, {"availability": draw.series(0.8, 1.0)} if draw.chance(0.2) and not initial else {}  # fmt: skip


def _boiler(draw: Draw) -> Drawn:
    bus, gas_bus, price = draw.one(("ac", None, None), (None, "gas", None), (None, None, 150.0))
    fields = {"bus": bus, "gas_bus": gas_bus, "fuel_price_yuan_per_mwh": price}
    fields["rated_heat_mw"] = draw.number(1, 9)
    return fields, {"availability": draw.share()} if draw.chance(0.3) else {}


def _compression(draw: Draw, output: str) -> Drawn:
    rated = draw.one(("rated_mw",), (f"rated_{output}_mw",), ("rated_mw", f"rated_{output}_mw"))
    fields: dict[str, Any] = {name: draw.number(1, 5) for name in rated}
    fields |= {"bus": draw.electric_bus(), "min_load_share": draw.one(0.0, 0.4)}
    way = draw.one("cop", "cop_by_air_temperature", "carnot_share")
    fields[way] = {
        "cop": draw.number(1.5, 5),
        "cop_by_air_temperature": ((0.0, 2.5), (20.0, 4.0), (40.0, 3.0)),
        "carnot_share": draw.number(0.3, 0.6),
    }[way]
    if way == "carnot_share":
        fields["supply_c"] = 60.0 if output == "heat" else 6.0
    return fields, {"availability": draw.share()} if draw.chance(0.3) else {}


def _heat_pump(draw: Draw) -> Drawn:
    return _compression(draw, "heat")


def _chiller(draw: Draw) -> Drawn:
    return _compression(draw, "cold")


def _absorption_chiller(draw: Draw) -> Drawn:
    heat_bus, gas_bus, price = draw.one(("heat", None, None), (None, "gas", None), (None, None, 250.0))
    fields: dict[str, Any] = {"heat_bus": heat_bus, "gas_bus": gas_bus, "fuel_price_yuan_per_mwh": price}
    fields |= {
        "bus": draw.electric_bus(),
        "rated_cold_mw": draw.number(1, 6),
        "min_load_share": draw.one(0.0, 0.4),
        "auxiliary_share": draw.one(0.0, 0.05),
    }
    by_air = draw.chance(0.3)
    fields |= (
        {"cop_by_air_temperature": ((20.0, 0.8), (35.0, 0.6))} if by_air else {"cop": draw.number(0.6, 1.4)}
    )
    return fields, {"availability": draw.share()} if draw.chance(0.3) else {}


def _waste_heat(draw: Draw) -> Drawn:
    bus, heat_bus = draw.one(("ac", "heat"), (None, "heat"), ("low", None))
    return {
        "bus": bus,
        "heat_bus": heat_bus,
        "driver_mean_mw": draw.number(1, 20),
        "heat_share": draw.number(0.1, 1.5),
        "hourly_shape": draw.weights(24),
        "rated_mw": 0.0 if bus is None else draw.number(0.1, 2),
    }, {"driver_mw": draw.series(0, 20)} if draw.chance(0.3) else {}


def _heat_store(draw: Draw) -> Drawn:
    return {
        "energy_mwh": draw.number(2, 30),
        "charge_limit_mw": draw.number(0, 6),
        "discharge_limit_mw": draw.number(0, 6),
        "loss_share_per_hour": draw.one(0.0, 0.001, 0.02),
        "constant_loss_mw": draw.one(0.0, 0.01),
        "initial_level": draw.number(0.2, 1),
        "final_level": draw.one(None, 0.0, 0.2),
    }, {}


def _battery(draw: Draw) -> Drawn:
    power_mw = draw.number(0.5, 10)
    energy_mwh = round(power_mw * draw.one(0.5, 2.0, 4.0), 3)
    least = draw.one(0.0, 0.0, 0.2, 0.5)
    fields: dict[str, Any] = {
        "bus": draw.electric_bus(),
        "power_mw": power_mw,
        "energy_mwh": energy_mwh,
        "min_charge_mw": round(least * power_mw, 4),
        "min_discharge_mw": round(draw.one(0.0, least) * power_mw, 4),
        "initial_soc": draw.one(0.05, 0.1, 0.5, 0.95),
        "final_soc": draw.one(None, None, 0.3),
        "final_rule": draw.one("at_least", "at_least", "exactly", "at_most", "free"),
        "eta_charge": draw.one(0.9, 0.94, 1.0),
        "eta_discharge": draw.one(0.9, 0.94, 1.0),
        "self_discharge_per_hour": draw.one(0.0, 0.001),
        "wear_yuan_per_mwh": draw.one(0.0, 30.0),
        "max_cycles_per_day": draw.one(None, None, 0.5, 1.0),
        "max_cycles_per_month": draw.one(None, None, 3.0),
        "max_cycles_per_year": draw.one(None, None, 4.0),
        "charge_from_grid": draw.chance(0.8),
        "discharge_to_grid": draw.chance(0.8),
        "state_of_health": draw.one(1.0, 0.85),
        "services": draw.maybe(_services(draw), 0.2),
    }
    if draw.chance(0.2):
        price = draw.number(1, 60)
        fields["services"] = None
        fields[draw.one("power_mw", "energy_mwh")] = {"max": power_mw, "cost_yuan_per_unit": price}
        return fields, {}
    if draw.chance(0.5):
        fields["max_charge_mw"] = round(power_mw * draw.one(0.6, 1.0), 4)
        fields["max_discharge_mw"] = round(power_mw * draw.one(0.5, 1.0), 4)
    if not fields["services"] and draw.chance(0.3):
        fields["charge_taper"] = ((0.0, 1.0), (0.8, 1.0), (1.0, 0.2))
        fields["discharge_taper"] = ((0.0, 0.2), (0.1, 1.0), (1.0, 1.0))
    if draw.chance(0.3):
        fields["reserve_mwh"] = round(0.1 * energy_mwh, 4)
    if draw.chance(0.2):
        fields["initial_soc"] = draw.one(0.0, 1.0)  # outside
    if draw.chance(0.3):
        begin, end = draw.span(6)
        outage = {"begin": begin.to_pydatetime(), "end": end.to_pydatetime()}
        fields["outages"] = [outage | {"power_share": draw.one(0.0, 0.5)}]
    if draw.chance(0.2):
        fields["limits_by_series"] = True
        return fields, {"power_share": draw.share()}
    return fields, {}


def _shiftable_load(draw: Draw) -> Drawn:
    blocks = draw.chance(0.5)
    machines, machine_mw = draw.whole(1, 4), draw.number(0.3, 2)
    window, hours = draw.one(("22:00-06:00", 8), ("00:00-24:00", 24), ("08:00-20:00", 12))
    fields: dict[str, Any] = {
        "bus": draw.electric_bus(),
        "machines": machines,
        "machine_mw": machine_mw,
        "in_blocks": blocks,
        "block_hours": draw.one(0.0, 2.0, 4.0) if blocks else 0.0,
        "min_power_mw": 0.0 if blocks else draw.one(0.0, 0.1),
        "shift_yuan_per_mwh": draw.one(0.0, 20.0),
        "usual_shape": draw.weights(24),
    }
    energy_mwh = round(draw.number(0.3, 0.9) * machines * machine_mw * hours, 3)
    if draw.chance(0.25):
        begin = draw.times[0] + pd.Timedelta(hours=draw.whole(-4, 6))
        end = begin + pd.Timedelta(hours=hours)
        order = {"begin": begin.to_pydatetime(), "end": end.to_pydatetime(), "energy_mwh": energy_mwh}
        return fields | {"orders": [order]}, {}
    return fields | {"daily_energy_mwh": energy_mwh, "window": window}, {}


def _interruptible_load(draw: Draw) -> Drawn:
    steps = []
    for _ in range(draw.one(1, 1, 2)):
        catch_up = draw.chance(0.4)
        size = draw.one({"share": 0.3}, {"power_mw": draw.number(0.2, 1)})
        steps.append(
            {
                **size,
                "price_yuan_per_mwh": draw.number(100, 700),
                "divisible": draw.chance(0.3),
                "max_hours_per_day": draw.one(24.0, 4.0),
                "max_events_per_month": draw.one(None, 2),
                "max_event_hours": draw.one(None, 2.0),
                "notice_hours": draw.one(0.0, 2.0),
                "recovery_hours": draw.one(0.0, 3.0),
                "catch_up_share": 0.5 if catch_up else 0.0,
                "catch_up_hours": 6.0 if catch_up else 0.0,
                "events_before": draw.one(0, 1),
                **draw.one({}, {"shed_hours_before": 1.0}, {"rested_hours_before": 1.0}),
            }
        )
    return {
        "bus": draw.electric_bus(),
        "annual_energy_mwh": 8760 * draw.number(1, 5),
        "hourly_shape": draw.weights(24),
        "steps": steps,
    }, {}


def _ev_fleet(draw: Draw) -> Drawn:
    return {
        "bus": draw.electric_bus(),
        "vehicles": draw.whole(20, 400),
        "feed_back": draw.chance(0.5),
        "chargers": draw.maybe(400, 0.3),
        "wear_yuan_per_mwh": draw.one(0.0, 100.0),
        "variation_std": draw.one(0.0, 0.2),
    }, {}


def _link(draw: Draw) -> Drawn:
    bus, to_bus, carrier = draw.one(
        ("ac", "low", "electricity"), ("ac", "low", "electricity"), ("heat", "heat_2", "heat")
    )
    return {
        "bus": bus,
        "to_bus": to_bus,
        "carrier": carrier,
        "forward_limit_mw": draw.number(2, 30),
        "backward_limit_mw": draw.one(0.0, draw.number(1, 20)),
        "forward_loss": draw.one(0.0, 0.03),
        "backward_loss": draw.one(0.0, 0.05),
        "wheeling_yuan_per_mwh": draw.one(0.0, 15.0),
    }, {"availability": draw.share()} if draw.chance(0.2) else {}


def _transformer(draw: Draw) -> Drawn:
    count = draw.whole(1, 3)
    return {
        "to_bus": "low",
        "count": count,
        "units_out": draw.one(0, min(1, count - 1)),
        "rating_mva": draw.number(8, 20),
        "no_load_loss_mw": draw.number(0, 0.03),
        "load_loss_mw": draw.number(0, 0.1),
        "segments": draw.one(1, 2, 4),
        "exact_losses": draw.chance(0.3),
    }, {"availability": draw.share()} if draw.chance(0.2) else {}


def _park_rules(draw: Draw) -> Drawn:
    # of yearly rules only those of a year that lies in the horizon bind: here, all do
    binds, share = float(draw.chance(0.7)), draw.maybe(draw.one(0.05, 0.3), 0.3)
    return {
        "own_use_of_renewables": draw.maybe(0.6, 0.4),
        "own_use_of_consumption": share,
        "export_of_renewables": draw.maybe(0.2, 0.3),
        "co2_cap_t": draw.maybe(draw.number(200, 3000), 0.2),
        "co2_price_yuan_per_t": draw.one(0.0, 80.0),
        "peak_import_mw": draw.maybe(draw.number(20, 60), 0.3),
        "peak_export_mw": draw.maybe(draw.one(0.0, 5.0), 0.4),
    }, {"binds": binds, "least_own_use": binds * (share or 0.0)}


def _spot_market(draw: Draw) -> Drawn:
    position = draw.one("decided", "cleared")
    prices = {
        "day_ahead_price_yuan_per_mwh": draw.series(-50, 600),
        "real_time_price_yuan_per_mwh": draw.series(-50, 600),
    }
    cleared = {"cleared_mw": draw.series(-10, 20)} if position == "cleared" else {}
    return {"position": position, "largest_deviation_mw": draw.one(0.0, 5.0)}, prices | cleared


def _mechanism_price(draw: Draw) -> Drawn:
    fields = {"price_yuan_per_kwh": draw.number(0.2, 0.5), "share": draw.one(0.5, 1.0)}
    return fields, {"market_price_yuan_per_mwh": draw.series(100, 500), "in_force": draw.one(0.0, 1.0)}


def _green_certificates(draw: Draw) -> Drawn:
    return {"counted": draw.one("export", "output"), "share": draw.one(0.5, 1.0)}, {"in_force": 1.0}


def _services(draw: Draw) -> dict[str, Any]:
    return {
        "regulation_price_yuan_per_mw_h": draw.one(0.0, 20.0),
        "mileage_price_yuan_per_mw": draw.one(0.0, 5.0),
        "reserve_price_yuan_per_mw_h": draw.one(0.0, 10.0),
        "reserve_hours": draw.one(0.5, 2.0),
        "largest_regulation_mw": draw.maybe(draw.number(0.1, 3), 0.3),
    }


DRAWN: Mapping[str, Callable[[Draw], Drawn]] = {
    "absorption_chiller": _absorption_chiller,
    "battery": _battery,
    "boiler": _boiler,
    "chiller": _chiller,
    "cold_store": _heat_store,
    "ev_fleet": _ev_fleet,
    "generator": _generator,
    "green_certificates": _green_certificates,
    "grid": _grid,
    "heat_pump": _heat_pump,
    "heat_store": _heat_store,
    "interruptible_load": _interruptible_load,
    "link": _link,
    "load": _load,
    "mechanism_price": _mechanism_price,
    "park_rules": _park_rules,
    "pv": _pv,
    "shiftable_load": _shiftable_load,
    "spot_market": _spot_market,
    "transformer": _transformer,
    "waste_heat": _waste_heat,
    "wind": _wind,
}
