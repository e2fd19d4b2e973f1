/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first flight of QUIC on any bytes.  The first byte says what the others
 * are: a datagram as it comes, or the frames of up to four packets, which are
 * sealed here, for no chance would find a seal.  Besides not crashing:
 * - nobody is told to wait for more than QUIC_HELLO_DATAGRAMS_MAX;
 * - a name that comes out is a host's name in its one spelling;
 * - what is read of a datagram looked like one.
 */
#include "net/quic_hello.h"

#include "base/must.h"

#include "../../unit/net/quic_packets.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
add(struct quic_hello *quic, struct str datagram)
{
	char again[HOSTNAME_MAX + 1];
	struct hello hello;
	int rc = quic_hello_add(quic, datagram, &hello);

	must(rc == 0 || rc == -EAGAIN || rc == -EBADMSG || rc == -ENOTSUP);
	must(rc != -EAGAIN || quic->datagrams <= QUIC_HELLO_DATAGRAMS_MAX);
	if (rc < 0)
		return rc;
	struct str name = hello_server_name(&hello), spelled;
	if (name.at != NULL) {
		must(hostname_parse(name, again, &spelled) == 0);
		must(str_eq(name, spelled));
	}
	return 0;
}

static void
try_frames(struct quic_hello *quic, struct str rest, unsigned count)
{
	uint8_t room[QUIC_PACKET_ROOM];
	size_t share = rest.len / count;

	for (unsigned i = 0; i < count; i++) {
		struct quic_packet packet = {
			.version = count % 2 ? QUIC_VERSION_1 : QUIC_VERSION_2,
			.id = STR("12345678"),
			.number = i,
			.number_bytes = 1 + i % 4,
			.frames = { rest.at + i * share, share },
			.fill = QUIC_DATAGRAM_BYTES_MIN,
		};
		if (share > 3000)
			packet.frames.len = 3000;
		struct str datagram = { (const char *)room,
			quic_packet_make(&packet, room) };
		must(quic_looks_like_initial(datagram));
		if (add(quic, datagram) != -EAGAIN)
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct quic_hello quic;

	if (size == 0)
		return 0;
	struct str rest = { (const char *)data + 1, size - 1 };
	memset(&quic, 0, sizeof(quic));
	if (data[0] % 5 == 0)
		(void)add(&quic, rest);
	else
		try_frames(&quic, rest, data[0] % 5);
	return 0;
}
