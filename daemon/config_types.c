/* SPDX-License-Identifier: MIT */
/*
 * config_types.c - kinds of configuration values: read, print, describe
 *
 * What one prints the same one reads.  A parser writes nothing to the field
 * when it refuses.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_int.h"
#include "daemon/svc/target.h"

#define MEMORY_AUTO_MAX	  ((uint64_t)4 << 30)
#define MEMORY_AUTO_MIN	  ((uint64_t)64 << 20)
#define MEMORY_AUTO_SHARE 8u /* of the machine's memory: an eighth */

/**
 * struct unit - what may stand behind a number
 * @name:	suffix
 * @scale:	what it multiplies by
 */
struct unit {
	const char *name;
	uint64_t scale;
};

/* Largest first: printing takes the first that divides. */
static const struct unit size_units[] = {
	{ "G", 1u << 30 },
	{ "M", 1u << 20 },
	{ "K", 1u << 10 },
	{ "", 1 },
};

static const struct unit time_units[] = {
	{ "h", 3600000000u }, { "m", 60000000u }, { "s", 1000000u },
	{ "ms", 1000u },      { "us", 1u },
};

#define NUNITS(table) (sizeof(table) / sizeof((table)[0]))

static void store(const struct config_key *k, void *field, uint64_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	if (k->size == sizeof(v8))
		memcpy(field, &v8, sizeof(v8));
	else if (k->size == sizeof(v16))
		memcpy(field, &v16, sizeof(v16));
	else if (k->size == sizeof(v32))
		memcpy(field, &v32, sizeof(v32));
	else
		memcpy(field, &v, sizeof(v));
}

static uint64_t load(const struct config_key *k, const void *field)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	uint64_t v;

	if (k->size == sizeof(v8))
		return memcpy(&v8, field, sizeof(v8)), v8;
	if (k->size == sizeof(v16))
		return memcpy(&v16, field, sizeof(v16)), v16;
	if (k->size == sizeof(v32))
		return memcpy(&v32, field, sizeof(v32)), v32;
	return memcpy(&v, field, sizeof(v)), v;
}

/* Decimal digits at the start of @text, which moves behind them. */
static bool read_digits(const char **text, uint64_t *v)
{
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return false;
	for (*v = 0; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*v, 10u, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(*p - '0'), v))
			return false;
	*text = p;
	return true;
}

/* A number with a unit, within the key's range. */
static bool parse_units(const struct config_key *k, const char *text,
			const struct unit *units, size_t n, void *field)
{
	uint64_t v;

	if (!read_digits(&text, &v))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(v, units[i].scale, &v))
			return false;
		if (v < k->min || v > k->max)
			return false;
		store(k, field, v);
		return true;
	}
	return false;
}

/* The number by the largest unit that divides it. */
static void format_units(uint64_t v, const struct unit *units, char *buf,
			 size_t size)
{
	while (v % units->scale || (!v && units->scale > 1000000u))
		units++;
	(void)snprintf(buf, size, "%" PRIu64 "%s", v / units->scale,
		       units->name);
}

static void expect_units(const struct config_key *k, const struct unit *units,
			 const char *what, char *buf, size_t size)
{
	char least[32];
	char most[32];

	format_units(k->min, units, least, sizeof(least));
	format_units(k->max, units, most, sizeof(most));
	(void)snprintf(buf, size, "%s from %s to %s", what, least, most);
}

/* ---------------------------------------------------------------- numbers */

static bool uint_parse(const struct config_key *k, const char *text,
		       void *field)
{
	static const struct unit none = { "", 1 };

	return parse_units(k, text, &none, 1, field);
}

static void uint_print(const struct config_key *k, const void *field, FILE *out)
{
	(void)fprintf(out, "%" PRIu64, load(k, field));
}

static void uint_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)snprintf(buf, size, "a whole number from %" PRIu64 " to %" PRIu64,
		       k->min, k->max);
}

