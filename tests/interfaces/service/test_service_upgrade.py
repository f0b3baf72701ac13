"""A service that finds an older or a newer ledger, or a newer database of its own, at its start."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from parkdispatch.interfaces.commands.serving.serve import prepare_ledger
from parkdispatch.interfaces.service.service_state import open_service
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_database import make_engine, upgrade_tables
from parkdispatch.operations.ledger.ledger_tables import REVISIONS, metadata
from tests.support.ledgers.ledger_cases import held
from tests.support.services.small_service import prepared_service
from tests.support.typed_commands import Run


def execute(path: Path, statement: str) -> None:
    with sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql(statement)


def test_an_older_ledger_is_upgraded_by_its_command_with_all_that_it_holds(tmp_path: Path, run: Run) -> None:
    service, _ = prepared_service(tmp_path)
    now = service.ledger.file
    assert now is not None
    before = held(service.ledger)
    older = tmp_path / "older.sqlite"
    engine = make_engine(sa.URL.create("sqlite", database=str(older)))
    with engine.begin() as connection:  # as the first program made it, with the rows of today's
        upgrade_tables(connection, target=REVISIONS[0])
        connection.exec_driver_sql(f"ATTACH DATABASE '{now}' AS now")
        known = sa.inspect(connection).get_table_names(schema="main")
        for table in metadata.sorted_tables:
            if table.name in known:
                connection.exec_driver_sql(f"INSERT INTO main.{table.name} SELECT * FROM now.{table.name}")
    engine.dispose()
    now.unlink()
    older.rename(now)
    with pytest.raises(InputError, match="must be at .*: `ledger upgrade` brings it there"):
        prepare_ledger(open_service(service.settings), [], is_default=True)
    upgraded = run("ledger", "upgrade", "--ledger", now)
    assert upgraded.code == 0
    again = open_service(service.settings)
    prepare_ledger(again, [], is_default=True)
    after = held(again.ledger)
    assert {name: rows for name, rows in after.items() if rows} == {
        name: rows for name, rows in before.items() if rows
    }


def test_what_a_newer_program_has_made_is_refused_and_left(tmp_path: Path) -> None:
    service, _ = prepared_service(tmp_path)
    ledger = service.ledger.file
    assert ledger is not None
    execute(ledger, "UPDATE alembic_version SET version_num = 'of_tomorrow'")
    kept = ledger.read_bytes()
    with pytest.raises(InputError, match="is at revision of_tomorrow, which a newer parkdispatch has made"):
        prepare_ledger(open_service(service.settings), [], is_default=True)
    assert ledger.read_bytes() == kept
    own = service.settings.data_folder / "service.sqlite"
    execute(own, "UPDATE alembic_version SET version_num = 'of_tomorrow'")
    with pytest.raises(InputError, match="is at revision of_tomorrow, which a newer parkdispatch has made"):
        open_service(service.settings)
