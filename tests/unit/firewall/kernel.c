/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel lacks is said by name; what it has is not mentioned. */
#include "firewall/kernel.h"

#include "namespace.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"

static void
write_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(value)), 0);
	(void)close(fd);
}

static void
set_forwarding(const char *ipv4, const char *ipv6)
{
	write_sysctl("/proc/sys/net/ipv4/ip_forward", ipv4);
	write_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", ipv6);
}

static struct text
rendered(const struct report *report)
{
	struct text out = TEXT_EMPTY;

	report_render(report, false, &out);
	return out;
}

/* On the kernels that we test on there is everything. */
static void
has_nothing_to_say_of_a_good_kernel(void **state)
{
	struct report report;
	bool ipv6 = false;

	(void)state;
	NEED_NAMESPACE();
	set_forwarding("1", "1");
	report_init(&report);
	assert_int_equal(kernel_check(&report, &ipv6), 0);
	struct text out = rendered(&report);
	if (report.errors + report.warnings > 0)
		fail_msg("%s", out.at);
	assert_true(ipv6);
	text_fini(&out);
	report_fini(&report);
}

static const struct {
	const char *ipv4, *ipv6;
	const char *told, *not_told;
	size_t warnings;
} forwardings[] = {
	{ "0", "1", "sysctl -w net.ipv4.ip_forward=1", "ipv6", 1 },
	{ "1", "0", "sysctl -w net.ipv6.conf.all.forwarding=1", "ipv4", 1 },
	{ "0", "0", "sysctl -w net.ipv6.conf.all.forwarding=1", "CONFIG", 2 },
};

static void
warns_where_nothing_is_forwarded(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	for (size_t i = 0; i < sizeof(forwardings) / sizeof(forwardings[0]);
	     i++) {
		struct report report;
		bool ipv6;

		set_forwarding(forwardings[i].ipv4, forwardings[i].ipv6);
		report_init(&report);
		assert_int_equal(kernel_check(&report, &ipv6), 0);
		struct text out = rendered(&report);
		assert_int_equal(report.errors, 0);
		assert_int_equal(report.warnings, forwardings[i].warnings);
		assert_string_equal(report.items[0].kind, "forwarding");
		assert_true(text_has(&out, forwardings[i].told));
		assert_false(text_has(&out, forwardings[i].not_told));
		text_fini(&out);
		report_fini(&report);
	}
	set_forwarding("1", "1");
}

static void
sees_that_ipv6_is_switched_off(void **state)
{
	struct report report;
	bool ipv6 = true;

	(void)state;
	NEED_NAMESPACE();
	assert_true(kernel_has_ipv6());
	set_forwarding("1", "0");
	write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	report_init(&report);
	assert_int_equal(kernel_check(&report, &ipv6), 0);
	write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0");
	assert_false(ipv6);
	assert_int_equal(report.count, 0);
	report_fini(&report);
	assert_true(kernel_has_ipv6());
	set_forwarding("1", "1");
}

static const struct kernel_feature base = { .name = "the base",
	.probe = "chain b {\naccept\n}\n" };
static const struct kernel_feature absent = {
	.name = "frobnication",
	.probe = "chain f {\nfrobnicate all\n}\n",
	.without = "frobs stay as they are",
	.cure = "modprobe frob",
};
static const struct kernel_feature present = { .name = "counters",
	.probe = "chain c {\ncounter\n}\n" };

static void
names_each_missing_feature(void **state)
{
	struct kernel_feature rows[] = { base, absent, present, absent };
	struct report report;

	(void)state;
	NEED_NAMESPACE();
	report_init(&report);
	assert_int_equal(kernel_check_features(rows, 4, &report), 0);
	assert_int_equal(report.errors, 2);
	struct text out = rendered(&report);
	assert_int_equal(text_occurrences(&out, "error: "), 2);
	assert_true(text_has(
	    &out, "no support for frobnication: frobs stay as they are ("));
	assert_true(text_has(&out, "= modprobe frob"));
	assert_false(text_has(&out, "counters"));
	text_fini(&out);
	report_fini(&report);
}

/* Ten sentences that all mean "no nftables" would hide the one. */
static void
stops_where_the_first_is_missing(void **state)
{
	struct kernel_feature rows[] = { absent, absent, present };
	struct report report;

	(void)state;
	NEED_NAMESPACE();
	report_init(&report);
	assert_int_equal(kernel_check_features(rows, 3, &report), 0);
	assert_int_equal(report.errors, 1);
	report_fini(&report);
}

static void
needs_no_ipv6_feature_without_ipv6(void **state)
{
	struct kernel_feature rows[] = { base, absent };
	struct report report;

	(void)state;
	NEED_NAMESPACE();
	rows[1].is_ipv6 = true;
	write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	report_init(&report);
	assert_int_equal(kernel_check_features(rows, 2, &report), 0);
	assert_int_equal(report.errors, 0);
	write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0");
	assert_int_equal(kernel_check_features(rows, 2, &report), 0);
	assert_int_equal(report.errors, 1);
	report_fini(&report);
}

static void
give_up_network_administration(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	(void)syscall(SYS_capget, &head, data);
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	(void)syscall(SYS_capset, &head, data);
}

static void
says_once_that_the_capability_is_missing(void **state)
{
	int status;

	(void)state;
	NEED_NAMESPACE();
	pid_t pid = fork();
	if (pid == 0) {
		struct report report;
		bool ipv6;
		give_up_network_administration();
		report_init(&report);
		int rc = kernel_check(&report, &ipv6);
		struct text out = rendered(&report);
		bool good = rc == 0 && report.errors == 1 &&
			    text_has(&out, "CAP_NET_ADMIN");
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_nothing_to_say_of_a_good_kernel),
		cmocka_unit_test(warns_where_nothing_is_forwarded),
		cmocka_unit_test(sees_that_ipv6_is_switched_off),
		cmocka_unit_test(names_each_missing_feature),
		cmocka_unit_test(stops_where_the_first_is_missing),
		cmocka_unit_test(needs_no_ipv6_feature_without_ipv6),
		cmocka_unit_test(says_once_that_the_capability_is_missing),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
