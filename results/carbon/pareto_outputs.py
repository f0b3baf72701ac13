"""What `pareto` prints and writes: a table, a page with the curve, a summary."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from parkdispatch.results.carbon.pareto_points import ParetoFront
from parkdispatch.results.carbon.pareto_tables import (
    pareto_frame,
    pareto_heads,
    pareto_rows,
    pareto_sentence,
)
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table, heading
from parkdispatch.results.html.page import render
from parkdispatch.results.io.files import write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.views import plain_charts
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.outputs import Output


def show_pareto(console: Console, front: ParetoFront) -> None:
    """Print the points of the front, and what they say."""
    words = load_words(SCREEN_LANG.get(), "pareto")
    console.print(heading(_title(front, words, SCREEN_LANG.get()), front.case))
    table = dense_table("", *pareto_heads(words))
    for row in pareto_rows(front):
        table.add_row(*row)
    console.print(table)
    console.print(pareto_sentence(front, words), markup=False, soft_wrap=True)


def pareto_html(front: ParetoFront, lang: Lang = "en") -> str:
    """Render the page. The same input gives the same bytes."""
    words = load_words(lang, "pareto")
    text = words["pareto"]
    curve = plain_charts.line_chart(
        "front", [round(point.co2_t, 3) for point in front.points],
        [(text["added"], front.added_yuan, plain_charts.BLUE)], words["page"]["yuan"], 0, text["co2"],
    )  # fmt: skip
    return render(
        "pareto.html.j2",
        words,
        data={"figures": [curve] if len(front.points) > 1 else []},
        title=_title(front, words, lang),
        sentence=pareto_sentence(front, words),
        heads=pareto_heads(words),
        rows=pareto_rows(front),
        has_curve=len(front.points) > 1,
    )


def _title(front: ParetoFront, words: Mapping[str, Any], lang: Lang) -> str:
    """Title of the park with the days of the front, which is one or a year."""
    first, last = front.first[:10], front.last[:10]
    kind = "title_of_day" if first == last else "title"
    return str(words["pareto"][kind]).format(title=front.case.titled(lang), first=first, last=last)


def _write_page(path: Path, front: ParetoFront, lang: Lang) -> None:
    path.write_text(pareto_html(front, lang), encoding="utf-8")


def _write_csv(path: Path, front: ParetoFront, _: Lang) -> None:
    pareto_frame(front).to_csv(path, encoding="utf-8-sig", lineterminator="\n")


def _write_summary(path: Path, front: ParetoFront, _: Lang) -> None:
    about = {"case": front.case.name, "case_sha256": front.case.sha256, "versions": versions()}
    points = [vars(point) for point in front.points]
    write_json(path, {**about, "first": front.first, "last": front.last, "points": points})


PARETO_OUTPUTS: tuple[Output[ParetoFront], ...] = (
    Output("pareto.csv", _write_csv),
    Output("pareto.html", _write_page, for_people=True),
    Output("summary.json", _write_summary),
)
