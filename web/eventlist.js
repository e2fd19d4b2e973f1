/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events that are shown: bounded, the newest first, held back while one
 * reads, and of a flood no more at once than a frame has time for.
 */
import { h, put, table } from "./dom.js";
import { eventDrawer } from "./event.js";
import { target } from "./flow.js";
import { verdictMark } from "./why.js";
import { clock, ruleName } from "./words.js";

const ROWS_MAX = 1000;
const A_FRAME = 100;

const what = (event) =>
	event.kind === "dns"
		? `asks ${event.name}`
		: [event.method, target(event) || event.reason || "–"].filter(Boolean).join(" ");

/* Who and where to; what is of no flow is a sentence in their place. */
function whereCells(event) {
	const words = what(event);
	if (!event.source && !event.destination)
		return h("td", { class: "what sentence", colspan: "3", title: words }, words);
	const zones = [event.zone?.from, event.zone?.to].filter(Boolean).join(" → ");
	return [
		h("td", { class: "zones" }, zones),
		h("td", { class: "from" }, event.source ?? ""),
		h("td", { class: "what", title: words }, words),
	];
}

function eventRow(event) {
	const time = h(
		"button",
		{ type: "button", class: "time", title: event.time },
		clock(event.time, { millis: true }),
	);
	const row = h(
		"tr",
		{ "data-id": event.id },
		h("td", { class: "when" }, time),
		h("td", { class: "verdict-cell" }, verdictMark(event.verdict)),
		whereCells(event),
		h(
			"td",
			{ class: "proto" },
			event.status ? String(event.status) : (event.protocol ?? ""),
		),
		h(
			"td",
			{ class: "by" },
			ruleName(event.rule) || (target(event) ? event.reason : event.kind) || "",
		),
	);
	row.addEventListener("click", () => {
		if (getSelection().isCollapsed) eventDrawer(event);
	});
	return row;
}

/* Up and down go from row to row. */
function walk(event) {
	const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[
		event.key
	];
	const to = step && event.target.closest("tr")?.[step]?.querySelector("button");
	if (to) {
		event.preventDefault();
		to.focus();
	}
}

const text = (event) => JSON.stringify(event).toLowerCase();

export class EventList {
	constructor(changed) {
		this.body = h("tbody");
		this.waiting = [];
		this.known = new Set();
		this.paused = false;
		this.word = "";
		this.changed = changed;
		this.element = h(
			"div",
			{ class: "card list" },
			table(
				"Events",
				[
					{ name: "Time" },
					{ name: "Verdict" },
					{ name: "Zones" },
					{ name: "Source" },
					{ name: "What" },
					{ name: "Proto" },
					{ name: "Rule or reason" },
				],
				this.body,
			),
		);
		this.element.firstChild.classList.add("events");
		this.body.addEventListener("keydown", walk);
	}

	/* The newest first, each where it belongs: ids sort by time. */
	past(events) {
		let place = this.body.firstElementChild;
		for (const event of events) {
			if (this.known.has(event.id)) continue;
			while (place !== null && place.dataset.id > event.id)
				place = place.nextElementSibling;
			this.known.add(event.id);
			this.body.insertBefore(this.made(event), place);
		}
		this.trim();
		this.changed();
	}

	trim() {
		while (this.body.rows.length > ROWS_MAX) {
			this.known.delete(this.body.lastElementChild.dataset.id);
			this.body.lastElementChild.remove();
		}
	}

	add(event) {
		this.waiting.push(event);
		/* A flood: what would fall off again is not made. */
		if (this.waiting.length > ROWS_MAX) this.waiting.shift();
		if (this.paused) this.changed();
		else this.frame ??= requestAnimationFrame(() => this.flush());
	}

	flush() {
		this.frame = undefined;
		for (const event of this.waiting.splice(0, A_FRAME)) {
			if (this.known.has(event.id)) continue;
			this.known.add(event.id);
			this.body.prepend(this.made(event));
		}
		this.trim();
		if (this.waiting.length > 0 && !this.paused)
			this.frame = requestAnimationFrame(() => this.flush());
		this.changed();
	}

	made(event) {
		const row = eventRow(event);
		row.words = text(event);
		row.hidden = !row.words.includes(this.word);
		return row;
	}

	pause(paused) {
		this.paused = paused;
		if (!paused) this.flush();
		this.changed();
	}

	find(word) {
		this.word = word.toLowerCase();
		for (const row of this.body.rows) row.hidden = !row.words.includes(this.word);
		this.changed();
	}

	seen() {
		return [...this.body.rows].filter((row) => !row.hidden).length;
	}

	clear() {
		put(this.body);
		this.known.clear();
		this.waiting = [];
	}
}
