//! SQLite: open, migrate, the writer thread, the readers.
