"""The words of pages: the same in both languages, each used, and with the same places."""

import re
from pathlib import Path

from parkdispatch.interfaces.web.web_words import web_words
from tests.support.paths import ROOT

FOLDER = ROOT / "interfaces" / "web"


def entries(lang: str) -> dict[str, str]:
    tables = web_words("zh" if lang == "zh" else "en")
    return {f"{section}.{key}": text for section, words in tables.items() for key, text in words.items()}


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    english, chinese = entries("en"), entries("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        places = [set(re.findall(r"\{(\w+)\}", said)) for said in (text, chinese[key])]
        assert places[0] == places[1], key
        if re.search("[A-Za-z]{4}", re.sub(r"\{\w+\}", "", text)) and key != "nav.other_language":
            assert re.search(r"[\u4e00-\u9fff]", chinese[key]), key


def test_every_word_is_used() -> None:
    files = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.j2")]
    text = "\n".join(Path(file).read_text(encoding="utf-8") for file in files)
    desk = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "operations" / "desk").glob("*.py"))
    made = ("role_", "kind_", "about_", "state_", "tab_")  # of a word and a name
    unused = [
        key
        for key in entries("en")
        if not key.partition(".")[2].startswith(made)
        and not re.search(rf"\b{key.partition('.')[2]}\b", text + desk)
    ]
    assert unused == []
