/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policies that were in force: what changed, and the way back. */
import { get } from "./api.js";
import { h, keyed, put, say, table } from "./dom.js";
import { dialog } from "./dialog.js";
import { changeList, changesBox, textBox } from "./changes.js";
import { askGateway, watchPolicy } from "./gateway.js";
import { Poll } from "./link.js";
import { carryOut, changeButton } from "./session.js";
import { base, count, many, span, when } from "./words.js";

const STATES = { "in force": "yes", waiting: "maybe", past: "", "rolled back": "no" };

const called = (one) => (one.name ? `${one.id} (${one.name})` : `${one.id}`);

async function bringBack(one, inForce, done) {
	const content = h(
		"div",
		{ class: "result" },
		h("p", { class: "quiet" }, "Asking what it would change."),
	);
	if (inForce)
		get("diff", { from: inForce.id, to: one.id })
			.then((told) => put(content, changeList(told)))
			.catch((error) => put(content, h("p", { class: "wrong" }, error.message)));
	else put(content);
	const sure = await dialog({
		title: `Bring policy ${called(one)} back?`,
		yes: "Bring it back",
		danger: true,
		content: [
			h(
				"p",
				null,
				"It comes into force at once. Flows that it forbids are ended, all others live on.",
			),
			content,
		],
	});
	if (
		sure &&
		(await carryOut(
			"POST",
			"rollback",
			{ id: one.id },
			"Bringing a policy back needs a token.",
		))
	)
		done();
}

function entryRow(one, act) {
	const cells = { state: h("td"), ended: h("td"), held: h("td", { class: "num" }) };
	const compare = h(
		"button",
		{
			type: "button",
			class: "small",
			"aria-label": `Changes by policy ${one.id}`,
			onclick: () => act.compare(one),
		},
		"Changes",
	);
	const back = changeButton(
		"Bring back",
		{ class: "small", "aria-label": `Bring back policy ${one.id}` },
		() => act.back(one),
	);
	return Object.assign(
		h(
			"tr",
			null,
			h("th", { scope: "row", class: "num" }, one.id),
			cells.state,
			h("td", { class: "what", title: one.policy }, one.name ?? base(one.policy)),
			h("td", null, one.who ?? ""),
			h("td", { title: one.began }, when(one.began)),
			cells.held,
			h("td", { class: "num" }, count(one.rules)),
			h("td", { class: "act" }, compare, " ", back),
		),
		{ parts: cells, back },
	);
}

function showEntry(row, one) {
	say(row.parts.held, span(one.seconds));
	if (row.parts.state.textContent !== one.state)
		put(
			row.parts.state,
			h("span", { class: `verdict ${STATES[one.state] ?? ""}` }, one.state),
		);
	row.back.hidden = one.state === "in force" || one.state === "waiting";
}

function open(main) {
	const body = h("tbody");
	const list = h(
		"div",
		{ class: "card list", hidden: true },
		table(
			"Policies that were in force",
			[
				{ name: "No.", number: true },
				{ name: "State" },
				{ name: "Policy" },
				{ name: "By" },
				{ name: "Since" },
				{ name: "In force for", number: true },
				{ name: "Rules", number: true },
				{ name: "Do", hidden: true },
			],
			body,
		),
	);
	list.firstChild.classList.add("history");
	const summary = h("p", { class: "lead", role: "status" }, "Asking for the history.");
	const difference = h("section", {
		class: "card difference",
		hidden: true,
		"aria-live": "polite",
	});
	let all = [];

	const inForce = () =>
		all.find((one) => one.state === "waiting") ??
		all.find((one) => one.state === "in force");
	const done = () => {
		askGateway();
		poll.now();
	};
	/* Against the one before it, in the order in which they came. */
	const compare = async (one) => {
		const older = all
			.filter((other) => other.began < one.began)
			.sort((a, b) => b.began.localeCompare(a.began))[0];
		difference.hidden = false;
		put(
			difference,
			h(
				"h2",
				{ tabindex: "-1" },
				older
					? `From policy ${called(older)} to ${called(one)}`
					: `Policy ${called(one)}`,
			),
		);
		difference.firstChild.focus();
		if (!older) {
			difference.append(h("p", { class: "empty" }, "It is the oldest that is kept."));
			return;
		}
		try {
			const told = await get("diff", { from: older.id, to: one.id });
			difference.append(changesBox(told), textBox(told.text));
		} catch (error) {
			difference.append(h("p", { class: "wrong" }, error.message));
		}
	};
	const act = { compare, back: (one) => bringBack(one, inForce(), done) };
	const poll = new Poll(
		() => get("history"),
		5000,
		(answer) => {
			all = answer.policies;
			keyed(
				body,
				all,
				(one) => `${one.id} ${one.began}`,
				(one) => entryRow(one, act),
				showEntry,
			);
			list.hidden = all.length === 0;
			say(
				summary,
				answer.problem
					? `The last one is not kept: ${answer.problem}.`
					: `${many(all.length, "policy", "policies")} kept.`,
			);
		},
		(problem) => {
			list.hidden = true;
			say(summary, problem.message);
		},
	);
	const unwatch = watchPolicy(() => poll.now());

	main.append(summary, list, difference);
	poll.start();
	return () => {
		unwatch();
		poll.stop();
	};
}

export default { title: "History", open };
