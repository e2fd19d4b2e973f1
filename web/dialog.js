/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands before the page: questions, details, and what was said. */
import { h, put } from "./dom.js";

/* Where it is said what came of something. */
const spoken = document.getElementById("said");
let number = 0;

const front = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;

function open(element, title) {
	const id = `dialog-${++number}`;
	title.id = id;
	element.setAttribute("aria-labelledby", id);
	document.body.append(element);
	element.showModal();
	/* Who opened it has the focus again: the browser sees to that. */
	element.addEventListener("close", () => {
		if (element.contains(spoken)) front().append(spoken);
		element.remove();
	});
	element.addEventListener("click", (event) => {
		if (event.target === element) element.close();
	});
}

/*
 * A question.  act() is what `yes` does and says whether that was all; what it
 * returns last, or false for "no", is what this resolves to.
 */
export function dialog({ title, content, yes, act, danger, no = "Cancel" }) {
	return new Promise((resolve) => {
		let result = false;
		const heading = h("h2", null, title);
		const button = h(
			"button",
			{ type: "submit", class: danger ? "danger" : "primary" },
			yes,
		);
		const form = h(
			"form",
			{ novalidate: true },
			heading,
			h("div", { class: "content" }, content),
			h(
				"div",
				{ class: "buttons" },
				h("button", { type: "button", onclick: () => box.close() }, no),
				button,
			),
		);
		const box = h("dialog", { class: "question" }, form);
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			button.disabled = true;
			result = act ? await act() : true;
			button.disabled = false;
			if (result) box.close();
		});
		box.addEventListener("close", () => resolve(result));
		open(box, heading);
		(box.querySelector("input:not([hidden]), select") ?? button).focus();
	});
}

/* A drawer at the side, to be closed again. */
export function drawer(title, ...content) {
	const heading = h("h2", null, title);
	const box = h(
		"dialog",
		{ class: "drawer" },
		h(
			"header",
			null,
			heading,
			h(
				"button",
				{ type: "button", class: "plain", onclick: () => box.close() },
				"Close",
			),
		),
		h("div", { class: "content" }, content),
	);
	open(box, heading);
	return box;
}

/* A line at the foot of the page, for a while; of errors until it is closed. */
let timer = null;

export function said(words, bad = false) {
	const shut = () => put(spoken);
	clearTimeout(timer);
	/* What is behind a dialog is neither seen nor read out. */
	if (spoken.parentNode !== front()) front().append(spoken);
	put(
		spoken,
		h(
			"div",
			{ class: bad ? "note bad" : "note" },
			h("p", null, words),
			h("button", { type: "button", class: "plain", onclick: shut }, "Dismiss"),
		),
	);
	if (!bad) timer = setTimeout(shut, 8000);
}
