/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened, the newest first: live and of the past, by any field. */
import { getLines } from "./api.js";
import { h, put, say } from "./dom.js";
import { EventList } from "./eventlist.js";
import { Feed } from "./feed.js";
import { count, many, when } from "./words.js";

const PAST = [100, 300, 1000]; /* the last is what the gateway gives at most */

const FIELDS = [
	{ key: "verdict", label: "Verdict", values: ["allow", "reject", "drop"] },
	{ key: "enforcer", label: "By", values: ["firewall", "proxy"] },
	{
		key: "kind",
		label: "Kind",
		values: ["packet", "flow", "request", "dns", "list", "policy", "ban", "fault"],
	},
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
	for (const { key } of FIELDS) if (parameters.get(key)) filters[key] = parameters.get(key);
	return filters;
}

/* ---- the filters ---- */

function fieldOf(field, filters) {
	const id = `filter-${field.key.replace(".", "-")}`;
	const value = filters[field.key] ?? "";
	const input = field.values
		? h(
				"select",
				{ id, name: field.key },
				h("option", { value: "" }, "any"),
				field.values.map((one) => h("option", { value: one }, one)),
			)
		: h("input", {
				id,
				name: field.key,
				type: "text",
				autocomplete: "off",
				spellcheck: "false",
			});
	input.value = value;
	return h("label", { class: "field", for: id }, field.label, input);
}

function filterForm(filters) {
	const form = h(
		"form",
		{ class: "filters", "aria-label": "Filters" },
		FIELDS.map((field) => fieldOf(field, filters)),
		h(
			"div",
			{ class: "buttons" },
			h("button", { type: "submit", class: "primary" }, "Filter"),
			h("a", { href: "#/events", class: "button" }, "Clear"),
		),
	);
	const go = () => {
		const wanted = [...new FormData(form)]
			.map(([key, value]) => [key, value.trim()])
			.filter(([, value]) => value !== "")
			.slice(0, FILTERS_MAX);
		location.hash = `#/events?${new URLSearchParams(wanted)}`;
	};
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		go();
	});
	form.addEventListener("change", (event) => event.target.tagName === "SELECT" && go());
	return form;
}

/* ---- the view ---- */

let view;

class View {
	constructor(main, parameters) {
		this.list = new EventList(() => this.tell());
		/* How many they are changes too often to be read out. */
		this.number = h("span");
		this.state = h("span", { role: "status" }, "Asking for the events.");
		this.filterBox = h("details", { class: "card filterbox" });
		this.filterBox.open = matchMedia("(min-width: 60rem)").matches;
		this.pauseButton = h(
			"button",
			{ type: "button", "aria-pressed": "false", onclick: () => this.pause() },
			"Pause",
		);
		this.older = h(
			"button",
			{ type: "button", class: "wide", onclick: () => this.more() },
			"Show older ones",
		);
		const words = h("input", {
			type: "search",
			placeholder: "Find among these",
			"aria-label": "Find among these",
			oninput: () => this.list.find(words.value),
		});
		main.querySelector(".top").append(
			h("div", { class: "tools" }, words, this.pauseButton),
		);
		main.append(
			this.filterBox,
			h("p", { class: "lead" }, this.number, this.state),
			this.list.element,
			this.older,
		);
		this.feed = new Feed(
			(event) => this.list.add(event),
			() => this.tell(),
			() => this.load(),
		);
		this.use(parameters);
	}

	use(parameters) {
		this.filters = filtersOf(parameters);
		const used = Object.keys(this.filters).length;
		put(
			this.filterBox,
			h(
				"summary",
				null,
				"Filters ",
				h(
					"span",
					{ class: "quiet" },
					used ? `${many(used, "filter")} in use` : "all events",
				),
			),
			filterForm(this.filters),
		);
		this.list.clear();
		this.depth = 0;
		this.loaded = null;
		this.feed.open(this.filters);
	}

	async load() {
		const filters = this.filters;
		try {
			const events = await getLines("events", { ...filters, limit: PAST[this.depth] });
			if (filters !== this.filters) return;
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
		const { list } = this;
		const none = list.body.rows.length === 0;
		list.element.hidden = none;
		this.older.hidden =
			this.loaded === null ||
			this.loaded < PAST[this.depth] ||
			this.depth === PAST.length - 1;
		say(this.number, none ? "" : `${many(list.seen(), "event")}${this.back()}, `);
		say(
			this.state,
			this.failed ??
				(this.loaded === null
					? "Asking for the events."
					: `${none ? "No event is like that; " : ""}${this.stream()}.`),
		);
	}

	back() {
		const first = this.list.body.lastElementChild.querySelector("button").title;
		return ` back to ${when(first)}`;
	}

	stream() {
		const { list, feed } = this;
		if (list.paused) return `paused; ${count(list.waiting.length)} came meanwhile`;
		if (!feed.alive) return "waiting for the gateway";
		return feed.skipped ? `live; ${feed.skipped} came too fast and were skipped` : "live";
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
