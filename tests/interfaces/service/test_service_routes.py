"""What programs ask of the service: jobs, the ledger, set points, health, metrics."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from parkdispatch.interfaces.service.job_process import run_job
from parkdispatch.interfaces.service.requests.command_requests import REQUESTS
from parkdispatch.operations.jobs.job_folder import JobFolder
from tests.support.ledgers.ledger_cases import LI, fake_plan, meter_file
from tests.support.services.small_service import Asked, asked

API = "/api/v1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asked(tmp_path_factory.mktemp("service")) as service:
        yield service


def test_every_command_has_its_address(running: Asked) -> None:
    paths = running.client.get(f"{API}/openapi.json").json()["paths"]
    assert {f"{API}/{kind}" for kind in REQUESTS} <= set(paths)
    plan = running.client.get(f"{API}/openapi.json").json()["components"]["schemas"]["PlanRequest"]
    assert {"day", "start", "until", "soc", "peak_so_far_mw", "outage", "force"} <= set(plan["properties"])


@pytest.mark.parametrize("kind", sorted(set(REQUESTS) - {"import"}))
def test_a_request_becomes_words_that_the_command_line_knows(running: Asked, kind: str) -> None:
    from typer.main import get_command

    from parkdispatch.interfaces.cli import app

    case = {} if kind in ("reproduce", "worth") else {"case": "small"}
    more = {"day": "2026-07-15"} if kind in ("settle", "plan", "forecast") else {}
    if kind == "hedge":
        path = f"{API}/uploads?name=forecast.csv"
        more["forecast"] = running.client.post(path, content=b"x", headers=running.headers["plan"]).json()[
            "id"
        ]
    job = running.post(f"{API}/{kind}", {**case, **more}, prefer="wait=20").json()
    words = job["result"]["words"]
    command = get_command(app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    context = command.make_context(kind, list(words), resilient_parsing=False)
    assert context.args == []


def test_a_job_is_told_and_its_files_are_fetched(running: Asked) -> None:
    answer = running.post(f"{API}/plan", {"case": "small", "record": False}, **{"Idempotency-Key": "x"})
    assert (answer.status_code, answer.headers["location"]) == (202, answer.json()["address"])
    job = running.get(answer.headers["location"], prefer="wait=20").json()
    assert (job["state"], job["site"], job["owner"]) == ("done", "small", "plan")
    assert "--no-record" in job["result"]["words"]
    assert "--by=plan" in job["result"]["words"]
    assert running.get(job["files"]["summary.json"]).json() == job["result"]
    again = running.post(f"{API}/plan", {"case": "small", "record": False}, **{"Idempotency-Key": "x"})
    assert (again.status_code, again.json()["id"]) == (200, job["id"])
    other = running.post(f"{API}/plan", {"case": "small"}, **{"Idempotency-Key": "x"})
    assert other.status_code == 422
    assert job["id"] in [item["id"] for item in running.get(f"{API}/jobs?site=small").json()["jobs"]]


def test_a_job_is_cancelled_once(running: Asked) -> None:
    job = running.post(f"{API}/plan", {"case": "small", "variant": "hang"}).json()
    header = running.headers["plan"]
    assert running.client.delete(job["address"], headers=header).json()["state"] == "cancelled"
    again = running.client.delete(job["address"], headers=header)
    assert (again.status_code, again.json()["problems"]) == (
        409,
        [f"job {job['id']} is cancelled and cannot be cancelled"],
    )


def test_what_a_job_is_refused_for_is_said_in_the_readers_language(running: Asked) -> None:
    job = running.post(f"{API}/plan", {"case": "small", "variant": "refuse"}, prefer="wait=20").json()
    assert (job["state"], job["exit_code"]) == ("failed", 2)
    zh = running.get(job["address"], **{"Accept-Language": "zh"}).json()["problems"]
    assert zh == ["参数 `quality` = good：须为 measured, estimated, substituted 之一"]


def test_the_ledger_is_read_and_written(running: Asked) -> None:
    at = {"what": "soc", "value": 0.4, "at": "2026-07-15 00:00"}
    assert running.post(f"{API}/sites/small/readings", at).json()["what"] == "soc:battery_1"
    held = running.get(f"{API}/sites/small/measurements?what=soc&first=2026-07-15&last=2026-07-16").json()
    assert held["values"] == [
        {"begin": "2026-07-15T00:00:00", "value": 0.4, "quality": "measured", "version": 1}
    ]
    outage = {"device": "battery_1", "begin": "2026-07-15 18:00", "end": "2026-07-15 20:00"}
    assert running.post(f"{API}/sites/small/outages", outage).json() == {"number": 1, "added": True}
    wrong = running.post(f"{API}/sites/small/readings", {**at, "value": 40})
    assert wrong.json()["problems"] == ["argument `value` = 40: must be from 0 to 1 1"]
    (site,) = running.get(f"{API}/sites").json()["sites"]
    assert site["name"] == "small"
    assert running.get(f"{API}/sites/small/settlements/2026-07-15").status_code == 404


def test_a_plan_is_sent_and_its_set_points_are_in_force(running: Asked) -> None:
    from parkdispatch.operations.ledger.plan_versions import add_plan

    park = running.service.cases.case("small")
    plan = fake_plan(park)
    for key in ("charge_mw", "discharge_mw"):
        attributes = {"units": "MW", "kind": "variable", "device": "battery_1", "key": key}
        values = plan["battery_1.energy_mwh"].to_numpy() * 0 + (7.0 if key == "discharge_mw" else 0.0)
        plan[f"battery_1.{key}"] = ("time", values, attributes)
    add_plan(running.service.ledger, park, plan, LI, {})
    address = f"{API}/sites/small/setpoints?at=2026-07-15 12:07"
    assert running.get(address).status_code == 404
    sent = running.post(f"{API}/sites/small/plans/2026-07-15/send", {"version": 1}, "send")
    assert (sent.status_code, sent.json()["by"]) == (201, "send")
    point = running.get(address).json()
    assert (point["begin"], point["version"]) == ("2026-07-15T12:00:00", 1)
    assert point["devices"]["battery_1"]["power_mw"] == 7.0
    day = running.get(f"{API}/sites/small/setpoints/day?day=2026-07-15").json()
    assert len(day["intervals"]) == 96
    plans = running.get(f"{API}/sites/small/plans/2026-07-15").json()
    assert [item["version"] for item in plans["sent"]] == [1]
    no_rules = running.post(f"{API}/sites/small/setpoints/write", {}, "send")
    assert no_rules.status_code == 409


def test_health_says_why_and_metrics_are_counted(tmp_path: Path) -> None:
    with asked(tmp_path) as service:
        assert service.client.get("/health/ready").json() == {"state": "ready", "reasons": []}
        assert service.client.get("/metrics").status_code == 401
        text = service.get("/metrics").text
        assert 'parkdispatch_requests_total{method="GET",route="/metrics",status="401"} 1.0' in text
        assert 'parkdispatch_jobs{state="running"} 0.0' in text
        service.service.ledger.file.unlink()  # type: ignore[union-attr]
        answer = service.client.get("/health/ready")
        assert (answer.status_code, answer.json()["state"]) == (503, "not ready")
        assert "no such file" in answer.json()["reasons"][0]


def test_a_process_runs_the_command_and_says_how_it_ended(tmp_path: Path, running: Asked) -> None:
    """In this process: an import into the ledger, and one that is refused."""
    park = str(running.service.cases.folder / "small")
    load = meter_file(tmp_path / "load.csv", [1.0, 2.0])
    folder = JobFolder(tmp_path, "job")
    words = ["ledger", "import", str(load), "--as=load", f"--case={park}"]
    folder.prepare([*words, f"--ledger={running.service.settings.ledger_address}", "--by=Li"])
    assert run_job(folder).exit_code == 0
    folder.prepare([*words, f"--ledger={tmp_path / 'nowhere'}", "--by=Li"])
    outcome = run_job(folder)
    assert outcome.exit_code == 2
    assert "must be made first" in outcome.problems[0]
    folder.write_outcome(outcome)
    assert json.loads((folder.path / "outcome.json").read_text())["exit_code"] == 2
