/* SPDX-License-Identifier: ISC
 *
 * net.c - sockets and time for the benchmark's programs.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (16 << 20) /* bytes requested for each socket: bursts must not be lost here */
#define BACKLOG 4096

void
bench_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

void
bench_refuse(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

struct bench_endpoint
bench_endpoint_of(const char *address, const char *port)
{
	struct bench_endpoint endpoint;
	char *end;
	unsigned long number = strtoul(port, &end, 10);

	memset(&endpoint, 0, sizeof(endpoint));
	if (*port == '\0' || *end != '\0' || number > 65535)
		bench_refuse("no port: %s", port);
	if (inet_pton(AF_INET, address, &endpoint.in.sin_addr) == 1) {
		endpoint.in.sin_family = AF_INET;
		endpoint.len = sizeof(endpoint.in);
	} else if (inet_pton(AF_INET6, address, &endpoint.in6.sin6_addr) == 1) {
		endpoint.in6.sin6_family = AF_INET6;
		endpoint.len = sizeof(endpoint.in6);
	} else {
		bench_refuse("no address: %s", address);
	}
	bench_endpoint_set_port(&endpoint, (uint16_t)number);
	return endpoint;
}

uint16_t
bench_endpoint_port(const struct bench_endpoint *endpoint)
{
	return ntohs(
	    endpoint->any.sa_family == AF_INET6 ? endpoint->in6.sin6_port : endpoint->in.sin_port);
}

void
bench_endpoint_set_port(struct bench_endpoint *endpoint, uint16_t port)
{
	if (endpoint->any.sa_family == AF_INET6)
		endpoint->in6.sin6_port = htons(port);
	else
		endpoint->in.sin_port = htons(port);
}

static void
set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) != 0)
		bench_die("setsockopt");
}

/* Beyond the system's limit if permitted, otherwise up to it. */
static void
set_buffers(int fd)
{
	const int size = BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
}

static int
open_bound(struct bench_endpoint *endpoint, int type)
{
	int fd = socket(endpoint->any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_die("socket");
	set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (type != SOCK_DGRAM)
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, &endpoint->any, endpoint->len) != 0 ||
	    getsockname(fd, &endpoint->any, &endpoint->len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
bench_udp_bind(struct bench_endpoint *endpoint)
{
	int fd = open_bound(endpoint, SOCK_DGRAM);

	if (fd >= 0)
		set_buffers(fd);
	return fd;
}

int
bench_tcp_listen(struct bench_endpoint *endpoint)
{
	int fd = open_bound(endpoint, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd >= 0 && listen(fd, BACKLOG) != 0)
		bench_die("listen");
	return fd;
}

int
bench_udp_connect(const struct bench_endpoint *endpoint)
{
	int fd = socket(endpoint->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		bench_die("socket");
	set_buffers(fd);
	if (connect(fd, &endpoint->any, endpoint->len) != 0)
		bench_die("connect");
	return fd;
}

void
bench_nodelay(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void
bench_gro_enable(int fd)
{
	set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
}

void
bench_segment_put(struct msghdr *message, union bench_segment_space *space, uint16_t size)
{
	struct cmsghdr *header;

	message->msg_control = space;
	message->msg_controllen = CMSG_SPACE(sizeof(size));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = IPPROTO_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(header), &size, sizeof(size));
}

uint16_t
bench_segment_get(struct msghdr *message, uint16_t whole)
{
	struct cmsghdr *header;
	int size;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(header), sizeof(size));
			return size > 0 && size < whole ? (uint16_t)size : whole;
		}
	}
	return whole;
}

uint64_t
bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
