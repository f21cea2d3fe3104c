#include "evaluator.h"

#include "check.h"

static struct variables variables;

/* The value of a tree, which it frees; -1 and the problem if it has none. */
static double value(struct node *node, struct problem *problem) {
    double result = 0;
    problem->message = "";
    if (!evaluator_run(node, &variables, &result, problem)) result = -1;
    tree_free(node);
    return result;
}

static struct node *two(char sign, double left, double right) {
    return tree_binary(sign, tree_number(left), tree_number(right));
}

int main(void) {
    struct problem problem;
    variables_begin(&variables);
    CHECK(value(two('+', 1, 2), &problem) == 3);
    CHECK(value(two('^', 2, 10), &problem) == 1024);
    CHECK(value(two('%', 7, 4), &problem) == 3);
    CHECK(value(tree_negate(two('/', 1, 4)), &problem) == -0.25);
    CHECK(value(two('/', 1, 0), &problem) == -1);
    CHECK_TEXT(problem.message, "a division by zero");
    CHECK(value(two('%', 1, 0), &problem) == -1);
    CHECK_TEXT(problem.message, "a division by zero");
    CHECK(value(two('^', 10, 1000), &problem) == -1);
    CHECK_TEXT(problem.message, "the result is no number");
    CHECK(value(tree_name("x", 1), &problem) == -1);
    CHECK_TEXT(problem.message, "there is no such name");
    CHECK(value(tree_assign("x", 1, two('*', 6, 7)), &problem) == 42);
    CHECK(value(tree_name("x", 1), &problem) == 42);
    CHECK(value(tree_add(tree_call("sqrt", 4), tree_number(16)), &problem) == 4);
    return check_failures != 0;
}
