/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an event or a living flow is called: for people, for the list of events
 * and for `explain`.
 */

/* A word of the language: it has no blank, no quote and no control character. */
const isWord = (text) =>
	typeof text === "string" &&
	/^[^\s"\u0000-\u001f\u007f-\u009f\ufffd]+$/.test(text) &&
	!text.endsWith("...");

/* "10.0.0.4:40112", "[2001:db8::1]:443". */
export function place(address, port) {
	if (!address) return "";
	if (!port) return address;
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/* Where it was going: the URL, the name, or the address. */
export function target(event) {
	if (event.url) return event.url;
	if (event.name) return event.port ? `${event.name}:${event.port}` : event.name;
	return place(event.destination, event.port);
}

function goal(event) {
	const zone = event.zone?.to;
	if (isWord(event.url) && /^https?:\/\//.test(event.url)) return event.url;
	const port = event.port
		? ` ${event.protocol} ${event.port}`
		: event.protocol && event.protocol !== "tcp"
			? ` ${event.protocol}`
			: "";
	if (isWord(event.name)) return event.name + port;
	if (!event.destination) return null;
	return (zone ? `${zone} ` : "") + event.destination + port;
}

/*
 * The flow in the form of docs/policy.md#flows, or null where the event tells
 * of none.
 */
export function flowText(event) {
	const to = event.source ? goal(event) : null;
	if (to === null) return null;
	const from = event.zone?.from;
	let text = from === "self" ? "self" : (from ? `${from} ` : "") + event.source;
	text += ` -> ${to}`;
	const named = isWord(event.name) || isWord(event.url);
	if (named && event.destination) text += ` address ${event.destination}`;
	if (isWord(event.method)) text += ` method ${event.method}`;
	if (isWord(event.user)) text += ` user ${event.user}`;
	return text;
}
