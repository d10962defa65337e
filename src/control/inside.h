/* SPDX-License-Identifier: ISC
 *
 * inside.h - what the files of the control channel share.
 *
 * Layer    control, private
 * Threads  main thread
 * Memory   see the structs
 */
#pragma once

#include <event2/event.h>

#include <split53/control.h>
#include <split53/list.h>

#include "replay.h"

struct bufferevent;
struct evconnlistener;
struct json_object;

#define CONNECTIONS_MAX 64
#define WORDS_MAX 8 /* of a command line, with the verb */

/* How a command ended. rndc looks only at whether it is 0, and prints the text that comes along. */
enum result {
	RESULT_SUCCESS,
	RESULT_NO_MEMORY,
	RESULT_NOT_FOUND,
	RESULT_UNEXPECTED_END,
	RESULT_FAILURE,
	RESULT_SYNTAX,
	RESULT_RANGE,
	RESULT_BUSY,
	RESULT_UNKNOWN_COMMAND,
	RESULTS
};

/* Where clients come in. */
struct listener {
	struct s53_link link;
	struct s53_control *control;
	const struct s53_channel *channel; /* of control->policy */
	struct evconnlistener *accepting;
	bool wanted; /* during a change */
	/* unix: the file as it was made; it is removed only while it is the same */
	char *path;
	dev_t device;
	ino_t inode;
};

/* A client. On the control's list the one that was idle longest stands first. */
struct connection {
	struct s53_link link;
	struct s53_control *control;
	struct listener *listener; /* NULL: it is gone; the connection ends with its command */
	struct bufferevent *stream;
	char peer[128]; /* "127.0.0.1#4711" or "uid 0, pid 4711" */
	uint32_t nonce; /* 0: none given yet */
	bool is_signed;
	struct s53_rndc_key key; /* that signed its last message; the name is in key_name */
	char key_name[256];
	struct command *command; /* under way; or NULL */
	/* To be called once the last reply is out: the end of the program. NULL: nothing. */
	void (*after)(void *arg);
	void *after_arg;
};

struct s53_control {
	struct s53_control_source source;
	struct s53_policy *policy; /* a count, of that whose channels are open; NULL: none yet */
	struct s53_link listeners;
	struct s53_link connections;
	unsigned connection_count;
	struct s53_link detached; /* commands whose connection has ended */
	struct replay replay;
	uint64_t complained_s; /* lines about bad clients are logged at most once a second */
	uint64_t commands, refused; /* executed; messages and connections that were refused */
};

/* A command under way, from its message to its reply. */
struct command {
	struct s53_link link; /* of `detached` */
	struct s53_control *control;
	struct connection *connection; /* NULL: gone, the reply is dropped */
	uint32_t serial; /* of the message */
	const struct verb *verb; /* NULL: it has none, or an unknown one */
	char line[S53_RNDC_REQUEST_MAX + 1]; /* as it came */
	char text[S53_RNDC_REQUEST_MAX + 1]; /* cut into words */
	char *words[WORDS_MAX]; /* the verb first */
	unsigned count; /* of words; WORDS_MAX: perhaps there were more */
	bool wants_json;
	/* The reply. */
	FILE *out; /* what rndc prints; unused when json is wanted and set */
	char *printed;
	size_t printed_len;
	struct json_object *json; /* what split53ctl --json prints; NULL: the text in an object */
	char why[S53_OPERATION_WHY]; /* of a call of s53_operations */
	bool is_calling, is_done; /* that call has not returned yet; it has called back */
};

enum verb_flag {
	VERB_CHANGES = 1, /* not over a read-only channel */
	VERB_QUIET = 2, /* what monitors ask for every few seconds: logged at debug 1 */
	VERB_AT_END = 4, /* also while the program ends, when parts of it are gone */
};

struct verb {
	const char *name;
	unsigned flags; /* enum verb_flag */
	unsigned min, max; /* words behind the verb; more than max are an error */
	void (*run)(struct command *command); /* leads to one command_end(), now or later */
};

/* verbs.c: the table, and a look-up; NULL: there is none of that name. */
const struct verb *verb_find(const char *name);

/* socket.c */
/*
 * A socket that listens at the channel's address; -1: errno, and `why` (of `size` octets) has a
 * text that names the way out.
 */
int control_socket_open(
    struct listener *listener, struct s53_folder_owner owner, char *why, size_t size);
/* Set mode and owner of the file as the channel says. */
bool control_socket_set_rights(const struct listener *listener);
void control_socket_remove(struct listener *listener);

/* connection.c */
void connection_new(struct listener *listener, int fd, const struct s53_addr *addr);
/* Close it. Its command, if one is under way, goes on without it. */
void connection_free(struct connection *connection);
/* Send the reply; for command_end(). */
void connection_reply(struct connection *connection, const struct s53_rndc_message *message);
/* Log that a client was refused, unless that was done within this second. */
void control_complain(struct s53_control *control, const char *peer, const char *why);
/* The same for one that may not even connect. */
void control_reject(struct s53_control *control, const char *peer);

/* command.c */
/* Run the command of a message that has been verified. */
void command_run(struct connection *connection, const struct s53_rndc_message *message);
/* The command has ended: reply, and free it. `error` NULL: the text of the result. */
void command_end(struct command *command, enum result result);
/* For the end of the program: nothing will end it. */
void command_free(struct command *command);
/* The same for a status of s53_operations; the command's `why` is printed. */
void command_end_status(struct command *command, enum s53_status status);
/* The word number `index`, the verb being 0; NULL: there is none. */
const char *command_word(const struct command *command, unsigned index);
