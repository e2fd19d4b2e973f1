/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_shape.h"

#include "firewall/compile_shared.h"

#include <errno.h>

/* So few ranges of ports are asked for one by one. */
#define PORTS_IN_LINES 4

struct writer {
	struct compiler *compiler;
	const struct shape *shape;
	bool is_alone;
	struct text body;
	size_t count;
};

/* "ip saddr", "(ip6 daddr & ffff:ffff::)" */
static void
add_side_key(
    struct text *out, const struct shape *shape, uint8_t bits, const char *side)
{
	unsigned width = element_width(shape->family);
	char text[ADDRESS_TEXT_BYTES];

	text_addf(out, "%s%s %s", bits < width ? "(" : "",
	    compile_family_word(shape->family), side);
	if (bits >= width)
		return;
	struct bound rest = bound_low_bits(width - bits);
	struct bound all = bound_low_bits(width);
	struct bound mask = { all.high & ~rest.high, all.low & ~rest.low };
	text_addf(out, " & %s)",
	    address_format(bound_address(mask, shape->family), text));
}

static void
add_dot(struct text *out, size_t start)
{
	text_addz(out, out->len > start ? " . " : "");
}

/* What the map is asked. */
static void
add_key(struct text *out, const struct shape *shape)
{
	size_t start = out->len;

	if (shape->source != SHAPE_NOTHING)
		add_side_key(out, shape, shape->source, "saddr");
	if (shape->destination != SHAPE_NOTHING) {
		add_dot(out, start);
		add_side_key(out, shape, shape->destination, "daddr");
	}
	if (shape->service != SHAPE_ANY_SERVICE) {
		add_dot(out, start);
		text_addz(out, "meta l4proto");
	}
	if (shape->service == SHAPE_PORT)
		text_addz(out, " . th dport");
}

static void
add_type(struct text *out, const struct shape *shape)
{
	const char *address =
	    shape->family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr";
	size_t start = out->len;

	if (shape->source != SHAPE_NOTHING)
		text_addz(out, address);
	if (shape->destination != SHAPE_NOTHING) {
		add_dot(out, start);
		text_addz(out, address);
	}
	if (shape->service != SHAPE_ANY_SERVICE) {
		add_dot(out, start);
		text_addz(out, "inet_proto");
	}
	if (shape->service == SHAPE_PORT)
		text_addz(out, " . inet_service");
}

/* Its key; tcp and its like by their words, which nft has of itself. */
static void
add_value(struct text *out, const struct element *element)
{
	const struct shape *shape = &element->shape;
	const struct policy_protocol_row *row =
	    policy_protocol_row((enum policy_protocol)element->protocol);
	char text[ADDRESS_TEXT_BYTES];
	size_t start = out->len;

	if (shape->source != SHAPE_NOTHING)
		text_addz(out,
		    address_format(
			bound_address(element->source, shape->family), text));
	if (shape->destination != SHAPE_NOTHING) {
		add_dot(out, start);
		text_addz(
		    out, address_format(
			     bound_address(element->destination, shape->family),
			     text));
	}
	if (shape->service != SHAPE_ANY_SERVICE) {
		add_dot(out, start);
		if (row->has == POLICY_PROTOCOL_HAS_PORTS)
			text_addz(out, row->word);
		else
			text_addf(out, "%u", row->number);
	}
	if (shape->service == SHAPE_PORT)
		text_addf(out, " . %u", element->first_port);
}

static void
begin_element(struct writer *writer)
{
	text_addz(
	    &writer->body, writer->count++ > 0 ? ",\n\t\t\t" : "\n\t\t\t");
}

/* What is found: the number, or the chain that keeps it if it is the least. */
static void
add_found(struct writer *writer, uint32_t outcome)
{
	struct shared *shared = writer->compiler->shared;
	unsigned number = compile_number(shared, outcome);

	if (writer->is_alone) {
		text_addf(&writer->body, " : %u", number);
		return;
	}
	compile_shared_use(shared, outcome, SHARED_FIRST);
	text_addf(&writer->body, " : jump first.%u", number);
}

static void
add_exact(struct writer *writer, const struct element *elements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && element_cmp(&elements[i], &elements[i - 1]) == 0)
			continue;
		begin_element(writer);
		add_value(&writer->body, &elements[i]);
		add_found(writer, elements[i].outcome);
	}
}

static void
add_ranges(struct writer *writer, const struct element *elements, size_t count)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];
	struct spans spans = { 0 }, cut = { 0 };
	uint8_t family = writer->shape->family;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = spans_add(
		    &spans, (struct span){ elements[i].source,
				elements[i].destination, elements[i].outcome });
	if (rc < 0 || spans_cut(&spans, &cut) < 0)
		writer->compiler->rc = -ENOMEM;
	for (size_t i = 0; i < cut.count; i++) {
		struct address_range range = {
			bound_address(cut.items[i].first, family),
			bound_address(cut.items[i].last, family),
		};
		begin_element(writer);
		text_addz(&writer->body, address_range_format(&range, text));
		add_found(writer, cut.items[i].rule);
	}
	spans_fini(&spans);
	spans_fini(&cut);
}

