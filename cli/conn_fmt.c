/* SPDX-License-Identifier: MIT */
/*
 * conn_fmt.c - a connection for people
 *
 * ss counts the congestion window, its threshold and what is unacknowledged in
 * segments, and times in milliseconds: so does the second line here.  --json
 * has bytes and microseconds.
 */

#include "conn_fmt.h"

#include <string.h>
#include <strings.h>

#include "cli.h"
#include "fmt.h"
#include "match.h"

#define ENDPOINT_MAX 64u
#define INFO_INDENT  8u

/* RFC 9293's names, and what ss calls the same states. */
static const struct {
	const char *rfc;
	const char *ss;
} states[] = {
	{ "LISTEN", "LISTEN" },		{ "SYN-SENT", "SYN-SENT" },
	{ "SYN-RECEIVED", "SYN-RECV" }, { "ESTABLISHED", "ESTAB" },
	{ "FIN-WAIT-1", "FIN-WAIT-1" }, { "FIN-WAIT-2", "FIN-WAIT-2" },
	{ "CLOSE-WAIT", "CLOSE-WAIT" }, { "CLOSING", "CLOSING" },
	{ "LAST-ACK", "LAST-ACK" },	{ "TIME-WAIT", "TIME-WAIT" },
	{ "CLOSED", "CLOSED" },
};

#define NSTATES (sizeof(states) / sizeof(states[0]))

int conn_state_find(const char *word, const char **state)
{
	size_t len = strlen(word);
	size_t found = NSTATES;
	uint32_t n = 0;

	for (size_t i = 0; i < NSTATES; i++) {
		if (!strcasecmp(states[i].rfc, word) ||
		    !strcasecmp(states[i].ss, word)) {
			*state = states[i].rfc;
			return CLI_DONE;
		}
		if (!strncasecmp(states[i].rfc, word, len)) {
			found = i;
			n++;
		}
	}
	if (len && n == 1) {
		*state = states[found].rfc;
		return CLI_DONE;
	}
	fprintf(stderr, "ustackctl: -s takes one of");
	for (size_t i = 1; i + 1 < NSTATES; i++)
		fprintf(stderr, "%s %s", i > 1 ? "," : "", states[i].rfc);
	fprintf(stderr, ", not %s\n", word);
	return CLI_USAGE;
}

const char *conn_state_short(const char *rfc)
{
	for (size_t i = 0; i < NSTATES; i++)
		if (!strcmp(states[i].rfc, rfc))
			return states[i].ss;
	return rfc;
}

void conn_show_head(struct cli *cli)
{
	fmt_head(cli->out, cli->colour,
		 "    Id State      Recv-Q Send-Q Local Address:Port     "
		 "Peer Address:Port");
}

void conn_show_line(struct cli *cli, const cJSON *c)
{
	char local[ENDPOINT_MAX];
	char peer[ENDPOINT_MAX];

	fprintf(cli->out, "%6.0f %-10s %6.0f %6.0f %-22s %s\n",
		cli_num(c, "id"), conn_state_short(cli_str(c, "state")),
		cli_num(c, "rcvq"),
		cli_num(c, "unacked") + cli_num(c, "unsent"),
		fmt_endpoint(cli_str(c, "local"), cli_num(c, "lport"), local,
			     sizeof(local)),
		fmt_endpoint(cli_str(c, "remote"), cli_num(c, "rport"), peer,
			     sizeof(peer)));
}

/* Bytes as segments, begun ones counted. */
static double segments(const cJSON *c, const char *key)
{
	double mss = cli_num(c, "mss");
	uint64_t bytes = (uint64_t)cli_num(c, key);

	return mss >= 1 ? (double)((bytes + (uint64_t)mss - 1) / (uint64_t)mss)
			: 0;
}

/* "name:value", unless the value is 0. */
static void add_some(struct fmt_wrap *w, const cJSON *c, const char *name,
		     const char *key)
{
	if (cli_num(c, key) > 0)
		fmt_wrap_add(w, "%s:%.0f", name, cli_num(c, key));
}

static void add_path(struct fmt_wrap *w, const cJSON *c)
{
	const cJSON *ws = cJSON_GetObjectItemCaseSensitive(c, "wscale");
	char a[FMT_TEXT];
	char b[FMT_TEXT];

	if (cli_bool(c, "timestamps"))
		fmt_wrap_add(w, "ts");
	if (cli_bool(c, "sack"))
		fmt_wrap_add(w, "sack");
	if (cli_bool(c, "ecn"))
		fmt_wrap_add(w, "ecn");
	if (*cli_str(c, "cc"))
		fmt_wrap_add(w, "%s", cli_str(c, "cc"));
	if (ws)
		fmt_wrap_add(w, "wscale:%.0f,%.0f", cli_num(ws, "snd"),
			     cli_num(ws, "rcv"));
	fmt_wrap_add(w, "rto:%s", fmt_ms(cli_num(c, "rto_us"), a));
	if (cli_num(c, "srtt_us") > 0)
		fmt_wrap_add(w, "rtt:%s/%s", fmt_ms(cli_num(c, "srtt_us"), a),
			     fmt_ms(cli_num(c, "rttvar_us"), b));
	add_some(w, c, "backoff", "backoff");
	fmt_wrap_add(w, "mss:%.0f", cli_num(c, "mss"));
	add_some(w, c, "rcvmss", "rcv_mss");
	fmt_wrap_add(w, "pmtu:%.0f", cli_num(c, "pmtu"));
	fmt_wrap_add(w, "advmss:%.0f", cli_num(c, "advmss"));
	fmt_wrap_add(w, "cwnd:%.0f", segments(c, "cwnd"));
	if (cJSON_GetObjectItemCaseSensitive(c, "ssthresh"))
		fmt_wrap_add(w, "ssthresh:%.0f", segments(c, "ssthresh"));
	if (strcmp(cli_str(c, "cc_state"), "open") != 0 &&
	    *cli_str(c, "cc_state"))
		fmt_wrap_add(w, "(%s)", cli_str(c, "cc_state"));
}

