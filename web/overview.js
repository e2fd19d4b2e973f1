/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on: over time, by whom, to where, by which rule; and is all well? */
import { get } from "./api.js";
import { h, keyed, put, say, table } from "./dom.js";
import { watchStatus } from "./gateway.js";
import { troubles } from "./health.js";
import { Poll } from "./link.js";
import { Plot } from "./plot.js";
import { range, rangeChoice, seconds } from "./ranges.js";
import { brief, bytes, count, many, percent, ruleName, span } from "./words.js";

const TOP = 8;
const TOP_SECONDS_MAX = 86400; /* the gateway knows no more */

const search = (filters) => `#/events?${new URLSearchParams(filters)}`;

/* ---- what is most, of five kinds ---- */

/* A name that is refused is not resolved: where it is, is not known ("-"). */
const zoneValue = (zone) => zone === "-" ? "null" : zone;

function pairFilters(what) {
	const [from, to] = what.split(" -> ");
	return to === undefined ? {}
		: { "zone.from": zoneValue(from), "zone.to": zoneValue(to) };
}

const pairWords = ({ what }) => what.replace(" -> ", " → ").replace(/(^| )-( |$)/g, "$1unknown$2");

const ruleFilters = (what) => {
	const line = what.split("/")[0];
	return /^[1-9]\d*$/.test(line) ? { "rule.line": line } : {};
};

/* As it is written; of a policy that is no more, where it was. */
const ruleWords = ({ what, text, name }) => text ??
	ruleName({ line: Number(what.split("/")[0]), name });

const KINDS = [
	{ of: "pairs", title: "Traffic by zones", first: "From and to", words: pairWords,
		filters: pairFilters },
	{ of: "names", title: "Names", first: "Name", filters: (what) => ({ name: what }) },
	{ of: "clients", title: "Clients", first: "Client", filters: (what) => ({ source: what }) },
	{ of: "refused", title: "Refused most", first: "Client", refused: true,
		filters: (what) => ({ source: what, verdict: "reject" }) },
	{ of: "rules", title: "Rules", first: "Rule", words: ruleWords, mono: true, filters: ruleFilters },
];

const amount = (kind, entry) => kind.refused ? entry.refused : entry.flows;

function topRow() {
	const link = h("a");
	const values = [h("td", { class: "num" }), h("td", { class: "num no" }), h("td", { class: "num" })];
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
	row.style.setProperty("--share", `${100 * amount(kind, entry) / most}%`);
	row.classList.toggle("no", Boolean(kind.refused));
}

function topCard(kind) {
	const body = h("tbody");
	const empty = h("p", { class: "empty" }, "Nothing yet.");
	const list = table(kind.title, [{ name: kind.first },
		{ name: "Flows", number: true }, { name: "Refused", number: true },
		{ name: "Bytes", number: true }], body);
	const ago = h("span", { class: "quiet" });
	const card = h("section", { class: "card", "aria-label": kind.title },
		h("h2", null, kind.title, ago), list, empty);

	list.classList.add("tops");
	card.show = ({ entries, seconds: past }) => {
		say(ago, past < seconds() ? ` of the last ${span(past)}` : "");
		const some = entries.filter((entry) => amount(kind, entry) > 0).slice(0, TOP);
		const most = Math.max(1, ...some.map((entry) => amount(kind, entry)));
		keyed(body, some, (entry) => entry.what, topRow,
			(row, entry) => showTopRow(kind, row, entry, most));
		list.hidden = some.length === 0;
		empty.hidden = some.length > 0;
	};
	return card;
}

/* ---- figures ---- */

function figures() {
	const made = {};
	const list = h("dl", { class: "figures" });
	for (const [name, label] of [["allowed", "Allowed"], ["refused", "Refused"],
		["requests", "Requests"], ["bytes", "Carried"], ["hits", "From the cache"],
		["saved", "Saved"]]) {
		made[name] = h("dd", null, "–");
		list.append(h("div", null, h("dt", null, label), made[name]));
	}
	list.show = (points) => {
		const sum = (name) => points.reduce((all, point) => all + point[name], 0);
		say(made.allowed, brief(sum("allowed")));
		say(made.refused, brief(sum("refused")));
		say(made.requests, brief(sum("requests")));
		say(made.bytes, bytes(sum("bytes_in") + sum("bytes_out")));
		say(made.hits, percent(sum("hits"), sum("requests")));
		say(made.saved, bytes(sum("saved")));
	};
	return list;
}

