/* SPDX-License-Identifier: ISC
 *
 * ask.h - a connection to a control channel.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   a session owns its socket; a reply owns its octets
 * Units    seconds
 */
#pragma once

#include <split53/addr.h>
#include <split53/rndc.h>

/* The address of the server, and the key that signs messages. */
struct ctl_server {
	const char *path; /* of a Unix socket; NULL: addr is used */
	struct s53_addr addr;
	const struct s53_rndc_key *key; /* NULL: unsigned */
	unsigned timeout_s; /* of each send and receive */
};

struct ctl_session {
	const struct ctl_server *server;
	int fd; /* -1: not connected */
	uint32_t nonce;
};

struct ctl_reply {
	uint8_t *octets; /* the texts point into them; ctl_reply_fini() frees them */
	uint32_t result; /* 0: success */
	struct s53_rndc_text error, text;
};

/* Connect and get a nonce. false: a message is on stderr. */
bool ctl_open(struct ctl_session *session, const struct ctl_server *server);
void ctl_close(struct ctl_session *session);

/* Send a command line and read the reply. false: a message is on stderr; the session is closed. */
bool ctl_ask(struct ctl_session *session, const char *line, bool json, struct ctl_reply *reply);
void ctl_reply_fini(struct ctl_reply *reply);
