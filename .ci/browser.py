#!/usr/bin/env python3
"""Open the HTML report in a real browser: it asks for nothing, complains of nothing, and everybody can use it.

usage: python3 .ci/browser.py [FOLDER]      screenshots go to FOLDER, where one is named

Speaks the DevTools protocol over a pipe, with Python's standard library alone. Needs `chromium` on PATH and cargo.
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRAST = 4.5  # WCAG 2, level AA
HOSTILE = """\
(a) HTTP Method: GET, Resource Path: /"><script>console.error('owned')</script><img src=x onerror=alert(1)>
(a) Endpoint request URI: https://evil.example/"onmouseover="alert(1)
(a) Execution failed due to configuration error: </pre><script src="https://evil.example/x.js"></script><svg onload=alert(1)>
(a) Method completed with status: 500
(b) Execution failed due to a timeout error <a href="javascript:alert(1)">`code`</a> <style>*{display:none}</style>
"""


def check(true, failure):
    if not true:
        raise AssertionError(failure)


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, home):
        program = shutil.which("chromium")
        check(program, "no chromium on PATH; Debian's package has it: apt-get install --yes chromium")
        (to_browser, self.requests), (answers, from_browser) = os.pipe(), os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                 f"--user-data-dir={home}", "--remote-debugging-pipe", "about:blank"]
        # The protocol's pipes are the browser's files 3 and 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", program, *flags],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.answers = os.fdopen(answers, "rb")
        self.number, self.events, self.session = 0, [], None
        target = next(target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def message(self):
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            check(byte, "the browser ended")
            text += byte
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.requests, json.dumps(request).encode() + b"\0")
        while (answer := self.message()).get("id") != self.number:
            self.events.append(answer)
        check("error" not in answer, f"{method}: {answer.get('error')}")
        return answer["result"]

    def evaluate(self, script):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        check("exceptionDetails" not in answer, f"{script}: {answer}")
        return answer["result"].get("value")

    def open(self, page):
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def look(self, width=1200, scheme="light"):
        """A window of this width and colour scheme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key, code):
        for kind in ("rawKeyDown", "char", "keyUp"):
            text = {"text": "\r"} if kind == "char" and key == "Enter" else {}
            if kind != "char" or text:
                self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, file):
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(b64decode(image["data"]))

    def close(self):
        with contextlib.suppress(OSError):
            self.session = None
            self.call("Browser.close")
        self.process.wait(timeout=30)


def quiet(browser):
    """No complaint, and nothing asked for but the file itself."""
    for event in browser.events:
        method, params = event.get("method"), event.get("params", {})
        check(method not in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded",
                             "Page.javascriptDialogOpening"), f"the page complains: {params}")
        if method == "Network.requestWillBeSent":
            check(params["type"] == "Document" and params["request"]["url"].startswith("file:"),
                  f"the page asks for {params['request']['url']}")


STRUCTURE = """(() => {
  const count = (what) => document.querySelectorAll(what).length;
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => +heading.tagName[1]);
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  return {
    main: count('main'), h1: count('h1'), language: document.documentElement.lang,
    unordered: levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1).length,
    pictures: count('svg'), unnamed: count('svg:not([role=img]):not([aria-hidden]), svg:not([aria-label]):not([aria-labelledby])'),
    nameless: [...document.querySelectorAll('a,button')].filter((element) => !element.textContent.trim()).length,
    twice: ids.length - new Set(ids).size,
    scripts: count('script'), handlers: count('[onclick],[onload],[onerror],[onmouseover]'),
  };
})()"""

REACHABLE = """[...document.querySelectorAll('a[href],button:not([hidden]),summary')]
  .map((element, at) => (element.dataset.place = at, at)).length"""

# The contrast of every text that is shown, against what lies behind it.
FAINT = """(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    if (element.matches('svg .sign')) return getComputedStyle(element.parentElement.querySelector('.mark')).fill;
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor, part = parse(color);
      if (part.length === 3 || part[3] > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  let seen = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest('title,desc,script,style')) continue;
    const color = element.namespaceURI.endsWith('svg') ? getComputedStyle(element).fill : getComputedStyle(element).color;
    const [a, b] = [light(parse(color)), light(parse(behind(element)))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (contrast < LEAST) faint.push([texts.currentNode.data.trim().slice(0, 40), contrast.toFixed(2), color, behind(element)]);
  }
  return { seen, faint };
})()""".replace("LEAST", str(CONTRAST))


