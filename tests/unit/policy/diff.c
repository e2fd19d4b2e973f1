/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What diff lists, in which words; and when it lists nothing. */
#include "policy/diff.h"

#include "random_policy.h"

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone guest = int1 10.0.9.0/24\n"                                      \
	"zone wan = ext0\n"                                                    \
	"name mail = 10.0.0.25\n"                                              \
	"list bad = addresses \"bad.netset\"\n"                                \
	"list ads = domains \"ads.hosts\"\n"
#define LISTEN           "proxy {\n listen 10.0.0.1:3128 for lan\n}\n"
#define CONSOLE(zones)   "console {\n listen 10.0.0.1:8080\n from " zones "\n}\n"
#define JOURNAL(outputs) "journal {\n" outputs "\n}\n"
#define BEHIND(balancers)                                                      \
	"proxy {\n listen 10.0.0.1:3128 for lan behind " balancers "\n}\n"
#define INTERCEPT "proxy {\n intercept web for lan\n}\n"
#define HOURS                                                                  \
	"hours office = mon-fri 08:00-18:00\n"                                 \
	"hours lunch = mon-fri 12:00-13:00\n"
#define CORP    "parent corp = http 192.0.2.8:3128\n"
#define PADDING "\n\n\n"

static void
describe(const char *old_text, const char *new_text, struct text *out)
{
	struct policy *old = policy_of(old_text), *new = policy_of(new_text);
	struct diff diff;

	assert_non_null(old);
	assert_non_null(new);
	assert_int_equal(policy_diff(old, new, &diff), 0);
	text_addz(out, "");
	assert_int_equal(diff_describe(&diff, out), 0);
	assert_true(diff_is_empty(&diff) == (out->len == 0));
	diff_fini(&diff);
	policy_unref(old);
	policy_unref(new);
}

