/* SPDX-License-Identifier: MIT */
/*
 * top.h - top: what moves, live
 *
 *	top_read.c	asks the daemon: a reading
 *	top_model.c	two readings: rates; the order of connections
 *	top_view.c	both: lines of text, whatever they are shown on
 *	top_screen.c	a terminal
 *	cmd_top.c	the command
 *
 * Only the last two know of terminals, and only the first of the daemon.
 */

#ifndef CLI_TOP_H
#define CLI_TOP_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct client;

#define TOP_CONNS_MAX	10000u /* connections looked at */
#define TOP_COUNTS_MAX	160u   /* counters of drops */
#define TOP_STATES_MAX	16u
#define TOP_RULES_MAX	128u
#define TOP_KNOBS_MAX	12u
#define TOP_NAME_MAX	48u
#define TOP_TEXT_MAX	160u
#define TOP_NEVER_KNOWN (-1.)

/**
 * struct top_count - something counted
 * @name:	what
 * @value:	how much, or how much a second
 */
struct top_count {
	char name[TOP_NAME_MAX];
	double value;
};

/**
 * struct top_rule - an impairment in force: a rule, or a script
 * @id:		its number
 * @text:	it in words
 * @hits:	packets that a rule matched, or a step of a script has acted on
 * @by:		of what a rule matched, those that each knob acted on
 * @nby:	entries there
 */
struct top_rule {
	uint64_t id;
	char text[TOP_TEXT_MAX];
	double hits;
	struct top_count by[TOP_KNOBS_MAX];
	uint32_t nby;
};

/**
 * struct top_conn - a connection
 * @id:		its number
 * @service:	service, or "-"
 * @state:	ss's name of its state
 * @peer:	the peer's endpoint
 * @in_bytes:	payload received so far
 * @out_bytes:	payload that the peer has acknowledged so far
 * @age_us:	since it was opened
 * @rtt_us:	smoothed round-trip time, 0 = no sample
 * @cwnd_segs:	congestion window
 * @retrans:	segments sent again so far
 * @in_bps:	bits per second, by top_compare(); TOP_NEVER_KNOWN = one reading
 *		only
 * @out_bps:	the same
 */
struct top_conn {
	uint64_t id;
	char service[TOP_NAME_MAX];
	char state[16];
	char peer[64];
	double in_bytes;
	double out_bytes;
	double age_us;
	double rtt_us;
	double cwnd_segs;
	double retrans;
	double in_bps;
	double out_bps;
};

/**
 * struct top_sample - a reading; zero it before its first use
 * @at_us:	when, monotonic
 * @version:	the daemon's
 * @ifname:	its interface
 * @mode:	the offload in use
 * @up_us:	how long it is up
 * @mem_used:	bytes
 * @in_packets:	from the interface, so far
 * @in_bytes:	the same
 * @out_packets: to the interface
 * @out_bytes:	the same
 * @opens:	connections opened, either way
 * @out_segs:	segments sent
 * @retrans:	segments sent again
 * @timeouts:	expiries of the retransmission timer
 * @state:	connections by state, those that have any
 * @nstates:	entries there
 * @drop:	drops by reason, all of them
 * @ndrops:	entries there
 * @rule:	impairments in force
 * @nrules:	entries there
 * @conn:	connections but for those in TIME-WAIT; allocated
 * @nconns:	entries there
 * @cut:	there are more than were looked at
 */
struct top_sample {
	double at_us;
	char version[TOP_NAME_MAX];
	char ifname[TOP_NAME_MAX];
	char mode[TOP_NAME_MAX];
	double up_us;
	double mem_used;
	double in_packets;
	double in_bytes;
	double out_packets;
	double out_bytes;
	double opens;
	double out_segs;
	double retrans;
	double timeouts;
	struct top_count state[TOP_STATES_MAX];
	uint32_t nstates;
	struct top_count drop[TOP_COUNTS_MAX];
	uint32_t ndrops;
	struct top_rule rule[TOP_RULES_MAX];
	uint32_t nrules;
	struct top_conn *conn;
	uint32_t nconns;
	bool cut;
};

/**
 * struct top_rates - what happened between two readings, a second
 * @dt_s:	seconds between them, 0 = there was one only
 * @in_pps:	packets
 * @in_bps:	bits
 * @out_pps:	packets
 * @out_bps:	bits
 * @opens:	connections opened
 * @retrans:	segments sent again
 * @retrans_share: of all segments sent, 0 to 1
 * @timeouts:	expiries of the retransmission timer
 * @drop:	reasons for which packets were dropped, most first
 * @ndrops:	entries there
 * @rule_pps:	hits of each rule of the later reading
 * @rule_share:	of them those of each of its knobs, 0 to 1
 */
