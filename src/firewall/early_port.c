/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_port.h"

#include "firewall/early_program.h"
#include "firewall/links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
early_port_detach(struct early_port *port)
{
	if (port->fd >= 0)
		(void)close(port->fd);
	port->fd = -1;
}

/*
 * Once: not again at every look.  `expected` is what auto mode chose by itself,
 * which only `status` tells.
 */
static void
say_why(
    struct early_port *port, bool expected, struct text *words, const char *why)
{
	if (strcmp(port->why, why) == 0)
		return;
	(void)snprintf(port->why, sizeof(port->why), "%s", why);
	if (!expected)
		text_addf(words,
		    "early drop: %s: %s; nftables refuses alone there\n",
		    port->name, why);
}

/* What the interface is, not what can be had on it; "" where all is well. */
static void
find_obstacle(const struct host_links *links, const struct host_link *link,
    char ret[static EARLY_WHY_BYTES])
{
	const struct host_link *other;

	ret[0] = '\0';
	if (!link->is_ethernet)
		(void)snprintf(
		    ret, EARLY_WHY_BYTES, "its packets have no Ethernet head");
	else if (link->master != 0 &&
		 (other = links_find_index(links, link->master)) != NULL)
		(void)snprintf(
		    ret, EARLY_WHY_BYTES, "it is a part of %s", other->name);
	else if ((other = links_find_twin(links, link)) != NULL)
		(void)snprintf(ret, EARLY_WHY_BYTES,
		    "%s stands on it and has the same hardware address",
		    other->name);
}

static const char *
refusal_word(int rc)
{
	switch (-rc) {
	case EBUSY:
	case EEXIST:
		return "another XDP program is there";
	case EOPNOTSUPP:
		return "its driver has no XDP";
	case ENOSPC:
		return "another interface has its place in the program";
	default:
		return strerror(-rc);
	}
}

/* Native where the driver has it; else behind the driver, if that is told. */
static int
attach(const struct early_program *program, enum early_mode mode,
    uint32_t interface, bool *ret_is_generic)
{
	int fd = early_program_attach(program, interface, false);

	*ret_is_generic = false;
	if (fd >= 0 || mode != EARLY_ON || fd == -EBUSY || fd == -EEXIST)
		return fd;
	*ret_is_generic = true;
	return early_program_attach(program, interface, true);
}

static bool
begin(struct early_port *port, struct early_program *program,
    enum early_mode mode, const struct host_link *link, struct text *words)
{
	int fd = early_program_serve(program, link->index, link->hardware);

	if (fd == 0)
		fd = attach(program, mode, link->index, &port->is_generic);
	if (fd < 0) {
		say_why(port, fd == -EOPNOTSUPP && mode == EARLY_AUTO, words,
		    refusal_word(fd));
		return false;
	}
	port->fd = fd;
	port->index = link->index;
	port->why[0] = '\0';
	memcpy(port->hardware, link->hardware, sizeof(port->hardware));
	return true;
}

/* Another interface under the old name, or another address of this one. */
static void
see_change(struct early_port *port, struct early_program *program,
    const struct host_link *link)
{
	if (port->index != link->index)
		early_port_detach(port);
	else if (memcmp(port->hardware, link->hardware,
		     sizeof(port->hardware)) != 0 &&
		 early_program_serve(program, link->index, link->hardware) == 0)
		memcpy(port->hardware, link->hardware, sizeof(port->hardware));
}

bool
early_port_look(struct early_port *port, struct early_program *program,
    enum early_mode mode, const struct host_links *links, struct text *words)
{
	const struct host_link *link = links_find(links, port->name);
	char obstacle[EARLY_WHY_BYTES] = "there is no such interface now";

	if (link != NULL)
		find_obstacle(links, link, obstacle);
	if (link == NULL || obstacle[0] != '\0') {
		early_port_detach(port);
		say_why(port, mode == EARLY_AUTO, words, obstacle);
		return false;
	}
	/* Its packets are in buffers already, and would be copied for it. */
	if (mode == EARLY_AUTO && strcmp(link->kind, "veth") == 0) {
		say_why(port, true, words, "nothing is gained on a veth");
		return false;
	}
	if (port->fd >= 0)
		see_change(port, program, link);
	return port->fd < 0 && begin(port, program, mode, link, words);
}

void
early_port_follow(struct early_port *port, struct early_program *program)
{
	if (port->fd >= 0 &&
	    (early_program_serve(program, port->index, port->hardware) < 0 ||
		early_program_follow(program, port->fd) < 0))
		early_port_detach(port);
}

void
early_port_json(const struct early_port *port, struct json *json)
{
	json_object_begin(json);
	json_name(json, "name");
	json_put_stringz(json, port->name);
	json_name(json, "driver");
	json_put_stringz(json, port->fd < 0       ? NULL
			       : port->is_generic ? "generic"
						  : "native");
	json_name(json, "why");
	json_put_stringz(json, port->why[0] != '\0' ? port->why : NULL);
	json_object_end(json);
}
