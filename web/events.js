/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened, the newest first: live and of the past, by any field. */
import { getLines } from "./api.js";
import { h, put, say, table } from "./dom.js";
import { eventDrawer } from "./event.js";
import { Feed } from "./feed.js";
import { target } from "./flow.js";
import { verdictMark } from "./why.js";
import { clock, count, day, many, ruleName } from "./words.js";

const PAST = [100, 300, 1000]; /* the last is what the gateway gives at most */
const ROWS_MAX = 1000;
const A_FRAME = 100; /* rows made at once: more come with the next frame */

const FIELDS = [
	{ key: "verdict", label: "Verdict", values: ["allow", "reject", "drop"] },
	{ key: "enforcer", label: "By", values: ["firewall", "proxy"] },
	{ key: "kind", label: "Kind", values: ["packet", "flow", "request", "dns", "list", "policy", "ban", "fault"] },
	{ key: "zone.from", label: "From zone" },
	{ key: "zone.to", label: "To zone" },
	{ key: "source", label: "Source" },
	{ key: "destination", label: "Destination" },
	{ key: "port", label: "Port" },
	{ key: "name", label: "Name" },
	{ key: "rule.line", label: "Rule line" },
	{ key: "rule.name", label: "Rule name" },
	{ key: "user", label: "User" },
	{ key: "flow", label: "Flow" },
];
const FILTERS_MAX = 8;

function filtersOf(parameters) {
	const filters = {};
	for (const { key } of FIELDS)
		if (parameters.get(key))
			filters[key] = parameters.get(key);
	return filters;
}

/* ---- the filters ---- */

function fieldOf(field, filters) {
	const id = `filter-${field.key.replace(".", "-")}`;
	const value = filters[field.key] ?? "";
	const input = field.values
		? h("select", { id, name: field.key }, h("option", { value: "" }, "any"),
			field.values.map((one) => h("option", { value: one }, one)))
		: h("input", { id, name: field.key, type: "text", autocomplete: "off", spellcheck: "false" });
	input.value = value;
	return h("label", { class: "field", for: id }, field.label, input);
}

function filterForm(filters) {
	const form = h("form", { class: "filters", "aria-label": "Filters" },
		FIELDS.map((field) => fieldOf(field, filters)),
		h("div", { class: "buttons" },
			h("button", { type: "submit", class: "primary" }, "Filter"),
			h("a", { href: "#/events", class: "button" }, "Clear")));
	const go = () => {
		const wanted = [...new FormData(form)].map(([key, value]) => [key, value.trim()])
			.filter(([, value]) => value !== "").slice(0, FILTERS_MAX);
		location.hash = `#/events?${new URLSearchParams(wanted)}`;
	};
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		go();
	});
	form.addEventListener("change", (event) => event.target.tagName === "SELECT" && go());
	return form;
}

/* ---- the rows ---- */

const what = (event) => [event.method, target(event) || event.reason || "–"].filter(Boolean).join(" ");

function eventRow(event) {
	const time = h("button", { type: "button", class: "time", title: event.time },
		clock(event.time, { millis: true }));
	const row = h("tr", { "data-id": event.id },
		h("td", { class: "when" }, time),
		h("td", { class: "verdict-cell" }, verdictMark(event.verdict)),
		h("td", { class: "zones" }, [event.zone?.from, event.zone?.to].filter(Boolean).join(" → ")),
		h("td", { class: "from" }, event.source ?? ""),
		h("td", { class: "what", title: what(event) }, what(event)),
		h("td", { class: "proto" }, event.status ? String(event.status) : event.protocol ?? ""),
		h("td", { class: "by" }, ruleName(event.rule) || event.reason || ""));
	row.addEventListener("click", () => {
		if (getSelection().isCollapsed)
			eventDrawer(event);
	});
	return row;
}

/* Up and down go from row to row. */
function walk(event) {
	const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
	const to = step && event.target.closest("tr")?.[step]?.querySelector("button");
	if (to) {
		event.preventDefault();
		to.focus();
	}
}

const text = (event) => JSON.stringify(event).toLowerCase();

class List {
	constructor(changed) {
		this.body = h("tbody");
		this.waiting = [];
		this.known = new Set();
		this.paused = false;
		this.word = "";
		this.changed = changed;
		this.element = h("div", { class: "card list" }, table("Events",
			[{ name: "Time" }, { name: "Verdict" }, { name: "Zones" }, { name: "Source" },
				{ name: "What" }, { name: "Proto" }, { name: "Rule or reason" }], this.body));
		this.element.firstChild.classList.add("events");
		this.body.addEventListener("keydown", walk);
	}

