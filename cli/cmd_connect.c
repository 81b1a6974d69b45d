/* SPDX-License-Identifier: MIT */
/*
 * cmd_connect.c - connect: a connection from the stack, as nc has one
 *
 *	stdin --> socket pair --> daemon --> stack --> the peer
 *	stdout <---------------------------------------
 *
 * Names are looked up here, and files opened here, with the user's own rights:
 * the daemon gets numbers and descriptors.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "client.h"
#include "daemon/ctl_proto.h"
#include "duplex.h"
#include "fmt.h"
#include "number.h"
#include "resolve.h"

#define FILES		4u /* ca, cert, key, psk */
#define HOST_CA		"/etc/ssl/certs/ca-certificates.crt"
#define TIMEOUT_MAX_S	3600.
#define TIMEOUT_LEAST_S 1e-3

enum {
	OPT_TLS = OPTION_LONG,
	OPT_CA,
	OPT_CERT,
	OPT_KEY,
	OPT_PSK,
	OPT_FINGERPRINT,
	OPT_NAME,
	OPT_INSECURE,
	OPT_CC,
	OPT_BIND,
	OPT_TIMEOUT
};

/* clang-format off */
const struct option_def connect_options[] = {
	{ '4', NULL, NULL, "only IPv4" },
	{ '6', NULL, NULL, "only IPv6" },
	{ 'v', NULL, NULL, "tell on standard error what happens" },
	{ OPT_BIND, "bind", "ADDRESS", "from ADDRESS, ADDRESS:PORT or :PORT" },
	{ OPT_CC, "cc", "NAME", "congestion control: cubic or reno" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", "how long it may take to open" },
	{ OPT_TLS, "tls", NULL, "a secure channel; so do all below" },
	{ OPT_CA, "ca", "FILE", "trust what these certificates have signed" },
	{ OPT_FINGERPRINT, "fingerprint", "SHA256", "trust this certificate alone" },
	{ OPT_INSECURE, "insecure", NULL, "trust whoever answers" },
	{ OPT_NAME, "servername", "NAME", "whom to ask for" },
	{ OPT_CERT, "cert", "FILE", "a certificate of our own" },
	{ OPT_KEY, "key", "FILE", "its key" },
	{ OPT_PSK, "psk-file", "FILE", "IDENTITY:HEX, a key known to both" },
	{ 0, NULL, NULL, NULL },
};
/* clang-format on */

/* Of the protocol's tls, in the order of their descriptors. */
static const char *const file_names[FILES] = { "ca", "cert", "key", "psk" };

/**
 * struct connect_args - what was asked for
 * @host:	whom to connect to, as given
 * @port:	port there
 * @family:	AF_INET, AF_INET6, AF_UNSPEC
 * @verbose:	tell what happens
 * @bind:	local address, NULL = any
 * @cc:		congestion control, NULL = the daemon's
 * @timeout_ms:	for the connection, 0 = as long as TCP tries
 * @tls:	make it secure
 * @insecure:	trust anybody
 * @fingerprint: trust this certificate, NULL = none
 * @servername:	whom we want to talk to, NULL = @host if that is a name
 * @file:	paths in the order of file_names, NULL = none
 */
struct connect_args {
	const char *host;
	unsigned long long port;
	int family;
	bool verbose;
	const char *bind;
	const char *cc;
	uint32_t timeout_ms;
	bool tls;
	bool insecure;
	const char *fingerprint;
	const char *servername;
	const char *file[FILES];
};

/* ---------------------------------------------------------------- arguments */

/* Options that say something about the secure channel. */
static void take_tls_option(struct connect_args *a, int value, const char *text)
{
	a->tls = true;
	switch (value) {
	case OPT_TLS:
		break;
	case OPT_INSECURE:
		a->insecure = true;
		break;
	case OPT_FINGERPRINT:
		a->fingerprint = text;
		break;
	case OPT_NAME:
		a->servername = text;
		break;
	default:
		a->file[value - OPT_CA] = text;
	}
}

static int take_option(void *ctx, int value, const char *text)
{
	struct connect_args *a = ctx;

	switch (value) {
	case '4':
		a->family = AF_INET;
		break;
	case '6':
		a->family = AF_INET6;
		break;
	case 'v':
		a->verbose = true;
		break;
	case OPT_CC:
		a->cc = text;
		break;
	case OPT_BIND:
		a->bind = text;
		break;
	case OPT_TIMEOUT:
		return number_seconds("--timeout", text, TIMEOUT_LEAST_S,
				      TIMEOUT_MAX_S, &a->timeout_ms);
	default:
		take_tls_option(a, value, text);
	}
	return CLI_DONE;
}

/* What is said twice, or only half. */
static int check_args(const struct connect_args *a)
{
	int trusts = a->insecure + !!a->fingerprint + !!a->file[0];

	if (trusts > 1)
		return cli_usage("--ca, --fingerprint and --insecure say "
				 "different things about whom to trust: "
				 "choose one");
	if (!a->file[1] != !a->file[2])
		return cli_usage("--cert and --key come together");
	return CLI_DONE;
}

static int read_args(int argc, char **argv, struct connect_args *a)
{
	const struct option_reader reader = { .command = "connect",
					      .table = connect_options,
					      .take = take_option,
					      .ctx = a };
	int first;
	int rc = options_read(&reader, argc, argv, &first);

	if (rc)
		return rc;
	if (first + 2 != argc)
		return cli_usage("connect takes HOST and PORT, as in connect "
				 "10.7.0.1 80");
	a->host = argv[first];
	if (!number_parse(argv[first + 1], 1, NUMBER_PORT_MAX, &a->port))
		return cli_usage("%s is no port: expected a number from 1 to "
				 "65535",
				 argv[first + 1]);
	return check_args(a);
}

/* ------------------------------------------------------------------ request */

/**
 * struct files - descriptors that go with the request
 * @n:		their number, the socket's first
 * @fd:		they; @fd[0] is closed once it was sent
 */
struct files {
	uint32_t n;
	int fd[1 + FILES];
};

static int open_file(struct files *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		fprintf(stderr, "ustackctl: %s: %s\n", path, strerror(errno));
		return CLI_REFUSED;
	}
	f->fd[f->n++] = fd;
	return CLI_DONE;
}

