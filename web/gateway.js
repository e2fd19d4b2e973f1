/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the gateway, asked for once for all who look at it.  Who wants
 * to know when another policy comes into force asks for that alone.
 */
import { get } from "./api.js";
import { Poll } from "./link.js";

const EVERY_MS = 5000;

const watchers = new Set();
const policyWatchers = new Set();
let status = null;

export function watchStatus(fn) {
	watchers.add(fn);
	if (status !== null) fn(status);
	return () => watchers.delete(fn);
}

export function watchPolicy(fn) {
	policyWatchers.add(fn);
	return () => policyWatchers.delete(fn);
}

function show(next) {
	const changed =
		status !== null && (status.generation !== next.generation || status.pid !== next.pid);
	status = next;
	/* It has all rules in it. */
	poll.every = Math.max(EVERY_MS, next.rules.length * 3);
	watchers.forEach((fn) => fn(status));
	if (changed) policyWatchers.forEach((fn) => fn(status));
}

const poll = new Poll(() => get("status"), EVERY_MS, show);

export const startGateway = () => poll.start();

/* After a change of our own. */
export const askGateway = () => poll.now();
