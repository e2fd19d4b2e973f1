/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/kernel.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "firewall/names.h"
#include "firewall/nft.h"

#define PROBE_SECONDS_MAX 20

/* Never committed; a name of its own so that a listing race shows nothing. */
#define PROBE_TABLE "table inet gatehouse-probe {\n"

/*
 * The names of chains and sets differ, so that all rows make one table, and
 * are no words of nft's own ("socket" is).
 */
#define CHAIN(name, inside)                                                    \
	"chain probe-" name " {\n"                                             \
	"type filter hook prerouting priority mangle\n" inside "\n}\n"
#define NAT_CHAIN(name, hook, priority, inside)                                \
	"chain probe-" name " {\n"                                             \
	"type nat hook " hook " priority " priority "\n" inside "\n}\n"

#define NUMBER FIREWALL_TEXT(FIREWALL_NUMBER)
#define MARK   FIREWALL_TEXT(FIREWALL_MARK_HANDOVER)

static const struct kernel_feature features[] = {
	{
	    .name = "nftables for IPv4 and IPv6 together",
	    .probe = CHAIN("base", "accept"),
	    .without = "no rule at all can be loaded",
	    .cure = "modprobe nf_tables, or a kernel with "
		    "CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET",
	},
	{
	    .name = "connection tracking",
	    .probe = CHAIN("state",
		"ct state vmap { established : accept, related : accept }\n"
		"ct mark and " MARK " == " MARK " accept"),
	    .without = "replies to allowed flows cannot be told from others",
	    .cure = "modprobe -a nf_conntrack nft_ct, or a kernel with "
		    "CONFIG_NF_CONNTRACK, CONFIG_NF_CONNTRACK_MARK and "
		    "CONFIG_NFT_CT",
	},
	{
	    .name = "verdict maps and interval sets",
	    .probe = "set ranges {\n"
		     "type ipv4_addr\nflags interval\n"
		     "elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.9 }\n"
		     "}\n"
		     "chain leaf {\naccept\n}\n" CHAIN("maps",
			 "ip saddr @ranges drop\n"
			 "meta l4proto . th dport vmap "
			 "{ 6 . 80 : goto leaf, 17 . 53 : drop }\n"
			 "th dport vmap { 1-79 : drop, 80-65535 : accept }"),
	    .without = "rules would cost time in proportion to their number",
	    .cure = "a kernel of 6.1 or later with CONFIG_NF_TABLES",
	},
	{
	    .name = "the route lookup of a packet (fib)",
	    .probe = CHAIN("route",
		"fib daddr type { local, broadcast, multicast } accept"),
	    .without = "what is meant for this host cannot be told from what "
		       "passes through it",
	    .cure = "modprobe nft_fib_inet, or a kernel with "
		    "CONFIG_NFT_FIB_INET",
	},
	{
	    .name = "transparent hand-over (tproxy)",
	    .probe = CHAIN("divert",
		"meta nfproto ipv4 meta l4proto tcp meta mark set meta mark "
		"or " MARK " tproxy ip to 127.0.0.1:" NUMBER " accept"),
	    .without = "intercepted flows cannot be given to the proxy",
	    .cure = "modprobe nft_tproxy, or a kernel with CONFIG_NFT_TPROXY",
	},
	{
	    .name = "transparent hand-over (tproxy) for IPv6",
	    .probe = CHAIN("divert6",
		"meta nfproto ipv6 meta l4proto tcp meta mark set meta mark "
		"or " MARK " tproxy ip6 to [::1]:" NUMBER " accept"),
	    .without = "intercepted IPv6 flows cannot be given to the proxy",
	    .cure = "modprobe -a nft_tproxy nf_tproxy_ipv6, or a kernel with "
		    "CONFIG_NFT_TPROXY and CONFIG_NF_TPROXY_IPV6",
	    .is_ipv6 = true,
	},
	{
	    .name = "the socket match with wildcard",
	    .probe = CHAIN("socket",
		"meta l4proto tcp socket transparent 1 socket wildcard 0 "
		"accept"),
	    .without = "the packets of intercepted connections do not find "
		       "the proxy",
	    .cure = "modprobe nft_socket, or a kernel with CONFIG_NFT_SOCKET",
	},
	{
	    .name = "masquerading",
	    .probe = NAT_CHAIN("leave", "postrouting", "srcnat", "masquerade"),
	    .without = "masquerade does not work",
	    .cure = "modprobe -a nft_masq nft_chain_nat, or a kernel with "
		    "CONFIG_NFT_NAT and CONFIG_NFT_MASQ",
	},
	{
	    .name = "destination translation",
	    .probe = NAT_CHAIN("arrive", "prerouting", "dstnat",
		"ip daddr 192.0.2.1 tcp dport 443 dnat ip to 10.0.0.25:8443\n"
		"ct status & dnat == dnat accept"),
	    .without = "publish does not work",
	    .cure = "modprobe -a nft_nat nft_chain_nat, or a kernel with "
		    "CONFIG_NFT_NAT",
	},
	{
	    .name = "reject before routing",
	    .probe = CHAIN("refuse", "meta l4proto tcp reject with tcp reset\n"
				     "reject with icmpx type admin-prohibited"),
	    .without = "reject cannot answer and would be silent",
	    .cure = "modprobe nft_reject_inet, or a kernel with "
		    "CONFIG_NFT_REJECT and CONFIG_NF_TABLES_INET",
	},
	{
	    .name = "the packet log",
	    .probe = CHAIN(
		"tell", "log prefix \"probe\" group " NUMBER " snaplen 128"),
	    .without = "rules with log cannot be loaded",
	    .cure = "modprobe -a nfnetlink_log nft_log, or a kernel with "
		    "CONFIG_NETFILTER_NETLINK_LOG and CONFIG_NFT_LOG",
	},
	{
	    .name = "named counters",
	    .probe =
		"counter hits {\n}\n" CHAIN("count", "counter name \"hits\""),
	    .without = "rules cannot be counted",
	    .cure = "modprobe nft_objref, or a kernel with CONFIG_NFT_OBJREF",
	},
};

