/* SPDX-License-Identifier: ISC
 *
 * options_text.c - turns flags and variables into named.conf text, so that they are parsed and
 * checked like a file.
 */
#include <split53/options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/addr.h>
#include <split53/name.h>

#define CONSUL_PORT 8600

struct endpoint {
	char host[256]; /* address or name; "" if only a port was given */
	sa_family_t family; /* AF_UNSPEC: a host name, or no host */
	uint16_t port; /* 0: not given */
};

static bool
read_port_text(const char *text, uint16_t *out)
{
	unsigned long value = 0;

	if (*text == '\0' || strlen(text) > 5)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned long)(*text - '0');
	}
	if (value < 1 || value > 65535)
		return false;
	*out = (uint16_t)value;
	return true;
}

static bool
is_host_name(const char *text)
{
	struct s53_name name;
	size_t len = strlen(text);

	if (len == 0 ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
		len)
		return false;
	/*
	 * "1.2.3" or "300.1.1.1" is a mistyped address and not a name: no top-level domain is a
	 * number.
	 */
	for (const char *at = text + len; at > text && at[-1] != '.'; at--)
		if (at[-1] < '0' || at[-1] > '9')
			return s53_name_parse(text, &name) == S53_OK;
	return false;
}

/* ADDR or HOST, each optionally with :PORT or #PORT; [V6]:PORT; or only :PORT. */
static bool
read_endpoint(const char *text, struct endpoint *out)
{
	struct s53_addr addr;
	const char *mark;
	size_t host_len;
	char port_text[8];

	memset(out, 0, sizeof(*out));
	if (s53_addr_parse_port(text, 1, &addr) == S53_OK && s53_addr_port(&addr) == 0)
		return false; /* port 0 was given */
	if (s53_addr_parse_port(text, 0, &addr) == S53_OK) {
		char host[S53_ADDR_TEXT];

		snprintf(out->host, sizeof(out->host), "%s", s53_addr_print_host(&addr, host));
		out->family = addr.family;
		out->port = s53_addr_port(&addr);
		return true;
	}
	mark = strpbrk(text, ":#");
	host_len = mark != NULL ? (size_t)(mark - text) : strlen(text);
	if (host_len >= sizeof(out->host))
		return false;
	memcpy(out->host, text, host_len);
	if (mark == NULL)
		return true;
	snprintf(port_text, sizeof(port_text), "%s", mark + 1);
	return strlen(mark + 1) < sizeof(port_text) && read_port_text(port_text, &out->port);
}

static bool
wrong(struct s53_options *options, const char *origin, const char *value, const char *wanted)
{
	snprintf(
	    options->error, sizeof(options->error), "%s: '%.80s' is not %s", origin, value, wanted);
	return false;
}

static bool
write_peer(struct s53_options *options, FILE *out, const char *origin, const char *value,
    uint16_t default_port)
{
	static const char wanted[] = "an address or host name, optionally with :PORT";
	struct endpoint peer;

	if (!read_endpoint(value, &peer) || (peer.family == AF_UNSPEC && !is_host_name(peer.host)))
		return wrong(options, origin, value, wanted);
	if (peer.port == 0)
		peer.port = default_port;
	fputc(' ', out);
	fprintf(out, peer.family == AF_UNSPEC ? "\"%s\"" : "%s", peer.host);
	if (peer.port != 0)
		fprintf(out, " port %u", peer.port);
	fputc(';', out);
	return true;
}

static void
write_listen_line(FILE *out, bool v6, uint16_t port, const char *host)
{
	fprintf(out, "\tlisten-on%s", v6 ? "-v6" : "");
	if (port != 0)
		fprintf(out, " port %u", port);
	fprintf(out, " { %s; };\n", host);
}

static bool
write_listen(struct s53_options *options, FILE *out)
{
	bool has_v4 = false, has_v6 = false;

	for (unsigned i = 0; i < options->listen.count; i++) {
		const char *value = options->listen.values[i];
		struct endpoint at;
		bool any;

		if (!read_endpoint(value, &at))
			return wrong(options, options->listen.origin, value,
			    "ADDR, ADDR:PORT, [V6]:PORT, any or any:PORT");
		any =
		    at.host[0] == '\0' || strcmp(at.host, "any") == 0 || strcmp(at.host, "*") == 0;
		if (at.family == AF_UNSPEC && !any)
			return wrong(options, options->listen.origin, value,
			    "an address; split53 cannot listen on a host name");
		if (any || at.family == AF_INET)
			write_listen_line(out, false, at.port,
			    any || strcmp(at.host, "0.0.0.0") == 0 ? "any" : at.host);
		if (any || at.family == AF_INET6)
			write_listen_line(out, true, at.port,
			    any || strcmp(at.host, "::") == 0 ? "any" : at.host);
		has_v4 = has_v4 || any || at.family == AF_INET;
		has_v6 = has_v6 || any || at.family == AF_INET6;
	}
	/* named.conf's default for the other family would be `any`. */
	if (options->listen.count == 0) {
		write_listen_line(out, false, 0, "127.0.0.1");
		write_listen_line(out, true, 0, "::1");
		return true;
	}
	if (!has_v4)
		write_listen_line(out, false, 0, "none");
	if (!has_v6)
		write_listen_line(out, true, 0, "none");
	return true;
}

