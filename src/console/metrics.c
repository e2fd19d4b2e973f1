/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text is made of whole families, as OpenMetrics wants them: # TYPE,
 * # UNIT, # HELP and then all lines of one family.
 */
#include "console/metrics.h"

#include <inttypes.h>

#include "base/clock.h"

struct family {
	const char *name; /* without gatehouse_ and _total */
	const char *unit; /* at the end of the name; NULL: none */
	const char *help;
	bool is_gauge;
};

static void
begin(struct text *out, const struct family *family)
{
	text_addf(out, "# TYPE gatehouse_%s %s\n", family->name,
	    family->is_gauge ? "gauge" : "counter");
	if (family->unit != NULL)
		text_addf(out, "# UNIT gatehouse_%s %s\n", family->name,
		    family->unit);
	text_addf(out, "# HELP gatehouse_%s %s\n", family->name, family->help);
}

static void
add_name(struct text *out, const struct family *family)
{
	text_addz(out, "gatehouse_");
	text_addz(out, family->name);
	if (!family->is_gauge)
		text_addz(out, "_total");
}

/* A policy's names are UTF-8; these three are what a label escapes. */
static void
add_label(struct text *out, const char *label, struct str value)
{
	text_addz(out, label);
	text_addz(out, "=\"");
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '\n')
			text_addz(out, "\\n");
		else if (c == '"' || c == '\\') {
			text_addc(out, '\\');
			text_addc(out, c);
		} else
			text_addc(out, c);
	}
	text_addc(out, '"');
}

