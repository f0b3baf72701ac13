"""Reads an HTML report back: its tags, its texts, and the data of its charts."""

import base64
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import numpy as np

from parkdispatch.models.device import Array


def data_of(html: str) -> dict[str, Any]:
    embedded = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert embedded
    data = json.loads(embedded[1])
    assert isinstance(data, dict)
    return data


class Reader(HTMLParser):
    """Collects tags with attributes, and the text of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        self.raw.get(self.inside, self.text).append(data)


def unpacked(data: Mapping[str, Any], count: int) -> Array:
    """The values of a packed array of the page's data."""
    if "value" in data:
        return np.full(count, data["value"])
    kind = {"f8": "<f8", "f4": "<f4", "u1": "u1"}[data["type"]]
    return np.frombuffer(base64.b64decode(data["base64"]), dtype=kind).astype(np.float64)
