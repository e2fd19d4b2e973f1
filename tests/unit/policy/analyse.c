/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What check warns of, and in which words. */
#include "policy/analyse.h"
#include "policy/analyse_return.h"
#include "policy/standing.h"

#include "random_policy.h"

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24\n"                                        \
	"zone guest = int1 10.0.9.0/24\n"                                      \
	"zone wan = ext0\n"
#define PROXY                                                                  \
	"proxy {\n listen 10.0.0.1:3128 for lan\n intercept web for lan\n}\n"
/* Uses what every policy here defines. */
#define PARENTS                                                                \
	"parent corp = http proxy.corp.example:3128\n"                         \
	"parent lab = socks5 10.0.0.8:1080\n"
#define USED "allow lan, guest, wan -> guest\n"

/* "LINE KIND [BY ...]: MESSAGE", a finding a line. */
static void
write_finding(const struct finding *finding, struct text *out)
{
	text_addf(out, "%u %s", place_line(finding->place).line, finding->kind);
	for (size_t i = 0; i < finding->by_count; i++)
		text_addf(out, " %u", finding->by[i]);
	text_addf(out, ": %.*s\n", STR_ARG(finding->message));
}

static void
findings_of(const char *policy_text, bool notes, struct text *out)
{
	struct policy *policy = policy_of(policy_text);
	struct report report;

	assert_non_null(policy);
	report_init(&report);
	policy_analyse(policy, &report);
	assert_int_equal(policy_analyse_list(policy, notes, &report), 0);
	report_sort(&report);
	text_addz(out, "");
	for (size_t i = 0; i < report.count; i++)
		write_finding(&report.items[i], out);
	report_fini(&report);
	policy_unref(policy);
}

#define KEEP "proxy {\n intercept web for lan keep source\n}\n"

