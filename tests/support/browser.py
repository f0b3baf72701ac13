"""A headless Chromium that opens many pages, driven through its pipe by the DevTools protocol.

One process serves all tests of a worker: starting it takes as long as opening ten pages.
https://chromedevtools.github.io/devtools-protocol/ describes the messages.
"""

import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
)
READS_FD, WRITES_FD = 3, 4  # where Chromium reads commands and writes what happened
PATIENCE_S = 120.0  # the longest that one answer may take on a loaded machine


class BrowserError(Exception):
    """Chromium refused a command, or a script threw."""


class Browser:
    """A running Chromium, to be used in a `with` statement; `profile` is a folder of its own."""

    def __init__(self, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._messages, messages = os.pipe()
        # the two pipes must be descriptors 3 and 4 of the child, whatever they are here
        shell = f'exec "$@" {READS_FD}<&{commands} {WRITES_FD}>&{messages}'
        program = [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *program],
            pass_fds=(commands, messages),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(messages)
        self._numbers = itertools.count(1)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._commands)  # Chromium ends by itself when its pipe does
        os.close(self._messages)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return what it answers. Raises BrowserError."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    @contextmanager
    def tab(self, width: int, height: int = 900) -> Iterator["Tab"]:
        """A tab whose window is `width` x `height` CSS pixels, closed at the end."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            tab = Tab(self, session)
            tab.resize(width, height)
            yield tab
        finally:
            self.call("Target.closeTarget", targetId=target)

    def _next_message(self) -> Mapping[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._messages], [], [], deadline - time.monotonic())
            more = os.read(self._messages, 1 << 16) if ready else b""
            if not more:
                raise BrowserError("Chromium ended, or does not answer")
            self._unread += more
        first, self._unread = self._unread.split(b"\0", 1)
        return dict(json.loads(first))


class Tab:
    """One page in a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command to the page. Raises BrowserError."""
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width: int, height: int) -> None:
        """Make the window `width` x `height` CSS pixels, as narrow as a phone's too."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, address: str) -> None:
        """Go to an address and wait until the page and its scripts are loaded."""
        self.call("Page.navigate", url=address)
        self.wait_for("location.href !== 'about:blank' && document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited. Raises BrowserError where it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"].get("exception", {}).get("description")))
        return answer["result"].get("value")

    def wait_for(self, condition: str, within_s: float = 120.0) -> bool:
        """Whether a JavaScript condition came to hold within this time."""
        deadline = time.monotonic() + within_s
        while not self.run(condition):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
