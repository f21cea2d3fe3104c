/* Names and their values. */
#ifndef CALC_VARIABLES_H
#define CALC_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "tree.h"

#define VARIABLES_MOST 100

struct variables {
    size_t count;
    struct {
        char name[NAME_SIZE];
        double value;
    } item[VARIABLES_MOST];
};

/* Only pi and e are known. */
void variables_begin(struct variables *variables);

/* False: there is no such name. */
bool variables_get(const struct variables *variables, const char *name, double *value);

/* False: there is no room. */
bool variables_set(struct variables *variables, const char *name, double value);

#endif
