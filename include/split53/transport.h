/* SPDX-License-Identifier: ISC
 *
 * transport.h - sockets to upstream servers and what their errors mean, with and without an
 * exchanger.
 *
 * Layer    transport
 * Threads  any
 * Memory   the caller owns the descriptor
 */
#pragma once

#include <split53/exchange.h>
#include <split53/upstream.h>

/*
 * Open a socket for `upstream`; `type` is SOCK_DGRAM or SOCK_STREAM. It is non-blocking and
 * close-on-exec, reports ICMP errors (UDP), and is bound to the source address of the server's
 * options with a port of the kernel's choice. It is not connected. -1: errno.
 */
int s53_transport_socket(const struct s53_upstream *upstream, int type);

/*
 * How an exchange with `upstream` ends after a system call failed with `error` (errno).
 * NO_RESOURCES: this host is short of something; the server is not to blame, and an open socket may
 * still work. UNREACHABLE also where this host has no address of the server's family.
 */
enum s53_exchange_end s53_transport_end_of(const struct s53_upstream *upstream, int error);