/* ---- health, and what the proxy has counted since it was started ---- */

function healthCard() {
	const list = h("ul", { class: "troubles" });
	const well = h("p", { class: "well" });
	const card = h("section", { class: "health", "aria-label": "Health" }, well, list);

	card.show = (status) => {
		const found = troubles(status);
		const bad = found.filter((one) => one.bad).length;
		card.classList.toggle("bad", bad > 0);
		say(well, bad === 0 ? "All is well." : `${many(bad, "thing")} to look after.`);
		keyed(list, found, (one) => one.words,
			(one) => h("li", { class: one.bad ? "bad" : null }, one.words));
	};
	return card;
}

const FACTS = [
	["Policy", (status) => many(status.rules.filter((rule) => rule.line > 0).length, "rule")],
	["Lists", (status) => status.lists.length === 0 ? "none" :
		many(status.lists.reduce((all, list) => all + list.entries, 0), "entry", "entries")],
	["Bans", (status) => count(status.bans)],
	["Clients of the proxy", (status) => `${count(status.counters.connections_open)} now`],
	["Answered from the cache", ({ counters }) => percent(counters.cache_hits,
		counters.cache_hits + counters.cache_misses)],
	["Sent from the cache", ({ counters }) => bytes(counters.cache_hit_bytes)],
	["In the cache", ({ counters }) => `${many(counters.cache_objects, "answer")}, ${bytes(counters.cache_bytes)}`],
	["Names that failed", ({ counters }) => percent(counters.dns_failed, counters.dns_queries)],
	["Servers that failed", ({ counters }) => count(counters.upstream_failed)],
	["Events written", ({ counters }) => count(counters.events)],
];

function factsCard() {
	const values = FACTS.map(() => h("dd", null, "–"));
	const card = h("section", { class: "card facts", "aria-label": "Now" }, h("h2", null, "Now"),
		h("dl", null, FACTS.map(([label], i) => h("div", null, h("dt", null, label), values[i]))),
		h("p", { class: "hint" }, "Counters begin anew with the proxy."));
	card.show = (status) => FACTS.forEach(([, words], i) => say(values[i], words(status)));
	return card;
}

/* ---- the view ---- */

const flowSides = { format: brief, up: { name: "allowed", label: "Allowed" },
	down: { name: "refused", label: "Refused" } };
const byteSides = { format: bytes, up: { name: "bytes_out", label: "To clients" },
	down: { name: "bytes_in", label: "From clients" } };

function open(main) {
	const plots = [new Plot("Flows", flowSides), new Plot("Bytes", byteSides)];
	const totals = figures();
	const health = healthCard(), facts = factsCard();
	const cards = KINDS.map(topCard);
	const none = h("p", { class: "empty", hidden: true });
	const series = h("section", { class: "card series", "aria-label": "Over time" }, totals,
		h("div", { class: "pair" }, plots.map((plot) => h("div", null,
			h("h2", null, plot.label), plot.element))));
	const missing = (problem) => {
		series.hidden = true;
		cards.forEach((card) => card.hidden = true);
		none.hidden = false;
		say(none, problem.status === 404
			? "This gateway keeps no counts over time."
			: `What happened over time is not known: ${problem.message}`);
	};
	const seriesPoll = new Poll(
		() => get("series", { step: range().step, count: range().count }), 5000,
		(answer) => {
			series.hidden = false;
			none.hidden = true;
			totals.show(answer.points);
			plots.forEach((plot) => plot.show(answer.points, answer.step));
		}, missing);
	const topPolls = KINDS.map((kind, i) => new Poll(
		() => get("top", { of: kind.of, count: TOP,
			seconds: Math.min(seconds(), TOP_SECONDS_MAX) }), 5000,
		(answer) => {
			cards[i].hidden = false;
			cards[i].show(answer);
		}, () => cards[i].hidden = true));
	const polls = [seriesPoll, ...topPolls];

	main.querySelector(".top").append(rangeChoice(() => polls.forEach((poll) => poll.now())));
	main.append(health, none, series, h("div", { class: "cards" }, cards, facts));
	cards.forEach((card) => card.show({ entries: [] }));
	polls.forEach((poll) => poll.start());
	const unwatch = watchStatus((status) => {
		health.show(status);
		facts.show(status);
	});
	return () => {
		unwatch();
		polls.forEach((poll) => poll.stop());
		plots.forEach((plot) => plot.stop());
	};
}

export default { title: "Overview", open };
