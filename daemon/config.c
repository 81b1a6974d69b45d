/* SPDX-License-Identifier: MIT */
/*
 * config.c - the daemon's configuration
 *
 *	defaults -> file -> default services, if it names none -> -o -> check
 *
 * A value that is refused leaves the default in place, so that the rest can
 * still be checked and all errors come out together.
 */

#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_int.h"

#define EXPECT_MAX	  160u
#define WHY_MAX		  160u
#define SECTIONS_TEXT_MAX 256u
#define SERVICE_TITLE_MAX (sizeof(CONFIG_SERVICE) + 1 + CONFIG_NAME_MAX)

/* Text of a user, with what would disturb a terminal made visible. */
static void put_clean(FILE *out, const char *text)
{
	for (; *text; text++)
		(void)fputc(iscntrl((unsigned char)*text) ? '?' : *text, out);
}

static void put_place(const struct config_pass *p, const struct config_item *it)
{
	if (it->from.override) {
		(void)fputs("-o ", p->err);
		put_clean(p->err, it->from.override);
		(void)fputs(": ", p->err);
		return;
	}
	(void)fprintf(p->err, "%s:", p->file);
	if (it->from.line)
		(void)fprintf(p->err, "%d:", it->from.line);
	(void)fputc(' ', p->err);
	if (it->section) {
		(void)fputc('[', p->err);
		put_clean(p->err, it->section);
		(void)fputs(it->key ? "] " : "]: ", p->err);
	}
	if (!it->key)
		return;
	put_clean(p->err, it->key);
	(void)fputs(" = ", p->err);
	put_clean(p->err, it->value);
	(void)fputs(it->from.line ? ": " : " (default): ", p->err);
}

void config_complain(struct config_pass *p, const struct config_item *it,
		     const char *fmt, ...)
{
	va_list ap;

	put_place(p, it);
	va_start(ap, fmt);
	(void)vfprintf(p->err, fmt, ap);
	va_end(ap);
	(void)fputc('\n', p->err);
	p->errors++;
}

/* ---------------------------------------------------------------- services */

/* The NAME of "service NAME", or NULL if @section is something else. */
static const char *service_name(const char *section)
{
	size_t len = strlen(CONFIG_SERVICE);

	if (strncmp(section, CONFIG_SERVICE, len) != 0)
		return NULL;
	if (section[len] && section[len] != ' ' && section[len] != '\t')
		return NULL;
	return section + len + strspn(section + len, " \t");
}

static int service_find(const struct config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->nservice; i++)
		if (!strcmp(cfg->service[i].name, name))
			return (int)i;
	return -1;
}

/* A new service, all of whose keys have their defaults. */
static struct config_service *service_add(struct config_pass *p,
					  const char *name)
{
	struct config_service *svc = &p->cfg->service[p->cfg->nservice++];
	uint32_t n;
	const struct config_key *k = config_keys(&n);

	*svc = (struct config_service){ 0 };
	(void)snprintf(svc->name, sizeof(svc->name), "%s", name);
	for (; n-- > 0; k++)
		if (!strcmp(k->section, CONFIG_SERVICE) && k->def)
			(void)k->type->parse(k, k->def, (char *)svc + k->off);
	return svc;
}

static bool service_section(struct config_pass *p, const struct config_item *it,
			    const char *name)
{
	static const struct config_key like = { .min = 1,
						.max = CONFIG_NAME_MAX - 1 };
	char copy[CONFIG_NAME_MAX];
	int i;

	if (!config_type_name.parse(&like, name, copy)) {
		config_complain(p, it,
				"expected [service NAME], NAME of at most %u "
				"letters, digits, '-', '_' or '.'",
				CONFIG_NAME_MAX - 1);
		return false;
	}
	i = service_find(p->cfg, name);
	if (i >= 0 && it->from.line) {
		config_complain(p, it, "expected once, first given at line %d",
				p->service_head[i].line);
		return false;
	}
	if (i >= 0)
		return true;
	if (p->cfg->nservice == CONFIG_SERVICES_MAX) {
		config_complain(p, it, "expected at most %u services",
				CONFIG_SERVICES_MAX);
		return false;
	}
	p->service_head[p->cfg->nservice] = it->from;
	(void)service_add(p, name);
	return true;
}

