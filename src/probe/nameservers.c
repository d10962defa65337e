/* SPDX-License-Identifier: ISC
 *
 * nameservers.c - reads the nameservers of resolv.conf.
 *
 * c-ares parses the file, except for servers with a scope (fe80::1%eth0): before 1.24 it ignores
 * them or loses the scope. So those lines are parsed here, and the text between them by c-ares.
 */
#include <ares.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/file.h>
#include <split53/hosts.h>
#include <split53/log.h>

#define FILE_LEN_MAX 65536 /* bytes; a larger file is no resolv.conf */
#define SERVER_ENDS " \t\r\n#;," /* the address of a server ends before these */
#define PIECES_MAX (2 * S53_HOST_ADDRS_MAX)

/*
 * Read the whole file into `text`. false: there is no file, or (logged) it cannot be read or is
 * too large.
 */
static bool
read_text(const char *path, char text[static FILE_LEN_MAX + 1], size_t *len)
{
	char why[S53_FILE_WHY];
	struct stat about;
	ssize_t got;
	int fd;

	if (s53_file_open_read(path, &fd, &about) != S53_OK) {
		if (errno != ENOENT)
			s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
			    "the nameservers of %s are ignored: %s", path,
			    s53_file_why(path, errno, why));
		return false;
	}
	*len = 0;
	while (*len <= FILE_LEN_MAX && (got = read(fd, text + *len, FILE_LEN_MAX + 1 - *len)) > 0)
		*len += (size_t)got;
	close(fd);
	if (*len <= FILE_LEN_MAX) {
		text[*len] = '\0';
		return true;
	}
	s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
	    "the nameservers of %s are ignored: it has more than %d bytes", path, FILE_LEN_MAX);
	return false;
}

static char *
line_after(char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* The text behind "nameserver" in the line; NULL: it is another line. */
static char *
server_of(char *line)
{
	static const char word[] = "nameserver";
	char *at = line + strspn(line, " \t");

	if (strncmp(at, word, sizeof(word) - 1) != 0 ||
	    !isspace((unsigned char)at[sizeof(word) - 1]))
		return NULL;
	at += sizeof(word) - 1;
	return at + strspn(at, " \t");
}

static bool
has_scope(const char *server)
{
	size_t len = strcspn(server, "%" SERVER_ENDS);

	return server[len] == '%';
}

/* "192.0.2.1", "fe80::1%eth0", or what else c-ares accepts: ADDR:PORT, lists, dns:// */
static bool
is_server(const char *value)
{
	size_t len = strcspn(value, SERVER_ENDS);
	char text[S53_ADDR_TEXT];
	struct s53_addr addr;

	if (strncmp(value, "dns", 3) == 0 || has_scope(value))
		return true;
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return s53_addr_parse_port(text, 53, &addr) == S53_OK;
}

/* Does the text name any server? If not, c-ares would use 127.0.0.1. */
static bool
names_a_server(char *text)
{
	for (char *line = text; *line != '\0'; line = line_after(line)) {
		if (server_of(line) != NULL && is_server(server_of(line)))
			return true;
	}
	return false;
}

/* The number of the first line with a server that is not valid; 0: there is none. */
static unsigned
find_bad_line(char *text)
{
	unsigned number = 1;

	for (char *line = text; *line != '\0'; line = line_after(line), number++) {
		if (server_of(line) != NULL && !is_server(server_of(line)))
			return number;
	}
	return 0;
}

/* The first line with a server that has a scope, or the end of the text. */
static char *
scoped_line(char *text)
{
	char *line = text;

	while (*line != '\0' && (server_of(line) == NULL || !has_scope(server_of(line))))
		line = line_after(line);
	return line;
}

/* "fe80::1%eth0". false: it is no address, or there is no such interface (yet). */
static bool
parse_scoped(const char *path, const char *server, struct s53_addr *out)
{
	char text[S53_ADDR_TEXT];
	size_t len = strcspn(server, SERVER_ENDS);

	if (len < sizeof(text)) {
		memcpy(text, server, len);
		text[len] = '\0';
		if (s53_addr_parse(text, 53, out) == S53_OK)
			return true;
	}
	s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
	    "nameserver %.*s of %s is ignored: it is not an address, or its interface does not "
	    "exist",
	    (int)len, server, path);
	return false;
}

/*
 * c-ares takes a path. It gets a copy of the text that we have read, because the file may have
 * changed since. Without /proc, as after a chroot, it gets the file's own path. NULL: out of
 * memory.
 */
static char *
path_of_copy(const char *path, const char *text, size_t len, int *copy_fd)
{
	char copy[64];

	*copy_fd = memfd_create("resolv.conf", MFD_CLOEXEC);
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", *copy_fd);
	if (*copy_fd >= 0 && write(*copy_fd, text, len) == (ssize_t)len && access(copy, R_OK) == 0)
		return strdup(copy);
	return strdup(path);
}

