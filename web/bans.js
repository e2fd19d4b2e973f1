/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is banned, why, and until when. */
import { get } from "./api.js";
import { h, keyed, say, table } from "./dom.js";
import { banDialog, unban } from "./ban.js";
import { Poll } from "./link.js";
import { changeButton } from "./session.js";
import { many, span, when } from "./words.js";

const REACH = { all: "everything", opens: "what it opens" };

function open(main) {
	const body = h("tbody");
	const list = h(
		"div",
		{ class: "card list" },
		table(
			"Bans",
			[
				{ name: "Address" },
				{ name: "Because" },
				{ name: "Since" },
				{ name: "Ends in" },
				{ name: "Reach" },
				{ name: "Lift", hidden: true },
			],
			body,
		),
	);
	const summary = h("p", { class: "lead", role: "status" }, "Asking for the bans.");
	const none = h(
		"p",
		{ class: "empty", hidden: true },
		"Who is banned is listed here with the reason: by this page, by ",
		h("code", null, "gatehouse ban"),
		", or by a rule that says ",
		h("code", null, "ban"),
		".",
	);
	let bans = [];

	const row = (ban) => {
		const left = h("td", { class: "left" });
		const lift = changeButton(
			"Lift",
			{ class: "small", "aria-label": `Lift the ban of ${ban.address}` },
			async () => (await unban(ban.address)) && poll.now(),
		);
		return Object.assign(
			h(
				"tr",
				null,
				h(
					"th",
					{ scope: "row", class: "mono" },
					/[/-]/.test(ban.address)
						? ban.address
						: h(
								"a",
								{
									href: `#/events?${new URLSearchParams({ source: ban.address })}`,
								},
								ban.address,
							),
				),
				h("td", { class: "wrap" }, ban.because ?? ""),
				h("td", { title: ban.since }, when(ban.since)),
				left,
				h("td", { class: "quiet" }, REACH[ban.reach] ?? ban.reach ?? ""),
				h("td", { class: "act" }, lift),
			),
			{ left },
		);
	};
	const show = () => {
		keyed(
			body,
			bans,
			(ban) => `${ban.address} ${ban.since} ${ban.reach}`,
			row,
			(tr, ban) => {
				const left =
					ban.ends === undefined
						? ban.left_seconds
						: Math.max(0, Math.ceil((ban.ends - Date.now()) / 1000));
				say(tr.left, left === null ? "never" : span(left, true));
			},
		);
		list.hidden = bans.length === 0;
		none.hidden = bans.length > 0;
	};
	const poll = new Poll(
		() => get("bans"),
		5000,
		(answer) => {
			bans = answer.bans;
			for (const ban of bans)
				if (ban.left_seconds !== null) ban.ends = Date.now() + ban.left_seconds * 1000;
			say(
				summary,
				bans.length === 0
					? "Nobody is banned."
					: `${many(bans.length, "ban")} in force.`,
			);
			show();
		},
		(problem) => say(summary, problem.message),
	);
	const ticking = setInterval(show, 1000);

	main.querySelector(".top").append(
		h(
			"div",
			{ class: "tools" },
			changeButton(
				"Ban an address",
				{ class: "primary" },
				async () => (await banDialog()) && poll.now(),
			),
		),
	);
	main.append(summary, none, list);
	list.hidden = true;
	poll.start();
	return () => {
		clearInterval(ticking);
		poll.stop();
	};
}

export default { title: "Bans", open };
