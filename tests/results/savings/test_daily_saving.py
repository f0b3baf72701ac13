"""The saving by day in lines that add up: solved by hand, and held against the month's figures."""

from dataclasses import replace

import pytest
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import month_times, prepare, year_times
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.savings.daily_saving import PeakSoFar, saving_by_day
from parkdispatch.results.summary import cost_by_month_yuan
from parkdispatch.results.views.saving_view import bridge_rows
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.dispatch import dispatch_case, report_facts
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.listed_price import at_listed_demand_price
from tests.support.small_parks import SmallPark

CENT = 1e-5
LOADS_MW = [0, 10, 0, 12, 0, 6, 0, 8]  # three days of July and one of August, by twelve hours


def dispatched(peak_so_far_mw: float = 0.0, **battery: float) -> tuple[xr.Dataset, xr.Dataset, Case]:
    """The days with a perfect battery and without it; energy at 1 yuan/MWh, a month's peak at 100 yuan/MW."""
    solutions = []
    for with_battery in (True, False):
        floor = [peak_so_far_mw] * 6 + [0.0] * 2
        park = SmallPark(8, 720, "2026-07-29").grid(1, demand=100, peak_so_far=floor).load(LOADS_MW)
        if with_battery:
            park.battery(**battery)
        solutions.append(to_dataset(park.solve().optimum, {}))
        if with_battery:
            case = load_case("gaoan").with_devices(park.devices)
    prices = {("grid", "purchase_price_yuan_per_mwh"): SeriesFile(file="prices.csv")}
    return solutions[0], solutions[1], replace(case, series=prices)


def test_the_days_of_a_month_add_up_to_the_month() -> None:
    """July's peaks are 10, 12 and 6 without storage and always 6 with it, which serves all of August.

    Day one holds 10 - 6 MW, day two the 2 MW more that it would bring without storage, day three nothing:
    400 + 200 + 0 is July's 100 x (12 - 6). Each day charged as the month would claim 400, 600 and 0.
    """
    solution, without, case = dispatched()
    days = saving_by_day(solution, without, case)
    assert [day.demand_yuan for day in days] == pytest.approx([400, 200, 0, 800], abs=CENT)
    assert [day.energy_yuan for day in days] == pytest.approx([-24, 0, -72, 96], abs=CENT)
    # what is bought and kept costs nothing, what is used from the store was not free
    assert [day.stored_yuan for day in days] == pytest.approx([24, 0, 72, -96], abs=CENT)
    assert [day.total_yuan for day in days] == pytest.approx([400, 200, 0, 800], abs=CENT)
    paid, base = cost_by_month_yuan(solution), cost_by_month_yuan(without)
    for month, of_month in (("2026-07", days[:3]), ("2026-08", days[3:])):
        by_day = sum(day.energy_yuan + day.demand_yuan for day in of_month)
        assert by_day == pytest.approx(base[month] - paid[month], abs=CENT)


def test_peaks_of_the_month_before_the_horizon_count() -> None:
    """7 MW metered, 9 without storage: the first day adds 1 to those 9, the second 2; with it none adds."""
    solution, without, case = dispatched(peak_so_far_mw=7.0)
    days = saving_by_day(solution, without, case, {"grid": PeakSoFar(7.0, 9.0)})
    assert [day.demand_yuan for day in days[:3]] == pytest.approx([100, 200, 0], abs=CENT)
    assert days[0].before["grid"] == PeakSoFar(7.0, 9.0)
    assert days[2].after["grid"].without_storage_mw == pytest.approx(12.0)
    assert days[3].before["grid"] == PeakSoFar(0.0, 0.0)


def test_where_a_day_begins_is_no_saving_of_it() -> None:
    """80 MWh at one price of 562.5 yuan/MWh: 45,000 yuan between beginnings, none saved."""
    prices = {("grid", "purchase_price_yuan_per_mwh"): SeriesFile(file="prices.csv")}
    energy_yuan = []
    for initial_soc in (0.1, 0.9):
        full, bare = (SmallPark(2, 720, "2026-07-29").grid(562.5).load([10, 10]) for _ in range(2))
        full.battery(energy_mwh=100.0, initial_soc=initial_soc, final_soc=0.1)
        case = replace(load_case("gaoan").with_devices(full.devices), series=prices)
        solution, without = (to_dataset(park.solve().optimum, {}) for park in (full, bare))
        (day,) = saving_by_day(solution, without, case)
        energy_yuan.append(day.energy_yuan)
        assert day.total_yuan == pytest.approx(0, abs=CENT)
    assert energy_yuan == pytest.approx([0, 45_000], abs=CENT)


def test_an_emptied_store_is_paid_for_at_what_refilling_costs() -> None:
    """120 MWh at the beginning, none at the end, 80 % lost in charging: bought back at 1 / 0.8 each."""
    solution, without, case = dispatched(energy_mwh=120.0, initial_soc=1.0, final_soc=0.0, eta_charge=0.8)
    days = saving_by_day(solution, without, case)
    assert sum(day.stored_mwh for day in days) == pytest.approx(-120.0, abs=CENT)
    assert sum(day.stored_yuan for day in days) == pytest.approx(-150.0, abs=CENT)


def test_a_month_of_the_built_in_case_and_its_bridge_to_the_bill() -> None:
    """The days add up to the month, and the bridge exactly from the saving in the model to the bill's."""
    case = load_case("gaoan")
    july = prepare(case, month_times(case, case.calendar.plan_date.replace(month=7)))
    prepared = at_listed_demand_price(july)  # whose full use is certain, and else leaves nothing to bridge
    run = dispatch_case(prepared, SolveContext(), 0.0)
    summary = run.summary
    other = summary.without_storage
    assert other is not None
    by_day = sum(day.energy_yuan + day.demand_yuan for day in summary.days)
    assert by_day == pytest.approx(other.saving_yuan, rel=1e-9)
    assert len(summary.days) == 31
    facts = report_facts(run, "year")
    for lang in ("en", "zh"):
        rows = bridge_rows(other, load_words(lang))
        assert sum(yuan for _, yuan in rows[:-1]) == pytest.approx(rows[-1][1], rel=1e-12)
        html = report_html(run.solution, case, summary.audit, facts, lang)
        assert all(f"{yuan:,.2f}" in html for _, yuan in rows)
    assert facts.steps is not None
    assert rows[0][1] == other.saving_yuan
    assert rows[-1][1] == pytest.approx(facts.steps.saved_yuan, rel=1e-9)


def test_the_built_in_year_has_one_bridge_between_its_two_savings(request: pytest.FixtureRequest) -> None:
    """In 10,000 yuan 2,721 stood on one page and 2,603 on the other; of the export 27 % is storage."""
    if not request.config.getoption("--long"):
        pytest.skip("asked for by --long")
    case = load_case("gaoan")
    run = dispatch_case(at_listed_demand_price(prepare(case, year_times(case))), SolveContext(), 0.0)
    other, energy_mwh = run.summary.without_storage, run.summary.energy_mwh
    assert other is not None
    assert [round(yuan / 1e4) for _, yuan in bridge_rows(other, load_words("en"))] == [2721, -118, 2603]
    of_storage_mwh = energy_mwh["battery_1.exported_mwh"] + energy_mwh["battery_2.exported_mwh"]
    assert of_storage_mwh / energy_mwh["grid.export_mwh"] == pytest.approx(0.27, abs=0.005)
