"""`parkdispatch ledger`: what was measured, planned and sent, kept in a database."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console
from parkdispatch.interfaces.commands.days.ledger_options import (
    ByOption,
    LedgerOption,
    author,
    moment,
    opened,
)
from parkdispatch.interfaces.commands.options import CaseArgument, Out, language
from parkdispatch.interfaces.commands.plan_options import StampsOption
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.results.wording.languages import Lang

ledger_app = typer.Typer(
    help="Keep what was measured, planned and sent: one database for the park, day after day.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
OfCase = Annotated[str, typer.Option("--case", help="Case whose site it is, built in or a file.")]
ScreenLanguage = Annotated[str | None, typer.Option("--lang", help="Language of the screen: en or zh.")]
As = Annotated[
    list[str] | None,
    typer.Option(
        "--as",
        help="What the file holds: load, pv, wind, import, export, battery (plus: discharge), power, soc,"
        " peak; with :DEVICE where several have it, and =COLUMN where the file has several. Repeated for more"
        " columns.",
    ),
]
Quality = Annotated[str, typer.Option(help="How good the values are: measured, estimated or substituted.")]


def say(words: dict[str, str], key: str, **values: object) -> None:
    """Print a sentence of the ledger's words."""
    out_console.print(Text(words[key].format(**values)), soft_wrap=True)


def ledger_words(lang: "Lang") -> dict[str, str]:
    """The sentences of `ledger`."""
    from parkdispatch.results.wording.words import load_words

    return dict(load_words(lang, "ledger")["ledger"])


def _case(name: str) -> "Case":
    from parkdispatch.inputs.loader import load_case

    return load_case(name)


@ledger_app.command("init")
def init_ledger(
    case: CaseArgument = "gaoan",
    ledger: LedgerOption = None,
    by: ByOption = None,
    lang: ScreenLanguage = None,
) -> None:
    """Make a ledger, or find it there, and add the site of a case with its tariff."""
    book, words, park = opened(ledger), ledger_words(language(lang)), _case(case)
    from parkdispatch.operations.ledger.sites import add_site
    from parkdispatch.results.io.provenance import versions

    who = author(by)
    is_new = book.make(who, versions()["parkdispatch"])
    added = add_site(book, park, who)
    say(words, "made" if is_new else "there", ledger=book.shown)
    say(words, "site_added" if added else "site_there", site=park.name, tariff=park.tariff.name)


@ledger_app.command("status")
def ledger_state(ledger: LedgerOption = None, lang: ScreenLanguage = None) -> None:
    """Show what the ledger holds: what was measured and is missing, plans, what was sent, outages."""
    screen_lang, book = language(lang), opened(ledger)
    from parkdispatch.operations.ledger.ledger_summary import ledger_status
    from parkdispatch.results.console.ledger_screen import show_ledger_status

    show_ledger_status(out_console, ledger_status(book), screen_lang)


@ledger_app.command("import")
def import_series(
    file: Annotated[
        Path, typer.Argument(help="File of a meter or an EMS, with time and one or more columns.")
    ],
    quantities: As = None,
    case: OfCase = "gaoan",
    quality: Quality = "measured",
    stamps: StampsOption = None,
    ledger: LedgerOption = None,
    by: ByOption = None,
    lang: ScreenLanguage = None,
) -> None:
    """Bring measured values into the ledger; the same file twice changes nothing, other values correct."""
    book, words, park = opened(ledger), ledger_words(language(lang)), _case(case)
    from parkdispatch.operations.ledger.measurements import import_file
    from parkdispatch.operations.ledger.sites import settled_days

    delivered = import_file(book, park, file, quantities or [], author(by), quality, stamps)
    for item in delivered:
        what = item.measured.text
        if item.repeated:
            say(words, "repeated", what=what, number=item.number)
            continue
        say(
            words,
            "delivered",
            what=what,
            **{name: getattr(item, name) for name in ("intervals", "added", "corrected")},
        )
        if item.kept:
            say(words, "kept", what=what, kept=item.kept)
    changed = {day for item in delivered for day in item.days}
    if again := sorted(changed & set(settled_days(book, park))):
        say(words, "resettle", days=", ".join(map(str, again)))


