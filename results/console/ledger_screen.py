"""What `ledger` prints of a ledger's state."""

from rich.console import Console
from rich.text import Text

from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.ledger_status import LedgerStatus, SiteStatus
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words

MOMENT = "%Y-%m-%d %H:%M"


def show_ledger_status(console: Console, status: LedgerStatus, lang: Lang) -> None:
    """Print what the ledger holds, site by site."""
    words = load_words(lang, "ledger")["status"]
    title = words["title"].format(ledger=status.address, revision=status.revision)
    console.print(Text(title, style="bold"), soft_wrap=True)
    for site in status.sites:
        line = words["site"].format(
            site=site.name, minutes=site.minutes, timezone=site.timezone, tariffs=", ".join(site.tariffs)
        )
        console.print(Text(line), soft_wrap=True)
        if not (site.channels or site.plans or site.outages):
            console.print(words["nothing"])
        _show_site(console, site, words)


def _show_site(console: Console, site: SiteStatus, words: dict[str, str]) -> None:
    if site.channels:
        heads = ("channel", "first", "last", "intervals", "missing", "corrected", "not_measured")
        table = dense_table(words["channels"], *(words[head] for head in heads))
        table.columns[0].no_wrap = True
        for channel in site.channels:
            counts = (channel.intervals, channel.missing, channel.corrected, channel.not_measured)
            spans = (f"{channel.first:{MOMENT}}", f"{channel.last:{MOMENT}}")
            table.add_row(f"{channel.device}.{channel.quantity}", *spans, *(f"{count:,}" for count in counts))
        console.print(table)
    if site.plans:
        table = dense_table(words["plans"], *(words[head] for head in ("day", "versions", "sent", "by")))
        for day in site.plans:
            table.add_row(f"{day.day}", str(day.versions), str(day.sent or "–"), day.sent_by or "–")
        console.print(table)
    if site.outages:
        outage_heads = ("number", "device", "first", "last", "share")
        table = dense_table(words["outages"], *(words[head] for head in outage_heads))
        for outage in site.outages:
            span = (f"{outage.begin:{MOMENT}}", f"{outage.end:{MOMENT}}")
            table.add_row(str(outage.number), outage.device, *span, f"{outage.power_share:.0%}")
        console.print(table)
