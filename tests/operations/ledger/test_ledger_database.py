"""How a ledger is found, made and upgraded; what is refused and left; kills, and two writers at once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import MIGRATIONS, ledger_url, shown_url
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_status
from parkdispatch.operations.ledger.ledger_tables import REVISIONS, metadata
from parkdispatch.operations.ledger.measurements import import_file
from tests.support.harnesses import killed_ledger, two_writers
from tests.support.ledgers.ledger_cases import LI, held, meter_file, new_ledger, small_park
from tests.support.ledgers.postgres import running_server, why_no_server
from tests.support.paths import ROOT, environment


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return small_park(tmp_path_factory.mktemp("park"))


def execute(path: Path, *statements: str) -> None:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def python(*words: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, *words]
    return subprocess.run(run, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


def assert_migrations_make_the_tables(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_the_tables(tmp_path: Path, case: Case) -> None:
    assert_migrations_make_the_tables(new_ledger(tmp_path / "a.sqlite", case))


def test_each_revision_has_its_file_and_names_the_one_before() -> None:
    texts = [(MIGRATIONS / "versions" / f"{name}.py").read_text(encoding="utf-8") for name in REVISIONS]
    names = [
        (re.findall(r'^revision = "(\w+)"', text, re.M), re.findall(r'^down_revision = "?(\w+)', text, re.M))
        for text in texts
    ]
    assert names == [
        ([name], [before]) for name, before in zip(REVISIONS, ("None", *REVISIONS), strict=False)
    ]
    assert max(map(len, REVISIONS)) <= 32  # what Alembic's table holds
    assert {path.stem for path in (MIGRATIONS / "versions").glob("*.py")} == set(REVISIONS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("park.sqlite", "park.sqlite"),
        ("sqlite:///a/park.db", "a/park.db"),
        ("postgres://li:secret@host:5432/park", "postgresql://li:***@host:5432/park"),
        ("postgresql://host/park", "postgresql://host/park"),
    ],
)
def test_a_path_is_an_address_and_a_password_is_not_shown(text: str, shown: str) -> None:
    assert shown_url(ledger_url(text)) == shown


@pytest.mark.parametrize("text", ["mysql://li:secret@host/park", "postgresql://li:secret@host:port/park"])
def test_another_address_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(InputError) as refused:
        ledger_url(text)
    assert "secret" not in str(refused.value)


def test_what_is_no_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    missing, foreign, text = (tmp_path / name for name in ("none.sqlite", "other.sqlite", "text.sqlite"))
    with pytest.raises(InputError, match="no such file, must be made first: `ledger init`"):
        ledger_status(Ledger(str(missing)))
    assert not missing.exists()
    execute(foreign, "CREATE TABLE invoices (id INTEGER)")
    before = foreign.read_bytes()
    with pytest.raises(InputError, match="holds no ledger"):
        ledger_status(Ledger(str(foreign)))
    with pytest.raises(InputError, match="holds invoices, must be empty or new"):
        Ledger(str(foreign)).make(LI, "0")
    assert foreign.read_bytes() == before
    text.write_text("no database " * 100)
    with pytest.raises(InputError, match="file is not a database"):
        ledger_status(Ledger(str(text)))
    with pytest.raises(InputError, match="must be in an existing folder"):
        Ledger(str(tmp_path / "nowhere" / "a.sqlite")).make(LI, "0")


def test_a_newer_ledger_is_refused_by_name(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "a.sqlite"
    ledger = new_ledger(path, case)
    execute(path, "UPDATE alembic_version SET version_num = 'of_tomorrow'")
    before = path.read_bytes()
    for refused in (lambda: ledger_status(ledger), ledger.upgrade, lambda: ledger.make(LI, "0")):
        with pytest.raises(
            InputError, match="is at revision of_tomorrow, which a newer parkdispatch has made"
        ):
            refused()
    assert path.read_bytes() == before


def test_a_ledger_that_cannot_be_written_is_refused(tmp_path: Path, case: Case) -> None:
    ledger = new_ledger(tmp_path / "a.sqlite", case)
    execute(
        tmp_path / "a.sqlite",
        "CREATE TRIGGER full BEFORE INSERT ON measurement BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    )
    before = held(ledger)
    with pytest.raises(InputError, match=r"a\.sqlite: disk full"):
        import_file(ledger, case, meter_file(tmp_path / "a.csv", [1.0]), ["load"], LI)
    assert held(ledger) == before


def test_a_kill_anywhere_leaves_all_or_nothing(
    ledger_kills: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--ledger-kills 1000` kills everywhere."""
    monkeypatch.setattr(sys, "argv", ["killed_ledger", "--kills", str(ledger_kills)])
    with pytest.raises(SystemExit) as end:
        killed_ledger.main()
    said = capsys.readouterr().out
    assert end.value.code == 0, said
    killed = re.search(r"(\d+) killed, 0 half, 0 wrong", said)
    assert killed is not None, said
    assert int(killed[1]) >= 8


def test_two_writers_at_once_take_turns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["two_writers", "--rounds", "6"])
    with pytest.raises(SystemExit) as end:
        two_writers.main()
    assert (end.value.code, capsys.readouterr().out.splitlines()[-1:]) == (0, ["as if they had taken turns"])


def test_on_a_postgresql_server(tmp_path: Path, case: Case, ledger_kills: int) -> None:
    if reason := why_no_server():
        pytest.skip(reason)
    with running_server() as url:
        ledger = new_ledger(url, case)
        assert_migrations_make_the_tables(ledger)
        local = new_ledger(tmp_path / "a.sqlite", case)
        for values in ([0.1 + 0.2, 1 / 3, 1e-300], [0.1 + 0.2, 7.0]):
            path = meter_file(tmp_path / "a.csv", values)
            for _ in range(2):
                for each in (ledger, local):
                    import_file(each, case, path, ["load"], LI)
        assert held(ledger) == held(local)
        assert ledger_status(ledger).sites == ledger_status(local).sites
        with pytest.raises(InputError, match='database "none" does not exist'):
            ledger_status(Ledger(url.replace("/postgres?", "/none?")))
        words = ["--server", url, "--rounds", "2"]
        run = python("-m", "tests.support.harnesses.two_writers", *words)
        assert (run.returncode, run.stdout.splitlines()[-1:]) == (0, ["as if they had taken turns"]), (
            run.stderr
        )
        if ledger_kills < 10:
            return  # each takes the copy of a database
        words = ["--server", url, "--kills", str(ledger_kills)]
        run = python("-m", "tests.support.harnesses.killed_ledger", *words)
        assert " killed, 0 half, 0 wrong" in run.stdout, run.stdout + run.stderr
