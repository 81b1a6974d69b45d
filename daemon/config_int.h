/* SPDX-License-Identifier: MIT */
/*
 * config_int.h - between the config*.c files
 *
 *	config_keys.c	the table: section, key, type, place, range, default
 *	config_types.c	how a value of each type is read, printed, described
 *	config_ini.c	lines of the file and -o strings -> config_assign()
 *	config_impair.c	[impair]: values in a language of their own
 *	config_check.c	what only shows when all keys are known
 *	config_diff.c	what is different in another configuration
 *	config.c	the order of it all
 */

#ifndef DAEMON_CONFIG_INT_H
#define DAEMON_CONFIG_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/config.h"

#define CONFIG_KEYS_MAX	   96u
#define CONFIG_LINE_MAX	   190u /* inih's buffer of 200, less its ends */
#define CONFIG_SERVICE	   "service"
#define CONFIG_BACKLOG_DEF "1024"

struct config_item;
struct config_key;
struct config_pass;

/**
 * struct config_type - a kind of value
 * @parse:	read @text into @field; false = not such a value
 * @print:	write it so that @parse would read it
 * @expect:	describe a good value, after the word "expected"
 * @add:	instead of these, for a key that may be repeated: add a value to
 *		those there are, or complain; an empty one forgets them
 * @lines:	for such a key: print all of it, one line a value
 */
struct config_type {
	bool (*parse)(const struct config_key *k, const char *text,
		      void *field);
	void (*print)(const struct config_key *k, const void *field, FILE *out);
	void (*expect)(const struct config_key *k, char *buf, size_t size);
	void (*add)(struct config_pass *p, const struct config_item *it,
		    const struct config_key *k);
	void (*lines)(const struct config_key *k, const void *field, FILE *out);
};

/**
 * struct config_key - one key
 * @section:	its section; CONFIG_SERVICE stands for [service NAME]
 * @name:	the key
 * @type:	kind of value
 * @off:	place in struct config, or in struct config_service
 * @size:	bytes there
 * @min:	least value, or least length, where the type has one
 * @max:	largest
 * @words:	for types that choose: the words, NULL at the end
 * @def:	default as text; NULL: the library's, or found out at the end
 */
struct config_key {
	const char *section;
	const char *name;
	const struct config_type *type;
	size_t off;
	size_t size;
	uint64_t min;
	uint64_t max;
	const char *const *words;
	const char *def;
};

extern const struct config_type config_type_uint;
extern const struct config_type config_type_bool;
extern const struct config_type config_type_size;
extern const struct config_type config_type_memory;
extern const struct config_type config_type_time;
extern const struct config_type config_type_choice; /* index of a word	*/
extern const struct config_type config_type_word;   /* the word itself	*/
extern const struct config_type config_type_name;
extern const struct config_type config_type_ifname;
extern const struct config_type config_type_path;	 /* @min 0: or empty */
extern const struct config_type config_type_target;	 /* or empty	     */
extern const struct config_type config_type_host_addrs;	 /* whole config */
extern const struct config_type config_type_stack_addrs; /* whole config */
extern const struct config_type config_type_log_target;	 /* whole config */
extern const struct config_type config_type_rules;	 /* whole config */
extern const struct config_type config_type_presets;	 /* whole config */
extern const struct config_type config_type_scripts;	 /* whole config */

/** config_keys() - The table; @n is set to its length */
const struct config_key *config_keys(uint32_t *n);

/** config_key_find() - A key of a section, or NULL */
const struct config_key *config_key_find(const char *section, const char *name);

/** config_section_known() - Is there such a section, "service" included? */
bool config_section_known(const char *section);

/** config_key_near() - The key of @section most like @name, NULL = none is */
const char *config_key_near(const char *section, const char *name);

/** config_section_near() - The section most like @name, NULL = none is */
const char *config_section_near(const char *name);

/**
 * struct config_origin - where a value comes from
 * @line:	line of the file, 0 = not from the file
 * @override:	string of -o, NULL = none
 * @bad:	it was refused already
 */
struct config_origin {
	int line;
	const char *override;
	bool bad;
};

/**
 * struct config_pass - one run of config_load()
 * @cfg:	being filled in
 * @was:	as in struct config_source
 * @file:	path, for messages
 * @err:	where messages go
 * @errors:	their number
 * @origin:	of each key of the table that is not a service's
 * @service_origin: of each service's keys, by place in the table
 * @service_head: of each service's section
 * @rule_origin: of each rule of [impair]
 * @preset_origin: of each preset there
 * @script_origin: of each script there
 */
struct config_pass {
	struct config *cfg;
	const struct config *was;
	const char *file;
	FILE *err;
	int errors;
	struct config_origin origin[CONFIG_KEYS_MAX];
	struct config_origin service_origin[CONFIG_SERVICES_MAX]
					   [CONFIG_KEYS_MAX];
	struct config_origin service_head[CONFIG_SERVICES_MAX];
	struct config_origin rule_origin[CONFIG_TEXTS_MAX];
	struct config_origin preset_origin[CONFIG_TEXTS_MAX];
	struct config_origin script_origin[CONFIG_TEXTS_MAX];
};

/**
 * struct config_item - one assignment, as written
 * @from:	where
 * @section:	"tcp", "service echo"; NULL before the first section
 * @key:	name
 * @value:	text
 */
struct config_item {
	struct config_origin from;
	const char *section;
	const char *key;
	const char *value;
};

/**
 * config_complain() - Report an error
 * @p:		pass; the error is counted
 * @it:		what was written; @key NULL: the section's line itself
 * @fmt:	what is wrong or was expected
 */
__attribute__((format(printf, 3, 4))) void config_complain(
	struct config_pass *p, const struct config_item *it, const char *fmt,
	...);

/** config_assign() - Take one assignment, or complain */
void config_assign(struct config_pass *p, const struct config_item *it);

/**
 * config_section() - A section begins
 * @p:		pass
 * @it:		its place and name; no key
 *
 * Return: true if its keys can be taken
 */
bool config_section(struct config_pass *p, const struct config_item *it);

/** config_ini_read() - Read the file; -errno if that cannot be done */
int config_ini_read(struct config_pass *p, FILE *in);

/** config_override() - Take one "SECTION.KEY=VALUE" */
void config_override(struct config_pass *p, const char *text);

/** config_check_impair() - Is what [impair] says of services true? */
void config_check_impair(struct config_pass *p);

/** config_check() - Fill in what follows from the rest, and find contradictions */
void config_check(struct config_pass *p);

#endif /* DAEMON_CONFIG_INT_H */
