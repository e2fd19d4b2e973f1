/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements.  Whatever comes from the gateway, and so perhaps from a peer, gets
 * here as a text node or as the value of an attribute that is no address and
 * no code; there is no other way into the page.
 */

const SVG = "http://www.w3.org/2000/svg";

/*
 * Characters that are not seen, or that turn the order of others around, are
 * shown by their number: what is read is what was sent.
 */
const UNSEEN =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

const seen = (text) =>
	String(text).replace(
		UNSEEN,
		(one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);

function dress(element, properties) {
	for (const [name, value] of Object.entries(properties ?? {})) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (
			name === "value" ||
			name === "checked" ||
			name === "disabled" ||
			name === "hidden"
		)
			element[name] = value;
		else element.setAttribute(name, value === true ? "" : seen(value));
	}
}

function fill(element, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			element.append(child instanceof Node ? child : seen(child));
	return element;
}

/* h("a", { href: "#/events" }, "Events"): children are elements or text. */
export function h(tag, properties, ...children) {
	const element = document.createElement(tag);
	dress(element, properties);
	return fill(element, children);
}

/* Likewise, of a drawing. */
export function s(tag, properties, ...children) {
	const element = document.createElementNS(SVG, tag);
	dress(element, properties);
	return fill(element, children);
}

/* In place of all that was there. */
export function put(element, ...children) {
	element.replaceChildren();
	return fill(element, children);
}

/* Sets it only if it is another: a reader is not told the same twice. */
export function say(element, words) {
	const text = seen(words);
	if (element.textContent !== text) element.textContent = text;
}

/*
 * One child an item, known by its key: those that stay are kept with their
 * focus, and only what is out of place is moved.
 */
export function keyed(parent, items, keyOf, make, update) {
	const before = parent.keyedRows ?? new Map();
	const after = new Map();
	let place = parent.firstElementChild;

	for (const item of items) {
		const key = keyOf(item);
		if (after.has(key)) continue;
		const row = before.get(key) ?? make(item);
		before.delete(key);
		after.set(key, row);
		update?.(row, item);
		if (row === place) place = place.nextElementSibling;
		else parent.insertBefore(row, place);
	}
	for (const row of before.values()) row.remove();
	parent.keyedRows = after;
}

/* A table with its head; columns are { name, number }. */
export function table(label, columns, ...bodies) {
	return h(
		"table",
		{ "aria-label": label },
		h(
			"thead",
			null,
			h(
				"tr",
				null,
				columns.map((column) =>
					h(
						"th",
						{ scope: "col", class: column.number ? "num" : column.class },
						column.hidden ? h("span", { class: "out" }, column.name) : column.name,
					),
				),
			),
		),
		bodies.length ? bodies : h("tbody"),
	);
}
