//! The rules by themselves; what a client sees is in tests/integration/brake.rs.
