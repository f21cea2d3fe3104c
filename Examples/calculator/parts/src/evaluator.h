/* What a tree comes to. */
#ifndef CALC_EVALUATOR_H
#define CALC_EVALUATOR_H

#include <stdbool.h>

#include "problem.h"
#include "tree.h"
#include "variables.h"

/* Assignments change the variables. False: see the problem. */
bool evaluator_run(const struct node *node, struct variables *variables, double *result, struct problem *problem);

#endif
