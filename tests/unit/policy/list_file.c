/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/list_file: every format, mixed files, and files that are none. */
#include "policy/list_file.h"

#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct list {
	struct policy_group group;
	struct report report;
	int rc;
};

static void
read_str(struct list *list, struct str text, bool domains)
{
	*list = (struct list){ 0 };
	report_init(&list->report);
	list->rc = list_file_read(text, "test.list", domains,
	    (struct place){ 0 }, &list->report, &list->group);
}

static void
read_names(struct list *list, const char *text)
{
	read_str(list, str_of(text), true);
	assert_int_equal(list->rc, 0);
}

static void
read_addresses(struct list *list, const char *text)
{
	read_str(list, str_of(text), false);
	assert_int_equal(list->rc, 0);
}

static void
end(struct list *list)
{
	report_fini(&list->report);
	domain_set_fini(&list->group.domains);
	address_set_fini(&list->group.addresses);
}

static bool
covers(const struct list *list, const char *name)
{
	return domain_set_covers(&list->group.domains, str_of(name));
}

/* The number that a warning of this kind begins with; 0: there is none. */
static unsigned long
warned(const struct list *list, const char *kind)
{
	for (size_t i = 0; i < list->report.count; i++)
		if (list->report.items[i].weight == REPORT_WARNING &&
		    strcmp(list->report.items[i].kind, kind) == 0)
			return strtoul(
			    list->report.items[i].message.at, NULL, 10);
	return 0;
}

static bool
has_warning(const struct list *list, const char *kind)
{
	for (size_t i = 0; i < list->report.count; i++)
		if (list->report.items[i].weight == REPORT_WARNING &&
		    strcmp(list->report.items[i].kind, kind) == 0)
			return true;
	return false;
}

static void
says(const struct list *list, const char *words)
{
	struct text out = TEXT_EMPTY;

	report_render(&list->report, false, &out);
	if (out.at == NULL || strstr(out.at, words) == NULL)
		fail_msg("no '%s' in: %s", words, out.at);
	text_fini(&out);
}

static void
plain(void **state)
{
	struct list list;

	(void)state;
	read_names(&list, "# a list\r\n; of names\r\n\r\none.example\r\n"
			  "\t*.two.example \t\r\n.three.example # comment\n"
			  "FOUR.example.\rfive.example;comment\n"
			  "b\xc3\xbc"
			  "cher.example\n");
	assert_true(covers(&list, "one.example"));
	assert_false(covers(&list, "a.one.example"));
	assert_true(covers(&list, "a.two.example"));
	assert_false(covers(&list, "two.example"));
	assert_true(covers(&list, "a.three.example"));
	assert_true(covers(&list, "four.example"));
	assert_true(covers(&list, "five.example"));
	assert_true(covers(&list, "xn--bcher-kva.example"));
	assert_int_equal(list.group.domains.count, 6);
	assert_int_equal(list.report.count, 0);
	end(&list);
	/* A byte order mark; and old line ends alone. */
	read_names(&list, "\xef\xbb\xbfone.example\rtwo.example\r");
	assert_int_equal(list.group.domains.count, 2);
	assert_int_equal(list.report.count, 0);
	end(&list);
}

static void
hosts(void **state)
{
	struct list list;

	(void)state;
	read_names(&list, "## Title\n##Section\n"
			  "127.0.0.1 localhost localhost.localdomain\n"
			  "::1 ip6-localhost ip6-loopback\n"
			  "0.0.0.0 0.0.0.0\n"
			  "0.0.0.0 one.example\ttwo.example# comment\n"
			  "fe80::1%lo0 localhost\n"
			  "0.0.0.0 three.example bad_/name.example\n"
			  "plain.example\n");
	assert_true(covers(&list, "one.example"));
	assert_true(covers(&list, "two.example"));
	assert_true(covers(&list, "three.example"));
	assert_true(covers(&list, "plain.example"));
	assert_int_equal(list.group.domains.count, 4);
	/* The scope, and the bad name. */
	assert_int_equal(warned(&list, "list-lines"), 2);
	says(&list, "test.list:7:1");
	end(&list);
}

