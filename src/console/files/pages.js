"use strict";
/* pages.js - one object for each page: what it asks, and what it shows. `live` pages are drawn
 * again while they are open. */

const samples = []; /* of the overview: { at, accepted, refused } */
const SAMPLES_MAX = 90;
const RECENT = 500; /* refusals that are counted by reason */
const SHOWN = 50; /* connections */

function rates(stats) {
	const of = Object.fromEntries(stats.rows.map((r) => [r.name, r.value]));
	const now = { at: performance.now(), accepted: of.decision_accepted || 0, refused: of.decision_refused || 0 };
	const last = samples[samples.length - 1];
	if (last && (now.accepted < last.accepted || now.refused < last.refused)) {
		samples.length = 0; /* the gateway was started again */
	}
	samples.push(now);
	if (samples.length > SAMPLES_MAX) {
		samples.shift();
	}
	return samples.slice(1).map((s, i) => {
		const seconds = Math.max(0.001, (s.at - samples[i].at) / 1000);
		return { accepted: (s.accepted - samples[i].accepted) / seconds, refused: (s.refused - samples[i].refused) / seconds };
	});
}

function curve(list) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	const top = Math.max(1, ...list.map((r) => Math.max(r.accepted, r.refused)));
	svg.setAttribute("viewBox", "0 0 " + (SAMPLES_MAX - 2) + " 40");
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("class", "rate");
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", "requests per second, at most " + top.toFixed(1));
	for (const kind of ["accepted", "refused"]) {
		const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
		line.setAttribute("class", kind);
		line.setAttribute("points", list.map((r, i) => (SAMPLES_MAX - 1 - list.length + i) + "," + (39 - r[kind] / top * 38).toFixed(2)).join(" "));
		svg.append(line);
	}
	return svg;
}

function tile(value, label, kind) {
	return el("li", {}, el("b", { class: kind || null }, value), el("span", {}, label));
}

function byReason(rows) {
	const count = new Map();
	for (const row of rows) {
		count.set(row.reason || "none", (count.get(row.reason || "none") || 0) + 1);
	}
	const list = [...count].sort((a, b) => b[1] - a[1]).slice(0, 8);
	if (!list.length) {
		return el("p", { class: "soft" }, "Nothing was refused lately.");
	}
	return el("div", {}, list.map(([reason, n]) => el("div", { class: "bar" }, link(encode(["decisions", "reason", reason]), reason),
		el("meter", { min: 0, max: list[0][1], value: n, "aria-label": reason + ": " + n }), el("span", {}, String(n)))));
}

function peerState(p) {
	return p.state === "open" ? mark(true, "open") : mark(false, p.state + (p.reason ? ": " + p.reason : ""));
}

function peersTable(peers) {
	return table("Core peers", [
		{ title: "Name", of: (p) => p.name },
		{ title: "State", of: peerState },
		{ title: "Since", of: (p) => when(p.since) },
		{ title: "Pending", of: (p) => p.pending },
		{ title: "Requests", of: (p) => p.requests },
		{ title: "Time-outs", of: (p) => p.timeouts },
		{ title: "Protection", of: (p) => p.protection },
	], peers, "No peer is configured.");
}

function sessionsTable(sessions) {
	return table("SCSs that are connected", [
		{ title: "SCS", of: (s) => link(encode(["scs", s.scs]), s.scs) },
		{ title: "Address", of: (s) => s.address },
		{ title: "Protection", of: (s) => s.protection + (s.tls_version ? " " + s.tls_version : "") },
		{ title: "Since", of: (s) => when(s.since) },
		{ title: "Pending", of: (s) => s.pending },
	], sessions, "No SCS is connected.");
}

function reasons(list) {
	return list.length ? el("section", { class: "card", role: "alert" }, el("h3", { class: "bad" }, "The gateway does not work as it should"),
		el("ul", {}, list.map((r) => el("li", {}, el("b", {}, r.text), el("br"), r.advice)))) : null;
}