/* Who says nothing about trust means what the host trusts. */
static int default_trust(struct connect_args *a)
{
	if (!a->tls || a->insecure || a->fingerprint || a->file[0] ||
	    a->file[3])
		return CLI_DONE;
	if (access(HOST_CA, R_OK) == 0) {
		a->file[0] = HOST_CA;
		return CLI_DONE;
	}
	return cli_usage("whom to trust? " HOST_CA " is not there: say --ca "
			 "FILE, --fingerprint SHA256 or --insecure");
}

static void close_files(struct files *f)
{
	while (f->n)
		(void)close(f->fd[--f->n]);
}

static int open_files(const struct connect_args *a, struct files *f, int *sock)
{
	int pair[2];
	int rc = CLI_DONE;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		fprintf(stderr, "ustackctl: socketpair: %s\n", strerror(errno));
		return CLI_REFUSED;
	}
	*sock = pair[0];
	f->fd[0] = pair[1];
	f->n = 1;
	for (uint32_t i = 0; !rc && i < FILES; i++)
		if (a->file[i])
			rc = open_file(f, a->file[i]);
	if (!rc)
		return CLI_DONE;
	close_files(f);
	(void)close(*sock);
	return rc;
}

static bool is_number(const char *host)
{
	return host[0] == '[' || strchr(host, ':') ||
	       strspn(host, "0123456789.") == strlen(host);
}

static void add_tls(cJSON *params, const struct connect_args *a)
{
	cJSON *tls = cJSON_AddObjectToObject(params, "tls");
	const char *name = a->servername;

	if (!name && !is_number(a->host))
		name = a->host;
	if (name)
		(void)cJSON_AddStringToObject(tls, "servername", name);
	if (a->fingerprint)
		(void)cJSON_AddStringToObject(tls, "fingerprint",
					      a->fingerprint);
	if (a->insecure)
		(void)cJSON_AddTrueToObject(tls, "insecure");
	for (uint32_t i = 0; i < FILES; i++)
		if (a->file[i])
			(void)cJSON_AddTrueToObject(tls, file_names[i]);
}

