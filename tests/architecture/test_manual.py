"""The manual's tables hold what the program has, each command has its page, the example runs as quoted."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from parkdispatch.models import registry

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "_ext"))

import command_tables  # noqa: E402
import declarations  # noqa: E402

from parkdispatch.inputs.schema.case_file import CaseFile  # noqa: E402
from parkdispatch.models.network.transformers import Transformers  # noqa: E402
from parkdispatch.models.stores.battery import Battery  # noqa: E402
from parkdispatch.models.tariff.tariff import Tariff  # noqa: E402

COMMANDS = list(command_tables.commands())


def test_every_field_of_the_case_file_is_in_the_table_of_its_section() -> None:
    sections = {section.declaration: section for section in declarations.sections(CaseFile)}
    for declaration in (CaseFile, Battery, Transformers):
        written = [field.name for field in sections[declaration.__name__].fields]
        assert written == list(declaration.model_fields)
    assert sections["Battery"].heading == "[device.NAME]"
    assert sections["Transformers"].heading == "[device.NAME.transformers]"
    assert sections["Offer"].heading == "[[sizing.offer]]"


def test_a_field_shows_its_bounds_and_its_default() -> None:
    fields = {field.name: field for field in declarations.sections(Battery)[0].fields}
    assert (fields["eta_charge"].allowed, fields["eta_charge"].default) == ("number ≥ 0.01 and ≤ 1", "`0.94`")
    assert fields["power_mw"].default == "must be given"
    assert fields["final_soc"].default == "left out"
    assert fields["power_mw"].allowed == "number ≥ 0 and ≤ 100000 or table Sized"


def test_tables_are_whole_whatever_a_field_says() -> None:
    for declaration in (CaseFile, Tariff):
        rows = [line for line in declarations.document(declaration, 3) if line.startswith("|")]
        columns = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert columns == {6}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_page_with_its_options(command: str) -> None:
    name = command.partition(" ")[0]
    page = (DOCS / "commands" / f"{name}.md").read_text(encoding="utf-8")
    assert f"{{command-options}} {command}\n" in page
    assert f"\n{name}\n" in (DOCS / "commands/index.md").read_text(encoding="utf-8")
    table = command_tables.option_table(command)
    assert len(table) == 2 + len(command_tables.parameters(command))


def test_options_are_named_as_they_are_typed() -> None:
    table = "\n".join(command_tables.option_table("plan"))
    assert "`--date`" in table
    assert "`--write-model`" in table
    assert "`--day`" not in table
    assert command_tables.usage("init") == "parkdispatch init FOLDER [OPTIONS]"


def test_the_example_of_a_device_prints_what_the_manual_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(DOCS / "examples/flywheel.py"), run_name="__main__")
    quoted = (DOCS / "outputs/flywheel.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out == quoted


def test_the_example_on_two_carriers_is_one_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is registered from outside, named in a case file, planned, and shown in Chinese by its own words."""
    monkeypatch.setattr(registry, "_KINDS", dict(registry.device_kinds()))
    example = runpy.run_path(str(DOCS / "examples/electrolyser.py"))
    try:
        example["main"](str(tmp_path), "zh")
    finally:
        registry.any_device.cache_clear()
    assert capsys.readouterr().out.startswith("problems of the device: []\n")
    page = (tmp_path / "plan/report.html").read_text(encoding="utf-8")
    for words in ("氢能功率, MW", "碱性电解槽 产氢功率", "碱性电解槽：启动费用", "重卡加氢 用氢"):
        assert words in page


FILES = {
    path.relative_to(ROOT).as_posix()
    for layer in (
        "models",
        "inputs",
        "optimizer",
        "results",
        "studies",
        "operations",
        "interfaces",
        "tests",
        "benchmarks",
    )
    for path in (ROOT / layer).rglob("*.py")
} | {"scripts/structure.py", "scripts/lock.py", "docs/record_outputs.py"}
FILES |= {"docs/examples/flywheel.py", "docs/examples/electrolyser.py", "docs/examples/published_answers.py"}
# what is not there: files of the old layout, and those that a reader is to make
UNWRITTEN = ("ten_changes.md", "changelog.md", "performance.md")
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
    if path.name not in UNWRITTEN and path.name != "CHANGELOG.md" and "_build" not in path.parts
]


@pytest.mark.parametrize("page", PAGES)
def test_each_source_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", text)) - {"models/stores/flywheel.py"}
    named -= {"tests/models/stores/test_flywheel.py"}
    assert [
        name for name in sorted(named) if not any(f"/{file}".endswith(f"/{name}") for file in FILES)
    ] == []


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.md")))
def test_links_of_the_pages_at_the_top_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
