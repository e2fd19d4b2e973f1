/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as it is written, each rule with what it has met.
 *
 * Its rows are made only where they are looked at: a chunk of them far from
 * there is one empty row of the same height.
 */
import { get, getText, Problem } from "./api.js";
import { h, put, say, table } from "./dom.js";
import { watchPolicy } from "./gateway.js";
import { coloured, rowsOf } from "./language.js";
import { Poll } from "./link.js";
import { brief, count, many, since, span } from "./words.js";

const EVERY_MS = 5000;
const CHUNK = 100;
const ROW_REM = 1.5; /* as policy.css has it */

const keyOf = (rule, at) => `${rule.line}/${rule.nth ?? at}`;
const sumOf = (rules, name) => rules.reduce((all, rule) => all + (rule[name] ?? 0), 0);
/* First packets that the kernel decided, and flows that the proxy did. */
const hitsOf = (rules) => sumOf(rules, "packets") + sumOf(rules, "flows");

function lastOf(rules) {
	const times = rules
		.map((rule) => rule.last)
		.filter(Boolean)
		.sort();
	return times.at(-1) ?? null;
}

/*
 * Rules that have not been met; only where the gateway says when they were.
 * The built-in last one is there for a policy that ends in none of its own.
 */
const isUnmet = (rule) => rule.last === null && rule.line !== 0;
const isNever = (rules) => rules.length > 0 && rules.every(isUnmet);

function searchFor(rules) {
	const [rule] = rules;
	const filters = { "rule.line": rule.line };
	if (rule.name) filters["rule.name"] = rule.name;
	return `#/events?${new URLSearchParams(filters)}`;
}

function rulesOf(row) {
	return row.rule ? [row.rule] : row.rules;
}

function hitCells(row, fresh) {
	const rules = rulesOf(row).map((rule) => fresh.get(rule.key) ?? rule);
	if (rules.length === 0) return [h("td"), h("td")];
	const never = isNever(rules);
	const last = lastOf(rules);
	const hits = hitsOf(rules);
	const where = rules[0].line ? `line ${rules[0].line}` : "the last rule";
	return [
		h(
			"td",
			{ class: "num" },
			h(
				"a",
				{
					href: searchFor(rules),
					title:
						`${many(sumOf(rules, "packets"), "packet")} by the firewall, ` +
						`${many(sumOf(rules, "flows"), "flow")} by the proxy`,
					"aria-label": `${never ? "never hit" : many(hits, "hit")}: events of ${where}`,
				},
				never ? "never" : brief(hits),
			),
		),
		h("td", { class: "num quiet", title: last }, last ? span(since(last)) : ""),
	];
}

function rowElement(row, fresh) {
	const rules = rulesOf(row);
	const classes = [
		rules.length ? "rule" : "",
		isNever(rules) ? "never" : "",
		row.rule ? "foreign" : "",
	]
		.join(" ")
		.trim();
	const [hits, last] = hitCells(row, fresh);
	const text = row.rule
		? [
				h(
					"span",
					{ class: "of" },
					row.rule.line === 0
						? "built in"
						: `line ${row.rule.line} of an included file`,
				),
				coloured(row.rule.text ?? ""),
			]
		: coloured(row.text);
	const element = h(
		"tr",
		{ class: classes || null },
		row.line ? h("th", { scope: "row", class: "num" }, row.line) : h("td"),
		hits,
		last,
		h("td", { class: "text" }, text),
	);
	if (rules.length)
		element.addEventListener("click", (event) => {
			if (!event.target.closest("a") && getSelection().isCollapsed)
				location.hash = searchFor(rules);
		});
	return element;
}

class Listing {
	constructor() {
		this.table = table("The policy in force", [
			{ name: "Line", number: true },
			{ name: "Hits", number: true },
			{ name: "Last", number: true },
			{ name: "Rule" },
		]);
		this.table.tBodies[0].remove();
		this.table.classList.add("policy");
		this.element = h(
			"div",
			{
				class: "card code",
				tabindex: "0",
				role: "region",
				"aria-label": "The policy, may be scrolled",
			},
			this.table,
		);
		this.fresh = new Map();
		this.watcher = new IntersectionObserver(
			(entries) => {
				for (const { target, isIntersecting } of entries)
					this.fill(target, isIntersecting);
			},
			{ rootMargin: "800px" },
		);
	}

	show(rows) {
		this.watcher.disconnect();
		for (const body of [...this.table.tBodies]) body.remove();
		const longest = Math.max(
			20,
			...rows.map(
				(row) => (row.text ?? `${row.rule.text}                            `).length,
			),
		);
		this.table.style.setProperty("--wide", `${longest + 2}ch`);
		for (let at = 0; at < rows.length; at += CHUNK) {
			const body = h("tbody");
			body.rowsOfIt = rows.slice(at, at + CHUNK);
			this.fill(body, false);
			this.table.append(body);
			this.watcher.observe(body);
		}
	}

	fill(body, seen) {
		if (body.isSeen === seen || (!seen && body.contains(document.activeElement))) return;
		body.isSeen = seen;
		if (seen) {
			put(
				body,
				body.rowsOfIt.map((row) => rowElement(row, this.fresh)),
			);
			return;
		}
		const room = h("td", { colspan: "4" });
		room.style.height = `${body.rowsOfIt.length * ROW_REM}rem`;
		put(body, h("tr", { "aria-hidden": "true" }, room));
	}

