"""The web console in Debian's Chromium: every page, without a mouse, at the width of a phone, under the policy for contents, and how large
and how fast the first view is. With MTC_PICTURES=DIR the pictures of docs/user/console.md are written there (scripts/console-pictures)."""
import os

import pytest
from lablib import lab as L
from lablib import proc
from support import browser as B
from support import console as C

pytestmark = [pytest.mark.once, pytest.mark.skipif(not B.there(), reason="no chromium")]
VIEW_OCTETS, VIEW_S = 100 * 1000, 0.2
EVIL = "<img src=x onerror=alert(1)>"  # where text of others is shown


@pytest.fixture(scope="module")
def world(labs):
    p = labs.up(console=True, iwf_more="audit: { enabled: yes, key: audit.key, interval: 1s }\n")
    yield p
    wrong = labs.down(p)
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def busy(world):
    """A gateway with something to see: accepted, refused, waiting, connected."""
    p = world
    p.listen("acme")
    p.listen("beta")
    for n in range(1, 4):
        assert p.trigger("acme", device=f"meter-{n}@a.example", port=16001, reference=100 + n, wait=proc.HANG_S).code == 0
    for n in range(3):
        p.trigger("acme", device=f"meter-{n + 5}@b.example", port=16001, reference=200 + n)
    p.trigger("beta", device="nobody@b.example", port=16001, reference=300)
    p.ue("absent", L.imsi(9))
    p.trigger("acme", device="meter-9@a.example", port=16001, reference=109, validity=3600)
    return p


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    b = B.Browser(str(tmp_path_factory.mktemp("chromium")))
    yield b
    b.end()


def link(p):
    code, row, err = C.link(p.program("mtcctl"), p.lab["console"]["login"])
    assert code == 0, err
    return row["link"]


@pytest.fixture(scope="module")
def page(busy, chromium):
    """Logged in; the address of a page is its name behind this."""
    url = link(busy)
    chromium.requests()
    chromium.open(url)
    chromium.wait_text("Requests per second", "hss", "smssc")
    return url.split("#", maxsplit=1)[0] + "#/"


def go(chromium, page, name, *parts):
    chromium.open(page + name)
    return chromium.wait_text(*parts, css="main")


def picture(chromium, name):
    folder = os.environ.get("MTC_PICTURES")
    if folder:
        chromium.picture(os.path.join(folder, f"console-{name}.png"))


def test_the_first_view_is_small_and_all_of_it_ours(chromium, page):
    requests = [(url, size) for url, size in chromium.requests() if not url.startswith(("chrome:", "data:"))]
    own = page.split("#", maxsplit=1)[0]
    assert requests and all(url.startswith(own) for url, _ in requests), requests
    first = requests[:1 + next(i for i, (url, _) in enumerate(requests) if "decisions.search" in url)]
    total = sum(size for _, size in first)
    print(f"the first view: {total} bytes in {len(first)} requests")
    assert {"", "console.js", "pages.js", "console.css"} <= {url[len(own):] for url, _ in first} and total < VIEW_OCTETS, first
    assert "#" not in chromium.url() or len(chromium.url().split("#")[1]) != 64  # the link is out of the address


def test_the_first_view_is_fast(world, chromium, page):
    """What a view costs the console and the core together, as time of a processor, which others on the machine do not change. How long it
    takes until the overview is drawn, by the browser's own clock, is printed."""
    pids, views = [world.lab["console"]["pid"], world.lab["iwf"]["pids"]["core"]], 5
    times, before = [], sum(proc.cpu_s(pid) for pid in pids)
    go(chromium, page, "overview", "hss")
    for _ in range(views):
        chromium.do("POST", "/refresh")
        chromium.wait_text("Requests per second", "hss")
        times.append(chromium.js("return performance.getEntriesByName('view')[0].startTime") / 1000)
    cost = (sum(proc.cpu_s(pid) for pid in pids) - before) / views
    print(f"the first view: {cost:.3f} s of a processor; drawn after {sorted(round(t, 3) for t in times)} s")
    assert cost < VIEW_S


