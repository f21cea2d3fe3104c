#include "repl.h"

#include "check.h"

static struct variables variables;

static const char *answer(const char *line) {
    static char text[100];
    FILE *file = tmpfile();
    if (file == NULL) return "no file";
    repl_line(line, &variables, file);
    rewind(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

int main(void) {
    variables_begin(&variables);
    CHECK_TEXT(answer("1 + 2"), "3\n");
    CHECK_TEXT(answer("ans * 2"), "6\n");
    CHECK_TEXT(answer("x = ans + 1"), "7\n");
    CHECK_TEXT(answer("1 / 0"), "error: a division by zero\n");
    CHECK_TEXT(answer("x + ans"), "14\n");
    CHECK_TEXT(answer(""), "");
    CHECK_TEXT(answer("# a comment"), "");
    CHECK_TEXT(answer(":tree ((1) + 2) * 3"), "(1 + 2) * 3\n");
    CHECK(!repl_line(":quit", &variables, stdout));
    return check_failures != 0;
}
