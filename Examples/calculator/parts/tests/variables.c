#include "variables.h"

#include "check.h"

int main(void) {
    struct variables variables;
    double value = 0;
    variables_begin(&variables);
    CHECK(variables_get(&variables, "pi", &value) && value > 3.14 && value < 3.15);
    CHECK(!variables_get(&variables, "x", &value));
    CHECK(variables_set(&variables, "x", 1) && variables_set(&variables, "x", 2));
    CHECK(variables_get(&variables, "x", &value) && value == 2);
    for (int i = 0; i < VARIABLES_MOST; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        variables_set(&variables, name, i);
    }
    CHECK(variables.count == VARIABLES_MOST);
    CHECK(!variables_set(&variables, "more", 1));
    CHECK(variables_set(&variables, "x", 3));
    return check_failures != 0;
}
