/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_screen: the terminal, by ncurses: draws what cli/top_view has made,
 * and gives keys.
 *
 * One at a time.  From open to close the terminal is in its own mode; close
 * puts it back, and is to be called whatever happened in between.
 */
#ifndef GATEHOUSE_CLI_TOP_SCREEN_H
#define GATEHOUSE_CLI_TOP_SCREEN_H

#include "cli/top_view.h"

/* 0, or -EINVAL with *reterr_why: this is no terminal that can do it. */
int top_terminal_open(const char **reterr_why);
void top_terminal_close(void);

void top_terminal_size(size_t *ret_height, size_t *ret_width);
void top_terminal_draw(const struct top_screen *screen);

/* The next key that has been pressed (cli/top_keys), or -1: none has.  A new
 * size of the terminal is TOP_KEY_OTHER. */
int top_terminal_key(void);

#endif
