"""A person at a browser's tab: opens addresses, clicks what words say, and fills in what labels name."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.browser import BrowserError, Tab

ERRORS = "window.scriptErrors = []; addEventListener('error', (e) => scriptErrors.push(e.message));"
LOADED = "!window.isLeft && document.readyState === 'complete' && location.href !== 'about:blank'"


class PageUser:
    """Everything that leads to another page waits until that is loaded."""

    def __init__(self, tab: Tab, address: str) -> None:
        self.tab, self.address = tab, address
        tab.call("Page.enable")
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=ERRORS)

    def size(self, width: int, *, dark: bool = False) -> None:
        """The window as a desktop or a phone has it, light or dark."""
        self.tab.resize(width, 900)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tab.call("Emulation.setEmulatedMedia", features=scheme)

    def open(self, path: str) -> None:
        """Go to an address of the service, or to another one in full."""
        to = path if ":" in path else f"{self.address}{path}"
        self._leaving(lambda: self.tab.call("Page.navigate", url=to))

    def click(self, words: str) -> None:
        """Click the link or button that says so, which leads to another page."""
        script = (
            "(() => { const found = [...document.querySelectorAll('a, button')]"
            f".filter((at) => at.textContent.trim() === {json.dumps(words)} && at.checkVisibility());"
            " if (found.length) found[0].click(); return found.length > 0; })()"
        )
        self._leaving(lambda: self._must(script, f"no link or button says {words}"))

    def fill(self, label: str, value: str) -> None:
        """Type into the field that a label names."""
        script = (
            "(() => { const label = [...document.querySelectorAll('label')]"
            f".find((at) => at.textContent.trim() === {json.dumps(label)});"
            " if (!label) return false; label.control.focus();"
            f" label.control.value = {json.dumps(value)}; return label.control.value !== ''; }})()"
        )
        self._must(script, f"no field of the label {label} takes {value}")

    def look(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        return self.tab.run(expression)

    @property
    def text(self) -> str:
        """What is to be read on the page."""
        return str(self.look("document.body.innerText"))

    def picture(self, path: Path, tallest: int = 10_000) -> None:
        """Write a PNG of the whole page, or of its upper part."""
        width, height = self.look("[innerWidth, document.documentElement.scrollHeight]")
        height = min(height, tallest)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        answer = self.tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _must(self, script: str, problem: str) -> None:
        assert self.look(script), f"{problem}: {self.text[:400]}"

    def _leaving(self, act: Callable[[], object]) -> None:
        self.look("window.isLeft = true")
        act()
        for _ in range(3):  # a page that goes while it is asked cannot answer
            try:
                assert self.tab.wait_for(LOADED, within_s=60.0), "no page came"
            except BrowserError:
                continue
            return
        raise AssertionError("no page came")
