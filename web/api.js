/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The API (docs/openapi.yaml).  What fails is one of two: the gateway said no
 * and why (Problem), or it said nothing (Away).
 */

const PATIENCE_MS = 20000;

export class Problem extends Error {
	constructor(status, title, detail) {
		super((detail || title || "").trim());
		this.name = "Problem";
		this.status = status;
		this.title = title;
	}
}

export class Away extends Error {
	constructor(why) {
		super(`The gateway does not answer: ${why}.`);
		this.name = "Away";
		this.why = why;
	}
}

const BUSY = new Set([502, 503, 504]);

function address(path, parameters) {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters ?? {}))
		for (const one of [value].flat())
			if (one !== "" && one !== null && one !== undefined) query.append(name, one);
	const text = query.toString();
	return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

async function problemOf(answer) {
	let told = {};
	try {
		told = await answer.json();
	} catch {
		/* The status says it. */
	}
	return new Problem(answer.status, told.title ?? answer.statusText, told.detail);
}

async function ask(method, path, parameters, headers, read) {
	let answer;
	try {
		answer = await fetch(address(path, parameters), {
			method,
			headers,
			cache: "no-store",
			credentials: "same-origin",
			signal: AbortSignal.timeout(PATIENCE_MS),
		});
		if (answer.ok) return await read(answer);
	} catch (error) {
		throw new Away(
			error.name === "TimeoutError"
				? "it does not answer in time"
				: "it cannot be reached",
		);
	}
	if (BUSY.has(answer.status)) throw new Away("it is busy");
	throw await problemOf(answer);
}

const json = (answer) => answer.json();
const text = (answer) => answer.text();

/* One object a line; one that is broken off is passed over. */
async function readLines(answer) {
	const objects = [];
	for (const line of (await answer.text()).split("\n")) {
		if (line === "") continue;
		try {
			objects.push(JSON.parse(line));
		} catch {
			/* A full disk may have cut it. */
		}
	}
	return objects;
}

export const get = (path, parameters) => ask("GET", path, parameters, {}, json);
export const getText = (path, parameters) => ask("GET", path, parameters, {}, text);
export const getLines = (path, parameters) => ask("GET", path, parameters, {}, readLines);
export const send = (method, path, parameters, headers) =>
	ask(method, path, parameters, headers, json);
export const stream = (path, parameters) => new EventSource(address(path, parameters));
