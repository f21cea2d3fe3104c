#include "tree.h"

#include "check.h"

int main(void) {
    struct node *node = tree_binary('-', tree_number(1), tree_negate(tree_name("abc+", 3)));
    CHECK(node != NULL && node->kind == NODE_BINARY && node->sign == '-' && node->count == 2);
    if (node == NULL) return 1;
    CHECK(node->child[0]->kind == NODE_NUMBER && node->child[0]->value == 1);
    CHECK(node->child[1]->kind == NODE_NEGATE);
    CHECK_TEXT(node->child[1]->child[0]->name, "abc");
    tree_free(node);

    char name[100];
    memset(name, 'x', sizeof name);
    node = tree_assign(name, sizeof name, tree_number(2));
    CHECK(node != NULL && strlen(node->name) == NAME_SIZE - 1);
    tree_free(node);

    CHECK(tree_negate(NULL) == NULL);
    CHECK(tree_binary('+', tree_number(1), NULL) == NULL);
    node = tree_call("max", 3);
    for (int i = 0; i < CHILDREN_MOST; i++) node = tree_add(node, tree_number(i));
    CHECK(node != NULL && node->count == CHILDREN_MOST);
    CHECK(tree_add(node, tree_number(0)) == NULL);
    tree_free(NULL);
    return check_failures != 0;
}
