/*
 * The selection options that applets share: rows for their tables, and the match they fill.
 *
 * With a criterion this process itself never matches, inverted or not: its argv holds every
 * pattern.
 */
#ifndef PT_CRITERIA_H
#define PT_CRITERIA_H

#include <stdbool.h>

#include "match.h"
#include "options.h"

/* The id of a criterion's row; an applet that has one of its own (--parent) writes that row so. */
#define PT_CRITERIA_ID(kind) (PT_OPTION_CRITERIA + (int)(kind))

enum { PT_CRITERIA_INVERT = PT_CRITERIA_ID(PT_MATCH_KIND_COUNT) };

/* --pid --exe-name --exe-path --comm --cmdline --user --group --state --session --pgrp --cgroup
 * --older-than --newer-than --env --invert, for a group of their own. */
extern const struct pt_option pt_criteria_rows[];

/* A new match that leaves out this process. Ends the program without memory. */
struct pt_match *pt_criteria_new(void);

/* Adds the option just read to MATCH when it is a criterion or --invert, and says whether it was. A
 * bad value is a usage error, and ends the program. */
bool pt_criteria_take(struct pt_match *match, const struct pt_parser *parser, int id);

#endif
