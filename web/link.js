/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the gateway answers, and what is asked again and again.
 *
 * While it does not, all polls together ask it ever more rarely, 30 s at most;
 * when one is answered the others ask at once.  A page that nobody looks at
 * asks nothing.
 */
import { Away, Problem } from "./api.js";

const SLOW_MS = 3000;
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15000, 30000];

const watchers = new Set();
const polls = new Set();

export const link = {
	away: null /* since when, in ms; null: it answers */,
	why: "",
	tries: 0,
	retry: 0 /* when it is asked again */,
	slow: false,
	known: false,
};

export function watchLink(fn) {
	watchers.add(fn);
	fn(link);
	return () => watchers.delete(fn);
}

const tell = () => watchers.forEach((fn) => fn(link));

function reached() {
	const news = link.away !== null || !link.known;
	const back = link.away !== null;
	Object.assign(link, { away: null, tries: 0, known: true });
	if (news) tell();
	if (back) polls.forEach((poll) => poll.now());
}

function lost(why) {
	link.away ??= Date.now();
	link.why = why;
	const wait = BACKOFF_MS[Math.min(link.tries++, BACKOFF_MS.length - 1)];
	link.retry = Date.now() + wait;
	tell();
}

export const tryNow = () => {
	link.tries = 0;
	polls.forEach((poll) => poll.now());
};

/* What is still on its way after this long is said to be slow, until it is there. */
const late = new Set();

function mind(is) {
	if (link.slow === is) return;
	link.slow = is;
	tell();
}

function minded(promise) {
	const timer = setTimeout(() => {
		late.add(promise);
		mind(true);
	}, SLOW_MS);
	return promise.finally(() => {
		clearTimeout(timer);
		late.delete(promise);
		mind(late.size > 0);
	});
}

/*
 * ask() every so many ms, and show(answer).  What it says no to is shown by
 * refuse(problem), and asked again more rarely.
 */
export class Poll {
	constructor(ask, every, show, refuse) {
		Object.assign(this, { ask, every, show, refuse });
		this.timer = null;
		this.asking = false;
		this.stopped = true;
		this.onSeen = () => (document.hidden ? this.rest() : this.now());
	}

	start() {
		this.stopped = false;
		polls.add(this);
		document.addEventListener("visibilitychange", this.onSeen);
		this.now();
		return this;
	}

	stop() {
		this.stopped = true;
		polls.delete(this);
		document.removeEventListener("visibilitychange", this.onSeen);
		this.rest();
	}

	rest() {
		clearTimeout(this.timer);
		this.timer = null;
	}

	later(wait) {
		this.rest();
		if (!this.stopped && !document.hidden) this.timer = setTimeout(() => this.now(), wait);
	}

	/* The question that is under way may be of before: it is asked anew. */
	now() {
		this.rest();
		if (this.asking) this.again = true;
		else if (!this.stopped && !document.hidden) this.once();
	}

	async once() {
		this.asking = true;
		this.again = false;
		let wait = this.every;
		try {
			const answer = await minded(this.ask());
			reached();
			if (!this.stopped && !this.again) this.show(answer);
		} catch (error) {
			wait = this.failed(error);
		} finally {
			this.asking = false;
		}
		if (this.again) this.now();
		else this.later(wait);
	}

	failed(error) {
		if (error instanceof Away) {
			/* The first of them speaks for all. */
			if (Date.now() >= link.retry || link.away === null) lost(error.why);
			return Math.max(link.retry - Date.now(), 250);
		}
		if (!(error instanceof Problem)) {
			/* Our own mistake: the others go on. */
			reportError(error);
			return this.every * 4;
		}
		reached();
		if (!this.stopped) this.refuse?.(error);
		return this.every * 4;
	}
}
