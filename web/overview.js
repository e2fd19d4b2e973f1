/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on: over time, by whom, to where, by which rule; and is all well? */
import { get } from "./api.js";
import { h, keyed, say } from "./dom.js";
import { watchStatus } from "./gateway.js";
import { troubles } from "./health.js";
import { Poll } from "./link.js";
import { Plot } from "./plot.js";
import { range, rangeChoice } from "./ranges.js";
import { TOPS, askTop, topCard } from "./top.js";
import { brief, bytes, count, many, percent } from "./words.js";

/* ---- figures ---- */

function figures() {
	const made = {};
	const list = h("dl", { class: "figures" });
	for (const [name, label] of [
		["allowed", "Allowed"],
		["refused", "Refused"],
		["requests", "Requests"],
		["bytes", "Carried"],
		["hits", "From the cache"],
		["saved", "Saved"],
	]) {
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
		keyed(
			list,
			found,
			(one) => one.words,
			(one) => h("li", { class: one.bad ? "bad" : null }, one.words),
		);
	};
	return card;
}

const FACTS = [
	["Policy", (status) => many(status.rules.filter((rule) => rule.line > 0).length, "rule")],
	[
		"Lists",
		(status) =>
			status.lists.length === 0
				? "none"
				: many(
						status.lists.reduce((all, list) => all + list.entries, 0),
						"entry",
						"entries",
					),
	],
	["Bans", (status) => count(status.bans)],
	["Clients of the proxy", (status) => `${count(status.counters.connections_open)} now`],
	[
		"Answered from the cache",
		({ counters }) =>
			percent(counters.cache_hits, counters.cache_hits + counters.cache_misses),
	],
	["Sent from the cache", ({ counters }) => bytes(counters.cache_hit_bytes)],
	[
		"In the cache",
		({ counters }) =>
			`${many(counters.cache_objects, "answer")}, ${bytes(counters.cache_bytes)}`,
	],
	["Names that failed", ({ counters }) => percent(counters.dns_failed, counters.dns_queries)],
	["Servers that failed", ({ counters }) => count(counters.upstream_failed)],
	["Events written", ({ counters }) => count(counters.events)],
];

function factsCard() {
	const values = FACTS.map(() => h("dd", null, "–"));
	const card = h(
		"section",
		{ class: "card facts", "aria-label": "Now" },
		h("h2", null, "Now"),
		h(
			"dl",
			null,
			FACTS.map(([label], i) => h("div", null, h("dt", null, label), values[i])),
		),
		h("p", { class: "hint" }, "Counters begin anew with the proxy."),
	);
	card.show = (status) => FACTS.forEach(([, words], i) => say(values[i], words(status)));
	return card;
}

/* ---- the view ---- */

const flowSides = {
	format: brief,
	up: { name: "allowed", label: "Allowed" },
	down: { name: "refused", label: "Refused" },
};
const byteSides = {
	format: bytes,
	up: { name: "bytes_out", label: "To clients" },
	down: { name: "bytes_in", label: "From clients" },
};

function open(main) {
	const plots = [new Plot("Flows", flowSides), new Plot("Bytes", byteSides)];
	const totals = figures();
	const health = healthCard(),
		facts = factsCard();
	const cards = TOPS.map(topCard);
	const none = h("p", { class: "empty", hidden: true });
	const series = h(
		"section",
		{ class: "card series", "aria-label": "Over time" },
		totals,
		h(
			"div",
			{ class: "pair" },
			plots.map((plot) => h("div", null, h("h2", null, plot.label), plot.element)),
		),
	);
	const missing = (problem) => {
		series.hidden = true;
		cards.forEach((card) => (card.hidden = true));
		none.hidden = false;
		say(
			none,
			problem.status === 404
				? "This gateway keeps no counts over time."
				: `What happened over time is not known: ${problem.message}`,
		);
	};
	const seriesPoll = new Poll(
		() => get("series", { step: range().step, count: range().count }),
		5000,
		(answer) => {
			series.hidden = false;
			none.hidden = true;
			totals.show(answer.points);
			plots.forEach((plot) => plot.show(answer.points, answer.step));
		},
		missing,
	);
	const topPolls = TOPS.map(
		(kind, i) =>
			new Poll(
				() => askTop(kind),
				5000,
				(answer) => {
					cards[i].hidden = false;
					cards[i].show(answer);
				},
				() => (cards[i].hidden = true),
			),
	);
	const polls = [seriesPoll, ...topPolls];

	main.querySelector(".top").append(rangeChoice(() => polls.forEach((poll) => poll.now())));
	main.append(health, none, series, h("div", { class: "cards" }, cards, facts));
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
