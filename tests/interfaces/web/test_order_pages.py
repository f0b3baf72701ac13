"""An order as it is entered: its cost before anything is recorded, then a new version, once."""

from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from parkdispatch.operations.ledger.outages import outages_in_force
from parkdispatch.operations.ledger.plan_versions import plan_versions, sendings
from tests.support.web.desk_parks import PERSON, TODAY
from tests.support.web.served_pages import SITE, ServedPark, csrf

FORCE = {"kind": "force", "device": "battery_1", "begin": "19:00", "end": "20:00", "power_mw": "-5"}


@pytest.fixture
def park(tmp_path: Path) -> ServedPark:
    return ServedPark(tmp_path)


def versions(park: ServedPark) -> list[int]:
    with park.service.ledger.reading() as connection:
        return [item.version for item in plan_versions(connection, 1, TODAY)]


def asked(client: TestClient, fields: dict[str, str], token: str | None = None) -> Response:
    given = {"day": "today", "csrf_token": csrf(client) if token is None else token, **fields}
    return client.post(f"{SITE}/order?lang=en", data=given, headers={"accept-language": "en"})


def proposal_of(answer: Response) -> str:
    return answer.text.split('name="proposal" value="')[1].split('"')[0]


def confirmed(client: TestClient, proposal: str, action: str = "record") -> Response:
    fields = {"csrf_token": csrf(client), "proposal": proposal, "action": action}
    return client.post(f"{SITE}/order/confirm", data=fields)


def test_the_cost_is_shown_first_and_the_plan_recorded_once(park: ServedPark) -> None:
    client = park.client("plan")
    answer = asked(client, FORCE)
    assert answer.status_code == 200
    text = unescape(answer.text)
    assert "The rest of Wednesday, 15 July 2026 costs" in text
    assert "Forcing costs" in text
    assert "Make it the plan and send it" not in text  # the role may not
    assert versions(park) == [1], "nothing is recorded before it is confirmed"
    proposal = proposal_of(answer)
    assert confirmed(park.client("send"), proposal).status_code == 409, "nobody else's"
    assert confirmed(client, proposal, "send").status_code == 403
    done = confirmed(client, proposal)
    assert done.status_code == 303
    assert versions(park) == [1, 2]
    page = unescape(client.get(done.headers["location"] + "&lang=en").text)
    assert "Recorded: version 2 is the plan for 2026-07-15." in page
    assert "New order: battery_1 at -5 MW, 2026-07-15 19:00 to 2026-07-15 20:00" in page
    assert confirmed(client, proposal).status_code == 409, "once"
    with park.service.ledger.reading() as connection:
        assert plan_versions(connection, 1, TODAY)[1].by == f"{PERSON} plan"
        assert [item.version for item in sendings(connection, 1, TODAY)] == [1]
    form = unescape(client.get(f"{SITE}/order?lang=en").text)
    assert "battery_1 at -5 MW" in form, "later plans obey it too"
    left_out = asked(client, {"kind": "force", "action": "only_keep"})
    assert "costs" in left_out.text
    assert "Left out or over" in unescape(
        client.get(confirmed(client, proposal_of(left_out)).headers["location"] + "&lang=en").text
    )


def test_an_outage_stays_for_later_plans_and_may_be_sent(park: ServedPark) -> None:
    client = park.client("send")
    fields = {"kind": "outage", "device": "battery_1", "begin": "17:00", "end": "22:00", "share_left": ""}
    first, second = (asked(client, fields) for _ in range(2))
    assert "The outage is recorded too" in first.text
    with park.service.ledger.reading() as connection:
        assert outages_in_force(connection, 1) == []
    assert confirmed(client, proposal_of(first), "send").status_code == 303
    stale = confirmed(client, proposal_of(second))
    assert stale.status_code == 422
    assert "recorded meanwhile" in stale.text
    with park.service.ledger.reading() as connection:
        assert len(outages_in_force(connection, 1)) == 1
        assert [item.version for item in sendings(connection, 1, TODAY)] == [1, 2]
    assert versions(park) == [1, 2]
    assert "Outage" in client.get(f"{SITE}/today?lang=en").text


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        (
            {"kind": "force", "device": "battery_1", "power_mw": "much"},
            422,
            "“Set point, MW (+ is discharge)” = much: must be a number",
        ),
        ({"kind": "force", "device": "battery_1", "power_mw": "50"}, 422, "must be in [-20, 20] MW"),
        ({"kind": "limit", "quantity": "grid.import_mw", "at_most_mw": "5"}, 409, "No plan can obey this:"),
        ({"kind": "limit", "quantity": "<b>x</b>", "at_most_mw": "5"}, 422, "“Limit”"),
        ({"kind": "call", "price": "4"}, 422, "“From” is missing: must be a time such as 19:00"),
        (
            {"kind": "outage", "device": "battery_1", "begin": "09:00", "end": "10:00"},
            422,
            "must lie in the plan",
        ),
        ({"kind": "reserve", "device": "", "energy_mwh": "-1"}, 422, "“Reserve”"),
    ],
)
def test_what_cannot_be_is_told_beside_what_was_entered(
    fields: dict[str, str], status: int, said: str, shared: tuple[ServedPark, TestClient, str]
) -> None:
    _, client, token = shared
    answer = asked(client, fields, token)
    assert answer.status_code == status
    assert said in unescape(answer.text)
    assert "<b>x</b>" not in answer.text
    for name in ("power_mw", "at_most_mw", "price"):
        if name in fields:
            assert f'name="{name}"' in answer.text
            assert f'value="{fields[name]}"' in answer.text


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[ServedPark, TestClient, str]:
    park = ServedPark(tmp_path_factory.mktemp("shared"))
    client = park.client("plan")
    return park, client, csrf(client)


def test_who_may_not_plan_cannot(shared: tuple[ServedPark, TestClient, str]) -> None:
    park, client, _ = shared
    reader = park.client("read")
    assert "needs the role plan" in reader.get(f"{SITE}/order?lang=en").text
    assert asked(reader, FORCE).status_code == 403
    assert asked(client, FORCE, "0" * 64).status_code == 403, "another site's form"
    assert confirmed(client, "guess").status_code == 409
    assert versions(park) == [1]
