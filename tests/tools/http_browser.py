#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The page of a real server in a real browser: it draws, shows strangers' texts as texts, and verifies.

    http_browser.py --server build/brine-server [--screenshot page.png]

Needs Debian's chromium: `make test-browser` installs it.
"""
import argparse
import base64
import datetime
import os
import pickle
import subprocess
import sys
import tempfile
import threading

import redis

import browser
import serving
from outcome import Outcome

SCRIPT = "<script>document.title='run'</script>"
IMAGE = "<img src=x onerror=\"document.title='run'\">"
POISON = pickle.dumps(os.system, 4)[:-1] + b"\x8c\x02id\x85R."
# A class whose name is markup, which a server in learn mode lets in and lists.
MARKUP = b"\x80\x04\x8c\x04shop\x8c\x0b<b>Cart</b>\x93)\x81."
PASSWORD = "sesame"

OUTCOME = Outcome()
check = OUTCOME.check


class Load(threading.Thread):
    """Clients that store, read and miss, so that there is something to draw."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.over = redis.Redis(port=port, client_name="shop"), threading.Event()

    def run(self):
        number = 0
        while not self.over.wait(0.005):  # a pace: some hundred pipelines a second
            number += 1
            pipeline = self.client.pipeline(transaction=False)
            for i in range(20):
                key = f"cart:{number * 7919 * (i + 1) % 3000}"
                pipeline.set(key, pickle.dumps({"user": i, "at": datetime.datetime(2026, 11, 23), "items": [i] * i}),
                             px=4000)
                pipeline.get(f"cart:{number * 104729 * (i + 3) % 3600}")
            pipeline.execute()
            if number % 40 == 0:
                poison(self.client, f"session:{number}")

    def stop(self):
        self.over.set()
        self.join()


def poison(client, key):
    try:
        client.set(key, POISON)
    except redis.ResponseError:
        return True
    return False


def store_values(client):
    client.set("greeting", "hello")
    client.set("counter", 3)
    client.set(SCRIPT, pickle.dumps(datetime.date(2026, 11, 23)))
    client.set("markup", MARKUP)
    client.set("set", pickle.dumps({1, 2, 3}))
    client.set("tuple", pickle.dumps((1, "two", 3.0)))
    check(poison(client, SCRIPT), "a poisoned pickle is refused")
    check(poison(client, IMAGE), "and another")


def check_tables(page):
    check(page.wait("document.querySelectorAll('#types tbody tr').length > 3"), "types are listed")
    check(page.wait(f"document.querySelector('#refusals').textContent.includes({IMAGE!r})"),
          "the key with markup is shown as it is written")
    check(SCRIPT in page.value("document.querySelector('#refusals').textContent"), "so is the one with a script")
    check("os.system" in page.value("document.querySelector('#refusals').textContent")
          or "posix.system" in page.value("document.querySelector('#refusals').textContent"),
          "the refusal names what was found")
    check("shop.<b>Cart</b>" in page.value("document.querySelector('#globals').textContent"),
          "a global whose name is markup is shown as it is written")
    check(page.value("document.querySelectorAll('td *, img, b.x, #globals b').length") == 0, "no cell holds an element")
    check(page.value("document.title") != "run", "nothing of it ran")


def check_plots(page):
    drawn = "[...document.querySelectorAll('#plots svg')].every(each => /M[^L]+L/.test(each.querySelector('path:not(.area)').getAttribute('d')))"
    check(page.wait(drawn), "every plot has a line of two points at least")
    check(page.value("document.querySelectorAll('#plots figure').length") == 6, "there are six plots")
    legend = page.value("document.querySelector('#plot-commands figcaption').textContent")
    check("/s" in legend and "–" not in legend, f"the commands a second are told: {legend}")


def submit(page, condition):
    page.value("document.getElementById('verdict').hidden = true")
    page.value("document.querySelector('#verify button').click()")
    return page.wait(f"!document.getElementById('verdict').hidden && ({condition})")


def check_box(page, folder):
    line = "document.getElementById('verdict-line').textContent"
    for form in (base64.b64encode(POISON).decode(), repr(POISON)):
        page.value(f"document.getElementById('pickle').value = {form!r}" if "\\" not in form
                   else f"document.getElementById('pickle').value = String.raw`{form}`")
        check(submit(page, f"{line}.startsWith('PICKLEDENIED')"), f"pasted as {form[:12]}... it is refused")
    check("STACK_GLOBAL" in page.value("document.getElementById('disassembly').textContent"), "it is disassembled")
    check("system('id')" in page.value("document.getElementById('view').textContent"), "it is viewed")
    path = os.path.join(folder, "value.pickle")
    with open(path, "wb") as file:
        file.write(pickle.dumps({"<script>": [1, 2, SCRIPT]}))
    page.value("document.getElementById('pickle').value = ''")
    page.choose_file("#file", path)
    check(submit(page, f"{line}.startsWith('admit')"), "a file is judged")
    check(SCRIPT in page.value("document.getElementById('view').textContent"), "a string with markup is viewed as text")
    check(page.value("document.querySelectorAll('#verdict script').length") == 0, "and not as an element")