#if ARES_VERSION >= 0x011800 /* 1.24 deprecates ares_get_servers_ports() */

/* Parse one server of "192.0.2.1:53,[fe80::1]:53%eth0", without the comma. */
static bool
parse_server(char *text, struct s53_addr *out)
{
	char *bracket = strchr(text, ']');
	char *interface = strchr(bracket != NULL ? bracket : text, '%');

	if (interface != NULL)
		*interface++ = '\0';
	if (s53_addr_parse_port(text, 53, out) != S53_OK)
		return false;
	if (interface != NULL && out->family == AF_INET6)
		out->in6.sin6_scope_id = if_nametoindex(interface);
	return true;
}

static unsigned
servers_of(ares_channel_t *channel, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	char *list = ares_get_servers_csv(channel);
	char *rest = NULL;
	unsigned count = 0;

	if (list == NULL)
		return 0;
	for (char *it = strtok_r(list, ",", &rest); it != NULL && count < S53_HOST_ADDRS_MAX;
	     it = strtok_r(NULL, ",", &rest)) {
		if (parse_server(it, &out[count]))
			count++;
	}
	ares_free_string(list);
	return count;
}

#else

static unsigned
servers_of(ares_channel channel, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	struct ares_addr_port_node *list = NULL;
	unsigned count = 0;

	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
		return 0;
	for (struct ares_addr_port_node *it = list; it != NULL && count < S53_HOST_ADDRS_MAX;
	     it = it->next) {
		struct s53_addr *addr = &out[count++];

		memset(addr, 0, sizeof(*addr));
		addr->family = (sa_family_t)it->family;
		if (it->family == AF_INET)
			addr->in.sin_addr = it->addr.addr4;
		else
			memcpy(&addr->in6.sin6_addr, &it->addr.addr6, sizeof(it->addr.addr6));
		s53_addr_set_port(addr, it->udp_port != 0 ? (uint16_t)it->udp_port : 53);
	}
	ares_free_data(list);
	return count;
}

#endif

/* The servers that c-ares finds in the text. */
static unsigned
servers_in(
    const char *path, const char *text, size_t len, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	struct ares_options options = { .resolvconf_path = NULL };
	ares_channel channel;
	unsigned count = 0;
	int copy_fd;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return 0;
	options.resolvconf_path = path_of_copy(path, text, len, &copy_fd);
	if (options.resolvconf_path != NULL &&
	    ares_init_options(&channel, &options, ARES_OPT_RESOLVCONF) == ARES_SUCCESS) {
		count = servers_of(channel, out);
		ares_destroy(channel);
	}
	free(options.resolvconf_path);
	if (copy_fd >= 0)
		close(copy_fd);
	ares_library_cleanup();
	return count;
}

struct servers {
	struct s53_addr *addrs; /* S53_HOST_ADDRS_MAX */
	unsigned count;
};

/* Add each server once: without /proc c-ares reads the whole file for each piece. */
static void
add(struct servers *servers, const struct s53_addr *addr)
{
	for (unsigned i = 0; i < servers->count; i++) {
		if (s53_addr_equal(&servers->addrs[i], addr))
			return;
	}
	if (servers->count < S53_HOST_ADDRS_MAX)
		servers->addrs[servers->count++] = *addr;
}

/* Add the servers in the text's first `len` bytes, none of which has a scope. */
static void
add_piece(struct servers *servers, const char *path, char *text, size_t len)
{
	struct s53_addr found[S53_HOST_ADDRS_MAX];
	char behind = text[len];
	unsigned count = 0;

	text[len] = '\0';
	if (names_a_server(text))
		count = servers_in(path, text, len, found);
	for (unsigned i = 0; i < count; i++)
		add(servers, &found[i]);
	text[len] = behind;
}

static void
add_all(struct servers *servers, const char *path, char *text)
{
	struct s53_addr addr;

	for (unsigned i = 0; *text != '\0' && i < PIECES_MAX; i++) {
		char *line = scoped_line(text);

		add_piece(servers, path, text, (size_t)(line - text));
		if (*line != '\0' && parse_scoped(path, server_of(line), &addr))
			add(servers, &addr);
		text = line_after(line);
	}
}

unsigned
s53_resolv_conf_read(
    const char *path, struct s53_addr out[static S53_HOST_ADDRS_MAX], unsigned *bad_line)
{
	char *text = malloc(FILE_LEN_MAX + 1);
	struct servers servers = { .addrs = out };
	unsigned bad = 0;
	size_t len;

	if (text != NULL && read_text(path, text, &len)) {
		bad = find_bad_line(text);
		add_all(&servers, path, text);
	}
	if (bad_line != NULL)
		*bad_line = bad;
	free(text);
	return servers.count;
}