static const struct {
	const char *old, *new;
	const char *lines;
} rows[] = {
	/* Order, names of rules and of things, and how it is written. */
	{ HEAD "allow lan -> wan tcp 80\nallow guest -> wan tcp 80\n",
	    HEAD "# other\nallow guest, lan -> wan { tcp 80 } as \"web\"\n",
	    "" },
	{ HEAD "allow lan -> wan tcp 80-90\n",
	    HEAD "allow lan -> wan tcp 80-85\nallow lan -> wan tcp 84-90\n",
	    "" },
	{ HEAD "allow lan -> wan\ndrop any -> any log\n",
	    HEAD "allow lan -> wan\n", "" },
	{ "zone lan = int0 10.0.0.0/24\nzone wan = ext0\nallow lan -> wan\n",
	    "zone w = ext0\nzone l = int0 10.0.0.0/25 10.0.0.128/25\n"
	    "allow l -> w\n",
	    "" },
	/* Translations, one by one. */
	{ HEAD "snat lan -> wan to 192.0.2.1\nsnat guest -> wan to 192.0.2.2\n"
	       "map 10.0.0.5 <-> 192.0.2.5 at wan\n"
	       "map 10.0.0.6 <-> 192.0.2.6 at wan\n",
	    HEAD "map 10.0.0.6 <-> 192.0.2.6 at wan\n"
		 "map 10.0.0.5 <-> 192.0.2.5 at wan\n"
		 "snat 10.0.0.0/24 -> wan to 192.0.2.1\n"
		 "snat guest -> wan to 192.0.2.2\n",
	    "no longer snat lan -> wan to 192.0.2.1\n"
	    "now snat 10.0.0.0/24 -> wan to 192.0.2.1\n" },
	{ "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
	  "snat lan except 10.0.0.7 -> wan to 192.0.2.1\n",
	    "zone w = ext0\nzone l = int0 10.0.0.0/25 10.0.0.128/25\n"
	    "name seven = 10.0.0.7\n"
	    "snat l except seven -> w to 192.0.2.1\n",
	    "" },
	{ HEAD "snat lan -> wan to 192.0.2.1\nsnat mail -> wan to 192.0.2.2\n"
	       "map 2001:db8:1::/64 <-> 2001:db8:f::/64 at wan\n",
	    HEAD "snat mail -> wan to 192.0.2.2, 2001:db8:f::2\n"
		 "snat lan -> wan to 192.0.2.1\n"
		 "map 2001:db8:1::/64 <-> 2001:db8:e::/64 at wan\n",
	    "no longer snat lan -> wan to 192.0.2.1\n"
	    "no longer snat mail -> wan to 192.0.2.2\n"
	    "now snat mail -> wan to 192.0.2.2, 2001:db8:f::2\n"
	    "now snat lan -> wan to 192.0.2.1\n"
	    "no longer map 2001:db8:1::/64 <-> 2001:db8:f::/64 at wan\n"
	    "now map 2001:db8:1::/64 <-> 2001:db8:e::/64 at wan\n" },
	{ HEAD "publish wan udp 20-21 -> mail udp 120-121\n",
	    HEAD "publish wan udp 20 -> mail udp 120\n"
		 "publish wan udp 21 -> mail udp 121\n",
	    "" },
	{ HEAD "publish wan udp 20-21 -> mail udp 120-121\n",
	    HEAD "publish wan udp 20-21 -> mail udp 121\n",
	    "any except { ::/0, self } -> self in wan udp 20-21  allow to "
	    "10.0.0.25:120-121 (line 7) -> "
	    "allow to 10.0.0.25:121 (line 7)\n" },
	/* Lines of the proxy. */
	{ HEAD "proxy {\n connections 1024 per server wait 10s\n}\n", HEAD,
	    "" },
	{ HEAD, HEAD "proxy {\n connections 64 per server\n}\n",
	    "now connections 64 per server wait 10s\n" },
	{ HEAD "proxy {\n connections 64 per server\n}\n",
	    HEAD "proxy {\n connections 64 per server wait 90s\n}\n",
	    "no longer connections 64 per server wait 10s\n"
	    "now connections 64 per server wait 90s\n" },
	{ HEAD "proxy {\n source 203.0.113.7\n}\n",
	    HEAD "proxy {\n source 2001:db8:f::7, 203.0.113.7\n}\n",
	    "no longer source 203.0.113.7\n"
	    "now source 203.0.113.7, 2001:db8:f::7\n" },
	{ HEAD "proxy {\n intercept web for lan\n}\n",
	    HEAD "proxy {\n intercept web for lan keep source\n}\n",
	    "now intercept tcp 80, tcp 443, udp 443 for lan keep source\n" },
	{ HEAD "proxy {\n intercept web for lan keep source\n}\n",
	    HEAD "proxy {\n intercept web for lan\n"
		 " intercept web for lan keep source\n}\n",
	    "" },
	/* Lines of the firewall. */
	{ HEAD "firewall {\n helper ftp for lan, guest\n invalid drop\n}\n",
	    HEAD "firewall { helper ftp for guest\n helper ftp for lan }\n",
	    "" },
	{ HEAD "firewall {\n invalid allow for lan\n clamp mss for wan\n}\n",
	    HEAD "firewall {\n invalid allow\n helper sip for lan\n}\n",
	    "no longer invalid allow for lan\n"
	    "now invalid allow\n"
	    "no longer clamp mss for wan\n"
	    "now helper sip for lan\n" },
	/* How the proxy works. */
	{ HEAD "proxy { cache object 8M, memory 64M\n compress\n }\n",
	    HEAD "proxy { compress br, zstd, gzip; cache memory 64M\n"
		 "tell gateway }\n",
	    "" },
	{ HEAD "proxy { cache memory 64M\n compress gzip 6\n}\n",
	    HEAD "proxy { cache memory 1G\n private }\n",
	    "no longer cache memory 64M, object 8M\n"
	    "now cache memory 1G, object 128M\n"
	    "no longer compress gzip 6\n"
	    "now private\n" },
	/* Who has a password. */
	{ HEAD "proxy { users \"users\" }\n", HEAD,
	    "no longer users \"users\"\n" },
	{ HEAD "proxy { users \"users\" }\n",
	    HEAD "proxy { users \"staff\" }\n",
	    "no longer users \"users\"\n"
	    "now users \"staff\"\n"
	    "now user anna by another password\n"
	    "now user zoe\n" },
	{ HEAD "proxy { users \"users\" }\n",
	    HEAD "proxy { users pam \"users\" }\n",
	    "no longer users \"users\"\n"
	    "now users pam \"users\"\n" },
	{ HEAD "proxy { users pam \"login\" }\n",
	    HEAD "proxy { users  pam \"login\" # the host's\n }\n", "" },
	{ HEAD "proxy { users \"staff\" }\n",
	    HEAD "proxy { users \"users\" }\n",
	    "no longer users \"staff\"\n"
	    "now users \"users\"\n"
	    "no longer user zoe\n"
	    "now user anna by another password\n" },
	/* The verdict. */
	{ HEAD "drop any -> any\n",
	    HEAD "allow lan -> wan tcp 22\ndrop any -> any\n",
	    "lan -> wan tcp 22  drop (line 7) -> allow (line 7)\n" },
	{ HEAD "drop bad -> any\nallow lan -> wan tcp 22\n",
	    HEAD "drop bad -> any\n",
	    "lan -> wan tcp 22  allow (line 8) -> drop (built in)\n" },
	{ HEAD "drop any -> bad\n",
	    HEAD "drop any -> bad\nallow lan -> wan tcp 22, udp\n",
	    "lan -> wan except bad tcp 22, udp  drop (built in) -> allow "
	    "(line 8)\n" },
	{ HEAD "allow lan -> any\n",
	    HEAD "allow lan -> any not-tcp\n"
		 "service not-tcp = { udp, icmp, sctp, gre,"
		 " esp }\n",
	    "lan -> any tcp, other protocols  allow (line 7) -> drop (built "
	    "in)\n" },
	{ HEAD "allow any -> self\n",
	    HEAD "allow any -> self\nallow lan -> mail udp 53\n",
	    "lan -> 10.0.0.25 udp 53  drop (built in) -> allow (line 8)\n" },
	{ HEAD "allow lan -> wan\n",
	    HEAD "reject lan -> wan icmp echo-request\nallow lan -> wan\n",
	    "lan -> wan icmp echo-request  allow (line 7) -> reject (line "
	    "7)\n" },
	/* Only the log, the way, the translation. */
	{ HEAD "allow lan -> wan\n", HEAD "allow lan -> wan log\n",
	    "lan -> wan  allow not logged (line 7) -> allow logged (line "
	    "7)\n" },
	{ HEAD "allow lan -> wan\n",
	    HEAD "masquerade lan -> wan\nallow lan -> wan\n",
	    "10.0.0.0/24 -> wan  allow (line 7) -> allow masqueraded (line "
	    "8)\n" },
	{ HEAD "publish wan tcp 25 -> mail\n",
	    HEAD "publish wan tcp 25 -> mail tcp 2525\n",
	    "any except { ::/0, self } -> self in wan tcp 25  allow to "
	    "10.0.0.25 (line 7) -> allow to 10.0.0.25:2525 (line 7)\n" },
	{ HEAD INTERCEPT "allow lan -> wan tcp 80\n",
	    HEAD PADDING "allow lan -> wan tcp 80\n",
	    "lan -> wan tcp 80  allow by the proxy (line 10) -> allow by the "
	    "firewall (line 10)\n" },
	{ HEAD INTERCEPT "allow lan -> wan web\n",
	    HEAD INTERCEPT "allow lan -> wan web direct\n",
	    "lan -> wan tcp 80, 443 not by the proxy  allow by the proxy (line "
	    "10) -> allow by the firewall (line 10)\n" },
	/* By which parent, which is its servers and not its name. */
	{ HEAD INTERCEPT CORP "allow lan -> wan tcp 80\n",
	    HEAD INTERCEPT CORP "allow lan -> wan tcp 80 via corp\n",
	    "lan -> wan tcp 80  allow without a parent (line 11) -> allow via "
	    "corp (line 11)\n" },
	{ HEAD INTERCEPT CORP "allow lan -> wan tcp 80 via corp\n",
	    HEAD INTERCEPT "parent c = http 192.0.2.8:3128\n"
			   "allow lan -> wan tcp 80 via c\n",
	    "" },
	{ HEAD INTERCEPT CORP "allow lan -> wan tcp 80 via corp\n",
	    HEAD INTERCEPT "parent corp = http 192.0.2.8:3128, socks5 "
			   "up.example:1080\n"
			   "allow lan -> wan tcp 80 via corp\n",
	    "lan -> wan tcp 80  allow via corp = http 192.0.2.8:3128 (line 11) "
	    "-> allow via corp = http 192.0.2.8:3128, socks5 up.example:1080 "
	    "(line 11)\n" },
	{ HEAD INTERCEPT CORP "drop any -> any\n",
	    HEAD INTERCEPT CORP "allow lan -> wan tcp 80 via corp\n"
				"drop any -> any\n",
	    "lan -> wan tcp 80  drop (line 11) -> allow via corp (line 11)\n" },
	{ HEAD CORP "allow lan -> wan tcp 80\n",
	    HEAD CORP "allow lan -> wan tcp 80 via corp\n",
	    "lan -> wan tcp 80  allow (line 8) -> drop (built in)\n" },
	/* Names, methods and paths, where they can be seen. */
	{ HEAD INTERCEPT "reject lan -> ads log\nallow lan -> wan\n",
	    HEAD INTERCEPT PADDING "allow lan -> wan\n",
	    "lan -> wan tcp 80, 443 name ads                      reject (line "
	    "10) -> allow (line 13)\n"
	    "lan -> wan udp 443                                   reject "
	    "(needs the proxy) -> allow (line 13)\n"
	    "lan -> lan, guest tcp 80, 443 name ads               reject (line "
	    "10) -> drop (built in)\n"
	    "lan -> any except wan name ads dialled by the proxy  reject (line "
	    "10) -> drop (built in)\n"
	    "lan -> lan, guest tcp 80, 443 name not ads not by the proxy  drop "
	    "by the proxy (built in) -> drop by the firewall (built in)\n"
	    "lan -> lan, guest udp 443                            reject "
	    "(needs the proxy) -> drop (built in)\n" },
	{ HEAD LISTEN "allow lan -> wan tcp 80\n",
	    HEAD LISTEN "reject lan -> wan tcp 80 method POST\n"
			"allow lan -> wan tcp 80\n",
	    "lan -> wan tcp 80 method POST explicit  allow (line 10) -> "
	    "reject (line 10)\n" },
	{ HEAD LISTEN "allow lan -> wan tcp 80\n",
	    HEAD LISTEN "reject lan -> wan tcp 80 path \"/a/*\"\n"
			"allow lan -> wan tcp 80\n",
	    "lan -> wan tcp 80 path \"/a/*\" explicit  allow (line 10) -> "
	    "reject (line 10)\n" },
	/* Times, by the names of hours or as they are. */
	{ HEAD HOURS "allow guest -> wan\n",
	    HEAD HOURS "reject guest -> wan during lunch\n"
		       "allow guest -> wan\n",
	    "guest -> wan during lunch  allow (line 9) -> reject (line 9)\n" },
	{ HEAD HOURS "allow guest -> wan during office\n",
	    HEAD HOURS "allow guest -> wan during lunch\n",
	    "guest -> wan during mon-fri 08:00-12:00, 13:00-18:00  allow (line "
	    "9) -> drop (built in)\n" },
	/* What requests and answers show. */
	{ HEAD LISTEN "allow lan -> wan\n",
	    HEAD LISTEN "reject lan -> wan header A \"a*\" header B \"*\"\n"
			"allow lan -> wan\n",
	    "lan -> wan header A \"a*\" and B \"*\" explicit  allow (line 10) "
	    "-> reject (line 10)\n" },
	{ HEAD LISTEN "allow lan -> wan\n",
	    HEAD LISTEN "reject lan -> wan user anna\n"
			"allow lan -> wan\n",
	    "lan -> wan user anna explicit  allow (line 10) -> reject (line "
	    "10)\n" },
	{ HEAD LISTEN "allow lan -> wan\n",
	    HEAD LISTEN "reject lan -> wan scheme http type image/*\n"
			"allow lan -> wan\n",
	    "lan -> wan type image/* explicit  allow (line 10) -> "
	    "reject (line 10)\n" },
	/* What is taken out. */
	{ HEAD "allow guest -> wan\n",
	    HEAD "allow guest -> wan except 203.0.113.0/24\n",
	    "guest -> 203.0.113.0/24  allow (line 7) -> drop (built in)\n" },
	{ HEAD "allow guest -> wan\n",
	    HEAD "allow guest except 10.0.9.7 -> wan\n",
	    "10.0.9.7 -> wan  allow (line 7) -> drop (built in)\n" },
	/* How much passes, and who shares it. */
	{ HEAD "allow guest -> wan limit 5/s\n",
	    HEAD "allow guest -> wan limit 60/m burst 5 per source\n",
	    "guest -> wan  allow limit 5/s burst 5 (line 7) -> allow limit "
	    "60/m "
	    "burst 5 per source (line 7)\n" },
	{ HEAD "allow guest -> wan\n",
	    HEAD "allow guest -> wan connections 5\n",
	    "guest -> wan  allow without limit (line 7) -> allow connections 5 "
	    "(line 7)\n" },
	{ HEAD "allow guest -> wan tcp 80, 443 limit 5/s\n",
	    HEAD "allow guest -> wan tcp 443, 80 limit 5/s burst 5\n", "" },
	{ HEAD "allow guest -> wan bandwidth 2MB/s\n",
	    HEAD "allow guest -> wan bandwidth 16Mbit/s up bandwidth 16Mbit/s "
		 "down\n",
	    "" },
	{ HEAD "drop guest -> wan ban 10m after 9 refused in 1m per source\n",
	    HEAD "drop guest -> wan ban 600s after 9 refused in 60s per "
		 "source\n",
	    "" },
	{ HEAD "drop guest -> wan tcp\n",
	    HEAD "drop guest -> wan tcp ban 10m after 9 refused in 1m per "
		 "source\n",
	    "guest -> wan tcp  drop without ban (line 7) -> drop ban 10m after "
	    "9 refused in 1m per source (line 7)\n" },
	{ HEAD "never ban guest, 192.0.2.7\nnever ban 192.0.2.8\n",
	    HEAD "never ban 192.0.2.8\nnever ban 192.0.2.7, guest\n", "" },
	{ HEAD "never ban guest, 192.0.2.7\n", HEAD "never ban guest\n",
	    "no longer never ban guest, 192.0.2.7\nnow never ban guest\n" },
	{ HEAD "allow guest -> wan bandwidth 2MB/s down\n",
	    HEAD "allow guest -> wan bandwidth 2MB/s down per source\n",
	    "guest -> wan  allow bandwidth 16Mbit/s down (line 7) -> allow "
	    "bandwidth 16Mbit/s down per source (line 7)\n" },
	{ HEAD "allow guest -> wan tcp 80, 443 limit 5/s\n",
	    HEAD "allow guest -> wan tcp 80 limit 5/s\n"
		 "allow guest -> wan tcp 443 limit 5/s\n",
	    "guest -> wan tcp 80   allow limit 5/s burst 5 (line 7) -> allow "
	    "limit 5/s burst 5 (line 7)\n"
	    "guest -> wan tcp 443  allow limit 5/s burst 5 (line 7) -> allow "
	    "limit 5/s burst 5 (line 8)\n" },
	/* Reports that are logged; one that only counts is nothing. */
	{ HEAD "allow guest -> wan\n",
	    HEAD "report reject guest -> wan tcp 25 log\nallow guest -> wan\n",
	    "guest -> wan tcp 25  allow (line 7) not reported -> allow (line "
	    "8) "
	    "reported by 7\n" },
	{ HEAD "allow guest -> wan\n",
	    HEAD "report reject guest -> wan tcp 25\nallow guest -> wan\n",
	    "" },
	/* What the proxy cannot carry. */
	{ HEAD "allow lan -> ads\n", HEAD INTERCEPT "allow lan -> ads\n",
	    "lan -> wan tcp 80, 443 name ads      drop (built in) -> allow "
	    "(line 10)\n"
	    "lan -> wan tcp 80, 443 name not ads  drop by the firewall (built "
	    "in) -> drop by the proxy (built in)\n"
	    "lan -> wan udp 443                   drop (built in) -> reject "
	    "(needs the proxy)\n" },
	/* Interfaces, and the listener. */
	{ HEAD "allow lan -> wan\n",
	    "zone lan = int7 10.0.0.0/24 2001:db8:1::/64\n"
	    "zone guest = int1 10.0.9.0/24\n"
	    "zone wan = ext0\n"
	    "allow lan -> wan\n",
	    "interface int0 no longer takes lan\n"
	    "interface int7 now takes lan\n" },
	{ HEAD "allow lan -> wan\n", HEAD LISTEN "allow lan -> wan\n",
	    "lan -> self 10.0.0.1 tcp 3128, udp 3128  drop (built in) -> "
	    "allow (the proxy listens)\n" },
	/* Balancers before it. */
	{ HEAD LISTEN, HEAD BEHIND("10.0.9.5"),
	    "now listen 10.0.0.1:3128 for lan behind 10.0.9.5\n" },
	{ HEAD BEHIND("10.0.9.5"), HEAD BEHIND("10.0.9.6, 10.0.9.5"),
	    "no longer listen 10.0.0.1:3128 for lan behind 10.0.9.5\n"
	    "now listen 10.0.0.1:3128 for lan behind 10.0.9.5-10.0.9.6\n" },
	{ HEAD BEHIND("10.0.9.5, 10.0.9.9"), HEAD BEHIND("10.0.9.9, 10.0.9.5"),
	    "" },
	/* The console lets in before the list. */
	{ HEAD, HEAD CONSOLE("lan"), "now console 10.0.0.1:8080 from lan\n" },
	{ HEAD CONSOLE("lan"), HEAD CONSOLE("lan"), "" },
	{ HEAD CONSOLE("lan"), HEAD CONSOLE("lan, guest"),
	    "no longer console 10.0.0.1:8080 from lan\n"
	    "now console 10.0.0.1:8080 from lan, guest\n" },
	{ HEAD CONSOLE("lan"), HEAD,
	    "no longer console 10.0.0.1:8080 from lan\n" },
	/* Without a journal there is the usual file. */
	{ HEAD, HEAD JOURNAL("file"), "" },
	{ HEAD JOURNAL("file\nstdout"), HEAD JOURNAL("stdout as json\nfile"),
	    "" },
	{ HEAD, HEAD JOURNAL("file keep 5 every 24h"),
	    "no longer journal file as json size 64M keep 1\n"
	    "now journal file as json size 64M keep 5 every 1d\n" },
	{ HEAD JOURNAL("file\nsyslog udp 10.0.0.5:514 as text"),
	    HEAD JOURNAL("file\nsyslog tcp 10.0.0.5:514 facility local3"),
	    "no longer journal syslog udp 10.0.0.5:514 as text facility "
	    "daemon\n"
	    "now journal syslog tcp 10.0.0.5:514 as json facility local3\n" },
	{ HEAD JOURNAL("systemd"), HEAD JOURNAL("systemd \"/run/other\""),
	    "no longer journal systemd as text facility daemon\n"
	    "now journal systemd \"/run/other\" as text facility daemon\n" },
};

