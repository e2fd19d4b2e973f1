# SPDX-License-Identifier: GPL-2.0-or-later
"""Bugs that somebody could make in the compiler of rulesets.

Each is one piece of text and what stands there instead: the ruleset is still
one that the kernel takes, and means something else than the policy.  How they
are caught is in scripts/mutate; that each piece is still there, exactly once,
is looked at by tests/test_mutants.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str  # in src/firewall
    text: str
    instead: str


MUTANTS = [
    Mutant(
        "ban-one-too-late",
        "compile_refused.c",
        "name, source, rule->ban.count - 1);",
        "name, source, rule->ban.count);",
    ),
    Mutant(
        "ban-of-neighbours-at-once",
        "compile_refused.c",
        'NETWORK " @" NEAR " ", "ip6 saddr" }',
        'NETWORK " @" NEAR " ", NETWORK }',
    ),
    Mutant(
        "invalid-arrives-in-place-of-others",
        "compile_base.c",
        "if (untranslated)",
        "if (untranslated && false)",
    ),
    Mutant(
        "invalid-counted-as-a-connection",
        "compile_aside.c",
        "if (rule->connections > 0)\n\t\twrite_uncounted",
        "if (rule->connections > 0 && false)\n\t\twrite_uncounted",
    ),
    Mutant(
        "quota-past-the-proxy",
        "compile_reading.c",
        "(policy_rule_needs_proxy(rule) &&",
        "(rule->parent != NULL &&",
    ),
    Mutant(
        "source-for-destination",
        "compile_match.c",
        'add_groups(compiler, &matches, to, "daddr", chain->to);',
        'add_groups(compiler, &matches, to, "saddr", chain->to);',
    ),
    Mutant(
        "range-one-too-long",
        "compile_match.c",
        'text_addf(out, "-%u", ports[i].last);',
        'text_addf(out, "-%u", ports[i].last + 1u);',
    ),
    Mutant(
        "except-ignored-for-sources",
        "compile_match.c",
        "if (except == NULL)\n\t\treturn matches;",
        "if (except == NULL || side[0] == 's')\n\t\treturn matches;",
    ),
    Mutant(
        "except-ignored-for-zones",
        "compile_match.c",
        "if ((except->zones & policy_zone_bit(zone)) != 0)",
        "if ((except->zones & policy_zone_bit(zone)) != 0 && false)",
    ),
    Mutant(
        "last-map-wins",
        "compile_shared.c",
        "chain first.%u {\\n\\t\\tmeta priority > %u ",
        "chain first.%u {\\n\\t\\tmeta priority != %u ",
    ),
    Mutant(
        "last-range-wins",
        "compile_span.c",
        "begun->items[(at - 1) / 2]->rule > span->rule",
        "begun->items[(at - 1) / 2]->rule < span->rule",
    ),
    Mutant(
        "protocol-lost",
        "compile_match.c",
        "for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)\n"
        "\t\tif (is_named(services, (enum policy_protocol)i))",
        "for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++)\n"
        "\t\tif (i != POLICY_PROTOCOL_UDP &&\n"
        "\t\t    is_named(services, (enum policy_protocol)i))",
    ),
    Mutant(
        "wrong-family",
        "compile_match.c",
        "family == ADDRESS_IPV4 ? kind->type4 : kind->type6;",
        "family == ADDRESS_IPV6 ? kind->type4 : kind->type6;",
    ),
    Mutant(
        "counter-missing",
        "compile_tail.c",
        'text_addf(tail, "counter name \\"%s\\" ", counter);',
        "if (rule->verdict != POLICY_VERDICT_REJECT)\n"
        '\t\ttext_addf(tail, "counter name \\"%s\\" ", counter);',
    ),
    Mutant(
        "log-without-its-line",
        "compile_tail.c",
        ".rule_line = rule->line,",
        ".rule_line = rule->report ? 0 : rule->line,",
    ),
    Mutant(
        "log-lost",
        "compile_tail.c",
        "(chain->kind == CHAIN_PROXIED && rule->direct);\n}\n\n/* Counter",
        "false;\n}\n\n/* Counter",
    ),
    Mutant(
        "reject-for-drop",
        "compile_tail.c",
        'dropped = { "drop", "drop" };',
        'dropped = { "goto refuse", "goto refuse" };',
    ),
    Mutant(
        "report-decides",
        "compile_tail.c",
        "if (!rule->report)\n\t\ttext_addz(tail, action_of(chain, rule));",
        "text_addz(tail, action_of(chain, rule));",
    ),
    Mutant(
        "direct-ignored",
        "compile_tail.c",
        "return is_proxied && !rule->direct ? proxied : allowed;",
        "return is_proxied ? proxied : allowed;",
    ),
    Mutant(
        "name-rule-ignored",
        "compile_reading.c",
        "return rule->verdict != POLICY_VERDICT_ALLOW || rule->parent != NULL ||",
        "return rule->parent != NULL ||",
    ),
    Mutant(
        "limit-ignored",
        "compile_tail.c",
        "return compile_is_limited(rule) && chain->kind",
        "return compile_is_limited(rule) && rule->limit.count == 0 && chain->kind",
    ),
    Mutant(
        "one-connection-more",
        "compile_aside.c",
        'text_addf(&over, "ct count over %u", rule->connections);',
        'text_addf(&over, "ct count over %u", rule->connections + 1);',
    ),
    Mutant(
        "hours-the-other-way-round",
        "compile_time.c",
        "int utc = (int)minute - offset_minutes;",
        "int utc = (int)minute + offset_minutes;",
    ),
    Mutant(
        "established-too-early",
        "compile_known.c",
        'compile_line(compiler, "ct mark and " ASIDE " != 0 goto aside");\n'
        "\tcompile_ask_bandwidth(compiler);\n"
        "\tcompile_known_flows(compiler);",
        "compile_known_flows(compiler);\n"
        '\tcompile_line(compiler, "ct mark and " ASIDE " != 0 goto aside");',
    ),
    Mutant(
        "local-scope-passes",
        "compile_leaving.c",
        'branch_add(&branch, &compiler->local_scope, "misrouted");',
        "",
    ),
    Mutant(
        "spoofed-passes",
        "compile_entry.c",
        "if (zone == policy->elsewhere) {\n"
        "\t\twrite_elsewhere_checks(compiler, spoofed);",
        "if (zone == policy->elsewhere) {",
    ),
    Mutant(
        "masquerade-from-anywhere",
        "compile_nat.c",
        'compile_add_home(compiler, "saddr", from, family, &line);\n'
        '\tcompile_add_home(compiler, "daddr", to, family, &line);',
        'compile_add_home(compiler, "daddr", to, family, &line);',
    ),
    Mutant(
        "hairpin-missing",
        "compile_nat.c",
        "for_each_published(compiler, write_hairpin);",
        "",
    ),
    Mutant(
        "snat-to-anywhere",
        "compile_nat.c",
        'compile_add_home(compiler, "daddr", way->to, family, &line);\n'
        "\t\tcompile_line(compiler,",
        "compile_line(compiler,",
    ),
    Mutant(
        "last-snat-wins",
        "compile_nat.c",
        "write_new_sources(compiler, &policy->snats[i]);",
        "write_new_sources(\n"
        "\t\t    compiler, &policy->snats[policy->snat_count - 1 - i]);",
    ),
    Mutant(
        "snat-before-map",
        "compile_nat.c",
        "compile_map_sources(compiler);\n"
        "\tfor (size_t i = 0; i < policy->snat_count; i++)\n"
        "\t\twrite_new_sources(compiler, &policy->snats[i]);",
        "for (size_t i = 0; i < policy->snat_count; i++)\n"
        "\t\twrite_new_sources(compiler, &policy->snats[i]);\n"
        "\tcompile_map_sources(compiler);",
    ),
    Mutant(
        "map-called-so-everywhere",
        "compile_map.c",
        'compile_add_home(compiler, "daddr", map->zone, family_of(map), &line);',
        "",
    ),
    Mutant(
        "map-takes-the-gateway's-own",
        "compile_map.c",
        'is_single(map) ? "" : "fib daddr type != local ", word_of(map),',
        '"", word_of(map),',
    ),
    Mutant(
        "mapped-to-the-gateway",
        "compile_map.c",
        "for_each_map(compiler, write_input);",
        "",
    ),
    Mutant(
        "answers-of-mapped-are-lost",
        "compile_map.c",
        '"ct direction original ct status & dnat == dnat ct original %s "',
        '"ct status & dnat == dnat ct original %s "',
    ),
    Mutant(
        "mapped-answers-stray",
        "compile_map.c",
        "for_each_map(compiler, write_hairpin);",
        "",
    ),
    Mutant(
        "moved-ports-stay",
        "compile_nat.c",
        "policy_target_port(rule, (uint16_t)port));",
        "(unsigned)port);",
    ),
]
