/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_choice: how the proxy works: `cache`, `compress`, `tell`,
 * `private` and `users`; `ca` and `trust` are in policy/resolve_inspect.
 */
#include "policy/manual.h"
#include "policy/resolve.h"
#include "policy/size.h"

#include <errno.h>

/* Which row of `words` it is; false: reported. */
static bool
find_word(struct resolver *resolver, const struct syntax_word *word,
    const char *const *words, size_t count, const char *sentence, size_t *ret)
{
	struct nearest nearest;

	nearest_begin(&nearest, word->text);
	for (*ret = 0; *ret < count; (*ret)++) {
		if (str_is(word->text, words[*ret]))
			return true;
		nearest_offer(&nearest, str_of(words[*ret]));
	}
	report_error(resolver->report, word->place, "%s, not '%.*s'", sentence,
	    STR_ARG(word->text));
	resolve_hint_nearest(resolver, &nearest);
	return false;
}

/* Marks the row; false: reported, because it was marked before. */
static bool
mark_once(struct resolver *resolver, const struct syntax_word *word,
    unsigned *marks, size_t row)
{
	if ((*marks >> row & 1) == 0) {
		*marks |= 1u << row;
		return true;
	}
	report_error(resolver->report, word->place, "'%.*s' stands there twice",
	    STR_ARG(word->text));
	return false;
}

/* ---- cache ---- */

enum store {
	STORE_MEMORY,
	STORE_DISK,
	STORE_OBJECT,
	STORE_COOKIES,
	STORE_COUNT
};

static const char *const store_words[] = { "memory", "disk", "object",
	"cookies" };

/* An absolute folder that is named in one way only. */
static bool
is_folder(struct str folder)
{
	if (folder.len == 0 || folder.at[0] != '/' ||
	    folder.len > POLICY_FOLDER_MAX)
		return false;
	while (folder.len > 0) {
		struct str part = str_cut(&folder, '/');
		if (str_is(part, "..") || str_is(part, "."))
			return false;
	}
	return true;
}

static bool
resolve_folder(
    struct resolver *resolver, enum store store, const struct syntax_part *part)
{
	const struct syntax_word *folder = &part->folder;

	if (store != STORE_DISK && folder->text.at != NULL) {
		report_error(resolver->report, folder->place,
		    "only a disk has a folder");
		return false;
	}
	if (store != STORE_DISK)
		return true;
	if (folder->text.at == NULL) {
		report_error(resolver->report, part->what.place,
		    "'disk' needs its folder");
		report_hint(
		    resolver->report, "like disk \"/var/cache/gatehouse\" 20G");
		return false;
	}
	if (!is_folder(folder->text)) {
		report_error(resolver->report, folder->place,
		    "the folder is named from '/' on, without '.' and '..', in "
		    "at most %d bytes",
		    POLICY_FOLDER_MAX);
		return false;
	}
	resolver->policy->cache.disk = arena_str(resolver->arena, folder->text);
	return !resolver->arena->full;
}

/* Less than this is a slip of the unit. */
static bool
is_large_enough(struct resolver *resolver, enum store store,
    const struct syntax_word *amount, uint64_t bytes)
{
	static const struct {
		uint64_t bytes;
		const char *why;
	} least[] = {
		[STORE_MEMORY] = { POLICY_CACHE_MEMORY_MIN,
		    "the memory of a cache is at least 1M" },
		[STORE_DISK] = { POLICY_CACHE_DISK_MIN,
		    "the disk of a cache is at least 16M" },
		[STORE_OBJECT] = { POLICY_CACHE_OBJECT_MIN,
		    "the largest object is at least 1K" },
	};

	if (bytes >= least[store].bytes)
		return true;
	report_error(resolver->report, amount->place, "%s", least[store].why);
	return false;
}

static bool
resolve_store(struct resolver *resolver, const struct syntax_part *part,
    unsigned *marks, struct syntax_word *object)
{
	struct policy_cache *cache = &resolver->policy->cache;
	uint64_t *const sizes[] = { &cache->memory_bytes, &cache->disk_bytes,
		&cache->object_bytes };
	const char *why;
	size_t store;

	if (!find_word(resolver, &part->what, store_words, STORE_COUNT,
		"a cache has memory, disk, object and cookies", &store) ||
	    !mark_once(resolver, &part->what, marks, store) ||
	    !resolve_folder(resolver, (enum store)store, part))
		return false;
	if (store == STORE_COOKIES)
		return cache->cookies = true;
	if (size_parse(part->amount.text, sizes[store], &why) < 0) {
		report_error(resolver->report, part->amount.place, "%s", why);
		return false;
	}
	if (store == STORE_OBJECT)
		*object = part->amount;
	return is_large_enough(
	    resolver, (enum store)store, &part->amount, *sizes[store]);
}

