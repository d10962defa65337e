/* SPDX-License-Identifier: ISC
 *
 * faulty.c - bench_faulty: options, sockets, the loop, commands. README.md describes both.
 *
 * Commands are read from standard input, one a line, and confirmed with "ok" when they are in
 * force; at its end the program ends. Packets are lost in the kernel: a filter on the sockets
 * drops them before they are seen, so that the sender is not told and TCP retransmits as usual.
 */
#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "faulty.h"

#define PORTS_TRIED 20
#define EVENTS 64
#define READS_MAX 64 /* datagrams before other descriptors get their turn */
#define LINE_MAX_LEN 256
#define PER_CENT (UINT32_MAX / 100)

void
faulty_watch(const struct faulty *faulty, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(faulty->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		bench_die("epoll_ctl");
}

void
faulty_lose(int fd, uint32_t percent)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, percent * PER_CENT, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int unused = 0;

	if (percent >= 100)
		program = (struct sock_fprog){ 1, nothing };
	if (percent == 0)
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
		bench_die("SO_ATTACH_FILTER");
}

static void
take_question(
    struct faulty *faulty, const struct faulty_target *from, const uint8_t *message, size_t len)
{
	uint8_t space[BENCH_REPLY_MAX];
	struct faulty_reply reply = {
		.due_ns = bench_now_ns() + faulty->mode.delay_ms * UINT64_C(1000000),
		.to = *from,
	};

	len = len < FAULTY_QUERY_MAX ? len : FAULTY_QUERY_MAX;
	reply.len = faulty_answer(faulty, message, len, from->connection != 0, space);
	if (reply.len == 0)
		return;
	reply.octets = malloc(reply.len);
	if (reply.octets == NULL)
		bench_die("memory");
	memcpy(reply.octets, space, reply.len);
	faulty_queue_put(&faulty->queue, &reply);
}

static void
read_datagrams(struct faulty *faulty)
{
	uint8_t message[FAULTY_QUERY_MAX];

	for (int i = 0; i < READS_MAX; i++) {
		struct faulty_target from = { .addr_len = sizeof(from.addr) };
		ssize_t got = recvfrom(faulty->udp, message, sizeof(message), MSG_DONTWAIT,
		    (struct sockaddr *)&from.addr, &from.addr_len);

		if (got < 0)
			return;
		take_question(faulty, &from, message, (size_t)got);
	}
}

static void
send_due(struct faulty *faulty)
{
	struct faulty_reply reply;

	while (faulty_queue_take(&faulty->queue, bench_now_ns(), &reply)) {
		if (reply.to.connection != 0)
			faulty_tcp_send(&reply);
		else
			(void)sendto(faulty->udp, reply.octets, reply.len, 0,
			    (struct sockaddr *)&reply.to.addr, reply.to.addr_len);
		free(reply.octets);
	}
}

static enum faulty_answers
answers_of(const char *word)
{
	static const char *const words[] = {
		[FAULTY_GOOD] = "good",
		[FAULTY_SERVFAIL] = "servfail",
		[FAULTY_REFUSED] = "refused",
		[FAULTY_GARBAGE] = "garbage",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0)
			return i;
	}
	bench_refuse("no answers: %s", word);
}

static void
obey(struct faulty *faulty, const char *line)
{
	struct faulty_mode *mode = &faulty->mode;
	char key[32], word[32];
	uint32_t value;

	if (sscanf(line, "%31s %31s", key, word) != 2)
		bench_refuse("no command: %s", line);
	value = (uint32_t)strtoul(word, NULL, 10);
	if (strcmp(key, "answers") == 0) {
		mode->answers = answers_of(word);
	} else if (strcmp(key, "delay") == 0) {
		mode->delay_ms = value;
	} else if (strcmp(key, "truncate") == 0) {
		mode->truncate = value;
	} else if (strcmp(key, "lose-udp") == 0) {
		faulty_lose(faulty->udp, value);
	} else if (strcmp(key, "lose-tcp") == 0) {
		faulty_lose(faulty->tcp, value); /* new connections inherit it */
		faulty_tcp_lose(value);
	} else {
		bench_refuse("no command: %s", line);
	}
}

static void
read_commands(struct faulty *faulty)
{
	static char text[LINE_MAX_LEN];
	static size_t len;
	ssize_t got = read(faulty->control, text + len, sizeof(text) - 1 - len);
	char *end;

	if (got <= 0)
		exit(0);
	len += (size_t)got;
	text[len] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		obey(faulty, text);
		puts("ok");
		fflush(stdout);
		len -= (size_t)(end + 1 - text);
		memmove(text, end + 1, len + 1);
	}
}

static void
handle(struct faulty *faulty, int fd)
{
	if (fd == faulty->udp)
		read_datagrams(faulty);
	else if (fd == faulty->tcp)
		faulty_tcp_accept(faulty);
	else if (fd == faulty->control)
		read_commands(faulty);
	else
		faulty_tcp_read(faulty, fd, take_question);
}

static _Noreturn void
serve(struct faulty *faulty)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		uint64_t wait_ns = faulty_queue_wait_ns(&faulty->queue, bench_now_ns());
		struct timespec wait = { .tv_nsec = (long)wait_ns };
		int count = epoll_pwait2(faulty->epoll, events, EVENTS, &wait, NULL);

		if (count < 0 && errno != EINTR)
			bench_die("epoll_pwait2");
		for (int i = 0; i < count; i++)
			handle(faulty, events[i].data.fd);
		send_due(faulty);
	}
}

int
main(int argc, char **argv)
{
	static struct faulty faulty;
	struct bench_endpoint endpoint;

	if (argc != 3)
		bench_refuse("usage: bench_faulty ADDRESS PORT");
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* also while it is stopped */
	endpoint = bench_endpoint_of(argv[1], argv[2]);
	faulty.udp = bench_udp_bind(&endpoint);
	faulty.tcp = bench_tcp_listen(&endpoint);
	/* A port that the kernel chose for UDP may be in use for TCP. */
	for (unsigned i = 0; i < PORTS_TRIED && faulty.tcp < 0 && strcmp(argv[2], "0") == 0; i++) {
		close(faulty.udp);
		endpoint = bench_endpoint_of(argv[1], argv[2]);
		faulty.udp = bench_udp_bind(&endpoint);
		faulty.tcp = bench_tcp_listen(&endpoint);
	}
	faulty.control = STDIN_FILENO;
	faulty.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (faulty.udp < 0 || faulty.tcp < 0 || faulty.epoll < 0)
		bench_die("bind");
	faulty_watch(&faulty, faulty.udp);
	faulty_watch(&faulty, faulty.tcp);
	faulty_watch(&faulty, faulty.control);
	printf("ready %u\n", bench_endpoint_port(&endpoint));
	fflush(stdout);
	serve(&faulty);
}
