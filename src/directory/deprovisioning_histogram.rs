//! How long taking people's access away took, as a Prometheus histogram.
//!
//! It is counted from the audit log, so that deactivations from the command line are in it and a
//! restart loses none. Each reading goes on where the one before stopped: it costs what the log
//! has grown by since.

use std::fmt::Write as _;

use rusqlite::{Connection, params};

use super::DirectoryError;

/// The upper bounds, in milliseconds, and as the exposition format writes them, in seconds.
const BUCKETS: [(i64, &str); 8] = [
    (1, "0.001"),
    (5, "0.005"),
    (10, "0.01"),
    (50, "0.05"),
    (100, "0.1"),
    (500, "0.5"),
    (1_000, "1"),
    (5_000, "5"),
];

/// Lines of the log that are looked at in one read.
const PIECE: i64 = 10_000;

/// The counts so far.
#[derive(Debug, Default)]
pub struct Histogram {
    seen: i64,
    within: [u64; BUCKETS.len()],
    count: u64,
    sum_ms: i64,
}

impl Histogram {
    /// Counts the next lines of the audit log; false when there were no more. To be called until
    /// then, each time in a read of its own, so that no reader is held for long.
    pub fn go_on(&mut self, conn: &Connection) -> Result<bool, DirectoryError> {
        let last: Option<i64> = conn
            .prepare_cached(
                "SELECT max(seq) FROM (SELECT seq FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2)",
            )?
            .query_row(params![self.seen, PIECE], |row| row.get(0))?;
        let Some(last) = last else {
            return Ok(false);
        };
        let mut statement = conn.prepare_cached(
            "SELECT json_extract(detail, '$.took_ms') FROM audit
             WHERE seq > ?1 AND seq <= ?2 AND action IN ('user.deactivated', 'user.deleted')",
        )?;
        let mut rows = statement.query(params![self.seen, last])?;
        while let Some(row) = rows.next()? {
            if let Some(took) = row.get::<_, Option<i64>>(0)? {
                self.add(took);
            }
        }
        self.seen = last;
        Ok(true)
    }

    fn add(&mut self, took_ms: i64) {
        for (count, (bound, _)) in self.within.iter_mut().zip(BUCKETS) {
            *count += u64::from(took_ms <= bound);
        }
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(took_ms);
    }

    /// In Prometheus' text format 0.0.4.
    pub fn exposition(&self) -> String {
        const NAME: &str = "portcullis_deprovisioning_duration_seconds";
        let mut text = format!(
            "# HELP {NAME} From the request that switched a user off to the line about it in the \
             audit log: sessions, tokens and links are over.\n# TYPE {NAME} histogram\n"
        );
        for ((_, bound), within) in BUCKETS.iter().zip(self.within) {
            let _ = writeln!(text, "{NAME}_bucket{{le=\"{bound}\"}} {within}");
        }
        let (seconds, millis) = (self.sum_ms / 1_000, self.sum_ms % 1_000);
        let _ = writeln!(text, "{NAME}_bucket{{le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{NAME}_sum {seconds}.{millis:03}");
        let _ = writeln!(text, "{NAME}_count {}", self.count);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let mut histogram = Histogram::default();
        for took in [0, 1, 2, 60, 7_000] {
            histogram.add(took);
        }
        let text = histogram.exposition();
        for line in [
            "_bucket{le=\"0.001\"} 2",
            "_bucket{le=\"0.005\"} 3",
            "_bucket{le=\"0.1\"} 4",
            "_bucket{le=\"5\"} 4",
            "_bucket{le=\"+Inf\"} 5",
            "_sum 7.063",
            "_count 5",
        ] {
            assert!(text.contains(&format!("seconds{line}\n")), "{line}\n{text}");
        }
    }
}
