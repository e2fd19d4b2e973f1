/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errands of a worker that is no thread: its loop is that of the test, its
 * name server and its servers are on the loopback.
 */
#include "proxy/errand.h"

#include "../net/dns_server.h"
#include "event/event.h"
#include "policies.h"
#include "proxy/pool.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <stdio.h>

/* The name server's addresses are of 192.0.2.0/24 and 2001:db8::/32. */
static char text[] = "zone lan = int0 10.0.0.0/24\n"
		     "zone dmz = int1 192.0.2.0/24 2001:db8::/32\n"
		     "zone wan = ext0\n"
		     "reject lan -> ads.example log as \"ads\"\n"
		     "drop lan -> quiet.example\n"
		     "reject lan -> self path \"/admin/*\" log as \"path\"\n"
		     "allow lan -> self, 127.0.0.1 log as \"self\"\n"
		     "allow lan -> four.example\n"
		     "allow lan -> wan\n"
		     "reject lan -> any log as \"rest\"\n";
static char shut[] = "zone lan = int0 10.0.0.0/24\n"
		     "zone wan = ext0\n"
		     "reject lan -> any log as \"shut\"\n";
static char other[] = "zone lan = int0 10.0.0.0/24\n"
		      "zone wan = ext0\n"
		      "allow lan -> self, 127.0.0.1 as \"other\"\n";

static char one_each[] = "zone lan = int0 10.0.0.0/24\n"
			 "proxy {\n connections 1 per server wait 1m\n}\n"
			 "allow lan -> self, 127.0.0.1\n";
static char one_at_once[] = "zone lan = int0 10.0.0.0/24\n"
			    "proxy {\n connections 1 per server wait 0s\n}\n"
			    "allow lan -> self, 127.0.0.1\n";

struct test {
	struct harness h;
	struct server dns;
	struct worker worker;
	struct pools *pools;
	struct errand errand;
	int called;
	enum errand_outcome outcome;
	int descriptors;
	struct address_port at; /* of a server that takes all who come */
	int listener;
};

static struct {
	int count;
	char rule[32], reason[64], user[32];
} told;

static void
sink(const struct event *event, void *context)
{
	(void)context;
	told.count++;
	(void)snprintf(
	    told.rule, sizeof(told.rule), "%.*s", STR_ARG(event->rule_name));
	(void)snprintf(
	    told.user, sizeof(told.user), "%.*s", STR_ARG(event->user));
	(void)snprintf(told.reason, sizeof(told.reason), "%s",
	    event->reason != NULL ? event->reason : "");
}

static void
on_done(struct errand *errand, enum errand_outcome outcome)
{
	struct test *t =
	    (struct test *)((char *)errand - offsetof(struct test, errand));

	t->called++;
	t->outcome = outcome;
	loop_stop(&t->h.loop);
}

static void
use_policy(struct test *t, char *policy)
{
	struct proxy_generation *before = t->worker.generation;

	t->worker.generation = generation_of(policy);
	proxy_generation_unref(before);
}

static void
begin(struct test *t)
{
	struct resolver_options options = { .timeout = 100 * CLOCK_MS };

	memset(&told, 0, sizeof(told));
	*t = (struct test){ .descriptors = open_fds() };
	harness_begin(&t->h);
	t->listener = listen_somewhere(ADDRESS_IPV4, &t->at);
	server_begin(&t->dns, &t->h.loop);
	t->worker.loop = &t->h.loop;
	assert_int_equal(
	    resolver_create(&t->h.loop, &options, &t->worker.resolver), 0);
	assert_int_equal(
	    resolver_servers(t->worker.resolver, &t->dns.at, 1), 0);
	t->pools = pools_create();
	assert_non_null(t->pools);
	assert_int_equal(tally_slot_init(&t->worker.tally), 0);
	t->worker.slots = slots_create();
	assert_non_null(t->worker.slots);
	t->worker.pool = pool_create(&t->h.loop, t->pools);
	t->worker.sessions = sessions_create(&t->h.loop);
	assert_non_null(t->worker.sessions);
	use_policy(t, text);
	event_sink_set(sink, NULL);
}