def test_the_overview_follows_the_gateway(busy, chromium, page):
    go(chromium, page, "overview", "✓ healthy", "no-association", "acme", "beta", "✓ open")
    for n in range(10 if os.environ.get("MTC_PICTURES") else 0):  # something for the curve
        busy.trigger("acme", device=f"meter-{n + 20}@a.example", port=16001, reference=500 + n, wait=proc.HANG_S)
        busy.trigger("acme", device="meter-5@b.example", port=16001, reference=600 + n)
    picture(chromium, "overview")
    busy.ctl("peers", "stop", "hss")
    chromium.wait_text("stopped", "The gateway does not work as it should", css="main")
    busy.ctl("peers", "start", "hss")
    chromium.wait("all is well again", lambda: "should" not in chromium.text("main") and "✓ healthy" in chromium.text("main"))


def test_an_scs_with_its_rights_and_its_rules(chromium, page):
    go(chromium, page, "scs", "acme", "beta", "gamma")
    chromium.type("input[name=find]", "scs.beta")
    chromium.wait("the list is filtered", lambda: "acme" not in chromium.text("main table") and "beta" in chromium.text("main table"))
    go(chromium, page, "scs/acme", "*@a.example", "allow", "trigger, recall, replace", "payload_max")
    picture(chromium, "scs")


def test_may_it_trigger_and_why(chromium, page):
    go(chromium, page, "check", "Device")
    chromium.type("input[name=scs]", "acme")
    chromium.type("input[name=device]", "meter-7@b.example")
    chromium.click("main form button")
    chromium.wait_text("No: acme may not trigger meter-7@b.example", "no-association", "add the rule: allow acme meter-7@b.example", css="main")
    picture(chromium, "check")
    chromium.type("input[name=device]", "meter-7@a.example")
    chromium.click("input[name=ask_hss]")
    chromium.click("main form button")
    chromium.wait_text("Yes: acme may trigger meter-7@a.example", "allows it", css="main")
    chromium.type("input[name=device]", "*")
    chromium.click("main form button")
    chromium.wait("words of the gateway", lambda: chromium.text("#notice"))


def test_the_history_of_a_trigger(chromium, page):
    go(chromium, page, "triggers", "acme 109")
    go(chromium, page, "triggers/acme/101", "What happened", "Trigger 101 of acme for meter-1@a.example", "after")
    assert chromium.js("return document.querySelectorAll('ol.time li').length") >= 4
    picture(chromium, "trigger")
    go(chromium, page, "triggers/acme/4000000000", "Nothing can be shown")


def test_the_search_in_decisions(chromium, page):
    go(chromium, page, "decisions", "accepted", "refused")
    chromium.choose("select[name=verdict]", "refused")
    chromium.type("input[name=scs]", "acme")
    chromium.click("main form button")
    chromium.wait("only refusals of acme", lambda: "accepted" not in chromium.text("main tbody") and "beta" not in chromium.text("main tbody")
                  and "no-association" in chromium.text("main tbody"))
    picture(chromium, "decisions")


def test_the_search_in_the_audit(chromium, page):
    go(chromium, page, "audit", "records; the first")
    chromium.choose("select[name=verdict]", "refused")
    chromium.type("input[name=reference]", "201")
    chromium.click("main form button")
    chromium.wait("only the one refusal", lambda: chromium.js("return document.querySelectorAll('main tbody tr').length") == 1
                  and "201" in chromium.text("main tbody"))

    def sealed():
        chromium.click("main form button")
        return "✓ yes" in chromium.text("main tbody")
    chromium.wait("it is sealed", sealed)
    chromium.js("document.querySelector('input[name=until]').value = '2001-01-01T00:00'")
    chromium.click("main form button")
    chromium.wait_text("No record matches.", css="main")
    chromium.type("input[name=reference]", "")
    chromium.choose("select[name=verdict]", "")
    chromium.js("document.querySelector('input[name=until]').value = ''")
    chromium.click("main form button")
    chromium.wait("all decisions", lambda: chromium.js("return document.querySelectorAll('main tbody tr').length") > 5)
    assert "audit: seal" not in chromium.text("main tbody")
    picture(chromium, "audit")
    chromium.click("input[name=own]")
    chromium.click("main form button")
    chromium.wait_text("audit: seal", css="main")


