#include "CMigrations.h"

// One line a file, in the order of application: numbered migrations first, then functions/.
// A test compares this list with the folder.

static const unsigned char m0001[] = {
#embed "../../Migrations/0001_tables.sql"
};

static const pgswarm_migration files[] = {
    {"0001_tables.sql", m0001, sizeof m0001},
};

size_t pgswarm_migration_count(void) { return sizeof files / sizeof files[0]; }

pgswarm_migration pgswarm_migration_at(size_t index) { return files[index]; }