def check_structure(browser, incidents):
    found = browser.evaluate(STRUCTURE)
    check(found["main"] == found["h1"] == 1 and found["language"] == "en", found)
    check(found["scripts"] == 1, f"a script that is not ours: {found}")
    for fault in ("unordered", "unnamed", "nameless", "twice", "handlers"):
        check(found[fault] == 0, f"{fault}: {found}")
    check(browser.evaluate("document.querySelectorAll('article').length") == incidents, "an article an incident")


def check_looks(browser):
    for scheme in ("light", "dark"):
        browser.look(scheme=scheme)
        found = browser.evaluate(FAINT)
        check(found["seen"] > 40, f"only {found['seen']} texts were looked at")
        check(not found["faint"], f"{scheme}: contrast below {CONTRAST}: {found['faint']}")
    for width in (360, 768, 1200):
        browser.look(width=width)
        check(browser.evaluate("document.documentElement.scrollWidth") <= width, f"wider than a screen of {width}")
        shown = browser.evaluate("[...document.querySelectorAll('svg.across,svg.down')].filter((p) => p.checkVisibility()).length")
        check(shown <= browser.evaluate("document.querySelectorAll('article').length"), f"{shown} pictures of a path")


def check_keyboard(browser):
    """Tab goes through everything that can be used, in the page's order, and shows where it is."""
    browser.look()
    things = browser.evaluate(REACHABLE)
    check(things > 5, f"only {things} things to use")
    for place in range(things):
        browser.press("Tab", 9)
        at, outlined = browser.evaluate(
            "[document.activeElement.dataset.place, getComputedStyle(document.activeElement).outlineStyle !== 'none']")
        check(at == str(place), f"tab {place} leads to {at}")
        check(outlined, f"{place} does not show that it has the focus")


def check_copying(browser):
    """The first button, pressed from the keyboard, puts its command on the clipboard."""
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    buttons = browser.evaluate("document.querySelectorAll('button:not([hidden])').length")
    check(buttons > 0, "no button")
    for clipboard in ("", "navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));"):
        # Where a page may not write to the clipboard, the old way is tried.
        browser.evaluate("navigator.clipboard.writeText('nothing')")
        browser.evaluate(clipboard + "document.querySelector('button:not([hidden])').focus()")
        browser.press("Enter", 13)
        copied, command, said = browser.evaluate("""new Promise((done) => setTimeout(done, 100)).then(async () => [
            await navigator.clipboard.readText(),
            document.getElementById(document.querySelector('button').dataset.copies).textContent,
            document.getElementById('said').textContent])""")
        check(copied == command and command.startswith("aws "), f"copied {copied!r}, not {command!r}")
        check(said == "Copied.", f"a screen reader hears {said!r}")


def check_without_script(browser, page):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    shown = browser.evaluate("[document.querySelectorAll('pre').length, [...document.querySelectorAll('button')].filter((b) => b.checkVisibility()).length]")
    check(shown[0] > 3 and shown[1] == 0, f"without its script the page shows {shown}")
    quiet(browser)


def report(folder, name, arguments, text=None):
    page = folder / f"{name}.html"
    command = ["cargo", "run", "--quiet", "--locked", "--no-default-features", "--", "explain", "--format", "html",
               "--now", "2026-11-22T14:04:03Z", "--output", page, *arguments]
    ran = subprocess.run(command, cwd=ROOT, input=text, text=True)
    check(ran.returncode == 10, f"vpclink explain ended with {ran.returncode}")
    return page


def main():
    shots = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="report-") as home:
        folder = Path(home)
        event = "events/no-healthy-target.json"
        account = ["--account", "events/no-healthy-target.account.json"]
        pages = {"one": (report(folder, "one", [event, *account]), 1),
                 "two": (report(folder, "two", [event, "events/lambda-throttled.json", *account]), 2),
                 "hostile": (report(folder, "hostile", ["-"], HOSTILE), 2)}
        browser = Browser(folder / "profile")
        try:
            for name, (page, incidents) in pages.items():
                browser.look()
                browser.open(page)
                check_structure(browser, incidents)
                check_looks(browser)
                check_keyboard(browser)
                check_copying(browser)
                quiet(browser)
                if shots:
                    shots.mkdir(parents=True, exist_ok=True)
                    for label, width, scheme in (("light", 1200, "light"), ("dark", 1200, "dark"), ("phone", 390, "light")):
                        browser.look(width, scheme)
                        browser.screenshot(shots / f"{name}-{label}.png")
                check(len(b64decode(browser.call("Page.printToPDF")["data"])) > 10_000, "nothing is printed")
                check_without_script(browser, page)
                print(f"{name}: quiet, legible, reachable by keyboard, copies, prints")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
