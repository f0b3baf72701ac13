"""The language of pages and workbooks, from the codes that people and systems have for it."""

import re
from typing import TYPE_CHECKING

from parkdispatch.interfaces.session import SESSION
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.results.wording.languages import Lang


def language(lang: str | None) -> "Lang":
    """The language of a code such as `zh`, `zh-CN`, `zh_Hans` or `en_GB.UTF-8`; of the session without one.

    Raises InputError for another language.
    """
    from parkdispatch.results.wording.languages import LANGS

    if lang is None:
        return SESSION.lang
    code = re.fullmatch(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*(?:\.[a-z0-9-]+)?(?:@\w+)?", lang.strip().lower())
    for known in LANGS:
        if code is not None and code[1] == known:
            return known
    raise InputError(f"argument `lang` = {lang}: must be one of {', '.join(LANGS)}, or a code such as zh-CN")
