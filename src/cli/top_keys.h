/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_keys: what each key does to the state, and what it wishes of the
 * gateway.
 */
#ifndef GATEHOUSE_CLI_TOP_KEYS_H
#define GATEHOUSE_CLI_TOP_KEYS_H

#include "cli/top_state.h"

/* Below these a key is the character (of UTF-8, a byte of it). */
enum top_key {
	TOP_KEY_ESCAPE = 27,
	TOP_KEY_UP = 256,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_TAB,
	TOP_KEY_BACK_TAB,
	TOP_KEY_BACKSPACE,
	TOP_KEY_OTHER,
};

enum top_wish {
	TOP_WISH_NONE,
	TOP_WISH_QUIT,
	TOP_WISH_ASK,     /* for what is shown, now */
	TOP_WISH_EXPLAIN, /* the selected flow */
	TOP_WISH_END,     /* the flow that is the subject */
	TOP_WISH_BAN, /* the address that is the subject, for what is typed */
};

enum top_wish top_keys_take(struct top_state *state, int key);

#endif
