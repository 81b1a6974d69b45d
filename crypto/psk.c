/* SPDX-License-Identifier: MIT */
/*
 * psk.c - pre-shared keys: lines of "IDENTITY:HEX"
 *
 *	# who		     key, 16 to 64 bytes
 *	alice:0123456789abcdef0123456789abcdef
 *
 * The last colon divides, so that an identity may have some.  Messages name
 * lines and identities; of a key they say nothing but its length.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform_util.h>

#include "creds_int.h"

#define ID_MAX	  (TLS_NAME_MAX - 1)
#define ID_SHOWN  64u
#define KEY_WORDS "write IDENTITY:HEX, the key as 32 to 128 hexadecimal digits"

/**
 * struct line - one line of the file
 * @text:	begins here, without blanks in front
 * @len:	its bytes, without blanks at the end
 * @number:	counted from 1
 */
struct line {
	const char *text;
	size_t len;
	unsigned int number;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next line of @rest, which is cut; false at the end. */
static bool next_line(struct tls_bytes *rest, struct line *l)
{
	const char *p = rest->p;
	const char *end;

	if (!rest->len)
		return false;
	end = memchr(p, '\n', rest->len);
	l->number++;
	l->text = p;
	l->len = end ? (size_t)(end - p) : rest->len;
	rest->p = end ? end + 1 : NULL;
	rest->len -= end ? l->len + 1 : l->len;
	while (l->len && is_blank(*l->text)) {
		l->text++;
		l->len--;
	}
	while (l->len && is_blank(l->text[l->len - 1]))
		l->len--;
	return true;
}

static int refuse(struct tls_problem *p, const struct line *l, const char *what,
		  const char *advice)
{
	int err = tls_refuse(p, TLS_PART_PSK, 0, "line %u of the PSK file: %s",
			     l->number, what);

	tls_problem_advise(p, "%s", advice);
	return err;
}

/* NULL, or what is wrong with the key. */
static const char *read_key(struct tls_psk *psk, const char *hex, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (tls_hex_digit(hex[i]) < 0)
			return "the key is not hexadecimal";
	if (len % 2)
		return "the key has an odd number of digits";
	if (len / 2 < TLS_PSK_KEY_MIN)
		return "the key is shorter than 16 bytes";
	if (len / 2 > TLS_PSK_KEY_MAX)
		return "the key is longer than 64 bytes";
	psk->key_len = len / 2;
	for (size_t i = 0; i < psk->key_len; i++)
		psk->key[i] = (uint8_t)(tls_hex_digit(hex[2 * i]) << 4 |
					tls_hex_digit(hex[2 * i + 1]));
	return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct tls_psk *psk, const struct line *l)
{
	const char *colon = memrchr(l->text, ':', l->len);
	size_t id_len;

	if (!colon)
		return "there is no colon";
	if (memchr(l->text, '\0', l->len))
		return "there is a NUL byte";
	id_len = (size_t)(colon - l->text);
	if (!id_len)
		return "the identity is empty";
	if (id_len > ID_MAX)
		return "the identity is longer than 255 bytes";
	if (is_blank(colon[-1]))
		return "there is a blank in front of the colon";
	psk->id_len = id_len;
	memcpy(psk->id, l->text, id_len);
	return read_key(psk, colon + 1, l->len - id_len - 1);
}

static bool is_known(const struct tls_context *ctx, const struct tls_psk *psk)
{
	for (uint32_t i = 0; i < ctx->npsk; i++)
		if (ctx->psk[i].id_len == psk->id_len &&
		    !memcmp(ctx->psk[i].id, psk->id, psk->id_len))
			return true;
	return false;
}

static int refuse_twice(struct tls_problem *p, const struct line *l,
			const struct tls_psk *psk)
{
	char id[ID_SHOWN];
	char what[ID_SHOWN + 32];

	tls_printable(id, sizeof(id), psk->id, psk->id_len);
	(void)snprintf(what, sizeof(what), "\"%s\" is there already", id);
	return refuse(p, l, what, "give each identity one key");
}

/* Take one line that is no comment. */
static int take_line(struct tls_context *ctx, const struct line *l,
		     struct tls_problem *p)
{
	struct tls_psk *psk = &ctx->psk[ctx->npsk];
	const char *wrong;

	if (ctx->npsk == TLS_PSK_MAX)
		return refuse(p, l, "there are more than 1024 identities",
			      "1024 are the most");
	wrong = read_line(psk, l);
	if (wrong)
		return refuse(p, l, wrong, KEY_WORDS);
	if (is_known(ctx, psk))
		return refuse_twice(p, l, psk);
	ctx->npsk++;
	return 0;
}

static uint32_t count_lines(const struct tls_bytes *text)
{
	const char *p = text->p;
	uint32_t n = 1;

	for (size_t i = 0; i < text->len; i++)
		n += p[i] == '\n';
	return n;
}

int tls_psk_read(struct tls_context *ctx, const struct tls_context_args *a,
		 struct tls_problem *p)
{
	struct tls_bytes rest = a->psk;
	struct line l = { 0 };
	uint32_t room = count_lines(&rest);
	int err = 0;

	if (rest.len > TLS_PEM_MAX)
		return tls_refuse(p, TLS_PART_PSK, 0,
				  "the PSK file is larger than 64 KB");
	if (room > TLS_PSK_MAX)
		room = TLS_PSK_MAX;
	ctx->psk = calloc(room, sizeof(*ctx->psk));
	if (!ctx->psk)
		return tls_out_of_memory(p);
	while (!err && next_line(&rest, &l))
		if (l.len && *l.text != '#')
			err = take_line(ctx, &l, p);
	if (err)
		mbedtls_platform_zeroize(ctx->psk, room * sizeof(*ctx->psk));
	if (err || ctx->npsk)
		return err;
	err = tls_refuse(p, TLS_PART_PSK, 0, "no identity in the PSK file");
	tls_problem_advise(p, "%s", KEY_WORDS);
	return err;
}