static cJSON *make_request(const struct connect_args *a, const char *addr)
{
	cJSON *params = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(params, "address", addr);
	(void)cJSON_AddNumberToObject(params, "port", (double)a->port);
	if (a->bind)
		(void)cJSON_AddStringToObject(params, "bind", a->bind);
	if (a->cc)
		(void)cJSON_AddStringToObject(params, "cc", a->cc);
	if (a->timeout_ms)
		(void)cJSON_AddNumberToObject(params, "timeout_ms",
					      a->timeout_ms);
	if (a->tls)
		add_tls(params, a);
	return params;
}

/* Ask for one address, and wait; without a result somebody has stopped it. */
static int try_one(struct cli *cli, const struct connect_args *a,
		   const char *addr, int *sock, cJSON **result)
{
	struct files f;
	struct client_fds fds = { .fd = f.fd };
	int rc = open_files(a, &f, sock);

	if (rc)
		return rc;
	fds.n = f.n;
	rc = client_ask(cli->client, CTL_CONNECT_OPEN, make_request(a, addr),
			&fds);
	close_files(&f);
	if (!rc)
		rc = client_hear(cli->client, result);
	if (rc)
		(void)close(*sock);
	return rc;
}

/* ------------------------------------------------------------------ telling */

/* A peer that has a key in common with us shows no certificate. */
static void tell_if_known(const char *what, const cJSON *tls, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(tls, key);

	if (cJSON_IsString(v) && *v->valuestring)
		fprintf(stderr, "%s %s\n", what, v->valuestring);
}

static void tell_open(const struct cli *cli, const cJSON *r)
{
	const cJSON *tls = cJSON_GetObjectItemCaseSensitive(r, "tls");
	char took[FMT_TEXT];
	char rtt[FMT_TEXT];

	if (cli->json) {
		cli_print_json(&(struct cli){ .out = stderr }, r);
		return;
	}
	fprintf(stderr,
		"connected to %s port %.0f from %s port %.0f (connection "
		"%.0f)\n",
		cli_str(r, "remote"), cli_num(r, "rport"), cli_str(r, "local"),
		cli_num(r, "lport"), cli_num(r, "id"));
	fprintf(stderr, "after %s", fmt_time(cli_num(r, "took_us"), took));
	if (cli_num(r, "rtt_us") > 0) /* none of a SYN that was sent again */
		fprintf(stderr, ", rtt %s",
			fmt_time(cli_num(r, "rtt_us"), rtt));
	fputc('\n', stderr);
	if (!tls)
		return;
	fprintf(stderr, "%s, %s, %s%s\n", cli_str(tls, "version"),
		cli_str(tls, "suite"), cli_str(tls, "group"),
		cli_bool(tls, "etm") ? ", encrypt-then-MAC" : "");
	tell_if_known("the peer is", tls, "peer");
	tell_if_known("SHA-256", tls, "fingerprint");
}

static void tell_closed(const struct cli *cli, const cJSON *c)
{
	char in[FMT_TEXT];
	char out[FMT_TEXT];
	char age[FMT_TEXT];

	if (cli->json) {
		cli_print_json(&(struct cli){ .out = stderr }, c);
		return;
	}
	fprintf(stderr,
		"closed (%s) after %s: %s received, %s sent, %.0f segment%s "
		"sent again\n",
		cli_str(c, "reason"), fmt_time(cli_num(c, "age_us"), age),
		fmt_bytes(cli_num(c, "bytes_in"), in),
		fmt_bytes(cli_num(c, "bytes_out"), out), cli_num(c, "retrans"),
		cli_num(c, "retrans") == 1 ? "" : "s");
}

/* ------------------------------------------------------------------ running */

/**
 * struct run - a connection under way
 * @cli:	run of the tool
 * @args:	what was asked for
 * @d:		bytes
 * @closed:	the daemon's last word, NULL = it has not come
 * @early:	it came before the end of our input: what was left is lost
 */
struct run {
	struct cli *cli;
	const struct connect_args *args;
	struct duplex *d;
	cJSON *closed;
	bool early;
};

/* A notification: the connection's end is the one that counts. */
static int take_news(struct run *r)
{
	cJSON *msg;
	int rc = client_next(r->cli->client, 0, &msg);

	if (!rc && !strcmp(cli_str(msg, "method"), CTL_CONNECT_CLOSED)) {
		r->closed = cJSON_DetachItemFromObjectCaseSensitive(msg,
								    "params");
		r->early = !r->d->up.ended;
		duplex_stop_up(r->d);
	}
	cJSON_Delete(msg);
	return rc;
}

