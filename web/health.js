/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong, in sentences, by the state of the gateway. */
import { base, count, many } from "./words.js";

const listTrouble = (list) =>
	`The list ${list.name} is not what ${base(list.file)} says now: ${list.problem}.`;

function sandboxTrouble(sandbox) {
	return ["proxy", "daemon"]
		.filter((one) => sandbox?.[one]?.problem)
		.map((one) => `The sandbox of the ${one} lacks: ${sandbox[one].problem}.`);
}

/* Each is { words, bad }: bad is what somebody should look after now. */
export function troubles(status) {
	const { counters = {}, proxy, lists = [], last_good: kept } = status;
	const found = [];
	const add = (is, words, bad = true) => is && found.push({ words, bad });

	add(!proxy?.answers, "The proxy does not answer; what needs it is dropped.");
	add(status.fallback, "The policy on the disk was refused; the last good one is in force.");
	lists.filter((list) => list.problem).forEach((list) => add(true, listTrouble(list)));
	add(kept?.problem, `The policy is not kept on the disk: ${kept?.problem}.`);
	sandboxTrouble(status.sandbox).forEach((words) => add(true, words));
	add(
		counters.events_lost > 0,
		`${many(counters.events_lost, "event")} could not be written to the journal.`,
	);
	add(
		counters.packets_lost > 0,
		`${many(counters.packets_lost, "logged packet")} came faster than they could be read.`,
	);
	add(
		counters.calls_refused > 0,
		`${many(counters.calls_refused, "system call")} that a daemon may not make.`,
	);
	add(proxy?.starts > 1, `The proxy was started ${count(proxy?.starts)} times.`, false);
	const vetoes = (status.foreign ?? []).filter(
		(chain) => chain.rules > 0 || chain.policy === "drop",
	);
	add(
		vetoes.length > 0,
		`${many(vetoes.length, "chain")} of other tables can refuse what the policy allows: ` +
			`${vetoes.map((chain) => `${chain.table} ${chain.chain}`).join(", ")}.`,
		false,
	);
	return found;
}