static void
adblock(void **state)
{
	struct list list;

	(void)state;
	read_names(&list,
	    "[Adblock Plus 2.0]\n! Title: test\n"
	    "||ads.example^\n||wide.example^$important\n"
	    "||third.example^$third-party\n"
	    "||path.example/banner\n||star*.example^\n"
	    "/banner/*/img^\n-ad-banner.\n"
	    "example.com##.ad\n##.banner\nexample.com#@#.ok\n"
	    "@@||ok.ads.example^\n@@||path.example^$document\n"
	    "|https://start.example/\n||port.example:8080^\n"
	    "# a comment\nplain.example\n0.0.0.0 hosts.example\n");
	assert_true(covers(&list, "ads.example"));
	assert_true(covers(&list, "a.ads.example"));
	assert_false(covers(&list, "ok.ads.example"));
	assert_false(covers(&list, "a.ok.ads.example"));
	assert_true(covers(&list, "wide.example"));
	assert_false(covers(&list, "third.example"));
	assert_false(covers(&list, "path.example"));
	assert_false(covers(&list, "example.com"));
	assert_true(covers(&list, "plain.example"));
	assert_true(covers(&list, "hosts.example"));
	assert_int_equal(list.group.domains.count, 4);
	assert_int_equal(list.group.domains.exceptions, 1);
	assert_int_equal(warned(&list, "list-skipped"), 11);
	assert_false(has_warning(&list, "list-lines"));
	end(&list);
	/* What is no rule at all is told apart from what is none of names. */
	read_names(&list, "||ads.example^\n"
			  "this is no rule\n"
			  "/banner/*/img^\n"
			  "/a regular.expression [0-9]/\n");
	assert_int_equal(list.group.domains.count, 1);
	says(&list, "test.list:2:1: warning: 1 of 4 lines is not understood");
	says(&list, "test.list:3:1: warning: 2 of 4 lines are not about whole");
	end(&list);
	/* Without a head and without names: no list for a gateway. */
	read_str(&list, STR("example.com##.ad\nexample.net##.ad\n"), true);
	assert_int_equal(list.rc, -EINVAL);
	says(&list, "for pages");
	end(&list);
}

static void
dnsmasq(void **state)
{
	struct list list;

	(void)state;
	read_names(&list,
	    "# dnsmasq\naddress=/one.example/0.0.0.0\n"
	    "address=/one.example/::\n"
	    "address=/two.example/three.example/\n"
	    "local=/four.example/ # comment\nserver=/five.example/\n"
	    "server=/six.example/192.0.2.1\nserver=/ok.one.example/#\n"
	    "address=/#/192.0.2.1\nlocal=//\n");
	assert_true(covers(&list, "a.one.example"));
	assert_true(covers(&list, "two.example"));
	assert_true(covers(&list, "a.three.example"));
	assert_true(covers(&list, "four.example"));
	assert_true(covers(&list, "five.example"));
	assert_false(covers(&list, "six.example"));
	assert_false(covers(&list, "a.ok.one.example"));
	assert_int_equal(warned(&list, "list-skipped"), 1);
	assert_int_equal(warned(&list, "list-lines"), 2);
	end(&list);
}

