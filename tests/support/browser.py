"""Debian's Chromium, driven by the WebDriver protocol over plain HTTP: pages as people see them, keys as they type them."""
import base64
import json
import os
import re
import subprocess
import urllib.error
import urllib.request

from lablib import proc

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
KEYS = {"tab": "\ue004", "enter": "\ue007", "space": " ", "escape": "\ue00c"}
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*"]


def there():
    return os.access(CHROMIUM, os.X_OK) and os.access(DRIVER, os.X_OK)


class WebDriverError(Exception):
    pass


class Browser:
    """One browser with a profile of its own below `folder`. end() ends it with all of its processes."""

    def __init__(self, folder, width=1200, height=900):
        self.folder = folder
        os.makedirs(os.path.join(folder, "profile"), exist_ok=True)
        self.port, self.log = 0, os.path.join(folder, "driver.log")
        env = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder)
        with open(self.log, "wb") as log:
            self.driver = subprocess.Popen([DRIVER, "--port=0"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                           start_new_session=True)
        self.session = None
        try:
            proc.wait_until("chromedriver is ready", self.ready)
            options = {"binary": CHROMIUM, "args": [*ARGUMENTS, f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"]}
            value = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
            self.session = f"/session/{value['sessionId']}"
        except BaseException:
            self.end()
            raise

    def ready(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            found = re.search(r"started successfully on port (\d+)", f.read())
        if not found:
            return False
        self.port = int(found.group(1))
        try:
            return self.call("GET", "/status")["ready"]
        except (OSError, WebDriverError):
            return False

    def call(self, method, path, body=None):
        data = None if body is None and method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=proc.HANG_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise WebDriverError(json.load(e)["value"].get("message", "")) from e

    def do(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def end(self):
        if self.session:
            try:
                self.do("DELETE", "")
            except (OSError, WebDriverError):
                pass
        self.driver.terminate()
        self.driver.wait(proc.HANG_S)

    # -- pages

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def url(self):
        return self.do("GET", "/url")

    def js(self, script, *arguments):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, css="body"):
        return self.js("const n = document.querySelector(arguments[0]); return n ? n.innerText : ''", css)

    def wait(self, what, check, wait_s=proc.HANG_S):
        return proc.wait_until(what, check, wait_s)

    def wait_text(self, *parts, css="body"):
        return self.wait(f"the page has {parts}", lambda: all(part in self.text(css) for part in parts) and self.text(css))

    def find(self, css):
        return self.do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.do("POST", f"/element/{self.find(css)}/click")

    def type(self, css, text):
        element = self.find(css)
        self.do("POST", f"/element/{element}/clear")
        self.do("POST", f"/element/{element}/value", {"text": text})

    def file(self, css, path):
        self.do("POST", f"/element/{self.find(css)}/value", {"text": path})

    def choose(self, css, value):
        self.js("const s = document.querySelector(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))", css, value)

    def press(self, *names):
        """Keys as a person without a mouse presses them: at whatever has the focus."""
        actions = [{"type": kind, "value": KEYS.get(name, name)} for name in names for kind in ("keyDown", "keyUp")]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def focused(self):
        return self.js("const a = document.activeElement; return (a.innerText || a.name || a.id || a.tagName).trim()")

    def size(self, width, height):
        """The size of the page itself, as on a phone: a window is never that narrow."""
        self.do("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride",
                                              "params": {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}})

    def picture(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.do("GET", "/screenshot")))

    def complaints(self):
        """What the browser's console says: errors of scripts, refusals by the policy for contents."""
        return [entry["message"] for entry in self.do("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """[(url, octets)] of what the browser fetched since the last look."""
        sizes, urls = {}, {}
        for entry in self.do("POST", "/se/log", {"type": "performance"}):
            m = json.loads(entry["message"])["message"]
            if m["method"] == "Network.requestWillBeSent":
                urls[m["params"]["requestId"]] = m["params"]["request"]["url"]
            elif m["method"] == "Network.loadingFinished":
                sizes[m["params"]["requestId"]] = m["params"]["encodedDataLength"]
        return [(url, sizes.get(number, 0)) for number, url in urls.items()]
