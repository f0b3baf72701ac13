"""The files of the manual for a machine on which the service stays: unit, container, proxy, automation."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from parkdispatch.interfaces.cli import app
from parkdispatch.operations.automation.automation_rules import read_automation
from tests.support.paths import ROOT

FILES = ROOT / "docs" / "examples" / "service"


def accepted(words: list[str]) -> None:
    """Every word is one that the command line knows."""
    command = get_command(app)
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    command.make_context("documented", words, resilient_parsing=False)


def test_what_is_typed_in_the_documented_files_is_what_the_program_knows() -> None:
    typed = []
    for name in ("parkdispatch.service", "Containerfile", "nginx.conf"):
        text = (FILES / name).read_text(encoding="utf-8").replace("\\\n#", "")
        typed += re.findall(r"(?:parkdispatch |-v parkdispatch:/data parkdispatch )(serve .*)", text)
    assert len(typed) == 5
    for words in typed:
        accepted(words.split())
    container = (FILES / "Containerfile").read_text(encoding="utf-8")
    accepted(json.loads(re.findall(r"^CMD (\[.*\])", container, re.MULTILINE)[-1]))


def test_extras_that_are_installed_there_are_the_packages() -> None:
    text = "".join(
        (FILES / name).read_text(encoding="utf-8") for name in ("parkdispatch.service", "Containerfile")
    )
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in {name for group in re.findall(r"\[(\w+(?:,\w+)+)\]'", text) for name in group.split(",")}:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_the_documented_automation_is_read() -> None:
    rules = read_automation(FILES / "automation.toml")
    assert rules.park[0].plan is not None


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_the_unit_is_one_of_systemd(tmp_path: Path) -> None:
    unit = tmp_path / "parkdispatch.service"
    text = (FILES / "parkdispatch.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/parkdispatch/bin/parkdispatch", "/bin/true"), encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert [line for line in verified.stderr.splitlines() if "parkdispatch" in line] == []
    assert verified.returncode == 0
    unit.write_text(text.replace("StateDirectoryMode=0700", "StateDirektoryMode=0700"), encoding="utf-8")
    wrong = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "StateDirektoryMode" in wrong.stderr
