"""The file of what runs by itself is checked like a case."""

from pathlib import Path

import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.operations.automation.automation_rules import read_automation

GOOD = """\
[[park]]
case = "small"
[park.imports]
folder = "drop"
[[park.imports.file]]
pattern = "load-*.csv"
quantities = ["load"]
[park.forecast]
at = "13:30"
[park.plan]
at = "14:00"
send = true
[park.replan]
power_mw = 5.0
soc = 0.05
[park.settle]
[park.modbus]
host = "127.0.0.1"
batteries = ["battery_1"]
"""


def written(folder: Path, text: str) -> Path:
    (folder / "drop").mkdir(exist_ok=True)
    path = folder / "automation.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_with_its_folders(tmp_path: Path) -> None:
    (park,) = read_automation(written(tmp_path, GOOD)).park
    assert park.imports is not None
    assert park.imports.folder == str(tmp_path / "drop")
    assert park.plan is not None
    assert (park.plan.at.hour, park.plan.send) == (14, True)
    assert park.retry.attempts == 6


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("soc = 0.05", "soc = 5").replace('"14:00"', '"25:00"').replace("host", "hots")
    with pytest.raises(InputError) as error:
        read_automation(written(tmp_path, bad))
    text = "\n".join(error.value.problems)
    for part in ("soc", "at", "hots"):
        assert part in text
    assert len(error.value.problems) >= 3


def test_what_only_the_whole_shows_is_told_too(tmp_path: Path) -> None:
    twice = GOOD.replace('folder = "drop"', 'folder = "nowhere"') + GOOD
    with pytest.raises(InputError) as error:
        read_automation(written(tmp_path, twice))
    assert [line.split(": ", 1)[1] for line in error.value.problems] == [
        "`park.case` = small: must be there once",
        "`park.imports.folder` = nowhere: must be a folder that is there",
    ]
