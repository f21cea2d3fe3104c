/* The functions that everybody knows. */
#ifndef CALC_FUNCTIONS_H
#define CALC_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

/* Calls a function. False: see the problem. */
bool functions_call(const char *name, const double *arguments, size_t count, double *result, struct problem *problem);

#endif
