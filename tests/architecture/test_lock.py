"""The locked versions are those that `pyproject.toml` allows, each with its hashes."""

import re

import pytest

from scripts.lock import LOCK, pins, problems, required
from tests.support.paths import ROOT

PYPROJECT = """
[project]
dependencies = ["numpy>=1.26", "typing_extensions>=4"]
[project.optional-dependencies]
test = ["pytest>=8,<10"]
"""
HASH = "    --hash=sha256:" + "0" * 64
GOOD = f"""\
# made by a command
numpy==2.4.0 \\
{HASH} \\
{HASH}
pytest==9.0 ; python_version < '4' \\
{HASH}
typing-extensions==4.16.0 \\
{HASH}
"""


def test_the_lock_satisfies_what_is_required() -> None:
    pyproject, lock = (path.read_text(encoding="utf-8") for path in (ROOT / "pyproject.toml", LOCK))
    assert problems(pyproject, lock) == []
    packages = re.findall(r"^[\w.-]+==", lock, re.MULTILINE)
    assert len(list(pins(lock))) == len(packages) > len(required(pyproject))


def test_an_extra_that_names_another_one_asks_for_what_that_asks_for() -> None:
    named = PYPROJECT.replace("[project]", '[project]\nname = "park"').replace(
        '"pytest', '"park[more]", "pytest'
    )
    assert problems(named + 'more = ["rich>=1"]\n', GOOD) == ["rich>=1: is not locked"]


def test_a_good_lock_has_no_problems() -> None:
    assert [len(hashes) for _, hashes in pins(GOOD)] == [2, 1, 1]
    assert problems(PYPROJECT, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("numpy==2.4.0", "numpy==1.25.0", "numpy>=1.26: is locked as 1.25.0"),
        ("numpy==2.4.0", "numpy>=2.4.0", "numpy>=2.4.0: must have one exact version"),
        ("pytest==9.0", "pytest==10.0", "is locked as 10.0"),
        ("typing-extensions==4.16.0", "typing==4.16.0", "typing_extensions>=4: is not locked"),
        (
            f"pytest==9.0 ; python_version < '4' \\\n{HASH}",
            "pytest==9.0 \\",
            "pytest==9.0: must have a sha256",
        ),
    ],
)
def test_what_no_longer_fits_is_named(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert any(said in problem for problem in problems(PYPROJECT, GOOD.replace(old, new)))