static void
prepare(struct test *t, enum flow_way way)
{
	struct address_port client = { address_of("10.0.0.4"), 40000 };

	errand_init(&t->errand, &t->worker, way, client, 1);
	t->errand.done = on_done;
	t->called = 0;
}

static void
head(struct test *t, const char *name, uint16_t port)
{
	struct str none = { NULL, 0 };

	admission_port(&t->errand.flow, port);
	admission_name(&t->errand.flow, name != NULL ? str_of(name) : none);
	admission_head(&t->errand.flow, STR("GET"), STR("/"));
}

static void
go(struct test *t)
{
	errand_begin(&t->errand);
	if (t->called == 0)
		harness_run(&t->h);
	assert_int_equal(t->called, 1);
}

static void
fetch(struct test *t, const char *name)
{
	prepare(t, FLOW_EXPLICIT);
	head(t, name, 80);
	go(t);
}

static void
fetch_from(struct test *t, struct address_port server)
{
	prepare(t, FLOW_EXPLICIT);
	head(t, NULL, server.port);
	t->errand.meant = server.address;
	go(t);
}

static void
end(struct test *t)
{
	event_sink_set(NULL, NULL);
	pool_destroy(&t->worker.pool);
	sessions_destroy(&t->worker.sessions);
	pools_destroy(&t->pools);
	slots_destroy(&t->worker.slots);
	tally_slot_fini(&t->worker.tally);
	resolver_destroy(&t->worker.resolver);
	server_end(&t->dns);
	if (t->listener >= 0)
		(void)close(t->listener);
	proxy_generation_unref(t->worker.generation);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
tell_and_fini(struct test *t)
{
	errand_tell(&t->errand);
	errand_tell(&t->errand);
	errand_fini(&t->errand);
}

static void
a_refused_name_is_not_looked_up(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	fetch(&t, "ads.example");
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	assert_int_equal(t.errand.answer.verdict, POLICY_VERDICT_REJECT);
	tell_and_fini(&t);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.rule, "ads");
	fetch(&t, "quiet.example");
	assert_int_equal(t.errand.answer.verdict, POLICY_VERDICT_DROP);
	tell_and_fini(&t);
	assert_int_equal(told.count, 1);
	assert_int_equal(t.dns.asked, 0);
	end(&t);
}

/* Each address is a flow of its own, whatever the name may do. */
static void
a_name_that_points_inside(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	fetch(&t, "both.example");
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	assert_int_equal(t.errand.address_count, 0);
	assert_string_equal("", told.rule);
	assert_true(t.dns.asked > 0);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "rest");
	/* Also one that is allowed by name. */
	fetch(&t, "four.example");
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	tell_and_fini(&t);
	end(&t);
}

static void
names_without_an_address(void **state)
{
	static const struct {
		const char *name;
		enum proxy_failure failure;
	} cases[] = {
		{ "absent.example", PROXY_FAILURE_NO_NAME },
		{ "none.example", PROXY_FAILURE_NO_ADDRESS },
		{ "failing.example", PROXY_FAILURE_DNS_FAILED },
		{ "silent.example", PROXY_FAILURE_DNS_TIMEOUT },
	};
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		fetch(&t, cases[i].name);
		assert_int_equal(t.outcome, ERRAND_FAILED);
		assert_int_equal(t.errand.failure, cases[i].failure);
		tell_and_fini(&t);
	}
	/* Undecided to the end: nothing was allowed, nothing by a rule. */
	assert_int_equal(told.count, COUNT_OF(cases));
	assert_string_equal(told.rule, "");
	end(&t);
}

