/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/quota_keeper.h"

#include "base/json.h"
#include "daemon/child.h"
#include "daemon/generation.h"
#include "daemon/notice.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_NAME "quotas"

static const struct policy *
policy_in_force(const struct quota_keeper *keeper)
{
	return *keeper->current != NULL ? (*keeper->current)->policy : NULL;
}

static bool
has_quotas(const struct policy *policy)
{
	for (size_t i = 0; policy != NULL && i < policy->rule_count; i++)
		if (policy->rules[i].quota.bytes > 0)
			return true;
	return false;
}

/* ---- from the proxy ---- */

static void
say_dropped(void)
{
	notice_say("more than %d sources are counted for quotas: those that "
		   "came first begin anew",
	    QUOTA_BOOK_MAX);
}

static void
take_count(void *context, const struct policy_quota_count *count)
{
	struct quota_keeper *keeper = context;

	if (quota_book_put(&keeper->book, count) == 1)
		say_dropped();
}

static void
collect(struct quota_keeper *keeper)
{
	if (keeper->child->pid != 0)
		(void)child_collect(keeper->child, take_count, keeper);
}

int
quota_keeper_teach(struct quota_keeper *keeper)
{
	struct quota_book *book = &keeper->book;

	quota_book_clean(book, clock_wall());
	return child_tell_quotas(keeper->child, book->items, book->count);
}

/* ---- to the disk ---- */

static void
write_book(struct quota_keeper *keeper)
{
	if (keeper->path == NULL || !keeper->book.changed)
		return;
	quota_book_clean(&keeper->book, clock_wall());
	int rc = quota_book_write(&keeper->book, keeper->path);
	keeper->written = clock_now();
	if (rc < 0 && !keeper->failed)
		notice_say("what is used of quotas could not be written to "
			   "%s: %s",
		    keeper->path, strerror(-rc));
	keeper->failed = rc < 0;
}

static void
arm(struct quota_keeper *keeper)
{
	loop_timer_arm(keeper->loop, &keeper->timer, clock_now() + QUOTA_EVERY);
}

static void
on_time(struct loop_timer *timer)
{
	struct quota_keeper *keeper = timer->context;

	collect(keeper);
	if (clock_now() - keeper->written >= QUOTA_WRITE_EVERY)
		write_book(keeper);
	arm(keeper);
}

void
quota_keeper_follow(struct quota_keeper *keeper)
{
	struct loop_timer *timer = &keeper->timer;

	timer->fn = on_time;
	timer->context = keeper;
	if (!has_quotas(policy_in_force(keeper)))
		loop_timer_cancel(timer);
	else if (!loop_timer_is_armed(timer))
		arm(keeper);
}

/* ---- life ---- */

void
quota_keeper_open(struct quota_keeper *keeper, const char *dir)
{
	struct text path = TEXT_EMPTY;
	int rc = -ENOMEM;

	text_addf(&path, "%s/" FILE_NAME, dir);
	keeper->path = path.full ? NULL : strdup(path.at);
	if (keeper->path != NULL)
		rc = quota_book_read(&keeper->book, keeper->path, clock_wall());
	if (rc < 0)
		notice_say("what was used of quotas could not be read from "
			   "%s/" FILE_NAME ": %s",
		    dir, rc == -EINVAL ? "it makes no sense" : strerror(-rc));
	text_fini(&path);
}

void
quota_keeper_close(struct quota_keeper *keeper)
{
	loop_timer_cancel(&keeper->timer);
	if (has_quotas(policy_in_force(keeper)))
		collect(keeper);
	write_book(keeper);
	quota_book_fini(&keeper->book);
	free(keeper->path);
	keeper->path = NULL;
}

/* ---- commands ---- */

static const struct policy_rule *
rule_of(const struct policy *policy, uint64_t id)
{
	for (size_t i = 0; policy != NULL && i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->quota.bytes > 0 && policy_quota_id(rule) == id)
			return rule;
	}
	return NULL;
}

static void
put_time(struct json *json, const char *name, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	json_name(json, name);
	json_put_stringz(json, text);
}

