"""`serve`: what it refuses, its tokens, and one real process that is asked and ended."""

import io
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from parkdispatch.inputs.messages import extras
from parkdispatch.interfaces.service.access import secret_hashes
from parkdispatch.interfaces.service.access.secret_hashes import HashCost
from parkdispatch.interfaces.service.access.token_file import TokenFile
from tests.support.paths import environment
from tests.support.typed_commands import Run


def test_other_addresses_than_this_machines_need_a_token_first(run: Run, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "park.example"):
        ran = run("serve", "--host", host, "--data", tmp_path)
        assert ran.code == 2
        assert f"`--host` = {host}: must be 127.0.0.1 while there are no tokens or users in" in " ".join(
            ran.err.split()
        )
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_made_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    made = run("serve", "token", "add", "Li", "--role", "plan", "--site", "gaoan", "--data", tmp_path / "new")
    assert re.fullmatch(r"Token of Li, shown this once: pd_[0-9a-f]{8}_[\w-]{43} ?", made.out)
    again = run("serve", "token", "add", "Li", "--data", tmp_path / "new")
    assert (again.code, "must not be that of another token or user" in again.err) == (2, True)
    wrong = run("serve", "token", "add", "Wu", "--role", "boss", "--data", tmp_path / "new")
    assert "`--role` = boss: must be one of read, plan, send" in wrong.err
    assert run("serve", "token", "list", "--data", tmp_path / "new").out.startswith("Li: plan, gaoan (")
    assert "revoked" in run("serve", "token", "revoke", "Li", "--data", tmp_path / "new").out
    assert run("serve", "token", "list", "--data", tmp_path / "new").out.strip() == "no tokens"
    assert run("serve", "token", "revoke", "Li", "--data", tmp_path / "new").code == 2


def test_users_are_added_changed_listed_and_removed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(password: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\nmore"))

    monkeypatch.setattr(secret_hashes, "PASSWORD_COST", HashCost(2**4, 8, 1))
    data = ("--data", tmp_path / "new")
    typed("correct horse")
    made = run("serve", "user", "add", "Wu", "--role", "plan", "--site", "gaoan", *data)
    assert (made.code, made.out.strip()) == (0, "Wu can sign in.")
    file = TokenFile(tmp_path / "new" / "tokens.json")
    assert file.verify_password("Wu", "correct horse") is not None
    typed("short")
    refusal = run("serve", "user", "password", "Wu", *data)
    assert (refusal.code, "password must have 10 to 200" in refusal.err) == (2, True)
    typed("battery staple")
    assert run("serve", "user", "password", "Wu", *data).code == 0
    assert file.verify_password("Wu", "correct horse") is None
    assert run("serve", "user", "list", *data).out.startswith("Wu: plan, gaoan (")
    assert run("serve", "token", "list", *data).out.strip() == "no tokens"
    assert run("serve", "token", "revoke", "Wu", *data).code == 2
    assert run("serve", "user", "remove", "Wu", *data).out.strip() == "Wu is removed."
    assert run("serve", "user", "list", *data).out.strip() == "no users"


def test_a_root_path_is_one(run: Run, tmp_path: Path) -> None:
    for path in ("parkdispatch", "/a/", "/", "/a?b", '/"><script>'):
        ran = run("serve", "--root-path", path, "--data", tmp_path / "new")
        assert (ran.code, "`--root-path` =" in ran.err) == (2, True), path


def test_the_extra_that_is_missing_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "fastapi" else object())
    ran = run("serve", "--data", tmp_path / "new")
    assert ran.code == 2
    assert "the service needs fastapi, which is not installed: pip install 'parkdispatch[service]'" in ran.err
    assert not (tmp_path / "new").exists()


def test_a_damaged_file_of_tokens_and_wrong_rules_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text('{"tokens": [{"id": 1}]}', encoding="utf-8")
    ran = run("serve", "token", "list", "--data", tmp_path)
    assert (ran.code, "must be a file of tokens" in ran.err) == (2, True)
    rules = tmp_path / "automation.toml"
    rules.write_text('[[park]]\ncase = "gaoan"\nplanned = 1\n', encoding="utf-8")
    ran = run("serve", "--data", tmp_path / "new", "--automation", rules)
    assert (ran.code, "planned" in ran.err) == (2, True)


@pytest.mark.slow
def test_a_service_starts_with_one_command_and_ends_when_asked(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-u",
        "-m",
        "parkdispatch",
        "serve",
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
    ]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        token = process.stdout.readline().split()[-1]
        address = process.stdout.readline().split()[2].rstrip(";")
        asked = urllib.request.Request(
            f"{address}/api/v1/sites", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert b'"name":"gaoan"' in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
    assert (tmp_path / "data" / "tokens.json").stat().st_mode & 0o777 == 0o600
