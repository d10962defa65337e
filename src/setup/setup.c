/* SPDX-License-Identifier: ISC
 *
 * setup.c - a configuration becomes a snapshot: the order of the parts, and who decides a setting.
 */
#include "builder.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum s53_status
s53_source_load(struct s53_options *options, struct s53_diags *diags, struct s53_source **out)
{
	struct s53_source *source = calloc(1, sizeof(*source));
	enum s53_status status = S53_OK, flags_status;
	char *text;

	if (source == NULL)
		return S53_E_NOMEM;
	text = s53_options_text(options);
	if (text == NULL) {
		s53_diag_add(
		    diags, S53_DIAG_ERROR, (struct s53_place){ 0 }, NULL, "%s", options->error);
		free(source);
		return S53_E_SYNTAX;
	}
	if (options->config_path != NULL)
		status = s53_conf_load(options->config_path, diags, &source->file);
	flags_status = S53_OK;
	if (*text != '\0')
		flags_status =
		    s53_conf_parse(S53_FLAGS_NAME, text, strlen(text), diags, &source->flags);
	free(text);
	if (status == S53_OK)
		status = flags_status;
	if (status == S53_OK)
		*out = source;
	else
		s53_source_free(source);
	return status;
}

static const struct s53_conf_clause *
find_in_options(const struct s53_conf *conf, const char *name)
{
	return conf != NULL ? s53_conf_find(s53_conf_options(conf), name) : NULL;
}

const struct s53_conf_clause *
s53_setup_option(
    const struct s53_source *source, const struct s53_conf_clause *view_body, const char *name)
{
	const struct s53_conf_clause *clause = s53_conf_find(view_body, name);

	if (clause == NULL)
		clause = find_in_options(source->flags, name);
	if (clause == NULL)
		clause = find_in_options(source->file, name);
	return clause;
}

bool
s53_setup_bool(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, bool otherwise)
{
	const struct s53_conf_clause *clause = s53_setup_option(source, view_body, name);

	return clause != NULL && clause->value.type == S53_CONF_BOOL ? clause->value.boolean
								     : otherwise;
}

uint64_t
s53_setup_number(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, uint64_t otherwise)
{
	const struct s53_conf_clause *clause = s53_setup_option(source, view_body, name);

	if (clause == NULL || clause->value.type != S53_CONF_NUMBER || clause->value.is_default)
		return otherwise;
	return clause->value.number;
}

const struct s53_conf_clause *
s53_setup_top(const struct s53_source *source)
{
	return source->file != NULL ? s53_conf_top(source->file) : NULL;
}

const struct s53_conf_clause *
s53_setup_next_view(const struct s53_source *source, const struct s53_conf_clause *after)
{
	const struct s53_conf_clause *view =
	    s53_conf_find(after != NULL ? after->next : s53_setup_top(source), "view");

	while (view != NULL && view->class_name != NULL && strcmp(view->class_name, "IN") != 0)
		view = s53_conf_find(view->next, "view");
	return view;
}

S53_PRINTF(4, 0)
static void
note(struct s53_setup *setup, enum s53_diag_kind kind, struct s53_place place, const char *format,
    va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	s53_diag_add(setup->diags, kind, place, NULL, "%s", text);
}

void
s53_setup_error(struct s53_setup *setup, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(setup, S53_DIAG_ERROR, place, format, args);
	va_end(args);
}

void
s53_setup_warn(struct s53_setup *setup, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(setup, S53_DIAG_WARNING, place, format, args);
	va_end(args);
}

void
s53_setup_notice(struct s53_setup *setup, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(setup, S53_DIAG_NOTICE, place, format, args);
	va_end(args);
}

void *
s53_setup_alloc(struct s53_setup *setup, size_t size)
{
	void *memory = s53_arena_zalloc(&setup->snapshot->arena, size);

	if (memory == NULL)
		setup->no_memory = true;
	return memory;
}

