/* What went wrong, for people. */
#ifndef CALC_PROBLEM_H
#define CALC_PROBLEM_H

struct problem {
    const char *message; /* A constant text. */
};

#endif
