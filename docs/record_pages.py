"""Make the pictures of the service's pages: `python docs/record_pages.py`, or with the names of some.

A ledger of the park of `gaoan` is filled as a year up to a morning in July would fill it: meters from a
dispatched year, with a load a little off its forecast, plans of some days, forecasts with bands, settlements.
Chromium opens the pages of a service with this ledger, whose clock stands at that morning. `--all FOLDER`
makes pictures of every page instead, on a desktop and a phone, light and dark, in both languages.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import numpy as np  # noqa: E402 - of the checkout
import pandas as pd  # noqa: E402

import parkdispatch as pdx  # noqa: E402
from parkdispatch.inputs.case import Case  # noqa: E402
from parkdispatch.inputs.loader import load_case  # noqa: E402
from parkdispatch.interfaces.service.service_app import create_app  # noqa: E402
from parkdispatch.interfaces.service.service_settings import ServiceSettings  # noqa: E402
from parkdispatch.interfaces.service.service_state import open_service  # noqa: E402
from parkdispatch.interfaces.web.page_sources import PageSources  # noqa: E402
from parkdispatch.operations.ledger.day_state import day_state  # noqa: E402
from parkdispatch.operations.ledger.forecast_bands import add_bands  # noqa: E402
from parkdispatch.operations.ledger.ledger_store import Author, Ledger  # noqa: E402
from parkdispatch.operations.ledger.measurements import import_file, record_value  # noqa: E402
from parkdispatch.operations.ledger.plan_basis import plan_basis  # noqa: E402
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan  # noqa: E402
from parkdispatch.operations.ledger.sites import add_site  # noqa: E402
from parkdispatch.operations.settlement.settlement_store import settle_from_ledger  # noqa: E402
from parkdispatch.studies.solve_options import SolveContext, SolveOptions  # noqa: E402
from tests.support.browser import Browser  # noqa: E402
from tests.support.web.page_user import PageUser  # noqa: E402
from tests.support.web.served_pages import serving  # noqa: E402

STATIC = Path(__file__).parent / "_static"
SITE = "/park/gaoan"
NOW = datetime(2026, 7, 15, 2, 20, tzinfo=UTC)  # 10:20 at the park
LAST = pd.Timestamp("2026-07-15 10:15")  # end of the last metered interval
PLANNED = [date(2026, 7, day) for day in (12, 13, 14, 15, 16)]
SEED = 7
TALLEST = 1040  # pixels of a picture of the manual
ENDED = ("state done", "state failed")
PAGES = ("today", "tomorrow", "changes", "order", "month", "year", "settlement", "studies")


def metered_year(case: Case) -> pd.DataFrame:
    """What the meters have by quarter-hour [MW]: a dispatched year whose load errs from its forecast."""
    dispatched = pdx.year(case).dataset
    table = pd.DataFrame(
        {
            name: dispatched[name].to_numpy()
            for name in dispatched.data_vars
            if dispatched[name].dims == ("time",)
        },
        index=pd.DatetimeIndex(dispatched["time"].to_numpy()),
    )
    random = np.random.default_rng(SEED)
    error = pd.Series(random.normal(0.0, 1.2, len(table)), table.index).ewm(span=12).mean() * 2.2
    load = table["load.demand_mw"] + error
    net = table["grid.import_mw"] - table["grid.export_mw"] + error
    meters = pd.DataFrame(
        {
            "load [MW]": load,
            "pv [MW]": table["pv.available_mw"],
            "import [MW]": net.clip(lower=0.0),
            "export [MW]": (-net).clip(lower=0.0),
        }
    )
    for name in case.batteries:
        meters[f"{name} [MW]"] = table[f"{name}.discharge_mw"] - table[f"{name}.charge_mw"]
        meters[f"{name} soc"] = table[f"{name}.energy_mwh"] / case.batteries[name].full_mwh
    return meters


def filled_ledger(folder: Path, case: Case) -> Ledger:
    """A ledger as that morning finds it."""
    ledger, li = Ledger(str(folder / "ledger.sqlite")), Author("Li", NOW - timedelta(hours=20))
    ledger.make(li, "0")
    add_site(ledger, case, li)
    year = metered_year(case)
    file = folder / "meters.csv"
    columns = ["load [MW]", "pv [MW]", "import [MW]", "export [MW]"]
    meters = year.loc[: LAST - pd.Timedelta(minutes=1)]
    batteries = [f"{name} [MW]" for name in case.batteries]
    meters[columns + batteries].round(3).to_csv(file, index_label="time")
    wanted = ["load=load", "pv=pv", "import=import", "export=export"]
    wanted += [f"battery:{name}={name}" for name in case.batteries]
    import_file(ledger, case, file, wanted, li)
    for day in PLANNED:
        begin = pd.Timestamp(day)
        if begin >= LAST:
            continue
        for name in case.batteries:
            soc = float(year[f"{name} soc"].asof(begin - pd.Timedelta(minutes=15)))
            record_value(ledger, case, f"soc:{name}", round(soc, 3), begin, li)
    for name in case.batteries:
        soc = float(year[f"{name} soc"].asof(LAST - pd.Timedelta(minutes=15)))
        record_value(ledger, case, f"soc:{name}", round(soc, 3), LAST - pd.Timedelta(minutes=15), li)
    for day in PLANNED:
        at = datetime.combine(day - timedelta(days=1), datetime.min.time(), UTC) + timedelta(
            hours=6, minutes=3
        )
        author = replace(li, at=min(at, NOW))
        _planned(ledger, case, day, author)
        if day <= PLANNED[-2]:
            send_plan(ledger, case, day, 1, Author("Wang", author.at + timedelta(minutes=9)))
    add_bands(ledger, case, bands(year), Author("automation", NOW - timedelta(hours=1)))
    context = SolveContext(SolveOptions(smooth=True))
    for day in PLANNED[:3]:
        settle_from_ledger(ledger, case, day, context, Author("automation", NOW), with_bill=day == PLANNED[2])
    return ledger


def _planned(ledger: Ledger, case: Case, day: date, author: Author) -> int:
    """Plan a day from the ledger's state and record it."""
    state = day_state(ledger, case, day)
    planned = pdx.plan(state.with_peaks(case), day=day)
    return add_plan(ledger, case, planned.dataset, author, plan_basis(planned.case, state))[0]


