/* SPDX-License-Identifier: MIT */
/*
 * conn_fmt.h - a connection for people
 */

#ifndef CLI_CONN_FMT_H
#define CLI_CONN_FMT_H

#include <cjson/cJSON.h>
#include <stdint.h>

struct cli;

/**
 * conn_state_find() - The state that somebody means
 * @word:	its name, RFC 9293's or ss's, in either case, or its beginning
 * @state:	set to RFC 9293's name
 *
 * Return: CLI_DONE, or CLI_USAGE with the right words printed
 */
int conn_state_find(const char *word, const char **state);

/** conn_state_short() - What ss calls a state of RFC 9293's */
const char *conn_state_short(const char *rfc);

/** conn_show_head() - The headings of conn_show_line() */
void conn_show_head(struct cli *cli);

/** conn_show_line() - A connection on one line, as ss -tn */
void conn_show_line(struct cli *cli, const cJSON *c);

/** conn_show_tls() - Its secure channel on a line, if it is one */
void conn_show_tls(struct cli *cli, const cJSON *c, uint32_t indent);

/** conn_show_info() - What ss -tin adds, under ss's names */
void conn_show_info(struct cli *cli, const cJSON *c);

#endif /* CLI_CONN_FMT_H */
