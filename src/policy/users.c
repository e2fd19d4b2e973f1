/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/users.h"

#include "base/utf8.h"
#include "policy/limits.h"

#include <errno.h>
#include <stdlib.h>

/* ---- hashes ---- */

/* More rounds than this take longer than a second. */
#define BCRYPT_COST_MIN 4
#define BCRYPT_COST_MAX 14
#define ROUNDS_MAX      2000000

/* Of yescrypt, in its own digits: 2^16 blocks of 4 KiB, a quarter of a GiB. */
#define YESCRYPT_BLOCKS_MAX 15
#define YESCRYPT_BLOCK_MAX  31

#define SALT_MAX 86

/* Wrong lines that are told: a file of another kind has no right one. */
#define WRONG_MAX 20

static const char digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const char malformed[] = "the hash is not complete, or not of its form";
static const char too_costly[] =
    "to check a password by this hash takes longer than a second";

static bool
are_digits(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\0' || strchr(digits, text.at[i]) == NULL)
			return false;
	return true;
}

static size_t
value_of(char digit)
{
	return str_find(STR(digits), digit);
}

/* NN$ and 53 digits. */
static const char *
bcrypt_objection(struct str rest)
{
	uint64_t cost;

	if (rest.len != 2 + 1 + 53 || rest.at[2] != '$' ||
	    !ascii_is_digit(rest.at[0]) || !ascii_is_digit(rest.at[1]) ||
	    !are_digits(str_skip(rest, 3)))
		return malformed;
	cost = (uint64_t)(rest.at[0] - '0') * 10 + (uint64_t)(rest.at[1] - '0');
	if (cost < BCRYPT_COST_MIN)
		return malformed;
	return cost > BCRYPT_COST_MAX ? too_costly : NULL;
}

/* [rounds=N$]SALT$ and the digits of the digest. */
static const char *
sha_objection(struct str rest, size_t digest)
{
	uint64_t rounds = 0;

	if (str_starts(rest, STR("rounds="))) {
		struct str number = str_cut(&rest, '$');
		if (str_number(str_skip(number, strlen("rounds=")), 999999999,
			&rounds) < 0 ||
		    rounds < 1000)
			return malformed;
	}
	struct str salt = str_cut(&rest, '$');
	if (salt.len > 16 || !are_digits(salt) || rest.len != digest ||
	    !are_digits(rest))
		return malformed;
	return rounds > ROUNDS_MAX ? too_costly : NULL;
}

static const char *
sha512_objection(struct str rest)
{
	return sha_objection(rest, 86);
}

static const char *
sha256_objection(struct str rest)
{
	return sha_objection(rest, 43);
}

/* jBR$SALT$ and 43 digits: B says how many blocks, R how large they are. */
static const char *
yescrypt_objection(struct str rest)
{
	struct str form = str_cut(&rest, '$');
	struct str salt = str_cut(&rest, '$');

	if (form.len != 3 || !are_digits(form) || form.at[0] != 'j' ||
	    salt.len == 0 || salt.len > SALT_MAX || !are_digits(salt) ||
	    rest.len != 43 || !are_digits(rest))
		return malformed;
	return value_of(form.at[1]) > YESCRYPT_BLOCKS_MAX ||
		       value_of(form.at[2]) > YESCRYPT_BLOCK_MAX
		   ? too_costly
		   : NULL;
}

static const struct {
	struct str head;
	const char *(*objection)(struct str rest);
} kinds[] = {
	{ STR_INIT("$y$"), yescrypt_objection },
	{ STR_INIT("$2y$"), bcrypt_objection },
	{ STR_INIT("$2b$"), bcrypt_objection },
	{ STR_INIT("$6$"), sha512_objection },
	{ STR_INIT("$5$"), sha256_objection },
};

/* Known, and not taken. */
static const struct {
	struct str head;
	const char *why;
} weak[] = {
	{ STR_INIT("$apr1$"), "MD5 is too weak for passwords" },
	{ STR_INIT("$1$"), "MD5 is too weak for passwords" },
	{ STR_INIT("$2a$"), "a hash that begins with $2a$ may be a wrong one" },
	{ STR_INIT("$2x$"), "a hash that begins with $2x$ is a wrong one" },
	{ STR_INIT("{SHA}"), "SHA-1 without a salt is too weak for passwords" },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *
policy_hash_objection(struct str hash)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (str_starts(hash, kinds[i].head))
			return kinds[i].objection(
			    str_skip(hash, kinds[i].head.len));
	for (size_t i = 0; i < COUNT_OF(weak); i++)
		if (str_starts(hash, weak[i].head))
			return weak[i].why;
	return "what stands behind the name is no hash, or a weak one";
}

/* ---- lines ---- */

struct walk {
	struct policy_users *users;
	struct arena *arena;
	struct report *report;
	uint32_t number; /* of the line */
	size_t room;
	size_t wrong;
};

