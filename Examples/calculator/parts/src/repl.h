/* Lines in, answers out. */
#ifndef CALC_REPL_H
#define CALC_REPL_H

#include <stdbool.h>
#include <stdio.h>

#include "variables.h"

#define LINE_MOST 1000

/* Answers one line. False: it asked to quit. */
bool repl_line(const char *line, struct variables *variables, FILE *output);

/* Answers all lines of a file. */
void repl_run(FILE *input, FILE *output);

#endif