/* Name those there are, in the order of the table. */
static void complain_unknown_section(struct config_pass *p,
				     const struct config_item *it)
{
	char list[SECTIONS_TEXT_MAX] = "";
	size_t len = 0;
	uint32_t n;
	const struct config_key *k = config_keys(&n);

	for (uint32_t i = 0; i < n && len < sizeof(list); i++) {
		if (i && !strcmp(k[i].section, k[i - 1].section))
			continue;
		len += (size_t)snprintf(
			list + len, sizeof(list) - len, "%s[%s%s]",
			i ? ", " : "", k[i].section,
			strcmp(k[i].section, CONFIG_SERVICE) ? "" : " NAME");
	}
	config_complain(p, it, "unknown section, expected one of %s", list);
}

bool config_section(struct config_pass *p, const struct config_item *it)
{
	const char *name = service_name(it->section);
	const char *near;

	if (name)
		return service_section(p, it, name);
	if (config_section_known(it->section))
		return true;
	near = config_section_near(it->section);
	if (near)
		config_complain(p, it, "unknown section, expected [%s%s]?",
				near,
				strcmp(near, CONFIG_SERVICE) ? "" : " NAME");
	else
		complain_unknown_section(p, it);
	return false;
}

/* -------------------------------------------------------------- assignment */

/* The key was found: its place and origin are known. */
static void assign(struct config_pass *p, const struct config_item *it,
		   const struct config_key *k, void *base,
		   struct config_origin *origin)
{
	char expect[EXPECT_MAX];

	if (k->type->add) {
		k->type->add(p, it, k);
		return;
	}
	if (it->from.line && origin->line) {
		config_complain(p, it, "expected once, first given at line %d",
				origin->line);
		return;
	}
	*origin = it->from;
	if (k->type->parse(k, it->value, (char *)base + k->off))
		return;
	origin->bad = true;
	k->type->expect(k, expect, sizeof(expect));
	config_complain(p, it, "expected %s", expect);
}

static void complain_unknown_key(struct config_pass *p,
				 const struct config_item *it,
				 const char *section)
{
	const char *near = config_key_near(section, it->key);

	if (near)
		config_complain(p, it, "unknown key, expected %s?", near);
	else
		config_complain(p, it,
				"unknown key, expected one that "
				"ustackd.conf(5) lists for this section");
}

void config_assign(struct config_pass *p, const struct config_item *it)
{
	const char *name = service_name(it->section);
	const char *section = name ? CONFIG_SERVICE : it->section;
	const struct config_key *k = config_key_find(section, it->key);
	const struct config_key *first;
	uint32_t nkeys;
	int i;

	if (!k) {
		complain_unknown_key(p, it, section);
		return;
	}
	first = config_keys(&nkeys);
	if (!name) {
		assign(p, it, k, p->cfg, &p->origin[k - first]);
		return;
	}
	i = service_find(p->cfg, name);
	assign(p, it, k, &p->cfg->service[i], &p->service_origin[i][k - first]);
}

/* ---------------------------------------------------------------- defaults */

static void set_defaults(struct config *cfg, int tun_fd)
{
	uint32_t n;
	const struct config_key *k = config_keys(&n);

	memset(cfg, 0, sizeof(*cfg));
	ustack_config_init(&cfg->stack);
	cfg->stack.nodelay = true; /* our services answer at once */
	cfg->tun_fd = tun_fd;
	for (; n--; k++)
		if (k->def && strcmp(k->section, CONFIG_SERVICE) != 0)
			(void)k->type->parse(k, k->def, (char *)cfg + k->off);
}

static void set_default_services(struct config_pass *p)
{
	static const struct {
		const char *name;
		const char *type;
		uint16_t port;
		bool tls;
	} list[] = { { "echo", "echo", 7, false },
		     { "discard", "discard", 9, false },
		     { "chargen", "chargen", 19, false },
		     { "http", "http", 80, false },
		     { "echo-tls", "echo", 7007, true } };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct config_service *svc = service_add(p, list[i].name);

		(void)snprintf(svc->type, sizeof(svc->type), "%s",
			       list[i].type);
		svc->port = list[i].port;
		svc->tls = list[i].tls;
	}
}

