#include "printer.h"

#include "check.h"

static const char *written(struct node *node) {
    static char text[100];
    printer_write(node, text, sizeof text);
    tree_free(node);
    return text;
}

static struct node *two(char sign, struct node *left, struct node *right) { return tree_binary(sign, left, right); }

static struct node *name(const char *text) { return tree_name(text, strlen(text)); }

int main(void) {
    CHECK_TEXT(written(two('-', two('-', name("a"), name("b")), name("c"))), "a - b - c");
    CHECK_TEXT(written(two('-', name("a"), two('-', name("b"), name("c")))), "a - (b - c)");
    CHECK_TEXT(written(two('*', two('+', name("a"), name("b")), tree_number(0.5))), "(a + b) * 0.5");
    CHECK_TEXT(written(two('^', two('^', name("a"), name("b")), name("c"))), "(a ^ b) ^ c");
    CHECK_TEXT(written(two('^', name("a"), two('^', name("b"), name("c")))), "a ^ b ^ c");
    CHECK_TEXT(written(tree_negate(two('^', name("a"), tree_negate(name("b"))))), "-a ^ -b");
    CHECK_TEXT(written(two('^', tree_negate(name("a")), tree_number(2))), "(-a) ^ 2");
    CHECK_TEXT(written(tree_negate(two('+', name("a"), name("b")))), "-(a + b)");
    CHECK_TEXT(written(tree_assign("x", 1, tree_add(tree_add(tree_call("max", 3), name("a")), tree_number(1)))),
               "x = max(a, 1)");
    char little[4];
    struct node *node = name("abcdef");
    printer_write(node, little, sizeof little);
    CHECK_TEXT(little, "abc");
    tree_free(node);
    return check_failures != 0;
}
