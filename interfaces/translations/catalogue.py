"""Sentences of the command line in another language, by the English sentence that the code says.

The tables of `*.zh.toml` map English sentences, with `{}` for what varies, to Chinese ones; `{1}`, `{2}`
stand
where what varied comes in another order. What has no entry stays English; a test walks all help and sees that
there is none.
"""

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import NamedTuple


class Sentence(NamedTuple):
    """An English sentence, its pattern, and the sentence in the other language."""

    english: str
    pattern: re.Pattern[str]
    translation: str


FILES = ("help", "messages", "errors", "results", "service")
ERROR = "The first message: {}"  # of a screen; what varies in it is an error
PARTS = {"messages": "parts"}  # the section of what varies in the sentences of a section, where it is another


@lru_cache(maxsize=16)
def table(lang: str, section: str) -> dict[str, str]:
    """The sentences of a section by the English ones; empty for English."""
    if lang == "en":
        return {}
    folder = resources.files("parkdispatch.interfaces") / "translations"
    words: dict[str, str] = {}
    for file in FILES:
        words |= tomllib.loads((folder / f"{file}.{lang}.toml").read_text(encoding="utf-8")).get(section, {})
    return words


@lru_cache(maxsize=16)
def _patterns(lang: str, section: str) -> list[Sentence]:
    """Patterns of the sentences in which something varies, those with the longest fixed text first."""
    sentences = [(text, said) for text, said in table(lang, section).items() if "{}" in text]
    by_length = sorted(sentences, key=lambda item: -len(item[0].replace("{}", "")))
    return [Sentence(text, re.compile(_pattern(text), re.DOTALL), said) for text, said in by_length]


def _pattern(text: str) -> str:
    """The pattern of a sentence; a place in backticks has none inside."""
    return "(.*?)".join(map(re.escape, text.split("{}"))).replace("`(.*?)`", "`([^`]*?)`")


def translated(text: str, lang: str, section: str) -> str:
    """The text in a language; as it is where the section has no such sentence."""
    if (said := table(lang, section).get(text)) is not None:
        return said
    for sentence in _patterns(lang, section):
        if match := sentence.pattern.fullmatch(text):
            if sentence.english == ERROR:
                parts = ["\n".join(translated_message(line, lang) for line in match[1].split("\n"))]
            else:
                parts = [translated(part, lang, PARTS.get(section, section)) for part in match.groups()]
            return _filled(sentence.translation, parts)
    return text


def _filled(sentence: str, parts: list[str]) -> str:
    """The sentence with its places filled, in the order of the parts or by their numbers."""
    unnumbered = iter(parts)
    return re.sub(
        r"\{(\d?)\}", lambda place: parts[int(place[1]) - 1] if place[1] else next(unnumbered, ""), sentence
    )


def translated_message(text: str, lang: str) -> str:
    """An error or a warning in a language: as a whole where it has an entry, else clause by clause.

    A sentence of which a clause has no entry stays English as a whole: half of each would be read by nobody.
    """
    if lang == "en":
        return text
    if indented := re.fullmatch(r"(\s+)(.+)", text, re.DOTALL):
        return indented[1] + translated_message(indented[2], lang)
    if about := re.match(ABOUT, text):
        sentence = translated_message(text[about.end() :], lang)
        if sentence != text[about.end() :]:
            return f"{translated(about[1], lang, 'about')}：{sentence}"
    whole = translated(text, lang, "messages")
    if whole != text:
        return whole
    if of_owner := re.match(OWNER, text):
        sentence = translated_message(text[of_owner.end() :], lang)
        if sentence != text[of_owner.end() :]:
            owner = (
                of_owner[1].replace("tariff ", "电价 ").replace("orders", "指令").replace("argument", "参数")
            )
            return f"{owner}：{sentence}"
    if of_field := re.fullmatch(FIELD, text, re.DOTALL):
        path, name, sentence = of_field.groups()
        of_name = translated(name + sentence, lang, "messages")
        if of_name != name + sentence and of_name.startswith(f"{name} = "):
            return f"`{path}{name}`{of_name.removeprefix(name)}"
    head = re.match(HEAD, text)
    if head is None:
        return text
    parts = re.split(CLAUSES, text[head.end() :])
    said = [
        SEPARATORS[part.strip()] if n % 2 else translated(part, lang, "clauses")
        for n, part in enumerate(parts)
    ]
    rest = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", "", "".join(said))
    return text if re.search(ENGLISH, rest) else head[0] + "".join(said)


# a sentence that a device says of its field, such as "to_bus = 'ac': must be ...", told with the field's path
FIELD = r"`([^`]*\.)(\w+)`( = .*)"
SEPARATORS = {":": "：", ";": "；", ",": "，"}
# the day, the moment or the year of a run that an error ended
ABOUT = r"(\d{4}-\d\d-\d\d(?: \d\d:\d\d| planned alone[^:]*)?|year \d+ of operation): "
# what a sentence is said of, which may itself begin with a field
OWNER = r"(tariff \S+|orders|(?:argument )?`[^`]+`(?:: \S+\.toml)?): "
# the field, the row or the file that a message is about, with the value that it has
HEAD = (
    r"(?:`[^`]+`(?:: \S+\.\w+| = .*?)?|\S+ row \d+(?:: [^:]*? = .*?)?|argument `\w+`(?: = .*?)?"
    r"|[^\s:`]+\.\w+)"
    r"(?=: (?:must |no |is |has |comes |rows |lies |the |cannot |\d)| is missing| is above)"
)
CLAUSES = (
    r"(; |: (?=must |no |is |has |comes |rows |lies |the step|times |it names|usual |cannot |\d+ of)"
    r"|, (?=must |or be |or else ))"
)
ENGLISH = r"\b(?:must|is|are|has|have|the|or|of|and|because|such|with|not|in|no|be|it|for|by|more)\b"
