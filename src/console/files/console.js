"use strict";
/* console.js - the frame of the pages: log-in, questions to the console, the parts that pages are
 * built of. Whatever comes from the gateway becomes text of a node, never markup. */

const POLL_MS = 2000;
const state = { me: null, token: null, page: null, timer: 0, turn: 0 };
const $ = (id) => document.getElementById(id);

/* An element: el("a", { href: "#/peers" }, "Peers"). Children are nodes or texts; null is left out. */
function el(tag, attributes, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith("on")) {
			node.addEventListener(name.slice(2), value);
		} else if (value === true) {
			node.setAttribute(name, "");
		} else if (value !== false && value !== null && value !== undefined) {
			node.setAttribute(name, value);
		}
	}
	node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

/* Draws the page. What had the focus has it again, if the new page has the same button or link. */
function show(...children) {
	const main = $("main"), at = document.activeElement;
	const words = main.contains(at) && at !== main ? at.tagName + at.textContent + (at.name || "") : null;
	main.replaceChildren(...children.filter(Boolean));
	window.drawn = (window.drawn || 0) + 1;
	if (words) {
		const same = [...main.querySelectorAll("a, button, input, select")].find((n) => n.tagName + n.textContent + (n.name || "") === words);
		(same || main).focus({ preventScroll: true });
	}
}

function notice(text, bad) {
	$("notice").textContent = text || "";
	$("notice").className = bad ? "bad" : "";
}

class Refused extends Error {
	constructor(status, words) {
		super(words);
		this.status = status;
	}
}

async function ask(method, path, body, poll) {
	const headers = { "X-Console-Token": state.token || "" };
	if (poll) {
		headers["X-Console-Poll"] = "1";
	}
	let answer, json;
	try {
		answer = await fetch(path, { method, headers, body, cache: "no-store", credentials: "same-origin", redirect: "error" });
		json = await answer.json();
	} catch {
		throw new Refused(0, "The console does not answer.");
	}
	if (answer.status === 401 && !path.startsWith("login")) {
		leave("You are logged out: the session has ended.");
	}
	if (!answer.ok) {
		throw new Refused(answer.status, json.error || "The console refused without words.");
	}
	return json;
}

/* The rows and the last line of a command that changes nothing. */
function get(command, args, poll) {
	const query = new URLSearchParams();
	for (const [key, value] of Object.entries(args || {})) {
		if (value !== "" && value !== null && value !== undefined) {
			query.append(key, value);
		}
	}
	return ask("GET", "api/" + command + (query.size || String(query) ? "?" + query : ""), undefined, poll);
}

function change(command, args) {
	return ask("POST", "api/" + command, JSON.stringify(args || {}));
}

/* -- parts */

function table(caption, columns, rows, none) {
	if (!rows.length) {
		return el("p", { class: "soft" }, none || "None.");
	}
	return el("table", { class: "stack" }, el("caption", {}, caption),
		  el("thead", {}, el("tr", {}, columns.map((c) => el("th", { scope: "col" }, c.title)))),
		  el("tbody", {}, rows.map((row) => el("tr", {}, columns.map((c) => {
			  const value = c.of(row);
			  return el("td", { "data-title": c.title, class: typeof value === "number" ? "num" : null },
				    value instanceof Node ? value : String(value === undefined || value === null ? "" : value));
		  })))));
}

function field(label, input) {
	return el("label", { class: input.type === "checkbox" ? "tick" : null }, input.type === "checkbox" ? [input, label] : [label, input]);
}

function form(fields, button, submit) {
	const f = el("form", { autocomplete: "off" }, fields, el("button", { class: "strong" }, button));
	f.addEventListener("submit", async (event) => {
		event.preventDefault();
		notice("");
		f.setAttribute("aria-busy", "true");
		try {
			await submit(new FormData(f));
		} catch (e) {
			notice(e.message, true);
		}
		f.removeAttribute("aria-busy");
	});
	return f;
}

/* A question before a change; true: yes. */
function sure(text) {
	const dialog = $("ask");
	$("ask-text").textContent = text;
	dialog.returnValue = "";
	dialog.showModal();
	return new Promise((done) => {
		$("ask-yes").onclick = () => dialog.close("yes");
		$("ask-no").onclick = () => dialog.close("no");
		dialog.onclose = () => done(dialog.returnValue === "yes");
	});
}

