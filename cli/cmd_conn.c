/* SPDX-License-Identifier: MIT */
/*
 * cmd_conn.c - conn: one connection in full, or its end
 */

#include <string.h>

#include "cli.h"
#include "client.h"
#include "conn_fmt.h"
#include "daemon/ctl_proto.h"
#include "fmt.h"
#include "number.h"

#define ENDPOINT_MAX 64u
#define VALUE_MAX    80u

enum kind { KIND_BYTES, KIND_COUNT, KIND_TIME, KIND_TEXT, KIND_BOOL };

/* What is shown, in this order; what the daemon left out is left out. */
static const struct {
	const char *key;
	const char *label;
	enum kind kind;
} fields[] = {
	{ "service", "service", KIND_TEXT },
	{ "state", "state", KIND_TEXT },
	{ "active", "opened by us", KIND_BOOL },
	{ "peer_closed", "closed by the peer", KIND_BOOL },
	{ "age_us", "age", KIND_TIME },
	{ "idle_us", "last segment received", KIND_TIME },
	{ "cc", "congestion control", KIND_TEXT },
	{ "cc_state", "its state", KIND_TEXT },
	{ "cwnd", "congestion window", KIND_BYTES },
	{ "ssthresh", "slow start threshold", KIND_BYTES },
	{ "srtt_us", "round-trip time", KIND_TIME },
	{ "rttvar_us", "its mean deviation", KIND_TIME },
	{ "minrtt_us", "least round-trip time", KIND_TIME },
	{ "rto_us", "retransmission timeout", KIND_TIME },
	{ "backoff", "its back-off", KIND_COUNT },
	{ "mss", "segment size", KIND_BYTES },
	{ "advmss", "segment size we take", KIND_BYTES },
	{ "pmtu", "path MTU", KIND_BYTES },
	{ "timestamps", "timestamps", KIND_BOOL },
	{ "sack", "selective acknowledgements", KIND_BOOL },
	{ "ecn", "congestion notification", KIND_BOOL },
	{ "snd_wnd", "peer's window", KIND_BYTES },
	{ "rcv_wnd", "our window", KIND_BYTES },
	{ "rcv_buf", "receive buffer", KIND_BYTES },
	{ "inflight", "in flight", KIND_BYTES },
	{ "unacked", "unacknowledged", KIND_BYTES },
	{ "unsent", "not sent yet", KIND_BYTES },
	{ "rcvq", "received, not read", KIND_BYTES },
	{ "ooo", "received out of order", KIND_BYTES },
	{ "bytes_received", "bytes received", KIND_BYTES },
	{ "bytes_sent", "bytes sent", KIND_BYTES },
	{ "bytes_acked", "bytes acknowledged", KIND_BYTES },
	{ "bytes_retrans", "bytes sent again", KIND_BYTES },
	{ "segs_in", "segments received", KIND_COUNT },
	{ "segs_out", "segments sent", KIND_COUNT },
	{ "retrans", "segments sent again", KIND_COUNT },
	{ "mem", "memory", KIND_BYTES },
};

static const char *value_text(const cJSON *v, enum kind kind, char *buf)
{
	char num[FMT_TEXT];

	switch (kind) {
	case KIND_BYTES:
		(void)fmt_count(v->valuedouble, num);
		(void)snprintf(buf, VALUE_MAX, "%s bytes", num);
		return buf;
	case KIND_COUNT:
		return fmt_count(v->valuedouble, buf);
	case KIND_TIME:
		return fmt_time(v->valuedouble, buf);
	case KIND_BOOL:
		return cJSON_IsTrue(v) ? "yes" : "no";
	case KIND_TEXT:
		break;
	}
	return cJSON_IsString(v) ? v->valuestring : "?";
}

static void show(struct cli *cli, const cJSON *c)
{
	char local[ENDPOINT_MAX];
	char peer[ENDPOINT_MAX];
	char value[VALUE_MAX];

	fprintf(cli->out, "%sconnection %.0f%s  %s, peer %s\n",
		cli->colour ? "\033[1m" : "", cli_num(c, "id"),
		cli->colour ? "\033[0m" : "",
		fmt_endpoint(cli_str(c, "local"), cli_num(c, "lport"), local,
			     sizeof(local)),
		fmt_endpoint(cli_str(c, "remote"), cli_num(c, "rport"), peer,
			     sizeof(peer)));
	conn_show_tls(cli, c, 2);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(
			c, fields[i].key);

		if (v)
			fprintf(cli->out, "  %-24s %s\n", fields[i].label,
				value_text(v, fields[i].kind, value));
	}
}

static int read_id(const char *text, double *id)
{
	unsigned long long v;

	if (!number_parse(text, 0, NUMBER_ID_MAX, &v))
		return cli_usage("conn takes a connection's number, which "
				 "ustackctl conns shows, not %s",
				 text);
	*id = (double)v;
	return CLI_DONE;
}

const struct word_def conn_words[] = {
	{ "abort", "", "behind ID: reset it" },
	{ "close", "", "behind ID: close it, with FIN" },
	{ NULL, NULL, NULL },
};

int cmd_conn(struct cli *cli, int argc, char **argv)
{
	static const char *const methods[] = { CTL_CONNS_ABORT,
					       CTL_CONNS_CLOSE };
	const char *method = CTL_CONNS_GET;
	cJSON *params;
	double id = 0;
	int rc;

	if (argc < 2 || argc > 3)
		return cli_usage("conn takes ID [abort|close]");
	rc = read_id(argv[1], &id);
	if (rc)
		return rc;
	if (argc == 3) {
		int i = options_word(conn_words, "conn ID", argv[2]);

		if (i < 0)
			return CLI_USAGE;
		method = methods[i];
	}
	params = cJSON_CreateObject();
	(void)cJSON_AddNumberToObject(params, "id", id);
	return cli_ask(cli, method, params, argc == 2 ? show : NULL);
}
