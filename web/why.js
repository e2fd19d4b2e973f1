/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An explanation, readable: the verdict first, then rule by rule how it came. */
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { many, ruleName } from "./words.js";

const MATCHES = { match: "matches", might: "might match", no: "no" };

export const verdictMark = (verdict) =>
	h("span", { class: `verdict ${verdict ?? "none"}` }, verdict ?? "–");

/* "by the proxy, as soon as the name is known". */
const PHASES = {
	packet: "by its first packet",
	name: "as soon as its name is known",
	request: "as soon as its request is known",
	response: "as soon as its answer is known",
};

function sentence(told) {
	if (told.verdict === "undecided")
		return `It hangs on the ${told.hangs_on}, which is not given.`;
	const by = told.rule ? ruleName(told.rule) : (told.reason ?? "the last rule");
	const parent = told.parent ? `, via ${told.parent}` : "";
	return `By the ${told.enforcer}, ${PHASES[told.phase] ?? told.phase}: ${by}${parent}.`;
}

function step(one) {
	const name = one.rule ? (one.rule.line === 0 ? "last" : String(one.rule.line)) : "last";
	const words = one.because
		? `${MATCHES[one.match] ?? one.match}: ${one.because}`
		: (MATCHES[one.match] ?? one.match);
	return h(
		"li",
		{ class: `step ${one.match}` },
		h(
			"a",
			{
				class: "at num",
				"aria-label": `rule of line ${name}, in the policy`,
				href: `#/policy?${new URLSearchParams({ rule: one.text })}`,
			},
			name,
		),
		h("div", null, h("code", null, one.text), h("p", null, words)),
	);
}

/* Of a long list all but the last are folded away. */
const SHOWN = 12;

function steps(path) {
	const far = path.slice(0, Math.max(0, path.length - SHOWN));
	const near = path.slice(far.length);
	const list = h("ol", { class: "steps" }, near.map(step));
	if (far.length === 0) return list;
	const more = h(
		"details",
		{ class: "more" },
		h("summary", null, `${many(far.length, "rule")} above, none of which decides`),
	);
	more.addEventListener(
		"toggle",
		() =>
			more.open &&
			more.children.length === 1 &&
			more.append(h("ol", { class: "steps" }, far.map(step))),
	);
	return [more, list];
}

function foreignNotes(foreign) {
	return (foreign ?? []).map((chain) =>
		h(
			"p",
			{ class: "hint" },
			`The chain ${chain.chain} of table ${chain.family} ${chain.table} can still refuse it.`,
		),
	);
}

function explanation(told) {
	return h(
		"div",
		{ class: "why" },
		h("p", { class: "answer" }, verdictMark(told.verdict), " ", sentence(told)),
		foreignNotes(told.foreign),
		told.path?.length ? steps(told.path) : null,
	);
}

/* What is wrong with a flow is told with its place, so the blanks count. */
const mistake = (error) =>
	error.message.includes("\n")
		? h("pre", { class: "wrong", tabindex: "0" }, error.message)
		: h("p", { class: "wrong" }, error.message);

/* Asks, and shows it in the box; the last question wins. */
export async function explainInto(box, flow) {
	box.asked = flow;
	box.setAttribute("aria-busy", "true");
	try {
		const told = await get("explain", { flow });
		if (box.asked === flow) put(box, explanation(told));
	} catch (error) {
		if (box.asked === flow) put(box, mistake(error));
	}
	box.removeAttribute("aria-busy");
}
