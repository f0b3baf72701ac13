"""Print charges outside the optimization model and the billing methods for demand. Rounding is done here."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.billing.demand_election import OWN, Elections
from parkdispatch.results.summary import Summary
from parkdispatch.results.wording.display_names import Words, screen_name
from parkdispatch.results.wording.sentences import full_use_sentences

UNSEEN_CHARGE_NAMES = {
    "contracted_demand": "contracted demand charge, fixed by the contract",
    "capacity": "capacity charge, fixed by the transformers",
    "full_use_discount": "demand-price discount at full use, in months where it depends on the dispatch",
    "fixed_charge": "fixed charge",
}
BILLING_METHOD_NAMES = {
    "highest": "highest",
    "contracted": "contract",
    "capacity": "capacity",
    OWN: "elected",
}
HALF_YUAN = 0.5  # smaller amounts are shown as zero


def show_bill(console: Console, summary: Summary, words: Words) -> None:
    """Print each charge outside the optimization model, and the basic charge under each billing method."""
    for line in unseen_lines(summary, words):
        console.print(line, soft_wrap=True)
    for name, elections in summary.elections.items():
        console.print(_billing_methods(screen_name(name, words), elections))
        console.print(_cheapest_method(elections), soft_wrap=True)


def unseen_lines(summary: Summary, words: Words) -> Iterator[str]:
    """A sentence per charge outside the optimization model, with its effect on the saving of the storage."""
    other = summary.without_storage
    for name, yuan in summary.unseen_yuan.items():
        grid, label = screen_name(name.device, words), UNSEEN_CHARGE_NAMES.get(name.key, name.key)
        line = f"Outside the optimization model: {grid} {label}: {yuan:+z,.0f} yuan"
        saving_yuan = other.unseen_saving_yuan.get(name, 0.0) if other else 0.0
        if abs(saving_yuan) >= HALF_YUAN:
            verb = "raises" if saving_yuan > 0 else "lowers"
            line += f"; it {verb} the saving of the storage by {abs(saving_yuan):z,.0f} yuan"
        yield line + "."
    yield from full_use_sentences(summary.bills, words)
    for connection, bill in summary.bills.items():
        grid = screen_name(connection, words)
        if abs(bill.open_discount_yuan) >= HALF_YUAN:
            yield (
                f"If the whole month reaches full use, {grid} pays {-bill.open_discount_yuan:z,.0f} yuan"
                " less for demand; a part of the month does not show whether it does."
            )


def _billing_methods(name: str, elections: Elections) -> Table:
    """The basic charge by period under each billing method [10^4 yuan]."""
    title = f"Basic charge of {name} for this dispatch under each billing method, 万元"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column, method in enumerate(["period", *elections.yuan.columns, "cheapest"]):
        head = BILLING_METHOD_NAMES.get(method, method)
        table.add_column(head, justify="left" if column == 0 else "right", no_wrap=True)
    for (period, row), method in zip(elections.yuan.iterrows(), elections.cheapest, strict=True):
        table.add_row(
            str(period), *(f"{yuan / YUAN_PER_WAN:z,.2f}" for yuan in row), BILLING_METHOD_NAMES[method]
        )
    totals = (f"{yuan / YUAN_PER_WAN:z,.2f}" for yuan in elections.yuan.sum())
    table.add_row("total", *totals, f"{elections.cheapest_yuan / YUAN_PER_WAN:z,.2f}", style="bold")
    return table


def _cheapest_method(elections: Elections) -> str:
    text = (
        "The cheapest billing method in each period saves"
        f" {elections.saving_yuan:z,.0f} yuan against the elected one"
    )
    if "contracted" in set(elections.cheapest):
        text += "; the best contracted demand is known in hindsight only"
    return text + "."