static void
lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text out = TEXT_EMPTY;
		describe(rows[i].old, rows[i].new, &out);
		assert_string_equal(out.at, rows[i].lines);
		text_fini(&out);
	}
}

/* Rules of their own addresses, each with a verdict of its own. */
static void
add_rules(struct text *out, const char *verdict, unsigned count)
{
	text_addz(out, HEAD);
	for (unsigned i = 0; i < count; i++)
		text_addf(out, "%s guest -> 203.0.113.%u tcp %u\n", verdict,
		    i * 2, 1000 + i * 2);
}

static struct diff
diff_of(struct policy *policies[static 2], const struct text *old,
    const struct text *new, const struct diff_bounds *bounds, int expected)
{
	struct diff diff;

	policies[0] = policy_of(old->at);
	policies[1] = policy_of(new->at);
	int rc = bounds != NULL ? policy_diff_within(
				      policies[0], policies[1], bounds, &diff)
				: policy_diff(policies[0], policies[1], &diff);
	assert_int_equal(rc, expected);
	return diff;
}

/* One class of many addresses: a line says some, an object all. */
static void
many_addresses(void **state)
{
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY, out = TEXT_EMPTY;
	struct policy *policies[2];

	(void)state;
	text_addz(&old, HEAD "drop any -> any\n");
	text_addz(&new, HEAD "allow guest -> 203.0.113.1");
	for (unsigned i = 1; i < 100; i++)
		text_addf(&new, ", 203.0.113.%u", i * 2 + 1);
	text_addz(&new, "\n");
	for (unsigned i = 0; i < 100; i++)
		text_addf(&new, "drop any -> 203.0.113.%u\n", i * 2 + 1);
	text_addz(&new, "drop any -> any\n");
	struct diff diff = diff_of(policies, &old, &new, NULL, 0);
	assert_int_equal(diff.classes.count, 1);
	assert_int_equal(diff_describe(&diff, &out), 0);
	assert_non_null(strstr(out.at, "203.0.113.1, 203.0.113.3, "));
	assert_non_null(strstr(out.at, "203.0.113.23 and 88 more  drop"));
	assert_null(strstr(out.at, "203.0.113.25"));
	text_clear(&out);
	assert_int_equal(diff_json(&diff, &out), 0);
	assert_null(strstr(out.at, " more"));
	for (unsigned i = 0; i < 100; i++) {
		char address[32];
		(void)snprintf(
		    address, sizeof(address), "203.0.113.%u", i * 2 + 1);
		assert_non_null(strstr(out.at, address));
	}
	diff_fini(&diff);
	policy_unref(policies[0]);
	policy_unref(policies[1]);
	text_fini(&old);
	text_fini(&new);
	text_fini(&out);
}

