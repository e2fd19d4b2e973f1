/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The canonical form, rule by rule; and what has none. */
#include "policy/format.h"

#include "random_policy.h"

static int
form_of(const char *text, struct text *out)
{
	struct source source = { .name = STR("test.policy"),
		.text = str_of(text) };
	struct report report;

	report_init(&report);
	text_addz(out, "");
	int rc = policy_format(&source, &report, out);
	assert_true((rc == -EINVAL) == (report.errors > 0));
	report_fini(&report);
	return rc;
}

static const struct {
	const char *text;
	const char *form;
} rows[] = {
	{ "", "" },
	{ "\n\n\n", "" },
	{ "# only\r\n\n\n\n# comments  \n\n", "# only\n\n\n# comments\n" },
	/* A statement a line, whatever ended it. */
	{ "zone a=int0;zone b = ext0\r\n", "zone a = int0\nzone b = ext0\n" },
	{ "allow a,\n\tb ->\n c\n", "allow  a, b -> c\n" },
	{ "allow a->b", "allow  a -> b\n" },
	/* Columns: names, kinds of lists, verdicts, what is logged. */
	{ "zone lan = int0, 10.0.0.0/24  { int1 }\nzone guest = int2\n",
	    "zone lan   = int0  10.0.0.0/24  int1\nzone guest = int2\n" },
	{ "list bad = addresses \"b\"\nlist adverts = domains \"a\"\n",
	    "list bad     = addresses \"b\"\nlist adverts = domains   "
	    "\"a\"\n" },
	{ "drop a -> b log\nreject a -> b tcp 80 as \"x\" log\nallow a -> b\n",
	    "drop   a -> b         log\n"
	    "reject a -> b tcp 80  log as \"x\"\n"
	    "allow  a -> b\n" },
	{ "publish w tcp 25 -> m log\nallow a -> bb tcp 2525 log\n",
	    "publish w tcp 25 -> m    log\nallow  a -> bb tcp 2525  log\n" },
	/* Options last, as long as they are options. */
	{ "drop a -> b log tcp 80 direct as \"x\" method GET\n",
	    "drop   a -> b tcp 80 direct method GET  log as \"x\"\n" },
	{ "allow a -> b user eve log\n"
	  "allow a -> b connections 4 per user as \"x\" log user eve\n",
	    "allow  a -> b user eve                         log\n"
	    "allow  a -> b connections 4 per user user eve  log as \"x\"\n" },
	/* But not what parts two services that would be one. */
	{ "allow a -> b tcp log as \"x\" { udp 53 }\n"
	  "allow a -> b icmp as \"y\" echo-request log\n"
	  "allow a -> b log { tcp 80 } as \"z\" { udp 53 }\n",
	    "allow  a -> b tcp as \"x\" { udp 53 }     log\n"
	    "allow  a -> b icmp as \"y\" echo-request  log\n"
	    "allow  a -> b { tcp 80 } { udp 53 }     log as \"z\"\n" },
	/* A report is a rule whose verdict is two words. */
	{ "report  reject a -> bb tcp 80 log as \"x\"\nallow a -> b during log "
	  "header log \"as\" user as limit 5/s burst 9 log\n",
	    "report reject a -> bb tcp 80  log as \"x\"\n"
	    "allow  a -> b during log header log \"as\" user as limit 5/s "
	    "burst "
	    "9  log\n" },
	/* Files that are included are not looked at. */
	{ "include   \"none.policy\"\nhours  a=mon-fri 08:00-12:00,sat\n",
	    "include \"none.policy\"\nhours a = mon-fri 08:00-12:00, sat\n" },
	/* Columns end with a paragraph of two blank lines, or another kind. */
	{ "name a = 10.0.0.1\n\n# c\nname bbb = 10.0.0.2\n\n\nname cc = "
	  "10.0.0.3\nservice long = tcp 1\nname d = 10.0.0.4\n",
	    "name a   = 10.0.0.1\n\n# c\nname bbb = 10.0.0.2\n\n\nname cc = "
	    "10.0.0.3\nservice long = tcp 1\nname d = 10.0.0.4\n" },
	/* One too wide sticks out. */
	{ "drop a -> b log\n"
	  "drop a -> aaaaaaaaaa.example, bbbbbbbbbb.example, "
	  "cccccccccc.example log\n",
	    "drop   a -> b  log\n"
	    "drop   a -> aaaaaaaaaa.example, bbbbbbbbbb.example, "
	    "cccccccccc.example  log\n" },
	/* Braces on one line if they fit, else an item a line. */
	{ "name a = {\n10.0.0.1\n10.0.0.2,\n}\n",
	    "name a = { 10.0.0.1, 10.0.0.2 }\n" },
	{ "name a = {}\n", NULL },
	{ "name many = { 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, "
	  "{ 10.0.0.6, 10.0.0.7 } }\n",
	    "name many = {\n    10.0.0.1,\n    10.0.0.2,\n    10.0.0.3,\n    "
	    "10.0.0.4,\n    10.0.0.5,\n    { 10.0.0.6, 10.0.0.7 },\n}\n" },
	{ "allow a -> { 10.0.0.1 # one\n, 10.0.0.2 } tcp 1 log # end\n", NULL },
	{ "allow a -> { 10.0.0.1 # one\n 10.0.0.2 } tcp 1 log # end\n",
	    "allow  a -> {\n    10.0.0.1,  # one\n    10.0.0.2,\n} tcp 1  log  "
	    "# end\n" },
	/* A comma must not make a kind or a port of what a line parted. */
	{ "service s = { icmp echo-reply\n echo-request }\n",
	    "service s = {\n    icmp echo-reply\n    echo-request,\n}\n" },
	{ "service s = { tcp { 80\n 443 } }\n",
	    "service s = { tcp { 80, 443 } }\n" },
	/* Comments stay where they are, or go before the statement. */
	{ "zone a = int0#x\nzone bb = int1 # y\n\n# z\n",
	    "zone a  = int0  #x\nzone bb = int1  # y\n\n# z\n" },
	{ "\n\nallow a, # why\n b -> c # end\n",
	    "# why\nallow  a, b -> c  # end\n" },
	{ "zone z = { # in\n int0 # out\n }\n",
	    "# in\n# out\nzone z = int0\n" },
	/* Blocks. */
	{ "proxy{\n\n\nlisten 10.0.0.1:80 for a;intercept web for "
	  "b\n\n\n#c\n\n}"
	  "#d\n",
	    "proxy {\n    listen 10.0.0.1:80 for a\n    intercept web for b\n"
	    "\n    #c\n}  #d\n" },
	{ "journal{file   size 1M;\n syslog  udp 10.0.0.5:514  as text # x\n}",
	    "journal {\n    file size 1M\n"
	    "    syslog udp 10.0.0.5:514 as text  # x\n}\n" },
	{ "proxy { listen 10.0.0.1:80 for { a,b }   behind {\n10.0.0.5,\n"
	  "10.0.0.6} }\n",
	    "proxy {\n    listen 10.0.0.1:80 for { a, b } behind { 10.0.0.5, "
	    "10.0.0.6 }\n}\n" },
	{ "test  \"t\" { lan 10.0.0.1 -> 10.0.0.2 tcp 1 allow\n"
	  "10.0.0.1->http://a.example/?x,y drop by \"z\" #c\n"
	  "guest 10.0.0.1 -> self nonsense }\n",
	    "test \"t\" {\n"
	    "    lan   10.0.0.1 -> 10.0.0.2 tcp 1         allow\n"
	    "          10.0.0.1 -> http://a.example/?x,y  drop by \"z\"  #c\n"
	    "    guest 10.0.0.1 -> self nonsense\n"
	    "}\n" },
	/* A rule that is named by its line is named by its new one. */
	{ "\n\n\nzone a = int0\nallow a -> b; drop b -> a\n"
	  "test \"t\" {\n10.0.0.1 -> 10.0.0.2 allow by 5\n10.0.0.1 -> "
	  "10.0.0.2 allow by 77\n}",
	    "zone a = int0\nallow  a -> b\ndrop   b -> a\n"
	    "test \"t\" {\n    10.0.0.1 -> 10.0.0.2  allow by 2\n    10.0.0.1 "
	    "-> 10.0.0.2  allow by 77\n}\n" },
	/* What is no policy has no form. */
	{ "allow a b -> c\n", NULL },
	{ "zone a = \"unclosed\n", NULL },
	{ "proxy {\n", NULL },
};

static void
forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text form = TEXT_EMPTY, again = TEXT_EMPTY;
		int rc = form_of(rows[i].text, &form);
		assert_int_equal(rc, rows[i].form != NULL ? 0 : -EINVAL);
		if (rows[i].form != NULL) {
			assert_string_equal(form.at, rows[i].form);
			assert_int_equal(form_of(form.at, &again), 0);
			assert_string_equal(again.at, form.at);
		}
		text_fini(&form);
		text_fini(&again);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
