/* SPDX-License-Identifier: ISC
 *
 * setup.c - builds a snapshot from a configuration: the order of the parts, and the limits of
 * the process.
 */
#include "builder.h"

#include <string.h>

static unsigned
limit(const struct setup_builder *builder, const char *name, unsigned otherwise)
{
	uint64_t value = setup_option_number(builder->input->source, NULL, name, otherwise);

	return value > UINT32_MAX ? UINT32_MAX : (unsigned)value;
}

/* A quota: 0 is unlimited, as in BIND. */
static unsigned
quota(const struct setup_builder *builder, const char *name, unsigned otherwise)
{
	unsigned value = limit(builder, name, otherwise);

	return value == 0 ? UINT32_MAX : value;
}

static void
setup_limits(struct setup_builder *builder)
{
	struct s53_snapshot *snapshot = builder->snapshot;
	unsigned queue = limit(builder, "tcp-listen-queue", 10);

	snapshot->policy.recursive_clients = quota(builder, "recursive-clients", 1000);
	snapshot->policy.tcp_keepalive_100ms = limit(builder, "tcp-keepalive-timeout", 300);
	snapshot->tcp_clients = quota(builder, "tcp-clients", 150);
	snapshot->tcp_initial_100ms = limit(builder, "tcp-initial-timeout", 300);
	snapshot->tcp_idle_100ms = limit(builder, "tcp-idle-timeout", 300);
	/* As in BIND: 0 and values above the kernel's maximum mean that maximum. */
	snapshot->tcp_listen_queue = queue == 0 || queue > INT16_MAX ? INT16_MAX : (int)queue;
}

static void
setup_directory(struct setup_builder *builder)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, NULL, "directory");

	if (statement != NULL && statement->value.type == S53_CONF_TEXT)
		builder->snapshot->directory = builder_text(builder, "%s", statement->value.text);
}

static void
setup_pid_file(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *statement = s53_setup_option(source, NULL, "pid-file");

	builder->snapshot->pid_file = "/run/split53/split53.pid";
	if (statement == NULL || statement->value.type != S53_CONF_TEXT)
		return;
	builder->snapshot->pid_file_written = true;
	if (!statement->value.quoted && strcmp(statement->value.text, "none") == 0)
		builder->snapshot->pid_file = NULL;
	else
		builder->snapshot->pid_file = builder_path(builder, statement->value.text);
}

static void
setup_blackhole(struct setup_builder *builder)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, NULL, "blackhole");

	if (statement != NULL && statement->value.type == S53_CONF_MATCH)
		builder->snapshot->policy.blackhole = setup_acl(builder, statement->value.match);
}

static void
build(struct setup_builder *builder)
{
	setup_limits(builder);
	setup_directory(builder);
	setup_pid_file(builder);
	setup_cache_files(builder);
	setup_blackhole(builder);
	setup_log(builder);
	setup_listen(builder);
	setup_statistics(builder);
	setup_views(builder);
	setup_health_checks(builder);
	setup_channels(builder);
	setup_cache_size(builder);
}

enum s53_status
s53_setup(const struct s53_setup_input *input, struct s53_diags *diags, struct s53_snapshot **out)
{
	struct setup_builder builder = { .input = input, .diags = diags, .file_diags = diags };
	unsigned errors_before = diags->error_count, errors;

	builder.snapshot = s53_snapshot_new();
	if (builder.snapshot == NULL)
		return S53_E_NOMEM;
	if (input->file_diags != NULL)
		builder.file_diags = input->file_diags;
	s53_arena_init(&builder.scratch);
	builder.uses_last = &builder.uses;
	build(&builder);
	s53_arena_fini(&builder.scratch);
	errors = diags->error_count - errors_before;
	if (builder.file_diags == diags)
		errors -= builder.unloaded_errors;
	if (!builder.no_memory && errors == 0) {
		*out = builder.snapshot;
		return S53_OK;
	}
	s53_snapshot_drop(builder.snapshot);
	return builder.no_memory ? S53_E_NOMEM : S53_E_SYNTAX;
}