static bool
write_options(struct s53_options *options, FILE *out)
{
	bool whole = options->config_path == NULL; /* no file: write all defaults */

	if (!whole && options->listen.count == 0 && options->forwarders.count == 0)
		return true;
	fputs("options {\n", out);
	if ((whole || options->listen.count > 0) && !write_listen(options, out))
		return false;
	if (options->forwarders.count > 0) {
		fputs("\tforwarders {", out);
		for (unsigned i = 0; i < options->forwarders.count; i++)
			if (!write_peer(options, out, options->forwarders.origin,
				options->forwarders.values[i], 0))
				return false;
		fputs(" };\n", out);
	}
	fputs("};\n", out);
	return true;
}

/* The name is written in quotes, so it must not contain characters that end or escape a string. */
static bool
zone_name_is_fine(const char *name, size_t len)
{
	struct s53_name parsed;
	char text[256];

	if (len == 0 || len >= sizeof(text) || memchr(name, '"', len) != NULL ||
	    memchr(name, '\\', len) != NULL)
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return s53_name_parse(text, &parsed) == S53_OK;
}

static bool
write_zone(struct s53_options *options, FILE *out, const char *value)
{
	const char *equals = strchr(value, '=');
	const char *origin = options->zones.origin;
	char peer[256];
	const char *at;

	if (equals == NULL || equals[1] == '\0' ||
	    !zone_name_is_fine(value, (size_t)(equals - value)))
		return wrong(options, origin, value, "NAME=ADDR[:PORT][,ADDR[:PORT]...]");
	fprintf(out, "zone \"%.*s\" {\n\ttype forward;\n\tforward only;\n\tforwarders {",
	    (int)(equals - value), value);
	for (at = equals; at != NULL;) {
		size_t len = strcspn(++at, ",");

		if (len == 0 || len >= sizeof(peer))
			return wrong(options, origin, value, "NAME=ADDR[:PORT][,ADDR[:PORT]...]");
		memcpy(peer, at, len);
		peer[len] = '\0';
		if (!write_peer(options, out, origin, peer, 0))
			return false;
		at = strchr(at, ',');
	}
	fputs(" };\n};\n", out);
	return true;
}

static bool
names_consul(const char *value)
{
	size_t len = strcspn(value, "=");

	return (len == 6 || (len == 7 && value[6] == '.')) && strncasecmp(value, "consul", 6) == 0;
}

static bool
write_consul(struct s53_options *options, FILE *out)
{
	const struct s53_option_list *given = &options->consul;

	if (given->count == 1 && strcmp(given->values[0], "none") == 0)
		return true;
	for (unsigned i = 0; i < options->zones.count; i++) {
		if (!names_consul(options->zones.values[i]))
			continue;
		if (given->count == 0)
			return true; /* --zone overrides the default */
		snprintf(options->error, sizeof(options->error),
		    "%s and %s both set the servers of consul: remove one of them", given->origin,
		    options->zones.origin);
		return false;
	}
	if (given->count == 0 && options->config_path != NULL)
		return true;
	/* Consul's answers have a TTL of 0 unless it is configured otherwise. */
	fputs("zone \"consul\" {\n\ttype forward;\n\tforward only;\n"
	      "\tstale-zero-ttl yes;\n\tforwarders {",
	    out);
	if (given->count == 0)
		fprintf(out, " 127.0.0.1 port %u;", CONSUL_PORT);
	for (unsigned i = 0; i < given->count; i++)
		if (!write_peer(options, out, given->origin, given->values[i], CONSUL_PORT))
			return false;
	fputs(" };\n};\n", out);
	return true;
}

char *
s53_options_text(struct s53_options *options)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool fine;

	if (out == NULL) {
		snprintf(options->error, sizeof(options->error), "out of memory");
		return NULL;
	}
	fine = write_options(options, out) && write_consul(options, out);
	for (unsigned i = 0; i < options->zones.count && fine; i++)
		fine = write_zone(options, out, options->zones.values[i]);
	if (fclose(out) != 0 && fine) {
		snprintf(options->error, sizeof(options->error), "out of memory");
		fine = false;
	}
	if (!fine) {
		free(text);
		return NULL;
	}
	return text;
}
