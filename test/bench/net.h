/* SPDX-License-Identifier: ISC
 *
 * net.h - sockets and time for the benchmark's programs.
 *
 * If something cannot be opened the program ends with a line that gives the reason: these programs
 * run once.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct bench_endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

/* Print `prog: what: errno` and exit with 1. */
_Noreturn void bench_die(const char *what);

/* The same without errno. */
_Noreturn void bench_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Numbers only. */
struct bench_endpoint bench_endpoint_of(const char *address, const char *port);

/* The port, in host order. */
uint16_t bench_endpoint_port(const struct bench_endpoint *endpoint);
void bench_endpoint_set_port(struct bench_endpoint *endpoint, uint16_t port);

/*
 * A socket bound to the endpoint, with SO_REUSEPORT and buffers as large as possible; UDP or
 * listening TCP. Port 0 in the endpoint becomes the port that the kernel chose. -1: the address is
 * in use.
 */
int bench_udp_bind(struct bench_endpoint *endpoint);
int bench_tcp_listen(struct bench_endpoint *endpoint);

/* A UDP socket connected to the endpoint, from a random port. */
int bench_udp_connect(const struct bench_endpoint *endpoint);

void bench_nodelay(int fd);

/* Receive several datagrams of one sender as one. */
void bench_gro_enable(int fd);

/* Send one message as datagrams of `size` bytes: writes a control message to `space`. */
union bench_segment_space {
	size_t alignment; /* of struct cmsghdr, which no member may follow in clang's eyes */
	uint8_t octets[CMSG_SPACE(sizeof(int))];
};

void bench_segment_put(struct msghdr *message, union bench_segment_space *space, uint16_t size);

/* The size of the datagrams that arrived as one, or `whole` if there was only one. */
uint16_t bench_segment_get(struct msghdr *message, uint16_t whole);

/* Monotonic. */
uint64_t bench_now_ns(void);
