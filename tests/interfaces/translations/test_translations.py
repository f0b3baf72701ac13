"""Whatever the command line says exists in English and Chinese: help, usage errors, steps, messages."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from parkdispatch.interfaces.cli import app
from parkdispatch.interfaces.translations.catalogue import table, translated, translated_message
from parkdispatch.interfaces.translations.help_pages import english_texts
from parkdispatch.interfaces.translations.usage_errors import english_words, usage_templates
from tests.support.paths import ROOT
from tests.support.small_case import row, write_case
from tests.support.typed_commands import Run

# names that stay as they are: of products and formats, of values that are typed, of fields and files
ALLOWED = re.compile(
    r"[a-z]+://\S*|pip install \S+|\w*_\w*(?:[.=:]\w+)*|\b\w+(?= ?=)|\w+\.(?:sqlite|nc)|(?<=[:=])\w+|"
    r"[\d.]+yuan/kWh|yuan/MWh|"
    r"\b(?:load|wind|import|export|battery|power|soc|peak|measured|estimated|substituted|exactly|good|bad|standard|"
    r"SQLite|URL|Windows|parkdispatch(?:-service)?|pandas|Series|HiGHS|pvlib|pandapower|cbc|gurobi|low|mode|high|weights|"
    r"areas|bus|deg|device|mean|MWp|grid|row|rated|max|loan|off|vat|depreciation|contracted|capacity|single_part|case|solution|index|good|metered|orders|p10|p50|p90|worker|dask|appsi_highs|tcp|host|tls|PEM|holidays)\b|"
    r"gaoan(?:-pilot|-study)?|forecast-DAY|plan_date|tomorrow|today|yesterday|NAME=0\.4|ems\.xlsx#Sheet2|first_phase|"
    r"runs/(?:CASE-COMMAND-TIME)?|zh-CN|PARKDISPATCH_\w+|highs|[Pp]yomo(?::NAME)?|\.lp|\.mps|\.csv|\.xlsx?|shell|"
    r"Dask|t(?:cp|ls)://HOST:PORT|without_|best|surface|offers|steps|when|scenarios|blue|start|end|CSV|Excel|"
    r"command_path|help_option|column|stamps|name|time|true|false|year|replay|study|UTF-\d+|GBK|MW|kW|\.?toml|highest|degC|"
    r"read|plan|send|TOML|HTTPS|Cookie|X-Forwarded|REST|MB|Ctrl|CSRF|park|[Mm]odbus|pymodbus|tokens\.json"
)


def test_every_text_of_every_help_page_is_there_in_chinese() -> None:
    texts = english_texts(typer.main.get_command(app))
    words = table("zh", "help")
    assert sorted(texts - words.keys()) == []
    assert sorted(words.keys() - texts) == [], "sentences that nothing says any more"


@pytest.mark.parametrize("section", ["help", "usage", "screen", "progress", "messages", "clauses", "parts"])
def test_chinese_sentences_are_chinese_and_say_what_varies(section: str) -> None:
    for english, chinese in table("zh", section).items():
        assert english_words(chinese, ALLOWED) == set(), (english, chinese)
        places = english.count("{}")
        if "{1}" in chinese or "{2}" in chinese or "{3}" in chinese:
            pass  # in another order
        elif section != "help":
            assert chinese.count("{}") <= places, english
        fields = {name for _, name, _, _ in string.Formatter().parse(chinese) if name and not name.isdigit()}
        assert fields <= {name for _, name, _, _ in string.Formatter().parse(english) if name}


def test_every_usage_error_is_there_in_chinese() -> None:
    assert [text for text in usage_templates() if text not in table("zh", "usage")] == []


def _progress_texts() -> set[str]:
    """Every step that the code says, `{}` for what varies; those made of other functions' words left out."""
    texts = set()
    for path in [p for layer in ("interfaces", "studies", "optimizer") for p in (ROOT / layer).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).split(".")[-1] == "progress"
                and node.args
            ):
                said = node.args[0]
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    texts.add(said.value)
                elif isinstance(said, ast.JoinedStr):
                    parts = ["{}" if isinstance(v, ast.FormattedValue) else str(v.value) for v in said.values]  # type: ignore[attr-defined]
                    texts.add("".join(parts))
    return {text for text in texts if re.search("[a-z]{3}", text)}


ERRORS = ("InputError", "InfeasibleError", "SolverError")
LEADS = (
    "argument `solver` = x: ",
    "argument `force`",
    "argument `force` = 7",
    "load.csv",
    "`device.pv`",
)  # what sentences begin with


