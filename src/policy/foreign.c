/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/foreign.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define IMPORT    "rules of other programs are read by 'gatehouse import'"
#define REPLIES   "replies to what is allowed need no rule"
#define A_NAME    "here it is called 'name'"
#define ALLOW     "here it is called 'allow'"
#define DROP      "here it is called 'drop' (silent) or 'reject'"
#define BUILT_IN  "what no rule decides is dropped: that is built in"
#define PORT      "a port stands right behind its protocol: tcp 80"
#define HOURS     "a rule holds 'during' hours that have a name"
#define COMMENT   "a comment begins with '#'"
#define EXCEPT    "all but some is 'any except ...'"
#define LEAVE_OUT "leave it out: a rule is like 'allow lan -> wan'"
#define SERVICE(service)                                                       \
	"no such service is built in: write '" service "', or define it"

struct row {
	const char *theirs;
	const char *hint;
};

static const struct row statements[] = {
	{ "accept", ALLOW },
	{ "pass", ALLOW },
	{ "permit", ALLOW },
	{ "block", DROP },
	{ "deny", DROP },
	{ "refuse", "here it is called 'reject'" },
	{ "nat", "here it is called 'masquerade' or 'snat'" },
	{ "dnat", "here it is called 'publish'" },
	{ "binat", "here it is called 'map'" },
	{ "rdr", "here it is called 'publish'" },
	{ "forward", "here it is called 'publish'" },
	{ "redirect", "here it is called 'publish'" },
	{ "schedule", "here it is called 'hours'" },
	{ "time", "here it is called 'hours'" },
	{ "audit", "here it is called 'report'" },
	{ "alias", A_NAME },
	{ "host", A_NAME },
	{ "hosts", A_NAME },
	{ "group", A_NAME },
	{ "object", A_NAME },
	{ "address", A_NAME },
	{ "network", A_NAME },
	{ "subnet", A_NAME },
	{ "define", A_NAME },
	{ "var", A_NAME },
	{ "acl", "here it is called 'name' or 'list'" },
	{ "set", "here it is called 'name' or 'list'" },
	{ "ipset", "here it is called 'name' or 'list'" },
	{ "port", "here it is called 'service'" },
	{ "ports", "here it is called 'service'" },
	{ "protocol", "here it is called 'service'" },
	{ "interface", "here it is called 'zone'" },
	{ "upstream", "here it is called 'parent'" },
	{ "cache_peer", "here it is called 'parent'" },
	{ "rule", "leave it out: a rule begins with allow, reject or drop" },
	{ "default", BUILT_IN },
	{ "policy", BUILT_IN },
	{ "iptables", IMPORT },
	{ "ip6tables", IMPORT },
	{ "nft", IMPORT },
	{ "table", IMPORT },
	{ "chain", IMPORT },
	{ "add", IMPORT },
	{ "flush", IMPORT },
	{ "ufw", IMPORT },
	{ "http_access", IMPORT },
	{ "http_port", IMPORT },
	{ "https_port", IMPORT },
	{ "cache_dir", IMPORT },
	{ "commit", IMPORT },
};

/* How such lines begin. */
static const struct row beginnings[] = {
	{ "//", COMMENT },
	{ "/*", COMMENT },
	{ "--", COMMENT },
	{ "!", COMMENT },
	{ "-", IMPORT },
	{ "*", IMPORT },
	{ ":", IMPORT },
};

static const struct row endpoints[] = {
	{ "any", "everything is called 'any'" }, /* in capitals */
	{ "all", "everything is called 'any'" },
	{ "*", "everything is called 'any'" },
	{ "everything", "everything is called 'any'" },
	{ "anywhere", "everything is called 'any'" },
	{ "world", "everything is called 'any'" },
	{ "internet", "write the zone without prefixes, or 'any'" },
	{ "external", "write the zone without prefixes, or 'any'" },
	{ "outside", "write the zone without prefixes, or 'any'" },
	{ "self", "the gateway itself is called 'self'" },
	{ "localhost", "the gateway itself is called 'self'" },
	{ "gateway", "the gateway itself is called 'self'" },
	{ "router", "the gateway itself is called 'self'" },
	{ "me", "the gateway itself is called 'self'" },
	{ "not", EXCEPT },
	{ "from", LEAVE_OUT },
	{ "to", LEAVE_OUT },
};

static const struct row services[] = {
	{ "established", REPLIES },
	{ "related", REPLIES },
	{ "state", REPLIES },
	{ "ctstate", REPLIES },
	{ "conntrack", REPLIES },
	{ "ct", REPLIES },
	{ "new", REPLIES },
	{ "keep", REPLIES },
	{ "port", PORT },
	{ "ports", PORT },
	{ "dport", PORT },
	{ "dports", PORT },
	{ "proto", PORT },
	{ "protocol", PORT },
	{ "sport", "a rule does not ask for the port of the source" },
	{ "time", HOURS },
	{ "schedule", HOURS },
	{ "comment", "a comment begins with '#', a rule's name with 'as'" },
	{ "echo", "write 'icmp echo-request', or 'ping'" },
	{ "ftp", SERVICE("tcp 21") },
	{ "imaps", SERVICE("tcp 993") },
	{ "ldap", SERVICE("tcp 389") },
	{ "ldaps", SERVICE("tcp 636") },
	{ "mysql", SERVICE("tcp 3306") },
	{ "pop3", SERVICE("tcp 110") },
	{ "pop3s", SERVICE("tcp 995") },
	{ "postgresql", SERVICE("tcp 5432") },
	{ "rdp", SERVICE("tcp 3389") },
	{ "rsync", SERVICE("tcp 873") },
	{ "smb", SERVICE("tcp 445") },
	{ "smtps", SERVICE("tcp 465") },
	{ "submission", SERVICE("tcp 587") },
	{ "telnet", SERVICE("tcp 23") },
	{ "tftp", SERVICE("udp 69") },
	{ "wireguard", SERVICE("udp 51820") },
};

static const struct row dns[] = {
	{ "forwarders", "here it is called 'upstream'" },
	{ "forwarder", "here it is called 'upstream'" },
	{ "forward", "here it is called 'upstream'" },
	{ "nameserver", "here it is called 'upstream'" },
	{ "server", "here it is called 'upstream'" },
	{ "servers", "here it is called 'upstream'" },
	{ "resolver", "here it is called 'upstream'" },
};

static const struct {
	const struct row *rows;
	size_t count;
} places[FOREIGN_PLACE_COUNT] = {
	[FOREIGN_STATEMENT] = { statements, COUNT_OF(statements) },
	[FOREIGN_ENDPOINT] = { endpoints, COUNT_OF(endpoints) },
	[FOREIGN_SERVICE] = { services, COUNT_OF(services) },
	[FOREIGN_DNS] = { dns, COUNT_OF(dns) },
};

static const char *
find_beginning(struct str word)
{
	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (str_starts(word, str_of(beginnings[i].theirs)))
			return beginnings[i].hint;
	return NULL;
}

const char *
foreign_hint(enum foreign_place place, struct str word)
{
	const struct row *rows = places[place].rows;

	for (size_t i = 0; i < places[place].count; i++)
		if (str_eq_nocase(word, str_of(rows[i].theirs)))
			return rows[i].hint;
	return place == FOREIGN_STATEMENT ? find_beginning(word) : NULL;
}
