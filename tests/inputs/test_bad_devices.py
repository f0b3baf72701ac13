"""Parks that cannot be: every mistake in their devices and buses is named, all at once."""

from pathlib import Path
from typing import Any

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.optimizer.solve import optimize

PARK = """
name = "park"
tariff = "jiangxi-2026"
[site]
latitude_deg = 28.4
longitude_deg = 115.4
[calendar]
year = 2026
plan_date = 2026-07-15
[device.grid]
kind = "grid"
voltage_kv_level = "110kV"
import_limit_mw = 20
export_limit_mw = 5
[device.load]
kind = "load"
annual_energy_mwh = 80_000
"""
WHOLE_YEAR = "[{ begin = 2026-01-01T00:00:00, end = 2027-01-01T00:00:00 }]"


def written(folder: Path, text: str) -> Path:
    path = folder / "case.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, devices: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_case(str(written(folder, PARK + devices)))
    return caught.value.problems


BAD: dict[str, tuple[str, str]] = {
    "a bus that nothing connects": (
        '[device.lonely]\nkind = "load"\nbus = "nowhere"\nannual_energy_mwh = 80\n',
        "`device.lonely.bus` = 'nowhere': no other device is on it, must be a bus that another one has: ac",
    ),
    "a carrier mismatch": (
        '[device.boiler]\nkind = "boiler"\nbus = "ac"\nheat_bus = "warm"\nrated_heat_mw = 2\n'
        '[device.cooling]\nkind = "load"\ncarrier = "cold"\nbus = "warm"\nannual_energy_mwh = 80\n',
        "bus 'warm': must carry one of heat by `device.boiler.heat_bus` and cold by `device.cooling.bus`,"
        " not all",
    ),
    "a link to itself": (
        '[device.cable]\nkind = "link"\nto_bus = "ac"\nforward_limit_mw = 1\nbackward_limit_mw = 1\n',
        "`device.cable.to_bus` = 'ac': must be another bus than `bus`",
    ),
    "a transformer to itself": (
        '[device.station]\nkind = "transformer"\nto_bus = "ac"\nrating_mva = 1\nno_load_loss_mw = 0\n'
        "load_loss_mw = 0\n",
        "`device.station.to_bus` = 'ac': must be another bus than `bus`",
    ),
    "a window shorter than its energy needs": (
        '[device.mills]\nkind = "shiftable_load"\ndaily_energy_mwh = 40\nwindow = "22:00-06:00"\n'
        "machine_mw = 2\n",
        "`device.mills.daily_energy_mwh` = 40: must be in [0, 16], least and largest power for 8 h",
    ),
    "a block longer than its window": (
        '[device.blocks]\nkind = "shiftable_load"\ndaily_energy_mwh = 4\nwindow = "22:00-02:00"\n'
        "machine_mw = 2\nin_blocks = true\nblock_hours = 6\n",
        "`device.blocks.block_hours` = 6: must be at most 4, the hours for daily_energy_mwh",
    ),
    "minimum above maximum": (
        '[device.store]\nkind = "battery"\npower_mw = 1\nenergy_mwh = 2\nmin_charge_mw = 0.8\n'
        "max_charge_mw = 0.5\n",
        "`device.store.min_charge_mw` = 0.8 is above max_charge_mw = 0.5",
    ),
    "least power above all power": (
        '[device.grinder]\nkind = "shiftable_load"\ndaily_energy_mwh = 48\nmachine_mw = 2\n'
        "min_power_mw = 3\n",
        "`device.grinder.min_power_mw` = 3: must be at most 2, the largest power",
    ),
    "times that exclude each other": (
        '[device.order]\nkind = "shiftable_load"\nmachine_mw = 2\norders = ['
        "{ begin = 2026-07-15T08:00:00, end = 2026-07-15T12:00:00, energy_mwh = 2 },"
        "{ begin = 2026-07-15T10:00:00, end = 2026-07-15T14:00:00, energy_mwh = 2 }]\n",
        "`device.order.orders[1].begin` = 2026-07-15 10:00:00: must not lie before 2026-07-15 12:00:00, the"
        " end of the order before",
    ),
    "an outage that ends before it begins": (
        '[device.spare]\nkind = "battery"\npower_mw = 1\nenergy_mwh = 2\n'
        "outages = [{ begin = 2026-07-15T12:00:00, end = 2026-07-15T10:00:00 }]\n",
        "`device.spare.outages[0].end` = 2026-07-15 10:00:00: must lie after `begin`, 2026-07-15 12:00",
    ),
    "a stop that ends before it begins": (
        '[device.hall]\nkind = "load"\nannual_energy_mwh = 80\n'
        "stops = [{ first = 2026-02-20, last = 2026-02-10, share = 0.5 }]\n",
        "`device.hall.stops[0].last` = 2026-02-10: must not lie before the first day, 2026-02-20",
    ),
    "vehicles that leave with less": (
        '[device.cars]\nkind = "ev_fleet"\nvehicles = 9\narrival_soc = 0.8\ndeparture_soc = 0.5\n',
        "`device.cars.departure_soc` = 0.5: must be 0.8 or more, `arrival_soc`",
    ),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_named_with_field_value_and_what_is_allowed(mistake: str, tmp_path: Path) -> None:
    devices, sentence = BAD[mistake]
    assert problems(tmp_path, devices) == [sentence]


def test_all_of_them_at_once(tmp_path: Path) -> None:
    """Buses too: a device with a mistake of its own does not silence what is wrong between the others."""
    told = problems(tmp_path, "".join(devices for devices, _ in BAD.values()))
    assert set(told) == {
        # the boiler is one more device on another bus
        sentence.replace("another one has: ac", "another one has: ac, warm")
        for _, sentence in BAD.values()
    }


def test_a_bus_that_a_device_with_mistakes_may_be_on_is_not_lonely(tmp_path: Path) -> None:
    """The heat load waits for a boiler whose rating is missing: one mistake, not two."""
    heat_load = '[device.driers]\nkind = "load"\ncarrier = "heat"\nbus = "heat"\nannual_energy_mwh = 80\n'
    boiler = '[device.boiler]\nkind = "boiler"\nbus = "ac"\n'
    told = problems(tmp_path, heat_load + boiler)
    assert told == ["`device.boiler.rated_heat_mw` is missing: must be given"]


def test_all_that_is_wrong_with_one_battery(tmp_path: Path) -> None:
    """Only the first of these lines was told."""
    told = problems(
        tmp_path,
        '[device.store]\nkind = "battery"\npower_mw = 1\nenergy_mwh = 2\nsoc_min = 0.9\nsoc_max = 0.1\n'
        "min_charge_mw = 3\ncharge_taper = [[0, 1], [0.5, 0.2], [1, 0.2]]\n",
    )
    assert [line.split(":")[0] for line in told] == [
        "`device.store.soc_min` = 0.9 is above soc_max = 0.1",
        "`device.store.min_charge_mw` = 3 could never be reached",
        "`device.store.charge_taper` = [(0.0, 1.0), (0.5, 0.2), (1.0, 0.2)]",
    ]


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ("", ["bus ac", "219.684 MWh in all", "grid.import_mw at most 0.000"]),
        (
            f'[device.store]\nkind = "battery"\npower_mw = 9\nenergy_mwh = 20\noutages = {WHOLE_YEAR}\n',
            ["grid.import_mw at most 0.000, store.discharge_mw at most 0.000"],
        ),
    ],
)
def test_an_outage_of_everything_names_what_is_out(devices: str, words: list[Any], tmp_path: Path) -> None:
    blackout = PARK.replace("[device.load]", f"blackouts = {WHOLE_YEAR}\n[device.load]")
    case = load_case(str(written(tmp_path, blackout + devices)))
    day = prepare(case, day_times(case, case.calendar.plan_date))
    with pytest.raises(InfeasibleError) as caught:
        optimize(case.devices, day.times, day.hours, day.series)
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)
