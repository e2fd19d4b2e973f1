/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy language, as far as it is coloured, and where in the text each
 * rule stands.  The gateway reads the language; here it is only looked at.
 */
import { h } from "./dom.js";

const VERDICTS = { allow: "yes", publish: "yes", reject: "no", drop: "no" };
const WORDS = new Set([
	"zone",
	"name",
	"list",
	"service",
	"hours",
	"proxy",
	"console",
	"parent",
	"firewall",
	"never",
	"masquerade",
	"snat",
	"map",
	"report",
	"test",
	"include",
	"ban",
	"log",
	"as",
	"during",
	"limit",
	"method",
	"path",
	"type",
	"user",
	"header",
	"per",
	"for",
	"listen",
	"intercept",
	"cache",
	"compress",
	"private",
	"direct",
	"via",
	"quota",
	"bandwidth",
	"refresh",
	"from",
	"token",
	"host",
	"any",
	"self",
]);
/* A word is what policy/lex takes for one: `git.test` is no `test`. */
const TOKEN =
	/(#.*$)|("[^"]*"?)|((?:(?!->)[\w.:/*@%+\-[\]~!?&^|$()\u0080-\uffff])+)|(\s+|.)/g;

/* The pieces of a line: text and elements. */
export function coloured(line) {
	const pieces = [];
	for (const [text, comment, string, word] of line.matchAll(TOKEN)) {
		const kind = comment
			? "comment"
			: string
				? "string"
				: word && (VERDICTS[word] ?? (WORDS.has(word) ? "word" : null));
		pieces.push(kind ? h("span", { class: `lang-${kind}` }, text) : text);
	}
	return pieces;
}

/* Without comments and blanks, for the same may be written in many ways. */
const flat = (text) =>
	text.replace(/"[^"\n]*"|#.*$|\s+/gm, (found) => (found.startsWith('"') ? found : ""));

/* A rule goes on over as many lines at most; then it is none of this text. */
const LINES_MAX = 60;

function standsAt(lines, rule) {
	if (!(rule.line >= 1 && rule.line <= lines.length)) return false;
	const wanted = flat(rule.text ?? "");
	const first = flat(lines[rule.line - 1]);
	const last = wanted.length > first.length ? LINES_MAX : 1;
	const at = flat(lines.slice(rule.line - 1, rule.line - 1 + last).join("\n")).indexOf(
		wanted,
	);
	return at >= 0 && at < Math.max(1, first.length);
}

/*
 * What is to be shown, row by row: { line, text, rules } of the file, and
 * { rule } of files that it includes, behind the `include` that may have
 * brought them.
 */
export function rowsOf(text, rules) {
	const lines = text.replace(/\n$/, "").split("\n");
	const rows = lines.map((line, i) => ({ line: i + 1, text: line, rules: [], behind: [] }));
	const includes = lines.flatMap((line, i) => (/^\s*include\s/.test(line) ? [i] : []));
	let before = 0,
		last = rows.at(-1);
	for (const rule of rules) {
		if (standsAt(lines, rule)) {
			rows[rule.line - 1].rules.push(rule);
			before = rule.line;
			continue;
		}
		const include = includes.find((i) => i + 1 > before) ?? includes.at(-1);
		(rule.line === 0 || include === undefined ? last : rows[include]).behind.push(rule);
	}
	return rows.flatMap((row) => [row, ...row.behind.map((rule) => ({ rule }))]);
}