char *
s53_setup_text(struct s53_setup *setup, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = s53_setup_alloc(setup, (size_t)len + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

static unsigned
limit(const struct s53_setup *setup, const char *name, unsigned otherwise)
{
	uint64_t value = s53_setup_number(setup->input->source, NULL, name, otherwise);

	return value > UINT32_MAX ? UINT32_MAX : (unsigned)value;
}

/* A quota: 0 is none, as in BIND. */
static unsigned
quota(const struct s53_setup *setup, const char *name, unsigned otherwise)
{
	unsigned value = limit(setup, name, otherwise);

	return value == 0 ? UINT32_MAX : value;
}

static void
setup_limits(struct s53_setup *setup)
{
	struct s53_snapshot *snapshot = setup->snapshot;
	unsigned queue = limit(setup, "tcp-listen-queue", 10);

	snapshot->policy.recursive_clients = quota(setup, "recursive-clients", 1000);
	snapshot->policy.tcp_keepalive_100ms = limit(setup, "tcp-keepalive-timeout", 300);
	snapshot->tcp_clients = quota(setup, "tcp-clients", 150);
	snapshot->tcp_initial_100ms = limit(setup, "tcp-initial-timeout", 300);
	snapshot->tcp_idle_100ms = limit(setup, "tcp-idle-timeout", 300);
	/* BIND: 0 and what is too much for the kernel mean as much as it gives. */
	snapshot->tcp_listen_queue = queue == 0 || queue > INT16_MAX ? INT16_MAX : (int)queue;
}

static void
setup_pid_file(struct s53_setup *setup)
{
	const struct s53_source *source = setup->input->source;
	const struct s53_conf_clause *clause = s53_setup_option(source, NULL, "pid-file");

	setup->snapshot->pid_file = "/run/split53/split53.pid";
	if (clause == NULL || clause->value.type != S53_CONF_TEXT)
		return;
	setup->snapshot->pid_file_written = true;
	if (!clause->value.quoted && strcmp(clause->value.text, "none") == 0)
		setup->snapshot->pid_file = NULL;
	else
		setup->snapshot->pid_file = s53_setup_path(setup, clause->value.text);
}

const char *
s53_setup_path(struct s53_setup *setup, const char *path)
{
	const struct s53_conf_clause *clause =
	    s53_setup_option(setup->input->source, NULL, "directory");

	if (path[0] == '/' || clause == NULL || clause->value.type != S53_CONF_TEXT)
		return s53_setup_text(setup, "%s", path);
	return s53_setup_text(setup, "%s/%s", clause->value.text, path);
}

static void
setup_blackhole(struct s53_setup *setup)
{
	const struct s53_conf_clause *clause =
	    s53_setup_option(setup->input->source, NULL, "blackhole");

	if (clause != NULL && clause->value.type == S53_CONF_MATCH)
		setup->snapshot->policy.blackhole = s53_setup_acl(setup, clause->value.match);
}

static void
build(struct s53_setup *setup)
{
	setup_limits(setup);
	setup_pid_file(setup);
	s53_setup_cache_files(setup);
	setup_blackhole(setup);
	s53_setup_log(setup);
	s53_setup_listen(setup);
	s53_setup_views(setup);
	s53_setup_checks(setup);
	s53_setup_cache_size(setup);
}

enum s53_status
s53_setup(const struct s53_setup_input *input, struct s53_diags *diags, struct s53_snapshot **out)
{
	struct s53_setup setup = { .input = input, .diags = diags };
	unsigned errors_before = diags->error_count;

	setup.snapshot = s53_snapshot_new();
	if (setup.snapshot == NULL)
		return S53_E_NOMEM;
	s53_arena_init(&setup.scratch);
	setup.asked_last = &setup.asked;
	build(&setup);
	s53_arena_fini(&setup.scratch);
	if (!setup.no_memory && diags->error_count == errors_before) {
		*out = setup.snapshot;
		return S53_OK;
	}
	s53_snapshot_drop(setup.snapshot);
	return setup.no_memory ? S53_E_NOMEM : S53_E_SYNTAX;
}