#define FEATURE_COUNT (sizeof(features) / sizeof(features[0]))

static const struct place nowhere = { 0 };

static enum nft_outcome
try_rows(const struct kernel_feature *rows, size_t count, bool ipv6,
    struct text *words)
{
	struct text body = TEXT_EMPTY;
	enum nft_outcome outcome = NFT_NOT_RUN;

	for (size_t i = 0; i < count; i++)
		if (ipv6 || !rows[i].is_ipv6)
			text_addz(&body, rows[i].probe);
	text_addz(&body, "}");
	struct nft_job job = {
		.head = STR(PROBE_TABLE),
		.body = text_str(&body),
		.mode = NFT_DRY_RUN,
		.seconds_max = PROBE_SECONDS_MAX,
	};
	if (!body.full)
		outcome = nft_run(&job, words);
	text_fini(&body);
	return outcome;
}

/* The first line has the refusal, the others show the probe. */
static struct str
first_line(const struct text *words)
{
	struct str rest = text_str(words);

	return str_cut(&rest, '\n');
}

static void
report_missing(const struct kernel_feature *row, const struct text *words,
    struct report *report)
{
	struct str line = first_line(words);

	report_error(report, nowhere,
	    "this kernel has no support for %s: %s (%.*s)", row->name,
	    row->without, STR_ARG(line));
	report_hint(report, "%s", row->cure);
}

static int
report_unknown(const struct text *words, struct report *report)
{
	report_error(report, nowhere,
	    "what this kernel can do was not found out: %.*s",
	    STR_ARG(text_str(words)));
	return -EIO;
}

/* 1: it is there; 0: it is not, and reported; a negative errno. */
static int
check_row(const struct kernel_feature *row, struct report *report)
{
	struct text words = TEXT_EMPTY;
	enum nft_outcome outcome = try_rows(row, 1, true, &words);
	int rc = outcome == NFT_DONE;

	if (outcome == NFT_REFUSED)
		report_missing(row, &words, report);
	else if (outcome != NFT_DONE)
		rc = report_unknown(&words, report);
	text_fini(&words);
	return rc;
}

int
kernel_check_features(
    const struct kernel_feature *rows, size_t count, struct report *report)
{
	struct text words = TEXT_EMPTY;
	bool ipv6 = kernel_has_ipv6();
	enum nft_outcome outcome = try_rows(rows, count, ipv6, &words);
	int rc = 0;

	if (outcome != NFT_DONE && outcome != NFT_REFUSED)
		rc = report_unknown(&words, report);
	text_fini(&words);
	if (rc < 0 || outcome == NFT_DONE)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_ipv6 && !ipv6)
			continue;
		rc = check_row(&rows[i], report);
		if (rc < 0 || (rc == 0 && i == 0))
			return rc;
	}
	return 0;
}

/* By the bare call: one bit is not worth a library. */
static bool
may_administer_network(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return geteuid() == 0;
	return (data[0].effective & (1U << CAP_NET_ADMIN)) != 0;
}

/* A sysctl of this network namespace is "1"; false as well if it is absent. */
static bool
sysctl_is_on(const char *path)
{
	struct text value = TEXT_EMPTY;
	bool on = file_read(path, 64, &value) == 0 && value.len > 0 &&
		  value.at[0] != '0';

	text_fini(&value);
	return on;
}

bool
kernel_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf/lo", F_OK) == 0 &&
	       !sysctl_is_on("/proc/sys/net/ipv6/conf/lo/disable_ipv6");
}

static void
check_forwarding(const char *family, const char *path, const char *name,
    struct report *report)
{
	if (sysctl_is_on(path))
		return;
	report_warning(report, "forwarding", nowhere,
	    "this host does not forward %s: nothing but the proxy passes "
	    "between zones",
	    family);
	report_hint(report, "sysctl -w %s=1", name);
}

static int
check_features(struct report *report)
{
	if (may_administer_network())
		return kernel_check_features(features, FEATURE_COUNT, report);
	report_error(report, nowhere,
	    "the firewall cannot be changed: the capability CAP_NET_ADMIN is "
	    "missing");
	report_hint(report, "run it as root");
	return 0;
}

int
kernel_check(struct report *report, bool *ret_has_ipv6)
{
	int rc = check_features(report);

	*ret_has_ipv6 = kernel_has_ipv6();
	check_forwarding("IPv4", "/proc/sys/net/ipv4/ip_forward",
	    "net.ipv4.ip_forward", report);
	if (*ret_has_ipv6)
		check_forwarding("IPv6",
		    "/proc/sys/net/ipv6/conf/all/forwarding",
		    "net.ipv6.conf.all.forwarding", report);
	return rc;
}
