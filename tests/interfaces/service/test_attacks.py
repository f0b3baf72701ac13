"""What an attacker tries: each is refused with a problem that says why, and nothing has happened."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parkdispatch.interfaces.service.access.auth import SESSION_COOKIE
from parkdispatch.interfaces.service.access.request_limits import RateLimit
from parkdispatch.interfaces.service.service_app import create_app
from parkdispatch.operations.jobs.session_store import open_session, token_of_session
from tests.support.services.small_service import Asked, asked, prepared_service

API = "/api/v1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asked(tmp_path_factory.mktemp("service"), failures_per_minute=1000) as service:
        yield service


def refused(answer: Any, status: int) -> str:
    """The sentence of a refusal, which is a problem without a traceback."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["status"] == status
    assert "Traceback" not in answer.text
    return str(content["detail"])


def signed_in(running: Asked, who: str) -> TestClient:
    """A browser that has signed in."""
    browser = TestClient(running.client.app, raise_server_exceptions=False)
    page = browser.get("/login").text
    nonce = re.findall(r'name="login_token" value="([^"]+)"', page)[0]
    form = {"secret": running.tokens[who], "login_token": nonce, "next": "//evil.example/"}
    answer = browser.post("/login", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"  # never to another site
    return browser


def test_every_address_of_data_wants_a_token(running: Asked) -> None:
    paths = running.client.get(f"{API}/openapi.json").json()["paths"]
    open_ones = {"/health", "/health/live", "/health/ready"}
    assert len(paths) > 30
    for path, methods in paths.items():
        for method in methods:
            filled = re.sub(r"\{day\}", "2026-07-15", path).replace("{site}", "small")
            answer = running.client.request(method, filled.replace("{identifier}", "0" * 32), json={})
            assert (path in open_ones) == (answer.status_code != 401), (path, answer.status_code)


@pytest.mark.parametrize("token", ["", "pd_00000000_x", "pd__", "pd_x", "ä", "' or 1=1 --", "x" * 5000])
def test_a_wrong_token_opens_nothing(running: Asked, token: str) -> None:
    header = {"Authorization": f"Bearer {token}".encode("latin-1", "replace")}
    answer = running.client.get(f"{API}/jobs", headers=header)
    assert "token" in refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_roles_are_held(running: Asked) -> None:
    plan, send = {"case": "small"}, {"version": 1}
    assert "must be plan" in refused(running.post(f"{API}/plan", plan, "read"), 403)
    address = f"{API}/sites/small/plans/2026-07-15/send"
    assert "must be send" in refused(running.post(address, send, "plan"), 403)
    assert "must be send" in refused(running.post(f"{API}/sites/small/setpoints/write", {}, "plan"), 403)
    refused(running.client.delete(f"{API}/jobs/{'0' * 32}", headers=running.headers["read"]), 403)


def test_data_of_another_site_are_not_there(running: Asked) -> None:
    job = running.post(f"{API}/plan", {"case": "small"}).json()
    for path in (
        "sites/small/plans/2026-07-15", "sites/small/setpoints", f"jobs/{job['id']}",
        f"jobs/{job['id']}/screen",
        "sites/small/measurements?what=load&first=2026-07-15&last=2026-07-16", "jobs?site=small",
        f"jobs/{job['id']}/files/summary.json",
    ):  # fmt: skip
        refused(running.get(f"{API}/{path}", "elsewhere"), 404)
    refused(running.client.delete(f"{API}/jobs/{job['id']}", headers=running.headers["elsewhere"]), 404)
    sentence = refused(running.post(f"{API}/plan", {"case": "small"}, "elsewhere"), 422)
    assert sentence == "argument `case` = small: must be one of gaoan"
    refused(running.post(f"{API}/sites", {"case": "small"}, "elsewhere"), 404)
    assert running.get(f"{API}/sites", "elsewhere").json()["sites"] == []
    assert running.get(f"{API}/jobs", "elsewhere").json()["jobs"] == []
    assert [item["name"] for item in running.get(f"{API}/cases", "elsewhere").json()["cases"]] == ["gaoan"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "small/case.toml", "small%00", "%2e%2e/x", "C:\\x"]
)
def test_no_name_leads_out_of_the_folder(running: Asked, name: str) -> None:
    assert "must be one of" in refused(running.post(f"{API}/check", {"case": name}), 422)
    job = running.post(f"{API}/plan", {"case": "small"}, prefer="wait=10").json()
    answer = running.client.get(f"{API}/jobs/{job['id']}/files/{name}", headers=running.headers["read"])
    assert "content-disposition" not in answer.headers  # no file, whatever the address then means
    secret = running.client.get(
        f"{API}/jobs/{job['id']}/files/..%2Fwords.json", headers=running.headers["read"]
    )
    assert secret.status_code == 404