	/* The newest first; those that are there stay where they are. */
	past(events) {
		for (const event of events)
			if (!this.known.has(event.id)) {
				this.known.add(event.id);
				this.body.append(this.made(event));
			}
		this.changed();
	}

	add(event) {
		this.waiting.push(event);
		/* A flood: what would fall off again is not made. */
		if (this.waiting.length > ROWS_MAX)
			this.waiting.shift();
		if (this.paused)
			this.changed();
		else
			this.frame ??= requestAnimationFrame(() => this.flush());
	}

	flush() {
		this.frame = undefined;
		for (const event of this.waiting.splice(0, A_FRAME)) {
			if (this.known.has(event.id))
				continue;
			this.known.add(event.id);
			this.body.prepend(this.made(event));
		}
		while (this.body.rows.length > ROWS_MAX) {
			this.known.delete(this.body.lastElementChild.dataset.id);
			this.body.lastElementChild.remove();
		}
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
		if (!paused)
			this.flush();
		this.changed();
	}

	find(word) {
		this.word = word.toLowerCase();
		for (const row of this.body.rows)
			row.hidden = !row.words.includes(this.word);
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

/* ---- the view ---- */

let view;

class View {
	constructor(main, parameters) {
		this.list = new List(() => this.tell());
		this.state = h("p", { class: "lead", role: "status" }, "Asking for the events.");
		this.filterBox = h("details", { class: "card filterbox" });
		this.filterBox.open = matchMedia("(min-width: 60rem)").matches;
		this.pauseButton = h("button", { type: "button", "aria-pressed": "false",
			onclick: () => this.pause() }, "Pause");
		this.older = h("button", { type: "button", class: "wide", onclick: () => this.more() }, "Show older ones");
		const words = h("input", { type: "search", placeholder: "Find among these",
			"aria-label": "Find among these", oninput: () => this.list.find(words.value) });
		main.querySelector(".top").append(h("div", { class: "tools" }, words, this.pauseButton));
		main.append(this.filterBox, this.state, this.list.element, this.older);
		this.feed = new Feed((event) => this.list.add(event), () => this.tell(),
			() => this.load());
		this.use(parameters);
	}

	use(parameters) {
		this.filters = filtersOf(parameters);
		const used = Object.keys(this.filters).length;
		put(this.filterBox, h("summary", null, "Filters ",
			h("span", { class: "quiet" }, used ? `${many(used, "filter")} in use` : "all events")),
		filterForm(this.filters));
		this.list.clear();
		this.depth = 0;
		this.loaded = null;
		this.feed.open(this.filters);
		this.load();
	}

	async load() {
		const filters = this.filters;
		try {
			const events = await getLines("events", { ...filters, limit: PAST[this.depth] });
			if (filters !== this.filters)
				return;
			this.loaded = events.length;
			this.failed = null;
			this.list.past(events);
		} catch (error) {
			this.failed = error.message;
		}
		this.tell();
	}

	more() {
		this.depth = Math.min(this.depth + 1, PAST.length - 1);
		this.load();
	}

	pause() {
		this.list.pause(!this.list.paused);
		this.pauseButton.setAttribute("aria-pressed", this.list.paused);
		say(this.pauseButton, this.list.paused ? "Go on" : "Pause");
	}

	tell() {
		const { list, feed } = this;
		const seen = list.seen();
		const live = list.paused
			? `paused; ${count(list.waiting.length)} came meanwhile`
			: feed.alive ? "live" : "waiting for the gateway";
		const skipped = feed.skipped ? `; ${feed.skipped} were skipped, for they came too fast` : "";
		list.element.hidden = list.body.rows.length === 0;
		this.older.hidden = this.loaded === null || this.loaded < PAST[this.depth] || this.depth === PAST.length - 1;
		const first = list.body.lastElementChild?.querySelector("button")?.title;
		const back = first ? ` back to ${day(first)} ${clock(first)}` : "";
		say(this.state, this.failed ? `The events are not to be had: ${this.failed}.`
			: this.loaded === null ? "Asking for the events."
				: list.body.rows.length === 0 ? `No event is like that; ${live}.`
					: `${many(seen, "event")}${back}, ${live}${skipped}.`);
	}

	close() {
		this.feed.close();
		cancelAnimationFrame(this.list.frame);
	}
}

export default {
	title: "Events",
	open(main, parameters) {
		view = new View(main, parameters);
		return () => view.close();
	},
	change: (parameters) => view.use(parameters),
};
