/* SPDX-License-Identifier: ISC
 *
 * upstream.c - bench_upstream: a server that knows every name. README.md describes its options.
 *
 * One thread answers UDP, another TCP; the main thread waits for signals: SIGUSR1 writes the
 * counts to the stats file, SIGTERM and SIGINT do so and end the program.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns.h"
#include "responder.h"

#define LIE_EVERY 100
#define TRIES_MAX 20

enum lie { NO_LIE, LIE_ADDRESS, LIE_ID, LIE_RCODE, LIE_QUESTION, LIE_COUNT, LIE_EDNS, LIES };

static const char *const lies[LIES] = {
	[NO_LIE] = "none",
	[LIE_ADDRESS] = "address",
	[LIE_ID] = "id",
	[LIE_RCODE] = "rcode",
	[LIE_QUESTION] = "question",
	[LIE_COUNT] = "count",
	[LIE_EDNS] = "edns",
};

/* Of one thread, which alone writes the counts. */
struct service {
	struct bench_rules rules;
	bool drop;
	enum lie lie;
	unsigned truths; /* since the last wrong answer */
	_Atomic uint64_t counts[BENCH_KINDS];
	_Atomic uint64_t refused; /* messages that were no query */
	struct responder responder;
	int fd;
	unsigned delay_ms;
	bool trains;
};

static struct service udp, tcp;
static const char *stats_file;

static void
count_one(_Atomic uint64_t *count)
{
	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* A wrong answer, to test the check of answers. */
static size_t
tell_lie(const struct service *service, size_t question_end, uint8_t *reply, size_t len)
{
	switch (service->lie) {
	case LIE_ADDRESS:
		reply[question_end + 15] ^= 1;
		break;
	case LIE_ID:
		reply[0] ^= 0x40;
		break;
	case LIE_RCODE:
		reply[3] ^= BENCH_NXDOMAIN;
		break;
	case LIE_QUESTION:
		reply[BENCH_HEADER + 4] ^= 0x20;
		break;
	case LIE_COUNT:
		reply[7] = 0;
		return question_end;
	case LIE_EDNS:
		reply[11] ^= 1;
		return reply[11] == 0 ? len - BENCH_OPT_LEN : len;
	default:
		break;
	}
	return len;
}

static uint8_t *
answer(void *arg, uint8_t *message, size_t *len, uint8_t *reply)
{
	struct service *service = arg;
	struct bench_question question;

	if (!bench_question_read(message, *len, &question)) {
		count_one(&service->refused);
		return NULL;
	}
	count_one(&service->counts[bench_kind_of(message + BENCH_HEADER)]);
	if (service->drop)
		return NULL;
	*len = bench_reply_write(&service->rules, &question, message, reply);
	if (service->lie != NO_LIE && ++service->truths == LIE_EVERY) {
		service->truths = 0;
		*len = tell_lie(service, question.end, reply, *len);
	}
	return reply;
}

static void
put_counts(FILE *out, const char *name, const struct service *service)
{
	uint64_t all = 0;

	fprintf(out, "\"%s\": {", name);
	for (unsigned i = 0; i < BENCH_KINDS; i++) {
		uint64_t count = atomic_load_explicit(&service->counts[i], memory_order_relaxed);

		fprintf(out, "\"%s\": %llu, ", bench_kind_word(i), (unsigned long long)count);
		all += count;
	}
	fprintf(out, "\"refused\": %llu, \"all\": %llu}",
	    (unsigned long long)atomic_load_explicit(&service->refused, memory_order_relaxed),
	    (unsigned long long)all);
}

/* Replaced at once: a reader finds the old counts or the new. */
static void
write_stats(void)
{
	char path[4096];
	FILE *out;

	if (stats_file == NULL)
		return;
	snprintf(path, sizeof(path), "%s.new", stats_file);
	if ((out = fopen(path, "we")) == NULL)
		bench_die(path);
	fputs("{", out);
	put_counts(out, "udp", &udp);
	fputs(", ", out);
	put_counts(out, "tcp", &tcp);
	fputs("}\n", out);
	if (fclose(out) != 0 || rename(path, stats_file) != 0)
		bench_die(stats_file);
}

static void *
run_udp(void *arg)
{
	(void)arg;
	if (udp.delay_ms > 0)
		responder_delayed(&udp.responder, udp.fd, udp.delay_ms);
	if (udp.trains)
		responder_trains(&udp.responder, udp.fd);
	responder_udp(&udp.responder, udp.fd);
}

static void *
run_tcp(void *arg)
{
	(void)arg;
	responder_tcp(&tcp.responder, tcp.fd);
}

static unsigned
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > INT32_MAX)
		bench_refuse("no number: %s", text);
	return (unsigned)value;
}

static enum lie
lie_of(const char *text)
{
	for (unsigned i = 0; i < LIES; i++) {
		if (strcmp(text, lies[i]) == 0)
			return i;
	}
	bench_refuse("no lie: %s", text);
}

static void
read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ttl", required_argument, NULL, 't' },
		{ "delay", required_argument, NULL, 'd' },
		{ "drop", no_argument, NULL, 'x' },
		{ "stats-file", required_argument, NULL, 's' },
		{ "trains", no_argument, NULL, 'g' },
		{ "lie", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int key;

	udp.rules.ttl = 3600;
	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (key) {
		case 't':
			udp.rules.ttl = number(optarg);
			break;
		case 'd':
			udp.delay_ms = number(optarg);
			break;
		case 'x':
			udp.drop = true;
			break;
		case 's':
			stats_file = optarg;
			break;
		case 'g':
			udp.trains = true;
			break;
		case 'l':
			udp.lie = lie_of(optarg);
			break;
		default:
			exit(2);
		}
	}
	tcp.rules = udp.rules;
	tcp.rules.tcp = true;
	tcp.drop = udp.drop;
	tcp.lie = udp.lie;
}

/* UDP and TCP on one port; with port 0, one that is free for both. */
static uint16_t
bind_both(struct bench_endpoint endpoint)
{
	bool any = bench_endpoint_port(&endpoint) == 0;

	for (int i = 0; i < TRIES_MAX; i++) {
		udp.fd = bench_udp_bind(&endpoint);
		tcp.fd = bench_tcp_listen(&endpoint);
		if (tcp.fd >= 0)
			return bench_endpoint_port(&endpoint);
		close(udp.fd);
		if (!any)
			break;
		bench_endpoint_set_port(&endpoint, 0);
	}
	bench_die("bind");
}

static void
start(struct service *service, void *(*run)(void *))
{
	pthread_t thread;

	service->responder = (struct responder){ answer, service };
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		bench_die("pthread_create");
	pthread_detach(thread);
}

int
main(int argc, char **argv)
{
	sigset_t signals;
	uint16_t port;
	int got;

	read_options(argc, argv);
	if (argc - optind != 2)
		bench_refuse("usage: bench_upstream [options] ADDRESS PORT");
	port = bind_both(bench_endpoint_of(argv[optind], argv[optind + 1]));
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	start(&udp, run_udp);
	start(&tcp, run_tcp);
	printf(number(argv[optind + 1]) == 0 ? "ready %u\n" : "ready\n", port);
	fflush(stdout);
	do {
		sigwait(&signals, &got);
		write_stats();
	} while (got == SIGUSR1);
	_exit(0);
}
