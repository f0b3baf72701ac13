"""What the commands print of the bill beyond the costs of the dispatch. Rounding is done here."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table

from parkdispatch.results.billing.demand_election import OWN, Elections
from parkdispatch.results.summary import Summary
from parkdispatch.results.units import YUAN_PER_WAN

UNSEEN_WORDS = {
    "contracted_demand": "contracted demand, fixed by the contract",
    "capacity": "capacity charge, fixed by the transformers",
    "full_use_discount": "lower demand price at full use, known when the month is over",
}
WAY_WORDS = {
    "highest": "highest",
    "contracted": "contract",
    "capacity": "capacity",
    OWN: "elected",
}
FIRST_CENT = 0.5  # yuan; less is told as nothing


def show_bill(console: Console, summary: Summary) -> None:
    """What the optimizer does not see, line by line, and the cheaper way of paying for demand."""
    for line in unseen_lines(summary):
        console.print(line, soft_wrap=True)
    for name, one in summary.elections.items():
        console.print(_table(name, one))
        console.print(_verdict(one), soft_wrap=True)


def unseen_lines(summary: Summary) -> Iterator[str]:
    """Each charge that no dispatch changes or no optimizer can see, and what the storage changes in it."""
    other = summary.without_storage
    for name, yuan in summary.unseen_yuan.items():
        grid, charge = name.split(".", 1)
        line = f"Not seen by the optimizer: {grid} {UNSEEN_WORDS.get(charge, charge)}: {yuan:+,.0f} yuan"
        saved = other.unseen_saving_yuan.get(name, 0.0) if other else 0.0
        if abs(saved) >= FIRST_CENT:
            line += f"; with it the storage saves {abs(saved):,.0f} {'more' if saved > 0 else 'less'}"
        yield line + "."
    for grid, made in summary.bills.items():
        if abs(made.open_discount_yuan) >= FIRST_CENT:
            yield (
                f"If the whole month turns out fully used, {grid} pays {-made.open_discount_yuan:,.0f} yuan"
                " less for demand; a part of the month cannot tell."
            )


def _table(name: str, one: Elections) -> Table:
    title = f"Basic charge of {name}, this dispatch in each way of paying, 万元"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for number, way in enumerate(["period", *one.yuan.columns, "cheapest"]):
        table.add_column(WAY_WORDS.get(way, way), justify="left" if number == 0 else "right", no_wrap=True)
    for (period, row), way in zip(one.yuan.iterrows(), one.cheapest, strict=True):
        table.add_row(str(period), *(f"{yuan / YUAN_PER_WAN:,.2f}" for yuan in row), WAY_WORDS[way])
    total = (f"{yuan / YUAN_PER_WAN:,.2f}" for yuan in one.yuan.sum())
    table.add_row("total", *total, f"{one.cheapest_yuan / YUAN_PER_WAN:,.2f}", style="bold")
    return table


def _verdict(one: Elections) -> str:
    text = f"The cheapest way in each period saves {one.saving_yuan:,.0f} yuan against the elected one"
    if "contracted" in set(one.cheapest):
        text += "; the best contract is known in hindsight only"
    return text + "."
