/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the DNS for tests, written piece by piece. */
#ifndef GATEHOUSE_TESTS_UNIT_DNS_WIRE_H
#define GATEHOUSE_TESTS_UNIT_DNS_WIRE_H

#include "dns/message.h"
#include "harness.h"

struct wire {
	char bytes[DNS_MESSAGE_MAX + 4096];
	size_t len;
	size_t data; /* where the open record's data begins */
};

static inline void
wire_put(struct wire *wire, const void *bytes, size_t len)
{
	assert_true(wire->len + len <= sizeof(wire->bytes));
	memcpy(wire->bytes + wire->len, bytes, len);
	wire->len += len;
}

static inline void
wire_16(struct wire *wire, unsigned value)
{
	char bytes[2];

	dns_put16(bytes, (uint16_t)value);
	wire_put(wire, bytes, 2);
}

static inline void
wire_name(struct wire *wire, const char *text)
{
	struct dns_name name;

	assert_int_equal(dns_name_parse(str_of(text), &name), 0);
	wire_put(wire, name.bytes, name.len);
}

static inline void
wire_begin(struct wire *wire, unsigned flags, const char *name, unsigned type)
{
	wire->len = 0;
	wire_16(wire, 7);
	wire_16(wire, flags);
	wire_16(wire, 1);
	for (int i = 0; i < 3; i++)
		wire_16(wire, 0);
	wire_name(wire, name);
	wire_16(wire, type);
	wire_16(wire, DNS_CLASS_IN);
}

/* A record of section 1 (answers) to 3; its data follows, then wire_end. */
static inline void
wire_record(struct wire *wire, unsigned section, const char *name,
    unsigned type, unsigned ttl)
{
	char *count = wire->bytes + 4 + section * (size_t)2;

	dns_put16(count, (uint16_t)(dns_get16(count) + 1));
	wire_name(wire, name);
	wire_16(wire, type);
	wire_16(wire, DNS_CLASS_IN);
	wire_16(wire, ttl >> 16);
	wire_16(wire, ttl & 0xffff);
	wire_16(wire, 0);
	wire->data = wire->len;
}

static inline void
wire_end(struct wire *wire)
{
	dns_put16(
	    wire->bytes + wire->data - 2, (uint16_t)(wire->len - wire->data));
}

static inline void
wire_alias(struct wire *wire, const char *from, const char *to, unsigned ttl)
{
	wire_record(wire, 1, from, DNS_TYPE_CNAME, ttl);
	wire_name(wire, to);
	wire_end(wire);
}

static inline void
wire_address(
    struct wire *wire, unsigned section, const char *name, unsigned ttl)
{
	static const char address[] = { (char)203, 0, 113, 80 };

	wire_record(wire, section, name, DNS_TYPE_A, ttl);
	wire_put(wire, address, sizeof(address));
	wire_end(wire);
}

static inline struct str
wire_str(const struct wire *wire)
{
	return (struct str){ wire->bytes, wire->len };
}

static inline struct dns_inquiry
wire_question(const char *name, unsigned type)
{
	struct dns_inquiry question = { .type = (uint16_t)type,
		.class = DNS_CLASS_IN };

	assert_int_equal(dns_name_parse(str_of(name), &question.name), 0);
	return question;
}

#endif
