/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/words.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* From behind the quote to the next one, and *ret_len of it were read. */
static struct str
read_quoted(struct arena *arena, struct str line, size_t *ret_len)
{
	char *at = arena_alloc(arena, line.len);
	size_t len = 0, i = 0;

	if (at == NULL) {
		*ret_len = line.len;
		return STR("");
	}
	for (; i < line.len && line.at[i] != '"'; i++) {
		if (line.at[i] == '\\' && i + 1 < line.len)
			i++;
		at[len++] = line.at[i];
	}
	*ret_len = i < line.len ? i + 1 : i;
	return (struct str){ at, len };
}

void
import_wordlist_read(
    struct import_wordlist *words, struct arena *arena, struct str line)
{
	words->count = 0;
	words->cut = false;
	while (line.len > 0) {
		size_t len = 0;
		struct str word;
		if (is_blank(line.at[0])) {
			line = str_skip(line, 1);
			continue;
		}
		if (words->count == IMPORT_WORDS_MAX) {
			words->cut = true;
			return;
		}
		if (line.at[0] == '"') {
			line = str_skip(line, 1);
			word = read_quoted(arena, line, &len);
		} else {
			while (len < line.len && !is_blank(line.at[len]))
				len++;
			word = (struct str){ line.at, len };
		}
		words->quoted[words->count] = word.at != line.at;
		words->at[words->count++] = word;
		line = str_skip(line, len);
	}
}