const overview = {
	name: "overview", title: "Overview", live: true,
	async draw(rest, poll) {
		const [status, stats, peers, sessions, refused] = await Promise.all([get("status", {}, poll), get("stats", { _fields: "name,value" }, poll),
			get("peers", {}, poll), get("sessions", { _rows: SHOWN, _fields: "scs,address,protection,tls_version,since,pending" }, poll),
			get("decisions.search", { verdict: "refused", limit: RECENT, _fields: "reason" }, poll)]);
		const s = status.last, list = rates(stats), now = list[list.length - 1];
		return [
			reasons(s.reasons),
			el("ul", { class: "tiles" },
				tile(s.healthy ? "✓ healthy" : "✗ not healthy", "gateway " + s.version, s.healthy ? "good" : "bad"),
				tile(now ? now.accepted.toFixed(1) : "-", "accepted per second"),
				tile(now ? now.refused.toFixed(1) : "-", "refused per second"),
				tile(String(s.triggers), "triggers wait for their report"),
				tile(String(s.sessions), "SCSs connected"),
				tile(s.journal.state, "journal, " + s.journal.records + " records", s.journal.state === "ok" ? "good" : "bad"),
				s.audit ? tile(s.audit.state, "audit, " + s.audit.records + " records", s.audit.state === "ok" ? "good" : "bad") : null,
				tile(s.scs + " / " + s.rules, "SCSs / rules")),
			el("div", { class: "two" },
				card("Requests per second", curve(list), el("p", { class: "soft" }, "solid: accepted, dashed: refused; the last three minutes")),
				card("Refusals by reason (the last " + refused.rows.length + ")", byReason(refused.rows))),
			card(null, peersTable(peers.rows)),
			card(null, sessionsTable(sessions.rows),
				sessions.last.count > SHOWN ? el("p", { class: "soft" }, "and " + (sessions.last.count - SHOWN) + " more") : null),
		];
	},
};

const peersPage = {
	name: "peers", title: "Peers", live: true,
	async draw(rest, poll) {
		const peers = await get("peers", {}, poll);
		return [card(null, peersTable(peers.rows))].concat(peers.rows.map((p) => card(p.name + " (" + p.host + ", " + p.address + ")",
			el("p", {}, peerState(p), " since " + when(p.since)),
			p.state === "stopped"
				? changer("operate", "Start " + p.name, "Connect to " + p.name + " again?", async () => {
					const a = await change("peers.start", { name: p.name });
					return p.name + " is " + a.last.state + ".";
				})
				: changer("operate", "Stop " + p.name, "Disconnect from " + p.name + "? Triggers that need it wait or fail until it is started again.",
					async () => {
						const a = await change("peers.stop", { name: p.name });
						return p.name + " is " + a.last.state + ".";
					}))));
	},
};

function rulesTable(caption, rules, scs) {
	return table(caption, [
		{ title: "Who", of: (r) => r.scs },
		{ title: "Device", of: (r) => r.device },
		{ title: "Effect", of: (r) => el("span", { class: r.effect === "allow" ? "good" : "bad" }, r.effect) },
		{ title: "Rights", of: (r) => r.rights.join(", ") },
		{ title: "Mode", of: (r) => r.mode },
		{ title: "From", of: (r) => when(r.not_before) },
		{ title: "Until", of: (r) => when(r.not_after) },
		{ title: "", of: (r) => changer("admin", "Delete", "Delete the rule: " + r.effect + " " + r.scs + " " + r.device + "?", async () => {
			const a = await change("assoc.del", { scs: r.scs, device: r.device, effect: r.effect });
			return a.last.count + " deleted.";
		}) || "" },
	], rules, "No rule speaks about " + scs + ": it may trigger nothing.");
}

async function scsOne(name) {
	const [one, rules, quota] = await Promise.all([get("scs.show", { name }), get("assoc.list", { scs: name, limit: 500 }), get("quota.show", { scs: name })]);
	const s = one.rows[0], q = quota.rows[0];
	const groups = await Promise.all(s.groups.map((g) => get("assoc.list", { scs: "group:" + g, limit: 500 })));
	const text = (v) => (Array.isArray(v) ? v.join(", ") || "none" : v === true ? "yes" : v === false ? "no" : String(v));
	return [
		el("p", {}, link("#/scs", "All SCSs"), " · ", link(encode(["check", name]), "May it trigger a device?"), " · ",
			link(encode(["decisions", "scs", name]), "Its decisions")),
		card(name, el("p", {}, s.origin_host + ", SCS-Identity " + s.e164 + ", trust anchor " + s.anchor + ", connections: " + s.sessions),
			q ? el("p", {}, "Triggers today: " + q.used + (q.quota !== undefined ? " of " + q.quota : ", no quota") + " ",
				changer("operate", "Reset today's use", "Set the use of " + name + " today to zero?", async () => {
					const a = await change("quota.reset", { scs: name });
					return "Was " + a.last.was + ".";
				})) : null),
		card(null, rulesTable("Its rules", rules.rows, name)),
		...groups.map((g, i) => card(null, rulesTable("Rules of its group " + s.groups[i], g.rows, "group " + s.groups[i]))),
		card(null, table("Limits and settings", [{ title: "Name", of: (r) => r[0] }, { title: "Value", of: (r) => text(r[1]) }],
			Object.entries(s).filter(([, v]) => v === null || typeof v !== "object" || Array.isArray(v)))),
	];
}

