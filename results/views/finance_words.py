"""What lines, parameters and results of a cash flow are called, in the language of a page or workbook.

English is in the code, beside the formula or the bound it tells of; Chinese is in `lines.zh.toml`, by the
names of lines and parameters. A stream or a class of assets that a case named itself keeps its name. What
has no Chinese word stands in English; tests see to it that there is nothing of the kind.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from parkdispatch.models.declaration import GIVEN
from parkdispatch.models.finance.investment import Parameter
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine
from parkdispatch.results.finance.returns import GREATEST_RATE, LEAST_RATE, Irr
from parkdispatch.results.html.page import load_words, table_of
from parkdispatch.results.views.display_names import label

CLASS = re.compile(r"depreciation_(.+?)_(residual_share|share|years)")  # a parameter of a class of assets


class TermInWords(NamedTuple):
    """A parameter in words."""

    name: str
    unit: str
    sentence: str
    source: str


class FinanceWords:
    """The words of one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.text: Mapping[str, str] = load_words(lang, "finance")["cash"]
        self._zh: Mapping[str, Any] | None = None if lang == "en" else table_of(f"lines.{lang}.toml")

    def thing(self, name: str) -> str:
        """A stream, a class of assets or a flow."""
        if self._zh is None:
            return FLOWS.get(name, label(name))
        return str(self._zh["things"].get(name, label(name)))

    def line(self, line: CashFlowLine) -> tuple[str, str]:
        """Name of a line, and how it is computed."""
        if self._zh is None:
            return line.name, line.how
        told = self._zh["lines"].get(line.kind or line.key, {"name": line.name, "how": line.how})
        return told["name"].format(of=self.thing(line.of)), told["how"]

    def section(self, section: str) -> str:
        """Heading over lines."""
        return section if self._zh is None else str(self._zh["sections"].get(section, section))

    def unit(self, unit: str) -> str:
        """Unit of a line or a parameter."""
        return unit if self._zh is None else str(self._zh["units"].get(unit, unit))

    def parameter(self, one: Parameter) -> TermInWords:
        """A parameter with its unit, what it is, and where its value is from."""
        if self._zh is None:
            return TermInWords(one.name, one.unit, one.sentence, one.source)
        found = CLASS.fullmatch(one.name)
        key = f"depreciation_{found[2]}" if found and one.name not in self._zh["parameters"] else one.name
        told = self._zh["parameters"].get(key, {"name": one.name, "sentence": one.sentence})
        source = basis = self._zh["basis"].get(one.basis or one.source, one.basis or one.source)
        if one.basis == GIVEN:
            source = self.text["given"]
        elif one.default:
            source = self.text["given_default"].format(default=one.default, basis=basis)
        return TermInWords(
            told["name"].format(of=self.thing(found[1] if found else "")),
            self.unit(one.unit),
            told["sentence"],
            source,
        )

    def irr(self, irr: Irr) -> str:
        """What was found of an internal rate of return."""
        if self._zh is None:
            return irr.words
        key = "one_of_turns" if irr.found == "one" and irr.sign_changes > 1 else irr.found
        return str(self._zh["irr"][key]).format(
            low=LEAST_RATE,
            high=GREATEST_RATE,
            changes=irr.sign_changes,
            count=len(irr.all),
            rates=", ".join(f"{rate:.6g}" for rate in irr.all),
        )
