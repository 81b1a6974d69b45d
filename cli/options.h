/* SPDX-License-Identifier: MIT */
/*
 * options.h - what a command takes, as a table
 *
 * A command's options and the words that may follow it stand in one table each.
 * Reading the command line, "ustackctl COMMAND --help", complaints and bash
 * completion (which asks for the help) all use these tables, and `make lint`
 * compares the manual with the help.
 */

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define OPTION_LONG 256 /* values from here on have no short name */

/**
 * struct option_def - one option; a table of them ends with @value 0
 * @value:	its letter, or a number from OPTION_LONG on if it has none
 * @name:	its long name, NULL = it has none
 * @arg:	what its value is called, NULL = it takes none
 * @help:	one line
 */
struct option_def {
	int value;
	const char *name;
	const char *arg;
	const char *help;
};

/**
 * struct word_def - a word that may follow a command; ends with @name NULL
 * @name:	the word
 * @arg:	what follows it, "" = nothing
 * @help:	one line
 */
struct word_def {
	const char *name;
	const char *arg;
	const char *help;
};

/**
 * struct option_reader - how options are read
 * @command:	whose they are, for complaints
 * @table:	options
 * @front:	stop at the first argument that is no option
 * @take:	called for each, with its value and the text behind it, or NULL;
 *		returns CLI_DONE to go on
 * @ctx:	for @take
 */
struct option_reader {
	const char *command;
	const struct option_def *table;
	bool front;
	int (*take)(void *ctx, int value, const char *text);
	void *ctx;
};

/**
 * options_read() - Read the options among some arguments
 * @r:		how
 * @argc:	arguments, the command first
 * @argv:	they; options are moved to the front
 * @first:	set to the index of the first one that is no option
 *
 * Return: CLI_DONE, what @take returned, or CLI_USAGE after a complaint
 */
int options_read(const struct option_reader *r, int argc, char **argv,
		 int *first);

/** options_help() - Print a table of options, one a line */
void options_help(FILE *out, const struct option_def *table);

/** options_words_help() - Print a table of words, one a line */
void options_words_help(FILE *out, const struct word_def *table);

/**
 * options_word() - Find a word by itself or by an unambiguous prefix
 * @table:	words
 * @command:	whose they are, for complaints
 * @word:	what was typed, NULL = nothing
 *
 * Return: its index, or -1 after a complaint that says what would be right
 */
int options_word(const struct word_def *table, const char *command,
		 const char *word);

#endif /* CLI_OPTIONS_H */
