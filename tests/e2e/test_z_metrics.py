"""The last act: metrics. What a scrape tells is what happened, in a text that Prometheus takes; who does not scrape as it should keeps
nobody else out; a thousand SCSs are quick to tell."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest
from conftest import ROOT
from lablib import lab as L
from lablib import proc
from lablib.ports import hold_ports
from support import diameter as D
from support.pace import Watch
from support.tsp import Scs, action, request_status

GRAFANA = os.path.join(ROOT, "examples", "grafana")
SAMPLE = re.compile(r'^(mtc_iwf_[a-z0-9_]+)(\{[^}]*\})? (-?[0-9.]+(?:e[+-]?\d+)?)$')
INSIDE = "  - {{ name: inside, zone: internal, protection: none, address: {}, port: {} }}\n"


def up(labs, more="", **changes):
    """A laboratory with metrics; p.metrics is where they are."""
    port = hold_ports(1)[0]
    p = labs.up(iwf_more=f"metrics: {{ enabled: yes, address: {labs.address}, port: {port}, hosts: [ iwf.operator.example ], every: 200ms, wait: 2s, connections: 16 }}\n{more}",
                timers_more=", stats: 100ms", **changes)
    p.metrics = (labs.address, port)
    return p


@pytest.fixture(scope="module")
def told(labs):
    p = up(labs)
    yield p
    with open(p.lab["logs"]["mtc-iwfd"], encoding="utf-8") as f:
        assert "unknown message" not in f.read()
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


def get(p, path="/metrics", method="GET", **headers):
    c = http.client.HTTPConnection(*p.metrics, timeout=proc.HANG_S)
    try:
        c.request(method, path, headers=headers)
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read().decode("ascii")
    finally:
        c.close()


def scrape(p):
    status, headers, text = get(p)
    assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return text


def samples(text):
    """{name with labels: value}; fails on a sample or a head that comes twice, which promtool does not see."""
    found, heads = {}, set()
    for line in text.splitlines():
        if line.startswith("#"):
            head = tuple(line.split(" ", 3)[:3])
            assert head not in heads, head
            heads.add(head)
            continue
        m = SAMPLE.match(line)
        assert m, line
        key = m.group(1) + (m.group(2) or "")
        assert key not in found, key
        found[key] = float(m.group(3))
    return found


def wait_for(p, what, judge, wait_s=proc.HANG_S):
    def there():
        s = samples(scrape(p))
        return s if judge(s) else None
    return proc.wait_until(what, there, wait_s)


def pid_of(p):
    return L.roles(p.lab["iwf"]["pids"]["parent"])["metrics"]


def test_a_scrape_tells_what_happened(told):
    before = samples(scrape(told))
    scs = Scs.opened(told)
    for n in range(5):
        assert request_status(scs.dar(action(device=f"meter-{n + 1}@a.example", reference=31000 + n))) == 0
    assert request_status(scs.dar(action(device="meter-1@b.example", reference=31100))) == 105
    after = wait_for(told, "the requests are told", lambda s: s.get('mtc_iwf_scs_requests_total{scs="acme"}', 0) >= 6)
    assert after['mtc_iwf_scs_accepted_total{scs="acme"}'] == 5
    assert after['mtc_iwf_scs_refused_total{scs="acme",reason="no-association"}'] == 1
    assert after['mtc_iwf_scs_sessions{scs="acme"}'] == 1
    assert after['mtc_iwf_scs_certificate_left_seconds{scs="acme"}'] > 0
    assert after["mtc_iwf_up"] == 1 and after["mtc_iwf_samples_left_out"] == 0 and after["mtc_iwf_snapshots_damaged_total"] == 0
    assert after['mtc_iwf_peer_up{peer="hss"}'] == after['mtc_iwf_peer_up{peer="smssc"}'] == 1
    assert after["mtc_iwf_processes"] == 6 and after["mtc_iwf_edges"] == 2  # parent, core, two edges, keyholder, metrics
    for name, n in (("deciding", 6), ("hss_answering", 5), ("journalling", 5), ("smssc_answering", 5), ("edge_answering", 6), ("edge_screening", 6)):
        counted = wait_for(told, f"{name} is told", lambda s, k=f"mtc_iwf_{name}_seconds_count", n=n: s[k] - before[k] >= n)
        assert counted[f"mtc_iwf_{name}_seconds_count"] - before[f"mtc_iwf_{name}_seconds_count"] == n
        assert counted[f"mtc_iwf_{name}_seconds_sum"] > before[f"mtc_iwf_{name}_seconds_sum"]
    wait_for(told, "the reports are told", lambda s: s["mtc_iwf_reporting_seconds_count"] >= before["mtc_iwf_reporting_seconds_count"] + 5, 60)
    scs.close()


def test_the_numbers_are_those_of_mtcctl(told):
    counters = {row["name"]: row["value"] for row in told.ctl("stats") if "name" in row}
    assert not [name for name in counters if re.search(r"_\d+$", name)], "parts of histograms are for the metrics only"
    s = wait_for(told, "the same", lambda s: s["mtc_iwf_requests_total"] == counters["requests"])
    assert s['mtc_iwf_answers_total{reason="success"}'] == counters["status_success"]
    assert s['mtc_iwf_answers_total{reason="notauthorized"}'] == counters["status_notauthorized"]


def test_promtool_finds_nothing(told):
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape(told), capture_output=True, text=True, timeout=proc.HANG_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_label_is_a_device_or_an_address(told):
    text = scrape(told)
    labels = {m for line in text.splitlines() if not line.startswith("#") for m in re.findall(r'[{,]([a-z]+)=', line)}
    assert labels <= {"scs", "peer", "reason", "le"}, labels
    names = "\n".join(re.sub(r'le="[^"]*"', "", line).rsplit(" ", 1)[0] for line in text.splitlines())  # a value or a bound may have any digits
    assert "meter-" not in names and "@" not in names and "491" not in names


def test_what_is_no_scrape_is_refused(told):
    assert get(told, "/")[0] == get(told, "/metrics/x")[0] == 404
    assert get(told, method="POST")[0] == get(told, method="DELETE")[0] == 405
    status, headers, text = get(told, method="HEAD")
    assert (status, text) == (200, "") and int(headers["Content-Length"]) > 10000
    pid = pid_of(told)
    for rubbish in (b"\0" * 100, b"GET /metrics\r\n\r\n", b"GET " + b"/" * 20000 + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" * 40,
                    b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 4000, b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"):
        with socket.create_connection(told.metrics, proc.HANG_S) as s:
            s.settimeout(proc.HANG_S)
            with contextlib.suppress(OSError):
                s.sendall(rubbish)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
    scrape(told)
    assert pid_of(told) == pid


def test_a_name_that_resolves_to_us_reads_nothing(told):
    """DNS rebinding: the page of evil.example asks evil.example, which is our address now."""
    refusals = samples(scrape(told))["mtc_iwf_scrape_refusals_total"]
    for host in ("evil.example", f"evil.example:{told.metrics[1]}", f"{told.metrics[0]}.evil.example", ""):
        status, _, text = get(told, Host=host)
        assert status in (400, 421) and "mtc_iwf_" not in text, (host, status, text)
    assert "metrics.hosts" in get(told, Host="evil.example")[2]
    for host in ("iwf.operator.example:9868", "localhost", told.metrics[0], "[::1]:9868"):
        assert get(told, Host=host)[0] == 200, host
    wait_for(told, "they are counted", lambda s: s["mtc_iwf_scrape_refusals_total"] - refusals >= 4)


def test_a_thousand_idle_connections_keep_nobody_out(told):
    pid, cuts = pid_of(told), samples(scrape(told))["mtc_iwf_scrape_cuts_total"]
    idle = [socket.create_connection(told.metrics, proc.HANG_S) for _ in range(1000)]
    try:
        after = wait_for(told, "most of them were ended", lambda s: s["mtc_iwf_scrape_cuts_total"] - cuts >= 1000 - 16, 60)
        assert after["mtc_iwf_up"] == 1
    finally:
        for s in idle:
            s.close()
    assert pid_of(told) == pid


def test_half_a_request_is_ended(told):
    pid, cuts = pid_of(told), samples(scrape(told))["mtc_iwf_scrape_cuts_total"]
    half = [socket.create_connection(told.metrics, proc.HANG_S) for _ in range(3)]
    half[0].sendall(b"GET /met")
    half[1].sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
    wait_for(told, "they were ended", lambda s: s["mtc_iwf_scrape_cuts_total"] - cuts >= 3, 60)
    for s in half:
        s.settimeout(proc.HANG_S)
        with contextlib.suppress(ConnectionError):
            assert s.recv(10) == b""
        s.close()
    assert pid_of(told) == pid


def test_a_core_that_is_gone_is_told_as_gone(told):
    pid, core = pid_of(told), told.lab["iwf"]["pids"]["core"]
    os.kill(core, signal.SIGSTOP)
    try:
        s = wait_for(told, "nothing old is told", lambda s: s["mtc_iwf_up"] == 0, 30)
        assert "mtc_iwf_requests_total" not in s and s["mtc_iwf_snapshot_age_seconds"] > 5
    finally:
        os.kill(core, signal.SIGCONT)
    assert wait_for(told, "it is back", lambda s: s["mtc_iwf_up"] == 1, 30)["mtc_iwf_requests_total"] >= 6
    os.kill(pid, signal.SIGKILL)
    proc.wait_until("another process answers", lambda: pid_of(told) not in (None, pid))

    def answers():
        with contextlib.suppress(OSError):
            return samples(scrape(told))["mtc_iwf_up"] == 1
        return False
    proc.wait_until("as the one before", answers)


def test_a_reload_changes_nothing_of_the_metrics_and_says_so(told):
    path, pid = told.lab["iwf"]["config"], pid_of(told)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        proc.write(path, text.replace("every: 200ms, wait: 2s", "every: 300ms, wait: 3s").replace(f"port: {told.metrics[1]}", f"port: {hold_ports(1)[0]}", 1))
        rows = told.ctl("reload", check=False)
        assert rows[-1]["ok"]
        waits = {row["text"].split(":")[0] for row in rows if row.get("kind") == "restart"}
        assert waits == {f"metrics.{key}" for key in ("port", "every", "wait")}, rows
        assert samples(scrape(told))["mtc_iwf_up"] == 1 and pid_of(told) == pid
    finally:
        proc.write(path, text)
        assert told.ctl("reload", check=False)[-1]["ok"]
    assert samples(scrape(told))["mtc_iwf_up"] == 1


def test_it_can_change_nothing(told):
    """The page is mapped for reading only, and its descriptors are no way to write it."""
    pid = pid_of(told)
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        pages = [line.split()[1] for line in f if "mtc-iwf-metrics" in line and "memfd" in line]
    assert pages == ["r--s"], pages
    modes = {}
    for fd, target in proc.descriptors(pid).items():
        if "mtc-iwf-metrics" not in target:
            continue
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
            flags = int(next(line for line in f if line.startswith("flags:")).split()[1], 8)
        modes[target] = flags & os.O_ACCMODE
    assert list(modes.values()) == [os.O_RDONLY]
    rows = {row["process"]: row for row in told.ctl("status")[-1]["sandbox"]}
    assert "metrics" in rows, rows


# -- a thousand SCSs


def stands_still(p):
    """Scrapes that nobody takes, longer than the buffers on the way: they are ended, and keep nobody out."""
    pid, cuts = pid_of(p), samples(scrape(p))["mtc_iwf_scrape_cuts_total"]
    still = []
    for _ in range(16):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.connect(p.metrics)
        s.sendall(f"GET /metrics HTTP/1.1\r\nHost: {p.metrics[0]}\r\n\r\n".encode())
        still.append(s)
    wait_for(p, "they were ended", lambda s: s["mtc_iwf_scrape_cuts_total"] - cuts >= 16, 60)
    for s in still:
        s.close()
    assert pid_of(p) == pid


@pytest.mark.alone
@pytest.mark.once
def test_a_thousand_scss_are_quick_to_tell(labs):
    plain = hold_ports(1)[0]
    p = up(labs, listen_more=INSIDE.format(labs.address, plain))
    try:
        folder = p.lab["dir"]
        path = os.path.join(folder, "scs.jsonl")
        names = [f"scs-{n:04}" for n in range(1000)]
        with open(path, "w", encoding="utf-8") as f:
            for n, name in enumerate(names):
                f.write(json.dumps({"name": name, "e164": f"4918{n:08}", "origin_host": f"{name}.core.operator.example", "realm": L.CORE_REALM,
                                    "anchor": "internal"}) + "\n")
        p.ctl("scs", "import", path)
        peers = []
        for name in names:
            peer = D.Peer.connect(labs.address, plain, f"{name}.core.operator.example", L.CORE_REALM, D.TSP)
            assert peer.open() == 2001
            peers.append(peer)
        wait_for(p, "all are told", lambda s: sum(key.startswith("mtc_iwf_scs_sessions{") for key in s) == 1000, 60)
        times = []
        for _ in range(9):
            watch = Watch()
            text = scrape(p)
            times.append(watch.took())
            time.sleep(0.25)  # the next one is made of another snapshot
        assert len(text) < 1_000_000, len(text)
        assert min(times) < 0.02, times  # of a machine that is loaded: the least is what it takes
        assert samples(text)["mtc_iwf_samples_left_out"] == 0
        stands_still(p)
        for peer in peers:
            peer.sock.close()
    finally:
        labs.down(p)


# -- a real Prometheus


def prometheus(p, folder):
    """Starts it; returns where it listens."""
    port = hold_ports(1)[0]
    conf = proc.write(os.path.join(folder, "prometheus.yml"), f"""global: {{ scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 1s }}
