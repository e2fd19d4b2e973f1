/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_cache: what is kept, and how much of it.
 */
#include "import/squid_impl.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t
bytes_of(uint64_t size, char unit)
{
	return size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 30);
}

static bool
read_size(const struct import_wordlist *words, size_t at, uint64_t *ret,
    char *ret_unit)
{
	static const char *const units[] = { "KB", "MB", "GB" };

	if (words->count <= at + 1 ||
	    str_number(words->at[at], UINT32_MAX, ret) < 0 || *ret == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (str_eq_nocase(words->at[at + 1], str_of(units[i]))) {
			*ret_unit = units[i][0];
			return true;
		}
	}
	return false;
}

void
squid_take_cache_mem(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;
	char unit;

	(void)file;
	if (!read_size(words, 1, &size, &unit) || unit == 'K' ||
	    squid->cache_memory) {
		line->why = "no word for this size";
		return;
	}
	squid->cache_memory = true;
	squid->memory_bytes = bytes_of(size, unit);
	text_addf(&squid->cache, "%s memory %llu%c",
	    squid->cache.len > 0 ? "," : "", (unsigned long long)size, unit);
}

/* "ufs /var/spool/squid 10000 16 256": the size is in MB. */
void
squid_take_cache_dir(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;

	(void)file;
	if (words->count < 4 ||
	    str_number(words->at[3], UINT32_MAX, &size) < 0 || size < 16 ||
	    (squid->cache.len > 0 &&
		memmem(squid->cache.at, squid->cache.len, "disk", 4) != NULL)) {
		line->why = "there is one folder, of 16M and more";
		return;
	}
	squid->disk_bytes = bytes_of(size, 'M');
	text_addf(&squid->cache, "%s disk \"/var/cache/gatehouse\" %lluM",
	    squid->cache.len > 0 ? "," : "", (unsigned long long)size);
}

void
squid_take_object(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	uint64_t size;
	char unit;

	(void)file;
	if (!read_size(words, 1, &size, &unit)) {
		line->why = "no word for this size";
		return;
	}
	squid->object_size = size;
	squid->object_bytes = bytes_of(size, unit);
	squid->object_line = line;
	squid->object_unit = unit;
}

void
squid_take_cache(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line)
{
	(void)file;
	if (words->count == 3 && str_is(words->at[1], "deny") &&
	    str_is(words->at[2], "all"))
		squid->cache_refused = true;
	else
		line->why = "what is kept is not chosen by rules";
}