	/* Only what is looked at, and there only what is another. */
	update(rules) {
		this.fresh = rules;
		for (const body of this.table.tBodies)
			if (body.isSeen)
				body.rowsOfIt.forEach((row, i) => this.updateRow(body.rows[i], row));
	}

	updateRow(element, row) {
		if (rulesOf(row).length === 0 || element.contains(document.activeElement)) return;
		const [hits, last] = hitCells(row, this.fresh);
		if (element.cells[1].textContent !== hits.textContent)
			element.cells[1].replaceWith(hits);
		if (element.cells[2].textContent !== last.textContent)
			element.cells[2].replaceWith(last);
		element.classList.toggle(
			"never",
			isNever(rulesOf(row).map((rule) => this.fresh.get(rule.key) ?? rule)),
		);
	}

	/* Goes to the row with a rule of this text. */
	reveal(text) {
		for (const body of this.table.tBodies) {
			const at = body.rowsOfIt.findIndex((row) =>
				rulesOf(row).some((rule) => rule.text === text),
			);
			if (at < 0) continue;
			this.fill(body, true);
			body.rows[at].classList.add("marked");
			body.rows[at].scrollIntoView({ block: "center" });
			body.rows[at].querySelector("a").focus({ preventScroll: true });
		}
	}

	stop() {
		this.watcher.disconnect();
	}
}

/* With the newest API what was met by either enforcer; else the kernel's. */
async function askRules() {
	try {
		return (await get("rules")).rules;
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 404) throw error;
	}
	return (await get("status")).rules;
}

function toolbar(changed) {
	const only = h(
		"select",
		{ "aria-label": "Which lines", onchange: changed },
		h("option", { value: "all" }, "All lines"),
		h("option", { value: "rules" }, "Rules"),
		h("option", { value: "never" }, "Rules never hit"),
		h("option", { value: "hit" }, "Rules by hits"),
	);
	const words = h("input", {
		type: "search",
		placeholder: "Find in the policy",
		"aria-label": "Find in the policy",
		oninput: changed,
	});
	return { element: h("div", { class: "tools" }, words, only), only, words };
}

function chosenRows(rows, tools, fresh) {
	const now = (row) => rulesOf(row).map((rule) => fresh.get(rule.key) ?? rule);
	const word = tools.words.value.trim().toLowerCase();
	const only = tools.only.value;
	let chosen = rows;
	if (only !== "all") chosen = chosen.filter((row) => rulesOf(row).length > 0);
	if (only === "never") chosen = chosen.filter((row) => isNever(now(row)));
	if (word)
		chosen = chosen.filter((row) =>
			(row.text ?? row.rule.text ?? "").toLowerCase().includes(word),
		);
	if (only === "hit") chosen = [...chosen].sort((a, b) => hitsOf(now(b)) - hitsOf(now(a)));
	return chosen;
}

let reveal;

function open(main, parameters) {
	let wanted = parameters.get("rule");
	const listing = new Listing();
	const summary = h("p", { class: "lead", role: "status" }, "Asking for the policy.");
	const tools = toolbar(() => {
		redraw();
		scrollTo(0, 0);
	});
	let text = null,
		rows = [],
		shown = "";

	const redraw = () => {
		const chosen = chosenRows(rows, tools, listing.fresh);
		listing.show(chosen);
		listing.element.hidden = chosen.length === 0;
		summarize();
	};
	const summarize = () => {
		const rules = rows
			.flatMap(rulesOf)
			.filter((rule) => rule.line !== 0)
			.map((rule) => listing.fresh.get(rule.key) ?? rule);
		const never = rules.filter(isUnmet).length;
		const hit = !rules.some((rule) => "last" in rule)
			? ""
			: never > 0
				? `, ${count(never)} of them never hit`
				: ", each of them was hit";
		say(
			summary,
			listing.element.hidden
				? "No line is like that."
				: `${many(rules.length, "rule")}${hit}.`,
		);
	};
	const show = (rules) => {
		/* Ten thousand are megabytes each time. */
		poll.every = Math.max(EVERY_MS, rules.length * 3);
		rules.forEach((rule, at) => (rule.key = keyOf(rule, at)));
		listing.fresh = new Map(rules.map((rule) => [rule.key, rule]));
		const made = `${text}\n${rules.map((rule) => rule.key).join()}`;
		if (made !== shown) {
			shown = made;
			rows = rowsOf(text, rules);
			redraw();
			if (wanted) listing.reveal(wanted);
			wanted = null;
			return;
		}
		listing.update(listing.fresh);
		summarize();
	};
	const poll = new Poll(
		async () => {
			text ??= await getText("policy");
			return askRules();
		},
		EVERY_MS,
		show,
		(problem) => say(summary, problem.message),
	);
	reveal = (rule) => rule && listing.reveal(rule);
	const unwatch = watchPolicy(() => {
		text = null;
		poll.now();
	});

	main.querySelector(".top").append(tools.element);
	main.append(summary, listing.element);
	poll.start();
	return () => {
		unwatch();
		poll.stop();
		listing.stop();
	};
}

export default {
	title: "Policy",
	open,
	change: (parameters) => reveal(parameters.get("rule")),
};
