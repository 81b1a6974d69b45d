/* SPDX-License-Identifier: MIT */
/*
 * pages.c - what the daemon shows by its http services
 *
 *	/		what there is, and how to talk to it
 *	/metrics	every number, for Prometheus (metrics.c)
 *
 * A page is made on the worker's thread when somebody asks for it.
 */

#include "daemon/pages.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/addr.h"
#include "daemon/config.h"
#include "daemon/loop.h"
#include "daemon/metrics.h"
#include "daemon/svc/svc.h"
#include "daemon/worker.h"

#ifndef USTACK_VERSION
#define USTACK_VERSION "unknown"
#endif

#define HTTP_PORT 80u

/**
 * struct pages - the pages, and what they say
 * @w:		borrowed
 * @start_us:	when the daemon began, monotonic
 * @naddrs:	entries in @addr
 * @addr:	addresses of the stack
 * @metrics:	room for a reading
 * @table:	for the services
 */
struct pages {
	struct worker *w;
	uint64_t start_us;
	uint32_t naddrs;
	struct ustack_prefix addr[CONFIG_ADDRS_MAX];
	struct metrics metrics;
	struct svc_pages table;
};

/* ----------------------------------------------------------------- metrics */

static void make_metrics(void *arg, struct svc_text *t)
{
	struct pages *p = arg;

	p->metrics.version = USTACK_VERSION;
	p->metrics.up_us = loop_clock_us() - p->start_us;
	metrics_read(&p->metrics, p->w);
	metrics_write(&p->metrics, t);
}

/* ------------------------------------------------------------------- index */

static void put_html(struct svc_text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			svc_text_add(t, "&amp;");
		else if (*s == '<')
			svc_text_add(t, "&lt;");
		else
			svc_text_add(t, "%c", *s);
	}
}

/* An address that a client can use: a whole network's first host. */
static void some_host(const struct pages *p, char out[ADDR_TEXT_MAX])
{
	struct ustack_prefix a = p->addr[0];

	if (a.len < 128)
		a.addr.b[15] |= 2;
	(void)addr_text(&a.addr, out);
}

/* What to type, for each type of service; %s is the host, %u the port. */
static void put_try(struct svc_text *t, const struct worker_service *sv,
		    const char *host)
{
	const char *open = strchr(host, ':') ? "[" : "";
	const char *close = *open ? "]" : "";

	if (sv->tls)
		svc_text_add(t, "openssl s_client -quiet -connect %s%s%s:%u",
			     open, host, close, sv->port);
	else if (!strcmp(sv->type, "echo"))
		svc_text_add(t, "echo hello | nc -N %s %u", host, sv->port);
	else if (!strcmp(sv->type, "discard"))
		svc_text_add(t, "nc -N %s %u &lt; file", host, sv->port);
	else if (!strcmp(sv->type, "chargen"))
		svc_text_add(t, "nc %s %u | head", host, sv->port);
	else if (!strcmp(sv->type, "forward"))
		svc_text_add(t, "nc -N %s %u", host, sv->port);
	else if (sv->port == HTTP_PORT)
		svc_text_add(t, "curl http://%s%s%s/metrics", open, host,
			     close);
	else
		svc_text_add(t, "curl http://%s%s%s:%u/metrics", open, host,
			     close, sv->port);
}

static const char *what_it_does(const char *type)
{
	if (!strcmp(type, "echo"))
		return "sends back what it gets";
	if (!strcmp(type, "discard"))
		return "takes all and says nothing";
	if (!strcmp(type, "chargen"))
		return "sends lines of characters for ever";
	if (!strcmp(type, "forward"))
		return "leads to a server of the host";
	return "shows this page and the metrics";
}

