/* Numbers, as people write and read them. */
#ifndef CALC_NUMBER_H
#define CALC_NUMBER_H

#include <stddef.h>

/* Room for every number. */
#define NUMBER_SIZE 32

/* Reads the number that a text begins with. Answers how many characters it has; 0 if there is none. */
size_t number_read(const char *text, double *value);

/* Writes the shortest text that reads back as the same number. */
void number_write(double value, char text[NUMBER_SIZE]);

#endif