static bool size_parse(const struct config_key *k, const char *text,
		       void *field)
{
	return parse_units(k, text, size_units, NUNITS(size_units), field);
}

static void size_print(const struct config_key *k, const void *field, FILE *out)
{
	char buf[32];

	format_units(load(k, field), size_units, buf, sizeof(buf));
	(void)fputs(buf, out);
}

static void size_expect(const struct config_key *k, char *buf, size_t size)
{
	expect_units(k, size_units, "a size such as 64K, 16M or 2G,", buf,
		     size);
}

/* An eighth of the machine's memory, within reason. */
static uint64_t memory_auto(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page = sysconf(_SC_PAGESIZE);
	uint64_t share = 0;

	if (pages > 0 && page > 0)
		share = (uint64_t)pages * (uint64_t)page / MEMORY_AUTO_SHARE;
	share &= ~(((uint64_t)1 << 20) - 1);
	if (share > MEMORY_AUTO_MAX)
		return MEMORY_AUTO_MAX;
	return share < MEMORY_AUTO_MIN ? MEMORY_AUTO_MIN : share;
}

static bool memory_parse(const struct config_key *k, const char *text,
			 void *field)
{
	if (strcmp(text, "auto") != 0)
		return size_parse(k, text, field);
	store(k, field, memory_auto());
	return true;
}

static void memory_expect(const struct config_key *k, char *buf, size_t size)
{
	expect_units(k, size_units, "auto, or a size such as 512M or 2G,", buf,
		     size);
}

static bool time_parse(const struct config_key *k, const char *text,
		       void *field)
{
	return parse_units(k, text, time_units, NUNITS(time_units), field);
}

static void time_print(const struct config_key *k, const void *field, FILE *out)
{
	char buf[32];

	format_units(load(k, field), time_units, buf, sizeof(buf));
	(void)fputs(buf, out);
}

static void time_expect(const struct config_key *k, char *buf, size_t size)
{
	expect_units(k, time_units,
		     "a time with its unit, such as 200ms, 1s or 2m,", buf,
		     size);
}

const struct config_type config_type_uint = { .parse = uint_parse,
					      .print = uint_print,
					      .expect = uint_expect };
const struct config_type config_type_size = { .parse = size_parse,
					      .print = size_print,
					      .expect = size_expect };
const struct config_type config_type_memory = { .parse = memory_parse,
						.print = size_print,
						.expect = memory_expect };
const struct config_type config_type_time = { .parse = time_parse,
					      .print = time_print,
					      .expect = time_expect };

/* ------------------------------------------------------------------ words */

static int word_index(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return -1;
}

static bool bool_parse(const struct config_key *k, const char *text,
		       void *field)
{
	static const char *const words[] = { "no",   "yes", "false",
					     "true", "off", "on",
					     "0",    "1",   NULL };
	int i = word_index(words, text);

	if (i < 0)
		return false;
	store(k, field, (uint64_t)i & 1);
	return true;
}

static void bool_print(const struct config_key *k, const void *field, FILE *out)
{
	(void)fputs(load(k, field) ? "yes" : "no", out);
}

static void bool_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)k;
	(void)snprintf(buf, size, "yes or no");
}

static bool choice_parse(const struct config_key *k, const char *text,
			 void *field)
{
	int i = word_index(k->words, text);

	if (i < 0)
		return false;
	store(k, field, (uint64_t)i);
	return true;
}

static void choice_print(const struct config_key *k, const void *field,
			 FILE *out)
{
	(void)fputs(k->words[load(k, field)], out);
}

static void choice_expect(const struct config_key *k, char *buf, size_t size)
{
	size_t len = 0;

	for (int i = 0; k->words[i] && len < size; i++) {
		const char *sep = !i ? "" : k->words[i + 1] ? ", " : " or ";

		len += (size_t)snprintf(buf + len, size - len, "%s%s", sep,
					k->words[i]);
	}
}

static bool word_parse(const struct config_key *k, const char *text,
		       void *field)
{
	if (word_index(k->words, text) < 0)
		return false;
	(void)snprintf(field, k->size, "%s", text);
	return true;
}

