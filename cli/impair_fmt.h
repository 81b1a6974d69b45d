/* SPDX-License-Identifier: MIT */
/*
 * impair_fmt.h - what impair tells people
 */

#ifndef CLI_IMPAIR_FMT_H
#define CLI_IMPAIR_FMT_H

#include <cjson/cJSON.h>

#include "cli.h"

/** impair_show() - Rules, scripts, what they have done: impair.get's result */
void impair_show(struct cli *cli, const cJSON *result);

/** impair_show_made() - Rules just made: impair.set's and impair.preset's */
void impair_show_made(struct cli *cli, const cJSON *result);

/** impair_show_script() - A script just made: impair.script's */
void impair_show_script(struct cli *cli, const cJSON *result);

/** impair_show_presets() - The presets there are */
void impair_show_presets(struct cli *cli, const cJSON *result);

/** impair_show_cleared() - How many went: impair.clear's */
void impair_show_cleared(struct cli *cli, const cJSON *result);

/** impair_show_undone() - How many changes are left: impair.undo's */
void impair_show_undone(struct cli *cli, const cJSON *result);

#endif /* CLI_IMPAIR_FMT_H */
