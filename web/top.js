/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was met most, of five kinds: a card each, whose rows lead to the events. */
import { get } from "./api.js";
import { h, keyed, say, table } from "./dom.js";
import { seconds } from "./ranges.js";
import { brief, bytes, ruleName, span } from "./words.js";

const TOP = 8;
const TOP_SECONDS_MAX = 86400; /* the gateway knows no more */

const search = (filters) => `#/events?${new URLSearchParams(filters)}`;

/* A name that is refused is not resolved: where it is, is not known ("-"). */
const zoneValue = (zone) => (zone === "-" ? "null" : zone);

function pairFilters(what) {
	const [from, to] = what.split(" -> ");
	return to === undefined ? {} : { "zone.from": zoneValue(from), "zone.to": zoneValue(to) };
}

const pairWords = ({ what }) =>
	what.replace(" -> ", " → ").replace(/(^| )-( |$)/g, "$1unknown$2");

const ruleFilters = (what) => {
	const line = what.split("/")[0];
	return /^[1-9]\d*$/.test(line) ? { "rule.line": line } : {};
};

/* As it is written; of a policy that is no more, where it was. */
const ruleWords = ({ what, text, name }) =>
	text ?? ruleName({ line: Number(what.split("/")[0]), name });

export const TOPS = [
	{
		of: "pairs",
		title: "Traffic by zones",
		first: "From and to",
		words: pairWords,
		filters: pairFilters,
	},
	{ of: "names", title: "Names", first: "Name", filters: (what) => ({ name: what }) },
	{ of: "clients", title: "Clients", first: "Client", filters: (what) => ({ source: what }) },
	{
		of: "refused",
		title: "Refused most",
		first: "Client",
		refused: true,
		filters: (what) => ({ source: what }),
	},
	{
		of: "rules",
		title: "Rules",
		first: "Rule",
		words: ruleWords,
		mono: true,
		filters: ruleFilters,
	},
];

const amount = (kind, entry) => (kind.refused ? entry.refused : entry.flows);

function topRow() {
	const link = h("a");
	const values = [
		h("td", { class: "num" }),
		h("td", { class: "num no" }),
		h("td", { class: "num" }),
	];
	const row = h("tr", null, h("th", { scope: "row", class: "what" }, link), values);
	return Object.assign(row, { link, values });
}

function showTopRow(kind, row, entry, most) {
	const words = kind.words?.(entry) ?? entry.what;
	const near = entry.over > 0 ? "~" : "";
	say(row.link, words);
	row.link.href = search(kind.filters(entry.what));
	row.link.title = words;
	row.link.classList.toggle("mono", Boolean(kind.mono));
	say(row.values[0], near + brief(entry.flows));
	say(row.values[1], entry.refused > 0 ? brief(entry.refused) : "");
	say(row.values[2], bytes(entry.bytes_in + entry.bytes_out));
	row.style.setProperty("--share", `${(100 * amount(kind, entry)) / most}%`);
	row.classList.toggle("no", Boolean(kind.refused));
}

export function topCard(kind) {
	const body = h("tbody");
	const empty = h("p", { class: "empty" }, "Asking.");
	const list = table(
		kind.title,
		[
			{ name: kind.first },
			{ name: "Flows", number: true },
			{ name: "Refused", number: true },
			{ name: "Bytes", number: true },
		],
		body,
	);
	const ago = h("span", { class: "quiet" });
	const card = h(
		"section",
		{ class: "card", "aria-label": kind.title },
		h("h2", null, kind.title, ago),
		list,
		empty,
	);
	list.hidden = true;

	list.classList.add("tops");
	card.show = ({ entries, seconds: past }) => {
		say(ago, past < seconds() ? ` of the last ${span(past)}` : "");
		const some = entries.filter((entry) => amount(kind, entry) > 0).slice(0, TOP);
		const most = Math.max(1, ...some.map((entry) => amount(kind, entry)));
		keyed(
			body,
			some,
			(entry) => entry.what,
			topRow,
			(row, entry) => showTopRow(kind, row, entry, most),
		);
		list.hidden = some.length === 0;
		empty.hidden = some.length > 0;
		say(empty, "Nothing in this time.");
	};
	return card;
}

export const askTop = (kind) =>
	get("top", { of: kind.of, count: TOP, seconds: Math.min(seconds(), TOP_SECONDS_MAX) });
