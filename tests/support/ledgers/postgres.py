"""A PostgreSQL server of the tests' own, in a temporary folder, where its programs are installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

INSTALLED = "/usr/lib/postgresql/*/bin"  # where Debian keeps them, out of the path
USERS = ("postgres", "nobody")  # that root can drop to; the server refuses to run as root


def why_no_server() -> str:
    """Why no server can be started here; empty where one can."""
    if _folder() is None:
        return "PostgreSQL is not installed: no initdb in the path or under /usr/lib/postgresql"
    if os.name == "posix" and os.geteuid() == 0 and _words_before() is None:
        return "PostgreSQL does not run as root, and there is no user to drop to"
    return ""


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a database of a server that runs meanwhile, reached by a socket in its folder."""
    programs, before = _folder(), _words_before() or ()
    assert programs is not None
    base = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if before:
            shutil.chown(base, before[2])
        data = base / "data"

        def run(*words: str | Path) -> None:
            done = subprocess.run(
                [*before, str(programs / words[0]), *map(str, words[1:])],
                cwd=base,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout

        run("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", "-D", data)
        settings = f"-c listen_addresses= -c unix_socket_directories={base} -c fsync=off"
        run("pg_ctl", "start", "--wait", "-D", data, "-o", settings, "-l", base / "log")
        try:
            yield f"postgresql://tests@/postgres?host={base}"
        finally:
            run("pg_ctl", "stop", "--mode=immediate", "-D", data)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def make_database(url: str, name: str, template: str = "template1") -> str:
    """The URL of a new database of a server, a copy of another one."""
    engine = sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return url.replace("/postgres?", f"/{name}?")


def _folder() -> Path | None:
    """The folder with initdb and pg_ctl, the newest of several."""
    if (found := shutil.which("initdb")) and shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = sorted(Path("/").glob(INSTALLED.lstrip("/")), key=lambda path: float(path.parent.name))
    return next((path for path in reversed(folders) if (path / "initdb").is_file()), None)


def _words_before() -> Sequence[str] | None:
    """What a command begins with so that it does not run as root; None where there is no way."""
    if os.geteuid() != 0:
        return ()
    known = {user.pw_name for user in pwd.getpwall()}
    user = next((name for name in USERS if name in known), None)
    return None if user is None or shutil.which("runuser") is None else ("runuser", "-u", user, "--")
