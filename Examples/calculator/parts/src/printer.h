/* Writes a tree as people would. */
#ifndef CALC_PRINTER_H
#define CALC_PRINTER_H

#include <stddef.h>

#include "tree.h"

/* With as few parentheses as keep the meaning. What does not fit is left out. */
void printer_write(const struct node *node, char *text, size_t size);

#endif
