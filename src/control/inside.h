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

/* An open control channel. */
struct listener {
	struct s53_link link;
	struct s53_control *control;
	const struct s53_channel *channel; /* of control->policy */
	struct evconnlistener *accepting;
	bool wanted; /* during a change */
	/* unix: the socket file; it is removed only if device and inode are still the same */
	char *path;
	dev_t device;
	ino_t inode;
};

/*
 * A connection of a client. The list of the control begins with the one that has been idle longest.
 */
struct connection {
	struct s53_link link;
	struct s53_control *control;
	struct listener *listener; /* NULL: closed; the connection ends with its command */
	struct bufferevent *stream;
	char peer[128]; /* "127.0.0.1#4711" or "uid 0, pid 4711" */
	uint32_t nonce; /* 0: none sent yet */
	bool is_signed;
	struct s53_rndc_key key; /* that signed its last message; the name is in key_name */
	char key_name[256];
	struct command *command; /* in progress; or NULL */
	/* Called when the last reply is sent, to end the program. NULL: nothing to call. */
	void (*after)(void *arg);
	void *after_arg;
};

struct s53_control {
	struct s53_control_source source;
	struct s53_policy *policy; /* whose channels are open; one count of it, or NULL */
	struct s53_link listeners;
	struct s53_link connections;
	unsigned connection_count;
	struct s53_link detached; /* commands whose connection has ended */
	struct replay replay;
	uint64_t complained_s; /* last log line about a rejected client: one a second */
	uint64_t commands, refused; /* commands run; messages and connections rejected */
};

/* A command in progress, from its message to its reply. */
struct command {
	struct s53_link link; /* of `detached` */
	struct s53_control *control;
	struct connection *connection; /* NULL: the connection has ended and the reply is dropped */
	uint32_t serial; /* of the message */
	const struct verb *verb; /* NULL: it has none, or an unknown one */
	char line[S53_RNDC_REQUEST_MAX + 1]; /* as received */
	char text[S53_RNDC_REQUEST_MAX + 1]; /* cut into words */
	char *words[WORDS_MAX]; /* the verb first */
	unsigned count; /* number of words; at WORDS_MAX there may have been more */
	bool wants_json;
	/* The reply. */
	FILE *out; /* what rndc prints; unused when JSON is requested and `json` is set */
	char *printed;
	size_t printed_len;
	struct json_object *json; /* what split53ctl --json prints; NULL: the text in an object */
	char why[S53_OPERATION_WHY]; /* of a call of s53_operations */
	bool is_calling, is_done; /* the call has not returned yet; its callback has run */
};

enum verb_flag {
	VERB_CHANGES = 1, /* rejected on a read-only channel */
	VERB_QUIET = 2, /* monitoring sends it every few seconds: logged at debug 1 only */
	VERB_AT_END = 4, /* accepted during shutdown too, when parts of the program are freed */
};

struct verb {
	const char *name;
	unsigned flags; /* enum verb_flag */
	unsigned min, max; /* number of arguments; more than max are an error */
	void (*run)(struct command *command); /* leads to one command_end(), now or later */
};

/* verbs.c: find a verb by name. NULL: there is none. */
const struct verb *verb_find(const char *name);

/* socket.c */
/*
 * Open a socket that listens at the address of the channel. -1: errno, and `why` (of `size` octets)
 * says what to do.
 */
int control_socket_open(
    struct listener *listener, struct s53_folder_owner owner, char *why, size_t size);
/* Set mode and owner of the file as the channel says. */
bool control_socket_set_rights(const struct listener *listener);
void control_socket_remove(struct listener *listener);

/* connection.c */
void connection_new(struct listener *listener, int fd, const struct s53_addr *addr);
/* Close the connection. A command in progress continues without it. */
void connection_free(struct connection *connection);
/* Send the reply; for command_end(). */
void connection_reply(struct connection *connection, const struct s53_rndc_message *message);
/* Log that a client was refused, unless that was done within this second. */
void control_complain(struct s53_control *control, const char *peer, const char *why);
/* The same for a connection that is rejected before its first message. */
void control_reject(struct s53_control *control, const char *peer);

/* command.c */
/* Run the command of a message that has been verified. */
void command_run(struct connection *connection, const struct s53_rndc_message *message);
/* The command has ended: reply, and free it. `error` NULL: the text of the result. */
void command_end(struct command *command, enum result result);
/* Free a command at the end of the program, when no callback will end it. */
void command_free(struct command *command);
/* The same for a status of struct s53_operations; prints the command's `why`. */
void command_end_status(struct command *command, enum s53_status status);
/* The word number `index`, the verb being 0; NULL: there is none. */
const char *command_word(const struct command *command, unsigned index);
