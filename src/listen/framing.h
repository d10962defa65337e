/* SPDX-License-Identifier: ISC
 *
 * framing.h - splits the byte stream of a TCP connection into messages: two bytes of length, then
 * the message.
 *
 * Layer    listen
 * Threads  any
 * Memory   a message that is complete in the input is returned in place; one that arrives in pieces
 *          is collected in a block of its exact length
 * Units    bytes
 * Sources  RFC 1035 s4.2.2, RFC 7766 s8
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <split53/status.h>

struct s53_framing {
	uint8_t prefix[2]; /* the length, in network order */
	uint8_t prefix_have; /* bytes of it that have arrived */
	uint8_t *body; /* a message that arrives in pieces, or NULL */
	size_t body_have;
};

struct s53_octets {
	const uint8_t *at;
	size_t len;
};

enum s53_frame {
	S53_FRAME_NONE, /* the input is used up */
	S53_FRAME_WHOLE, /* *message is set; valid until the next call */
	S53_FRAME_BAD, /* shorter than a DNS header. Do not call again */
	S53_FRAME_NOMEM, /* do not call again */
};

void s53_framing_init(struct s53_framing *framing);
void s53_framing_fini(struct s53_framing *framing);

/* Take the next message from the front of *input. Call it until it is not S53_FRAME_WHOLE. */
enum s53_frame s53_framing_next(
    struct s53_framing *framing, struct s53_octets *input, struct s53_octets *message);

/* The message that next() has returned was used: free it now, not with the next call. */
void s53_framing_release(struct s53_framing *framing);
