/* SPDX-License-Identifier: ISC
 *
 * options.h - the command line of split53ctl, with rndc's options where they apply.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   texts are argv's, or embedded
 */
#pragma once

#include <stdbool.h>

#include <split53/channel.h>

#include "ask.h"
#include "rndc_conf.h"

struct ctl_options {
	const char *server; /* -s: an address or the path of a socket; NULL: not given */
	uint16_t port; /* -p; 0: not given */
	const char *key_file, *key_name; /* -k, -y */
	const char *conf; /* -c: an rndc.conf */
	bool json, quiet;
	unsigned count; /* top -n: number of screens; 0: no limit */
	unsigned delay_s; /* top -d */
	int words; /* index of the verb in argv */
	/* Made of these by ctl_options_server(): */
	char path[S53_CHANNEL_PATH_MAX];
	struct ctl_rndc_conf rndc;
	struct s53_rndc_key key;
	char key_label[256];
};

/* false: a message is on stderr. */
bool ctl_options_read(struct ctl_options *options, int argc, char *const argv[]);

/* Find the server that the options select. false: a message is on stderr. */
bool ctl_options_server(struct ctl_options *options, struct ctl_server *server);
