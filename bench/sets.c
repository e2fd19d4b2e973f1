/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/sets: what large lists and bans cost on their way into the kernel.
 *
 *	sets [COUNT]
 *
 * In a network namespace of its own, with a list of COUNT (1,000,000) mixed
 * prefixes that are disjoint already: loading it, committing rules that name
 * it, committing rules again while it stands, changing one prefix of it,
 * replacing it whole, and banning an address meanwhile.  Each is what the
 * daemon does, by the same calls; the policy is read before.  Times are wall
 * clock, medians where there are rounds.
 */
#include "firewall/ban_sets.h"
#include "firewall/list_sets.h"
#include "firewall/transaction.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT       1000000
#define ROUNDS      9
#define ROUNDS_MANY 199

static _Noreturn void
fail(const char *what, const struct text *why)
{
	(void)fprintf(stderr, "sets: %s: %s\n", what,
	    why != NULL && why->len > 0 ? why->at : "");
	exit(1);
}

/* ---- a policy with one list ---- */

static int
read_memory(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	static const char policy[] = "zone lan = int0 10.0.0.0/24\n"
				     "zone wan = ext0\n"
				     "list a = addresses \"a\"\n"
				     "drop a -> any\n";
	const struct text *list = context;

	(void)bytes_max;
	text_clear(ret);
	if (strcmp(path, "p") == 0)
		text_addz(ret, policy);
	else
		text_add(ret, text_str(list));
	return ret->full ? -1 : 0;
}

static struct policy *
policy_of(const struct text *list)
{
	struct policy_loader loader = { .read = read_memory };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	memcpy(&loader.context, &list, sizeof(list));
	report_init(&report);
	if (policy_load("p", &loader, &report, &policy, &kept) < 0)
		fail("the policy was refused", NULL);
	report_fini(&report);
	return policy;
}

/* /24 to /32, none beside another; without those that `every` divides. */
static void
write_list(unsigned count, unsigned without, struct text *ret)
{
	static const unsigned bits[] = { 32, 24, 30, 32, 28, 32, 29, 27 };
	uint32_t at = 0x01000000;

	for (unsigned i = 0; i < count; i++) {
		unsigned length = bits[i % 8];
		uint32_t size = 1u << (32 - length);
		at = (at + size - 1) / size * size;
		if (without == 0 || i % without != without - 1)
			text_addf(ret, "%u.%u.%u.%u/%u\n", at >> 24,
			    at >> 16 & 255, at >> 8 & 255, at & 255, length);
		at += size + 512;
	}
}

/* ---- what is measured ---- */

struct bench {
	struct list_sets sets;
	struct ban_sets ban_sets;
	struct bans bans;
};

static bool
is_kept(const void *context, const char *name)
{
	return list_plan_has(context, name) || ban_sets_has(name);
}

static void
commit_rules(const struct list_plan *plan, const struct policy *policy)
{
	struct text rules = TEXT_EMPTY, why = TEXT_EMPTY;
	struct transaction_kept kept = { is_kept, plan };
	struct batch *leftovers;

	text_addf(&rules,
	    "table inet gatehouse {\nchain main {\ntype filter hook "
	    "prerouting priority mangle\nip saddr @%s drop\nip saddr @ban.4 "
	    "drop\ndrop\n}\n}\n",
	    list_plan_name(plan, policy->groups[0], ADDRESS_IPV4));
	if (transaction_commit_beside(
		text_str(&rules), &kept, &leftovers, &why) < 0)
		fail("the rules were refused", &why);
	transaction_clear(&leftovers);
	text_fini(&rules);
	text_fini(&why);
}

/* Milliseconds of this process, in the kernel too. */
static double
cpu_ms(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Milliseconds of an apply. */
struct times {
	double lists, lists_cpu, rules;
};

static struct times
apply(struct bench *bench, struct policy *policy)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	double cpu = cpu_ms();
	int64_t start = clock_now();

	if (list_sets_plan(&bench->sets, policy, true, false, &plan, &why) <
		0 ||
	    list_plan_load(&plan, &why) < 0 ||
	    ban_sets_ensure(&bench->ban_sets, &bench->bans, &why) < 0)
		fail("the list was not loaded", &why);
	int64_t middle = clock_now();
	cpu = cpu_ms() - cpu;
	commit_rules(&plan, policy);
	int64_t end = clock_now();
	list_sets_adopt(&bench->sets, &plan, policy);
	text_fini(&why);
	return (struct times){ .lists = (double)(middle - start) / 1e6,
		.lists_cpu = cpu,
		.rules = (double)(end - middle) / 1e6 };
}