static void
add_port_span(struct text *out, const struct span *span)
{
	text_addf(out, "%u", (unsigned)span->first.low);
	if (span->last.low != span->first.low)
		text_addf(out, "-%u", (unsigned)span->last.low);
}

/* The chain of one key: its ranges of ports. */
static unsigned
write_ports(struct compiler *compiler, const struct spans *cut)
{
	bool in_lines = cut->count <= PORTS_IN_LINES;
	struct text body = TEXT_EMPTY;

	text_addz(&body, in_lines ? "" : "\t\tth dport vmap {");
	for (size_t i = 0; i < cut->count; i++) {
		const struct span *span = &cut->items[i];
		unsigned number = compile_number(compiler->shared, span->rule);
		text_addz(&body, in_lines ? "\t\tth dport "
				 : i > 0  ? ",\n\t\t\t"
					  : "\n\t\t\t");
		add_port_span(&body, span);
		if (in_lines) {
			text_addf(&body,
			    " meta priority > %u meta priority set %u\n",
			    number, number);
			continue;
		}
		text_addf(&body, " : jump first.%u", number);
		compile_shared_use(compiler->shared, span->rule, SHARED_FIRST);
	}
	text_addz(&body, in_lines ? "" : "\n\t\t}\n");
	unsigned piece =
	    compile_shared_piece(compiler, "chain", "ports", text_str(&body));
	compile_text_fini(compiler, &body);
	return piece;
}

static void
add_ports_of_key(
    struct writer *writer, const struct element *elements, size_t count)
{
	struct spans spans = { 0 }, cut = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = spans_add(&spans,
		    (struct span){ { 0, elements[i].first_port },
			{ 0, elements[i].last_port }, elements[i].outcome });
	if (rc < 0 || spans_cut(&spans, &cut) < 0)
		writer->compiler->rc = -ENOMEM;
	begin_element(writer);
	add_value(&writer->body, &elements[0]);
	text_addf(&writer->body, " : jump ports.%u",
	    write_ports(writer->compiler, &cut));
	spans_fini(&spans);
	spans_fini(&cut);
}

static void
add_ports(struct writer *writer, const struct element *elements, size_t count)
{
	for (size_t i = 0, next; i < count; i = next) {
		next = i + 1;
		while (next < count &&
		       element_cmp_rest(&elements[next], &elements[i]) == 0)
			next++;
		add_ports_of_key(writer, &elements[i], next - i);
	}
}

static bool
has_ranges(const struct shape *shape)
{
	return shape->source == SHAPE_RANGES ||
	       shape->destination == SHAPE_RANGES;
}

static void
add_elements(
    struct writer *writer, const struct element *elements, size_t count)
{
	if (has_ranges(writer->shape))
		add_ranges(writer, elements, count);
	else if (writer->shape->service == SHAPE_PORTS)
		add_ports(writer, elements, count);
	else
		add_exact(writer, elements, count);
}

/* The map's whole body: type, size, elements.  The kernel's best table for a
 * map that it knows the size of is the one of that size. */
static void
add_body(struct text *body, const struct writer *writer)
{
	text_addz(body, "\t\ttype ");
	add_type(body, writer->shape);
	text_addz(body, writer->is_alone ? " : classid\n" : " : verdict\n");
	if (has_ranges(writer->shape))
		text_addz(body, "\t\tflags interval\n");
	else
		text_addf(body, "\t\tsize %zu\n", writer->count);
	text_addz(body, "\t\telements = {");
	text_add(body, text_str(&writer->body));
	text_addz(body, "\n\t\t}\n");
}

void
compile_shape_write(struct compiler *compiler, const struct element *elements,
    size_t count, bool is_alone)
{
	const struct shape *shape = &elements[0].shape;
	struct writer writer = { compiler, shape,
		is_alone && shape->service != SHAPE_PORTS, TEXT_EMPTY, 0 };
	struct text key = TEXT_EMPTY, body = TEXT_EMPTY;

	add_elements(&writer, elements, count);
	add_body(&body, &writer);
	unsigned piece =
	    compile_shared_piece(compiler, "map", "shape", text_str(&body));
	add_key(&key, shape);
	compile_line(compiler, "%s%.*s %s @shape.%u",
	    writer.is_alone ? "meta priority set " : "",
	    STR_ARG(text_str(&key)), writer.is_alone ? "map" : "vmap", piece);
	compile_text_fini(compiler, &key);
	compile_text_fini(compiler, &body);
	compile_text_fini(compiler, &writer.body);
}
