#include "number.h"

#include "check.h"

static const char *written(double value) {
    static char text[NUMBER_SIZE];
    number_write(value, text);
    return text;
}

int main(void) {
    double value = 0;
    CHECK(number_read("12+3", &value) == 2 && value == 12);
    CHECK(number_read(".5", &value) == 2 && value == 0.5);
    CHECK(number_read("6.02e23x", &value) == 7 && value == 6.02e23);
    CHECK(number_read("1e", &value) == 1 && value == 1);
    CHECK(number_read("1.", &value) == 2 && value == 1);
    CHECK(number_read(".", &value) == 0);
    CHECK(number_read("inf", &value) == 0);
    CHECK(number_read("0x10", &value) == 1 && value == 0);
    CHECK_TEXT(written(0.1), "0.1");
    CHECK_TEXT(written(-0.0), "0");
    CHECK_TEXT(written(0.1 + 0.2), "0.30000000000000004");
    CHECK_TEXT(written(1234567), "1234567");
    return check_failures != 0;
}