def test_an_import_with_a_dry_run(busy, chromium, page, tmp_path):
    rules = tmp_path / "rules.csv"
    rules.write_text("who,device,effect\n" + "".join(f"acme,new-{n}@a.example,allow\n" for n in range(200)))
    go(chromium, page, "imports", "No import was made here")
    chromium.choose("select[name=kind]", "assoc")
    chromium.file("input[name=file]", str(rules))
    chromium.click("input[name=dry_run]")
    chromium.click("main form button")
    chromium.wait_text("dry run, nothing was changed", "added 200", css="main")
    picture(chromium, "imports")
    chromium.click("input[name=dry_run]")
    chromium.click("main form button")
    chromium.wait_text("assoc import of root: done", css="main")
    assert len([r for r in busy.ctl("assoc", "list", "--scs", "acme") if "new-" in r.get("device", "")]) == 200
    go(chromium, page, "overview", "healthy")
    go(chromium, page, "imports", "rules.csv", "Undo the last import")
    chromium.click("main > button")
    chromium.wait("the question", lambda: chromium.js("return document.getElementById('ask').open"))
    chromium.click("#ask-yes")
    chromium.wait_text("The state before it is restored", css="#notice")
    assert not [r for r in busy.ctl("assoc", "list", "--scs", "acme") if "new-" in r.get("device", "")]


def tab_to(chromium, text, most=60):
    for _ in range(most):
        chromium.press("tab")
        if chromium.focused() == text:
            return
    pytest.fail(f"no key reaches '{text}'; last: '{chromium.focused()}'")


def test_a_peer_is_stopped_and_started_with_the_keyboard_alone(busy, chromium, page):
    go(chromium, page, "overview", "healthy")
    chromium.js("document.activeElement.blur()")
    tab_to(chromium, "Peers")
    chromium.press("enter")
    chromium.wait_text("Stop hss", css="main")
    tab_to(chromium, "Stop smssc")
    chromium.press("enter")
    chromium.wait("the question", lambda: chromium.js("return document.getElementById('ask').open"))
    chromium.press("escape")  # is a no
    chromium.wait("the question is gone", lambda: not chromium.js("return document.getElementById('ask').open"))
    assert all(r["state"] == "open" for r in busy.ctl("peers") if "state" in r)
    tab_to(chromium, "Stop smssc")
    chromium.press("enter")
    chromium.wait("the question", lambda: chromium.js("return document.getElementById('ask').open"))
    tab_to(chromium, "Yes", 4)
    chromium.press("enter")
    chromium.wait_text("Start smssc", css="main")
    picture(chromium, "peers")
    tab_to(chromium, "Start smssc")
    chromium.press("enter")
    chromium.wait("the question", lambda: chromium.js("return document.getElementById('ask').open"))
    tab_to(chromium, "Yes", 4)
    chromium.press("enter")
    chromium.wait_text("Stop smssc", css="main")
    line = busy.decisions(action="provisioning", rule='peers.stop {"name":"smssc"}')[-1]
    assert line["address"].startswith("root by the console")


def test_a_page_follows_while_a_key_is_pressed(chromium, page):
    """A page that is drawn anew does not take the focus from whoever uses it."""
    go(chromium, page, "peers", "Stop hss")
    tab_to(chromium, "Stop hss")
    drawn = chromium.js("return window.drawn")
    chromium.wait("it was drawn anew", lambda: chromium.js("return window.drawn") >= drawn + 2)
    assert chromium.focused() == "Stop hss"


