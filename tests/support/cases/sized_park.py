"""A small park by the hour that asks for the size of a further battery, dispatched for a year in a moment."""

from pathlib import Path

from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY
from tests.support.increment_cases import COMPUTED
from tests.support.small_case import add, write_case

QUESTION = """
[finance]
investment_yuan = 8e6
operation_years = 3
depreciation = { all = { share = 1.0, years = 3 } }
loan = { years = 3 }

[sizing]
device = "battery_1"
power_mw = { min = 0.0, max = 5.0, step = 5.0 }
duration_hours = { min = 2.0, max = 4.0, step = 2.0 }
price = { yuan_per_kwh = 200.0, yuan_per_kw = 100.0 }
last_commissioning_year = 1

[[sizing.offer]]
name = "container"
name_zh = "集装箱"
power_mw = 5.0
energy_mwh = 10.0
yuan_per_wh = 0.2

[[sizing.doubt]]
name = "battery price"
fields = ["sizing.price_multiple"]
kind = "uniform"
low = 0.5
high = 3.0

[[sizing.doubt]]
name = "peak-valley spread"
fields = ["tariff.spread"]
kind = "uniform"
low = 0.8
high = 1.1
"""

# a battery that comes a year before the one that is sized
SECOND = """
[device.battery_2]
kind = "battery"
power_mw = 2.0
energy_mwh = 4.0

[phases]
shared_station_yuan = 1e6
yearly_price_change = -0.1

[[phases.phase]]
name = "one"
devices = ["battery_2"]
commissioned = 0

[[phases.phase]]
name = "two"
devices = ["battery_1"]
commissioned = 1
"""


def without_sun(folder: Path) -> None:
    path = folder / "case.toml"
    text = path.read_text(encoding="utf-8")
    before, rest = text.split("[device.pv]")
    rest = rest[rest.index("[device.battery_1]") :].replace('"pv.available_mw" = ', "# ")
    path.write_text(before + rest, encoding="utf-8")


def write_sized_park(folder: Path) -> Path:
    """The case in that folder; the path of its case file."""
    return write_case(folder, HOURLY[0], ENERGY_ONLY, COMPUTED, without_sun, add(QUESTION))
