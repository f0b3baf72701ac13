"""Work that takes a while: kept in a database, done in child processes, resumed after a restart."""