const scsPage = {
	name: "scs", title: "SCSs",
	async draw(rest) {
		if (rest[0]) {
			return scsOne(rest[0]);
		}
		const list = await get("scs.list");
		const shown = el("div");
		const find = el("input", { type: "search", name: "find", oninput: () => fill(find.value) });
		const fill = (part) => shown.replaceChildren(table("SCSs", [
			{ title: "Name", of: (s) => link(encode(["scs", s.name]), s.name) },
			{ title: "Origin-Host", of: (s) => s.origin_host },
			{ title: "SCS-Identity", of: (s) => s.e164 },
			{ title: "Trust anchor", of: (s) => s.anchor },
			{ title: "Connections", of: (s) => s.sessions },
		], list.rows.filter((s) => (s.name + " " + s.origin_host + " " + s.e164).includes(part)).slice(0, 500), "None."));
		fill("");
		return [field("Part of a name, host or identity", find), card(null, shown)];
	},
};

const CHANGES = { add: "add the rule", delete: "delete the rule", "detect-only": "make the rule detect only", enforce: "enforce the rule",
	right: "give the rule this right", begin: "let the rule begin", end: "let the rule end", "join-group": "join the group", "join-set": "join the set",
	"leave-group": "leave the group", "leave-set": "leave the set" };

function verdict(c) {
	const facts = [
		["Rule that decided", c.rule || "none"],
		["Reason", c.reason ? c.reason + ": " + c.meaning : ""],
		["Device", c.device],
		["Groups of the SCS", c.groups.join(", ")],
		["Rules of lower precedence", c.beaten.join("; ")],
		["Would be refused by (detect-only)", c.detected.join("; ")],
		["The HSS", c.hss ? (c.hss.error || (c.hss.allowed ? "allows it" : "refuses: " + c.hss.meaning)) : ""],
		["Not asked", c.not_asked.map((t) => t.replace(/: --.*$/, "")).join("; ")],
		["Further refusals on the path", c.path.join("; ")],
	].filter(([, v]) => v);
	return [
		card(null, el("p", { role: "status" }, el("b", {}, mark(c.allowed, (c.allowed ? "Yes: " : "No: ") + c.scs + " may " + (c.allowed ? "" : "not ") +
			c.action + " " + c.device + ".")))),
		card(null, table("Why", [{ title: "", of: (r) => r[0] }, { title: "", of: (r) => r[1] }], facts)),
		c.changes.length || c.needs.length
			? card(c.allowed ? "Each of these makes it a no" : "Each of these makes it a yes",
				c.needs.length ? el("p", {}, "Needed in any case: " + c.needs.join("; ")) : null,
				el("ul", {}, c.changes.map((x) => el("li", {}, (CHANGES[x.change] || x.change) + (x.name ? " " + x.name : "") + ": " + x.rule + (x.at ? " at " + when(x.at) : "")))))
			: null,
	];
}

const checkPage = {
	name: "check", title: "May it trigger?",
	async draw(rest) {
		const answer = el("div");
		const scs = el("input", { name: "scs", required: true, value: rest[0] || "", list: "scs-names", maxlength: 63 });
		const device = el("input", { name: "device", required: true, value: rest[1] || "", maxlength: 300, placeholder: "meter-7@fleet.example or msisdn:4917..." });
		const action = el("select", { name: "action" }, ["trigger", "recall", "replace"].map((a) => el("option", {}, a)));
		const names = el("datalist", { id: "scs-names" });
		get("scs.list").then((l) => names.replaceChildren(...l.rows.slice(0, 500).map((s) => el("option", { value: s.name })))).catch(() => {});
		const f = form([field("SCS", scs), field("Device", device), field("Action", action),
			field("ask the HSS, too", el("input", { type: "checkbox", name: "ask_hss", value: "yes" }))], "Ask", async (data) => {
			const a = await get("assoc.check", Object.fromEntries(data));
			answer.replaceChildren(...verdict(a.last).filter(Boolean));
		});
		if (rest[0] && rest[1]) {
			setTimeout(() => f.requestSubmit());
		}
		return [f, names, answer];
	},
};

