/* SPDX-License-Identifier: MIT */
/*
 * pages.h - what the daemon shows by its http services
 */

#ifndef DAEMON_PAGES_H
#define DAEMON_PAGES_H

struct config;
struct pages;
struct svc_pages;
struct worker;

/**
 * pages_new() - Get the pages of a daemon ready
 * @w:		its worker; borrowed for life, used on its thread
 * @cfg:	configuration, borrowed for the call
 *
 * Return: the pages, or NULL when memory is spent; free them by pages_free()
 */
struct pages *pages_new(struct worker *w, const struct config *cfg);

/** pages_free() - Free them, once no service shows them any more; NULL is fine */
void pages_free(struct pages *p);

/** pages_table() - For svc_set_new(); valid until pages_free() */
const struct svc_pages *pages_table(const struct pages *p);

#endif /* DAEMON_PAGES_H */
