"""Users with names and passwords: they sign in at the pages, in their role and at their sites, only."""

import hashlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parkdispatch.interfaces.service.access import secret_hashes
from parkdispatch.interfaces.service.access.auth import SESSION_COOKIE
from parkdispatch.interfaces.service.access.secret_hashes import HashCost
from parkdispatch.interfaces.web import page_sources
from parkdispatch.models.errors import InputError
from tests.support.services.small_service import Asked, asked
from tests.support.web.desk_parks import NOW

API = "/api/v1"
PASSWORD = "correct horse 电池"
COSTS = (secret_hashes.TOKEN_COST, secret_hashes.PASSWORD_COST)  # as they are, before tests have cheaper ones


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            secret_hashes, "PASSWORD_COST", HashCost(2**4, 8, 1)
        )  # a test need not be slow to guess
        with asked(tmp_path_factory.mktemp("service"), failures_per_minute=1000) as service:
            service.service.tokens.add_user("Wu", PASSWORD, "plan", ("small",), NOW)
            yield service


def test_hashes_are_as_slow_to_try_as_they_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service has these costs; the value of the hash is that of `hashlib.scrypt`."""
    assert (HashCost(2**14, 8, 1), HashCost(2**15, 8, 3)) == COSTS
    monkeypatch.setattr(secret_hashes, "TOKEN_COST", COSTS[0])
    scrypt = hashlib.scrypt(b"secret", salt=b"salt", n=2**14, r=8, p=1, maxmem=2**25, dklen=32)
    assert secret_hashes.token_hash("secret", b"salt") == scrypt.hex()


def attempt(client: TestClient, **fields: str) -> Any:
    """The answer to a form of the login page that is filled in."""
    nonce = re.findall(r'name="login_token" value="([^"]+)"', client.get("/login").text)[0]
    return client.post("/login", data={"login_token": nonce, **fields}, follow_redirects=False)


def browser_of(running: Asked) -> TestClient:
    return TestClient(running.client.app, headers={"accept": "text/html"})


def test_a_user_signs_in_in_their_role_and_at_their_sites(running: Asked) -> None:
    browser = browser_of(running)
    assert "Password or access token" in browser.get("/login").text
    assert attempt(browser, name=" Wu ", secret=PASSWORD, next="/park/small/month").status_code == 303
    page = browser.get("/park/small/today").text
    assert "Wu · plan" in page
    field = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    answers = [
        browser.post(f"{API}/{path}", json=body, headers={"X-CSRF-Token": field, "accept": "*/*"}).status_code
        for path, body in (
            ("plan", {"case": "small"}),
            ("plan", {"case": "gaoan"}),
            ("sites/small/plans/2026-07-15/send", {"version": 1}),
        )
    ]
    assert answers == [202, 422, 403]  # a job, no such case for this user, and not the role


@pytest.mark.parametrize(
    ("name", "secret"),
    [("Wu", "wrong"), ("Wu", ""), ("Wu", PASSWORD.upper()), ("Li", PASSWORD), ("", PASSWORD), ("read", "x")],
)
def test_nothing_but_the_name_with_its_password_signs_in(name: str, secret: str, running: Asked) -> None:
    browser = browser_of(running)
    answer = attempt(browser, name=name, secret=secret)
    assert answer.status_code == 401
    assert "are not right" in answer.text
    assert SESSION_COOKIE not in browser.cookies


def test_a_password_is_no_token_for_programs(running: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_hashes, "PASSWORD_COST", secret_hashes.TOKEN_COST)  # hashed alike too
    running.service.tokens.add_user("Qian", "Qian's own words", "plan", (), NOW)
    user = next(user for user in running.service.tokens.users("password") if user.name == "Qian")
    for guess in ("Qian's own words", f"pd_{user.token_id}_Qian's own words"):
        header = {"Authorization": f"Bearer {guess}".encode()}
        assert running.client.get(f"{API}/jobs", headers=header).status_code == 401


def test_another_password_ends_the_sessions_of_the_one_before(running: Asked) -> None:
    tokens, browser = running.service.tokens, browser_of(running)
    tokens.add_user("Zhao", PASSWORD, "read", (), NOW)
    attempt(browser, name="Zhao", secret=PASSWORD)
    assert browser.get(f"{API}/jobs").status_code == 200
    tokens.change_password("Zhao", PASSWORD + "!")
    assert browser.get(f"{API}/jobs").status_code == 401
    assert attempt(browser, name="Zhao", secret=PASSWORD).status_code == 401
    assert attempt(browser, name="Zhao", secret=PASSWORD + "!").status_code == 303
    tokens.revoke("Zhao", "password")
    assert browser.get(f"{API}/jobs").status_code == 401


@pytest.mark.parametrize("password", ["", "short", "x" * 201, "Engineer-1"])
def test_a_password_that_is_soon_guessed_is_refused(password: str, running: Asked) -> None:
    with pytest.raises(InputError, match="must have 10 to 200 characters, and not be the name"):
        running.service.tokens.add_user("engineer-1", password, "read", (), NOW)


def test_a_password_is_kept_as_a_hash_and_its_letters_may_be_composed_otherwise(running: Asked) -> None:
    running.service.tokens.add_user("Zoë", "pässwörter-und", "read", (), NOW)
    assert attempt(browser_of(running), name="Zoë", secret="pa\u0308sswo\u0308rter-und").status_code == 303
    text = running.service.tokens.path.read_text(encoding="utf-8")
    assert not any(secret in text for secret in (PASSWORD, "pässwörter"))


def test_a_name_is_not_guessed_often_from_one_address_even_by_who_is_signed_in(tmp_path: Path) -> None:
    with asked(tmp_path, failures_per_minute=3) as small:
        browser = browser_of(small)
        assert attempt(browser, secret=small.tokens["read"]).status_code == 303
        tries = [attempt(browser, secret=f"guess {number}").status_code for number in range(3)]
        assert browser.get(f"{API}/cases").status_code == 200
        assert [*tries, attempt(browser, secret="guess").status_code] == [401, 401, 401, 429]
        assert browser.get(f"{API}/cases").status_code == 200  # the session goes on


def test_a_name_is_not_guessed_often_from_many_addresses(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_sources, "NAME_FAILURES_PER_MINUTE", 2)
    monkeypatch.setattr(running.client.app.state, "page_sources", page_sources.PageSources())  # type: ignore[attr-defined]
    tries = [attempt(browser_of(running), name="Sun", secret="guess") for _ in range(3)]
    assert [answer.status_code for answer in tries] == [401, 401, 429]
    assert "Too many attempts under this name" in tries[-1].text
    assert attempt(browser_of(running), name="Wu", secret=PASSWORD).status_code == 303


def test_many_guesses_at_once_are_counted_before_any_is_looked_at(tmp_path: Path) -> None:
    with asked(tmp_path, failures_per_minute=3) as small:
        browsers = [browser_of(small) for _ in range(8)]
        nonces = [
            re.findall(r'login_token" value="([^"]+)"', page.get("/login").text)[0] for page in browsers
        ]
        statuses: list[int] = []

        def guess(number: int) -> None:
            form = {"login_token": nonces[number], "secret": f"guess {number}"}
            statuses.append(browsers[number].post("/login", data=form).status_code)

        threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [401] * 3 + [429] * 5
