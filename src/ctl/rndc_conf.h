/* SPDX-License-Identifier: ISC
 *
 * rndc_conf.h - BIND's rndc.conf: which server, port and key are meant.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   plain values
 * Sources  rndc.conf(5) of BIND 9.18
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CTL_WORD 1024 /* of a word, with its end; a secret is the longest */

/* What the file says for a server; empty or 0 where it says nothing. */
struct ctl_rndc_conf {
	char server[CTL_WORD]; /* an address: of `addresses`, or the server's name */
	uint16_t port;
	char key[CTL_WORD]; /* its name */
	char algorithm[CTL_WORD], secret[CTL_WORD]; /* of that key */
};

/*
 * Read it for the server `name` (NULL: the default server) and the key `key` (NULL: the one that
 * the file says). false: a message is on stderr.
 */
bool ctl_rndc_conf_read(
    const char *path, const char *name, const char *key, struct ctl_rndc_conf *out);