/* ------------------------------------------------------------- load, print */

static void complain_of_file(struct config_pass *p, const char *why)
{
	(void)fprintf(p->err, "%s: %s\n", p->file, why);
	p->errors++;
}

/*
 * Open the file; NULL if it cannot be, or need not: @may_be_absent.  A pipe may
 * tell the configuration once, at the start; a daemon that runs must not wait
 * for one.
 */
static FILE *open_file(struct config_pass *p, bool may_be_absent)
{
	int fd = open(p->file,
		      O_RDONLY | O_CLOEXEC | (p->was ? O_NONBLOCK : 0));
	char why[WHY_MAX] = "";
	struct stat st;
	FILE *in;

	if (fd < 0 && errno == ENOENT && may_be_absent)
		return NULL;
	if (fd < 0 && errno == ENOENT && p->was)
		(void)snprintf(why, sizeof(why),
			       "is gone; an empty one stands for the defaults");
	else if (fd < 0)
		(void)snprintf(why, sizeof(why), "cannot be read: %s",
			       strerror(errno));
	else if (p->was && (fstat(fd, &st) || !S_ISREG(st.st_mode)))
		(void)snprintf(why, sizeof(why),
			       "cannot be read again, it is no regular file; "
			       "restart");
	in = why[0] ? NULL : fdopen(fd, "r");
	if (in)
		return in;
	complain_of_file(p, why[0] ? why : "cannot be read: out of memory");
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

/* Read the file; without @path, the default one may be absent, not later on. */
static void read_file(struct config_pass *p, bool is_default)
{
	FILE *in = open_file(p, is_default && !(p->was && p->was->has_file));
	char why[WHY_MAX];
	int rc;

	p->cfg->has_file = in;
	if (!in)
		return;
	rc = config_ini_read(p, in);
	(void)fclose(in);
	if (rc == 0)
		return;
	(void)snprintf(why, sizeof(why), "cannot be read: %s", strerror(-rc));
	complain_of_file(p, why);
}

int config_load(struct config *cfg, const struct config_source *src, FILE *err)
{
	struct config_pass p = {
		.cfg = cfg,
		.was = src->was,
		.file = src->path ? src->path : CONFIG_PATH_DEFAULT,
		.err = err,
	};

	set_defaults(cfg, src->tun_fd);
	read_file(&p, !src->path);
	if (cfg->nservice == 0)
		set_default_services(&p);
	for (uint32_t i = 0; i < src->noverride; i++)
		config_override(&p, src->override[i]);
	config_check(&p);
	return p.errors;
}

static void print_section(const char *section, const char *title,
			  const void *base, FILE *out)
{
	uint32_t n;
	const struct config_key *k = config_keys(&n);

	(void)fprintf(out, "[%s]\n", title);
	for (; n--; k++) {
		if (strcmp(k->section, section) != 0)
			continue;
		if (k->type->lines) {
			k->type->lines(k, base, out);
			continue;
		}
		(void)fprintf(out, "%s = ", k->name);
		k->type->print(k, (const char *)base + k->off, out);
		(void)fputc('\n', out);
	}
	(void)fputc('\n', out);
}

static void print_services(const struct config *cfg, FILE *out)
{
	char title[SERVICE_TITLE_MAX];

	for (uint32_t i = 0; i < cfg->nservice; i++) {
		(void)snprintf(title, sizeof(title), "%s %s", CONFIG_SERVICE,
			       cfg->service[i].name);
		print_section(CONFIG_SERVICE, title, &cfg->service[i], out);
	}
}

void config_print(const struct config *cfg, FILE *out)
{
	uint32_t n;
	const struct config_key *k = config_keys(&n);
	const char *section = "";

	for (; n--; k++) {
		if (!strcmp(k->section, section))
			continue;
		section = k->section;
		if (!strcmp(section, CONFIG_SERVICE))
			print_services(cfg, out);
		else
			print_section(section, section, cfg, out);
	}
}
