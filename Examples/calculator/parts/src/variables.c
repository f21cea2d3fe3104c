#include "variables.h"

#include <string.h>

static size_t find(const struct variables *variables, const char *name) {
    size_t i = 0;
    while (i < variables->count && strcmp(variables->item[i].name, name) != 0) i++;
    return i;
}

void variables_begin(struct variables *variables) {
    variables->count = 0;
    variables_set(variables, "pi", 3.14159265358979323846);
    variables_set(variables, "e", 2.71828182845904523536);
}

bool variables_get(const struct variables *variables, const char *name, double *value) {
    size_t i = find(variables, name);
    if (i == variables->count) return false;
    *value = variables->item[i].value;
    return true;
}

bool variables_set(struct variables *variables, const char *name, double value) {
    size_t i = find(variables, name);
    if (i == VARIABLES_MOST) return false;
    if (i == variables->count) {
        size_t length = strlen(name);
        if (length >= NAME_SIZE) length = NAME_SIZE - 1;
        memcpy(variables->item[i].name, name, length);
        variables->item[i].name[length] = '\0';
        variables->count++;
    }
    variables->item[i].value = value;
    return true;
}
