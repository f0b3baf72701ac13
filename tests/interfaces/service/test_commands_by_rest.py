"""Everything that the commands do can be asked for by REST, option by option; what cannot is named here."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from parkdispatch.interfaces.cli import app
from parkdispatch.interfaces.service.requests.command_requests import REQUESTS
from parkdispatch.interfaces.service.requests.request_fields import CommandRequest, typed_as
from tests.support.services.small_service import Asked, asked

API = "/api/v1"
ROUTES = {  # commands that are addresses of the ledger
    ("ledger", "status"): ("get", "/sites"),
    ("ledger", "init"): ("post", "/sites"),
    ("ledger", "record"): ("post", "/sites/{site}/readings"),
    ("ledger", "outage"): ("post", "/sites/{site}/outages"),
    ("ledger", "send"): ("post", "/sites/{site}/plans/{day}/send"),
}
# files and rights of the machine itself, for who runs it
OWNERS = {
    "init", "cache where", "cache clear", "ledger upgrade", "serve", "serve token add", "serve token list",
    "serve token revoke", "serve user add", "serve user password", "serve user list", "serve user remove",
}  # fmt: skip
PRINTED_ALONE = {"carbon"}  # published figures: nothing of a site, no files
OF_THE_SERVICE = {"--out", "--lang", "--ledger", "--by", "--help", "case", "--case"}
# programs, addresses and folders of the machine, which a request must not name
NOT_BY_REQUEST = {
    "--solver", "--write-model", "--write-case", "--scheduler", "--tls-ca-file", "--tls-cert", "--tls-key",
    "--workers", "--store",
}  # fmt: skip
BY_ANOTHER_WORD = {"--record", "--bill", "--hold-peak"}  # whose request is typed as `--no-...`


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that it is typed with."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
            if command.invoke_without_command:
                yield (*words, name), command
        else:
            yield (*words, name), command


def options(command: Any) -> set[str]:
    """Its options by their long names, and its arguments."""
    return {next((name for name in item.opts if name.startswith("--")), item.name) for item in command.params}


def typed(model: type[CommandRequest]) -> set[str]:
    """The options that a request is typed as."""
    return {option.name for field in model.model_fields.values() if (option := typed_as(field))}


ALL = dict(commands(get_command(app)))


def test_every_command_is_asked_for_by_rest_or_is_for_who_runs_the_machine() -> None:
    by_rest = {model.command for model in REQUESTS.values()} | ROUTES.keys()
    assert {" ".join(words) for words in ALL.keys() - by_rest} == OWNERS | PRINTED_ALONE
    assert by_rest <= ALL.keys()


@pytest.mark.parametrize("kind", sorted(REQUESTS))
def test_every_option_is_a_field_of_the_request(kind: str) -> None:
    model = REQUESTS[kind]
    known = options(ALL[model.command])
    asked_for = typed(model) | {"day" if kind == "settle" else "file"}  # its argument
    assert known - asked_for - OF_THE_SERVICE - NOT_BY_REQUEST - BY_ANOTHER_WORD == set()
    assert typed(model) - {""} <= known
    for option in known & BY_ANOTHER_WORD:
        field = option.removeprefix("--").replace("-", "_")
        no = model(**{field: False, **({"day": "2026-07-15"} if kind == "settle" else {})}).options()
        assert f"--no-{option.removeprefix('--')}" in {item.name for item, _ in no}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asked(tmp_path_factory.mktemp("service")) as service:
        yield service


def test_the_ledgers_commands_are_its_addresses(running: Asked) -> None:
    paths = running.client.get(f"{API}/openapi.json").json()["paths"]
    assert all(method in paths[f"{API}{path}"] for method, path in ROUTES.values())


def test_files_of_quantities_and_results_of_jobs_are_named_by_number(running: Asked) -> None:
    upload = running.client.post(
        f"{API}/uploads?name=meters.csv", content=b"time,pv [MW]\n", headers=running.headers["plan"]
    ).json()["id"]
    plan = running.post(f"{API}/plan", {"case": "small"}, prefer="wait=10").json()
    body = {"case": "small", "day": "2026-07-15", "plan": plan["id"], "measured": [f"pv={upload}#pv"]}
    words = running.post(f"{API}/settle", body, prefer="wait=10").json()["result"]["words"]
    data = running.service.settings.data_folder
    assert f"--plan={data / 'jobs' / plan['id'] / 'out'}" in words
    assert f"--measured=pv={data / 'uploads' / upload / 'meters.csv'}#pv" in words
    study = running.post(f"{API}/study", {"case": "small", "as_operated_of": plan["id"]})
    assert study.status_code == 422
    assert "must be the number of a job that is done, of replay, loop" in study.json()["detail"]
    replay = running.post(f"{API}/replay", {"case": "small"}, prefer="wait=10").json()
    words = running.post(f"{API}/study", {"case": "small", "as_operated_of": replay["id"]}, prefer="wait=10")
    summary = data / "jobs" / replay["id"] / "out" / "summary.json"
    assert f"--as-operated={summary}" in words.json()["result"]["words"]
    for wrong in ("/etc/passwd", f"../x={upload}", "pv=/etc/passwd"):
        assert running.post(f"{API}/settle", {**body, "measured": [wrong]}).status_code == 422


def test_a_hedge_has_one_forecast(running: Asked) -> None:
    for body in ({}, {"forecast": "0" * 32, "forecast_of": "0" * 32}):
        answer = running.post(f"{API}/hedge", {"case": "small", **body})
        assert answer.status_code == 422
        assert re.search("must have `forecast` or `forecast_of`", answer.json()["detail"])


def test_the_whole_ledger_is_exported_for_who_sees_all_of_it(running: Asked) -> None:
    job = running.post(f"{API}/export", {}, "read", prefer="wait=10").json()
    assert job["result"]["words"][:2] == ["ledger", "export"]
    assert not any(word.startswith("--by=") for word in job["result"]["words"])
    answer = running.post(f"{API}/export", {}, "elsewhere")
    assert (answer.status_code, "must be for all of them" in answer.json()["detail"]) == (403, True)
    assert running.get(f"{API}/jobs/{job['id']}", "elsewhere").status_code == 404