function story(row, last) {
	const facts = Object.entries(row).filter(([, v]) => v !== "" && v !== null);
	return [
		card("Trigger " + row.reference + " of " + row.scs + " for " + row.device, el("p", {}, "State: ", el("b", {}, row.state),
			row.outcome ? ", outcome: " + row.outcome : "", row.waits_for ? ", waits for: " + row.waits_for : ""),
			row.ended ? null : changer("operate", "Cancel this trigger", "Cancel trigger " + row.reference + " of " + row.scs + "?", async () => {
				const a = await change("triggers.cancel", { scs: row.scs, reference: row.reference });
				return "It is " + a.last.state + ".";
			})),
		card("What happened", el("ol", { class: "time" }, last.history.map((h) => el("li", {}, el("b", {}, h.to), " after " + h.after_ms + " ms",
			el("br"), el("span", { class: "soft" }, when(h.at) + ": " + h.from + ", " + h.event + (h.reason ? " (" + h.reason + ")" : ""))))),
			last.history_missing ? el("p", { class: "soft" }, last.history_missing + " changes in the middle were not kept.") : null),
		card(null, table("Facts", [{ title: "Name", of: (r) => r[0] }, { title: "Value", of: (r) => (/_|at$|ed$|expires|next|until/.test(r[0]) ? when(String(r[1])) : r[1]) }], facts)),
	];
}

const triggersPage = {
	name: "triggers", title: "Triggers",
	async draw(rest) {
		const one = rest[0] && rest[1];
		const fields = [field("SCS", el("input", { name: "scs", value: rest[0] || "", maxlength: 63 })),
			field("Reference-Number", el("input", { name: "reference", inputmode: "numeric", value: rest[1] || "", maxlength: 10 }))];
		const f = form(fields, "Show", async (data) => {
			location.hash = encode(["triggers", data.get("scs"), data.get("reference")]);
		});
		if (one) {
			const a = await get("triggers.show", { scs: rest[0], reference: rest[1] });
			return [f, ...a.rows.flatMap((row) => story(row, a.last))];
		}
		const list = await get("triggers.list", { scs: rest[0], limit: 200 });
		return [f, card(null, table("Triggers whose report is not acknowledged yet, the oldest first", [
			{ title: "Trigger", of: (t) => link(encode(["triggers", t.scs, t.reference]), t.scs + " " + t.reference) },
			{ title: "Device", of: (t) => t.device },
			{ title: "Action", of: (t) => t.action },
			{ title: "State", of: (t) => t.state },
			{ title: "Received", of: (t) => when(t.received) },
			{ title: "Outcome", of: (t) => t.outcome },
		], list.rows, "None waits."), list.last.more ? el("p", { class: "soft" }, "There are more; name an SCS.") : null)];
	},
};

const decisionsPage = {
	name: "decisions", title: "Decisions",
	async draw(rest) {
		const preset = {};
		for (let i = 0; i + 1 < rest.length; i += 2) {
			preset[rest[i]] = rest[i + 1];
		}
		const text = (name, label) => field(label, el("input", { name, value: preset[name] || "", maxlength: 320 }));
		const word = (name, label, words) => field(label, el("select", { name }, ["", ...words].map((w) =>
			el("option", { value: w, selected: preset[name] === w }, w || "any"))));
		const found = el("div");
		const columns = [
			{ title: "Time", of: (d) => when(d.time) },
			{ title: "Verdict", of: (d) => el("span", { class: d.verdict === "accepted" ? "good" : d.verdict === "refused" ? "bad" : "warn" }, d.verdict) },
			{ title: "Action", of: (d) => d.action },
			{ title: "SCS", of: (d) => (d.scs ? link(encode(["scs", d.scs]), d.scs) : "") },
			{ title: "Device", of: (d) => d.device },
			{ title: "Reference", of: (d) => (d.reference === null ? "" : d.scs ? link(encode(["triggers", d.scs, d.reference]), String(d.reference)) : d.reference) },
			{ title: "Reason", of: (d) => d.reason },
			{ title: "Rule or change", of: (d) => d.rule },
			{ title: "From or by", of: (d) => d.address },
		];
		const search = async (args) => {
			const a = await get("decisions.search", { ...args, limit: 100 });
			const oldest = a.rows.length ? a.rows[a.rows.length - 1].number : 0;
			found.replaceChildren(card(null, table("Decisions and changes, the newest first", columns, a.rows, "Nothing that is kept matches."),
				a.last.more && a.rows.length ? el("button", { type: "button", onclick: () => search({ ...args, before: oldest }).catch((e) => notice(e.message, true)) }, "Older") : null,
				el("p", { class: "soft" }, "The latest decisions are searched, those in the gateway's memory (log.kept). Older ones: ", link("#/audit", "Audit"), ", where it is on, and the decision log.")));
		};
		const f = form([text("scs", "SCS"), text("device", "Device"), word("verdict", "Verdict", ["accepted", "refused", "detected"]),
			word("action", "Action", ["trigger", "recall", "replace", "session", "revoke", "screening", "configuration", "provisioning", "trace"]),
			text("reason", "Reason"), text("transaction", "Transaction")], "Search", (data) => search(Object.fromEntries(data)));
		await search(preset);
		return [f, found];
	},
};

