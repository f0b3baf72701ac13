"""What people do with the pages, in a real browser, on a desktop and on a phone: one server, one browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from parkdispatch.interfaces.service.access import secret_hashes
from parkdispatch.interfaces.service.access.secret_hashes import HashCost
from tests.support.browser import CHROMIUM, Browser
from tests.support.web.page_user import PageUser
from tests.support.web.served_pages import SITE, ServedPark, served

pytestmark = [
    pytest.mark.slow,  # it starts a browser
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
DESKTOP, PHONE = 1280, 390
PAGES = ("today", "tomorrow", "changes", "order", "month", "year", "settlement", "studies")
# what lies beyond the window, letters that are cut, and labels of an axis upon each other
LOOK = """(() => {
  const seen = (at) => at.checkVisibility() && !at.closest('.scroll, .hidden, .skip, svg');
  const all = [...document.querySelectorAll('body *')].filter(seen);
  const wide = all.filter((at) => at.getBoundingClientRect().right > innerWidth + 1);
  const cut = all.filter((at) => at.scrollWidth > at.clientWidth + 1 && at.clientWidth
    && getComputedStyle(at).overflowX === 'hidden');
  const left = [...document.querySelectorAll('.ys span')].filter((at) => at.getBoundingClientRect().left < 0);
  const upon = [...document.querySelectorAll('.xs')].flatMap((axis) => {
    const shown = [...axis.children].filter((at) => at.checkVisibility());
    const boxes = shown.map((at) => at.getBoundingClientRect());
    return boxes.filter((box, k) => k && box.left < boxes[k - 1].right);
  });
  return { scrolls: document.documentElement.scrollWidth > innerWidth, errors: window.scriptErrors || [],
    wide: wide.map((at) => at.outerHTML.slice(0, 90)), cut: cut.map((at) => at.outerHTML.slice(0, 90)),
    left: left.length, upon: upon.length };
})()"""
FINE = {"scrolls": False, "errors": [], "wide": [], "cut": [], "left": 0, "upon": 0}


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> ServedPark:
    return ServedPark(tmp_path_factory.mktemp("stories"))


@pytest.fixture(scope="module")
def user(park: ServedPark, browser: Browser) -> Iterator[PageUser]:
    with served(park) as address, browser.tab(DESKTOP) as tab:
        opened = PageUser(tab, address)
        opened.size(DESKTOP)
        opened.open("/?lang=en")
        opened.fill("Access token", park.tokens["send"])
        opened.click("Sign in")
        yield opened


@pytest.mark.parametrize(("width", "lang"), [(DESKTOP, "en"), (PHONE, "zh")])
def test_nothing_is_cut_or_too_wide(width: int, lang: str, user: PageUser) -> None:
    user.size(width, dark=width == PHONE)
    for page in PAGES:
        user.open(f"{SITE}/{page}?lang={lang}")
        assert user.look(LOOK) == FINE, page
    assert user.look("getComputedStyle(document.body).backgroundColor") == (
        "rgb(18, 22, 27)" if width == PHONE else "rgb(255, 255, 255)"
    )


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_an_order_from_its_cost_to_the_plan(width: int, park: ServedPark, user: PageUser) -> None:
    user.size(width)
    user.open(f"{SITE}/today?lang=en")
    assert "Battery set points now" in user.text
    user.click("Order")
    user.click("Forced set point")
    user.fill("From", "19:00" if width == DESKTOP else "20:00")
    user.fill("To", "19:30" if width == DESKTOP else "20:30")
    user.fill("Set point, MW (+ is discharge)", "-4" if width == DESKTOP else "-3")
    user.click("Show its cost")
    assert "The rest of Wednesday, 15 July 2026 costs" in user.text
    assert user.look(LOOK) == FINE
    user.click("Make it the plan and send it")
    assert "It is sent: its set points are in force from now on." in user.text
    assert "New order: battery_1 at" in user.text
    user.click("Today")
    assert "is not sent" not in user.text


def test_figures_under_the_pointer_are_those_of_the_table(user: PageUser) -> None:
    user.size(DESKTOP)
    user.open(f"{SITE}/today?lang=en")
    said = user.look(
        "(() => { const area = document.querySelector('#load-load .area');"
        " const box = area.getBoundingClientRect();"
        " area.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + box.width * 0.251}));"
        " const row = document.querySelector('#load-load tbody').rows[24];"
        " return [document.querySelector('#load-load .read').textContent,"
        " [...row.cells].map((cell) => cell.textContent)]; })()"
    )
    text, cells = said
    assert text == f"{cells[0]}  ·  plan {cells[1]}  ·  metered {cells[2]}"
    assert cells[0] == "06:00"


def test_by_keyboard_and_by_language_and_out(user: PageUser) -> None:
    user.size(PHONE)
    user.open(f"{SITE}/year?lang=en")
    user.tab.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert user.look("document.activeElement.textContent") == "To the content"
    user.click("中文")
    assert "全年 2026" in user.text
    user.click("结算")
    assert "逐日相对完全预知的损失" in user.text
    user.click("退出")
    user.open(f"{SITE}/today")
    assert user.look("location.pathname") == "/login"
    assert user.look("document.querySelector('#secret') !== null")
    assert user.look(LOOK) == FINE


def test_by_name_and_password_to_the_page_that_was_asked_for(
    park: ServedPark, user: PageUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_hashes, "PASSWORD_COST", HashCost(2**4, 8, 1))
    park.service.tokens.add_user("王工", "correct horse", "read", (), park.now)
    user.size(PHONE, dark=True)
    user.open(f"{SITE}/month?lang=zh")
    user.fill("用户名", "王工")
    user.fill("密码或访问令牌", "wrong words")
    user.click("登录")
    assert "用户名与密码不符" in user.text
    assert user.look(LOOK) == FINE
    user.fill("密码或访问令牌", "correct horse")
    user.click("登录")
    assert user.look("location.pathname") == f"{SITE}/month"
    assert "王工 · 查看" in user.text


def test_what_is_wrong_is_seen(user: PageUser, tmp_path: Path) -> None:
    """The probe finds what the tests above rely on."""
    page = (
        "<body><p style='width:3000px'>wide</p><i style='display:block;width:9px;overflow:hidden'>letters</i>"
    )
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    user.open(file.as_uri())
    seen = user.look(LOOK)
    assert seen["scrolls"]
    assert len(seen["wide"]) == len(seen["cut"]) == 1