def test_files_are_uploads_of_ones_own_and_never_paths(running: Asked) -> None:
    path = f"{API}/uploads?name=../../%3Cb%3Eload.csv"
    kept = running.client.post(path, content=b"time,load [MW]\n", headers=running.headers["plan"]).json()
    assert kept["name"] == "_b_load.csv"
    body = {"case": "small", "load": kept["id"]}
    refused(running.post(f"{API}/plan", {**body, "load": "/etc/passwd"}), 422)
    assert "must be the number of a file" in refused(running.post(f"{API}/plan", body, "send"), 422)
    words = running.post(f"{API}/plan", body, prefer="wait=10").json()["result"]["words"]
    uploads = running.service.settings.data_folder / "uploads"
    assert f"--load={uploads / kept['id'] / '_b_load.csv'}" in words
    for extra in ({"solver": "pyomo:/bin/sh"}, {"out": "/tmp/x"}, {"scheduler": "tcp://evil:1"}):
        refused(running.post(f"{API}/plan", {"case": "small", **extra}), 422)


def test_no_value_becomes_another_option(running: Asked) -> None:
    body = {"case": "small", "day": "--out=/tmp/x", "limit": ["--ledger=/tmp/y"]}
    words = running.post(f"{API}/plan", body, prefer="wait=10").json()["result"]["words"]
    assert "--date=--out=/tmp/x" in words
    folder = str(running.service.settings.data_folder)
    assert [word for word in words if word.startswith("--out=") and folder not in word] == []
    assert [word for word in words if word.startswith("--ledger=") and folder not in word] == []


def test_a_page_of_a_job_has_no_rights_here(running: Asked) -> None:
    job = running.post(f"{API}/plan", {"case": "small"}, prefer="wait=10").json()
    page = running.get(job["files"]["report.html"])
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "attachment" in running.get(job["files"]["summary.json"]).headers["content-disposition"]


def test_what_a_form_is_given_is_shown_as_text(running: Asked) -> None:
    page = running.client.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_a_browser_changes_nothing_without_the_token_of_its_session(running: Asked) -> None:
    browser = signed_in(running, "plan")
    assert browser.get(f"{API}/jobs").status_code == 200
    body = {"case": "small"}
    assert "CSRF" in refused(browser.post(f"{API}/plan", json=body), 403)
    assert browser.post("/logout", data={"csrf_token": "0" * 64}).status_code == 403
    assert browser.get(f"{API}/jobs").status_code == 200  # it is still signed in
    other = signed_in(running, "plan")
    stolen = csrf_of(running, other)
    refused(browser.post(f"{API}/plan", json=body, headers={"X-CSRF-Token": stolen}), 403)
    own = csrf_of(running, browser)
    assert browser.post(f"{API}/plan", json=body, headers={"X-CSRF-Token": own}).status_code == 202
    stranger = TestClient(running.client.app)
    answer = stranger.post("/login", data={"secret": running.tokens["read"]})
    assert answer.status_code == 403
    assert SESSION_COOKIE not in stranger.cookies


def csrf_of(running: Asked, browser: TestClient) -> str:
    """The CSRF token that pages of a browser's session carry."""
    from starlette.requests import HTTPConnection

    from parkdispatch.interfaces.service.access.auth import csrf_token

    cookie = f"{SESSION_COOKIE}={browser.cookies[SESSION_COOKIE]}".encode()
    scope = {"type": "http", "headers": [(b"cookie", cookie)], "app": running.client.app}
    return csrf_token(HTTPConnection(scope))


def test_a_session_that_was_ended_opens_nothing_to_a_copy_of_its_cookie(running: Asked) -> None:
    browser = signed_in(running, "read")
    copied = browser.cookies[SESSION_COOKIE]
    answer = browser.post("/logout", data={"csrf_token": csrf_of(running, browser)}, follow_redirects=False)
    assert answer.status_code == 303
    thief = TestClient(running.client.app, cookies={SESSION_COOKIE: copied})
    refused(thief.get(f"{API}/jobs"), 401)
    live = signed_in(running, "read").cookies[SESSION_COOKIE]  # whose signature is not that
    forged = TestClient(running.client.app, cookies={SESSION_COOKIE: live[:-2] + "xx"})
    refused(forged.get(f"{API}/jobs"), 401)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(running: Asked) -> None:
    browser = TestClient(running.client.app)
    nonce = re.findall(r'name="login_token" value="([^"]+)"', browser.get("/login").text)[0]
    form = {"secret": running.tokens["read"], "login_token": nonce}
    cookie = browser.post("/login", data=form, follow_redirects=False).headers.get_list("set-cookie")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=43200" in cookie


