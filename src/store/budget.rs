//! How much work a query may be: a bound on the steps that SQLite takes for it.
//!
//! A filter that no index answers looks at every row. Time would be the wrong measure, as the same
//! question would then be answered on a quiet day and refused on a busy one; SQLite's own steps
//! depend only on the question and the data. Every connection counts (`install`), and only what
//! runs within a budget is stopped by it.

use std::cell::Cell;

use rusqlite::{Connection, ErrorCode};

/// After how many steps SQLite asks whether to go on.
const STRIDE: u32 = 10_000;

thread_local! {
    /// The steps left to the query on this thread, if it has a budget.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs what queries on this thread with so many steps of SQLite's virtual machine, rounded up to
/// tens of thousands. A statement that takes more is interrupted, see [`is_exceeded`].
pub fn within<T>(steps: u64, query: impl FnOnce() -> T) -> T {
    struct Ended(Option<u64>);
    impl Drop for Ended {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _ended = Ended(LEFT.replace(Some(steps)));
    query()
}

/// Whether a query failed because its budget was used up.
pub fn is_exceeded(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Makes a connection count.
pub(super) fn install(conn: &mut Connection) -> rusqlite::Result<()> {
    let stride = i32::try_from(STRIDE).unwrap_or(i32::MAX);
    conn.progress_handler(stride, Some(stop))
}

fn stop() -> bool {
    LEFT.with(|left| match left.get() {
        None => false,
        Some(steps) => {
            left.set(Some(steps.saturating_sub(u64::from(STRIDE))));
            steps <= u64::from(STRIDE)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const COUNT: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1)
        SELECT max(i) FROM n";

    #[test]
    fn stops_what_takes_too_many_steps() {
        let conn = scratch::connection();
        let count = |rows: i64| conn.query_row(COUNT, [rows], |row| row.get::<_, i64>(0));
        let refused = within(1_000_000, || count(10_000_000)).unwrap_err();
        assert!(is_exceeded(&refused));
        assert_eq!(within(1_000_000, || count(10_000)).unwrap(), 10_000);
        assert_eq!(count(500_000).unwrap(), 500_000, "without a budget");
    }
}
