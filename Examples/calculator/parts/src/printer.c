#include "printer.h"

#include <string.h>

#include "number.h"

struct output {
    char *text;
    size_t size, length;
};

static void put(struct output *output, const char *text) {
    for (; *text != '\0' && output->length + 1 < output->size; text++) output->text[output->length++] = *text;
}

/* How tightly it binds. */
static int rank(const struct node *node) {
    if (node->kind == NODE_ASSIGN) return 0;
    if (node->kind == NODE_NEGATE) return 3;
    if (node->kind != NODE_BINARY) return 5;
    return node->sign == '^' ? 4 : node->sign == '+' || node->sign == '-' ? 1 : 2;
}

static void write_node(struct output *output, const struct node *node, int least);

static void write_binary(struct output *output, const struct node *node) {
    int own = rank(node);
    char sign[] = {' ', node->sign, ' ', '\0'};
    /* The right side of a power may be a signed one or another power. */
    write_node(output, node->child[0], own == 4 ? 5 : own);
    put(output, sign);
    write_node(output, node->child[1], own == 4 ? 3 : own + 1);
}

static void write_node(struct output *output, const struct node *node, int least) {
    char number[NUMBER_SIZE];
    if (rank(node) < least) {
        put(output, "(");
        write_node(output, node, 0);
        put(output, ")");
        return;
    }
    switch (node->kind) {
    case NODE_NUMBER:
        number_write(node->value, number);
        put(output, number);
        break;
    case NODE_NAME: put(output, node->name); break;
    case NODE_NEGATE:
        put(output, "-");
        write_node(output, node->child[0], 3);
        break;
    case NODE_BINARY: write_binary(output, node); break;
    case NODE_ASSIGN:
        put(output, node->name);
        put(output, " = ");
        write_node(output, node->child[0], 0);
        break;
    case NODE_CALL:
        put(output, node->name);
        put(output, "(");
        for (size_t i = 0; i < node->count; i++) {
            if (i > 0) put(output, ", ");
            write_node(output, node->child[i], 0);
        }
        put(output, ")");
        break;
    }
}

void printer_write(const struct node *node, char *text, size_t size) {
    struct output output = {text, size, 0};
    if (size == 0) return;
    memset(text, 0, size);
    write_node(&output, node, 0);
}
