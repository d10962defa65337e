/* SPDX-License-Identifier: ISC
 *
 * framing.c - splits the byte stream of a TCP connection into messages.
 */
#include "framing.h"

#include <stdlib.h>
#include <string.h>

#include <split53/header.h>

void
s53_framing_init(struct s53_framing *framing)
{
	memset(framing, 0, sizeof(*framing));
}

void
s53_framing_fini(struct s53_framing *framing)
{
	free(framing->body);
	s53_framing_init(framing);
}

static const uint8_t *
advance(struct s53_octets *input, size_t len)
{
	const uint8_t *at = input->at;

	input->at += len;
	input->len -= len;
	return at;
}

/* The length is known: return the message if it is complete, else begin to collect it. */
static enum s53_frame
begin_body(struct s53_framing *framing, struct s53_octets *input, struct s53_octets *message)
{
	size_t len = s53_u16_get(framing->prefix);

	if (len < S53_HEADER_LEN)
		return S53_FRAME_BAD;
	if (input->len >= len) {
		message->at = advance(input, len);
		message->len = len;
		framing->prefix_have = 0;
		return S53_FRAME_WHOLE;
	}
	if ((framing->body = malloc(len)) == NULL)
		return S53_FRAME_NOMEM;
	framing->body_have = input->len;
	memcpy(framing->body, advance(input, input->len), framing->body_have);
	return S53_FRAME_NONE;
}

static enum s53_frame
continue_body(struct s53_framing *framing, struct s53_octets *input, struct s53_octets *message)
{
	size_t len = s53_u16_get(framing->prefix);
	size_t missing = len - framing->body_have;
	size_t part = input->len < missing ? input->len : missing;

	memcpy(framing->body + framing->body_have, advance(input, part), part);
	framing->body_have += part;
	if (part < missing)
		return S53_FRAME_NONE;
	message->at = framing->body;
	message->len = len;
	return S53_FRAME_WHOLE;
}

void
s53_framing_release(struct s53_framing *framing)
{
	if (framing->body != NULL && framing->body_have == s53_u16_get(framing->prefix))
		s53_framing_fini(framing);
}

enum s53_frame
s53_framing_next(struct s53_framing *framing, struct s53_octets *input, struct s53_octets *message)
{
	s53_framing_release(framing);
	if (framing->body != NULL)
		return continue_body(framing, input, message);
	while (framing->prefix_have < sizeof(framing->prefix)) {
		if (input->len == 0)
			return S53_FRAME_NONE;
		framing->prefix[framing->prefix_have++] = *advance(input, 1);
	}
	return begin_body(framing, input, message);
}