/* As a refresh that changes little. */
static double
change(struct bench *bench, struct policy *policy)
{
	struct list_plan plan;
	struct text why = TEXT_EMPTY;
	int64_t start = clock_now();

	if (list_sets_plan(&bench->sets, policy, true, true, &plan, &why) < 0 ||
	    !list_plan_is_in_place(&plan) ||
	    list_plan_change(&bench->sets, &plan, &why) < 0)
		fail("the list was not changed", &why);
	list_sets_adopt(&bench->sets, &plan, policy);
	return (double)(clock_now() - start) / 1e6;
}

static double
ban(struct bench *bench, unsigned number, unsigned bits)
{
	char word[32];
	struct ban one = { 0 };
	struct text text = TEXT_EMPTY;
	const char *why;

	(void)snprintf(word, sizeof(word), "203.%u.%u.0/%u", number >> 8 & 255,
	    number & 255, bits);
	if (address_range_parse(str_of(word), &one.range, &why) < 0)
		fail(why, NULL);
	int64_t start = clock_now();
	if (bans_put(&bench->bans, &one) < 0 ||
	    ban_sets_follow(&bench->ban_sets, &bench->bans, &one.range, &text) <
		0)
		fail("no ban", &text);
	return (double)(clock_now() - start) / 1e6;
}

/* ---- telling ---- */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
tell(const char *what, double *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_size);
	(void)printf("%-44s %10.2f ms %10.2f ms\n", what, times[count / 2],
	    times[count - 1]);
	(void)fflush(stdout);
}

static void
tell_one(const char *what, double time)
{
	(void)printf("%-44s %10.2f ms\n", what, time);
	(void)fflush(stdout);
}

/* What is resident is the peak from now on. */
static void
begin_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");

	if (file != NULL) {
		(void)fputs("5", file);
		(void)fclose(file);
	}
}

/* In megabytes, a row of /proc/self/status: "VmHWM:", "VmRSS:". */
static double
memory(const char *row)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	double kilobytes = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, row, strlen(row)) == 0)
			kilobytes = strtod(line + strlen(row), NULL);
	if (file != NULL)
		(void)fclose(file);
	return kilobytes / 1024;
}

static void
measure_bans(struct bench *bench)
{
	double times[ROUNDS_MANY];

	for (unsigned i = 0; i < ROUNDS_MANY; i++)
		times[i] = ban(bench, i, 32);
	tell("ban an address", times, ROUNDS_MANY);
	for (unsigned i = 0; i < ROUNDS_MANY; i++)
		times[i] = ban(bench, i, 24);
	tell("ban a prefix", times, ROUNDS_MANY);
}

static void
measure_changes(
    struct bench *bench, struct policy *list, struct policy *one_less)
{
	double times[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++)
		times[i] = change(bench, i % 2 == 0 ? one_less : list);
	tell("change one prefix of it in place", times, ROUNDS);
}

static void
measure(unsigned count)
{
	struct bench bench = { .bans = BANS_EMPTY };
	struct text texts[3] = { TEXT_EMPTY, TEXT_EMPTY, TEXT_EMPTY };
	struct policy *policies[3];
	struct times times;

	write_list(count, 0, &texts[0]);
	write_list(count, count / 2 + 1, &texts[1]);
	write_list(count, 10, &texts[2]);
	for (size_t i = 0; i < 3; i++) {
		policies[i] = policy_of(&texts[i]);
		text_fini(&texts[i]);
	}
	(void)malloc_trim(0); /* what the texts took must not hide it */
	begin_peak();
	double before = memory("VmRSS:");
	(void)printf("%u prefixes%47s%13s\n", count, "median", "most");
	times = apply(&bench, policies[0]);
	tell_one("load the list", times.lists);
	tell_one("load the list: CPU time", times.lists_cpu);
	tell_one("commit rules that name it", times.rules);
	(void)printf("%-44s %10.2f MB\n", "peak of memory grew by",
	    memory("VmHWM:") - before);
	times = apply(&bench, policies[0]);
	tell_one("apply again: the list's part", times.lists);
	tell_one("apply again: the rules' part", times.rules);
	measure_changes(&bench, policies[0], policies[1]);
	times = apply(&bench, policies[2]);
	tell_one("replace it by another: the list's part", times.lists);
	tell_one("replace it by another: the rules' part", times.rules);
	measure_bans(&bench);
	list_sets_fini(&bench.sets);
	bans_fini(&bench.bans);
	for (size_t i = 0; i < 3; i++)
		policy_unref(policies[i]);
}

int
main(int argc, char **argv)
{
	unsigned count =
	    argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : COUNT;

	if (unshare(CLONE_NEWNET) < 0) {
		perror("sets: a network namespace of our own");
		return 3;
	}
	measure(count);
	return 0;
}
