/* SPDX-License-Identifier: MIT */
/*
 * impair_match_lang.c - which packets: direction and target
 */

#include "stack/base/bytes.h"
#include "stack/link/addr_text.h"
#include "stack/link/lang_int.h"

static const char *const dir_names[] = { "in", "out", "both", NULL };

enum lang_taken lang_take_dir(struct words *w, uint8_t *dirs)
{
	static const uint8_t bits[] = { 1u << IMPAIR_IN, 1u << IMPAIR_OUT,
					LANG_BOTH };
	struct word a;
	int i;

	if (!words_peek(w, &a))
		return LANG_OTHER;
	i = words_find(&a, dir_names);
	if (i < 0)
		return LANG_OTHER;
	words_from(w, &a);
	if (*dirs) {
		(void)words_fail(w, &a,
				 "one direction is given, or both for in and "
				 "out");
		return LANG_FAILED;
	}
	(void)words_take(w, &a);
	*dirs = bits[i];
	return LANG_TAKEN;
}

const char *lang_dir_name(uint8_t dirs)
{
	if (dirs == 1u << IMPAIR_IN)
		return dir_names[0];
	return dir_names[dirs == 1u << IMPAIR_OUT ? 1 : 2];
}

/* ------------------------------------------------------------------ targets */

static bool once(struct words *w, const struct word *a, bool given)
{
	return !given || words_fail(w, a, "it is given once");
}

static bool take_conn(struct words *w, struct impair_match *m)
{
	static const struct words_range range = {
		1, LANG_CONN_MAX,
		"a connection is named by its number, which ustackctl conns "
		"shows"
	};

	return words_uint(w, &range, &m->conn);
}

static bool take_port(struct words *w, struct impair_match *m)
{
	static const struct words_range range = {
		1, UINT16_MAX, "a port is a number from 1 to 65535"
	};
	uint64_t port = 0;

	if (!words_uint(w, &range, &port))
		return false;
	m->port = (uint16_t)port;
	return true;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool take_service(struct words *w, struct impair_match *m)
{
	static const char want[] = "a service is named as in its [service "
				   "NAME], which ustackctl services shows";
	struct word a;

	if (!words_take(w, &a) || a.len >= sizeof(m->service))
		return words_fail(w, &a, want);
	for (uint32_t i = 0; i < a.len; i++)
		if (!is_name_byte(a.p[i]))
			return words_fail(w, &a, want);
	memcpy(m->service, a.p, a.len);
	return true;
}

static bool take_peer(struct words *w, struct impair_match *m)
{
	struct word a;

	if (!words_take(w, &a) || !addr_prefix_of(a.p, a.len, &m->peer))
		return words_fail(w, &a,
				  "a peer is an address or a prefix, as in "
				  "10.7.0.0/24 or fd07::1");
	return true;
}

static bool take_next(struct words *w, struct impair_match *m)
{
	(void)w;
	m->next = true;
	return true;
}

enum lang_taken lang_take_target(struct words *w, struct impair_match *m)
{
	static const char *const names[] = { "conn", "port", "service",
					     "peer", "next", NULL };
	static bool (*const take[])(struct words *, struct impair_match *) = {
		take_conn, take_port, take_service, take_peer, take_next
	};
	const bool given[] = { m->conn, m->port, m->service[0], m->peer.len,
			       m->next };
	struct word a;
	int i;

	if (!words_peek(w, &a))
		return LANG_OTHER;
	i = words_find(&a, names);
	if (i < 0)
		return LANG_OTHER;
	words_from(w, &a);
	(void)words_take(w, &a);
	if (!once(w, &a, given[i]) || !take[i](w, m))
		return LANG_FAILED;
	return LANG_TAKEN;
}

bool lang_check_target(struct words *w, const struct impair_match *m)
{
	w->from = 0;
	if (m->port && m->service[0])
		return words_fail(w, NULL,
				  "a service stands for its port: give one "
				  "of the two");
	if (m->conn && m->next)
		return words_fail(w, NULL,
				  "conn names one connection: next cannot be "
				  "another");
	return true;
}

bool lang_has_target(const struct impair_match *m)
{
	return m->conn || m->port || m->service[0] || m->peer.len || m->next;
}

void lang_put_target(struct text_out *t, const struct impair_match *m)
{
	if (m->conn)
		text_named(t, "conn", m->conn);
	if (m->service[0]) {
		text_word(t, "service");
		text_word(t, m->service);
	} else if (m->port) {
		text_named(t, "port", m->port);
	}
	if (m->peer.len) {
		text_word(t, "peer");
		text_prefix(t, &m->peer);
	}
	if (m->next)
		text_word(t, "next");
}

const char *impair_match_text(const struct impair_match *m,
			      char buf[IMPAIR_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_TEXT_MAX);
	if (m->dirs && m->dirs != LANG_BOTH)
		text_word(&t, lang_dir_name(m->dirs));
	lang_put_target(&t, m);
	return buf;
}
