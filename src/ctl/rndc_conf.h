/* SPDX-License-Identifier: ISC
 *
 * rndc_conf.h - reads server, port and key from BIND's rndc.conf.
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

/* The settings of one server; empty or 0 if the file does not set them. */
struct ctl_rndc_conf {
	char server[CTL_WORD]; /* the first of `addresses`, or else the name of the server */
	uint16_t port;
	char key[CTL_WORD]; /* its name */
	char algorithm[CTL_WORD], secret[CTL_WORD]; /* of that key */
};

/*
 * Read the settings of server `name` (NULL: the default server) and of key `key` (NULL: the key
 * that the file selects). false: a message is on stderr.
 */
bool ctl_rndc_conf_read(
    const char *path, const char *name, const char *key, struct ctl_rndc_conf *out);
