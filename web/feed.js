/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live stream of events.  A browser has few connections to one server for
 * all its tabs: a page that nobody looks at gives its own back, and catches up
 * from the past when it is looked at again.
 */
import { stream } from "./api.js";

const RETRY_MS = 5000;

export class Feed {
	constructor(event, state, catchUp) {
		Object.assign(this, { event, state, catchUp });
		this.source = null;
		this.alive = false;
		this.skipped = "";
		this.onSeen = () => (document.hidden ? this.shut() : this.begin());
		document.addEventListener("visibilitychange", this.onSeen);
	}

	open(filters) {
		this.filters = filters;
		this.skipped = "";
		this.shut();
		this.begin();
	}

	begin() {
		if (this.source !== null || document.hidden) return;
		/* The past is asked for once the stream runs: nothing falls between. */
		const source = (this.source = stream("events", this.filters));
		source.onopen = () => {
			this.become(true);
			this.catchUp();
		};
		source.onmessage = (message) => this.take(message.data);
		source.addEventListener("skipped", (message) => this.skip(message.data));
		source.onerror = () => this.broke(source);
	}

	take(data) {
		try {
			this.event(JSON.parse(data));
		} catch {
			/* A line that a full disk broke off. */
		}
	}

	skip(data) {
		const bytes = Number(JSON.parse(data).bytes);
		this.skipped = `${(bytes / 1e6).toFixed(1)} MB`;
		this.state();
	}

	/* The browser tries again by itself, unless it was refused. */
	broke(source) {
		this.become(false);
		if (source.readyState !== EventSource.CLOSED || source !== this.source) return;
		this.source = null;
		this.catchUp(); /* there may be too many who follow */
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.begin(), RETRY_MS);
	}

	become(alive) {
		if (this.alive === alive) return;
		this.alive = alive;
		this.state();
	}

	shut() {
		clearTimeout(this.timer);
		this.source?.close();
		this.source = null;
		this.become(false);
	}

	close() {
		document.removeEventListener("visibilitychange", this.onSeen);
		this.shut();
	}
}