static void add_amounts(struct fmt_wrap *w, const cJSON *c)
{
	add_some(w, c, "bytes_sent", "bytes_sent");
	add_some(w, c, "bytes_retrans", "bytes_retrans");
	add_some(w, c, "bytes_acked", "bytes_acked");
	add_some(w, c, "bytes_received", "bytes_received");
	fmt_wrap_add(w, "segs_out:%.0f", cli_num(c, "segs_out"));
	fmt_wrap_add(w, "segs_in:%.0f", cli_num(c, "segs_in"));
	add_some(w, c, "retrans", "retrans");
	if (cli_num(c, "unacked") > 0)
		fmt_wrap_add(w, "unacked:%.0f", segments(c, "unacked"));
	if (cli_num(c, "lost") > 0)
		fmt_wrap_add(w, "lost:%.0f", segments(c, "lost"));
	if (cli_num(c, "sacked") > 0)
		fmt_wrap_add(w, "sacked:%.0f", segments(c, "sacked"));
	if (cli_bool(c, "reordering"))
		fmt_wrap_add(w, "reord_seen");
	add_some(w, c, "inflight", "inflight");
	add_some(w, c, "notsent", "unsent");
	add_some(w, c, "rcv_ooo", "ooo");
	add_some(w, c, "urgent", "urgent");
	add_some(w, c, "probes", "probes");
}

static void add_state(struct fmt_wrap *w, const cJSON *c)
{
	char t[FMT_TEXT];

	fmt_wrap_add(w, "rcv_space:%.0f", cli_num(c, "rcv_buf"));
	fmt_wrap_add(w, "rcv_wnd:%.0f", cli_num(c, "rcv_wnd"));
	fmt_wrap_add(w, "snd_wnd:%.0f", cli_num(c, "snd_wnd"));
	if (cli_num(c, "minrtt_us") > 0)
		fmt_wrap_add(w, "minrtt:%s",
			     fmt_ms(cli_num(c, "minrtt_us"), t));
	fmt_wrap_add(w, "lastsnd:%.0f", cli_num(c, "last_sent_us") / 1e3);
	fmt_wrap_add(w, "lastrcv:%.0f", cli_num(c, "idle_us") / 1e3);
	fmt_wrap_add(w, "age:%s", fmt_time(cli_num(c, "age_us"), t));
	fmt_wrap_add(w, "mem:%.0f", cli_num(c, "mem"));
}

/* A text that may be absent; "" if it is. */
static const char *text_of(const cJSON *t, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(t, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void add_agreed(struct fmt_wrap *w, const cJSON *t)
{
	static const char *const keys[] = { "version", "kx", "group", "cipher",
					    "mac" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (*text_of(t, keys[i]))
			fmt_wrap_add(w, "%s", text_of(t, keys[i]));
	if (cli_bool(t, "etm"))
		fmt_wrap_add(w, "etm");
	if (*text_of(t, "peer"))
		fmt_wrap_add(w, "peer:\"%s\"", text_of(t, "peer"));
	if (*text_of(t, "servername"))
		fmt_wrap_add(w, "name:\"%s\"", text_of(t, "servername"));
	if (cli_bool(t, "resumed"))
		fmt_wrap_add(w, "resumed");
}

void conn_show_tls(struct cli *cli, const cJSON *c, uint32_t indent)
{
	const cJSON *t = cJSON_GetObjectItemCaseSensitive(c, "tls");
	struct fmt_wrap w = { .out = cli->out, .indent = indent };
	const char *state = text_of(t, "state");

	if (!t)
		return;
	if (*text_of(t, "version"))
		add_agreed(&w, t);
	else
		fmt_wrap_add(&w, "TLS");
	if (strcmp(state, "open") != 0)
		fmt_wrap_add(&w, "(%s)", state);
	fmt_wrap_end(&w);
}

void conn_show_info(struct cli *cli, const cJSON *c)
{
	struct fmt_wrap w = { .out = cli->out, .indent = INFO_INDENT };

	conn_show_tls(cli, c, INFO_INDENT);

	if (cli_num(c, "mss") >= 1) {
		add_path(&w, c);
		add_amounts(&w, c);
	}
	add_state(&w, c);
	fmt_wrap_end(&w);
}