static void
rpz(void **state)
{
	struct list list;

	(void)state;
	read_names(&list,
	    "$TTL 300\n$ORIGIN rpz.test.\n"
	    "@ IN SOA ns.test. admin.test. (\n"
	    "\t1 ; serial\n\t1h 15m 30d\n\t2h )\n"
	    "\tIN NS ns.test.\n"
	    "one.example\tCNAME .\n"
	    "*.one.example 300 IN CNAME *.\n"
	    "two.example IN 300 CNAME rpz-drop.\n"
	    "*.three.example CNAME .\n"
	    "ok.three.example CNAME rpz-passthru.\n"
	    "old.three.example.rpz.test. CNAME old.three.example.\n"
	    "four.example.rpz.test. CNAME garden.test. ; comment\n"
	    "five.example A 192.0.2.1\n\tAAAA 2001:db8::1\n"
	    "six.example TXT \"(\"\n"
	    "24.0.2.0.192.rpz-ip CNAME .\n"
	    "seven.example CNAME rpz-tcp-only.\n"
	    "out.example. CNAME .\n"
	    "$ORIGIN sub.rpz.test.\n"
	    "eight CNAME .\n");
	assert_true(covers(&list, "one.example"));
	assert_true(covers(&list, "a.one.example"));
	assert_true(covers(&list, "two.example"));
	assert_true(covers(&list, "a.three.example"));
	assert_false(covers(&list, "three.example"));
	assert_false(covers(&list, "ok.three.example"));
	assert_true(covers(&list, "a.ok.three.example"));
	assert_false(covers(&list, "old.three.example"));
	assert_true(covers(&list, "four.example"));
	assert_true(covers(&list, "five.example"));
	assert_false(covers(&list, "six.example"));
	assert_false(covers(&list, "seven.example"));
	assert_true(covers(&list, "eight.sub"));
	assert_int_equal(list.group.domains.count, 6);
	assert_int_equal(warned(&list, "list-skipped"), 3);
	assert_int_equal(warned(&list, "list-lines"), 1);
	says(&list, "not in the zone");
	end(&list);
}

static void
rpz_without_origin(void **state)
{
	struct list list;

	(void)state;
	read_names(&list, "one.example CNAME .\ntwo.example. CNAME .\n");
	assert_true(covers(&list, "one.example"));
	assert_true(covers(&list, "two.example"));
	end(&list);
	/* The zone's name stands at its SOA record. */
	read_names(&list, "rpz.test. 60 IN SOA ns.test. admin.test. 1 2 3 4 5\n"
			  "rpz.test. 60 IN NS ns.test.\n"
			  "one.example.rpz.test. 60 IN CNAME .\n");
	assert_true(covers(&list, "one.example"));
	assert_int_equal(list.report.count, 0);
	end(&list);
	/* All that follows would be swallowed. */
	read_str(&list,
	    STR("one.example CNAME .\n@ SOA a. b. (\ntwo.example CNAME .\n"),
	    true);
	assert_int_equal(list.rc, -EINVAL);
	says(&list, "never closed");
	end(&list);
}

static void
netset(void **state)
{
	struct list list;

	(void)state;
	read_addresses(&list,
	    "#\n# firehol_level1\n; Spamhaus\n\r\n"
	    "192.0.2.0/25 ; SBL1\n192.0.2.128/25;SBL2\r\n"
	    "198.51.100.1\t# one\n198.51.100.4 - 198.51.100.7\n"
	    "2001:db8::/32\n2001:db8:1::7\n203.0.113.77/28\n"
	    "2001:dba::1/64\n::ffff:192.0.2.9\n"
	    "example.com\n192.0.2.0/33\n198.51.100.9-198.51.100.8\n"
	    "192.0.2.1 192.0.2.2\n");
	assert_int_equal(address_set_count(&list.group.addresses), 6);
	assert_int_equal(warned(&list, "list-lines"), 4);
	assert_int_equal(warned(&list, "list-host-bits"), 2);
	says(&list, "test.list:14:1");
	struct address_range range =
	    address_set_range(&list.group.addresses, 3);
	char text[ADDRESS_RANGE_TEXT_BYTES];
	assert_string_equal(
	    address_range_format(&range, text), "203.0.113.64/28");
	end(&list);
}

static void
folding(void **state)
{
	struct list list;

	(void)state;
	read_names(&list, "example.com\na.example.com\n.example.com\n"
			  "example.com\nexample.net\n");
	assert_int_equal(list.group.domains.count, 2);
	end(&list);
	read_addresses(&list, "192.0.2.0/24\n192.0.2.0/24\n192.0.2.7\n");
	assert_int_equal(address_set_count(&list.group.addresses), 1);
	end(&list);
}

