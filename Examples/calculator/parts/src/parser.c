#include "parser.h"

#include <stdbool.h>

#include "lexer.h"

/* Deeper than anybody writes, and far from the end of the stack. */
#define DEPTH_MOST 200

struct parser {
    struct token token;
    int depth;
    const char *message; /* Of the first problem. */
};

static struct node *line(struct parser *parser);
static struct node *sum(struct parser *parser);
static struct node *unary(struct parser *parser);

static void next(struct parser *parser) { parser->token = lexer_next(parser->token.start + parser->token.length); }

static bool is(const struct parser *parser, char sign) {
    return parser->token.kind == TOKEN_SIGN && *parser->token.start == sign;
}

static bool takes(struct parser *parser, char sign) {
    if (!is(parser, sign)) return false;
    next(parser);
    return true;
}

static struct node *fail(struct parser *parser, struct node *node, const char *message) {
    tree_free(node);
    if (parser->message == NULL) parser->message = message;
    return NULL;
}

static struct node *call(struct parser *parser, struct token name) {
    struct node *node = tree_call(name.start, name.length);
    if (takes(parser, ')')) return node;
    do {
        if (node != NULL && node->count == CHILDREN_MOST) return fail(parser, node, "too many arguments");
        node = tree_add(node, line(parser));
        if (node == NULL) return NULL;
    } while (takes(parser, ','));
    if (!takes(parser, ')')) return fail(parser, node, "a ) is missing");
    return node;
}

static struct node *primary(struct parser *parser) {
    struct token token = parser->token;
    if (token.kind == TOKEN_NUMBER) {
        next(parser);
        return tree_number(token.value);
    }
    if (token.kind == TOKEN_NAME) {
        next(parser);
        return takes(parser, '(') ? call(parser, token) : tree_name(token.start, token.length);
    }
    if (takes(parser, '(')) {
        struct node *node = sum(parser);
        if (node != NULL && !takes(parser, ')')) return fail(parser, node, "a ) is missing");
        return node;
    }
    return fail(parser, NULL, token.kind == TOKEN_END ? "something is missing at the end" : "this can not stand here");
}

static struct node *power(struct parser *parser) {
    struct node *base = primary(parser);
    if (base == NULL || !takes(parser, '^')) return base;
    return tree_binary('^', base, unary(parser));
}

static struct node *unary(struct parser *parser) {
    if (parser->depth == DEPTH_MOST) return fail(parser, NULL, "this is nested too deeply");
    parser->depth++;
    struct node *node = takes(parser, '-') ? tree_negate(unary(parser)) : power(parser);
    parser->depth--;
    return node;
}

static struct node *product(struct parser *parser) {
    struct node *node = unary(parser);
    while (node != NULL && (is(parser, '*') || is(parser, '/') || is(parser, '%'))) {
        char sign = *parser->token.start;
        next(parser);
        node = tree_binary(sign, node, unary(parser));
    }
    return node;
}

static struct node *sum(struct parser *parser) {
    struct node *node = product(parser);
    while (node != NULL && (is(parser, '+') || is(parser, '-'))) {
        char sign = *parser->token.start;
        next(parser);
        node = tree_binary(sign, node, product(parser));
    }
    return node;
}

static struct node *line(struct parser *parser) {
    struct token name = parser->token;
    if (name.kind == TOKEN_NAME) {
        struct token sign = lexer_next(name.start + name.length);
        if (sign.kind == TOKEN_SIGN && *sign.start == '=') {
            if (parser->depth == DEPTH_MOST) return fail(parser, NULL, "this is nested too deeply");
            next(parser);
            next(parser);
            parser->depth++;
            struct node *value = line(parser);
            parser->depth--;
            return value == NULL ? NULL : tree_assign(name.start, name.length, value);
        }
    }
    return sum(parser);
}

struct node *parser_read(const char *text, struct problem *problem) {
    struct parser parser = {lexer_next(text), 0, NULL};
    struct node *node = line(&parser);
    if (node != NULL && parser.token.kind != TOKEN_END) node = fail(&parser, node, "this can not stand here");
    if (node == NULL) problem->message = parser.message != NULL ? parser.message : "there is no memory left";
    return node;
}