static bool is_over(const struct run *r)
{
	return r->d->failed || client_stopped(r->cli->client) ||
	       (r->closed && r->d->down.ended);
}

/* At a terminal nobody sees that the peer has ended, and would end, too. */
static void follow_peer(struct run *r)
{
	if (r->d->down.ended && !r->d->up.ended && isatty(STDIN_FILENO)) {
		(void)shutdown(r->d->up.to, SHUT_WR);
		duplex_stop_up(r->d);
	}
}

static int move_all(struct run *r)
{
	struct pollfd p[DUPLEX_FDS + CLIENT_FDS];
	int rc = CLI_DONE;
	bool more;

	while (!rc && !is_over(r)) {
		duplex_watch(r->d, p);
		client_watch(r->cli->client, p + DUPLEX_FDS);
		if (r->closed) /* no more is to come from there */
			p[DUPLEX_FDS].fd = -1;
		more = client_has_more(
			r->cli->client); /* read with the reply */
		if (poll(p, DUPLEX_FDS + CLIENT_FDS, more ? 0 : -1) < 0)
			continue;
		if (client_seen(r->cli->client, p + DUPLEX_FDS) || more)
			rc = take_news(r);
		duplex_move(r->d, p);
		follow_peer(r);
	}
	return rc;
}

static int end_of(const struct run *r)
{
	int code = (int)cli_num(r->closed, "code");

	if (r->d->failed && r->d->failed != EPIPE) {
		fprintf(stderr, "ustackctl: standard output: %s\n",
			strerror(r->d->failed));
		return CLI_REFUSED;
	}
	if (r->d->unread)
		fprintf(stderr, "ustackctl: standard input: %s\n",
			strerror(r->d->unread));
	if (!r->closed || (!code && !r->early))
		return r->d->unread ? CLI_REFUSED : CLI_DONE;
	if (!r->args->verbose || !code)
		fprintf(stderr, "ustackctl: connect: %s:%llu: %s\n",
			r->args->host, r->args->port,
			code ? cli_str(r->closed, "reason")
			     : "the daemon has closed it before the end of "
			       "input");
	return code ? client_status(code) : CLI_REFUSED;
}

static int talk(struct cli *cli, const struct connect_args *a, int sock)
{
	struct run r = { .cli = cli, .args = a, .d = malloc(sizeof(*r.d)) };
	int rc = CLI_REFUSED;

	if (!r.d) {
		fprintf(stderr, "ustackctl: out of memory\n");
		return rc;
	}
	duplex_init(r.d, sock);
	rc = move_all(&r);
	if (!rc && r.closed && a->verbose)
		tell_closed(cli, r.closed);
	if (!rc)
		rc = end_of(&r);
	cJSON_Delete(r.closed);
	free(r.d);
	return rc;
}

/* The addresses in turn; the first one that answers is it. */
static int connect_to(struct cli *cli, const struct connect_args *a,
		      const struct resolved *to)
{
	int rc = CLI_REFUSED;
	cJSON *result = NULL;
	int sock = -1;

	for (uint32_t i = 0; rc && i < to->n; i++) {
		rc = try_one(cli, a, to->addr[i], &sock, &result);
		if (rc == CLI_USAGE || rc == CLI_NO_DAEMON ||
		    rc == CLI_NOT_TRUSTED)
			break;
	}
	if (rc)
		return rc;
	if (result && a->verbose)
		tell_open(cli, result);
	if (result)
		rc = talk(cli, a, sock);
	cJSON_Delete(result);
	(void)close(sock);
	return rc;
}

int cmd_connect(struct cli *cli, int argc, char **argv)
{
	struct connect_args a = { .family = AF_UNSPEC };
	struct resolved to;
	int rc = read_args(argc, argv, &a);

	if (!rc)
		rc = default_trust(&a);
	if (!rc)
		rc = resolve_host(cli, a.host, a.family, &to);
	if (rc)
		return rc;
	if (a.insecure)
		fprintf(stderr, "ustackctl: --insecure: whoever answers is "
				"trusted, nothing is checked\n");
	rc = client_follow(cli->client, cli->out);
	if (rc)
		return rc;
	rc = connect_to(cli, &a, &to);
	client_die(cli->client);
	return rc;
}
