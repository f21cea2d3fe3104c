#include "functions.h"

#include "check.h"

int main(void) {
    struct problem problem = {""};
    double result = 0, some[] = {-3, -1, -2};
    CHECK(functions_call("abs", some, 1, &result, &problem) && result == 3);
    CHECK(functions_call("max", some, 3, &result, &problem) && result == -1);
    CHECK(functions_call("min", some, 3, &result, &problem) && result == -3);
    CHECK(!functions_call("sqrt", some, 1, &result, &problem));
    CHECK_TEXT(problem.message, "this function has no value there");
    CHECK(!functions_call("abs", some, 2, &result, &problem));
    CHECK_TEXT(problem.message, "this function takes one number");
    CHECK(!functions_call("max", some, 0, &result, &problem));
    CHECK(!functions_call("sin", some, 1, &result, &problem));
    CHECK_TEXT(problem.message, "there is no such function");
    return check_failures != 0;
}
