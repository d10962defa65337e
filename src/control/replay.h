/* SPDX-License-Identifier: ISC
 *
 * replay.h - detects messages that are too old, too new, or replayed.
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
 * The times in a message reject it when it was signed long ago. A copy that is recent enough is
 * detected by serial and times, which are kept for the last REPLAY_SEEN messages. A copy of an
 * older message has no effect either: a command is run only with the nonce of its connection, and
 * each connection has another nonce.
 */
#define REPLAY_SEEN 1024

struct replay {
	struct {
		uint32_t serial, sent_s;
	} seen[REPLAY_SEEN];
	unsigned count, next;
};

/*
 * Returns NULL if the message is new, and remembers it. Else returns why it is rejected, in the
 * words of BIND's log.
 */
const char *replay_check(
    struct replay *replay, const struct s53_rndc_message *message, uint64_t now_s);
