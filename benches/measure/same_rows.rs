//! The limit that creates are held against: the very rows that a create leaves behind, in the same
//! tables with the same indexes and triggers, written by one thread that commits whatever waits.
//! No HTTP, no token, no SCIM, no reading, no savepoints.
//!
//! Which rows those are is read off a file that creates have been made in, so that a create that
//! writes more one day raises its own limit's work too.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use portcullis::clock;
use portcullis::store::id;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::run::{Figures, at_once};

/// How many rows each table has.
pub(crate) type Census = Vec<(String, i64)>;

/// Counts the rows of every table of a file.
pub(crate) fn census(file: &Path) -> Census {
    let conn = Connection::open(file).unwrap();
    let tables: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let count = |table: String| {
        let sql = format!("SELECT count(*) FROM \"{table}\"");
        let rows = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
        (table, rows)
    };
    tables.into_iter().map(count).collect()
}

/// What one create leaves in one table.
struct Pattern {
    table: String,
    /// The statement that writes such a row.
    insert: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

/// The rows of the newest user of a file in which `creates` users were made since `before`.
pub(crate) struct SameRows {
    patterns: Vec<Pattern>,
    user_id: String,
    user_name: String,
    external_id: String,
    organization: Pattern,
}

impl SameRows {
    pub(crate) fn read(file: &Path, before: &Census, creates: usize) -> Self {
        let conn = Connection::open(file).unwrap();
        let (user_id, user_name, external_id, organization): (String, String, String, String) =
            conn.query_row(
                "SELECT id, user_name, external_id, organization_id FROM users
                 ORDER BY rowid DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        let grown = census(file)
            .into_iter()
            .zip(before)
            .filter_map(|((table, now), (_, was))| {
                // Some tables get a row now and then, which is nobody's.
                ((now - was) as usize * 2 > creates).then_some(table)
            });
        let mut patterns: Vec<Pattern> = grown
            .map(|table| newest(&conn, &table, &user_id).unwrap())
            .collect();
        // What others point to comes first.
        patterns.sort_by_key(|pattern| pattern.table != "users");
        let organization = row(
            &conn,
            "organizations",
            &format!("WHERE id = '{organization}'"),
        )
        .unwrap();
        Self {
            patterns,
            user_id,
            user_name,
            external_id,
            organization,
        }
    }

    /// The tables, for the report.
    pub(crate) fn tables(&self) -> String {
        let names: Vec<&str> = self.patterns.iter().map(|p| p.table.as_str()).collect();
        names.join(", ")
    }

    /// As [`super::group_commit`], with these rows in place of one. `file` must have the schema and
    /// nothing in it.
    pub(crate) fn group_commit(self, file: &Path, threads: usize, enough: Duration) -> Figures {
        let conn = Connection::open(file).unwrap();
        super::limit::configure(&conn);
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        conn.set_prepared_statement_cache_capacity(64);
        conn.execute(
            &self.organization.insert,
            params_from_iter(&self.organization.values),
        )
        .unwrap();
        let sequence = self.patterns.iter().map(Pattern::sequence).collect();
        let statements = self.patterns.iter().map(|p| p.insert.clone()).collect();
        let writer = Writer {
            conn,
            statements,
            sequence,
            last: 0,
        };
        let (queue, waiting) = sync_channel(4096);
        let writer = thread::spawn(move || writer.commit_together(&waiting));
        // Making up the rows is the clients' part, so that the one who writes does only that.
        let figures = at_once(threads, enough, |thread, number| {
            let (answer, answered) = sync_channel(1);
            let rows = self.rows((number << 16) | thread);
            queue.send((rows, answer)).unwrap();
            answered.recv().unwrap();
            true
        });
        drop(queue);
        writer.join().unwrap();
        figures
    }

    /// A user's rows, one for each pattern.
    fn rows(&self, key: usize) -> Vec<Vec<Value>> {
        let now = clock::now();
        let user_id = id::new(now);
        // Names of one length, in no order, as those of people are.
        let scattered = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let user_name = format!("u{scattered:016x}@acme.com");
        let external_id = format!("00u{scattered:017}");
        let varied = |column: &str, value: &Value| match value {
            Value::Text(text) if column == "id" && *text != self.user_id => {
                Value::Text(id::new(now))
            }
            Value::Text(_) if column == "reference" => Value::Text(format!("{scattered:016x}")),
            Value::Text(text) => Value::Text(
                text.replace(&self.user_id, &user_id)
                    .replace(&self.user_name, &user_name)
                    .replace(&self.external_id, &external_id),
            ),
            other => other.clone(),
        };
        self.patterns
            .iter()
            .map(|pattern| {
                let columns = pattern.columns.iter().zip(&pattern.values);
                columns.map(|(name, value)| varied(name, value)).collect()
            })
            .collect()
    }
}

type Job = (Vec<Vec<Value>>, SyncSender<()>);

/// The one thread that writes.
struct Writer {
    conn: Connection,
    statements: Vec<String>,
    /// Of each table the column that counts, if it has one.
    sequence: Vec<Option<usize>>,
    last: i64,
}

impl Writer {
    fn commit_together(mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut answers = Vec::with_capacity(256);
            self.conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            self.write(first.0);
            answers.push(first.1);
            while answers.len() < 256
                && let Ok((rows, answer)) = waiting.try_recv()
            {
                self.write(rows);
                answers.push(answer);
            }
            self.conn.execute_batch("COMMIT").unwrap();
            for answer in answers {
                let _ = answer.send(());
            }
        }
    }

