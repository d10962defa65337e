/* SPDX-License-Identifier: ISC
 *
 * tap.c - bench_tap: counts the packets between a forwarder and its upstreams by time.
 *
 * It reads packets at the forwarder's end of the wire, so that queries to a dead server are
 * counted as well. The counts are in a file in shared memory: a reader sees them grow. A query
 * over TCP is counted where a segment begins with it, or where it follows another in the segment,
 * as all forwarders send them; a retransmitted segment is not counted again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dns.h"
#include "net.h"

#define SERVERS_MAX 8
#define BIN_NS UINT64_C(100000000)
#define BINS 36000 /* an hour */
#define PACKET_MAX 2048 /* the rest of a longer one is not read */
#define PORT 53
#define ICMP_UNREACHABLE 3
#define PORTS 65536
#define QUEUE_LEN (8 << 20)

enum count { UDP_LOAD, UDP_OTHER, TCP_LOAD, TCP_OTHER, TCP_OPENED, ANSWERS, UNREACHABLE, COUNTS };

struct server {
	uint32_t addr; /* network order */
	uint32_t next[PORTS]; /* per port of the forwarder: sequence number after the last byte */
};

/* A packet after its IP header. */
struct packet {
	const uint8_t *at;
	size_t len;
	uint8_t protocol;
	bool out; /* to the server */
	struct server *server;
};

static struct server servers[SERVERS_MAX];
static size_t server_count;
static uint32_t (*bins)[SERVERS_MAX][COUNTS];
static uint64_t epoch_ns;

static void
count_one(const struct server *server, enum count count)
{
	uint64_t bin = (bench_now_ns() - epoch_ns) / BIN_NS;

	if (bin < BINS)
		bins[bin][server - servers][count]++;
}

static void
count_question(const struct server *server, const uint8_t *message, size_t len, bool tcp)
{
	struct bench_question question;
	bool load = bench_question_read(message, len, &question) &&
	    bench_kind_of(message + BENCH_HEADER) != BENCH_OTHER;

	if (tcp)
		count_one(server, load ? TCP_LOAD : TCP_OTHER);
	else
		count_one(server, load ? UDP_LOAD : UDP_OTHER);
}

static void
look_at_udp(const struct packet *packet)
{
	if (packet->len < 8)
		return;
	if (packet->out && bench_get16(packet->at + 2) == PORT)
		count_question(packet->server, packet->at + 8, packet->len - 8, false);
	else if (!packet->out && bench_get16(packet->at) == PORT)
		count_one(packet->server, ANSWERS);
}

/* RFC 1035 s4.2.2: each message follows its length. */
static void
look_at_stream(const struct server *server, const uint8_t *at, size_t left)
{
	while (left > 2 + BENCH_HEADER) {
		size_t len = bench_get16(at);

		count_question(server, at + 2, len < left - 2 ? len : left - 2, true);
		if (len + 2 >= left)
			return;
		at += 2 + len;
		left -= 2 + len;
	}
}

static void
look_at_tcp(const struct packet *packet)
{
	const uint8_t *at = packet->at;
	size_t header = packet->len < 20 ? packet->len : (size_t)(at[12] >> 4) * 4;
	uint32_t sequence, end, *next;

	if (!packet->out || packet->len < 20 || header > packet->len || bench_get16(at + 2) != PORT)
		return;
	next = &packet->server->next[bench_get16(at)];
	sequence = bench_get32(at + 4);
	if ((at[13] & 0x02) != 0) { /* SYN */
		if (*next != sequence + 1)
			count_one(packet->server, TCP_OPENED);
		*next = sequence + 1;
		return;
	}
	end = sequence + (uint32_t)(packet->len - header);
	if ((int32_t)(end - *next) <= 0)
		return;
	*next = end;
	look_at_stream(packet->server, at + header, packet->len - header);
}

static void
look_at_icmp(const struct packet *packet)
{
	if (!packet->out && packet->len > 0 && packet->at[0] == ICMP_UNREACHABLE)
		count_one(packet->server, UNREACHABLE);
}

static void
look_at(const uint8_t *ip, size_t len, bool out)
{
	struct packet packet = { .out = out };
	size_t header = len < 20 ? len : (size_t)(ip[0] & 15) * 4;
	uint32_t addr;

	if (len < 20 || header > len || ip[0] >> 4 != 4)
		return;
	memcpy(&addr, ip + (out ? 16 : 12), sizeof(addr));
	packet.at = ip + header;
	packet.len = len - header;
	packet.protocol = ip[9];
	for (size_t i = 0; i < server_count; i++) {
		if (servers[i].addr == addr)
			packet.server = &servers[i];
	}
	if (packet.server == NULL)
		return;
	if (packet.protocol == IPPROTO_UDP)
		look_at_udp(&packet);
	else if (packet.protocol == IPPROTO_TCP)
		look_at_tcp(&packet);
	else if (packet.protocol == IPPROTO_ICMP)
		look_at_icmp(&packet);
}

static void
map_bins(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, BINS * sizeof(*bins)) != 0)
		bench_die(path);
	bins = mmap(NULL, BINS * sizeof(*bins), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bins == MAP_FAILED)
		bench_die("mmap");
	close(fd);
}

/* All servers are in the first server's network of 16 bits; the packets of the load are ignored. */
static int
open_tap(void)
{
	uint32_t network = ntohl(servers[0].addr) & 0xffff0000;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff0000),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network, 3, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff0000),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)), len = QUEUE_LEN;

	if (fd < 0)
		bench_die("packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
		bench_die("SO_ATTACH_FILTER");
	return fd;
}

int
main(int argc, char **argv)
{
	uint8_t packet[PACKET_MAX];
	int fd;

	if (argc < 4 || argc - 3 > SERVERS_MAX)
		bench_refuse("usage: bench_tap FILE EPOCH-NS ADDRESS ...");
	map_bins(argv[1]);
	epoch_ns = strtoull(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		if (inet_pton(AF_INET, argv[i], &servers[server_count++].addr) != 1)
			bench_refuse("no address: %s", argv[i]);
	}
	fd = open_tap();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("ready %d\n", PORT);
	fflush(stdout);
	for (;;) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t len =
		    recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);

		if (len < 0 && errno != EINTR)
			bench_die("recvfrom");
		if (len > 0)
			look_at(packet, (size_t)len, from.sll_pkttype == PACKET_OUTGOING);
	}
}
