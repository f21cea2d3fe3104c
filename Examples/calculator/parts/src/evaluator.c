#include "evaluator.h"

#include <math.h>

#include "functions.h"

static bool fail(struct problem *problem, const char *message) {
    problem->message = message;
    return false;
}

static bool binary(char sign, double left, double right, double *result, struct problem *problem) {
    switch (sign) {
    case '+': *result = left + right; break;
    case '-': *result = left - right; break;
    case '*': *result = left * right; break;
    case '/':
        if (right == 0) return fail(problem, "a division by zero");
        *result = left / right;
        break;
    case '%':
        if (right == 0) return fail(problem, "a division by zero");
        *result = fmod(left, right);
        break;
    case '^': *result = pow(left, right); break;
    default: return fail(problem, "there is no such sign");
    }
    return isfinite(*result) ? true : fail(problem, "the result is no number");
}

bool evaluator_run(const struct node *node, struct variables *variables, double *result, struct problem *problem) {
    double value[CHILDREN_MOST];
    for (size_t i = 0; i < node->count; i++) {
        if (!evaluator_run(node->child[i], variables, &value[i], problem)) return false;
    }
    switch (node->kind) {
    case NODE_NUMBER: *result = node->value; return isfinite(*result) ? true : fail(problem, "the number is too large");
    case NODE_NAME:
        return variables_get(variables, node->name, result) ? true : fail(problem, "there is no such name");
    case NODE_CALL: return functions_call(node->name, value, node->count, result, problem);
    case NODE_NEGATE: *result = -value[0]; return true;
    case NODE_BINARY: return binary(node->sign, value[0], value[1], result, problem);
    case NODE_ASSIGN:
        *result = value[0];
        return variables_set(variables, node->name, *result) ? true : fail(problem, "there are too many names");
    }
    return fail(problem, "there is no such calculation");
}