def bands(year: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """P10, P50 and P90 of the last planned day."""
    day = year[year.index.date == PLANNED[-1]]
    load, sun = day["load [MW]"].rolling(5, min_periods=1, center=True).mean(), day["pv [MW]"]
    return {
        "load": pd.DataFrame({"p10": load - 7.0, "p50": load, "p90": load + 8.0}),
        "pv": pd.DataFrame({"p10": sun * 0.62, "p50": sun, "p90": (sun * 1.18).clip(upper=sun.max() * 1.05)}),
    }


@contextmanager
def person(folder: Path) -> Iterator[PageUser]:
    """Somebody who has signed in at a browser, to send."""
    import uvicorn

    case = load_case("gaoan")
    ledger = filled_ledger(folder, case)
    service = open_service(ServiceSettings(folder / "data", ledger=str(ledger.file)))
    token = service.tokens.add("李工", "send", (), NOW)
    app = create_app(service)
    app.state.page_sources = PageSources(lambda: NOW)
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off")
    with serving(config) as address, Browser(folder / "browser") as browser, browser.tab(1280) as tab:
        user = PageUser(tab, address)
        user.size(1280)
        user.open("/?lang=en")
        user.fill("Access token", token)
        user.click("Sign in")
        service.worker.start()
        try:
            yield user
        finally:
            service.worker.stop()


def order(user: PageUser) -> None:
    """The cost of an order for both batteries."""
    user.size(1280)
    user.open(f"{SITE}/order?lang=en&kind=outage")
    user.fill("Device", "*")
    user.fill("From", "18:00")
    user.fill("To", "20:00")
    user.click("Show its cost")


def hedge(user: PageUser) -> None:
    """The plan of tomorrow against its bands, when it is done."""
    user.open(f"{SITE}/tomorrow?lang=en")
    user.click("Plan against the bands")
    user.open(f"{SITE}/tomorrow?lang=en")
    while user.look("document.querySelector('#hedge ~ p .state').className") not in ENDED:
        time.sleep(2.0)
        user.open(f"{SITE}/tomorrow?lang=en")


def record(user: PageUser, names: list[str]) -> None:
    """Make the pictures of the manual."""
    for name in names:
        if name == "order":
            order(user)
        else:
            page, width, lang, dark = {
                "today": ("today", 1280, "en", False),
                "year": ("year", 1280, "zh", True),
                "phone": ("today", 390, "zh", False),
                "tomorrow": ("tomorrow", 1280, "en", False),
            }[name]
            user.size(width, dark=dark)
            user.open(f"{SITE}/{page}?lang={lang}")
        user.picture(STATIC / f"page_{name}.png", TALLEST)


def record_all(user: PageUser, folder: Path) -> None:
    """Make pictures of every page in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    hedge(user)
    for width, lang, dark in ((1280, "en", False), (1280, "zh", True), (390, "zh", False), (390, "en", True)):
        user.size(width, dark=dark)
        for page in PAGES:
            user.open(f"{SITE}/{page}?lang={lang}")
            user.picture(folder / f"{page}_{width}_{lang}{'_dark' if dark else ''}.png")
    order(user)
    user.picture(folder / "order_result_1280_en.png")
    user.size(390)
    user.picture(folder / "order_result_390_en.png")


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of the manual's pictures; default: all")
    parser.add_argument("--all", type=Path, help="folder for pictures of every page")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, person(Path(folder)) as user:
        if given.all:
            record_all(user, given.all)
        else:
            record(user, given.names or ["today", "phone", "year", "order"])


if __name__ == "__main__":
    main()
