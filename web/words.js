/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, sizes and times, as people read them. */

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/* "1,204"; what is not known is a dash. */
export const count = (number) =>
	number === null || number === undefined ? "–" : plain.format(number);

/* "9,999" in full, and then "12.4k": for where there is little room. */
export function brief(number) {
	if (number < 10000) return count(number);
	for (const [limit, by, unit] of [
		[1e6, 1e3, "k"],
		[1e9, 1e6, "M"],
		[Infinity, 1e9, "G"],
	])
		if (number < limit)
			return (number / by).toPrecision(3).slice(0, 4).replace(/\.$/, "") + unit;
}

/* "12.3 MB": of 1,000, as rates on a line are counted. */
export function bytes(number) {
	if (number === null || number === undefined) return "–";
	let unit = 0;
	while (number >= 999.5 && unit < UNITS.length - 1) {
		number /= 1000;
		unit++;
	}
	const digits = unit === 0 || number >= 99.5 ? 0 : 1;
	return `${number.toFixed(digits)} ${UNITS[unit]}`;
}

export const percent = (part, whole) =>
	whole > 0 ? `${((100 * part) / whole).toFixed(part === whole ? 0 : 1)} %` : "–";

/* "1 rule", "2 rules". */
export const many = (number, one, more = one + "s") =>
	`${count(number)} ${number === 1 ? one : more}`;

/* "8 s", "4 min", "3 h", "2 d": the largest unit, or two for `exact`. */
export function span(seconds, exact = false) {
	const steps = [
		[86400, "d"],
		[3600, "h"],
		[60, "min"],
		[1, "s"],
	];
	let rest = Math.max(0, Math.floor(seconds));
	const said = [];
	for (const [size, unit] of steps) {
		if (rest < size && !(size === 1 && said.length === 0)) continue;
		said.push(`${Math.floor(rest / size)} ${unit}`);
		rest %= size;
		if (said.length === (exact ? 2 : 1) || rest === 0) break;
	}
	return said.join(" ");
}

const two = (number) => String(number).padStart(2, "0");

/* "14:05:09", in the reader's own zone. */
export function clock(time, { seconds = true, millis = false } = {}) {
	const at = new Date(time);
	return (
		`${two(at.getHours())}:${two(at.getMinutes())}` +
		(seconds ? `:${two(at.getSeconds())}` : "") +
		(millis ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "")
	);
}

export function day(time) {
	const at = new Date(time);
	return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/* The clock alone if it is today. */
export function when(time) {
	if (!time) return "–";
	return day(time) === day(Date.now())
		? clock(time)
		: `${day(time)} ${clock(time, { seconds: false })}`;
}

export const since = (time) => (Date.now() - new Date(time).getTime()) / 1000;

/* "office.policy" of a path; all of it is the title. */
export const base = (path) =>
	String(path ?? "")
		.split("/")
		.pop();

/* "line 12", "line 12 (web)", "the last rule". */
export function ruleName(rule) {
	if (!rule) return "";
	if (rule.line === null || rule.line === undefined) return rule.name ?? "";
	if (rule.line === 0) return "the last rule";
	return rule.name ? `line ${rule.line} (${rule.name})` : `line ${rule.line}`;
}
