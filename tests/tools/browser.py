# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that a test drives, over a pipe: the DevTools protocol without a library.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:9121/")
        page.wait("document.querySelectorAll('#types td').length > 1")
        page.value("document.title")
        page.screenshot("page.png")
        page.complaints      violations of the page's policy, errors, dialogs: what a test wants empty
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

DEADLINE_S = 60
# Notes what the policy stopped before any script of the page runs.
WITNESS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    event => window.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


def installed():
    return shutil.which("chromium")


class Browser:
    def __init__(self, width=1180, height=1150):
        self.profile = tempfile.TemporaryDirectory(prefix="brine-browser-", ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place():  # the protocol is spoken over descriptors 3 and 4
            first, second = os.dup(to_read), os.dup(to_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            [installed(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", "--disable-background-networking",
             f"--window-size={width},{height}", f"--user-data-dir={self.profile.name}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.pending = 0, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to)
        os.close(self.back)
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        self.profile.cleanup()

    def read(self, until):
        """One message, or None when the time is over."""
        while b"\0" not in self.pending:
            if not select.select([self.back], [], [], max(0, until - time.monotonic()))[0]:
                return None
            more = os.read(self.back, 1 << 20)
            if not more:
                raise RuntimeError("the browser ended")
            self.pending += more
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, page=None, **parameters):
        self.number += 1
        number = self.number
        request = {"id": number, "method": method, "params": parameters}
        if page:
            request["sessionId"] = page.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.monotonic() + DEADLINE_S
        while True:
            message = self.read(until)
            if message is None:
                raise RuntimeError(f"{method}: no answer")
            if page and "method" in message:
                page.note(message)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url, user=None, password=None):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, url, user, password)


class Page:
    def __init__(self, browser, session, url, user, password):
        self.browser, self.session, self.complaints, self.requests = browser, session, [], []
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.ask(domain + ".enable")
        if password is not None:
            token = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.ask("Network.setExtraHTTPHeaders", headers={"Authorization": "Basic " + token})
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=WITNESS)
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def ask(self, method, **parameters):
        return self.browser.ask(method, self, **parameters)

    def note(self, message):
        method, parameters = message["method"], message.get("params", {})
        if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["source"] + ": " + parameters["entry"]["text"])
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"])[:400])
        if method == "Page.javascriptDialogOpening":
            self.complaints.append("dialog: " + parameters["message"])
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression):
        """True when the expression becomes true in time: asked again at each frame, by the page itself."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            try:
                if self.value(f"new Promise(done => {{ const end = Date.now() + 2000; (function look() {{"
                              f" if ({expression}) done(true); else if (Date.now() > end) done(false);"
                              f" else setTimeout(look, 50); }})(); }})"):
                    return True
            except RuntimeError:  # the page was replaced meanwhile
                pass
        return False

    def choose_file(self, selector, path):
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", files=[path], nodeId=node)

    def screenshot(self, path):
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
