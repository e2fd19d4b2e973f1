/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any flow, typed in: what would become of it in the gateway that runs, and why. */
import { h, put } from "./dom.js";
import { watchPolicy } from "./gateway.js";
import { explainInto } from "./why.js";

const EXAMPLES = [
	"10.0.0.4 -> https://www.example.com/",
	"10.0.0.4 -> 203.0.113.9 tcp 22",
	"203.0.113.9 -> self tcp 443",
	"10.0.0.4 -> http://www.example.com/admin method POST at sat 22:00",
];

let field, result;

function ask(flow) {
	field.value = flow;
	if (flow.trim() === "") put(result, empty());
	else explainInto(result, flow.trim());
}

const address = (flow) => `#/explain?${new URLSearchParams({ flow })}`;

function empty() {
	return h(
		"div",
		{ class: "empty" },
		h("p", null, "For example:"),
		h(
			"ul",
			{ class: "examples" },
			EXAMPLES.map((flow) =>
				h("li", null, h("a", { href: address(flow) }, h("code", null, flow))),
			),
		),
	);
}

function open(main, parameters) {
	field = h("input", {
		type: "text",
		id: "flow",
		class: "mono",
		name: "flow",
		spellcheck: "false",
		autocomplete: "off",
		autocapitalize: "off",
		"aria-describedby": "flow-form",
		placeholder: "lan 10.0.0.4 -> https://www.example.com/",
	});
	result = h("section", {
		class: "card result",
		"aria-label": "The answer",
		"aria-live": "polite",
	});
	const form = h(
		"form",
		{ class: "asking" },
		h("label", { class: "field", for: "flow" }, "A flow", field),
		h("button", { type: "submit", class: "primary" }, "Explain"),
		h(
			"p",
			{ class: "hint", id: "flow-form" },
			"Zone and address, ",
			h("code", null, "->"),
			", an address, a name or a URL; protocol and port; then facts: ",
			h("code", null, "method POST"),
			", ",
			h("code", null, "user anna"),
			", ",
			h("code", null, "at mon 09:30"),
			". What is not given is not known.",
		),
	);
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		const to = address(field.value.trim());
		if (location.hash === to) ask(field.value);
		else location.hash = to;
	});
	main.append(h("section", { class: "card" }, form), result);
	ask(parameters.get("flow") ?? "");
	return watchPolicy(() => field.value.trim() && ask(field.value));
}

export default {
	title: "Explain",
	open,
	change: (parameters) => ask(parameters.get("flow") ?? ""),
};