static const struct {
	const char *policy;
	const char *findings;
} rows[] = {
	/* A source is kept in vain if there is nobody who would see it. */
	{ HEAD USED KEEP "masquerade lan -> guest, wan\nallow lan -> wan\n",
	    "6 hidden: no server sees the sources that are kept: all that "
	    "leaves lan is masqueraded\n" },
	{ HEAD USED KEEP "masquerade lan -> wan\nallow lan -> wan\n", "" },
	{ HEAD USED KEEP "masquerade guest -> lan, wan\nallow lan -> wan\n",
	    "" },
	{ HEAD "allow lan -> wan tcp 80\n" USED, "" },
	/* One rule takes all, and is named alone. */
	{ HEAD USED "allow lan -> wan\n"
		    "reject lan -> wan tcp 80\n",
	    "6 unreached 5: this rule never matches: line 5 takes all of "
	    "it\n" },
	/* Several do together; those that take nothing of it are not named. */
	{ HEAD USED "allow lan -> wan tcp 1-100\n"
		    "allow lan -> wan udp\n"
		    "allow lan -> wan tcp 101-65535\n"
		    "reject lan -> wan tcp 80-120\n",
	    "8 unreached 5 7: this rule never matches: lines 5 and 7 take all "
	    "of it\n" },
	/* A name made of the parts. */
	{ HEAD USED "name a = { 10.0.0.1, 10.0.0.2 }\n"
		    "drop 10.0.0.1 -> wan log\n"
		    "drop 10.0.0.2 -> wan log\n"
		    "allow a -> wan\n",
	    "8 unreached 6 7: this rule never matches: lines 6 and 7 take all "
	    "of it\n" },
	/* A path that another one holds, where it can be seen. */
	{ HEAD USED PROXY "reject lan -> any path \"/a/*\" log\n"
			  "allow lan -> wan path \"/a/b/*\"\n",
	    "10 unreached 9: this rule never matches: line 9 takes all of "
	    "it\n" },
	/* A name below another one. */
	{ HEAD USED PROXY "reject lan -> .example.com log\n"
			  "allow lan -> www.example.com\n",
	    "10 unreached 9: this rule never matches: line 9 takes all of "
	    "it\n" },
	/* Too low, though it still does something: of other services, of other
	 * ports, or for who could not get there anyway. */
	{ HEAD USED "allow lan -> wan tcp 80\n"
		    "drop any -> 198.51.100.0/24\n",
	    "6 late 5: this rule comes too late for tcp 80: line 5 allows it "
	    "first\n" },
	{ HEAD USED "allow lan -> wan tcp 80\nallow 10.0.0.7 -> any\n"
		    "reject lan -> 198.51.100.0/24 tcp\n",
	    "7 late 5: this rule comes too late for tcp 80: line 5 allows it "
	    "first\n" },
	/* But not below an exception: of sources, of places, of times. */
	{ HEAD USED "allow 10.0.0.7 -> wan tcp 80\n"
		    "reject lan -> 198.51.100.0/24\nallow lan -> wan\n",
	    "" },
	{ HEAD USED "allow lan -> 198.51.100.0/24 tcp 80\n"
		    "reject lan -> 198.51.100.0/24\nallow lan -> wan\n",
	    "" },
	{ HEAD USED "hours a = mon 08:00-18:00\nallow lan -> wan during a\n"
		    "reject lan -> 198.51.100.0/24\nallow lan -> wan\n",
	    "" },
	{ HEAD USED "allow lan -> any ping\n"
		    "reject lan -> 198.51.100.0/24\nallow lan -> wan\n",
	    "" },
	{ HEAD USED "allow guest -> wan tcp 80\n"
		    "reject any -> 198.51.100.0/24\nallow lan -> wan\n",
	    "" },
	/* Families never meet in packets. */
	{ HEAD USED "allow 10.0.0.0/8 -> 2001:db8::/32\n",
	    "5 unreached: this rule never matches: there can be no such "
	    "flow\n" },
	/* A source that an earlier statement has given already. */
	{ HEAD USED "snat lan, guest -> wan to 192.0.2.1\n"
		    "snat lan -> wan to 192.0.2.2\n"
		    "snat lan -> wan to 192.0.2.3, 2001:db8::3\n"
		    "snat 10.0.0.7 -> wan to 192.0.2.4\n",
	    "6 unreached 5: no flow gets its source here: an earlier 'snat' "
	    "takes them all\n" },
	/* Its removal changes nothing: the next one does the same. */
	{ HEAD USED "allow lan -> wan tcp 80\n"
		    "allow lan -> any\n",
	    "5 redundant 6: without this rule nothing would change: line 6 "
	    "does the same\n" },
	{ HEAD USED "drop lan -> wan tcp 80 log\n"
		    "drop guest -> wan log\n",
	    "5 redundant 0: without this rule nothing would change: the "
	    "built-in last rule does the same\n" },
	/* But not where the log tells them apart, nor a rule in between. */
	{ HEAD USED "allow lan -> wan tcp 80 log as \"web\"\n"
		    "allow lan -> any log\n",
	    "" },
	{ HEAD USED "allow lan -> wan tcp 80\n"
		    "reject lan -> wan tcp 1-100\n"
		    "allow lan -> any\n",
	    "" },
	/* The last word may be said aloud. */
	{ HEAD USED "allow lan -> wan\ndrop any -> any log\n", "" },
	/* A rule that only keeps flows out of the proxy is not idle. */
	{ HEAD USED PROXY "allow lan -> wan tcp 80 direct\n"
			  "allow lan -> wan\n",
	    "" },
	{ HEAD "name x = 10.0.0.7\n"
	       "list bad = addresses \"bad.netset\"\n"
	       "service post = tcp 25\n"
	       "service mail = post\n"
	       "allow lan -> wan\n",
	    "2 unused: no rule names the zone 'guest'\n"
	    "4 unused: no rule uses the name 'x'\n"
	    "5 unused: no rule uses the list 'bad'\n"
	    "7 unused: nothing uses the service 'mail'\n" },
	{ "zone net = eth0\nallow 192.0.2.7 -> self ssh\n", "" },
	{ HEAD USED "list nothing = addresses \"nothing.netset\"\n"
		    "drop nothing -> any\n"
		    "allow lan -> wan\n",
	    "" }, /* said where the list is read */
	/* Times, and what is taken out. */
	{ HEAD USED "hours a = mon-fri 08:00-18:00\nhours b = tue 09:00-10:00\n"
		    "drop lan -> wan during a log\n"
		    "allow lan -> wan during b\n",
	    "8 unreached 7: this rule never matches: line 7 takes all of "
	    "it\n" },
	{ HEAD USED "drop lan -> wan except 203.0.113.0/24 log\n"
		    "allow lan -> 203.0.113.0/24\n"
		    "allow lan -> wan\n",
	    "7 unreached 5 6: this rule never matches: lines 5 and 6 take all "
	    "of it\n" },
	/* Whoever has the one field has the other one too. */
	{ HEAD USED PROXY "reject lan -> any header X \"*\" log\n"
			  "allow lan -> wan header x \"a*\"\n",
	    "10 unreached 9: this rule never matches: line 9 takes all of "
	    "it\n" },
	/* A report takes nothing, and is made all the same. */
	{ HEAD USED "report reject lan -> wan tcp 25 log\n"
		    "report reject lan -> wan tcp 25\n"
		    "allow lan -> wan\n",
	    "" },
	{ HEAD USED "allow lan -> wan\n"
		    "report reject lan -> wan tcp 25 log\n",
	    "6 unreached 5: this rule never matches: line 5 takes all of "
	    "it\n" },
	/* Two limits that read the same count apart. */
	{ HEAD USED "allow lan -> wan tcp 80 limit 5/s\n"
		    "allow lan -> wan limit 5/s\n",
	    "" },
	/* What nobody can be, and what is never opened. */
	{ HEAD USED PROXY "reject lan -> wan user anna log\n"
			  "reject lan -> wan scheme https log\n"
			  "allow lan -> wan\n",
	    "9 blind: this rule matches nothing: the proxy has no users\n"
	    "10 blind: this rule matches nothing: TLS shows no scheme unless "
	    "it is opened\n" },
	/* Who is not asked, and who is not among them. */
	{ HEAD USED "proxy { listen 10.0.0.1:3128 for lan\n users \"users\" }\n"
		    "reject lan -> wan user anna, bert log\n"
		    "allow lan -> wan\n",
	    "7 blind: nobody in users is called 'bert'\n" },
	{ HEAD USED
	    "proxy { listen 10.0.0.1:3128 for lan\n users pam \"login\" }\n"
	    "reject lan -> wan user anna, bert log\n"
	    "reject lan, guest, wan -> any\n",
	    "" },
	{ HEAD USED "proxy { intercept tcp 80 for lan\n users \"users\" }\n"
		    "reject lan -> wan tcp 80 user anna log\n"
		    "allow lan -> wan\n",
	    "7 blind: from lan this rule matches nothing: who is intercepted "
	    "is not asked for his name\n" },
	{ HEAD USED "reject lan -> wan except www.example.com log\n"
		    "allow lan -> wan type image/*\n",
	    "5 blind: from lan the names behind 'except' take nothing out: the "
	    "proxy does not see such flows, and packets show no name\n"
	    "6 blind: from lan this rule matches nothing: the proxy does not "
	    "see such flows, and packets show no type\n" },
	/* What is taken out of the sources is not blind. */
	{ HEAD USED PROXY
	    "reject lan, guest except guest -> ads.example tcp 80 log\n"
	    "reject lan, guest except 10.0.9.0/24 -> ads.example tcp 80 log as "
	    "\"b\"\n"
	    "allow lan -> wan\n",
	    "10 unreached 9: this rule never matches: line 9 takes all of "
	    "it\n" },
	{ HEAD USED PROXY
	    "reject lan, guest except 10.0.9.0/25 -> ads.example tcp 80 log\n"
	    "reject any except lan -> ads.example tcp 80 log\n"
	    "allow lan -> wan\n",
	    "9 blind: from guest this rule matches nothing: the proxy does not "
	    "see such flows, and packets show no name\n"
	    "10 blind: from guest, wan this rule matches nothing: the proxy "
	    "does not see such flows, and packets show no name\n" },
	/* Parents: nobody goes by one, packets do not, and two are not one. */
	{ HEAD USED PARENTS "allow lan -> wan via corp\n",
	    "6 unused: no rule goes via the parent 'lab'\n"
	    "7 blind: from lan this rule matches nothing: the proxy does not "
	    "see such flows, so none goes via corp\n" },
	/* Whoever it refuses is never banned; or some of them are. */
	{ HEAD "never ban lan\n"
	       "drop lan -> guest log ban 1h after 3 refused in 1m per "
	       "source\n" USED,
	    "5 spared: this rule bans nobody: those whom it refuses are never "
	    "banned\n" },
	/* Servers of the journal are reached by a rule, but on loopback. */
	{ HEAD "journal {\n syslog udp 10.0.0.5:514\n"
	       " syslog tcp 127.0.0.1:601\n}\n" USED,
	    "5 unsent: what the firewall tells does not reach 10.0.0.5:514: "
	    "no rule allows it\n" },
	{ HEAD "journal {\n syslog udp 10.0.0.5:514\n}\n"
	       "allow self -> 10.0.0.5 udp 514\n" USED,
	    "" },
	{ HEAD "name few = 10.0.0.7\n"
	       "never ban few\n"
	       "drop few, 10.0.0.8 -> guest log ban 1h after 3 refused in "
	       "1m per source\n" USED,
	    "" },
	{ HEAD USED "allow lan -> wan tcp 80 quota 1G per day\n",
	    "5 blind: from lan this rule matches nothing: the proxy does not "
	    "see such flows, so none would count for the quota\n" },
	{ HEAD USED PROXY "allow lan -> wan tcp 80 quota 1G per day\n"
			  "allow lan -> wan quota 1G per day\n",
	    "" },
	{ HEAD USED PROXY PARENTS "allow lan -> wan udp 53 via lab\n"
				  "allow lan -> wan via corp\n",
	    "11 unreached: this rule never matches: there can be no such "
	    "flow\n" },
	{ HEAD USED PROXY PARENTS "allow lan -> wan tcp 80 via lab\n"
				  "allow lan -> wan via corp\n",
	    "" },
	{ HEAD USED PROXY PARENTS "allow lan -> wan tcp 80 via lab\n"
				  "allow lan -> wan via lab\n"
				  "allow lan -> wan tcp 80 via corp\n",
	    "11 redundant 12: without this rule nothing would change: line 12 "
	    "does the same\n"
	    "13 unreached 11: this rule never matches: line 11 takes all of "
	    "it\n" },
	{ "zone lan = 10.0.0.0/24\nzone wan = ext0\nallow lan -> wan\n",
	    "1 interface: zone 'lan' has no interface: nothing enters by "
	    "it\n" },
	/* Blind is said once, and not as unreached besides. */
	{ HEAD USED "reject lan -> ads.example tcp 80 log\n"
		    "allow lan -> wan\n",
	    "5 blind: from lan this rule matches nothing: the proxy does not "
	    "see such flows, and packets show no name\n" },
};