def test_labels_and_landmarks(chromium, page):
    for name in ("overview", "scs", "scs/acme", "check", "triggers", "triggers/acme/101", "decisions", "audit", "imports", "peers"):
        chromium.open(page + name)
        chromium.wait(f"{name} is drawn", lambda: chromium.js("return document.querySelector('main h2') && document.querySelectorAll('main *').length > 5"))
        wrong = chromium.js("""
            const bad = [];
            for (const i of document.querySelectorAll('main input, main select')) if (!i.labels || !i.labels.length) bad.push('no label: ' + i.name);
            for (const t of document.querySelectorAll('main table')) if (!t.caption || !t.querySelector('th[scope]')) bad.push('table without caption or heads');
            for (const b of document.querySelectorAll('button')) if (!b.innerText.trim() && !b.hidden && !b.closest('dialog')) bad.push('empty button');
            for (const s of document.querySelectorAll('main svg')) if (!s.getAttribute('aria-label')) bad.push('svg without words');
            if (document.querySelectorAll('nav [aria-current=page]').length !== 1) bad.push('no current page');
            if (document.querySelectorAll('h1').length !== 1 || !document.documentElement.lang) bad.push('heading or language');
            return bad""")
        assert not wrong, (name, wrong)


def test_at_the_width_of_a_phone_nothing_is_cut_off(chromium, page):
    chromium.size(360, 740)
    try:
        for name, words in (("overview", "Refusals"), ("scs", "acme"), ("scs/acme", "*@a.example"), ("check/acme/meter-7%40b.example", "No: acme"),
                            ("triggers/acme/101", "What happened"), ("decisions", "accepted"), ("audit", "records; the first"), ("imports", "Kind"), ("peers", "Stop hss")):
            go(chromium, page, name, words)
            width, inner = chromium.js("return [document.documentElement.scrollWidth, window.innerWidth]")
            assert width <= inner == 360, (name, width, inner)
            if name == "overview":
                picture(chromium, "phone-overview")
    finally:
        chromium.size(1200, 900)


def test_text_of_others_is_text(busy, chromium, page):
    """Names and words of SCSs and operators that are markup, in every place where they are shown."""
    busy.trigger("acme", device="a%3cb%3e@a.example", port=16001, reference=400)
    chromium.open(page + "check/" + EVIL.replace("/", "") + "/x")
    chromium.wait("an answer", lambda: chromium.text("#notice"))
    chromium.open(page + "decisions/scs/" + EVIL)
    chromium.wait_text("Nothing that is kept matches", css="main")
    chromium.open(page + "triggers/" + EVIL + "/1")
    chromium.wait("an answer", lambda: chromium.text("#notice"))
    assert chromium.js("return document.querySelectorAll('main img').length") == 0


def test_the_policy_allows_nothing_that_is_not_ours(chromium, page):
    go(chromium, page, "overview", "healthy")
    assert not [m for m in chromium.complaints() if "status of 40" not in m]  # a refusal that a page shows is one of these, too
    ran = chromium.js("""
        window.ran = false;
        const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s);
        const i = document.createElement('img'); i.src = 'http://127.0.0.1:1/x.png'; document.body.append(i);
        s.remove(); i.remove();
        return window.ran""")
    assert ran is False
    assert chromium.wait("the policy refuses", lambda: [m for m in chromium.complaints() if "Content Security Policy" in m])


def test_log_out_ends_it_in_every_tab(busy, chromium, page):
    go(chromium, page, "overview", "healthy")
    chromium.click("#logout")
    chromium.wait_text("You are logged out", "mtcctl console", css="main")
    chromium.open(page + "peers")
    chromium.wait_text("mtcctl console", css="main")
    chromium.open(link(busy))
    chromium.wait_text("healthy", css="main")
    busy.ctl("health")
    used = link(busy)
    chromium.open(used)
    chromium.wait_text("healthy", css="main")
    chromium.open("about:blank")
    chromium.open(used)  # the same link again
    chromium.wait_text("this link was used before", css="main")
    assert proc.alive({"pid": busy.lab["console"]["pid"], "started": proc.start_time(busy.lab["console"]["pid"])})