static void
add_number(struct text *out, int64_t number)
{
	text_addc(out, ' ');
	if (number < 0)
		text_addc(out, '-');
	text_add_number(
	    out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
	text_addc(out, '\n');
}

static void
add_seconds(struct text *out, int64_t time)
{
	text_addf(out, " %" PRId64 ".%06" PRId64 "\n", time / CLOCK_SECOND,
	    time % CLOCK_SECOND / 1000);
}

static void
add_plain(struct text *out, const struct family *family, int64_t number)
{
	begin(out, family);
	add_name(out, family);
	add_number(out, number);
}

/* id, name, unit, gauge; what it means is said by event/counter. */
#define COUNTER_FAMILIES(ROW)                                                  \
	ROW(CONNECTIONS, "proxy_connections", NULL, false)                     \
	ROW(CONNECTIONS_OPEN, "proxy_connections_open", NULL, true)            \
	ROW(CONNECTIONS_SHED, "proxy_connections_shed", NULL, false)           \
	ROW(TLS_HANDSHAKES, "tls_handshakes", NULL, false)                     \
	ROW(TLS_RESUMED, "tls_resumed", NULL, false)                           \
	ROW(TLS_FAILED_TIMEOUT, "tls_failed_timeout", NULL, false)             \
	ROW(TLS_FAILED_CLOSED, "tls_failed_closed", NULL, false)               \
	ROW(TLS_FAILED_NOT_TLS, "tls_failed_not_tls", NULL, false)             \
	ROW(TLS_FAILED_VERSION, "tls_failed_version", NULL, false)             \
	ROW(TLS_FAILED_ALERT, "tls_failed_alert", NULL, false)                 \
	ROW(TLS_FAILED_CERTIFICATE, "tls_failed_certificate", NULL, false)     \
	ROW(TLS_FAILED_OTHERWISE, "tls_failed_otherwise", NULL, false)         \
	ROW(REQUESTS, "proxy_requests", NULL, false)                           \
	ROW(TUNNELS, "proxy_tunnels", NULL, false)                             \
	ROW(ALLOWED, "proxy_allowed", NULL, false)                             \
	ROW(REJECTED, "proxy_rejected", NULL, false)                           \
	ROW(DROPPED, "proxy_dropped", NULL, false)                             \
	ROW(BAD_REQUESTS, "proxy_bad_requests", NULL, false)                   \
	ROW(FRAME_FLOODS, "proxy_frame_floods", NULL, false)                   \
	ROW(UPSTREAM_DIALS, "upstream_dials", NULL, false)                     \
	ROW(UPSTREAM_REUSED, "upstream_reused", NULL, false)                   \
	ROW(UPSTREAM_MOVED, "upstream_moved", NULL, false)                     \
	ROW(UPSTREAM_SESSIONS, "upstream_sessions", NULL, false)               \
	ROW(UPSTREAM_FAILED, "upstream_failed", NULL, false)                   \
	ROW(OPENED, "opened", NULL, false)                                     \
	ROW(CERTIFICATES_REFUSED, "certificates_refused", NULL, false)         \
	ROW(PARENTS_DOWN, "parents_down", NULL, false)                         \
	ROW(DNS_QUERIES, "dns_queries", NULL, false)                           \
	ROW(DNS_FAILED, "dns_failed", NULL, false)                             \
	ROW(DNS_QUESTIONS, "dns_questions", NULL, false)                       \
	ROW(DNS_HITS, "dns_hits", NULL, false)                                 \
	ROW(DNS_STALE, "dns_stale", NULL, false)                               \
	ROW(DNS_REFUSED, "dns_refused", NULL, false)                           \
	ROW(DNS_GUARDED, "dns_guarded", NULL, false)                           \
	ROW(DNS_SHED, "dns_shed", NULL, false)                                 \
	ROW(DNS_MALFORMED, "dns_malformed", NULL, false)                       \
	ROW(DNS_ASKS, "dns_asks", NULL, false)                                 \
	ROW(DNS_ASKS_FAILED, "dns_asks_failed", NULL, false)                   \
	ROW(DNS_COLLAPSED, "dns_collapsed", NULL, false)                       \
	ROW(DNS_STRANGERS, "dns_strangers", NULL, false)                       \
	ROW(DNS_UNLEARNED, "dns_unlearned", NULL, false)                       \
	ROW(CACHE_HITS, "cache_hits", NULL, false)                             \
	ROW(CACHE_MISSES, "cache_misses", NULL, false)                         \
	ROW(CACHE_VALIDATED, "cache_validated", NULL, false)                   \
	ROW(CACHE_COLLAPSED, "cache_collapsed", NULL, false)                   \
	ROW(CACHE_STALE, "cache_stale", NULL, false)                           \
	ROW(CACHE_HIT_BYTES, "cache_hit_bytes", "bytes", false)                \
	ROW(CACHE_OBJECTS, "cache_objects", NULL, true)                        \
	ROW(CACHE_BYTES, "cache_bytes", "bytes", true)                         \
	ROW(CACHE_STORED, "cache_stored", NULL, false)                         \
	ROW(CACHE_EVICTED, "cache_evicted", NULL, false)                       \
	ROW(CACHE_PURGED, "cache_purged", NULL, false)                         \
	ROW(CACHE_THOROUGH, "cache_thorough", NULL, false)                     \
	ROW(COMPRESSED_BYTES, "compressed_bytes", "bytes", false)              \
	ROW(COMPRESSED_TO_BYTES, "compressed_to_bytes", "bytes", false)        \
	ROW(QUOTAS_FORGOTTEN, "quotas_forgotten", NULL, false)                 \
	ROW(BYTES_IN, "proxy_received_bytes", "bytes", false)                  \
	ROW(BYTES_OUT, "proxy_sent_bytes", "bytes", false)                     \
	ROW(EVENTS, "events", NULL, false)                                     \
	ROW(EVENTS_LOST, "events_lost", NULL, false)                           \
	ROW(PACKETS_LOGGED, "packets_logged", NULL, false)                     \
	ROW(PACKETS_SUPPRESSED, "packets_suppressed", NULL, false)             \
	ROW(PACKETS_LOST, "packets_lost", NULL, false)                         \
	ROW(FLOWS_RECORDED, "flows_recorded", NULL, false)                     \
	ROW(FLOWS_LOST, "flows_lost", NULL, false)                             \
	ROW(CALLS_REFUSED, "calls_refused", NULL, false)

static const struct {
	const char *name;
	const char *unit;
	bool is_gauge;
} counter_rows[] = {
#define ROW(id, name, unit, gauge) [COUNTER_##id] = { name, unit, gauge },
	COUNTER_FAMILIES(ROW)
#undef ROW
};

#define ROW(id, name, unit, gauge) +1
_Static_assert(
    0 COUNTER_FAMILIES(ROW) == COUNTER_COUNT, "every counter has a metric");
#undef ROW

/* Powers of two are exact, in decimal too. */
static void
add_bound(struct text *out, unsigned bucket)
{
	int power = HISTOGRAM_FIRST + (int)bucket;

	if (bucket + 1 == HISTOGRAM_BUCKETS)
		text_addz(out, "+Inf");
	else if (power < 0)
		text_addf(out, "%.17g", 1.0 / (1 << -power));
	else
		text_addf(out, "%d.0", 1 << power);
}

static void
write_counters(const struct metrics_snapshot *snapshot, struct text *out)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		const struct family family = { counter_rows[i].name,
			counter_rows[i].unit, counter_meaning((enum counter)i),
			counter_rows[i].is_gauge };

		add_plain(out, &family, snapshot->cells[i]);
	}
}

