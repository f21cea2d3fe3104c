/* Cuts a line into words. */
#ifndef CALC_LEXER_H
#define CALC_LEXER_H

#include <stddef.h>

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_SIGN, TOKEN_BAD };

struct token {
    enum token_kind kind;
    const char *start; /* Within the line. */
    size_t length;
    double value; /* Of a number. */
};

/* The first word of a text. The next begins at start + length. */
struct token lexer_next(const char *text);

#endif
