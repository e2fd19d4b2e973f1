/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far back one looks, as a choice; it is kept while the page is open. */
import { h } from "./dom.js";

const RANGES = [
	{ name: "10 min", step: 10, count: 60 },
	{ name: "1 h", step: 60, count: 60 },
	{ name: "6 h", step: 60, count: 360 },
	{ name: "24 h", step: 3600, count: 24 },
	{ name: "7 d", step: 3600, count: 168 },
];

let chosen = RANGES[1];

export const range = () => chosen;
export const seconds = () => chosen.step * chosen.count;

export function rangeChoice(changed) {
	return h(
		"fieldset",
		{ class: "segments" },
		h("legend", { class: "out" }, "How far back"),
		RANGES.map((one) =>
			h(
				"label",
				null,
				h("input", {
					type: "radio",
					name: "range",
					value: one.name,
					checked: one === chosen,
					onchange() {
						chosen = one;
						changed();
					},
				}),
				h("span", null, one.name),
			),
		),
	);
}
