/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_screen.h"

#include "base/utf8.h"
#include "cli/columns.h"
#include "cli/top_keys.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

/* A wider line is cut; no terminal is. */
#define WIDTH_MAX 1000

/* How long a lone Escape may be the begin of a longer sequence. */
#define ESCAPE_MS 25

static SCREEN *terminal;
static bool has_utf8;

/* ---- colours ---- */

static const struct {
	short foreground; /* -1: the terminal's own */
	attr_t mono, coloured;
} looks[TOP_LOOK_COUNT] = {
	[TOP_LOOK_PLAIN] = { -1, A_NORMAL, A_NORMAL },
	[TOP_LOOK_TITLE] = { -1, A_REVERSE, A_REVERSE },
	[TOP_LOOK_TABS] = { COLOR_CYAN, A_BOLD, A_BOLD },
	[TOP_LOOK_HEAD] = { -1, A_UNDERLINE, A_UNDERLINE },
	[TOP_LOOK_SELECTED] = { COLOR_CYAN, A_REVERSE, A_REVERSE },
	[TOP_LOOK_DIM] = { -1, A_DIM, A_DIM },
	[TOP_LOOK_PROMPT] = { COLOR_YELLOW, A_BOLD, A_BOLD },
	[TOP_LOOK_WARNING] = { COLOR_RED, A_BOLD, A_BOLD },
};

static void
begin_colours(void)
{
	if (!has_colors() || getenv("NO_COLOR") != NULL || start_color() == ERR)
		return;
	(void)use_default_colors();
	for (short i = 0; i < TOP_LOOK_COUNT; i++)
		(void)init_pair((short)(i + 1), looks[i].foreground, -1);
}

static void
set_look(enum top_look look)
{
	bool colours = has_colors() && getenv("NO_COLOR") == NULL;

	(void)attr_set(colours ? looks[look].coloured : looks[look].mono,
	    colours ? (short)(look + 1) : 0, NULL);
}

/* ---- life ---- */

/* What a screen of rows needs, and a dumb terminal or a printer has not. */
static bool
can_move(void)
{
	static const char *const needed[] = { "cup", "clear" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *sequence = tigetstr(needed[i]);
		if (sequence == NULL || sequence == (const char *)-1)
			return false;
	}
	return true;
}

int
top_terminal_open(const char **reterr_why)
{
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
		*reterr_why = "it takes a terminal; --once prints one screen";
		return -EINVAL;
	}
	(void)setlocale(LC_CTYPE, "");
	has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	terminal = newterm(NULL, stdout, stdin);
	if (terminal == NULL) {
		*reterr_why = "this terminal is not known (TERM); --once "
			      "prints one screen";
		return -EINVAL;
	}
	if (!can_move()) {
		top_terminal_close();
		*reterr_why = "this terminal (TERM) has no cursor to move; "
			      "--once prints one screen";
		return -EINVAL;
	}
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	begin_colours();
	return 0;
}

void
top_terminal_close(void)
{
	if (terminal == NULL)
		return;
	(void)endwin();
	delscreen(terminal);
	terminal = NULL;
}

/* ---- drawing ---- */

void
top_terminal_size(size_t *ret_height, size_t *ret_width)
{
	*ret_height = LINES > 0 ? (size_t)LINES : 0;
	*ret_width = COLS > 0 ? (size_t)COLS : 0;
	if (*ret_width > WIDTH_MAX)
		*ret_width = WIDTH_MAX;
}

/* Where the terminal's characters are not ours, ASCII is. */
static wchar_t
character(struct str s)
{
	uint32_t code = utf8_code(s);

	if (has_utf8 || code < 0x80)
		return (wchar_t)code;
	if (code >= 0x2581 && code <= 0x2588)
		return (wchar_t) "._-=+*%#"[code - 0x2581];
	return code == 0x2026 ? L'~' : L'?';
}

static void
draw_line(int row, struct str words, size_t width)
{
	wchar_t line[WIDTH_MAX + 1];
	size_t count = 0, has = columns_of(words);

	for (size_t len; (len = utf8_length(words)) > 0 && count < WIDTH_MAX;
	     words = str_skip(words, len))
		line[count++] = character(words);
	(void)mvaddnwstr(row, 0, line, (int)count);
	for (size_t i = has; i < width; i++)
		(void)addch(' ');
}

void
top_terminal_draw(const struct top_screen *screen)
{
	struct str text = text_str(&screen->text);
	size_t height, width, rows = screen->lines.count;

	top_terminal_size(&height, &width);
	for (size_t i = 0; i < rows && i < height; i++) {
		const struct top_line *line = &screen->lines.items[i];
		struct str words = str_skip(text, line->start);
		words.len = line->len;
		set_look(line->look);
		draw_line((int)i, words, width);
	}
	set_look(TOP_LOOK_PLAIN);
	(void)curs_set(screen->cursor != SIZE_MAX);
	if (screen->cursor != SIZE_MAX && rows > 0)
		(void)move((int)rows - 1, (int)screen->cursor);
	(void)refresh();
}

/* ---- keys ---- */

static const struct {
	int of_curses, key;
} keys[] = {
	{ KEY_UP, TOP_KEY_UP },
	{ KEY_DOWN, TOP_KEY_DOWN },
	{ KEY_PPAGE, TOP_KEY_PAGE_UP },
	{ KEY_NPAGE, TOP_KEY_PAGE_DOWN },
	{ KEY_HOME, TOP_KEY_HOME },
	{ KEY_END, TOP_KEY_END },
	{ KEY_ENTER, TOP_KEY_ENTER },
	{ '\r', TOP_KEY_ENTER },
	{ '\n', TOP_KEY_ENTER },
	{ '\t', TOP_KEY_TAB },
	{ KEY_BTAB, TOP_KEY_BACK_TAB },
	{ KEY_BACKSPACE, TOP_KEY_BACKSPACE },
	{ '\b', TOP_KEY_BACKSPACE },
	{ 0x7f, TOP_KEY_BACKSPACE },
};

int
top_terminal_key(void)
{
	int key = getch();

	if (key == ERR)
		return -1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].of_curses == key)
			return keys[i].key;
	return key < 256 ? key : TOP_KEY_OTHER;
}