const AUDIT_ROWS = 50, AUDIT_STEPS = 200; /* rows that are shown at once; questions for them at most */
const seconds = (text) => (text ? Math.floor(Date.parse(text + ":00Z") / 1000) : "");

const auditPage = {
	name: "audit", title: "Audit",
	async draw() {
		const text = (name, label) => field(label, el("input", { name, maxlength: 320 }));
		const word = (name, label, words) => field(label, el("select", { name }, ["", ...words].map((w) => el("option", { value: w }, w || "any"))));
		const time = (name, label) => field(label, el("input", { name, type: "datetime-local" }));
		const found = el("div");
		let turn = 0;
		const columns = [
			{ title: "Record", of: (r) => r.seq },
			{ title: "Time", of: (r) => when(r.record.time) },
			{ title: "Verdict", of: (r) => (r.record.verdict ? el("span", { class: r.record.verdict === "accepted" ? "good" : r.record.verdict === "refused" ? "bad" : "warn" }, r.record.verdict) : "") },
			{ title: "Action", of: (r) => (r.record.action || "") + (r.record.event ? ": " + r.record.event : "") },
			{ title: "SCS", of: (r) => r.record.scs },
			{ title: "Device", of: (r) => r.record.device },
			{ title: "Reference", of: (r) => r.record.reference },
			{ title: "Reason", of: (r) => r.record.reason },
			{ title: "Rule or change", of: (r) => r.record.rule },
			{ title: "From or by", of: (r) => r.record.address },
			{ title: "Sealed", of: (r) => (r.sealed ? mark(true, "yes") : "not yet") },
		];
		/* Each answer looks at a part of the audit; more of them until there are rows enough. */
		const search = async (args, before) => {
			const mine = ++turn, rows = [];
			let last = { more: true, next: before };
			for (let i = 0; i < AUDIT_STEPS && last.more && rows.length < AUDIT_ROWS && mine === turn && found.isConnected; i++) {
				const a = await get("audit.search", { ...args, before: last.next, limit: AUDIT_ROWS - rows.length }, i > 0);
				rows.push(...a.rows);
				last = a.last;
				if (last.more && rows.length < AUDIT_ROWS) {
					found.replaceChildren(el("p", { role: "status" }, "Looking, down to record " + last.next + " of " + last.records + " ..."));
				}
			}
			if (mine !== turn) {
				return;
			}
			const older = () => search(args, last.next).catch((e) => notice(e.message, true));
			found.replaceChildren(card(null, table("Records of the audit, the newest first", columns, rows, last.more ? "None so far." : "No record matches."),
				last.more ? el("button", { type: "button", onclick: older }, "Older") : null,
				el("p", { class: "soft" }, last.records + " records; the first " + last.sealed + " are sealed, and the last checkpoint has the first " + last.checkpoint +
					". 'mtcctl audit show' proves one; 'mtcctl audit verify' checks all." + (last.unreadable ? " " + last.unreadable + " could not be read!" : "") +
					(last.first ? " Those before record " + last.first + " were moved away and not looked at" + (last.archive_trouble ? " (" + last.archive_trouble + ")" : "") +
						": audit.archive of mtc-iwfd, or 'mtcctl audit search --archive'." : ""))));
		};
		const f = form([text("scs", "SCS"), text("device", "Device"), word("verdict", "Verdict", ["accepted", "refused", "detected"]),
			word("action", "Action", ["trigger", "recall", "replace", "session", "revoke", "screening", "configuration", "provisioning", "trace"]),
			text("reason", "Reason"), field("Reference", el("input", { name: "reference", inputmode: "numeric", maxlength: 10 })),
			time("since", "From (UTC)"), time("until", "Until (UTC)"),
			field("also the audit's own records, such as seals", el("input", { type: "checkbox", name: "own", value: "yes" }))], "Search", (data) => {
			const args = Object.fromEntries(data);
			args.decisions = args.own ? "" : "yes";
			delete args.own;
			args.since = seconds(args.since);
			args.until = seconds(args.until);
			return search(args);
		});
		setTimeout(() => search({ decisions: "yes" }).catch((e) => notice(e.message, true)));
		return [f, found];
	},
};