rule_files: [ {json.dumps(os.path.join(GRAFANA, 'mtc-iwf-alerts.yml'))} ]
scrape_configs:
  - job_name: mtc-iwf
    static_configs: [ {{ targets: [ '{p.metrics[0]}:{p.metrics[1]}' ] }} ]
""")
    at = (p.metrics[0], port)
    p.start("prometheus", ["prometheus", f"--config.file={conf}", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={at[0]}:{at[1]}"])

    def ready():
        with contextlib.suppress(OSError):
            return api(at, "/-/ready", raw=True)[0] == 200
        return False
    proc.wait_until("Prometheus is ready", ready)
    return at


def api(at, path, raw=False, **query):
    c = http.client.HTTPConnection(*at, timeout=proc.HANG_S)
    try:
        c.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))
        r = c.getresponse()
        body = r.read().decode()
    finally:
        c.close()
    if raw:
        return r.status, body
    answer = json.loads(body)
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def legend(target, metric):
    return re.sub(r"\{\{(\w+)\}\}", lambda m: metric.get(m.group(1), ""), target["legendFormat"])


def panels_of(at, begin, end):
    """{title: [[legend, [[seconds, value], ...]], ...]} of every query of the dashboard; each has an answer with a number."""
    with open(os.path.join(GRAFANA, "mtc-iwf-dashboard.json"), encoding="utf-8") as f:
        rows = json.load(f)["panels"]
    found = {}
    for row in rows:
        for target in row["targets"]:
            expr = target["expr"].replace("$__rate_interval", "5s")
            result = api(at, "/api/v1/query_range", query=expr, start=begin, end=end, step=0.5)
            points = [[legend(target, r["metric"]), [[float(t), float(v)] for t, v in r["values"]]] for r in result]
            assert any(v == v for _, values in points for _, v in values), (row["title"], expr)
            found.setdefault(row["title"], []).extend(points)
    return found


def load(p, seconds):
    """Triggers of two SCSs, one in ten refused."""
    end, n = time.monotonic() + seconds, 0
    acme, beta = Scs.opened(p), Scs.opened(p, "beta")
    while time.monotonic() < end:
        n += 1
        acme.dar(action(device=f"meter-{n % 500 + 1}@{'b' if n % 10 == 0 else 'a'}.example", reference=40000 + n))
        if n % 3 == 0:
            beta.dar(action(device=f"meter-{n % 400 + 501}@{'a' if n % 15 == 0 else 'b'}.example", reference=40000 + n))
    acme.close()
    beta.close()
    return n


@pytest.mark.once
def test_prometheus_scrapes_and_the_dashboard_has_answers(labs, tmp_path):
    p = up(labs, more=f"audit: {{ enabled: yes, key: {json.dumps(str(tmp_path / 'audit.key'))}, interval: 1s }}\n")
    try:
        at = prometheus(p, str(tmp_path))
        began = time.time()
        n = load(p, 12)
        proc.wait_until("the last request is scraped", lambda: any(float(r["value"][1]) >= n for r in api(at, "/api/v1/query", query='mtc_iwf_scs_requests_total{scs="acme"}')))
        assert [r["value"][1] for r in api(at, "/api/v1/query", query='up{job="mtc-iwf"}')] == ["1"]
        rules = json.loads(api(at, "/api/v1/rules", raw=True)[1])["data"]["groups"][0]["rules"]
        assert len(rules) >= 15 and {r["health"] for r in rules} <= {"ok", "unknown"}
        firing = [r["metric"]["alertname"] for r in api(at, "/api/v1/query", query='ALERTS{alertstate="firing"}')]
        assert set(firing) <= {"MtcIwfNotConfined", "MtcIwfScsCertificateEnds", "MtcIwfCertificateEnds"}, firing
        answers = {"said": "Drawn by scripts/dashboard from the answers of the Prometheus in tests/e2e/test_z_metrics.py: a laboratory under load for 12 s.",
                   "panels": panels_of(at, began, time.time())}
        file, picture = tmp_path / "answers.json", os.path.join(os.environ.get("DASHBOARD", str(tmp_path)), "dashboard.svg")
        file.write_text(json.dumps(answers))
        subprocess.run([os.path.join(ROOT, "scripts", "dashboard"), str(file), picture], check=True, timeout=proc.HANG_S)
        with open(picture, encoding="utf-8") as f:
            drawn = f.read()
        assert drawn.count("<polyline") >= sum(1 for found in answers["panels"].values() for _ in found) - 4
    finally:
        labs.down(p)


@pytest.mark.once
def test_the_alert_rules_hold():
    for words in (["check", "rules", "mtc-iwf-alerts.yml"], ["test", "rules", "mtc-iwf-alerts-test.yml"], ["check", "config", "prometheus.yml"]):
        done = subprocess.run(["promtool", *words], cwd=GRAFANA, capture_output=True, text=True, timeout=proc.HANG_S, check=False)
        assert done.returncode == 0 and "FAILED" not in done.stdout + done.stderr, done


@pytest.mark.once
def test_each_metric_of_the_examples_exists():
    """A rule about a metric that nobody tells never fires."""
    with open(os.path.join(ROOT, "src", "metrics", "mtr_rows.h"), encoding="utf-8") as f:
        rows = set(re.findall(r'X\(\w+, "(\w+)"', f.read().replace("\\\n", "")))
    text = ""
    for name in ("mtc-iwf-alerts.yml", "mtc-iwf-dashboard.json"):
        with open(os.path.join(GRAFANA, name), encoding="utf-8") as f:
            text += f.read()
    with open(os.path.join(ROOT, "src", "stats", "st_counters.h"), encoding="utf-8") as f:
        counters = set(re.findall(r'"([a-z0-9_]+)"', f.read()))
    for name in set(re.findall(r"mtc_iwf_(\w+)", text)):
        base = re.sub(r"_seconds(_bucket)?$", "", name)
        assert name in rows or name == "up" or name.removesuffix("_total") in counters or base in counters or base in ("core_loop_turn", "edge_loop_turn"), name
