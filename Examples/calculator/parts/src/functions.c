#include "functions.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    double (*of)(double);
} table[] = {
    {"abs", fabs}, {"ceil", ceil}, {"exp", exp}, {"floor", floor}, {"ln", log}, {"round", round}, {"sqrt", sqrt},
};

static bool fail(struct problem *problem, const char *message) {
    problem->message = message;
    return false;
}

bool functions_call(const char *name, const double *arguments, size_t count, double *result, struct problem *problem) {
    bool most = strcmp(name, "max") == 0;
    if (most || strcmp(name, "min") == 0) {
        if (count == 0) return fail(problem, "this function takes one number or more");
        *result = arguments[0];
        for (size_t i = 1; i < count; i++) {
            if (most ? arguments[i] > *result : arguments[i] < *result) *result = arguments[i];
        }
        return true;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(name, table[i].name) != 0) continue;
        if (count != 1) return fail(problem, "this function takes one number");
        *result = table[i].of(arguments[0]);
        return isfinite(*result) ? true : fail(problem, "this function has no value there");
    }
    return fail(problem, "there is no such function");
}