function importState(s) {
	if (s.state === "none") {
		return el("p", { class: "soft" }, "No import was made here since the console started.");
	}
	const p = s.progress || {}, total = p.rows_total || p.octets_total || 0, done = p.rows_total ? p.rows : p.octets;
	const last = s.last || {};
	return el("div", {},
		el("p", { role: "status" }, s.state === "running" ? s.kind + " import of " + s.by + ": " + (p.phase || "begins")
			: mark(s.state === "done", s.kind + " import of " + s.by + (s.state === "done" ? (last.dry_run ? ": dry run, nothing was changed" : ": done") : ": " + (s.error || "failed")))),
		s.state === "running" ? el("progress", total ? { max: total, value: done, "aria-label": "progress" } : { "aria-label": "progress" }) : null,
		s.state === "done" ? el("p", {}, "Rows " + last.rows + ": added " + last.added + ", replaced " + last.replaced + ", unchanged " + last.unchanged +
			", deleted " + last.deleted + (last.needs_yes ? "; the real run needs the consent to delete" : "")) : null,
		el("ul", {}, (s.rows || []).map((r) => el("li", {}, r.error ? "line " + r.line + ": " + r.error : r.goes ? "would go: " + r.goes : r.text || ""))),
		el("ul", {}, (last.warnings || []).map((w) => el("li", { class: "warn" }, w))));
}

const importsPage = {
	name: "imports", title: "Imports",
	async draw() {
		const shown = el("div"), kept = await get("assoc.undo.list");
		const look = async (poll) => {
			const s = await ask("GET", "api/import", undefined, poll);
			shown.replaceChildren(importState(s));
			if (s.state === "running") {
				state.timer = setTimeout(() => look(true).catch((e) => notice(e.message, true)), 500);
			}
		};
		const tick = (name, label) => field(label, el("input", { type: "checkbox", name, value: "yes" }));
		const f = state.me.role !== "admin" ? el("p", { class: "soft" }, "Imports need the role admin.")
			: form([field("Kind", el("select", { name: "kind" }, ["scs", "group", "set", "assoc", "block"].map((k) => el("option", {}, k)))),
				field("File (CSV or JSON lines)", el("input", { type: "file", name: "file", required: true })),
				tick("dry_run", "only show what would change"), tick("replace", "delete rows that are not in the file"), tick("yes", "even if many are deleted")],
			"Import", async (data) => {
				const file = data.get("file"), query = new URLSearchParams({ kind: data.get("kind"), name: (file.name || "file").slice(-200) });
				for (const name of ["dry_run", "replace", "yes"]) {
					if (data.get(name)) {
						query.set(name, "yes");
					}
				}
				await ask("POST", "api/import?" + query, file);
				clearTimeout(state.timer);
				await look();
			});
		await look();
		return [f, card("The last import from this console", shown), card(null, table("States before imports, which can be restored", [
			{ title: "Time", of: (k) => when(k.at) },
			{ title: "Kind", of: (k) => k.kind },
			{ title: "File", of: (k) => k.file },
			{ title: "Rows", of: (k) => k.rows },
			{ title: "Added", of: (k) => k.added },
			{ title: "Replaced", of: (k) => k.replaced },
			{ title: "Deleted", of: (k) => k.deleted },
		], kept.rows, "None is kept.")), kept.rows.length ? changer("admin", "Undo the last import", "Restore the state before the last import, of " + kept.rows[0].file + "?", async () => {
			await change("assoc.undo", { yes: true });
			return "The state before it is restored.";
		}) : null];
	},
};

const pages = [overview, scsPage, checkPage, triggersPage, decisionsPage, auditPage, importsPage, peersPage];
