/^#ifndef/d
/^#define CALC_/d
/^#endif/d