@ledger_app.command("record")
def record(
    what: Annotated[str, typer.Argument(help="What was read: soc, soc:battery_1, peak, import ...")],
    value: Annotated[float, typer.Argument(help="The value: a fraction, or MW.")],
    at: Annotated[str, typer.Option(help="When, in local time: 2026-07-15 00:00.")],
    case: OfCase = "gaoan",
    ledger: LedgerOption = None,
    by: ByOption = None,
    lang: ScreenLanguage = None,
) -> None:
    """Record one value that a person has read, such as a state of charge or the month's peak so far."""
    book, words, park = opened(ledger), ledger_words(language(lang)), _case(case)
    import pandas as pd

    from parkdispatch.operations.ledger.measurements import record_value

    instant = moment("--at", at)
    item = record_value(book, park, what, value, pd.Timestamp(instant), author(by))
    say(words, "recorded", what=item.measured.text, at=f"{instant:%Y-%m-%d %H:%M}", value=f"{value:.15g}")


@ledger_app.command("outage")
def outage(
    device: Annotated[str, typer.Argument(help="Battery or connection that is out.")],
    begin: Annotated[str, typer.Argument(help="First moment, local time: 2026-07-15 18:30.")],
    end: Annotated[str, typer.Argument(help="End, not included.")],
    share: Annotated[float, typer.Option(help="Share of the power that remains.")] = 0.0,
    replaces: Annotated[int, typer.Option(help="Number of the outage that this is another version of.")] = 0,
    withdraw: Annotated[bool, typer.Option(help="The outage with that number is none.")] = False,
    case: OfCase = "gaoan",
    ledger: LedgerOption = None,
    by: ByOption = None,
    lang: ScreenLanguage = None,
) -> None:
    """Record an outage; plans take it into account, and `settle` says what it cost."""
    book, words, park = opened(ledger), ledger_words(language(lang)), _case(case)
    from parkdispatch.operations.known_outages import RecordedOutage
    from parkdispatch.operations.ledger.outages import record_outage

    if withdraw and not replaces:
        raise InputError("`--withdraw`: must have `--replaces` beside it, the number of the outage")
    item = RecordedOutage(device, moment("BEGIN", begin), moment("END", end), share, replaces)
    number, is_new = record_outage(book, park, item, author(by), withdraw=withdraw)
    key = "outage_withdrawn" if withdraw else "outage" if is_new else "outage_there"
    say(words, key, number=number, device=device)


@ledger_app.command("send")
def send(
    version: Annotated[int, typer.Argument(help="Version of the day's plan that was sent.")],
    day: Annotated[
        str | None, typer.Option("--date", help="Day, YYYY-MM-DD; default: plan_date of the case.")
    ] = None,
    instead_of: Annotated[
        int | None, typer.Option(help="Version that was sent before and is replaced, where one was.")
    ] = None,
    case: OfCase = "gaoan",
    ledger: LedgerOption = None,
    by: ByOption = None,
    lang: ScreenLanguage = None,
) -> None:
    """Mark which version of a day's plan was sent; refused where another was sent meanwhile."""
    book, words, park = opened(ledger), ledger_words(language(lang)), _case(case)
    from parkdispatch.operations.ledger.plan_versions import send_plan

    try:
        of_day = park.calendar.plan_date if day is None else date.fromisoformat(day)
    except ValueError:
        raise InputError(f"`--date` = {day}: must be a day such as 2026-07-15") from None
    sent, is_new = send_plan(book, park, of_day, version, author(by), instead_of)
    say(words, "sent" if is_new else "sent_before", version=version, day=of_day, by=sent.by)


@ledger_app.command("upgrade")
def upgrade(ledger: LedgerOption = None, lang: ScreenLanguage = None) -> None:
    """Bring a ledger that an older parkdispatch made to the present form; all of it or nothing."""
    book, words = opened(ledger), ledger_words(language(lang))
    before, after = book.upgrade()
    say(words, "current" if before == after else "upgraded", ledger=book.shown, before=before, after=after)


@ledger_app.command("export")
def export(ledger: LedgerOption = None, out: Out = None, lang: ScreenLanguage = None) -> None:
    """Write every table of the ledger as CSV, all or none, for other programs."""
    book, words = opened(ledger), ledger_words(language(lang))
    from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
    from parkdispatch.operations.ledger.ledger_summary import ledger_tables
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.io.run_folder import output_folder
    from parkdispatch.results.writers.ledger_files import table_writer

    check_output_paths(out)
    tables = ledger_tables(book)
    with run_folder(out, "ledger", "export") as folder, output_folder(folder) as stage:
        paths = [stage(f"{name}.csv", table_writer(table)) for name, table in tables.items()]
    say(words, "exported", tables=len(tables), rows=sum(map(len, tables.values())))
    show_files(out_console, paths)
