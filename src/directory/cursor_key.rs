//! The secret that SCIM cursors are sealed with: made at the first need, kept with the data, so that
//! a cursor outlives a restart.

use data_encoding::HEXLOWER;
use rusqlite::Connection;

use crate::store::{Store, StoreError, random, setting};

const SETTING: &str = "scim_cursor_key";

/// The secret, made if there is none yet.
pub fn ensure(store: &Store) -> Result<[u8; 32], StoreError> {
    if let Some(key) = store.read(read)? {
        return Ok(key);
    }
    store.write(|tx| {
        // Another may have come first.
        if let Some(key) = read(tx)? {
            return Ok(key);
        }
        let key = random::bytes::<32>();
        setting::write(tx, SETTING, &HEXLOWER.encode(&key))?;
        Ok(key)
    })
}

fn read(conn: &Connection) -> Result<Option<[u8; 32]>, StoreError> {
    let kept = setting::read(conn, SETTING)?;
    Ok(kept
        .and_then(|text| HEXLOWER.decode(text.as_bytes()).ok())
        .and_then(|bytes| bytes.try_into().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    #[test]
    fn is_made_once() {
        let store = scratch::store();
        let first = ensure(&store).unwrap();
        assert_eq!(ensure(&store).unwrap(), first);
        assert_ne!(ensure(&scratch::store()).unwrap(), first);
    }
}