static void
an_address_that_is_allowed(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	fetch_from(&t, t.at);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_non_null(t.errand.server);
	assert_int_equal(t.errand.server_at.port, t.at.port);
	assert_false(t.errand.reused);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "self");
	(void)close(t.listener);
	t.listener = -1;
	fetch_from(&t, t.at);
	assert_int_equal(t.outcome, ERRAND_FAILED);
	assert_int_equal(t.errand.failure, PROXY_FAILURE_REFUSED);
	tell_and_fini(&t);
	assert_int_equal(told.count, 2);
	assert_string_equal(
	    told.reason, proxy_failure_words(PROXY_FAILURE_REFUSED));
	end(&t);
}

/* An intercepted client goes where it dialled, not where a name leads. */
static void
an_intercepted_client(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	prepare(&t, FLOW_INTERCEPTED);
	head(&t, "www.example", t.at.port);
	t.errand.meant = t.at.address;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_int_equal(t.dns.asked, 0);
	tell_and_fini(&t);
	prepare(&t, FLOW_INTERCEPTED);
	head(&t, "ads.example", t.at.port);
	t.errand.meant = t.at.address;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	tell_and_fini(&t);
	end(&t);
}

/* All readings must be allowed, and the rule that refuses one is told. */
static void
a_path_of_several_readings(void **state)
{
	const struct str refused[] = { STR("/public"), STR("/admin/x"),
		STR("/a") };
	const struct str allowed[] = { STR("/public"), STR("/a") };
	struct test t;

	(void)state;
	begin(&t);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	admission_head(&t.errand.flow, STR("GET"), STR("//admin/x"));
	t.errand.readings = refused;
	t.errand.reading_count = 3;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "path");
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	admission_head(&t.errand.flow, STR("GET"), STR("//public"));
	t.errand.readings = allowed;
	t.errand.reading_count = 2;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	tell_and_fini(&t);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	admission_head(&t.errand.flow, STR("GET"), STR("//public"));
	t.errand.reads_too_many = true;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "");
	end(&t);
}

static void
a_kept_connection(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	fetch_from(&t, t.at);
	const struct stream *kept = t.errand.server;
	errand_keep(&t.errand);
	tell_and_fini(&t);
	/* For whom it will not do it stays there. */
	fetch_from(&t, t.at);
	assert_ptr_not_equal(t.errand.server, kept);
	tell_and_fini(&t);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	t.errand.may_reuse = true;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_true(t.errand.reused);
	assert_ptr_equal(t.errand.server, kept);
	/* Begun again, it gets one of its own. */
	stream_close(&t.errand.server);
	t.errand.may_reuse = false;
	t.called = 0;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_false(t.errand.reused);
	tell_and_fini(&t);
	end(&t);
}

static void
prepare_for(struct test *t, struct address_port server)
{
	prepare(t, FLOW_EXPLICIT);
	head(t, NULL, server.port);
	t->errand.meant = server.address;
}

static void
is_empty(struct test *t, struct address_port server)
{
	size_t taken, waiting;

	slots_count(t->worker.slots, server, &taken, &waiting);
	assert_int_equal(taken, 0);
	assert_int_equal(waiting, 0);
}

/* A slot that another connection holds, and then gives back. */
static void
it_waits_for_its_turn(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, one_each);
	struct slot *slot = slots_take(t.worker.slots, t.at, 1);
	prepare_for(&t, t.at);
	errand_begin(&t.errand);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_int_equal(t.called, 0);
	slot_release(slot);
	harness_run(&t.h);
	assert_int_equal(t.called, 1);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_ptr_equal(t.errand.slot, slot);
	tell_and_fini(&t);
	is_empty(&t, t.at);
	end(&t);
}

static void
it_waits_in_vain(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, one_at_once);
	struct slot *slot = slots_take(t.worker.slots, t.at, 1);
	prepare_for(&t, t.at);
	go(&t);
	assert_int_equal(t.outcome, ERRAND_FAILED);
	assert_int_equal(t.errand.failure, PROXY_FAILURE_SERVER_FULL);
	assert_int_equal(
	    proxy_failure_retry_after(t.errand.failure), PROXY_RETRY_AFTER_S);
	tell_and_fini(&t);
	/* A tunnel asks nobody. */
	prepare_for(&t, t.at);
	t.errand.wants_tunnel = true;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_null(t.errand.slot);
	tell_and_fini(&t);
	/* Who leaves the line has never stood in it. */
	use_policy(&t, one_each);
	prepare_for(&t, t.at);
	errand_begin(&t.errand);
	tell_and_fini(&t);
	slot_release(slot);
	is_empty(&t, t.at);
	end(&t);
}