/* The first classes by their rules, and how many ways are not told. */
static void
bounds(void **state)
{
	struct diff_bounds few = { .classes_max = 7 };
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY;
	struct policy *policies[2];

	(void)state;
	add_rules(&old, "allow", 100);
	add_rules(&new, "reject", 100);
	struct diff diff = diff_of(policies, &old, &new, &few, 0);
	assert_int_equal(diff.classes.count, 7);
	assert_int_equal(diff.untold, 93);
	assert_false(diff_is_empty(&diff));
	for (size_t i = 0; i < 7; i++) {
		const struct diff_class *class = &diff.classes.items[i];
		assert_ptr_equal(class->before.rule, &policies[0]->rules[i]);
		assert_ptr_equal(class->after.rule, &policies[1]->rules[i]);
	}
	diff_fini(&diff);
	policy_unref(policies[0]);
	policy_unref(policies[1]);
	few.classes_max = 100;
	diff = diff_of(policies, &old, &new, &few, 0);
	assert_int_equal(diff.classes.count, 100);
	assert_int_equal(diff.untold, 0);
	diff_fini(&diff);
	policy_unref(policies[0]);
	policy_unref(policies[1]);
	text_fini(&old);
	text_fini(&new);
}

static void
too_late(void **state)
{
	struct diff_bounds late = { .classes_max = 7, .deadline = 1 };
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY;
	struct policy *policies[2];

	(void)state;
	add_rules(&old, "allow", 120);
	add_rules(&new, "reject", 120);
	struct diff diff = diff_of(policies, &old, &new, &late, -ETIME);
	diff_fini(&diff);
	policy_unref(policies[0]);
	policy_unref(policies[1]);
	text_fini(&old);
	text_fini(&new);
}

/*
 * What it costs grows with the rules and not with their square: eight times as
 * many rules that all change make eight times the nodes, or a little more.
 */
static void
growth(void **state)
{
	size_t nodes[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct text old = TEXT_EMPTY, new = TEXT_EMPTY;
		struct policy *policies[2];
		unsigned count = i == 0 ? 16 : 128;
		add_rules(&old, "allow", count);
		add_rules(&new, "reject", count);
		struct diff diff = diff_of(policies, &old, &new, NULL, 0);
		assert_int_equal(diff.classes.count, count);
		nodes[i] = diff.space.diagram.nodes.count;
		diff_fini(&diff);
		policy_unref(policies[0]);
		policy_unref(policies[1]);
		text_fini(&old);
		text_fini(&new);
	}
	assert_true(nodes[1] < nodes[0] * 8 * 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(many_addresses),
		cmocka_unit_test(bounds),
		cmocka_unit_test(too_late),
		cmocka_unit_test(growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
