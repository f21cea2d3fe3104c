#ifndef PGSWARM_CLIBPQ_SHIM_H
#define PGSWARM_CLIBPQ_SHIM_H

#include <libpq-fe.h>
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/prctl.h>
#else
#include <pthread.h>
#endif

// PG_DIAG_* are character macros, which Swift does not import.
enum {
    LIBPQ_FIELD_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    LIBPQ_FIELD_SQLSTATE = PG_DIAG_SQLSTATE,
    LIBPQ_FIELD_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    LIBPQ_FIELD_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    LIBPQ_FIELD_HINT = PG_DIAG_MESSAGE_HINT,
    LIBPQ_FIELD_POSITION = PG_DIAG_STATEMENT_POSITION,
    LIBPQ_FIELD_CONTEXT = PG_DIAG_CONTEXT,
    LIBPQ_FIELD_SCHEMA = PG_DIAG_SCHEMA_NAME,
    LIBPQ_FIELD_TABLE = PG_DIAG_TABLE_NAME,
    LIBPQ_FIELD_COLUMN = PG_DIAG_COLUMN_NAME,
    LIBPQ_FIELD_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
    LIBPQ_FIELD_ROUTINE = PG_DIAG_SOURCE_FUNCTION,
};

// Gives the calling thread a name that debuggers show; up to 15 bytes.
static inline void name_this_thread(const char *name) {
#if defined(__linux__)
    prctl(PR_SET_NAME, name, 0, 0, 0);
#else
    pthread_setname_np(name);
#endif
}

// Cancellation: libpq 17 can send the request over TLS; before, it always went in clear text.
// `prepare` must be called on the connection's thread, the other two may be called on any.
#ifdef LIBPQ_HAS_ASYNC_CANCEL
static inline void *libpq_cancel_prepare(PGconn *connection) { return PQcancelCreate(connection); }
static inline int libpq_cancel_send(void *request) { return PQcancelBlocking((PGcancelConn *) request); }
static inline void libpq_cancel_free(void *request) { PQcancelFinish((PGcancelConn *) request); }
#else
static inline void *libpq_cancel_prepare(PGconn *connection) { return PQgetCancel(connection); }
static inline int libpq_cancel_send(void *request) {
    char reason[256];
    return PQcancel((PGcancel *) request, reason, (int) sizeof reason);
}
static inline void libpq_cancel_free(void *request) { PQfreeCancel((PGcancel *) request); }
#endif

#endif
