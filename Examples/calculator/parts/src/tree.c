#include "tree.h"

#include <stdlib.h>
#include <string.h>

static struct node *make(enum node_kind kind, const char *start, size_t length) {
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) return NULL;
    node->kind = kind;
    if (length >= NAME_SIZE) length = NAME_SIZE - 1;
    if (length > 0) memcpy(node->name, start, length);
    return node;
}

void tree_free(struct node *node) {
    if (node == NULL) return;
    for (size_t i = 0; i < node->count; i++) tree_free(node->child[i]);
    free(node);
}

struct node *tree_add(struct node *node, struct node *child) {
    if (node == NULL || child == NULL || node->count == CHILDREN_MOST) {
        tree_free(node);
        tree_free(child);
        return NULL;
    }
    node->child[node->count++] = child;
    return node;
}

struct node *tree_number(double value) {
    struct node *node = make(NODE_NUMBER, NULL, 0);
    if (node != NULL) node->value = value;
    return node;
}

struct node *tree_name(const char *start, size_t length) { return make(NODE_NAME, start, length); }

struct node *tree_call(const char *start, size_t length) { return make(NODE_CALL, start, length); }

struct node *tree_negate(struct node *operand) { return tree_add(make(NODE_NEGATE, NULL, 0), operand); }

struct node *tree_binary(char sign, struct node *left, struct node *right) {
    struct node *node = make(NODE_BINARY, NULL, 0);
    if (node != NULL) node->sign = sign;
    node = tree_add(node, left);
    return tree_add(node, right);
}

struct node *tree_assign(const char *start, size_t length, struct node *value) {
    return tree_add(make(NODE_ASSIGN, start, length), value);
}
