/* A test says what must hold. */
#ifndef CALC_CHECK_H
#define CALC_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            check_failures++;                                                       \
        }                                                                           \
    } while (0)

#define CHECK_TEXT(text, expected)                                                  \
    do {                                                                            \
        const char *check_got = (text);                                             \
        if (strcmp(check_got, expected) != 0) {                                     \
            fprintf(stderr, "%s:%d: \"%s\" is not \"%s\"\n", __FILE__, __LINE__, check_got, expected); \
            check_failures++;                                                       \
        }                                                                           \
    } while (0)

#endif