/* What is kept holds the slot, and is given up for what needs its own. */
static void
a_kept_connection_gives_way(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, one_at_once);
	fetch_from(&t, t.at);
	errand_keep(&t.errand);
	tell_and_fini(&t);
	assert_int_equal(pool_count(t.worker.pool), 1);
	fetch_from(&t, t.at);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_false(t.errand.reused);
	assert_int_equal(pool_count(t.worker.pool), 0);
	tell_and_fini(&t);
	is_empty(&t, t.at);
	end(&t);
}

/* Whoever is connected is so by the policy that is in force then. */
static void
a_policy_that_changes_on_the_way(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	errand_begin(&t.errand);
	assert_int_equal(t.called, 0);
	use_policy(&t, shut);
	assert_true(errand_stands(&t.errand, t.worker.generation));
	errand_move(&t.errand);
	harness_run(&t.h);
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	assert_null(t.errand.server);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "shut");
	end(&t);
}

static void
a_policy_that_changes_afterwards(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	fetch_from(&t, t.at);
	use_policy(&t, shut);
	assert_false(errand_stands(&t.errand, t.worker.generation));
	/* It does not stand, and is still told as what it was. */
	assert_true(str_is(t.errand.answer.rule->label, "self"));
	use_policy(&t, other);
	assert_true(errand_stands(&t.errand, t.worker.generation));
	errand_move(&t.errand);
	assert_ptr_equal(t.errand.generation, t.worker.generation);
	assert_true(str_is(t.errand.answer.rule->label, "other"));
	tell_and_fini(&t);
	assert_int_equal(told.count, 0);
	end(&t);
}

/* ---- who asks ---- */

#define ASKING(rules)                                                          \
	"zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"                       \
	"proxy { listen 10.0.0.1:3128 for lan; users \"users\" }\n" rules

static char annas[] =
    ASKING("allow lan -> self, 127.0.0.1 user anna as \"annas\" log\n"
	   "allow lan -> open.example\n");
static char slows[] = ASKING("allow lan -> self, 127.0.0.1 user slow\n");
static char without[] = "zone lan = int0 10.0.0.0/24\n"
			"allow lan -> self, 127.0.0.1 user anna\n";

static void
fetch_as(struct test *t, const struct policy_user *user)
{
	prepare(t, FLOW_EXPLICIT);
	head(t, NULL, t->at.port);
	t->errand.meant = t->at.address;
	if (user != NULL)
		errand_set_user(&t->errand, user);
	go(t);
}

/* Nothing is dialled for whom nobody knows. */
static void
what_hangs_on_who_asks(void **state)
{
	static const struct policy_user anna = { STR_INIT("anna"),
		STR_INIT(ANNA_HASH) };
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, annas);
	fetch_as(&t, NULL);
	assert_int_equal(t.outcome, ERRAND_LIMITED);
	assert_int_equal(t.errand.failure, PROXY_FAILURE_USER_MISSING);
	assert_null(t.errand.server);
	tell_and_fini(&t);
	assert_string_equal(
	    told.reason, "the proxy asks for a name and a password");
	assert_string_equal(told.user, "");
	fetch_as(&t, &anna);
	assert_int_equal(t.outcome, ERRAND_READY);
	tell_and_fini(&t);
	assert_string_equal(told.rule, "annas");
	assert_string_equal(told.user, "anna");
	end(&t);
}