/* A button that changes something, for whoever may. */
function changer(role, label, question, act) {
	const roles = ["read", "operate", "admin"];
	if (roles.indexOf(state.me.role) < roles.indexOf(role)) {
		return null;
	}
	return el("button", { type: "button", onclick: async (event) => {
		const button = event.currentTarget;
		if (!await sure(question)) {
			return;
		}
		button.disabled = true;
		try {
			notice(await act());
			await render();
		} catch (e) {
			notice(e.message, true);
		}
		button.disabled = false;
	} }, label);
}

const card = (title, ...children) => el("section", { class: "card" }, title ? el("h3", {}, title) : null, ...children);
const link = (hash, text) => el("a", { href: hash }, text);
const encode = (parts) => "#/" + parts.map(encodeURIComponent).join("/");
const when = (time) => (time || "").replace("T", " ").replace(/\.\d+Z$/, "Z");
const mark = (good, text) => el("span", { class: good ? "good" : "bad" }, (good ? "✓ " : "✗ ") + text);

/* -- pages */

function halt() {
	clearTimeout(state.timer);
	state.turn++;
}

/* Draws the page of the address; what an earlier page still waits for is dropped. */
async function render(focus) {
	halt();
	const turn = state.turn;
	const [name, ...rest] = location.hash.replace(/^#\//, "").split("/").map((p) => {
		try {
			return decodeURIComponent(p);
		} catch {
			return "";
		}
	});
	const page = pages.find((p) => p.name === name) || pages[0];
	for (const a of $("nav").children) {
		a.toggleAttribute("aria-current", a.dataset.name === page.name);
		if (a.dataset.name === page.name) {
			a.setAttribute("aria-current", "page");
		}
	}
	document.title = page.title + " - mtc-iwf console";
	const draw = async (poll) => {
		try {
			const nodes = await page.draw(rest, poll);
			if (turn !== state.turn) {
				return;
			}
			show(el("h2", {}, page.title), ...nodes);
			performance.mark("view");
			if (focus && !poll) {
				$("main").focus({ preventScroll: true });
			}
			if (poll && $("notice").className === "bad") {
				notice("");
			}
		} catch (e) {
			if (turn !== state.turn || !state.me) {
				return;
			}
			notice(e.message, true);
			if (!poll) {
				show(el("h2", {}, page.title), el("p", { class: "soft" }, "Nothing can be shown now."));
			}
		}
		if (page.live && turn === state.turn) {
			state.timer = setTimeout(() => draw(true), POLL_MS);
		}
	};
	await draw(false);
}

/* -- log-in and log-out */

function leave(words) {
	halt();
	state.me = state.token = null;
	localStorage.removeItem("token");
	$("nav").hidden = $("logout").hidden = true;
	$("who").textContent = $("identity").textContent = "";
	document.title = "Log in - mtc-iwf console";
	show(el("h2", {}, "Log in"), el("p", {}, words || "Who you are is known by your account on the gateway's machine."),
	     el("p", {}, "Type this there, and open the link that it prints:"), el("pre", { class: "card" }, "mtcctl console"),
	     location.protocol === "https:" ? el("p", {}, el("button", { type: "button", onclick: byCertificate }, "Log in with my certificate")) : null);
}

/* The browser has asked for the certificate when it connected. */
async function byCertificate() {
	try {
		enter(await ask("POST", "login-certificate", ""));
	} catch (e) {
		leave(e.message);
	}
}

function enter(me) {
	state.me = me;
	state.token = me.token;
	localStorage.setItem("token", me.token);
	$("who").textContent = me.name + " (" + me.role + ")";
	$("nav").replaceChildren(...pages.filter((p) => !p.hidden).map((p) => el("a", { href: "#/" + p.name, "data-name": p.name }, p.title)));
	$("nav").hidden = $("logout").hidden = false;
	render(true);
	get("status").then((s) => {
		$("identity").textContent = s.last.identity;
	}).catch(() => {});
}

async function begin() {
	const secret = /^#([0-9a-f]{64})$/.exec(location.hash);
	try {
		if (secret) {
			history.replaceState(null, "", location.pathname); /* not for bookmarks and shoulders */
			enter(await ask("POST", "login", JSON.stringify({ link: secret[1] })));
			return;
		}
		state.token = localStorage.getItem("token");
		if (state.token) {
			enter(await ask("GET", "api/me"));
			return;
		}
		leave();
	} catch (e) {
		leave(e.message);
	}
}

$("logout").addEventListener("click", async () => {
	try {
		await ask("POST", "logout", "");
	} catch {
		/* it had ended already */
	}
	leave("You are logged out.");
});
window.addEventListener("hashchange", () => {
	if (/^#[0-9a-f]{64}$/.test(location.hash)) {
		begin();
	} else if (location.hash !== "#main" && state.me) {
		notice("");
		render(true);
	}
});
begin();
