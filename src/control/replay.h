/* SPDX-License-Identifier: ISC
 *
 * replay.h - messages that are too old, too new, or that were seen before.
 *
 * Layer    control, private
 * Threads  main thread
 * Memory   embedded in its owner
 * Units    seconds since 1970
 * Sources  BIND 9.18: control_recvmessage() of bin/named/controlconf.c
 */
#pragma once

#include <split53/rndc.h>

/*
 * A message that was signed long ago is refused by its times. Within these a copy is found by its
 * serial and times, of the last REPLAY_SEEN messages. A copy of an older one is still worth
 * nothing: a command counts only with the nonce of its connection, and each connection has another.
 */
#define REPLAY_SEEN 1024

struct replay {
	struct {
		uint32_t serial, sent_s;
	} seen[REPLAY_SEEN];
	unsigned count, next;
};

/*
 * NULL: the message is new, and is remembered. Else why it is refused: a text for the log, as
 * BIND's.
 */
const char *replay_check(
    struct replay *replay, const struct s53_rndc_message *message, uint64_t now_s);
