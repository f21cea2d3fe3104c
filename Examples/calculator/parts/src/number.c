#include "number.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t digits(const char *text) {
    size_t count = 0;
    while (isdigit((unsigned char)text[count])) count++;
    return count;
}

size_t number_read(const char *text, double *value) {
    /* Not strtod alone: it would take "inf" and "0x10" too. */
    size_t whole = digits(text), length = whole, fraction = 0;
    if (text[length] == '.') {
        fraction = digits(text + length + 1);
        if (whole + fraction > 0) length += 1 + fraction;
    }
    if (whole + fraction == 0) return 0;
    if (text[length] == 'e' || text[length] == 'E') {
        size_t sign = text[length + 1] == '+' || text[length + 1] == '-';
        size_t exponent = digits(text + length + 1 + sign);
        if (exponent > 0) length += 1 + sign + exponent;
    }
    char *copy = malloc(length + 1);
    if (copy == NULL) return 0;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *value = strtod(copy, NULL);
    free(copy);
    return length;
}

void number_write(double value, char text[NUMBER_SIZE]) {
    if (value == 0) value = 0.0; /* No "-0". */
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, NUMBER_SIZE, "%.*g", precision, value);
        if (strtod(text, NULL) == value) return;
    }
}
