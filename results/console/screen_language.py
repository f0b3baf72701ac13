"""The language of the screen: what the session of a command sets, and every screen reads."""

from contextvars import ContextVar
from typing import Literal

SCREEN_LANG: ContextVar[Literal["en", "zh"]] = ContextVar("SCREEN_LANG", default="en")