static void
warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text out = TEXT_EMPTY;
		findings_of(rows[i].policy, false, &out);
		assert_string_equal(out.at, rows[i].findings);
		text_fini(&out);
	}
}

/* For those who ask: which rules overlap, but for the catch-all at the end. */
static void
notes(void **state)
{
	static const struct {
		const char *policy;
		const char *findings;
	} noted[] = {
		{ HEAD USED "reject lan -> 203.0.113.0/24\n"
			    "drop lan -> wan tcp 25 log\n"
			    "allow lan -> wan\n"
			    "reject lan -> any\n",
		    "7 overlap 5 6: lines 5 and 6 refuse part of what this "
		    "rule allows\n" },
		{ HEAD USED "allow 10.0.0.7 -> wan tcp 25\n"
			    "reject lan -> wan tcp 25\n"
			    "allow lan -> wan\n",
		    "6 overlap 5: line 5 allows part of what this rule "
		    "refuses\n"
		    "7 overlap 6: line 6 refuses part of what this rule "
		    "allows\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(noted); i++) {
		struct text out = TEXT_EMPTY;
		findings_of(noted[i].policy, true, &out);
		assert_string_equal(out.at, noted[i].findings);
		text_fini(&out);
	}
}

/* Many covers are counted, not all listed; the JSON has every line. */
static void
many_covers(void **state)
{
	struct text policy = TEXT_EMPTY, out = TEXT_EMPTY;

	(void)state;
	text_addz(&policy, HEAD USED);
	for (unsigned i = 0; i < 12; i++)
		text_addf(&policy, "allow lan -> wan tcp %u log as \"%u\"\n",
		    i + 1, i);
	text_addz(&policy, "reject lan -> wan tcp 1-12\n");
	findings_of(policy.at, false, &out);
	assert_string_equal(out.at,
	    "17 unreached 5 6 7 8 9 10 11 12 13 14 15 16: this rule never "
	    "matches: lines 5, 6, 7, 8, 9, 10, 11, 12, ... (12 in all) take "
	    "all of it\n");
	text_fini(&policy);
	text_fini(&out);
}

static void
expect(const struct text *policy, const char *findings)
{
	struct text out = TEXT_EMPTY;

	findings_of(policy->at, false, &out);
	assert_string_equal(out.at, findings);
	text_fini(&out);
}

/* "LINE KIND [BY ...]: MESSAGE" of what finds no way back. */
static void
expect_return(const char *policy_text, const char *findings)
{
	struct policy *policy = policy_of(policy_text);
	struct text out = TEXT_EMPTY;
	struct report report;

	assert_non_null(policy);
	report_init(&report);
	analyse_return(policy, &report);
	text_addz(&out, "");
	for (size_t i = 0; i < report.count; i++)
		write_finding(&report.items[i], &out);
	assert_string_equal(out.at, findings);
	assert_int_equal(report.warnings, 0);
	report_fini(&report);
	policy_unref(policy);
	text_fini(&out);
}

#define LEAVES "allow lan, guest -> wan tcp 22\n"
#define NO_WAY(line, zone, by)                                                 \
	line " return " by ": " zone                                           \
	     " has private addresses, to which nobody in wan can answer\n"

static void
no_way_back(void **state)
{
	(void)state;
	expect_return(
	    HEAD LEAVES, NO_WAY("1", "lan", "4") NO_WAY("2", "guest", "4"));
	expect_return(
	    HEAD LEAVES "masquerade lan -> wan\n", NO_WAY("2", "guest", "4"));
	expect_return(HEAD LEAVES "masquerade lan -> wan\n"
				  "snat guest -> wan to 192.0.2.1\n",
	    "");
	/* It leaves by the proxy, or to inside, or is known outside. */
	expect_return(HEAD PROXY "allow lan -> wan web\n", "");
	expect_return(HEAD "allow lan -> guest\n", "");
	expect_return("zone lan = int0 192.0.2.0/24\nzone wan = ext0\n"
		      "allow lan -> wan\n",
	    "");
	expect_return("zone lan = int0 10.0.0.0/24\n"
		      "zone dmz = int1 192.0.2.0/24\nallow lan -> dmz\n",
	    "");
}

/* Far more than can be listed may be met together. */
static void
many_conditions(void **state)
{
	struct text policy = TEXT_EMPTY;

	(void)state;
	text_addz(&policy, HEAD USED PROXY);
	for (unsigned i = 0; i < 40; i++)
		text_addf(&policy,
		    "reject lan -> any path \"/*%c%c*\" log as \"%u\"\n"
		    "reject lan -> any header X \"*%c%c*\" log as \"x%u\"\n"
		    "reject lan -> any header Y-%u \"*\" log as \"y%u\"\n",
		    'a' + i % 26, 'z' - i % 23, i, 'a' + i % 26, 'z' - i % 23,
		    i, i, i);
	text_addz(&policy,
	    "allow lan -> wan path \"/*q*aze*\"\n"
	    "allow lan -> wan header X \"*q*aze\"\n"
	    "allow lan -> wan header Y-7 \"a*\" path \"/a*\"\n"
	    "allow lan -> wan path \"/a*\" header X \"a*\" header Z \"*\"\n");
	expect(&policy,
	    "129 unreached 9: this rule never matches: line 9 takes all of it\n"
	    "130 unreached 10: this rule never matches: line 10 takes all of "
	    "it\n"
	    "131 unreached 32: this rule never matches: line 32 takes all of "
	    "it\n");
	text_fini(&policy);
}

/* Each alone and all together: reports take nothing from each other. */
static void
many_reports(void **state)
{
	struct text policy = TEXT_EMPTY;

	(void)state;
	text_addz(&policy, HEAD USED PROXY);
	for (unsigned i = 0; i < 60; i++)
		text_addf(&policy,
		    "report reject lan -> any header X-%u \"*\" log\n"
		    "report drop lan -> wan tcp %u-%u\n",
		    i, i + 1, 3000 - i);
	text_addz(&policy, "allow lan -> any tcp 80\n"
			   "report reject lan -> wan tcp 80 log\n"
			   "allow lan -> any\n"
			   "report reject lan -> any header X-3 \"*\" log\n");
	expect(&policy,
	    "130 unreached 129: this rule never matches: line 129 takes all of "
	    "it\n"
	    "132 unreached 131: this rule never matches: line 131 takes all of "
	    "it\n");
	text_fini(&policy);
}

/* What is too tangled is said, not guessed. */
static void
limits(void **state)
{
	struct text policy = TEXT_EMPTY, out = TEXT_EMPTY;
	struct report report;

	(void)state;
	text_addz(&policy, HEAD PROXY);
	for (unsigned i = 0; i < 26; i++)
		text_addf(&policy, "allow lan -> wan path \"*%c*xy%c*\"\n",
		    'a' + i, 'z' - i);
	struct policy *read = policy_of(policy.at);
	report_init(&report);
	assert_int_equal(policy_analyse_list(read, false, &report), -E2BIG);
	write_finding(&report.items[0], &out);
	assert_string_equal(out.at,
	    "0 limit: the rules overlap in too many ways to tell which are "
	    "never reached\n");
	report_fini(&report);
	policy_unref(read);
	text_fini(&policy);
	text_fini(&out);
}

static void
expect_standing(const char *text, size_t nodes_each,
    const enum standing_kind *kinds, size_t count)
{
	struct policy *policy = policy_of(text);
	const struct policy *const policies[] = { policy };
	struct standing standing;
	struct space space;

	assert_int_equal(space_init(&space, policies, 1), 0);
	assert_int_equal(standing_init(&standing, &space), 0);
	standing.nodes_each = nodes_each;
	assert_int_equal(policy->rule_count, count + 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(standing_of(&standing, i), kinds[i]);
	standing_fini(&standing);
	space_fini(&space);
	policy_unref(policy);
}

/* One rule that costs too much is unknown; those around it are not. */
static void
one_unknown(void **state)
{
	static const char text[] =
	    HEAD "allow lan -> 203.0.113.0/25 tcp 20-80\n"
		 "allow lan -> 203.0.113.128/25 tcp 15-90\n"
		 "allow 10.0.0.0/25 -> wan tcp 85-500\n"
		 "allow 10.0.0.128/25 -> wan tcp 81-700\n"
		 "reject lan -> 203.0.113.0/24 tcp 30-300\n"
		 "allow lan -> 203.0.113.0/26 tcp 30\n"
		 "allow guest -> wan\n";
	enum standing_kind kinds[] = { STANDING_USEFUL, STANDING_USEFUL,
		STANDING_USEFUL, STANDING_USEFUL, STANDING_USEFUL,
		STANDING_UNREACHED, STANDING_USEFUL };

	(void)state;
	expect_standing(text, STANDING_NODES_EACH, kinds, COUNT_OF(kinds));
	kinds[4] = STANDING_UNKNOWN;
	expect_standing(text, 2, kinds, COUNT_OF(kinds));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings),
		cmocka_unit_test(notes),
		cmocka_unit_test(many_covers),
		cmocka_unit_test(no_way_back),
		cmocka_unit_test(many_conditions),
		cmocka_unit_test(many_reports),
		cmocka_unit_test(limits),
		cmocka_unit_test(one_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
