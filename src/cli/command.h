/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/command: one command, one file, one row in main's table.
 */
#ifndef GATEHOUSE_CLI_COMMAND_H
#define GATEHOUSE_CLI_COMMAND_H

#include "base/report.h"
#include "daemon/exit_status.h"

#include <stdbool.h>

/* Descriptors that one --keep-fd each hands on. */
#define OPTION_KEPT_MAX 16

/* Each --allow has a line of the policy to itself. */
#define OPTION_ALLOWED_MAX 64

/* What every command may be given; a command says which it takes. */
struct options {
	bool json;
	bool follow;
	bool verbose;
	bool check;             /* look, change nothing */
	bool force;             /* although it is most likely a mistake */
	bool lists;             /* shows them whole */
	bool dry_run;           /* say what would change, and change nothing */
	bool quiet;             /* say nothing of what changes */
	bool running;           /* asks the gateway instead of a file */
	bool metrics;           /* as OpenMetrics text */
	bool logfmt;            /* as KEY=VALUE pairs */
	bool utc;               /* times are not local ones */
	bool once;              /* one screen, as text */
	const char *lines;      /* -n N; NULL: not said */
	const char *every;      /* --every TIME; NULL: not said */
	const char *file;       /* --file FILE; NULL: not said */
	bool yes;               /* asks nothing */
	const char *runtime;    /* --runtime DIR */
	const char *netns;      /* --netns NAME; NULL: where it is called */
	const char *state;      /* --state DIR; NULL: none */
	const char *early_drop; /* --early-drop MODE */
	const char *confirm;    /* --confirm TIME; NULL: it is not needed */
	const char *as;         /* --as NAME; NULL: none */
	const char *since;      /* --since TIME; NULL: as the command says */
	const char *html;       /* --html FILE; NULL: as text */
	const char *output;     /* -o FILE; NULL: standard output */
	const char *learn;      /* --learn FILE; NULL: not said */
	const char *log;        /* --log FILE; NULL: not said */
	bool summary;           /* at the end, what was reached */
	bool unix_sockets;      /* --unix */
	const char *allowed[OPTION_ALLOWED_MAX]; /* --allow NAME,... */
	size_t allowed_count;
	int kept[OPTION_KEPT_MAX]; /* --keep-fd N */
	size_t kept_count;
	char **words; /* what is no option */
	int count;
	int behind; /* of those, how many stood behind -- */
};

enum option_bits {
	OPTION_JSON = 1,
	OPTION_FOLLOW = 2,
	OPTION_RUNTIME = 4,
	OPTION_VERBOSE = 8,
	OPTION_CHECK = 16,
	OPTION_RUNNING = 32,
	OPTION_DRY_RUN = 64,
	OPTION_QUIET = 128,
	OPTION_EARLY_DROP = 256,
	OPTION_FORCE = 512,
	OPTION_LISTS = 1024,
	OPTION_NETNS = 2048,
	OPTION_STATE = 4096,
	OPTION_CONFIRM = 8192,
	OPTION_AS = 16384,
	OPTION_METRICS = 32768,
	OPTION_SINCE = 1 << 24,
	OPTION_HTML = 1 << 25,
	OPTION_LOGFMT = 1 << 16,
	OPTION_UTC = 1 << 17,
	OPTION_LINES = 1 << 18,
	OPTION_ONCE = 1 << 19,
	OPTION_EVERY = 1 << 20,
	OPTION_FILE = 1 << 21,
	OPTION_OUTPUT = 1 << 26,
	OPTION_YES = 1 << 27,
	OPTION_EXEC = 1 << 22, /* all that `exec` alone takes, and --quiet */
};

struct command {
	const char *name;
	const char *usage;   /* the words behind the name */
	const char *summary; /* one line */
	const char *help;    /* paragraphs and examples */
	unsigned takes;      /* option_bits */
	int words_min, words_max;
	enum status (*run)(const struct options *options);
};

extern const struct command command_check;
extern const struct command command_explain;
extern const struct command command_diff;
extern const struct command command_fmt;
extern const struct command command_import;
extern const struct command command_setup;
extern const struct command command_show;
extern const struct command command_run;
extern const struct command command_apply;
extern const struct command command_confirm;
extern const struct command command_rollback;
extern const struct command command_history;
extern const struct command command_stop;
extern const struct command command_upgrade;
extern const struct command command_status;
extern const struct command command_log;
extern const struct command command_why;
extern const struct command command_top;
extern const struct command command_flows;
extern const struct command command_ban;
extern const struct command command_unban;
extern const struct command command_bans;
extern const struct command command_cache;
extern const struct command command_ca;
extern const struct command command_quota;
extern const struct command command_names;
extern const struct command command_report;
extern const struct command command_exec;

/* Colours go to terminals only, and not where NO_COLOR is set. */
bool colour_wanted(int fd);

/* "gatehouse: " and the message, on standard error. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* The report on standard error, or nothing if it is empty. */
void print_report(const struct report *report);

/* The text on standard output, or on standard error. */
void print_text(const struct text *text);
void complain_text(const struct text *text);

#endif
