#include "lexer.h"

#include "check.h"

static struct token after(struct token token) { return lexer_next(token.start + token.length); }

int main(void) {
    struct token token = lexer_next("  x2_y = 1.5*(a)$");
    CHECK(token.kind == TOKEN_NAME && token.length == 4);
    token = after(token);
    CHECK(token.kind == TOKEN_SIGN && *token.start == '=');
    token = after(token);
    CHECK(token.kind == TOKEN_NUMBER && token.value == 1.5);
    token = after(token);
    CHECK(token.kind == TOKEN_SIGN && *token.start == '*');
    token = after(after(after(token)));
    CHECK(token.kind == TOKEN_SIGN && *token.start == ')');
    token = after(token);
    CHECK(token.kind == TOKEN_BAD && *token.start == '$');
    token = after(token);
    CHECK(token.kind == TOKEN_END && token.length == 0);
    CHECK(after(token).kind == TOKEN_END);
    return check_failures != 0;
}
