#!/bin/sh
# prometheus-duplicate-samples.sh - promtool and Prometheus say nothing of one series that a page has twice, and keep the first value.
#
# usage: findings/prometheus-duplicate-samples.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 6 s, fetches 70 MB. Needs python3.
#
# Version: Prometheus 2.42.0, package prometheus 2.42.0+ds-5+deb12u1 of Debian 12, with its promtool.
#
# Expected by a careful reader
#   "Each line must have a unique combination of a metric name and labels. Otherwise, the ingestion behavior is undefined" (text format
#   0.0.4). `promtool check metrics` looks for mistakes in such a page, down to the style of names: so it tells of a series that stands there twice.
#   Prometheus has a counter of its own for samples with the same time and different values, and counts there.
#
# Seen, for a page with one series twice, values 1 and 2
#   1. promtool: exit status 0, nothing is printed; for a name that only breaks a rule of style it is 3, with words.
#   2. Prometheus: up is 1, the value is 1, and two samples count as scraped. prometheus_target_scrapes_sample_duplicate_timestamp_total
#      stays 0, and the log has no line of level warn or error.
#
# So a program that writes such a page tests it for series that stand there twice by itself; no tool behind it will.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need python3 timeout
debian prometheus=2.42.0+ds-5+deb12u1

cat >play.py <<'EOF'
import contextlib
import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

PAGE = b"""# HELP sent_total Messages that were sent.
# TYPE sent_total counter
sent_total{peer="a"} 1
sent_total{peer="a"} 2
"""
STYLE = b"# HELP sent Messages that were sent.\n# TYPE sent counter\nsent 1\n"
changed = False


def check(ok, text):
    global changed
    print(f"    {'as described' if ok else 'CHANGED'}: {text}")
    changed = changed or not ok


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def promtool(page):
    done = subprocess.run(["root/usr/bin/promtool", "check", "metrics"], input=page, capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def ask(port, expression):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        c.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return [r["value"][1] for r in json.load(c.getresponse())["data"]["result"]]
    finally:
        c.close()


def main():
    print("1. promtool")
    status, said = promtool(PAGE)
    check(status == 0 and not said, f"a series twice: exit status {status}, {said.strip() or 'nothing printed'}")
    status, said = promtool(STYLE)
    check(status == 3 and "_total" in said, f"a counter without _total: exit status {status}, {said.strip()}")
    print("2. Prometheus")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    with open("prometheus.yml", "w", encoding="ascii") as f:
        f.write("global: { scrape_interval: 250ms, scrape_timeout: 250ms }\nscrape_configs:\n"
                f"  - {{ job_name: page, static_configs: [ {{ targets: [ '127.0.0.1:{server.server_port}' ] }} ] }}\n"
                f"  - {{ job_name: own, static_configs: [ {{ targets: [ '127.0.0.1:{port}' ] }} ] }}\n")
    with open("log", "w", encoding="utf-8") as log:
        p = subprocess.Popen(["root/usr/bin/prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                             stdout=log, stderr=log)
    try:
        count, end = [], time.monotonic() + 40
        while time.monotonic() < end and not (count and float(count[0]) >= 6):
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
                count = ask(port, "sum_over_time(up{job='page'}[1m])")
            time.sleep(0.2)
        if not count:
            with open("log", encoding="utf-8", errors="replace") as f:
                print(f.read()[-1500:])
            print("not run: Prometheus does not start here")
            return 77
        value, up, scraped = ask(port, "sent_total"), ask(port, "up{job='page'}"), ask(port, "scrape_samples_scraped{job='page'}")
        counted = ask(port, "prometheus_target_scrapes_sample_duplicate_timestamp_total")
        check([up, value, scraped] == [["1"], ["1"], ["2"]], f"up {up}, value {value}, samples scraped {scraped}")
        check(counted == ["0"], f"samples counted as duplicates {counted}")
    finally:
        p.terminate()
        try:
            p.wait(15)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        server.shutdown()
    with open("log", encoding="utf-8", errors="replace") as f:
        lines = [line for line in f if ("level=warn" in line or "level=error" in line) and "SIGTERM" not in line]
    check(not lines, f"lines of level warn or error in the log: {len(lines)} {''.join(lines)[:300]}")
    print("the behaviour is another one" if changed else "as described")
    return int(changed)


sys.exit(main())
EOF
timeout 90 python3 -u play.py
