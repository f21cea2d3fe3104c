#include "parser.h"

#include "check.h"

static void fails(const char *line, const char *message) {
    struct problem problem = {""};
    struct node *node = parser_read(line, &problem);
    CHECK(node == NULL);
    CHECK_TEXT(problem.message, message);
    tree_free(node);
}

static struct node *reads(const char *line) {
    struct problem problem = {""};
    struct node *node = parser_read(line, &problem);
    CHECK_TEXT(problem.message, "");
    return node;
}

int main(void) {
    struct node *node = reads("1 - 2 - 3");
    CHECK(node != NULL && node->sign == '-' && node->child[0]->kind == NODE_BINARY && node->child[1]->value == 3);
    tree_free(node);
    node = reads("2 ^ 3 ^ 2");
    CHECK(node != NULL && node->child[0]->value == 2 && node->child[1]->kind == NODE_BINARY);
    tree_free(node);
    node = reads("-2 ^ 2");
    CHECK(node != NULL && node->kind == NODE_NEGATE && node->child[0]->sign == '^');
    tree_free(node);
    node = reads("x = y = max(1, a, 2 * 3)");
    CHECK(node != NULL && node->kind == NODE_ASSIGN && node->child[0]->kind == NODE_ASSIGN);
    CHECK(node != NULL && node->child[0]->child[0]->count == 3);
    tree_free(node);
    node = reads("2 ^ -1");
    CHECK(node != NULL && node->child[1]->kind == NODE_NEGATE);
    tree_free(node);
    fails("", "something is missing at the end");
    fails("1 +", "something is missing at the end");
    fails("(1", "a ) is missing");
    fails("max(1", "a ) is missing");
    fails("1 2", "this can not stand here");
    fails("1 = 2", "this can not stand here");
    fails("$", "this can not stand here");
    fails("max(1,2,3,4,5,6,7,8,9)", "too many arguments");
    char deep[1000];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    fails(deep, "this is nested too deeply");
    return check_failures != 0;
}
