/* calc: a calculator for the terminal. */
#include <stdio.h>
#include <string.h>

#include "repl.h"

int main(int count, char **words) {
    if (count == 1) {
        repl_run(stdin, stdout);
        return 0;
    }
    if (count == 3 && strcmp(words[1], "-e") == 0) {
        struct variables variables;
        variables_begin(&variables);
        repl_line(words[2], &variables, stdout);
        return 0;
    }
    fprintf(stderr, "usage: calc [-e EXPRESSION]\n");
    return 64;
}