static void
who_may_no_more(void **state)
{
	static const struct policy_user anna = { STR_INIT("anna"),
		STR_INIT(ANNA_HASH) };
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, annas);
	fetch_as(&t, &anna);
	assert_true(errand_stands(&t.errand, t.worker.generation));
	use_policy(&t, slows);
	assert_false(errand_stands(&t.errand, t.worker.generation));
	/* Nobody is anybody there. */
	use_policy(&t, without);
	assert_false(errand_stands(&t.errand, t.worker.generation));
	use_policy(&t, other);
	assert_true(errand_stands(&t.errand, t.worker.generation));
	/* What nobody was asked for stands only while nobody is. */
	errand_move(&t.errand);
	t.errand.user = (struct policy_user){ 0 };
	use_policy(&t, annas);
	assert_false(errand_stands(&t.errand, t.worker.generation));
	tell_and_fini(&t);
	end(&t);
}

/* ---- parents ---- */

/* One parent, the test's server, and rules; lent until the next call. */
static char *
with_parent(const struct test *t, const char *rules)
{
	static char policy[400];

	(void)snprintf(policy, sizeof(policy),
	    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
	    "zone dmz = int1 192.0.2.0/24 2001:db8::/32\n"
	    "parent up = http 127.0.0.1:%u\n"
	    "parent dead = http 127.0.0.1:9\n"
	    "%s",
	    t->at.port, rules);
	return policy;
}

static void
prepare_url(struct test *t, const char *name)
{
	prepare(t, FLOW_EXPLICIT);
	head(t, name, 80);
	t->errand.says_url = true;
}

static void
by_the_name_and_no_dns(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, with_parent(&t, "allow lan -> any via up log\n"));
	prepare_url(&t, "unknown.example");
	go(&t);
	assert_int_equal(t.outcome, ERRAND_READY);
	assert_true(t.errand.to_url);
	assert_int_equal(t.dns.asked, 0);
	assert_true(str_is(
	    (struct str){ t.errand.by.name, t.errand.by.name_len }, "up"));
	tell_and_fini(&t);
	end(&t);
}

/* By CONNECT, so that the parent cannot look for another address. */
static void
by_an_admitted_address(void **state)
{
	char words[64], got[64] = "";
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, with_parent(&t, "allow lan -> dmz via up\n"));
	prepare_url(&t, "four.example");
	errand_begin(&t.errand);
	while (t.errand.approach == NULL ||
	       t.errand.approach->passage.stream == NULL)
		harness_round(&t.h);
	int server = accept_one_of(t.listener);
	while (recv(server, got, sizeof(got) - 1, MSG_DONTWAIT) < 0)
		harness_round(&t.h);
	char place[ADDRESS_TEXT_BYTES];
	(void)snprintf(words, sizeof(words), "CONNECT %s:80 HTTP/1.1\r\n",
	    address_format(t.errand.addresses[0].address, place));
	assert_memory_equal(got, words, strlen(words));
	assert_true(t.dns.asked > 0);
	(void)close(server);
	harness_run(&t.h); /* it has ended, and so is down */
	assert_int_equal(t.outcome, ERRAND_FAILED);
	assert_int_equal(t.errand.failure, PROXY_FAILURE_PARENT_DOWN);
	tell_and_fini(&t);
	assert_string_equal(
	    told.reason, "no server of the parent can be reached (up)");
	end(&t);
}

static const struct {
	const char *rules; /* of the new policy */
	enum errand_outcome outcome;
	enum proxy_failure failure;
} changes[] = {
	{ "allow lan -> any via up\n", ERRAND_READY, PROXY_FAILURE_NONE },
	{ "allow lan -> any via dead\n", ERRAND_FAILED,
	    PROXY_FAILURE_PARENT_DOWN },
	{ "reject lan -> any\n", ERRAND_REFUSED, PROXY_FAILURE_NONE },
	/* The address counts now, and there is none. */
	{ "reject lan -> 203.0.113.66\nallow lan -> any via up\n",
	    ERRAND_FAILED, PROXY_FAILURE_NO_NAME },
	/* It is to be dialled here, which takes a name server. */
	{ "allow lan -> any\n", ERRAND_FAILED, PROXY_FAILURE_NO_NAME },
};

