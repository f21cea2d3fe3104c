#include "lexer.h"

#include <ctype.h>
#include <string.h>

#include "number.h"

struct token lexer_next(const char *text) {
    while (isspace((unsigned char)*text)) text++;
    struct token token = {TOKEN_BAD, text, 1, 0};
    size_t length = number_read(text, &token.value);
    if (*text == '\0') {
        token.kind = TOKEN_END;
        token.length = 0;
    } else if (length > 0) {
        token.kind = TOKEN_NUMBER;
        token.length = length;
    } else if (isalpha((unsigned char)*text)) {
        token.kind = TOKEN_NAME;
        while (isalnum((unsigned char)text[token.length]) || text[token.length] == '_') token.length++;
    } else if (strchr("+-*/%^(),=", *text) != NULL) {
        token.kind = TOKEN_SIGN;
    }
    return token;
}