static void
resolve_object(struct resolver *resolver, const struct syntax_word *object)
{
	struct policy_cache *cache = &resolver->policy->cache;
	uint64_t most = cache->disk_bytes > cache->memory_bytes
			    ? cache->disk_bytes
			    : cache->memory_bytes;

	if (cache->object_bytes == 0)
		cache->object_bytes =
		    most / POLICY_CACHE_OBJECT_SHARE & ~(uint64_t)1023;
	else if (cache->object_bytes > most)
		report_error(resolver->report, object->place,
		    "no object can be larger than what holds it");
}

static void
resolve_cache(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct syntax_word object = { 0 };
	unsigned marks = 0;
	bool good = true;

	(void)report_topic(resolver->report, MANUAL_CACHE);
	resolver->policy->cache.place = syntax->head.place;
	for (const struct syntax_part *part = syntax->parts; part != NULL;
	     part = part->next)
		good &= resolve_store(resolver, part, &marks, &object);
	if (!good)
		return;
	if (resolver->policy->cache.memory_bytes == 0) {
		report_error(resolver->report, syntax->head.place,
		    "a cache needs memory");
		report_hint(resolver->report,
		    "like cache memory 512M, disk \"/var/cache/gatehouse\" "
		    "20G");
		return;
	}
	resolve_object(resolver, &object);
}

/* ---- compress ---- */

static bool
resolve_level(struct resolver *resolver, const struct syntax_part *part,
    enum policy_coding coding, uint8_t *ret)
{
	uint8_t most = policy_coding_row(coding)->level_max;
	uint64_t level = 0;

	if (part->amount.text.at != NULL &&
	    (str_number(part->amount.text, most, &level) < 0 || level == 0)) {
		report_error(resolver->report, part->amount.place,
		    "the levels of %s are 1 to %u",
		    policy_coding_row(coding)->word, most);
		return false;
	}
	*ret = (uint8_t)level;
	return true;
}

static void
resolve_coding(
    struct resolver *resolver, const struct syntax_part *part, unsigned *marks)
{
	struct policy_compression *to = &resolver->policy->compression;
	const char *words[POLICY_CODING_COUNT];
	uint8_t level;
	size_t row;

	for (unsigned i = 0; i < POLICY_CODING_COUNT; i++)
		words[i] = policy_coding_row((enum policy_coding)i)->word;
	if (!find_word(resolver, &part->what, words, POLICY_CODING_COUNT,
		"what is made is br, zstd or gzip", &row) ||
	    !mark_once(resolver, &part->what, marks, row) ||
	    !resolve_level(resolver, part, (enum policy_coding)row, &level))
		return;
	to->items[to->count].coding = (enum policy_coding)row;
	to->items[to->count++].level = level;
}

static void
resolve_compress(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_compression *to = &resolver->policy->compression;
	unsigned marks = 0;

	(void)report_topic(resolver->report, MANUAL_COMPRESS);
	to->place = syntax->head.place;
	for (const struct syntax_part *part = syntax->parts; part != NULL;
	     part = part->next)
		resolve_coding(resolver, part, &marks);
	if (syntax->parts != NULL)
		return;
	for (unsigned i = 0; i < POLICY_CODING_COUNT; i++)
		to->items[to->count++].coding = (enum policy_coding)i;
}

/* ---- tell, private ---- */

enum told {
	TOLD_CLIENT,
	TOLD_GATEWAY,
	TOLD_NOTHING,
	TOLD_COUNT
};

static const char *const told_words[] = { "client", "gateway", "nothing" };

static void
resolve_tell(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_telling *telling = &resolver->policy->telling;
	const unsigned nothing = 1u << TOLD_NOTHING;
	unsigned marks = 0;
	size_t row;

	(void)report_topic(resolver->report, MANUAL_PRIVACY);
	for (const struct syntax_part *part = syntax->parts; part != NULL;
	     part = part->next) {
		if (!find_word(resolver, &part->what, told_words, TOLD_COUNT,
			"servers are told of client, gateway or nothing",
			&row) ||
		    !mark_once(resolver, &part->what, &marks, row))
			continue;
		if ((marks & nothing) != 0 && marks != nothing)
			report_error(resolver->report, part->what.place,
			    "'nothing' stands alone");
	}
	telling->place = syntax->head.place;
	telling->client = (marks >> TOLD_CLIENT & 1) != 0;
	telling->gateway = (marks >> TOLD_GATEWAY & 1) != 0;
}