static void
another_policy_while_it_goes_by_a_parent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		struct test t;
		begin(&t);
		use_policy(&t, with_parent(&t, "allow lan -> any via up\n"));
		prepare_url(&t, "absent.example");
		errand_begin(&t.errand);
		assert_int_equal(t.called, 0);
		use_policy(&t, with_parent(&t, changes[i].rules));
		assert_true(errand_stands(&t.errand, t.worker.generation));
		errand_move(&t.errand);
		harness_run(&t.h);
		assert_int_equal(t.called, 1);
		assert_int_equal(t.outcome, changes[i].outcome);
		assert_int_equal(t.errand.failure, changes[i].failure);
		tell_and_fini(&t);
		end(&t);
	}
}

/* What was dialled directly while a policy came that sends it elsewhere. */
static void
a_parent_for_what_was_dialled(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, with_parent(&t, "allow lan -> self, 127.0.0.1\n"));
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	errand_begin(&t.errand);
	use_policy(
	    &t, with_parent(&t, "allow lan -> self, 127.0.0.1 via dead\n"));
	errand_move(&t.errand);
	harness_run(&t.h);
	assert_int_equal(t.outcome, ERRAND_FAILED);
	assert_int_equal(t.errand.failure, PROXY_FAILURE_PARENT_DOWN);
	tell_and_fini(&t);
	end(&t);
}

/* Neither reading may go the other one's way. */
static void
a_path_of_two_ways(void **state)
{
	const struct str lax = STR("/a/x");
	struct test t;

	(void)state;
	begin(&t);
	use_policy(&t, with_parent(&t, "allow lan -> any path \"/a/*\" via up\n"
				       "allow lan -> any via dead\n"));
	prepare_url(&t, "none.example");
	admission_head(&t.errand.flow, STR("GET"), STR("//a/x"));
	t.errand.readings = &lax;
	t.errand.reading_count = 1;
	go(&t);
	assert_int_equal(t.outcome, ERRAND_REFUSED);
	assert_int_equal(t.errand.answer.verdict, POLICY_VERDICT_REJECT);
	tell_and_fini(&t);
	assert_int_equal(told.count, 1);
	end(&t);
}

/* In the midst of a look-up and of a dial. */
static void
one_that_is_given_up_is_silent(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, "silent.example", 80);
	errand_begin(&t.errand);
	errand_fini(&t.errand);
	prepare(&t, FLOW_EXPLICIT);
	head(&t, NULL, t.at.port);
	t.errand.meant = t.at.address;
	errand_begin(&t.errand);
	errand_fini(&t.errand);
	errand_fini(NULL);
	harness_run_for(&t.h, 150 * CLOCK_MS);
	assert_int_equal(t.called, 0);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_name_is_not_looked_up),
		cmocka_unit_test(a_name_that_points_inside),
		cmocka_unit_test(names_without_an_address),
		cmocka_unit_test(an_address_that_is_allowed),
		cmocka_unit_test(an_intercepted_client),
		cmocka_unit_test(a_path_of_several_readings),
		cmocka_unit_test(a_kept_connection),
		cmocka_unit_test(it_waits_for_its_turn),
		cmocka_unit_test(it_waits_in_vain),
		cmocka_unit_test(a_kept_connection_gives_way),
		cmocka_unit_test(a_policy_that_changes_on_the_way),
		cmocka_unit_test(a_policy_that_changes_afterwards),
		cmocka_unit_test(what_hangs_on_who_asks),
		cmocka_unit_test(who_may_no_more),
		cmocka_unit_test(by_the_name_and_no_dns),
		cmocka_unit_test(by_an_admitted_address),
		cmocka_unit_test(another_policy_while_it_goes_by_a_parent),
		cmocka_unit_test(a_parent_for_what_was_dialled),
		cmocka_unit_test(a_path_of_two_ways),
		cmocka_unit_test(one_that_is_given_up_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
