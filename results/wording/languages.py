"""The languages of screens, pages and workbooks, without anything that takes time to import."""

from typing import Literal, get_args

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = get_args(Lang)
