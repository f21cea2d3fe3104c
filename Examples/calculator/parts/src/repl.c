#include "repl.h"

#include <string.h>

#include "evaluator.h"
#include "number.h"
#include "parser.h"
#include "printer.h"

bool repl_line(const char *line, struct variables *variables, FILE *output) {
    static const char tree[] = ":tree ";
    struct problem problem = {"it is not known"};
    char text[2 * LINE_MOST];
    double value;
    if (line[strspn(line, " \t\r\n")] == '\0' || *line == '#') return true;
    if (strlen(line) > LINE_MOST) {
        fprintf(output, "error: the line is too long\n");
        return true;
    }
    if (strcmp(line, ":quit") == 0) return false;
    bool shows = strncmp(line, tree, sizeof tree - 1) == 0;
    struct node *node = parser_read(shows ? line + sizeof tree - 1 : line, &problem);
    if (node != NULL && shows) {
        printer_write(node, text, sizeof text);
        fprintf(output, "%s\n", text);
    } else if (node != NULL && evaluator_run(node, variables, &value, &problem)) {
        variables_set(variables, "ans", value);
        number_write(value, text);
        fprintf(output, "%s\n", text);
    } else {
        fprintf(output, "error: %s\n", problem.message);
    }
    tree_free(node);
    return true;
}

void repl_run(FILE *input, FILE *output) {
    struct variables variables;
    char line[LINE_MOST + 3];
    variables_begin(&variables);
    while (fgets(line, sizeof line, input) != NULL) {
        /* What does not fit is read away: it is no line of its own. */
        if (strchr(line, '\n') == NULL) {
            for (int c = getc(input); c != EOF && c != '\n';) c = getc(input);
        }
        line[strcspn(line, "\r\n")] = '\0';
        if (!repl_line(line, &variables, output)) break;
    }
}
