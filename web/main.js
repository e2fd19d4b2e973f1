/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page's frame: which view is open, and what stands around it.
 *
 * The address is #/VIEW?PARAMETERS.  A view is { title, open(main, parameters) }
 * which returns how it is left; one that has `change(parameters)` stays open
 * when only these change.
 */
import { h, put } from "./dom.js";
import { startFrame } from "./frame.js";
import { startGateway } from "./gateway.js";
import { findSession } from "./session.js";
import bans from "./bans.js";
import events from "./events.js";
import explain from "./explain.js";
import flows from "./flows.js";
import history from "./history.js";
import overview from "./overview.js";
import policy from "./policy.js";

const views = { overview, policy, events, explain, flows, bans, history };
const main = document.getElementById("view");
let current = null,
	leave = null;

function read() {
	const [name, query] = location.hash.replace(/^#\/?/, "").split("?");
	return {
		name: Object.hasOwn(views, name) ? name : "overview",
		parameters: new URLSearchParams(query ?? ""),
	};
}

function mark(name) {
	for (const a of document.querySelectorAll("#nav a")) {
		if (a.hash === `#/${name}`) a.setAttribute("aria-current", "page");
		else a.removeAttribute("aria-current");
	}
	document.title = `${views[name].title} · Gatehouse`;
}

function show(first) {
	const { name, parameters } = read();
	if (current === name && views[name].change) {
		views[name].change(parameters);
		return;
	}
	leave?.();
	current = name;
	const heading = h("h1", { tabindex: "-1" }, views[name].title);
	put(main, h("div", { class: "top" }, heading));
	main.dataset.view = name;
	scrollTo(0, 0);
	leave = views[name].open(main, parameters);
	mark(name);
	/* Where a reader goes on; not at the start, which is the browser's. */
	if (!first) heading.focus();
}

addEventListener("hashchange", () => show(false));
document.getElementById("skip").addEventListener("click", () => main.focus());
startFrame();
startGateway();
findSession();
show(true);