    fn write(&mut self, rows: Vec<Vec<Value>>) {
        self.last += 1;
        for ((mut row, sql), counts) in rows.into_iter().zip(&self.statements).zip(&self.sequence) {
            if let Some(column) = counts {
                row[*column] = Value::Integer(self.last);
            }
            let mut statement = self.conn.prepare_cached(sql).unwrap();
            statement.execute(params_from_iter(row)).unwrap();
        }
    }
}

impl Pattern {
    /// The column that counts, if there is one.
    fn sequence(&self) -> Option<usize> {
        let mut columns = self.columns.iter().zip(&self.values);
        columns.position(|(column, value)| match value {
            Value::Integer(_) => column == "seq" || column == "id",
            _ => false,
        })
    }
}

/// The newest row of a table that names the user, else the newest.
fn newest(conn: &Connection, table: &str, user_id: &str) -> Option<Pattern> {
    let columns = columns(conn, table);
    let mentions = ["id", "user_id", "target_id"]
        .iter()
        .find(|name| columns.iter().any(|column| column == *name));
    mentions
        .and_then(|column| {
            row(
                conn,
                table,
                &format!("WHERE \"{column}\" = '{user_id}' LIMIT 1"),
            )
        })
        .or_else(|| row(conn, table, "ORDER BY rowid DESC LIMIT 1"))
}

fn columns(conn: &Connection, table: &str) -> Vec<String> {
    let sql = format!("SELECT * FROM \"{table}\" LIMIT 0");
    let statement = conn.prepare(&sql).unwrap();
    statement.column_names().map(str::to_owned).collect()
}

fn row(conn: &Connection, table: &str, which: &str) -> Option<Pattern> {
    let columns = columns(conn, table);
    let values = conn
        .query_row(&format!("SELECT * FROM \"{table}\" {which}"), [], |row| {
            (0..columns.len()).map(|at| row.get(at)).collect()
        })
        .ok()?;
    let marks = vec!["?"; columns.len()].join(",");
    let names = columns.join("\",\"");
    Some(Pattern {
        table: table.to_owned(),
        insert: format!("INSERT INTO \"{table}\" (\"{names}\") VALUES ({marks})"),
        columns,
        values,
    })
}