def check_policy(page, origin):
    """That nothing was stopped says something only where something would be."""
    check(page.value("window.violations.length") == 0, f"no violation: {page.value('window.violations')}")
    check(page.complaints == [], f"no complaint of the browser: {page.complaints}")
    outside = [url for url in page.requests if not url.startswith(origin)]
    check(outside == [], f"nothing is asked of others: {outside}")
    page.value("document.body.setAttribute('style', 'opacity: 0.5')")
    check(page.wait("window.violations.length > 0"), "an inline style is stopped by the policy")
    handler = page.value("(() => { try { document.body.setAttribute('onclick', 'document.title=\"run\"'); }"
                         " catch (error) { return 'stopped'; } document.body.click(); return document.title; })()")
    check(handler != "run", "an inline handler is stopped")
    stopped = page.value("(() => { try { document.body.insertAdjacentHTML('beforeend', '<i>x</i>'); return false; }"
                         " catch (error) { return error instanceof TypeError; } })()")
    check(stopped, "markup from a string is stopped by Trusted Types")


def check_other_site(server_url):
    """A page of another site, in the same browser, can neither read nor post."""
    with browser.Browser() as other:
        page = other.open("data:text/html,<title>other</title>")
        for options in ("{}", "{method: 'POST', body: 'x', headers: {'Content-Type': 'application/octet-stream'}}",
                        "{method: 'POST', body: 'x'}"):
            answer = page.value(f"fetch('{server_url}verify', {options}).then(() => 'read', () => 'refused')")
            check(answer == "refused", f"another site's fetch({options}) is refused")


def served(arguments, *flags):
    folder = tempfile.TemporaryDirectory(prefix="brine-page-")
    port, http_port = serving.free_port(), serving.free_port()
    process = serving.Process([arguments.server, f"--server.port={port}", f"--http.listen=127.0.0.1:{http_port}",
                               f"--snapshot.dir={folder.name}", *flags],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check(process.ready(), "the server starts")
    return process, port, f"http://127.0.0.1:{http_port}/", folder


def look(arguments):
    process, port, url, folder = served(arguments, "--gate.mode=learn", "--memory.max=64mb")
    store_values(redis.Redis(port=port))
    load = Load(port)
    load.start()
    with browser.Browser() as chromium:
        page = chromium.open(url)
        check(page.wait("document.getElementById('state').textContent.includes('ready')"), "the page says what it is")
        check_plots(page)
        check_tables(page)
        if arguments.screenshot:
            take_screenshot(page, arguments)
        check_box(page, folder.name)
        check_policy(page, url)
        load.stop()
        process.terminate()
        check(page.wait("document.getElementById('state').className === 'lost'"), "a server that is gone is told of")
    check(process.wait(serving.DEADLINE_S) == 0, "the server ends in order")
    folder.cleanup()


def take_screenshot(page, arguments):
    rows = "document.querySelector('#plot-commands path:not(.area)').getAttribute('d').split('L').length"
    page.value("document.querySelector('button[data-span=\"300\"]').click()")
    while page.value(rows) < arguments.points:
        page.wait(f"{rows} >= {arguments.points}")
    page.screenshot(arguments.screenshot)


def look_with_password(arguments):
    process, _, url, folder = served(arguments, f"--http.password={PASSWORD}")
    with browser.Browser() as chromium:
        page = chromium.open(url)
        check(page.value("document.getElementById('state')") is None, "without the password there is no page")
        page = chromium.open(url, "admin", PASSWORD)
        check(page.wait("document.getElementById('state').textContent.includes('ready')"), "with it there is")
    check_other_site(url)
    process.terminate()
    check(process.wait(serving.DEADLINE_S) == 0, "the server ends in order")
    folder.cleanup()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--screenshot")
    parser.add_argument("--points", type=int, default=40, help="samples that the screenshot waits for")
    arguments = parser.parse_args()
    if not browser.installed():
        sys.exit("chromium is not installed")
    look(arguments)
    look_with_password(arguments)
    sys.exit(OUTCOME.finish())


if __name__ == "__main__":
    main()