static void put_services(struct svc_text *t, const struct pages *p)
{
	struct worker_service sv[CONFIG_SERVICES_MAX];
	uint32_t n = worker_services(p->w, sv, CONFIG_SERVICES_MAX);
	char host[ADDR_TEXT_MAX];

	some_host(p, host);
	svc_text_add(t,
		     "<h2>Services</h2>\n<table>\n<tr><th>Port</th>"
		     "<th>Name</th><th>What it does</th><th>Try</th></tr>\n");
	for (uint32_t i = 0; i < n; i++) {
		svc_text_add(t, "<tr><td>%u</td><td>", sv[i].port);
		put_html(t, sv[i].name);
		svc_text_add(t, "</td><td>%s%s</td><td><code>",
			     what_it_does(sv[i].type),
			     sv[i].tls ? ", by TLS" : "");
		put_try(t, &sv[i], host);
		svc_text_add(t, "</code></td></tr>\n");
	}
	svc_text_add(t, "</table>\n");
}

static void put_addresses(struct svc_text *t, const struct pages *p)
{
	char text[ADDR_PREFIX_MAX];

	svc_text_add(t, "<p>It answers at");
	for (uint32_t i = 0; i < p->naddrs; i++)
		svc_text_add(t, "%s <code>%s</code>", i ? "," : "",
			     addr_prefix_text(&p->addr[i], text));
	svc_text_add(t, ", to <code>ping</code> as well.</p>\n");
}

static const char index_head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>ustack</title>\n"
	"<style>\n"
	"body { font-family: sans-serif; max-width: 50em; margin: 2em auto; "
	"padding: 0 1em; }\n"
	"td, th { text-align: left; padding: 0.2em 1em 0.2em 0; }\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<h1>ustack</h1>\n"
	"<p>This is <code>ustackd</code> " USTACK_VERSION
	", a TCP/IP host in a process. No kernel has made the segments that "
	"brought you this page: the connection is one of its own.</p>\n";

static const char index_tail[] =
	"<h2>Pages</h2>\n"
	"<ul>\n"
	"<li><a href=\"/\">/</a>: what there is</li>\n"
	"<li><a href=\"/metrics\">/metrics</a>: every counter and gauge, for "
	"Prometheus</li>\n"
	"<li><a href=\"/bytes/1000000\">/bytes/N</a>: a download of N "
	"bytes</li>\n"
	"</ul>\n"
	"<h2>On the host</h2>\n"
	"<table>\n"
	"<tr><td><code>ustackctl</code></td>"
	"<td>the daemon, and what it holds</td></tr>\n"
	"<tr><td><code>ustackctl conns -i</code></td>"
	"<td>the connections, yours among them</td></tr>\n"
	"<tr><td><code>ustackctl stats</code></td>"
	"<td>the counters</td></tr>\n"
	"<tr><td><code>man ustackctl</code></td>"
	"<td>the rest; <code>man ustackd.conf</code> for the settings</td>"
	"</tr>\n"
	"</table>\n"
	"</body>\n"
	"</html>\n";

static void make_index(void *arg, struct svc_text *t)
{
	const struct pages *p = arg;

	svc_text_add(t, "%s", index_head);
	put_addresses(t, p);
	put_services(t, p);
	svc_text_add(t, "%s", index_tail);
}

/* --------------------------------------------------------------------- all */

struct pages *pages_new(struct worker *w, const struct config *cfg)
{
	static const struct svc_page page[] = {
		{ "/", "text/html; charset=utf-8", make_index },
		{ "/metrics", METRICS_TYPE, make_metrics },
	};
	struct pages *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->w = w;
	p->start_us = loop_clock_us();
	p->naddrs = cfg->stack.naddrs;
	for (uint32_t i = 0; i < p->naddrs; i++)
		p->addr[i] = cfg->stack.addr[i];
	p->table = (struct svc_pages){ .page = page,
				       .n = sizeof(page) / sizeof(page[0]),
				       .arg = p };
	return p;
}

void pages_free(struct pages *p)
{
	free(p);
}

const struct svc_pages *pages_table(const struct pages *p)
{
	return &p->table;
}
