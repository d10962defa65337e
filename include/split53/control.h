/* SPDX-License-Identifier: ISC
 *
 * control.h - the control channels: sockets on which the program accepts commands of rndc and
 * split53ctl.
 *
 * Layer    control; the daemon fills in what the commands do
 * Threads  main thread
 * Memory   a control owns its sockets and connections, and keeps a count of the policy whose
 *          channels are open
 *
 * A client sends a message without a command and gets a nonce; the next message has the nonce and a
 * command line. Every message is bounded in size, every connection in time; at CONNECTIONS_MAX the
 * connection that has been idle longest is closed for a new one. Clients of the channels do not
 * delay queries, which other threads serve.
 */
#pragma once

#include <stdio.h>

#include <split53/channel.h>
#include <split53/diag.h>
#include <split53/folder.h>
#include <split53/operations.h>

struct event_base;
struct s53_control;
struct json_object;
struct s53_busiest_list;

/* The arguments of `explain NAME [TYPE] [CLIENT]` as the client sent them; NULL: not given. */
struct s53_control_question {
	const char *name, *type, *client;
};

struct s53_control_source {
	struct event_base *base;
	const struct s53_operations *operations;
	void *arg; /* the first argument of the calls below */
	/* Print the configuration in use, without secrets. */
	void (*print_conf)(void *arg, FILE *out);
	/*
	 * Write what would happen to this query now: as text, and as fields of `json`.
	 * S53_E_SYNTAX: `why` has the error in an argument.
	 */
	enum s53_status (*explain)(void *arg, const struct s53_control_question *question,
	    FILE *out, struct json_object *json, char why[static S53_OPERATION_WHY]);
	/* Write the statistics in the form of BIND's named.stats. */
	void (*print_statistics)(void *arg, FILE *out);
	/* The path of statistics-file. */
	const char *(*statistics_path)(void *arg);
	/* The busiest names or clients, summed over all workers. */
	void (*busiest)(void *arg, bool clients, struct s53_busiest_list *out);
};

/* `source` is copied; what it refers to must outlive the control. NULL: no memory. */
struct s53_control *s53_control_new(const struct s53_control_source *source);

/* What it has executed, and what it has refused: messages and connections. */
void s53_control_counts(const struct s53_control *control, uint64_t *commands, uint64_t *refused);

/*
 * Close all channels; commands in progress are abandoned. Unix sockets are removed. NULL is fine.
 */
void s53_control_free(struct s53_control *control);

/*
 * Open the channels of the list `channels`, which belongs to the snapshot of `policy`; keep those
 * that are open already, and close all others. A channel that cannot be opened is reported in
 * `diags` and has no other effect, as in BIND. `owner`: the user that the process runs as or will
 * run as, which gets the files and folders of Unix sockets.
 */
void s53_control_use(struct s53_control *control, const struct s53_channel *channels,
    struct s53_policy *policy, struct s53_folder_owner owner, struct s53_diags *diags);
