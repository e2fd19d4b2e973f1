/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/journal: the `journal` of a policy, where events go.
 *
 *	journal {
 *	    file size 64M keep 5 every 1d
 *	    file "/var/log/gatehouse/events.log" as text
 *	    systemd
 *	    syslog udp 10.0.0.5:514 as logfmt facility local3
 *	    syslog "/dev/log"
 *	    stdout
 *	}
 *
 * One line is one output; none of them waits for another.  Without the
 * statement there is one: `file`.
 */
#ifndef GATEHOUSE_POLICY_JOURNAL_H
#define GATEHOUSE_POLICY_JOURNAL_H

#include "base/address.h"
#include "base/report.h"
#include "base/str.h"

/* Each has a thread and a queue in both daemons (console/journal_output). */
#define POLICY_JOURNAL_OUTPUTS_MAX 8

/* Of a file that does not say. */
#define POLICY_JOURNAL_BYTES       ((int64_t)64 << 20)
#define POLICY_JOURNAL_BYTES_MIN   ((int64_t)64 << 10)
#define POLICY_JOURNAL_KEEP        1
#define POLICY_JOURNAL_KEEP_MAX    100
#define POLICY_JOURNAL_EVERY_MIN_S 60

/* What sun_path holds, and what a folder and a name make at most. */
#define POLICY_JOURNAL_SOCKET_BYTES_MAX 107
#define POLICY_JOURNAL_PATH_BYTES_MAX   4000

#define POLICY_JOURNAL_SYSTEMD_SOCKET "/run/systemd/journal/socket"

/* Of RFC 5424, 6.2.1; a firewall's are those of a daemon. */
#define POLICY_JOURNAL_FACILITY 3

enum policy_journal_kind {
	POLICY_JOURNAL_FILE,
	POLICY_JOURNAL_STDOUT,
	POLICY_JOURNAL_SYSTEMD,
	POLICY_JOURNAL_SYSLOG_UNIX,
	POLICY_JOURNAL_SYSLOG_UDP,
	POLICY_JOURNAL_SYSLOG_TCP,
	POLICY_JOURNAL_KIND_COUNT
};

enum policy_journal_form {
	POLICY_JOURNAL_JSON,
	POLICY_JOURNAL_LOGFMT,
	POLICY_JOURNAL_TEXT,
	POLICY_JOURNAL_FORM_COUNT
};

/* One line of the statement.  What its kind does not have is 0. */
struct policy_journal_output {
	enum policy_journal_kind kind;
	enum policy_journal_form form;
	struct str path; /* of a file or a socket; at == NULL: the usual one */
	struct address_port at;
	unsigned facility;
	int64_t bytes_max;
	int64_t every; /* a new file each such time; 0: by size alone */
	unsigned keep; /* older files */
	struct place place;
};

struct policy_journal {
	struct policy_journal_output outputs[POLICY_JOURNAL_OUTPUTS_MAX];
	size_t count; /* never 0 in a policy that was resolved */
};

/* What there is without a statement. */
extern const struct policy_journal_output policy_journal_usual;

/* Whether both lead to the same place, though perhaps in other ways. */
bool policy_journal_same_place(const struct policy_journal_output *one,
    const struct policy_journal_output *other);

/* Whether it is reached by the network. */
bool policy_journal_is_server(enum policy_journal_kind kind);

/* "json", "logfmt", "text". */
const char *policy_journal_form_word(enum policy_journal_form form);

/* "local3"; NULL if there is no word for it. */
const char *policy_journal_facility_word(unsigned facility);
bool policy_journal_facility_parse(struct str word, unsigned *ret);

/* The line without its options: `syslog udp 10.0.0.5:514`. */
struct text;
void policy_journal_describe(
    const struct policy_journal_output *output, struct text *out);

#endif
