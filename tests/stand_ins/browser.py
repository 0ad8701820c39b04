"""Debian's Chromium without a screen, driven through its DevTools port: what a reader of a page would see and do."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip
_PATIENCE_S = 60.0


def find_chromium() -> str | None:
    """The browser, when it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of a browser. ``requests`` are the addresses it asked for, ``errors`` what its scripts threw."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self._events: list[dict[str, Any]] = []
        target = self._send("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        self._session = self._send("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)["sessionId"]
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._send(f"{domain}.enable", {})

    def show_on_phone(self, width: int = 390, height: int = 844) -> None:
        """Take the size of a phone's screen."""
        self._send("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True})

    def open(self, path: Path) -> None:
        """Load a file and wait until it is there."""
        self._events.clear()
        self._send("Page.navigate", {"url": path.resolve().as_uri()})
        self._wait("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self._send("Runtime.evaluate", {"expression": script, "returnByValue": True})
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.run(condition):
            assert time.monotonic() < deadline, condition
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element, scrolled into view."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1})

    def press(self, selector: str, key: str) -> None:
        """Press a key while an element has the focus."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        code = {"ArrowDown": 40, "ArrowUp": 38}[key]
        for kind in ("keyDown", "keyUp"):
            self._send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code})

    def screenshot(self, path: Path, *, whole: bool = False) -> bytes:
        """Write a PNG of what is on the screen, or of the whole page."""
        shot = base64.b64decode(self._send("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"])
        path.write_bytes(shot)
        return shot

    def _send(self, method: str, parameters: dict[str, Any], session: str | None = "page") -> dict[str, Any]:
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            received = self._receive()
            if received.get("id") == number:
                assert "error" not in received, received
                result: dict[str, Any] = received["result"]
                return result

    def _wait(self, event: str) -> None:
        while not any(seen["method"] == event for seen in self._events):
            self._receive()

    def _receive(self) -> dict[str, Any]:
        received: dict[str, Any] = json.loads(self._connection.recv(timeout=_PATIENCE_S))
        method = received.get("method")
        if method is not None:
            self._events.append(received)
        if method == "Network.requestWillBeSent":
            self.requests.append(received["params"]["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(received["params"]["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and received["params"]["entry"]["level"] == "error":
            self.errors.append(received["params"]["entry"]["text"])
        return received


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser with a profile of its own, and end it."""
    program = find_chromium()
    assert program is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen([program, *_FLAGS, f"--user-data-dir={profile}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port, path = _address(Path(profile) / "DevToolsActivePort", process)
            with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as connection:
                yield Browser(connection)
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE_S)


def _address(file: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        lines = file.read_text().split("\n") if file.is_file() else []
        if len(lines) >= 2 and lines[1]:
            return lines[0], lines[1]
        time.sleep(0.05)
    raise RuntimeError("the browser did not start")