static void
put_rule(struct json *json, const struct policy_rule *rule)
{
	json_name(json, "rule");
	json_object_begin(json);
	json_name(json, "line");
	json_put_integer(json, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_object_end(json);
}

static void
put_quota(struct json *json, const struct policy_quota_count *count,
    const struct policy_rule *rule)
{
	char source[ADDRESS_TEXT_BYTES];
	int64_t begin, end;

	policy_period_of(
	    (enum policy_period)count->period, count->begin, &begin, &end);
	json_object_begin(json);
	put_rule(json, rule);
	json_name(json, "source");
	json_put_stringz(json, count->source.family != ADDRESS_NONE
				   ? address_format(count->source, source)
				   : NULL);
	json_name(json, "period");
	json_put_stringz(
	    json, policy_period_word((enum policy_period)count->period));
	put_time(json, "since", count->begin);
	put_time(json, "until", end);
	json_name(json, "used_bytes");
	json_put_integer(json, (int64_t)count->used);
	json_name(json, "quota_bytes");
	json_put_integer(json, (int64_t)rule->quota.bytes);
	json_object_end(json);
}

void
quota_keeper_list(struct quota_keeper *keeper, struct text *out)
{
	const struct policy *policy = policy_in_force(keeper);
	struct quota_book *book = &keeper->book;
	struct json json = JSON_ON(out);

	collect(keeper);
	quota_book_clean(book, clock_wall());
	json_object_begin(&json);
	json_name(&json, "quotas");
	json_array_begin(&json);
	for (size_t i = 0; i < book->count; i++) {
		const struct policy_rule *rule =
		    rule_of(policy, book->items[i].id);
		if (rule != NULL)
			put_quota(&json, &book->items[i], rule);
	}
	json_array_end(&json);
	json_object_end(&json);
	text_addc(out, '\n');
}

struct wish {
	struct str rule; /* at == NULL: any */
	struct address source;
};

static bool
is_wished(const struct wish *wish, const struct policy_quota_count *count,
    const struct policy_rule *rule)
{
	uint64_t line;

	if (wish->source.family != ADDRESS_NONE &&
	    !address_eq(wish->source, count->source))
		return false;
	if (wish->rule.at == NULL || str_eq(wish->rule, rule->label))
		return true;
	return str_number(wish->rule, UINT32_MAX, &line) == 0 &&
	       line == rule->line;
}

/* SOURCE is the last word: a rule's name may have blanks. */
static int
parse_wish(struct str line, struct wish *ret, struct text *out)
{
	size_t len = line.len;

	while (len > 0 && line.at[len - 1] != ' ')
		len--;
	struct str source = str_skip(line, len);
	*ret = (struct wish){ .rule = { NULL, 0 } };
	if (len > 1 && !(len == 2 && line.at[0] == '-'))
		ret->rule = (struct str){ line.at, len - 1 };
	if (str_is(source, "-") || address_parse(source, &ret->source) == 0)
		return 0;
	text_addf(out, "'%.*s' is no address", STR_ARG(source));
	return -EINVAL;
}

static int
reset_one(struct quota_keeper *keeper, const struct policy_quota_count *count)
{
	struct policy_quota_count anew = *count;

	anew.used = 0;
	(void)quota_book_put(&keeper->book, &anew);
	return keeper->child->pid != 0
		   ? child_tell_quotas(keeper->child, &anew, 1)
		   : 0;
}

int
quota_keeper_reset(
    struct quota_keeper *keeper, struct str line, struct text *out)
{
	const struct policy *policy = policy_in_force(keeper);
	struct quota_book *book = &keeper->book;
	size_t done = 0;
	struct wish wish;
	int rc = parse_wish(line, &wish, out);

	if (rc < 0)
		return rc;
	collect(keeper);
	for (size_t i = 0; rc == 0 && i < book->count; i++) {
		const struct policy_rule *rule =
		    rule_of(policy, book->items[i].id);
		if (rule == NULL || !is_wished(&wish, &book->items[i], rule))
			continue;
		rc = reset_one(keeper, &book->items[i]);
		done++;
	}
	write_book(keeper);
	if (rc < 0)
		text_addf(out, "gatehouse-proxy did not hear of it: %s",
		    strerror(-rc));
	else if (done == 0)
		text_addz(out, "nothing is counted there");
	else
		text_addf(out, "%zu %s anew", done,
		    done == 1 ? "quota begins" : "quotas begin");
	return rc == 0 && done == 0 ? -ENOENT : rc;
}
