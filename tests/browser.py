#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks at a page with a headless Chromium, over the DevTools protocol on a pipe: tests/browser.py URL PICTURE [SECONDS] [--no-script] [--dark].

Prints a JSON object: the page's title, its text at once and after SECONDS (3), how often <main> changed meanwhile, what the console and the
log said (errors and warnings), what was asked for, and the background's colour. Writes a picture of it (PNG).
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time


class Browser:
    """A Chromium, and the pipe to it: messages of JSON, a zero byte behind each."""

    def __init__(self, *options):
        to_read, self.to = os.pipe()
        self.out, to_write = os.pipe()
        self.profile = tempfile.TemporaryDirectory()
        # It reads from 3 and writes to 4.
        spare = [os.dup(to_read), os.dup(to_write)]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{spare[0]} 4>&{spare[1]}; exec chromium "$@"', "chromium", "--headless=new", "--no-sandbox",
             "--disable-gpu", "--no-first-run", f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe",
             "--window-size=1400,1000", *options, "about:blank"], pass_fds=spare, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for one in (to_read, to_write, *spare):
            os.close(one)
        self.number, self.bytes, self.events = 0, b"", []

    def hear(self, seconds):
        """The next message; None: there was none in that time."""
        os.set_blocking(self.out, False)
        end = time.monotonic() + seconds
        while b"\0" not in self.bytes:
            try:
                got = os.read(self.out, 1 << 20)
                if not got:
                    raise SystemExit("chromium has ended")
                self.bytes += got
            except BlockingIOError:
                if time.monotonic() > end:
                    return None
                time.sleep(0.01)
        message, self.bytes = self.bytes.split(b"\0", 1)
        return json.loads(message)

    def wait(self, seconds):
        """Keeps what it tells for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.hear(end - time.monotonic())
            if message and "method" in message:
                self.events.append(message)

    def ask(self, method, session=None, **parameters):
        """Calls a method. Returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self.hear(30)
            if heard is None:
                raise SystemExit(f"chromium does not answer {method}")
            if heard.get("id") == self.number:
                if "error" in heard:
                    raise SystemExit(f"{method}: {heard['error']}")
                return heard["result"]
            if "method" in heard:
                self.events.append(heard)


def main():
    """See above."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    url, picture, seconds = words[0], words[1], float(words[2]) if len(words) > 2 else 3
    browser = Browser()
    page = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
    for domain in ("Runtime", "Log", "Page", "Network"):
        browser.ask(f"{domain}.enable", session)
    if "--no-script" in sys.argv:
        browser.ask("Emulation.setScriptExecutionDisabled", session, value=True)
    if "--dark" in sys.argv:
        browser.ask("Emulation.setEmulatedMedia", session, features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.ask("Page.navigate", session, url=url)
    browser.wait(1)

    def value(expression):
        """What an expression is on the page."""
        return browser.ask("Runtime.evaluate", session, expression=expression, returnByValue=True)["result"].get("value")

    first = value("document.body.innerText")
    value("window.seen = 0; new MutationObserver(() => window.seen++).observe(document.getElementById('now'), {childList: true}); 0")
    browser.wait(seconds)
    said = [event["params"] for event in browser.events if event.get("sessionId") == session
            and (event["method"] == "Runtime.exceptionThrown"
                 or event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in ("error", "warning")
                 or event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning"))]
    asked = sorted({event["params"]["request"]["url"] for event in browser.events
                    if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == session})
    result = {"title": value("document.title"), "first": first, "text": value("document.body.innerText"), "changes": value("window.seen"),
              "said": said, "asked": asked, "background": value("getComputedStyle(document.body).backgroundColor")}
    with open(picture, "wb") as file:
        file.write(base64.b64decode(browser.ask("Page.captureScreenshot", session, format="png")["data"]))
    print(json.dumps(result))
    browser.process.kill()
    browser.process.wait()


main()
