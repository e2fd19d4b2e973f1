/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/early_drop: a flood from listed sources, as a driver would deliver it.
 *
 *	early_drop HOW LIST SOURCES INTERFACE ADDRESS SECONDS
 *
 * Small UDP frames from SOURCES addresses of the LIST (CIDR, one a line) come
 * in by INTERFACE for ADDRESS, made inside the kernel (BPF_PROG_TEST_RUN with
 * live frames).  HOW says what meets them: `early` the program of early drop,
 * `ruleset` whatever rules there are, `limit` nothing: they are dropped at
 * once.  Prints how many they were and the nanoseconds of CPU time for all,
 * and the seconds that it took to load the list into the program.
 */
#include "firewall/early_program.h"
#include "firewall/early_table.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bench_early_drop.skel.h>

#define FRAME_BYTES 64
#define TRIAL       100000 /* frames, from which the rest is reckoned */
#define SOURCES_MAX (1 << 20)

static _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "early_drop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
read_list(const char *path, struct address_set *set)
{
	FILE *file = fopen(path, "re");
	struct address_range range;
	const char *why;
	char line[64];

	if (file == NULL)
		die(path);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct str all = str_of(line);
		struct str one = { all.at, str_find(all, '\n') };
		if (address_range_parse(one, &range, &why) == 0 &&
		    address_set_add(set, &range) < 0)
			die("a range");
	}
	(void)fclose(file);
	address_set_freeze(set);
}

/* One address of each of so many ranges, which lie all over the list. */
static void
choose_sources(struct bench_early_drop *skeleton, const struct address_set *set,
    uint32_t count)
{
	size_t bytes = SOURCES_MAX * sizeof(uint64_t);
	uint64_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    bpf_map__fd(skeleton->maps.sources), 0);

	if (at == MAP_FAILED)
		die("mmap");
	for (uint32_t i = 0; i < count; i++) {
		const struct range4 *range =
		    &set->v4.items[(uint64_t)i * set->v4.count / count];
		uint32_t room = range->last - range->first + 1;
		at[i] = htonl(range->first + i * 2654435761U % room);
	}
	(void)munmap(at, bytes);
	skeleton->bss->source_count = count;
}

static void
read_hardware(const char *interface, uint8_t ret[static 6])
{
	struct ifreq request = { .ifr_ifindex = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(
	    request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		die(interface);
	memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	(void)close(fd);
}

static struct early_program *
load_early(const struct address_set *set, uint32_t index,
    const uint8_t hardware[static 6], double *ret_seconds)
{
	struct early_plan plan = { .row_count = 1 };
	struct early_program *program = NULL;
	struct early_table table;
	struct text why = TEXT_EMPTY;
	int64_t began = now(CLOCK_MONOTONIC);

	plan.rows[0].v4.items = set->v4.items;
	plan.rows[0].v4.count = set->v4.count;
	int rc = early_table_fill(&plan, &table);
	if (rc == 0)
		rc = early_program_load(&table, NULL, &program, &why);
	if (rc == 0)
		rc = early_program_serve(program, index, hardware);
	if (rc < 0) {
		(void)fprintf(stderr, "early_drop: %s\n",
		    why.len > 0 ? why.at : strerror(-rc));
		exit(1);
	}
	early_table_fini(&table);
	*ret_seconds = (double)(now(CLOCK_MONOTONIC) - began) / 1e9;
	return program;
}

static void
write_frame(uint8_t frame[static FRAME_BYTES], const uint8_t hardware[static 6],
    const char *address)
{
	static const uint8_t head[] = { 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0,
		64, 17 };

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, hardware, 6);
	frame[6] = 2;
	memcpy(frame + 12, head, sizeof(head));
	if (inet_pton(AF_INET, address, frame + 30) != 1)
		die(address);
	frame[35] = 99; /* ports 99 and 9 */
	frame[37] = 9;
	frame[39] = 26; /* of UDP: its head and 18 bytes */
}

/* The nanoseconds of CPU time that so many frames take. */
static int64_t
flood(struct bench_early_drop *skeleton, uint8_t frame[static FRAME_BYTES],
    uint32_t index, int frames)
{
	struct xdp_md context = { .data_end = FRAME_BYTES - 4,
		.ingress_ifindex = index };
	struct bpf_test_run_opts options = { .sz = sizeof(options),
		.data_in = frame,
		.data_size_in = FRAME_BYTES - 4,
		.ctx_in = &context,
		.ctx_size_in = sizeof(context),
		.repeat = frames,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.batch_size = 64 };
	int64_t began = now(CLOCK_PROCESS_CPUTIME_ID);

	if (bpf_prog_test_run_opts(
		bpf_program__fd(skeleton->progs.generate), &options) < 0)
		die("BPF_PROG_TEST_RUN");
	return now(CLOCK_PROCESS_CPUTIME_ID) - began;
}

/* What each frame is given to; nothing: the ruleset. */
static void
set_target(struct bench_early_drop *skeleton, const char *how,
    const struct early_program *program)
{
	uint32_t first = 0;
	int fd = program != NULL ? early_program_fd(program) : -1;

	if (strcmp(how, "limit") == 0)
		fd = bpf_program__fd(skeleton->progs.limit);
	if (fd >= 0 && bpf_map_update_elem(bpf_map__fd(skeleton->maps.next),
			   &first, &fd, BPF_ANY) < 0)
		die("the program");
}

static void
measure(struct bench_early_drop *skeleton, uint8_t frame[static FRAME_BYTES],
    uint32_t index, double seconds)
{
	int64_t trial = flood(skeleton, frame, index, TRIAL);
	double frames = seconds * 1e9 * TRIAL / (double)trial;

	if (frames > 1e9)
		frames = 1e9;
	int64_t ns = flood(skeleton, frame, index, (int)frames);
	(void)printf("%d %lld", (int)frames, (long long)ns);
}

int
main(int argc, char **argv)
{
	struct bench_early_drop *skeleton = bench_early_drop__open_and_load();
	struct early_program *program = NULL;
	struct address_set set = { 0 };
	uint8_t hardware[6], frame[FRAME_BYTES];
	double load_seconds = 0;

	if (argc != 7) {
		(void)fputs("usage: early_drop HOW LIST SOURCES INTERFACE "
			    "ADDRESS SECONDS\n",
		    stderr);
		return 2;
	}
	uint32_t index = if_nametoindex(argv[4]);
	if (skeleton == NULL || index == 0)
		die("cannot begin");
	read_list(argv[2], &set);
	choose_sources(skeleton, &set, (uint32_t)strtoul(argv[3], NULL, 10));
	read_hardware(argv[4], hardware);
	write_frame(frame, hardware, argv[5]);
	if (strcmp(argv[1], "early") == 0)
		program = load_early(&set, index, hardware, &load_seconds);
	/* An interface takes live frames only while XDP is on it. */
	struct bpf_link_create_opts options = { .sz = sizeof(options),
		.flags = XDP_FLAGS_DRV_MODE };
	if (bpf_link_create(bpf_program__fd(skeleton->progs.generate),
		(int)index, BPF_XDP, &options) < 0)
		die("XDP on the interface");
	set_target(skeleton, argv[1], program);
	measure(skeleton, frame, index, strtod(argv[6], NULL));
	(void)printf(" %.3f\n", load_seconds);
	early_program_free(program);
	address_set_fini(&set);
	bench_early_drop__destroy(skeleton);
	return 0;
}