static void
resolve_private(struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_telling *telling = &resolver->policy->telling;

	telling->place = syntax->head.place;
	telling->private = true;
	telling->gateway = false;
}

/* ---- users ---- */

static void
resolve_service(struct resolver *resolver, const struct syntax_word *service)
{
	struct policy_users *users = &resolver->policy->users;

	if (policy_service_is_name(service->text)) {
		users->service = arena_str(resolver->arena, service->text);
		return;
	}
	report_error(resolver->report, service->place,
	    "a service of PAM is called by letters, digits, '-', '_' and '.', "
	    "at most %d of them",
	    POLICY_SERVICE_NAME_MAX);
	report_hint(resolver->report, "it is the name of a file in /etc/pam.d");
}

static void
resolve_user_file(struct resolver *resolver, const struct syntax_word *file)
{
	struct policy_users *users = &resolver->policy->users;
	struct text text = TEXT_EMPTY;
	int rc = resolve_file(resolver, file, "the file of 'users'",
	    POLICY_USERS_BYTES_MAX, &users->file, &text);
	if (rc == 0 && policy_users_read(users, text_str(&text),
			   resolver->arena, resolver->report) == -ENOMEM)
		resolver->arena->full = true;
	text_fini(&text);
}

static void
resolve_users_line(
    struct resolver *resolver, const struct syntax_choice *syntax)
{
	struct policy_users *users = &resolver->policy->users;
	const struct syntax_part *part = syntax->parts;

	(void)report_topic(resolver->report, MANUAL_USERS);
	users->place = syntax->head.place;
	(void)resolve_ban(resolver, &syntax->ban, &users->ban);
	if (part->what.text.at != NULL)
		resolve_service(resolver, &part->folder);
	else
		resolve_user_file(resolver, &part->folder);
}

/* ---- all of them ---- */

static const struct {
	const char *word;
	void (*resolve)(struct resolver *, const struct syntax_choice *);
} choices[] = {
	{ "cache", resolve_cache },
	{ "compress", resolve_compress },
	{ "tell", resolve_tell },
	{ "private", resolve_private },
	{ "users", resolve_users_line },
	{ "ca", resolve_ca },
	{ "trust", resolve_trust },
};

#define CHOICE_COUNT (sizeof(choices) / sizeof(choices[0]))

static void
refuse_second(struct resolver *resolver, const struct syntax_choice *syntax,
    const struct syntax_choice *first)
{
	(void)report_topic(resolver->report, MANUAL_PROXY);
	report_error(resolver->report, syntax->head.place,
	    "the proxy has a line '%.*s' already", STR_ARG(first->head.text));
	if (resolver->report->kept)
		report_hint(resolver->report, "it is line %u",
		    place_line(first->head.place).line);
}

static void
resolve_choice(struct resolver *resolver, const struct syntax_choice *syntax,
    const struct syntax_choice **firsts)
{
	size_t i = 0;

	while (
	    i + 1 < CHOICE_COUNT && !str_is(syntax->head.text, choices[i].word))
		i++;
	if (firsts[i] != NULL) {
		refuse_second(resolver, syntax, firsts[i]);
		return;
	}
	firsts[i] = syntax;
	choices[i].resolve(resolver, syntax);
}

void
resolve_choices(struct resolver *resolver, const struct syntax *syntax)
{
	const struct syntax_choice *firsts[CHOICE_COUNT] = { NULL };
	/* In `choices`. */
	const size_t tell = 2, private = 3, ca = 5, trust = 6;

	resolver->policy->telling.gateway = true;
	for (const struct syntax_choice *choice = syntax->choices;
	     choice != NULL; choice = choice->next)
		resolve_choice(resolver, choice, firsts);
	if (firsts[trust] != NULL && firsts[ca] == NULL) {
		(void)report_topic(resolver->report, MANUAL_INSPECTION);
		report_error(resolver->report, firsts[trust]->head.place,
		    "'trust' is about TLS that is opened, and without a CA "
		    "none is");
		report_hint(
		    resolver->report, "name its file as well: ca \"FILE\"");
	}
	if (firsts[tell] == NULL || firsts[private] == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_PRIVACY);
	report_error(resolver->report, firsts[tell]->head.place,
	    "a private proxy tells servers nothing");
	report_hint(resolver->report, "leave out 'tell' or 'private'");
}
