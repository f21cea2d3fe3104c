#ifndef PGSWARM_CLIBPQ_SHIM_H
#define PGSWARM_CLIBPQ_SHIM_H

#include <libpq-fe.h>

#endif
