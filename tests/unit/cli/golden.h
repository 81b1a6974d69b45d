/* SPDX-License-Identifier: MIT */
/*
 * golden.h - texts that are stored beside the tests
 *
 * What differs from FOLDER/NAME.txt is written to NAME.new beside it; if that is
 * better, move it there.
 */

#ifndef TESTS_UNIT_CLI_GOLDEN_H
#define TESTS_UNIT_CLI_GOLDEN_H

#include <cjson/cJSON.h>

#define GOLDEN_MAX 262144u /* bytes of a file, NUL included */

/** golden_json() - FOLDER/NAME.json, parsed; the test fails if it is no JSON */
cJSON *golden_json(const char *folder, const char *name);

/** golden_expect() - Fail unless @text is that of FOLDER/NAME.txt */
void golden_expect(const char *folder, const char *name, const char *text);

#endif /* TESTS_UNIT_CLI_GOLDEN_H */