struct top_rates {
	double dt_s;
	double in_pps;
	double in_bps;
	double out_pps;
	double out_bps;
	double opens;
	double retrans;
	double retrans_share;
	double timeouts;
	struct top_count drop[TOP_COUNTS_MAX];
	uint32_t ndrops;
	double rule_pps[TOP_RULES_MAX];
	double rule_share[TOP_RULES_MAX][TOP_KNOBS_MAX];
};

/* What connections are sorted by. */
enum top_sort {
	TOP_BY_THROUGHPUT,
	TOP_BY_RTT,
	TOP_BY_CWND,
	TOP_BY_RETRANS,
	TOP_BY_ID,
	TOP_SORTS,
};

/* ----------------------------------------------------------------- reading */

/**
 * top_read() - Ask the daemon
 * @client:	client
 * @s:		reading; what it held is replaced
 *
 * Return: CLI_DONE, or another status with the reason printed
 */
int top_read(struct client *client, struct top_sample *s);

/** top_take_status() - What the method status answers, into a reading */
void top_take_status(struct top_sample *s, const cJSON *status);

/** top_take_stats() - The same of stats.get */
void top_take_stats(struct top_sample *s, const cJSON *stats);

/** top_take_rules() - The same of impair.get */
void top_take_rules(struct top_sample *s, const cJSON *impair);

/** top_take_conns() - A piece of conns.list, behind those before; false = enough */
bool top_take_conns(struct top_sample *s, const cJSON *piece);

/** top_sample_fini() - Free what a reading holds */
void top_sample_fini(struct top_sample *s);

/* ------------------------------------------------------------------- model */

/**
 * top_compare() - What happened between two readings
 * @was:	the earlier one, NULL = none; its connections come to be sorted
 *		by number
 * @now:	the later one; rates of its connections are set
 * @r:		filled in
 *
 * A counter that is smaller than before was reset, and began at 0.
 */
void top_compare(struct top_sample *was, struct top_sample *now,
		 struct top_rates *r);

/** top_order() - Sort a reading's connections */
void top_order(struct top_sample *s, enum top_sort by);

/** top_sort_of() - The order that a key stands for, TOP_SORTS = none */
enum top_sort top_sort_of(int key);

/* -------------------------------------------------------------------- view */

/* How a line is shown. */
enum top_look {
	TOP_PLAIN,
	TOP_TITLE,
	TOP_HEADINGS,
	TOP_ALARM,
	TOP_FOOT,
};

/**
 * struct top_view - what is to be shown, and where it goes
 * @rows:	lines there are, 0 = without end, and no foot
 * @cols:	columns
 * @sort:	the order
 * @first:	connection in the first line of the list
 * @paused:	say so
 * @help:	explain the keys instead of the list
 * @interval_s:	between readings
 * @put:	show a line, of at most @cols columns, under the last one
 * @ctx:	its argument
 */
struct top_view {
	uint32_t rows;
	uint32_t cols;
	enum top_sort sort;
	uint32_t first;
	bool paused;
	bool help;
	double interval_s;
	void (*put)(void *ctx, enum top_look look, const char *line);
	void *ctx;
};

/** top_show() - Show a reading; @v.first is corrected where the list is shorter */
void top_show(struct top_view *v, const struct top_sample *s,
	      const struct top_rates *r);

/** top_page() - Lines of the list that fit, at least 1 */
uint32_t top_page(const struct top_view *v, const struct top_sample *s,
		  const struct top_rates *r);

/** top_json() - The same as JSON, to be freed by cJSON_Delete() */
cJSON *top_json(const struct top_sample *s, const struct top_rates *r);

/* ------------------------------------------------------------------ screen */

struct top_screen;

/* What somebody wants; else the byte of a key. */
enum top_key {
	TOP_KEY_NONE = 256, /* time is up */
	TOP_KEY_RESIZE,
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_GONE, /* the terminal has gone */
};

/**
 * top_screen_open() - Take over the terminal
 * @colour:	use colours
 *
 * What is written to standard error meanwhile is kept back until the end.
 *
 * Return: the screen, or NULL with the reason printed
 */
struct top_screen *top_screen_open(bool colour);

/** top_screen_close() - Give the terminal back as it was; NULL is fine */
void top_screen_close(struct top_screen *sc);

/** top_screen_size() - Its size at the moment, at least 1 by 1 */
void top_screen_size(const struct top_screen *sc, uint32_t *rows,
		     uint32_t *cols);

/** top_screen_begin() - Start a picture at the top */
void top_screen_begin(struct top_screen *sc);

/** top_screen_put() - Its next line; @ctx is the screen */
void top_screen_put(void *ctx, enum top_look look, const char *line);

/** top_screen_end() - Show it */
void top_screen_end(struct top_screen *sc);

/** top_screen_wait() - Wait for a key: a byte, or an enum top_key */
int top_screen_wait(struct top_screen *sc, double timeout_us);

#endif /* CLI_TOP_H */
