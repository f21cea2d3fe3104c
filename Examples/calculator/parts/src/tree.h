/* What was written, as a tree. */
#ifndef CALC_TREE_H
#define CALC_TREE_H

#include <stddef.h>

#define NAME_SIZE 32
#define CHILDREN_MOST 8

enum node_kind { NODE_NUMBER, NODE_NAME, NODE_CALL, NODE_NEGATE, NODE_BINARY, NODE_ASSIGN };

struct node {
    enum node_kind kind;
    double value;         /* Of a number. */
    char name[NAME_SIZE]; /* Of a name, a call, an assignment. */
    char sign;            /* Of a binary one. */
    size_t count;
    struct node *child[CHILDREN_MOST];
};

/* These own the nodes that they are given. They answer NULL, and free them, if one is NULL or there is no memory. */
struct node *tree_number(double value);
struct node *tree_name(const char *start, size_t length);
struct node *tree_call(const char *start, size_t length);
struct node *tree_negate(struct node *operand);
struct node *tree_binary(char sign, struct node *left, struct node *right);
struct node *tree_assign(const char *start, size_t length, struct node *value);

/* Gives a node another child; answers the node, or NULL, having freed both, if there is no room. */
struct node *tree_add(struct node *node, struct node *child);

void tree_free(struct node *node);

#endif