static void
write_histogram(enum histogram which, const int64_t *cells, struct text *out)
{
	const char *name = histogram_name(which);
	int64_t count = 0;

	text_addf(out, "# TYPE gatehouse_%s_seconds histogram\n", name);
	text_addf(out, "# UNIT gatehouse_%s_seconds seconds\n", name);
	text_addf(out, "# HELP gatehouse_%s_seconds %s\n", name,
	    histogram_meaning(which));
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		text_addf(out, "gatehouse_%s_seconds_bucket{le=\"", name);
		add_bound(out, i);
		count += cells[i];
		text_addz(out, "\"}");
		add_number(out, count);
	}
	text_addf(out, "gatehouse_%s_seconds_count", name);
	add_number(out, count);
	text_addf(out, "gatehouse_%s_seconds_sum", name);
	add_seconds(out, cells[HISTOGRAM_BUCKETS]);
}

static void
write_histograms(const struct metrics_snapshot *snapshot, struct text *out)
{
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++)
		write_histogram((enum histogram)i,
		    &snapshot->cells[HISTOGRAM_CELL(i, 0)], out);
}

static void
write_decisions(const struct metrics_snapshot *snapshot, struct text *out)
{
	static const struct family decisions = { "proxy_decisions", NULL,
		"flows that the proxy decided, by how much was known", false };

	begin(out, &decisions);
	for (unsigned phase = 0; phase < DECISION_PHASES; phase++)
		for (unsigned i = 0; i < DECISION_VERDICTS; i++) {
			add_name(out, &decisions);
			text_addf(out, "{phase=\"%s\",verdict=\"%s\"}",
			    decision_phase(phase), decision_verdict(i));
			add_number(
			    out, snapshot->cells[DECISION_CELL(phase, i)]);
		}
}

static void
write_values(const struct metrics_snapshot *snapshot, struct text *out)
{
	write_counters(snapshot, out);
	write_histograms(snapshot, out);
	write_decisions(snapshot, out);
}

static void
write_rule(struct text *out, const struct family *family,
    const struct metrics_rule *rule, const char *enforcer, uint64_t amount)
{
	add_name(out, family);
	text_addz(out, "{line=\"");
	text_add_number(out, rule->line);
	text_addz(out, "\",nth=\"");
	text_add_number(out, rule->nth);
	text_addz(out, "\",");
	add_label(out, "from", rule->from);
	text_addc(out, ',');
	add_label(out, "to", rule->to);
	text_addc(out, ',');
	add_label(out, "name", rule->name);
	text_addc(out, ',');
	add_label(out, "enforcer", str_of(enforcer));
	text_addc(out, ',');
	add_label(out, "verdict", str_of(rule->verdict));
	text_addc(out, '}');
	add_number(out, (int64_t)amount);
}

static uint64_t
part_of(const struct metrics_amount *amount, bool bytes)
{
	return bytes ? amount->bytes : amount->packets;
}

/* Early drop counts few rules: what it has not seen has no line. */
static void
write_rules(const struct metrics_snapshot *snapshot,
    const struct family *family, bool bytes, struct text *out)
{
	begin(out, family);
	for (size_t i = 0; i < snapshot->rule_count; i++) {
		const struct metrics_rule *rule = &snapshot->rules[i];

		if (i == METRICS_RULES_MAX)
			break;
		write_rule(out, family, rule, "firewall",
		    part_of(&rule->firewall, bytes));
		if (rule->early.packets > 0)
			write_rule(out, family, rule, "early_drop",
			    part_of(&rule->early, bytes));
	}
}

static void
write_kernel(const struct metrics_snapshot *snapshot,
    const struct family *family, bool bytes, struct text *out)
{
	begin(out, family);
	for (size_t i = 0; i < snapshot->kernel_count; i++) {
		add_name(out, family);
		text_addc(out, '{');
		add_label(out, "counter", snapshot->kernel[i].name);
		text_addc(out, '}');
		add_number(
		    out, (int64_t)part_of(&snapshot->kernel[i].amount, bytes));
	}
}

static void
write_packets(const struct metrics_snapshot *snapshot, struct text *out)
{
	static const struct family rules = { "rules", NULL,
		"rules of the policy; those past 10000 have no series", true };
	static const struct family packets = { "rule_packets", NULL,
		"packets that met a rule: the first of each flow", false };
	static const struct family bytes = { "rule_bytes", "bytes",
		"bytes of these packets", false };
	static const struct family kernel = { "kernel_packets", NULL,
		"packets that the ruleset counted apart from rules", false };
	static const struct family kernel_bytes = { "kernel_bytes", "bytes",
		"bytes of these packets", false };
	static const struct family early = { "early_drop_ban_packets", NULL,
		"packets of banned sources, refused at the driver", false };

	add_plain(out, &rules, (int64_t)snapshot->rule_count);
	write_rules(snapshot, &packets, false, out);
	write_rules(snapshot, &bytes, true, out);
	write_kernel(snapshot, &kernel, false, out);
	write_kernel(snapshot, &kernel_bytes, true, out);
	add_plain(out, &early, (int64_t)snapshot->early_bans);
}

