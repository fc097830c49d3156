//! Settings of the appliance: a name, a value.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;

/// The value of a setting, if it has one.
pub fn read(conn: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Sets a setting, over any earlier value.
pub fn write(conn: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![name, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    #[test]
    fn the_last_value_counts() {
        let conn = scratch::connection();
        assert_eq!(read(&conn, "public_url").unwrap(), None);
        write(&conn, "public_url", "https://a.example").unwrap();
        write(&conn, "public_url", "https://b.example").unwrap();
        assert_eq!(
            read(&conn, "public_url").unwrap().as_deref(),
            Some("https://b.example")
        );
    }
}
