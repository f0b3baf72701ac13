"""A day of a works with every role a device may have, on two voltages and a heat bus."""

from dataclasses import replace
from functools import cache

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.conversion.heat_pump import HeatPump
from parkdispatch.models.device import Device
from parkdispatch.models.loads.interruptible_load import InterruptibleLoad
from parkdispatch.models.loads.load import Load
from parkdispatch.models.loads.shed_steps import ShedStep
from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.transformer import BusTransformer
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.stores.heat_store import HeatStore
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case, report_facts
from parkdispatch.studies.solve_options import SolveContext

SHED_YUAN_PER_MWH = 700.0  # between the prices of flat hours and of the peak
DEVICES: dict[str, Device] = {
    "grid": Grid(
        bus="10kV", voltage_kv_level="1-10kV", import_limit_mw=60.0, export_limit_mw=5.0, peak_so_far_mw=60.0,
    ),
    "feeder": BusTransformer(
        bus="10kV", to_bus="400V", count=2, rating_mva=12.5, no_load_loss_mw=0.01, load_loss_mw=0.08,
        title="10/0.4 kV transformers", title_zh="10/0.4 kV 变压器",
    ),
    "offices": Load(bus="400V", annual_energy_mwh=70_000.0),
    "mills": ShiftableLoad(
        bus="10kV", daily_energy_mwh=120.0, machine_mw=2.0, machines=5, in_blocks=True, block_hours=2.0,
        title="ball mills", title_zh="球磨机",
    ),
    "polishing": InterruptibleLoad(
        bus="10kV", annual_energy_mwh=43_800.0, title="polishing", title_zh="抛光线",
        steps=(ShedStep(share=0.4, price_yuan_per_mwh=SHED_YUAN_PER_MWH, max_hours_per_day=2.0),),
    ),
    "gas_engine": Generator(
        bus="10kV", heat_bus="heat", units=2, rated_mw=3.0, fuel_price_yuan_per_mwh=380.0,
        start_cost_yuan=500.0, min_up_h=3.0, title="gas engines", title_zh="燃气内燃机",
    ),
    "boiler": Boiler(heat_bus="heat", rated_heat_mw=8.0, fuel_price_yuan_per_mwh=361.0),
    "heat_pump": HeatPump(bus="400V", heat_bus="heat", rated_mw=1.0, cop=3.0, min_load_share=0.3),
    "heat_store": HeatStore(bus="heat", energy_mwh=20.0, charge_limit_mw=5.0, discharge_limit_mw=5.0),
    "drying": Load(bus="heat", carrier="heat", annual_energy_mwh=50_000.0),
    "battery_1": Battery(bus="10kV", power_mw=5.0, energy_mwh=10.0),
}  # fmt: skip


def works() -> Case:
    """The case, by hours."""
    case = load_case("gaoan")
    calendar = case.calendar.model_copy(update={"minutes": 60})
    return replace(case, calendar=calendar, title="Works").with_devices(DEVICES)


@cache
def worked() -> tuple[DispatchRun, ReportFacts]:
    """Its day, solved and audited."""
    case = works()
    run = dispatch_case(prepare(case, day_times(case, case.calendar.plan_date)), SolveContext(), 0.0)
    return run, report_facts(run, "day")


def works_page(lang: str) -> str:
    """Its page."""
    run, facts = worked()
    return report_html(run.solution, run.case, run.summary.audit, facts, lang)
