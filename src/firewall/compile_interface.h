/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_interface: the interfaces of the policy's zones, each once,
 * and what lives behind them.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_INTERFACE_H
#define GATEHOUSE_FIREWALL_COMPILE_INTERFACE_H

#include "firewall/compile_impl.h"

/* `zones`: those behind it. */
typedef void (*compile_interface_fn)(struct compiler *compiler,
    struct str interface, uint64_t zones, void *context);

void compile_each_interface(
    struct compiler *compiler, compile_interface_fn fn, void *context);

/*
 * From an interface to its chain, which is called like it with `before` in
 * front: `iifname "int0" goto in.int0`, or a map where they are many.  With
 * `ppp*` that is one of ranges: not for base chains (firewall/split).
 */
void compile_interface_chains(
    struct compiler *compiler, const char *match, const char *before);

/*
 * A question to an address: whether it lives behind an interface of `zones`, as
 * one line for each family; nothing, where none of it does.  What is left has
 * another verdict, which follows.
 */
struct compile_home {
	uint64_t zones;
	const char *when; /* before all of it: "" or with a blank at its end */
	const char *what; /* before "ip saddr" */
	const char *side;
	const char *there; /* the verdict: "accept" */
	bool is_other;     /* of what has a prefix in another zone instead */
};

void compile_home(
    struct compiler *compiler, const struct compile_home *home, uint8_t family);

/*
 * The same question by the interface: lines of a chain that have a verdict for
 * what lives where it comes from or goes to.  The rest is left to what follows
 * them, if it goes to one chain.  Where interfaces are many, each has a chain.
 */
struct compile_ways {
	const char *match, *side; /* "iifname", "saddr" */
	const char *there;        /* a verdict */
	const char *before;       /* chains that are needed: "known." */
	const char *rest;         /* where what is left goes: a chain, or */
	bool rest_is_each;        /* one of each interface: "strange." */
};

void compile_ways(struct compiler *compiler, const struct compile_ways *ways);
void compile_ways_chains(
    struct compiler *compiler, const struct compile_ways *ways);

#endif
