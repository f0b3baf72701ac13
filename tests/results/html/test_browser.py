"""The pages in a real browser: no script error, no network access, and no wider than a phone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.results.wording.languages import LANGS
from tests.support.browser import CHROMIUM, Browser
from tests.support.reports.built_in_pages import report
from tests.support.reports.size_pages import MISSING
from tests.support.reports.size_pages import page as size
from tests.support.reports.study_pages import page as study
from tests.support.reports.works import works_page

PHONE, DESKTOP, HEIGHT = 390, 1300, 900
LOOK = """(() => {
const root = document.documentElement, plots = [...document.querySelectorAll(".plot")];
const style = (at) => getComputedStyle(at);
const wide = (at) => at.clientWidth && at.scrollWidth > at.clientWidth + 1;
const cut = (at) => at instanceof HTMLElement && wide(at) && style(at).overflowX === "visible";
const outside = (text) => {
  const box = text.getBoundingClientRect(), plot = text.closest(".plot").getBoundingClientRect();
  if (style(text).opacity === "0" || !box.width) return false;
  return box.left < plot.left - 1 || box.right > plot.right + 1 || box.bottom > plot.bottom + 1;
};
const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
  && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
const said = (text) => text.textContent.trim() && style(text).opacity !== "0";
const over = () => plots.flatMap((plot) => {
  const all = [...plot.querySelectorAll("text")].filter(said)
    .map((one) => [one, one.getBoundingClientRect()]);
  return all.flatMap(([one, a], k) => all.slice(k + 1).filter(([, b]) => meet(a, b))
    .map(([other]) => `${plot.id}: ${one.textContent} upon ${other.textContent}`));
});
return {
  ready: Number(root.dataset.ready), error: root.dataset.error || "", width: root.scrollWidth,
  plots: plots.length, empty: plots.filter((p) => !p.querySelector("svg.main-svg")).map((p) => p.id),
  areas: document.querySelectorAll("#chart-power .scatterlayer .js-fill").length,
  steps: document.querySelectorAll("#chart-steps .bars path").length,
  saved: document.querySelectorAll("td.saved").length,
  hidden: [...document.querySelectorAll("td.saved")]
    .filter((at) => at.getBoundingClientRect().right > window.innerWidth).length,
  cells: document.querySelectorAll("#chart-npv .textpoint").length, over: over().slice(0, 5),
  cut: [...document.querySelectorAll("main *")].filter(cut).map((at) => `${at.tagName} ${at.className}`),
  outside: [...document.querySelectorAll(".plot text")].filter(outside).map((text) => text.textContent),
};
})()"""
DRAWN = "document.documentElement.dataset.ready || document.documentElement.dataset.error"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def looked_at(
    html: str, browser: Browser, tmp_path: Path, widths: Sequence[int] = (PHONE, DESKTOP)
) -> dict[int, dict[str, Any]]:
    """The measurements of a probe in the page, by the width of the window."""
    file = tmp_path / "page.html"
    file.write_text(html, encoding="utf-8")
    seen = {}
    with browser.tab(widths[0]) as tab:
        tab.open(file.as_uri())
        for width in widths:  # a window that is made wider is drawn anew
            tab.resize(width, HEIGHT)
            assert tab.wait_for(f"window.innerWidth === {width} && ({DRAWN})"), (
                "the page never ends its drawing"
            )
            seen[width] = tab.run(LOOK)
    return seen


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", ["day", "year"])
def test_every_chart_is_drawn_and_nothing_is_too_wide(
    kind: Any, lang: str, browser: Browser, tmp_path: Path
) -> None:
    seen = looked_at(report(kind, lang), browser, tmp_path)
    assert set(seen) == {PHONE, DESKTOP}
    for width, look in seen.items():
        assert look["error"] == "", width
        assert look["plots"] == (6 if kind == "day" else 8)
        assert look["empty"] == []
        assert look["ready"] >= look["plots"]
        assert look["areas"] >= 6  # sources, and what is stored or sold
        assert look["steps"] >= 8  # lines of the bill, and their sum
        assert look["width"] <= width, "the page scrolls sideways"
        assert look["cut"] == [], width
        assert look["outside"] == [], "words of a chart are cut off"
        assert look["saved"] > 10
        assert look["hidden"] == 0, "what is saved is off the screen"


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_of_a_park_with_heat_units_and_shifted_work_too(
    lang: Any, browser: Browser, tmp_path: Path
) -> None:
    for width, page in looked_at(works_page(lang), browser, tmp_path).items():
        assert (page["error"], page["empty"], page["cut"], page["outside"]) == ("", [], [], []), width
        # power, set points, charge, heat, stored heat, import, activities, flows, prices, bill
        assert page["plots"] == 10
        assert page["width"] <= width, "the page scrolls sideways"


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_of_a_study_too(lang: Any, browser: Browser, tmp_path: Path) -> None:
    for width, look in looked_at(study(lang), browser, tmp_path).items():
        assert (look["error"], look["empty"], look["cut"], look["outside"]) == ("", [], [], []), width
        assert look["plots"] == 4
        assert look["width"] <= width, "the page scrolls sideways"


@pytest.mark.parametrize(("kind", "lang"), [("now", "en"), ("now", "zh"), ("later", "zh"), ("never", "en")])
def test_the_page_of_a_size_too(kind: str, lang: Any, browser: Browser, tmp_path: Path) -> None:
    for width, look in looked_at(size(kind, lang), browser, tmp_path).items():
        assert (look["error"], look["empty"], look["cut"], look["outside"]) == ("", [], [], []), width
        assert look["plots"] == 7
        assert look["cells"] >= 20
        assert look["width"] <= width, "the page scrolls sideways"
        assert look["over"] == [], "words of a chart lie upon each other"


@pytest.mark.parametrize("kind", MISSING)
def test_the_page_of_a_size_of_which_little_is_known(kind: str, browser: Browser, tmp_path: Path) -> None:
    for width, look in looked_at(size(kind, "zh"), browser, tmp_path).items():
        assert (look["error"], look["empty"], look["cut"], look["outside"]) == ("", [], [], []), width
        assert look["width"] <= width, "the page scrolls sideways"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("l: left, r:", "l: left / 2, r:", "outside"),
        ("</main>", '<img src="https://example.com/a.png"></main>', "blocked: https://example.com"),
        ('id="chart-soc"', 'id="chart-gone"', "error"),
        ("Page.start();", "Page.begin();", "Page.begin is not a function"),
    ],
)
def test_what_goes_wrong_is_seen(old: str, new: str, said: str, browser: Browser, tmp_path: Path) -> None:
    """Checks that the probe detects what the tests above rely on."""
    seen = looked_at(report("day", "en").replace(old, new), browser, tmp_path, [DESKTOP])[DESKTOP]
    if said == "error":
        assert seen["empty"] == ["chart-gone"]
    elif said == "outside":
        assert "demand charge" in seen["outside"]
    else:
        assert said in seen["error"]


def test_words_upon_each_other_are_seen(browser: Browser, tmp_path: Path) -> None:
    large = size("now", "en").replace(
        "size: narrow() ? 11 : 13, family: FONT, color: cells.colours", "size: 90"
    )
    seen = looked_at(large, browser, tmp_path, [DESKTOP])[DESKTOP]
    assert any(overlap.startswith("chart-npv: ") for overlap in seen["over"])


def test_what_is_too_wide_is_seen(browser: Browser, tmp_path: Path) -> None:
    wide = report("day", "en").replace("</main>", '<p style="width:600px">wide</p></main>')
    assert looked_at(wide, browser, tmp_path, [PHONE])[PHONE]["width"] > PHONE
