/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What another policy changes: first what it means, then how it is written. */
import { h } from "./dom.js";
import { verdictMark } from "./why.js";
import { many } from "./words.js";

const SIDES = [
	"service",
	"name",
	"scheme",
	"method",
	"path",
	"user",
	"header",
	"type",
	"way",
	"during",
];
const SHOWN = 50;

/* Its verdict, and what is said of it besides. */
function outcome(side) {
	const { verdict, text } = side ?? {};
	const rest = text?.startsWith(`${verdict} `)
		? text.slice(verdict.length)
		: ` ${text ?? ""}`;
	return [verdictMark(verdict), rest];
}

function flowsChange(one) {
	const more = SIDES.filter((side) => one[side])
		.map((side) => (side === "service" ? one[side] : `${side} ${one[side]}`))
		.join(", ");
	return h(
		"li",
		null,
		h("p", { class: "mono wrap" }, `${one.from ?? "any"} → ${one.to ?? "any"} ${more}`),
		h(
			"p",
			null,
			outcome(one.before),
			" ",
			h("span", { class: "becomes" }, "→"),
			h("span", { class: "out" }, " becomes "),
			" ",
			outcome(one.after),
		),
	);
}

const MAKE = {
	flows: flowsChange,
	interface: (one) =>
		h(
			"li",
			null,
			h(
				"p",
				null,
				`${one.interface} ${one.taken ? "takes" : "takes no more"} sources of ${one.from}`,
			),
		),
	statement: (one) =>
		h(
			"li",
			null,
			h("p", { class: "mono wrap" }, `${one.present ? "+" : "−"} ${one.statement}`),
		),
};

export function changeList(told) {
	const { changes = [], unknown } = told;
	if (unknown) return h("p", { class: "empty" }, `What it means is not known: ${unknown}.`);
	if (changes.length === 0) return h("p", { class: "empty" }, "No flow fares differently.");
	const rest = changes.length - SHOWN;
	return [
		h(
			"ul",
			{ class: "changes" },
			changes
				.slice(0, SHOWN)
				.map((one) =>
					(
						MAKE[one.kind] ??
						((other) => h("li", null, h("code", null, JSON.stringify(other))))
					)(one),
				),
		),
		rest > 0 ? h("p", { class: "hint" }, `And ${many(rest, "more change")}.`) : null,
	];
}

export const changesBox = (told) =>
	h("div", null, h("h3", null, "What it means"), changeList(told));

const kindOf = (line) =>
	line.startsWith("+++") || line.startsWith("---")
		? "file"
		: line.startsWith("@@")
			? "place"
			: line.startsWith("+")
				? "new"
				: line.startsWith("-")
					? "old"
					: null;

export function textBox(text) {
	if (!text) return h("p", { class: "empty" }, "The text is the same.");
	return h(
		"div",
		null,
		h("h3", null, "How it is written"),
		h(
			"pre",
			{
				class: "diff",
				tabindex: "0",
				role: "region",
				"aria-label": "The text, compared",
			},
			text
				.replace(/\n$/, "")
				.split("\n")
				.map((line) => h("span", { class: kindOf(line) }, `${line}\n`)),
		),
	);
}
