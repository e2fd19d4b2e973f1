/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The colours that were chosen, before the first paint: so this file is no
 * module, which would come too late.  "auto" is what the system says.
 */
"use strict";
(() => {
	let chosen = null;
	try {
		chosen = localStorage.getItem("gatehouse.theme");
	} catch {
		/* Nothing may be kept here: the system's then. */
	}
	if (chosen === "light" || chosen === "dark")
		document.documentElement.dataset.theme = chosen;
})();
