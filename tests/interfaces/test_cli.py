"""Every command: its version, faults of the program, Control-C, and processes with pipes of their own."""

import io
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

from parkdispatch.interfaces import cli
from tests.support.files.written_runs import PLAN_FILES
from tests.support.paths import environment
from tests.support.small_case import write_case
from tests.support.typed_commands import Run

PEAK = ("--peak-so-far-mw", "100")
MAIN = [sys.executable, "-c", "from parkdispatch.interfaces.cli import main; main()"]


def test_the_version_is_that_of_the_installed_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: {"parkdispatch": "1.2.3"}[name])
    assert run("--version") == (0, "parkdispatch 1.2.3", "")


def test_without_an_installed_package_the_version_is_unknown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert run("--version") == (0, "parkdispatch unknown", "")


def test_a_fault_of_the_program_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError("[red]something")

    monkeypatch.setattr("parkdispatch.inputs.loader.load_case", fault)
    ran = run("check", "gaoan")
    assert ran == (1, "", "internal error, please report it: ZeroDivisionError: [red]something\n")
    monkeypatch.setenv("PARKDISPATCH_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run("check", "gaoan")


def test_control_c_exits_130_without_a_traceback(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parkdispatch.studies.solve_case.optimize", interrupt)
    ran = run("plan", write_case(tmp_path), *PEAK, "--out", tmp_path / "out")
    assert ran.code == 130
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_process_of_its_own(tmp_path: Path) -> None:
    """The built-in case on its default day, printed to a pipe in GBK, which cannot encode "²"."""
    gbk = environment(PYTHONIOENCODING="gbk")
    command = [*MAIN, "plan", *PEAK, "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, env=gbk, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert "高安建陶基地" in ran.stdout.decode("gbk")
    assert {path.name for path in (tmp_path / "out").iterdir()} == PLAN_FILES | {"manifest.json"}


def test_control_c_in_a_process_of_its_own(tmp_path: Path) -> None:
    # started in the background of a shell, a process ignores the signal unless it says otherwise
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from parkdispatch.interfaces.cli import main; print('ready', flush=True); main()"
    command = [sys.executable, "-c", code, "year", "gaoan", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_what_a_pipe_cannot_show_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["parkdispatch", "pv", "gaoan"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    sys.stdout.flush()
    assert b"MJ/m?" in raw.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_under_the_output_is_told(tmp_path: Path) -> None:
    words = [*MAIN, "check", str(write_case(tmp_path))]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert (done.returncode, done.stderr) == (1, "the output cannot be written: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
def test_a_reader_that_has_gone_ends_the_program_quietly(tmp_path: Path) -> None:
    words, pipe = [*MAIN, "check", str(write_case(tmp_path))], subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment()) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 141)
