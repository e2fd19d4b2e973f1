/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around each view: does it answer, what is in force, who am I. */
import { h, put, say } from "./dom.js";
import { askGateway, watchPolicy, watchStatus } from "./gateway.js";
import { link, tryNow, watchLink } from "./link.js";
import { carryOut, changeButton, signIn, signOut, watchSession } from "./session.js";
import { said } from "./dialog.js";
import { base, clock, since, span } from "./words.js";

const at = (id) => document.getElementById(id);

/* ---- does it answer ---- */

const notices = { away: null, slow: null, pending: null };

function showNotices() {
	const box = at("notices");
	const wanted = Object.values(notices).filter(Boolean);
	for (const one of [...box.children]) if (!wanted.includes(one)) one.remove();
	for (const one of wanted) if (one.parentNode !== box) box.append(one);
}

function notice(name, make) {
	if (make === null) notices[name] = null;
	else notices[name] ??= make();
	showNotices();
	return notices[name];
}

/* What counts down is no news to a reader: only the first line is said. */
const countdown = h("span", { "aria-hidden": "true" });

function awayNotice() {
	return h(
		"div",
		{ class: "notice bad" },
		h(
			"p",
			null,
			h("strong", null, "The gateway does not answer"),
			` since ${clock(link.away)}: ${link.why}. `,
			countdown,
		),
		h("button", { type: "button", onclick: tryNow }, "Try now"),
	);
}

function slowNotice() {
	return h(
		"div",
		{ class: "notice" },
		h("p", null, "The gateway is slow to answer. What is shown may be old."),
	);
}

function countDown() {
	if (link.away === null) return;
	const left = Math.max(0, Math.ceil((link.retry - Date.now()) / 1000));
	say(countdown, left > 0 ? `It is asked again in ${left} s.` : "It is being asked.");
}

function showLink() {
	const away = link.away !== null;
	const state = away ? "away" : link.slow ? "slow" : link.known ? "well" : "asking";
	const words = { away: "away", slow: "slow", well: "live", asking: "asking" };
	at("pulse").dataset.state = state;
	say(at("pulse").firstElementChild, words[state]);
	document.body.classList.toggle("away", away);
	notice("away", away ? awayNotice : null);
	notice("slow", !away && link.slow ? slowNotice : null);
	countDown();
}

/* ---- what is in force ---- */

let pendingId,
	pendingDue = 0;
const pendingLeft = h("strong", { class: "num", role: "timer" });

function pendingNotice() {
	const confirm = changeButton("Keep it", { class: "primary" }, async () => {
		if (await carryOut("POST", "confirm", {}, "Keeping a policy needs a token."))
			askGateway();
	});
	const back = changeButton("Take it back", {}, async () => {
		if (
			await carryOut(
				"POST",
				"rollback",
				{ id: "waiting" },
				"Taking a policy back needs a token.",
			)
		)
			askGateway();
	});
	return h(
		"div",
		{ class: "notice maybe" },
		h(
			"p",
			null,
			h("strong", null, "A policy waits to be confirmed"),
			": it goes again in ",
			pendingLeft,
			", unless it is kept.",
		),
		h(
			"div",
			{ class: "buttons" },
			h("a", { href: "#/history" }, "What it changes"),
			back,
			confirm,
		),
	);
}

function tick() {
	countDown();
	if (notices.pending !== null)
		say(pendingLeft, span(Math.max(0, (pendingDue - Date.now()) / 1000), true));
}

function showStatus(status) {
	const waits = status.confirmation;
	if (waits?.id !== pendingId) notice("pending", null);
	pendingId = waits?.id;
	if (waits) {
		pendingDue = Date.now() + waits.seconds * 1000;
		notice("pending", pendingNotice);
	} else {
		notice("pending", null);
	}
	put(
		at("force"),
		h("a", { href: "#/policy", title: status.policy }, base(status.policy)),
		h("span", null, `in force for ${span(since(status.since))}`),
	);
	tick();
}

/* ---- who am I ---- */

function showWho(signed) {
	put(
		at("who"),
		signed
			? h(
					"button",
					{
						type: "button",
						class: "wide",
						onclick: () => signOut().catch((error) => said(error.message, true)),
					},
					"Sign out",
				)
			: h(
					"button",
					{ type: "button", class: "wide", onclick: () => signIn() },
					"Sign in",
				),
	);
}

/* ---- colours ---- */

function startTheme() {
	const root = document.documentElement;
	const box = at("theme");
	box.querySelector(`[value="${root.dataset.theme ?? "auto"}"]`).checked = true;
	box.addEventListener("change", (event) => {
		const chosen = event.target.value;
		if (chosen === "auto") delete root.dataset.theme;
		else root.dataset.theme = chosen;
		try {
			localStorage.setItem("gatehouse.theme", chosen);
		} catch {
			/* It holds until the page is left. */
		}
	});
}

export function startFrame() {
	startTheme();
	watchLink(showLink);
	watchStatus(showStatus);
	watchSession(showWho);
	watchPolicy(() => said("Another policy is in force now."));
	setInterval(tick, 1000);
}