static void text_print(const struct config_key *k, const void *field, FILE *out)
{
	(void)k;
	(void)fputs(field, out);
}

const struct config_type config_type_bool = { .parse = bool_parse,
					      .print = bool_print,
					      .expect = bool_expect };
const struct config_type config_type_choice = { .parse = choice_parse,
						.print = choice_print,
						.expect = choice_expect };
const struct config_type config_type_word = { .parse = word_parse,
					      .print = text_print,
					      .expect = choice_expect };

/* ------------------------------------------------------------------ names */

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool name_parse(const struct config_key *k, const char *text,
		       void *field)
{
	size_t len = strlen(text);

	if (len < k->min || len > k->max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte(text[i]))
			return false;
	memcpy(field, text, len + 1);
	return true;
}

static void name_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)snprintf(buf, size,
		       "a name of at most %" PRIu64
		       " letters, digits, '-', '_' or '.'",
		       k->max);
}

/* The kernel refuses "." and ".." as names of interfaces. */
static bool ifname_parse(const struct config_key *k, const char *text,
			 void *field)
{
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return false;
	return name_parse(k, text, field);
}

static bool path_parse(const struct config_key *k, const char *text,
		       void *field)
{
	size_t len = strlen(text);

	if (len < k->min || len > k->max)
		return false;
	if (len && (text[0] != '/' || text[len - 1] == '/'))
		return false;
	memcpy(field, text, len + 1);
	return true;
}

static void path_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)snprintf(buf, size,
		       "an absolute path of at most %" PRIu64 " bytes", k->max);
}

const struct config_type config_type_name = { .parse = name_parse,
					      .print = text_print,
					      .expect = name_expect };
const struct config_type config_type_ifname = { .parse = ifname_parse,
						.print = text_print,
						.expect = name_expect };
const struct config_type config_type_path = { .parse = path_parse,
					      .print = text_print,
					      .expect = path_expect };

/* ---------------------------------------------------------------- targets */

static bool forward_parse(const struct config_key *k, const char *text,
			  void *field)
{
	if (strlen(text) > k->max || (*text && target_check(text)))
		return false;
	(void)snprintf(field, k->size, "%s", text);
	return true;
}

static void forward_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)k;
	(void)snprintf(buf, size,
		       "tcp:HOST:PORT, tcp:[IPV6]:PORT or unix:PATH with an "
		       "absolute path");
}

const struct config_type config_type_target = { .parse = forward_parse,
						.print = text_print,
						.expect = forward_expect };

/* ------------------------------------------------------------- log target */

static bool target_parse(const struct config_key *k, const char *text,
			 void *field)
{
	static const char *const words[] = { "stderr", "journal", NULL };
	struct config *cfg = field;
	int i = word_index(words, text);

	(void)k;
	if (i >= 0) {
		cfg->log_target = (enum config_log_target)i;
		cfg->log_path[0] = '\0';
		return true;
	}
	if (strncmp(text, "file:/", 6) != 0 ||
	    strlen(text + 5) >= sizeof(cfg->log_path))
		return false;
	cfg->log_target = LOG_TO_FILE;
	(void)snprintf(cfg->log_path, sizeof(cfg->log_path), "%s", text + 5);
	return true;
}

static void target_print(const struct config_key *k, const void *field,
			 FILE *out)
{
	const struct config *cfg = field;

	(void)k;
	if (cfg->log_target == LOG_TO_FILE)
		(void)fprintf(out, "file:%s", cfg->log_path);
	else
		(void)fputs(cfg->log_target == LOG_TO_JOURNAL ? "journal"
							      : "stderr",
			    out);
}

static void target_expect(const struct config_key *k, char *buf, size_t size)
{
	(void)k;
	(void)snprintf(buf, size,
		       "stderr, journal or file:PATH with an absolute path");
}

const struct config_type config_type_log_target = { .parse = target_parse,
						    .print = target_print,
						    .expect = target_expect };
