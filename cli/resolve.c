/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - from a host's name to addresses that the stack can speak to
 */

#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "daemon/ctl_proto.h"

#define HOST_MAX 256u

_Static_assert(RESOLVE_ADDR_MAX == INET6_ADDRSTRLEN, "room for any address");

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* Without the brackets around an IPv6 address; NULL: it is too long. */
static const char *unbracketed(const char *host, char buf[HOST_MAX])
{
	size_t len = strlen(host);

	if (len >= HOST_MAX)
		return NULL;
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		memcpy(buf, host + 1, len - 2);
		buf[len - 2] = '\0';
		return buf;
	}
	return host;
}

/* A number? */
static bool is_number(const char *host, int family, struct resolved *out)
{
	uint8_t b[16];

	if (inet_pton(family, host, b) != 1)
		return false;
	(void)inet_ntop(family, b, out->addr[0], RESOLVE_ADDR_MAX);
	out->n = 1;
	return true;
}

/* Has the stack an address of that family? */
static bool has_family(const cJSON *status, int family)
{
	const cJSON *addrs = cJSON_GetObjectItemCaseSensitive(status,
							      "addresses");
	const cJSON *a;

	cJSON_ArrayForEach(
		a,
		cJSON_GetObjectItemCaseSensitive(
			addrs,
			"stack")) if (cJSON_IsString(a) &&
				      (strchr(a->valuestring, ':') != NULL) ==
					      (family == AF_INET6)) return true;
	return false;
}

static void add(const struct addrinfo *ai, struct resolved *out)
{
	char *text = out->addr[out->n];

	if (out->n < RESOLVE_MAX &&
	    !getnameinfo(ai->ai_addr, ai->ai_addrlen, text, RESOLVE_ADDR_MAX,
			 NULL, 0, NI_NUMERICHOST))
		out->n++;
}

/* The addresses in @list whose family the stack has. */
static int choose(struct cli *cli, const char *host,
		  const struct addrinfo *list, struct resolved *out)
{
	cJSON *status;
	int rc = client_call(cli->client, CTL_STATUS, NULL, &status);
	const struct addrinfo *ai;

	if (rc)
		return rc;
	for (ai = list; ai; ai = ai->ai_next)
		if (has_family(status, ai->ai_family))
			add(ai, out);
	cJSON_Delete(status);
	if (out->n)
		return CLI_DONE;
	fprintf(stderr,
		"ustackctl: %s is %s only, and the stack has no such "
		"address\n",
		host, family_name(list->ai_family));
	return CLI_NO_OBJECT;
}

static int look_up(struct cli *cli, const char *host, int family,
		   struct resolved *out)
{
	const struct addrinfo hints = { .ai_family = family,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int error = getaddrinfo(host, NULL, &hints, &list);
	int rc = CLI_DONE;

	if (error) {
		fprintf(stderr, "ustackctl: %s: %s\n", host,
			gai_strerror(error));
		return CLI_NO_OBJECT;
	}
	if (family == AF_UNSPEC)
		rc = choose(cli, host, list, out);
	else
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
			add(ai, out);
	freeaddrinfo(list);
	return rc;
}

int resolve_host(struct cli *cli, const char *host, int family,
		 struct resolved *out)
{
	char buf[HOST_MAX];
	const char *name = unbracketed(host, buf);

	out->n = 0;
	if (!name)
		return cli_usage("a host's name has at most %u bytes",
				 HOST_MAX - 1);
	for (int i = 0; i < 2; i++) {
		int f = i ? AF_INET6 : AF_INET;

		if (!is_number(name, f, out))
			continue;
		if (family == AF_UNSPEC || family == f)
			return CLI_DONE;
		return cli_usage("%s is no %s address", name,
				 family_name(family));
	}
	return look_up(cli, name, family, out);
}
