/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is signed in.  The cookie is none of ours to see; with it the gateway
 * tells the word that a change must bring along.  Nothing is kept here.
 */
import { get, send, Problem } from "./api.js";
import { h, put } from "./dom.js";
import { dialog, said } from "./dialog.js";

let csrf = null;
const watchers = new Set();

const isSignedIn = () => csrf !== null;

export function watchSession(fn) {
	watchers.add(fn);
	fn(isSignedIn());
	return () => watchers.delete(fn);
}

function become(word) {
	const news = (word === null) !== (csrf === null);
	csrf = word;
	if (news) watchers.forEach((fn) => fn(isSignedIn()));
}

export async function findSession() {
	try {
		become((await get("session")).csrf);
	} catch {
		/* It is asked for again when something is to be changed. */
	}
}

export async function signOut() {
	await send("DELETE", "session", {}, {});
	become(null);
	said("You are signed out.");
}

const WORDS = {
	401: "The gateway does not know this token.",
	429: "Too many wrong tokens came from here. Wait for a minute.",
};

async function present(token) {
	const answer = await send("POST", "session", {}, { Authorization: `Bearer ${token}` });
	become(answer.csrf);
}

/* Resolves to whether one is signed in now. */
export function signIn(why) {
	const field = h("input", {
		type: "password",
		id: "token",
		name: "token",
		autocomplete: "current-password",
		required: true,
		spellcheck: "false",
		"aria-describedby": "token-wrong",
	});
	const wrong = h("p", { class: "wrong", id: "token-wrong", role: "alert" });

	return dialog({
		title: "Sign in",
		content: [
			h("p", null, why ?? "Who has a token may ban, end flows and bring policies back."),
			/* For who keeps passwords for others; nobody sees it. */
			h("input", {
				type: "text",
				autocomplete: "username",
				value: "gatehouse",
				hidden: true,
				readonly: true,
				"aria-label": "Name",
			}),
			h("label", { class: "field", for: "token" }, "Token", field),
			wrong,
			h(
				"p",
				{ class: "hint" },
				"The policy's ",
				h("code", null, "console { token … }"),
				" names the file of tokens. A session lasts 8 hours.",
			),
		],
		yes: "Sign in",
		async act() {
			put(wrong);
			/* A field can hold no more than a header's value may. */
			if (!/^[\x21-\x7e]+$/.test(field.value.trim())) {
				put(wrong, "A token has letters, digits and signs.");
				return false;
			}
			try {
				await present(field.value.trim());
			} catch (error) {
				put(wrong, WORDS[error.status] ?? error.message);
				field.select();
				return false;
			}
			said("You are signed in.");
			return true;
		},
	});
}

/*
 * A change: signs in first if need be.  What the gateway said, or null where
 * one did not sign in after all.
 */
export async function change(method, path, parameters, why) {
	if (csrf === null) await findSession();
	if (csrf === null && !(await signIn(why))) return null;
	try {
		return await send(method, path, parameters, { "X-Gatehouse-CSRF": csrf });
	} catch (error) {
		if (!(error instanceof Problem) || error.status !== 401) throw error;
		become(null);
	}
	return (await signIn("The session is over. Sign in again to go on."))
		? send(method, path, parameters, { "X-Gatehouse-CSRF": csrf })
		: null;
}

/* The same, and what comes of it is said in a line; true if it was done. */
export async function carryOut(method, path, parameters, why) {
	try {
		const answer = await change(method, path, parameters, why);
		if (answer === null) return false;
		said(answer.said);
		return true;
	} catch (error) {
		said(error.message, true);
		return false;
	}
}

/* A button that changes something: it says so if one has to sign in first. */
export function changeButton(words, properties, act) {
	const button = h(
		"button",
		{ type: "button", ...properties, "data-change": "", onclick: act },
		words,
	);
	lock(button);
	return button;
}

function lock(button) {
	button.classList.toggle("locked", !isSignedIn());
	if (isSignedIn()) button.removeAttribute("title");
	else button.title = "Sign in first";
}

/* Those on the page follow. */
watchers.add(() => document.querySelectorAll("[data-change]").forEach(lock));
