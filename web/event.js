/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event, all of it, and why it came so: by the policy as it is now. */
import { drawer } from "./dialog.js";
import { h } from "./dom.js";
import { flowText, place } from "./flow.js";
import { banDialog } from "./ban.js";
import { carryOut, changeButton } from "./session.js";
import { explainInto, verdictMark } from "./why.js";
import { bytes, clock, count, day, ruleName } from "./words.js";

const pair = (from, to, between) =>
	from || to ? `${from ?? "?"} ${between} ${to ?? "?"}` : null;
const both = (words, sides) =>
	(sides?.in === null && sides?.out === null) || !sides
		? null
		: `${words(sides.in)} from the client, ${words(sides.out)} to it`;

/* Its keys in the order of docs/events.md, as people read them. */
const FACTS = [
	["Time", (event) => `${day(event.time)} ${clock(event.time, { millis: true })}`],
	["Kind", (event) => event.kind],
	[
		"By",
		(event) =>
			event.enforcer &&
			`the ${event.enforcer}${event.phase ? `, phase ${event.phase}` : ""}`,
	],
	["Rule", (event) => ruleName(event.rule)],
	["Reason", (event) => event.reason],
	["Zones", (event) => pair(event.zone?.from, event.zone?.to, "→")],
	["Source", (event) => place(event.source, event.source_port)],
	["Destination", (event) => place(event.destination, event.port)],
	["Protocol", (event) => event.protocol],
	["Name", (event) => event.name],
	["Method", (event) => event.method],
	["URL", (event) => event.url],
	["User", (event) => event.user],
	["Status", (event) => event.status],
	["Bytes", (event) => both(bytes, event.bytes)],
	["Packets", (event) => both(count, event.packets)],
	["Took", (event) => event.duration_ms && `${event.duration_ms} ms`],
	["Parent", (event) => event.parent && `${event.parent.name} ${event.parent.server ?? ""}`],
	["Balancer", (event) => event.balancer],
	["HTTP", (event) => event.http],
	["HTTP to the server", (event) => event.http_server],
	["TCP flags", (event) => event.flags],
	["Length", (event) => event.length && bytes(event.length)],
	["Not logged", (event) => event.suppressed && `${count(event.suppressed)} more like it`],
	["Flow", (event) => event.flow],
	["Event", (event) => event.id],
];

function factList(event) {
	return h(
		"dl",
		{ class: "facts-of" },
		FACTS.map(([label, words]) => {
			const value = words(event);
			return value === null || value === undefined || value === ""
				? null
				: h("div", null, h("dt", null, label), h("dd", null, String(value)));
		}),
	);
}

function buttons(event) {
	const search = (filters, words) =>
		h("a", { class: "button", href: `#/events?${new URLSearchParams(filters)}` }, words);
	return h(
		"div",
		{ class: "buttons" },
		event.flow && search({ flow: event.flow }, "Events of this flow"),
		event.source && search({ source: event.source }, "Events of this source"),
		event.flow &&
			changeButton("End the flow", {}, () =>
				carryOut(
					"DELETE",
					"flows",
					{ match: event.flow },
					"Ending a flow needs a token.",
				),
			),
		event.source && changeButton("Ban the source", {}, () => banDialog(event.source)),
	);
}

function reasons(event) {
	const flow = flowText(event);
	const box = h(
		"div",
		{ class: "result", "aria-live": "polite" },
		h("p", { class: "quiet" }, flow ? "Asking." : "This event tells of no flow."),
	);
	if (flow) explainInto(box, flow);
	return h(
		"section",
		null,
		h("h3", null, "Why, by the policy as it is now"),
		flow &&
			h(
				"p",
				null,
				h(
					"a",
					{ class: "flowlink", href: `#/explain?${new URLSearchParams({ flow })}` },
					h("code", null, flow),
				),
			),
		box,
	);
}

export function eventDrawer(event) {
	const box = drawer(
		"Event",
		h(
			"p",
			{ class: "answer" },
			verdictMark(event.verdict),
			` ${event.reason ?? ruleName(event.rule)}`,
		),
		factList(event),
		buttons(event),
		reasons(event),
	);
	/* What leads elsewhere leads away from here. */
	box.addEventListener("click", (click) => click.target.closest("a") && box.close());
}