def test_a_session_ends_by_itself(running: Asked) -> None:
    begun = datetime(2026, 7, 15, tzinfo=UTC)
    identifier = open_session(running.service.database, "0", begun, hours=12.0)
    late = begun + timedelta(hours=12)
    assert token_of_session(running.service.database, identifier, late - timedelta(seconds=1)) == "0"
    assert token_of_session(running.service.database, identifier, late) is None


def test_a_revoked_token_opens_nothing_at_once(tmp_path: Path) -> None:
    service, tokens = prepared_service(tmp_path)
    client = TestClient(create_app(service))
    header = {"Authorization": f"Bearer {tokens['read']}"}
    assert client.get(f"{API}/jobs", headers=header).status_code == 200
    service.tokens.revoke("read")
    assert client.get(f"{API}/jobs", headers=header).status_code == 401


def test_requests_that_are_too_large_or_too_many_are_refused(tmp_path: Path) -> None:
    limits = {"largest_body_mb": 0.001, "requests_per_minute": 20, "waiting_jobs": 1}
    with asked(tmp_path, **limits) as small:
        header = small.headers["plan"]
        large = small.client.post(f"{API}/uploads?name=a.csv", content=b"x" * 1001, headers=header)
        assert refused(large, 413) == "the request has more than 0.001 MB"
        parts = (b"x" * 400 for _ in range(4))  # of a length that is not told before
        refused(small.client.post(f"{API}/uploads?name=a.csv", content=parts, headers=header), 413)
        hanging = {"case": "small", "variant": "hang"}
        assert small.post(f"{API}/plan", hanging).status_code == 202
        assert "not finished" in refused(small.post(f"{API}/plan", hanging), 429)
        answers = [small.get(f"{API}/cases") for _ in range(25)]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert small.client.get("/health/live").status_code == 200


def asked_by_hand(app: Any, token: str, receive: Any, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """The messages of the answer to a request whose body comes as `receive` says."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": f"{API}/plan", "raw_path": b"", "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode()), *headers],
        "client": ("1.2.3.4", 1), "server": ("x", 80), "scheme": "http", "app": app,
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    service, tokens = prepared_service(tmp_path, body_seconds=0.05)

    async def slow() -> dict[str, Any]:
        await asyncio.sleep(1)
        return {"type": "http.request", "body": b"{", "more_body": False}

    assert asked_by_hand(create_app(service), tokens["plan"], slow)[0]["status"] == 408


def test_a_body_that_says_that_it_is_too_large_is_not_read(running: Asked) -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError("it was read")

    length = (b"content-length", b"20000001")
    sent = asked_by_hand(running.client.app, running.tokens["plan"], never, length)
    assert sent[0]["status"] == 413


def test_tokens_are_not_guessed_often(tmp_path: Path) -> None:
    with asked(tmp_path, failures_per_minute=3) as small:
        known = small.get(f"{API}/cases").status_code
        guess = {"Authorization": "Bearer pd_00000000_x"}
        statuses = [small.client.get(f"{API}/cases", headers=guess).status_code for _ in range(5)]
        assert (known, statuses) == (200, [401, 401, 401, 429, 429])
        assert small.get(f"{API}/cases").status_code == 200  # who is known is not held to it


def test_a_rate_fills_again() -> None:
    rate, key = RateLimit(per_minute=60), b"a"
    for _ in range(60):
        assert rate.wait_s(key, 0.0) == 0.0
        rate.count(key, 0.0)
    assert rate.wait_s(key, 0.0) == pytest.approx(1.0)
    assert rate.wait_s(key, 0.5) == pytest.approx(0.5)
    assert rate.wait_s(key, 1.0) == 0.0
    assert rate.wait_s(b"b", 0.0) == 0.0


def test_problems_are_said_in_chinese(running: Asked) -> None:
    answer = running.client.get(f"{API}/jobs", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.1"})
    assert re.search("[\u4e00-\u9fff]", refused(answer, 401))
    assert answer.headers["content-language"] == "zh"


def test_tokens_are_kept_as_salted_hashes_that_only_the_owner_reads(running: Asked) -> None:
    path = running.service.tokens.path
    text = path.read_text(encoding="utf-8")
    assert not any(token.split("_", 2)[2] in text for token in running.tokens.values())
    assert path.stat().st_mode & 0o777 == 0o600
    salts = re.findall(r'"salt": "([0-9a-f]+)"', text)
    assert len(set(salts)) == len(running.tokens)