/* A place in the file that outlives its text, and shows the name alone. */
static struct place
place_of(const struct walk *walk, struct str name)
{
	struct arena *arena = &walk->report->arena;
	struct source *source = arena_new(arena, struct source);

	if (source == NULL)
		return (struct place){ 0 };
	source->name = walk->users->file;
	source->text = arena_str(arena, name);
	source->lines_before = walk->number - 1;
	return (struct place){ source, 0, (uint32_t)source->text.len };
}

static void
refuse(struct walk *walk, struct str name, const char *why)
{
	walk->wrong++;
	report_error(walk->report, place_of(walk, name), "%s", why);
}

/* RFC 7617, 2: no control characters; UTF-8 is what we say that we read. */
static bool
is_name(struct str name)
{
	struct str rest = name;

	while (rest.len > 0) {
		size_t len = utf8_length(rest);
		if (len == 0 || !utf8_is_shown(rest))
			return false;
		rest = str_skip(rest, len);
	}
	return name.len > 0 && name.len <= POLICY_USER_NAME_MAX;
}

static void
take(struct walk *walk, struct str name, struct str hash)
{
	struct policy_users *users = walk->users;

	if (users->count == walk->room) {
		refuse(walk, name, "there are too many users");
		return;
	}
	users->items[users->count++] =
	    (struct policy_user){ arena_str(walk->arena, name),
		    arena_str(walk->arena, hash) };
}

static void
take_line(struct walk *walk, struct str line)
{
	const char *why;

	walk->number++;
	line = str_trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return;
	size_t colon = str_find(line, ':');
	struct str name = { line.at, colon };
	if (colon == line.len) {
		refuse(walk, (struct str){ "", 0 }, "expected NAME:HASH");
	} else if (!is_name(name)) {
		refuse(walk, (struct str){ "", 0 },
		    "a name is UTF-8 of 1 to 255 bytes");
	} else if ((why = policy_hash_objection(str_skip(line, colon + 1))) !=
		   NULL) {
		refuse(walk, name, why);
		report_hint(
		    walk->report, "make it anew: htpasswd -B, or mkpasswd");
	} else {
		take(walk, name, str_skip(line, colon + 1));
	}
}

/* ---- all of it ---- */

static int
by_name(const void *a, const void *b)
{
	const struct policy_user *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static void
find_twins(struct walk *walk)
{
	const struct policy_users *users = walk->users;

	for (size_t i = 1; i < users->count && walk->wrong < WRONG_MAX; i++) {
		if (!str_eq(users->items[i - 1].name, users->items[i].name))
			continue;
		walk->wrong++;
		report_error(walk->report, users->place,
		    "'%.*s' stands twice in %.*s",
		    STR_ARG(users->items[i].name), STR_ARG(users->file));
	}
}

static size_t
count_lines(struct str text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	return lines < POLICY_USERS_MAX ? lines : POLICY_USERS_MAX;
}

int
policy_users_read(struct policy_users *users, struct str text,
    struct arena *arena, struct report *report)
{
	struct walk walk = { .users = users,
		.arena = arena,
		.report = report,
		.room = count_lines(text) };

	users->items = arena_array(arena, walk.room, sizeof(*users->items));
	if (users->items == NULL)
		return -ENOMEM;
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (text.len > 0 && walk.wrong < WRONG_MAX)
		take_line(&walk, str_cut(&text, '\n'));
	if (arena->full)
		return -ENOMEM;
	qsort(users->items, users->count, sizeof(*users->items), by_name);
	find_twins(&walk);
	return walk.wrong > 0 ? -EINVAL : 0;
}

const struct policy_user *
policy_users_find(const struct policy_users *users, struct str name)
{
	const struct policy_user wanted = { name, { NULL, 0 } };

	return users->count == 0 ? NULL
				 : bsearch(&wanted, users->items, users->count,
				       sizeof(*users->items), by_name);
}

bool
policy_users_are_asked(const struct policy_users *users)
{
	return users->file.at != NULL || users->service.at != NULL;
}

/* No hash is a service: each begins with '$'. */
bool
policy_users_have(
    const struct policy_users *users, const struct policy_user *user)
{
	if (users->service.at != NULL)
		return str_eq(users->service, user->hash);
	const struct policy_user *found = policy_users_find(users, user->name);
	return found != NULL && str_eq(found->hash, user->hash);
}

bool
policy_service_is_name(struct str service)
{
	for (size_t i = 0; i < service.len; i++)
		if (!ascii_is_alpha(service.at[i]) &&
		    !ascii_is_digit(service.at[i]) &&
		    strchr("-_.", service.at[i]) == NULL)
			return false;
	return service.len > 0 && service.len <= POLICY_SERVICE_NAME_MAX &&
	       service.at[0] != '.' && service.at[0] != '-';
}