def _template(node: ast.expr) -> str | None:
    """The text of a string in the code, `{}` for what varies; None where it is another expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def _error_texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Every sentence with which the code of some folders raises an error, and its file."""
    for path in [path for folder in folders for path in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                is_error = ast.unparse(node.exc.func).split(".")[-1] in ERRORS
                text = _template(node.exc.args[0]) if is_error else None
                if text is not None and re.search("[a-z]{3} [a-z]{2}", text):
                    yield path.name, text


@pytest.mark.parametrize(
    "folder", ["operations", "studies/planning", "inputs/variations", "interfaces", "optimizer"]
)
def test_every_error_is_said_in_chinese(folder: str) -> None:
    def is_said(text: str) -> bool:
        samples = [lead + text[2:] for lead in LEADS] if text.startswith("{}") else [text]
        samples = [sample.replace("{}", "7") for sample in samples]
        return any(translated_message(sample, "zh") != sample for sample in samples)

    assert [(name, text) for name, text in _error_texts(folder) if not is_said(text)] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("orders: `device.battery_1.reserve_mwh` = 900: must be at most 42.3, what the battery delivers"
        " between soc_max and soc_min",
        "指令：`device.battery_1.reserve_mwh` = 900：至多 42.3，即储能在 soc_max 与 soc_min"
        " 之间所能放出的电量"),
        ("tariff own.toml: `day[0].period` = 'peak' must have its ratio in `ratios`",
        "电价 own.toml：`day[0].period` = “peak”须在 `ratios` 中有其比价"),
        ("  power at bus ac, 2026-04-21 18:15: 162.731 MW missing; at their limits: pv.output_mw = 3.378"
        " (upper limit)",
        "  母线 ac 的功率，2026-04-21 18:15：缺 162.731 MW；已达限值：pv.output_mw = 3.378（上限）"),
        ("the least by which the orders have to give: grid.import_mw by 2.0 MWh, at most 8.0 MW,"
        " 2026-04-21 00:00 to 2026-04-22 00:00",
        "指令至少须让步：grid.import_mw 共 2.0 MWh，最大 8.0 MW，2026-04-21 00:00 至 2026-04-22 00:00"),
        ("the least that has to give: demand at bus ac by 2.0 MWh, at most 8.0 MW, 2026-04-21 00:00 to"
        " 2026-04-22 00:00",
        "至少须让步：母线 ac 的用电共 2.0 MWh，最大 8.0 MW，2026-04-21 00:00 至 2026-04-22 00:00"),
        ("argument `device` = x: must be one of pv, grid, which can be out; did you mean `pv`?",
        "参数 `device` = x：须为可停运的设备 pv, grid 之一；是否指 `pv`？"),
    ],
)  # fmt: skip
def test_errors_are_said_as_whole_sentences(english: str, chinese: str) -> None:
    assert translated_message(english, "zh") == chinese


