/* SPDX-License-Identifier: ISC
 *
 * control.h - the control channels: sockets on which rndc and split53ctl steer this program.
 *
 * Layer    control; the daemon fills in what the commands do
 * Threads  main thread
 * Memory   a control owns its sockets and connections, and keeps a count of the policy whose
 *          channels are open
 *
 * A client sends a message without a command and gets a nonce; the next message has the nonce and a
 * command line. Every message is bounded in size, every connection in time; of CONNECTIONS_MAX the
 * one that has been idle longest makes place for a new one. Whatever a client does, queries are
 * served by other threads.
 */
#pragma once

#include <stdio.h>

#include <split53/channel.h>
#include <split53/diag.h>
#include <split53/folder.h>
#include <split53/operations.h>

struct event_base;
struct s53_control;
struct s53_busiest_list;

/* `explain NAME [TYPE] [CLIENT]`; texts as the client wrote them, NULL where it wrote none. */
struct s53_control_question {
	const char *name, *type, *client;
};

struct s53_control_source {
	struct event_base *base;
	const struct s53_operations *operations;
	void *arg; /* the first argument of the calls below */
	/* Print the configuration in force, without secrets. */
	void (*print_conf)(void *arg, FILE *out);
	/* What would happen to this query now. S53_E_SYNTAX: `why` says what is wrong with it. */
	enum s53_status (*explain)(void *arg, const struct s53_control_question *question,
	    FILE *out, char why[static S53_OPERATION_WHY]);
	/* Write the statistics in the form of BIND's named.stats. */
	void (*print_statistics)(void *arg, FILE *out);
	/* The path of statistics-file. */
	const char *(*statistics_path)(void *arg);
	/* The busiest names or clients of all workers, summed up. */
	void (*busiest)(void *arg, bool clients, struct s53_busiest_list *out);
};

/* `source` is copied; what it refers to must outlive the control. NULL: no memory. */
struct s53_control *s53_control_new(const struct s53_control_source *source);

/*
 * Close all; commands under way are abandoned. Our Unix sockets are removed. NULL is fine.
 */
void s53_control_free(struct s53_control *control);

/*
 * Have the channels that begin with `channels` open, which belong to the snapshot of `policy`:
 * close those that are not among them, keep those that are open. A channel that cannot be opened is
 * said in `diags` and costs nothing else, as in BIND. `owner`: the user that the process runs as,
 * or will: files and folders of Unix sockets are made for it.
 */
void s53_control_use(struct s53_control *control, const struct s53_channel *channels,
    struct s53_policy *policy, struct s53_folder_owner owner, struct s53_diags *diags);
