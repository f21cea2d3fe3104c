/* Reads a line. */
#ifndef CALC_PARSER_H
#define CALC_PARSER_H

#include "problem.h"
#include "tree.h"

/* The tree of a line, which is the caller's; NULL: see the problem. */
struct node *parser_read(const char *line, struct problem *problem);

#endif