def test_every_step_is_said_in_chinese() -> None:
    def said(text: str) -> str:
        return translated(text.replace("{}", "7"), "zh", "progress")

    missing = [text for text in _progress_texts() if said(text) == text.replace("{}", "7")]
    assert [text for text in missing if text != "a step {} of {}"] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("load.csv row 5: load [MW] = -3: must be a number from 0 to 100000 MW",
        "load.csv row 5: load [MW] = -3：须为 0 至 100000 MW 的数字"),
        ("`battery_1.eta_charge` = 95: must be in (0, 1] (a fraction, not percent: 0.95?)",
        "`battery_1.eta_charge` = 95：须在 (0, 1] 之内（应为小数而非百分数：0.95？）"),
        ("`site.altitude` is missing: must be given", "`site.altitude` 缺失：须给出"),
    ],
)  # fmt: skip
def test_messages_are_said_clause_by_clause(english: str, chinese: str) -> None:
    assert translated_message(english, "zh") == chinese
    assert translated_message(english, "en") == english


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "--lod", "x"), "没有选项 --lod，是否指 "),
        (("init",), "缺少参数 folder。"),
        (("frob",), "没有命令 frob。"),
        (("plan", "--time-limit", "0"), "--time-limit 的值无效：须不小于 1"),
        (("plan", "--time-limit", "soon"), "--time-limit 的值无效：须为数字"),
        (("check", "gaoan", "gaoan"), "多余的参数：gaoan。"),
        (("plan", "--out"), "选项 --out 之后须有值。"),
    ],
)
def test_usage_errors_are_said_in_chinese(
    words: tuple[str, ...], said: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKDISPATCH_LANG", "zh")
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("variables", "words", "chinese"),
    [
        ({"PARKDISPATCH_LANG": "zh"}, (), True),
        ({"LANG": "zh_CN.UTF-8"}, (), True),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, (), False),
        ({"PARKDISPATCH_LANG": "zh"}, ("--lang", "en"), False),
        ({"LANG": "C.UTF-8"}, ("--lang", "zh-CN"), True),
    ],
)
def test_the_language_is_that_typed_or_of_the_environment(
    variables: dict[str, str],
    words: tuple[str, ...],
    chinese: bool,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PARKDISPATCH_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = run("plan", "--help", *words)
    assert ran.code == 0
    assert ("一天或自此刻起的调度" in ran.out) == chinese
    assert ("Dispatch a day" in ran.out) != chinese


def test_check_speaks_chinese(run: Run, tmp_path: Path) -> None:
    ran = run("check", write_case(tmp_path), "--lang", "zh")
    assert "small：仅可做 2026-07-15 的日计划，且须给出 --peak-so-far-mw。" in ran.out
    bad = run(
        "check", write_case(tmp_path / "bad", row("load.csv", 5, "2026-07-15 00:45,-3")), "--lang", "zh"
    )
    assert bad.err.startswith("输入有误：load.csv row 5: load [MW] = -3：须为 0 至 100000 MW 的数字")


def test_a_configuration_gives_language_output_and_case(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, case = tmp_path / "config.toml", write_case(tmp_path / "park")
    config.write_text(f'language = "zh"\noutput = "{tmp_path / "mine"}"\ncase = "{case}"\n', encoding="utf-8")
    monkeypatch.setenv("PARKDISPATCH_CONFIG", str(config))
    monkeypatch.delenv("PARKDISPATCH_LANG")
    ran = run("check", "-v")
    assert ran.out.startswith("small：")
    assert f"configuration: {config}" in ran.err.replace("配置文件：", "configuration: ")
    assert run("check", "-q").out == ""
    for text, said in (
        (
            'languge = "zh"',
            "`languge`: no such key; did you mean `language`?; known here: language, output, case",
        ),
        ("case = 3", '`case` = 3: must be text in quotes, "..."'),
        ('language = "de"', "`language` = de: must be one of en, zh"),
    ):
        config.write_text(text, encoding="utf-8")
        monkeypatch.setenv("PARKDISPATCH_LANG", "en")
        ran = run("check")
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
    monkeypatch.setenv("PARKDISPATCH_CONFIG", str(tmp_path / "none.toml"))
    assert "none.toml: no such file" in run("check").err


def test_completion_is_offered(run: Run) -> None:
    ran = run("--help")
    assert "--install-completion" in ran.out


def test_a_day_is_named_by_a_word(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    """Tomorrow is that of the site, whose day may be another than the computer's."""
    from datetime import date

    from parkdispatch.interfaces.commands import plan_options

    monkeypatch.setattr(
        plan_options, "today", lambda timezone: date(2026, 7, 19) if timezone == "Asia/Shanghai" else None
    )
    ran = run("plan", write_case(tmp_path), "--date", "tomorrow")
    assert "must cover 2026-07-20 00:00" in ran.err


# of results/console: keys of tables, styles and files, and what has no words
NO_WORDS = re.compile(
    r"[a-z_]+|SCREEN_LANG|bold red|\.peak_mw|en|zh|GWh|MWp|kWh/kWp|CVaR|\{\}, \{\} MWp|\{\} GWh|NPV.*"
)


def _screen_texts() -> set[str]:
    """Every sentence that the screens of results say in the code, `{}` for what varies."""
    texts: set[str] = set()
    for path in (ROOT / "results" / "console").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                inner |= {id(part) for part in ast.walk(node)} - {id(node)}
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                inner.add(id(node.value))  # a docstring
        for node in ast.walk(tree):
            if id(node) not in inner and isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif id(node) not in inner and isinstance(node, ast.JoinedStr):
                parts = (str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
                texts.add("".join(parts))
    return {text for text in texts if re.search("[A-Za-z]{2}", text) and not NO_WORDS.fullmatch(text)}


def test_every_sentence_of_a_screen_is_there_in_chinese() -> None:
    """As a whole, or as a part of one that is put together from several."""
    words = table("zh", "results")
    of_parts = "\n".join(words)
    missing = [
        text
        for text in _screen_texts()
        if text not in words and not all(part in of_parts for part in text.split("{}") if part.strip())
    ]
    assert missing == []


def test_a_plan_is_said_in_chinese(run: Run, tmp_path: Path) -> None:
    ran = run(
        "plan", write_case(tmp_path), "--peak-so-far-mw", 100, "--lang", "zh", "--out", tmp_path / "out"
    )
    assert ran.code == 0, ran.err
    for said in (
        "2026-07-15 的计划",
        "已证明最优：间隙",
        "最大购电",
        "文件在",
        "负荷：load.csv",
        "列“load [MW]”",
    ):
        assert said in ran.out
    sentences = ran.out.split("文件在")[0]
    left = english_words(
        sentences, re.compile(r"Small park|\w+\.(?:csv|\w+)|grid|load|pv|battery_\d|MW|kWh|UTF-\d")
    )
    assert left == set()
