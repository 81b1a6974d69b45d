/* SPDX-License-Identifier: MIT */
/*
 * json.h - writing JSON into a buffer, for log lines and control replies
 *
 * A writer only appends; it has no tree.  Commas follow from the last byte
 * written.  When memory or the bound is spent the writer fails as a whole:
 * look at json_failed() once, at the end.
 */

#ifndef DAEMON_JSON_H
#define DAEMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct json - text being written
 * @buf:	text, not terminated; NULL until the first byte
 * @len:	bytes in it
 * @cap:	bytes allocated
 * @max:	bytes it may grow to
 * @failed:	something did not fit
 */
struct json {
	char *buf;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/** json_init() - Start with nothing; at most @max bytes will be written */
void json_init(struct json *j, size_t max);

/** json_fini() - Free the text */
void json_fini(struct json *j);

/** json_reset() - Forget the text, keep its memory */
void json_reset(struct json *j);

/** json_failed() - Did something not fit? */
bool json_failed(const struct json *j);

/* In all of these @key is NULL inside an array and at the top. */

/** json_obj() - Begin an object */
void json_obj(struct json *j, const char *key);

/** json_obj_end() - End the innermost object */
void json_obj_end(struct json *j);

/** json_arr() - Begin an array */
void json_arr(struct json *j, const char *key);

/** json_arr_end() - End the innermost array */
void json_arr_end(struct json *j);

/** json_str() - A string; bytes that are no ASCII are written as \u00XX */
void json_str(struct json *j, const char *key, const char *s);

/** json_u64() - A whole number */
void json_u64(struct json *j, const char *key, uint64_t v);

/** json_i64() - A whole number with a sign */
void json_i64(struct json *j, const char *key, int64_t v);

/** json_bool() - true or false */
void json_bool(struct json *j, const char *key, bool v);

/** json_raw() - @text, which is JSON already */
void json_raw(struct json *j, const char *key, const char *text);

/** json_bytes() - Bytes as they are, without a comma */
void json_bytes(struct json *j, const char *buf, size_t len);

/** json_nl() - End the line: a newline, after which a new value may begin */
void json_nl(struct json *j);

#endif /* DAEMON_JSON_H */
