// The asynchronous PostgreSQL client: see Connection.
