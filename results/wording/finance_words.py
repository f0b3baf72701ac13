"""Names of the lines, parameters and results of a cash flow, in the language of a page or workbook.

The English text stands in the code beside the formula or bound it describes. The Chinese text is in
`lines.zh.toml`, by the key of the line or parameter; a missing entry falls back to English, and a test checks
that there is none. Revenue streams and asset classes that a case names itself keep their names.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from parkdispatch.models.declaration import GIVEN
from parkdispatch.models.finance.investment import DeclaredValue
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine
from parkdispatch.results.finance.returns import GREATEST_RATE, LEAST_RATE, Irr
from parkdispatch.results.wording.display_names import label
from parkdispatch.results.wording.words import load_words, word_table

# a parameter of an asset class: "depreciation_CLASS_years"
ASSET_CLASS_PARAMETER = re.compile(r"depreciation_(.+?)_(residual_share|share|years)")


class TermInWords(NamedTuple):
    """A parameter of the finance section as text."""

    name: str
    unit: str
    sentence: str
    source: str


class FinanceWords:
    """Names and explanations of a cash flow in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.text: Mapping[str, str] = load_words(lang, "finance")["cash"]
        self._translation: Mapping[str, Any] | None = (
            None if lang == "en" else word_table(f"lines.{lang}.toml")
        )

    def thing(self, name: str) -> str:
        """The name of a revenue stream, an asset class or a cash flow."""
        if self._translation is None:
            return FLOWS.get(name, label(name))
        return str(self._translation["things"].get(name, label(name)))

    def line(self, line: CashFlowLine) -> tuple[str, str]:
        """The name of a line and the explanation of its formula."""
        if self._translation is None:
            return line.name, line.how
        entry = self._translation["lines"].get(line.kind or line.key, {"name": line.name, "how": line.how})
        return entry["name"].format(of=self.thing(line.of)), entry["how"]

    def section(self, section: str) -> str:
        """The heading of a section of lines."""
        return (
            section if self._translation is None else str(self._translation["sections"].get(section, section))
        )

    def unit(self, unit: str) -> str:
        """The unit of a line or a parameter."""
        return unit if self._translation is None else str(self._translation["units"].get(unit, unit))

    def choice(self, choice: str) -> str:
        """What a choice of a parameter is called; the case file has it in English."""
        if self._translation is None:
            return label(choice)
        return str(self._translation["choices"].get(choice, label(choice)))

    def parameter(self, parameter: DeclaredValue) -> TermInWords:
        """Name, unit, meaning and source of a parameter."""
        if self._translation is None:
            return TermInWords(parameter.name, parameter.unit, parameter.sentence, parameter.source)
        translations = self._translation["parameters"]
        match = ASSET_CLASS_PARAMETER.fullmatch(parameter.name)
        key = f"depreciation_{match[2]}" if match and parameter.name not in translations else parameter.name
        entry = translations.get(key, {"name": parameter.name, "sentence": parameter.sentence})
        basis_key = parameter.basis or parameter.source
        source = basis = self._translation["basis"].get(basis_key, basis_key)
        if parameter.basis == GIVEN:
            source = self.text["given"]
        elif parameter.default:
            source = self.text["given_default"].format(default=parameter.default, basis=basis)
        return TermInWords(
            entry["name"].format(of=self.thing(match[1] if match else "")),
            self.unit(parameter.unit),
            entry["sentence"],
            source,
        )

    def irr(self, irr: Irr) -> str:
        """A sentence on the existence and uniqueness of an internal rate of return."""
        if self._translation is None:
            return irr.words
        key = "one_of_turns" if irr.found == "one" and irr.sign_changes > 1 else irr.found
        return str(self._translation["irr"][key]).format(
            low=LEAST_RATE,
            high=GREATEST_RATE,
            changes=irr.sign_changes,
            count=len(irr.all),
            rates=", ".join(f"{rate:.6g}" for rate in irr.all),
        )
