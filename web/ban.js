/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How somebody is banned, from wherever on the page. */
import { dialog } from "./dialog.js";
import { h, put } from "./dom.js";
import { carryOut, change } from "./session.js";
import { said } from "./dialog.js";

const TIMES = [
	[600, "10 minutes"],
	[3600, "1 hour"],
	[43200, "12 hours"],
	[86400, "1 day"],
	[604800, "1 week"],
	[0, "until it is lifted"],
];

/* Resolves to whether somebody was banned. */
export function banDialog(range = "") {
	const who = h("input", {
		type: "text",
		id: "ban-who",
		class: "mono",
		value: range,
		spellcheck: "false",
		autocomplete: "off",
		placeholder: "203.0.113.9, 2001:db8::/32",
	});
	const time = h(
		"select",
		{ id: "ban-time" },
		TIMES.map(([seconds, words]) => h("option", { value: String(seconds) }, words)),
	);
	const because = h("input", { type: "text", id: "ban-because", maxlength: "120" });
	const wrong = h("p", { class: "wrong", role: "alert" });

	time.value = "3600";
	return dialog({
		title: "Ban",
		content: [
			h(
				"p",
				null,
				"What comes from there, and goes there, is dropped at once; its flows end.",
			),
			h("label", { class: "field", for: "ban-who" }, "Address, prefix or range", who),
			h("label", { class: "field", for: "ban-time" }, "For", time),
			h("label", { class: "field", for: "ban-because" }, "Because", because),
			wrong,
		],
		yes: "Ban",
		danger: true,
		async act() {
			put(wrong);
			try {
				const answer = await change(
					"POST",
					"bans",
					{
						range: who.value.trim(),
						seconds: time.value,
						because: because.value.trim(),
					},
					"Banning needs a token.",
				);
				if (answer) said(answer.said);
				return answer !== null;
			} catch (error) {
				put(wrong, error.message);
				return false;
			}
		},
	});
}

export const unban = (address) =>
	carryOut("DELETE", "bans", { range: address }, "Lifting a ban needs a token.");