static void
bad_files(void **state)
{
	struct list list;

	(void)state;
	read_names(&list, "");
	assert_true(has_warning(&list, "list-empty"));
	end(&list);
	read_names(&list, "one.example\ntwo.exam");
	assert_true(has_warning(&list, "list-cut"));
	assert_true(covers(&list, "two.exam"));
	end(&list);
	read_str(&list, STR("\xff\xfeo\0n\0e\0\n\0"), true);
	assert_int_equal(list.rc, -EINVAL);
	says(&list, "UTF-16");
	end(&list);
	read_str(&list,
	    STR("\x7f"
		"ELF\2\1\1\0\0\0\n\0\0\1\r\xff\xfe"),
	    true);
	assert_int_equal(list.rc, -EINVAL);
	says(&list, "nothing in test.list is understood");
	end(&list);
	read_str(&list, STR("one.example\ntwo\0.example\n||a\0b^\n"), true);
	assert_int_equal(list.rc, 0);
	assert_int_equal(warned(&list, "list-lines"), 2);
	assert_int_equal(list.group.domains.count, 1);
	end(&list);
	read_str(&list, STR("192.0.2.1\n192.0.2.2\0\n"), false);
	assert_int_equal(address_set_count(&list.group.addresses), 1);
	end(&list);
}

/* However much of it, the report stays small. */
static void
much_of_it(void **state)
{
	static const char *const marks[] = { "", "||", "@@||", "address=/",
		"0.0.0.0 ", "# ", "$ORIGIN ", "192.0.2.1-" };
	struct list list;

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct text text = TEXT_EMPTY;
		text_addz(&text, "one.example\n");
		text_addz(&text, marks[i]);
		text_pad(&text, 'a', 1 << 20);
		text_addz(&text, "\ntwo.example\n");
		read_str(&list, text_str(&text), true);
		assert_int_equal(list.rc, 0);
		assert_int_equal(list.group.domains.count, 2);
		assert_true(list.report.arena.bytes < 4096);
		end(&list);
		text_fini(&text);
	}
	struct text text = TEXT_EMPTY;
	for (size_t i = 0; i < 100000; i++)
		text_addz(&text, "what is this?\n");
	text_addz(&text, "one.example\n");
	read_str(&list, text_str(&text), true);
	assert_int_equal(list.rc, 0);
	assert_int_equal(list.report.count, 1);
	assert_int_equal(warned(&list, "list-lines"), 100000);
	says(&list, "100000 of 100001 lines");
	end(&list);
	text_fini(&text);
}

/* 4 MiB of CR alone: a search for LF at each line would take minutes. */
static void
old_line_ends(void **state)
{
	struct text text = TEXT_EMPTY;
	struct list list;

	(void)state;
	for (unsigned i = 0; i < 300000; i++)
		text_addf(&text, "n%u.example\r", i);
	read_names(&list, text.at);
	assert_int_equal(list.group.domains.count, 300000);
	end(&list);
	text_fini(&text);
}

static void
files_that_are_none(void **state)
{
	char path[] = "/tmp/gatehouse-list-XXXXXX";
	struct text text = TEXT_EMPTY;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	/* A hole: 10 GB that nobody may read. */
	assert_int_equal(ftruncate(fd, (off_t)10 << 30), 0);
	int rc = file_read(path, POLICY_LIST_BYTES_MAX, &text);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(text.room, 0);
	assert_non_null(strstr(list_file_fault(rc), "512 MiB"));
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	rc = file_read(path, POLICY_LIST_BYTES_MAX, &text);
	assert_non_null(strstr(list_file_fault(rc), "regular file"));
	assert_int_equal(unlink(path), 0);
	rc = file_read("/", POLICY_LIST_BYTES_MAX, &text);
	assert_non_null(strstr(list_file_fault(rc), "folder"));
	assert_string_equal(list_file_fault(-EACCES), strerror(EACCES));
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(hosts),
		cmocka_unit_test(adblock),
		cmocka_unit_test(dnsmasq),
		cmocka_unit_test(rpz),
		cmocka_unit_test(rpz_without_origin),
		cmocka_unit_test(netset),
		cmocka_unit_test(folding),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(much_of_it),
		cmocka_unit_test(old_line_ends),
		cmocka_unit_test(files_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
