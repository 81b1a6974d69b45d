/* SPDX-License-Identifier: MIT */
/*
 * number.h - numbers that people type
 */

#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_ID_MAX                                                          \
	((1ull << 53) - 1) /* of what is numbered: exact in JSON */
#define NUMBER_PORT_MAX 65535ull

/**
 * number_parse() - Read a whole number: decimal digits and nothing else
 * @text:	what was typed
 * @least:	the least one that will do
 * @most:	the most
 * @v:		set to it
 *
 * Return: false if it is none, or none of these
 */
bool number_parse(const char *text, unsigned long long least,
		  unsigned long long most, unsigned long long *v);

/**
 * number_option() - The same for an option
 * @option:	as it is typed: "-c"
 *
 * Return: CLI_DONE, or CLI_USAGE after a complaint
 */
int number_option(const char *option, const char *text,
		  unsigned long long least, unsigned long long most,
		  unsigned long long *v);

/** number_port() - The same for a port */
int number_port(const char *option, const char *text, unsigned long long *v);

/** number_seconds() - The same for a time, which may have a fraction; in @ms */
int number_seconds(const char *option, const char *text, double least_s,
		   double most_s, uint32_t *ms);

#endif /* CLI_NUMBER_H */
