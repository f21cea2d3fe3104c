#ifndef PGSWARM_CMIGRATIONS_H
#define PGSWARM_CMIGRATIONS_H

#include <stddef.h>

/// One SQL file of the top folder Migrations/, compiled into the binary.
typedef struct {
    /// Path below Migrations/, for example "0001_tables.sql" or "functions/claim.sql".
    const char *name;
    const unsigned char *bytes;
    size_t count;
} pgswarm_migration;

/// The number of embedded files.
size_t pgswarm_migration_count(void);

/// The file at `index`, in the order in which the files are applied.
pgswarm_migration pgswarm_migration_at(size_t index);

#endif
