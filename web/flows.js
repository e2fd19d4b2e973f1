/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flows that live, and their end. */
import { getLines } from "./api.js";
import { h, keyed, say, table } from "./dom.js";
import { dialog } from "./dialog.js";
import { flowText, place } from "./flow.js";
import { Poll } from "./link.js";
import { carryOut, changeButton } from "./session.js";
import { verdictMark } from "./why.js";
import { bytes, count, many, ruleName, span } from "./words.js";

const A_PAGE = 200;

const SORTS = {
	bytes: ["the most bytes", (a, b) => total(b) - total(a)],
	young: ["the youngest", (a, b) => (a.duration_ms ?? 0) - (b.duration_ms ?? 0)],
	old: ["the oldest", (a, b) => (b.duration_ms ?? 0) - (a.duration_ms ?? 0)],
	source: ["by source", (a, b) => String(a.source).localeCompare(String(b.source))],
};

const total = (flow) => (flow.bytes?.in ?? 0) + (flow.bytes?.out ?? 0);

const words = (flow) =>
	`${place(flow.source, flow.source_port)} → ` +
	`${place(flow.destination, flow.port)} ${flow.protocol ?? ""}`;

function ending(flow, done) {
	return changeButton(
		"End",
		{ class: "small", "aria-label": `End ${words(flow)}` },
		async () => {
			const sure = await dialog({
				title: "End this flow?",
				yes: "End it",
				danger: true,
				content: h("p", { class: "mono wrap" }, words(flow)),
			});
			if (
				sure &&
				(await carryOut(
					"DELETE",
					"flows",
					{ match: flow.flow },
					"Ending a flow needs a token.",
				))
			)
				done();
		},
	);
}

function flowRow(flow, done) {
	const cells = [
		h("td", { class: "num" }),
		h("td", { class: "num" }),
		h("td", { class: "num" }),
	];
	/* What the proxy sends itself is judged by no rule, and not by explain. */
	const isOwn = flow.enforcer === "proxy" && flow.zone?.from === "self" && !flow.rule;
	const text = isOwn ? null : flowText(flow);
	const goal = place(flow.destination, flow.port);
	return Object.assign(
		h(
			"tr",
			null,
			h(
				"td",
				{ class: "zones" },
				[flow.zone?.from, flow.zone?.to].filter(Boolean).join(" → "),
			),
			h("th", { scope: "row", class: "from mono" }, place(flow.source, flow.source_port)),
			h(
				"td",
				{ class: "what mono" },
				text
					? h(
							"a",
							{
								title: "Explain this flow",
								href: `#/explain?${new URLSearchParams({ flow: text })}`,
							},
							goal,
						)
					: goal,
			),
			h("td", { class: "proto" }, flow.protocol ?? ""),
			h("td", { class: "verdict-cell" }, verdictMark(flow.verdict)),
			h(
				"td",
				{ class: "by" },
				flow.rule
					? h(
							"a",
							{
								title: "Events of this flow",
								href: `#/events?${new URLSearchParams({ flow: flow.flow })}`,
							},
							ruleName(flow.rule),
						)
					: isOwn
						? h("span", { class: "quiet" }, "the proxy's own")
						: (flow.reason ?? ""),
			),
			cells,
			h("td", { class: "act" }, ending(flow, done)),
		),
		{ values: cells },
	);
}

function showRow(row, flow) {
	say(row.values[0], bytes(flow.bytes?.in));
	say(row.values[1], bytes(flow.bytes?.out));
	say(row.values[2], flow.duration_ms === null ? "–" : span(flow.duration_ms / 1000));
}

let view;

class View {
	constructor(main, parameters) {
		this.flows = [];
		this.shown = A_PAGE;
		this.body = h("tbody");
		this.summary = h("p", { class: "lead", role: "status" }, "Asking for the flows.");
		this.list = h(
			"div",
			{ class: "card list", hidden: true },
			table(
				"Flows",
				[
					{ name: "Zones" },
					{ name: "Source" },
					{ name: "Destination" },
					{ name: "Proto" },
					{ name: "Verdict" },
					{ name: "Rule" },
					{ name: "In", number: true },
					{ name: "Out", number: true },
					{ name: "Age", number: true },
					{ name: "End", hidden: true },
				],
				this.body,
			),
		);
		this.list.firstChild.classList.add("flows");
		this.more = h(
			"button",
			{ type: "button", class: "wide", hidden: true, onclick: () => this.showMore() },
			"Show more",
		);
		this.poll = new Poll(
			() => getLines("flows", { match: this.words() }),
			4000,
			(lines) => this.take(lines),
			(problem) => this.refuse(problem),
		);
		main.querySelector(".top").append(this.tools());
		main.append(this.summary, this.list, this.more);
		this.field.value = parameters.get("match") ?? "";
		this.poll.start();
	}

	tools() {
		this.field = h("input", {
			type: "search",
			id: "match",
			class: "mono",
			spellcheck: "false",
			"aria-label": "Which flows",
			placeholder: "from lan to wan tcp port 443",
		});
		this.sort = h(
			"select",
			{ "aria-label": "Order", onchange: () => this.show() },
			Object.entries(SORTS).map(([value, [label]]) => h("option", { value }, label)),
		);
		return h(
			"form",
			{
				class: "tools",
				onsubmit: (event) => {
					event.preventDefault();
					location.hash = `#/flows?${new URLSearchParams({ match: this.field.value.trim() })}`;
				},
			},
			this.field,
			h("button", { type: "submit" }, "Filter"),
			this.sort,
		);
	}

	use(parameters) {
		this.field.value = parameters.get("match") ?? "";
		this.shown = A_PAGE;
		this.poll.now();
	}

	words() {
		return this.field.value.trim().split(/\s+/).filter(Boolean);
	}

	take(lines) {
		this.flows = lines.filter((line) => line.flow);
		this.cut = lines.find((line) => line.error)?.error;
		this.show();
	}

	refuse(problem) {
		this.flows = [];
		this.show();
		say(this.summary, problem.message);
	}

	/* What somebody points at stays where it is. */
	ordered() {
		const sorted = [...this.flows].sort(SORTS[this.sort.value][1]);
		if (!this.list.matches(":hover, :focus-within")) return sorted;
		const place = new Map(
			[...(this.body.keyedRows?.keys() ?? [])].map((key, i) => [key, i]),
		);
		return sorted.sort(
			(a, b) => (place.get(a.flow) ?? Infinity) - (place.get(b.flow) ?? Infinity) || 0,
		);
	}

	show() {
		const some = this.ordered().slice(0, this.shown);
		keyed(
			this.body,
			some,
			(flow) => flow.flow,
			(flow) => flowRow(flow, () => this.poll.now()),
			showRow,
		);
		this.list.hidden = some.length === 0;
		this.more.hidden = this.flows.length <= this.shown;
		const sum = this.flows.reduce((all, flow) => all + total(flow), 0);
		const part =
			some.length < this.flows.length ? `, ${count(some.length)} of them here` : "";
		say(
			this.summary,
			this.flows.length === 0
				? "No such flow lives."
				: `${many(this.flows.length, "flow")}${part}, ${bytes(sum)} carried` +
						`${this.cut ? `; ${this.cut}` : ""}.`,
		);
	}

	showMore() {
		this.shown += A_PAGE;
		this.show();
	}
}

export default {
	title: "Flows",
	open(main, parameters) {
		view = new View(main, parameters);
		return () => view.poll.stop();
	},
	change: (parameters) => view.use(parameters),
};
