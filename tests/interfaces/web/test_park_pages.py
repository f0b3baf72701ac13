"""The pages of a park as a browser gets them: their figures, their languages, nobody's HTML, no strangers."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parkdispatch.operations.desk.desk_plan import plan_of_day
from parkdispatch.operations.ledger.sites import site_of
from tests.support.web.desk_parks import PERSON, TODAY, desk
from tests.support.web.served_pages import SITE, ServedPark, csrf

PAGES = ("today", "tomorrow", "changes", "order", "month", "year", "settlement", "studies")
KINDS = ("outage", "limit", "force", "reserve", "call")


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> ServedPark:
    return ServedPark(tmp_path_factory.mktemp("park"))


@pytest.fixture(scope="module")
def reader(park: ServedPark) -> TestClient:
    return park.client("read")


def words_of(html: str) -> str:
    """What is to be read on a page."""
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html.partition("<body>")[2], flags=re.DOTALL)
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", bare).split()))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_whole_in_each_language(page: str, lang: str, reader: TestClient) -> None:
    answer = reader.get(f"{SITE}/{page}?lang={lang}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<b>bold" not in answer.text
    assert 'lang="zh-CN"' in answer.text
    text = words_of(answer.text)
    assert not re.search(r"\b(nan|None|inf)\b|[-−]0\.0+(?!\d)|\{\w*\}", text)
    if lang == "zh":
        named = re.sub(r"Small & <script>alert\(1\)</script> park|Li <b>bold</b>( read)?|English", "", text)
        left = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"parkdispatch \S.*?(?=[^\x00-\x7f]|$)", "", named)))
        assert left <= {"MWh", "kWh", "Asia", "Shanghai", "without", "storage", "large"}  # variants
    headers = answer.headers
    assert headers["cache-control"] == "no-store"
    assert "script-src" not in headers["content-security-policy"]  # only what is served from here
    assert "default-src 'self'" in headers["content-security-policy"]


def test_today_says_what_the_plan_and_the_meters_say(reader: TestClient, tmp_path: Path) -> None:
    text = words_of(reader.get(f"{SITE}/today?lang=en").text)
    site = desk(tmp_path)
    with site.ledger.reading() as connection:
        plan = plan_of_day(connection, site_of(connection, site.case), site, TODAY, as_sent=True)
    assert plan is not None
    now_mw = float(plan.set_point_mw("battery_1", plan.values.index[41:42])[0])
    assert f"battery 1 {now_mw:+.1f} MW".replace("+0.0", "0.0").replace("-", "−") in text
    assert "Now 10:20, Asia/Shanghai" in text
    assert "State of charge 30.0 % at 10:15" in text
    assert "the month's peak so far is" in text
    assert "1,344 intervals of the month are not metered." in text
    assert f"Version 1 by {PERSON}, 2026-07-14 14:00 · sent by {PERSON}" in text


def test_tomorrow_has_bands_as_they_were_issued(reader: TestClient) -> None:
    html = reader.get(f"{SITE}/tomorrow?lang=en").text
    assert f"Issued 2026-07-14 14:05 by {PERSON}." in words_of(html)
    assert html.count('<path class="band"') == 4  # in the legend and in the chart, of load and of PV
    assert "P10 to P90" in html


def test_a_year_and_a_settlement(reader: TestClient) -> None:
    year = reader.get(f"{SITE}/year?kind=load&lang=en")
    assert "of 8,760 h" in words_of(year.text)
    assert 'class="shade shade-' in year.text
    settled = words_of(reader.get(f"{SITE}/settlement?lang=en").text)
    assert "Tuesday, 14 July 2026, version 1" in settled
    assert "2026-07-14 950 1,200 −250" in settled


def test_the_language_stays(park: ServedPark) -> None:
    client = park.client("read")
    assert client.get(f"{SITE}/month?lang=zh").cookies["lang"] == "zh"
    assert "本月至今" in client.get(f"{SITE}/month").text


def test_home_leads_to_the_first_park(reader: TestClient) -> None:
    assert reader.get("/").headers["location"] == f"{SITE}/today"


@pytest.mark.parametrize("page", ["today", "order", "studies"])
def test_who_is_not_signed_in_is_asked_to(page: str, park: ServedPark) -> None:
    stranger = TestClient(park.app, headers={"accept": "text/html"}, follow_redirects=False)
    answer = stranger.get(f"{SITE}/{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={SITE}/{page}")
    assert stranger.post(f"{SITE}/{page}").status_code in (303, 405)


def test_another_park_is_as_if_it_was_not_there(park: ServedPark) -> None:
    park.tokens["other"] = park.service.tokens.add("other", "send", ("elsewhere",), park.now)
    client = park.client("other")  # type: ignore[arg-type]
    hidden, none = client.get(f"{SITE}/today"), client.get("/park/nowhere/today")
    assert hidden.status_code == none.status_code == 404
    assert hidden.text.replace("small", "nowhere") == none.text
    assert client.get("/?site=small").status_code in (200, 404)
    assert "Small" not in client.get("/").text


@pytest.mark.parametrize("name", ["web.py", "..%2fpark_page.py", "%2e%2e/words/web.en.toml", "web.css%00"])
def test_nothing_but_style_and_script_is_served(name: str, reader: TestClient) -> None:
    assert reader.get(f"/static/{name}").status_code == 404
    assert reader.get("/static/web.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("changes?day=2026-07-32", "argument `day`"),
        ("changes?version=two", "argument `version`"),
        ("year?year=x", "argument `year`"),
        ("studies/0123", "there is no job 0123 for this token"),
    ],
)
def test_an_address_that_is_wrong_is_told_on_a_page(address: str, said: str, reader: TestClient) -> None:
    answer = reader.get(f"{SITE}/{address}", headers={"accept-language": "en"})
    assert answer.status_code in (404, 422)
    assert said in unescape(answer.text)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_ledger_says_what_to_do_next(page: str, empty: TestClient) -> None:
    answer = empty.get(f"{SITE}/{page}?lang=en")
    assert answer.status_code == 200
    expected: dict[str, Any] = {
        "today": "There is no plan for today. The command parkdispatch plan small --date 2026-07-15 --ledger",
        "tomorrow": "There is no plan for 2026-07-16 yet.",
        "changes": "There is no plan for 2026-07-15.",
        "month": "parkdispatch ledger import meters.csv --as import=import --case small",
        "year": "Nothing of Import is metered in 2026.",
        "settlement": "No day is settled yet.",
        "studies": "No study was started yet.",
        "order": "Show its cost",
    }
    assert expected[page] in words_of(answer.text)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    return ServedPark(tmp_path_factory.mktemp("empty"), empty=True).client("plan")


def test_a_study_is_started_watched_and_cancelled(park: ServedPark) -> None:
    client = park.client("plan")
    token = csrf(client)
    assert client.post(f"{SITE}/studies", data={"kind": "year"}).status_code == 403
    started = client.post(f"{SITE}/studies", data={"kind": "plan", "day": "2026-07-16", "csrf_token": token})
    assert started.status_code == 303
    job = started.headers["location"]
    page = client.get(f"{job}?lang=en")
    assert "waiting" in words_of(page.text)
    assert "parkdispatch-reload" in page.text
    (kept,) = park.service.jobs.jobs(site="small", limit=1)
    assert (kept.words[0], kept.words[2]) == ("plan", "--date=2026-07-16")
    assert client.post(f"{job}/cancel", data={"csrf_token": token}).status_code == 303
    ended = client.get(f"{job}?lang=en").text
    assert "cancelled" in words_of(ended)
    assert "parkdispatch-reload" not in ended
    assert f"{PERSON} plan" in words_of(client.get(f"{SITE}/studies?lang=en").text)
    wrong = client.post(f"{SITE}/studies", data={"kind": "plan", "day": "noon", "csrf_token": token})
    assert wrong.status_code == 422
    assert "argument `day` = noon" in unescape(wrong.text)
    reader = park.client("read")
    assert (
        reader.post(f"{SITE}/studies", data={"kind": "year", "csrf_token": csrf(reader)}).status_code == 403
    )
