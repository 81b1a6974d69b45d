/* SPDX-License-Identifier: MIT */
/*
 * json.c - writing JSON into a buffer
 *
 * RFC 8259 sections 4, 5 and 7.
 */

#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_CAP_MIN 512u

void json_init(struct json *j, size_t max)
{
	*j = (struct json){ .max = max };
}

void json_fini(struct json *j)
{
	free(j->buf);
	*j = (struct json){ .max = j->max };
}

void json_reset(struct json *j)
{
	j->len = 0;
	j->failed = false;
}

bool json_failed(const struct json *j)
{
	return j->failed;
}

/* Make room for @n more bytes; false when that cannot be. */
static bool reserve(struct json *j, size_t n)
{
	size_t cap = j->cap ? j->cap : JSON_CAP_MIN;
	char *p;

	if (j->failed || n > j->max - j->len) {
		j->failed = true;
		return false;
	}
	if (j->len + n <= j->cap)
		return true;
	while (cap < j->len + n)
		cap *= 2;
	p = realloc(j->buf, cap);
	if (!p) {
		j->failed = true;
		return false;
	}
	j->buf = p;
	j->cap = cap;
	return true;
}

static void put(struct json *j, const char *s, size_t n)
{
	if (!reserve(j, n))
		return;
	memcpy(j->buf + j->len, s, n);
	j->len += n;
}

/* A byte of a string, escaped where section 7 asks for it. */
static void put_escaped(struct json *j, unsigned char c)
{
	char esc[8];
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(esc, sizeof(esc), "\\%c", c);
	else
		n = snprintf(esc, sizeof(esc), "\\u%04x", (unsigned int)c);
	put(j, esc, (size_t)n);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_string(struct json *j, const char *s)
{
	size_t run;

	put(j, "\"", 1);
	while (*s) {
		for (run = 0; is_plain((unsigned char)s[run]); run++)
			;
		put(j, s, run);
		s += run;
		if (*s)
			put_escaped(j, (unsigned char)*s++);
	}
	put(j, "\"", 1);
}

/* The comma in front of a value that is not the first one, and its key. */
static void begin(struct json *j, const char *key)
{
	if (j->len && !strchr("{[:\n", j->buf[j->len - 1]))
		put(j, ",", 1);
	if (!key)
		return;
	put_string(j, key);
	put(j, ":", 1);
}

void json_obj(struct json *j, const char *key)
{
	begin(j, key);
	put(j, "{", 1);
}

void json_obj_end(struct json *j)
{
	put(j, "}", 1);
}

void json_arr(struct json *j, const char *key)
{
	begin(j, key);
	put(j, "[", 1);
}

void json_arr_end(struct json *j)
{
	put(j, "]", 1);
}

void json_str(struct json *j, const char *key, const char *s)
{
	begin(j, key);
	put_string(j, s);
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	char num[24];
	int len = snprintf(num, sizeof(num), "%" PRIu64, v);

	begin(j, key);
	put(j, num, (size_t)len);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	char num[24];
	int len = snprintf(num, sizeof(num), "%" PRId64, v);

	begin(j, key);
	put(j, num, (size_t)len);
}

void json_bool(struct json *j, const char *key, bool v)
{
	json_raw(j, key, v ? "true" : "false");
}

void json_raw(struct json *j, const char *key, const char *text)
{
	begin(j, key);
	put(j, text, strlen(text));
}

void json_bytes(struct json *j, const char *buf, size_t len)
{
	put(j, buf, len);
}

void json_nl(struct json *j)
{
	put(j, "\n", 1);
}
