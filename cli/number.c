/* SPDX-License-Identifier: MIT */
/*
 * number.c - numbers that people type
 */

#include "number.h"

#include <errno.h>
#include <stdlib.h>

#include "cli.h"

bool number_parse(const char *text, unsigned long long least,
		  unsigned long long most, unsigned long long *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	return !errno && !*end && *text >= '0' && *text <= '9' && *v >= least &&
	       *v <= most;
}

int number_option(const char *option, const char *text,
		  unsigned long long least, unsigned long long most,
		  unsigned long long *v)
{
	if (number_parse(text, least, most, v))
		return CLI_DONE;
	return cli_usage("%s takes a number from %llu to %llu, not %s", option,
			 least, most, text);
}

int number_port(const char *option, const char *text, unsigned long long *v)
{
	if (number_parse(text, 1, NUMBER_PORT_MAX, v))
		return CLI_DONE;
	return cli_usage("%s takes a port from 1 to %llu, not %s", option,
			 NUMBER_PORT_MAX, text);
}

int number_seconds(const char *option, const char *text, double least_s,
		   double most_s, uint32_t *ms)
{
	char *end;
	double s = strtod(text, &end);

	if (!*end && end != text && s >= least_s && s <= most_s) {
		*ms = (uint32_t)(s * 1e3 + 0.5);
		return CLI_DONE;
	}
	return cli_usage("%s takes seconds, %g to %g, not %s", option, least_s,
			 most_s, text);
}