static void
begin_list(struct text *out, const struct family *family,
    const struct metrics_list *list)
{
	add_name(out, family);
	text_addc(out, '{');
	add_label(out, "list", list->name);
	text_addc(out, '}');
}

static void
write_lists(const struct metrics_snapshot *snapshot, struct text *out)
{
	static const struct family entries = { "list_entries", NULL,
		"entries of a list", true };
	static const struct family read = { "list_read_timestamp_seconds",
		"seconds", "when the list was read", true };
	static const struct family problem = { "list_problem", NULL,
		"1 while the file on the disk is not what is in force", true };

	begin(out, &entries);
	for (size_t i = 0; i < snapshot->list_count; i++) {
		begin_list(out, &entries, &snapshot->lists[i]);
		add_number(out, (int64_t)snapshot->lists[i].entries);
	}
	begin(out, &read);
	for (size_t i = 0; i < snapshot->list_count; i++) {
		begin_list(out, &read, &snapshot->lists[i]);
		add_seconds(out, snapshot->lists[i].read);
	}
	begin(out, &problem);
	for (size_t i = 0; i < snapshot->list_count; i++) {
		begin_list(out, &problem, &snapshot->lists[i]);
		add_number(out, snapshot->lists[i].has_problem);
	}
}

static void
begin_process(struct text *out, const struct family *family,
    const struct metrics_process *process)
{
	add_name(out, family);
	text_addc(out, '{');
	add_label(out, "process", str_of(process->name));
	text_addc(out, '}');
}

static void
write_processes(const struct metrics_snapshot *snapshot, struct text *out)
{
	static const struct family cpu = { "process_cpu_seconds", "seconds",
		"processor time, user and system", false };
	static const struct family bytes = { "process_resident_memory_bytes",
		"bytes", "memory that is resident", true };
	static const struct family start = { "process_start_time_seconds",
		"seconds", "when the process started", true };
	static const struct family fds = { "process_open_fds", NULL,
		"open descriptors", true };
	const struct metrics_process *end =
	    snapshot->processes + snapshot->process_count;

	begin(out, &cpu);
	for (const struct metrics_process *one = snapshot->processes; one < end;
	     one++) {
		begin_process(out, &cpu, one);
		add_seconds(out, one->cpu);
	}
	begin(out, &bytes);
	for (const struct metrics_process *one = snapshot->processes; one < end;
	     one++) {
		begin_process(out, &bytes, one);
		add_number(out, one->bytes);
	}
	begin(out, &start);
	for (const struct metrics_process *one = snapshot->processes; one < end;
	     one++) {
		begin_process(out, &start, one);
		add_seconds(out, one->start);
	}
	begin(out, &fds);
	for (const struct metrics_process *one = snapshot->processes; one < end;
	     one++) {
		if (one->fds < 0)
			continue;
		begin_process(out, &fds, one);
		add_number(out, one->fds);
	}
}

static void
write_state(const struct metrics_snapshot *snapshot, struct text *out)
{
	static const struct family build = { "build_info", NULL,
		"1, with the version", true };
	static const struct family number = { "policy_generation", NULL,
		"number of the generation in force", true };
	static const struct family since = { "policy_since_timestamp_seconds",
		"seconds", "when it came into force", true };
	static const struct family up = { "proxy_up", NULL,
		"1 if the proxy answered", true };
	static const struct family starts = { "proxy_starts", NULL,
		"times the proxy was started", false };
	static const struct family bans = { "bans", NULL, "bans in force",
		true };
	static const struct family quotas = { "quotas", NULL,
		"counts of quotas that are kept", true };

	begin(out, &build);
	text_addz(out, "gatehouse_build_info{");
	add_label(out, "version", str_of(snapshot->version));
	text_addz(out, "} 1\n");
	add_plain(out, &number, snapshot->generation);
	begin(out, &since);
	add_name(out, &since);
	add_seconds(out, snapshot->since);
	add_plain(out, &up, snapshot->proxy_answers);
	add_plain(out, &starts, snapshot->proxy_starts);
	add_plain(out, &bans, (int64_t)snapshot->bans);
	add_plain(out, &quotas, (int64_t)snapshot->quotas);
}

void
metrics_write(const struct metrics_snapshot *snapshot, struct text *out)
{
	write_state(snapshot, out);
	if (snapshot->counters_known)
		write_values(snapshot, out);
	write_packets(snapshot, out);
	write_lists(snapshot, out);
	write_processes(snapshot, out);
	text_addz(out, "# EOF\n");
}
