//! Bearer tokens with which an identity provider pushes over SCIM (RFC 6750).

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::secret::{self, Secret};
use super::{maybe_time, millis, time};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::{Store, StoreError, id};

const PREFIX: &str = "ptc_scim_";

/// Characters of a presented token that are looked at.
const LONGEST: usize = 512;

/// "Last used" is written once in this long.
const GRANULARITY: Duration = Duration::from_secs(60);

/// Tokens that a list shows.
const MOST_LISTED: i64 = 200;

/// A SCIM token, without the secret itself.
#[derive(Clone, Debug)]
pub struct ScimToken {
    /// Names the token without letting anyone in.
    pub id: String,
    /// The only organization it speaks for.
    pub organization_id: String,
    /// The provider it was made for.
    pub provider_id: Option<String>,
    /// What its maker called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The address it was last used from.
    pub last_used_from: Option<String>,
}

/// The token in an `Authorization` header. Okta's field takes whatever is typed, so the scheme
/// arrives in any case, doubled (typed into the field, then prefixed), or not at all.
pub fn presented(authorization: &str) -> Option<&str> {
    let once = without_scheme(authorization.trim());
    let token = without_scheme(once);
    let plausible = !token.is_empty()
        && token.len() <= LONGEST
        && token.bytes().all(|byte| byte.is_ascii_graphic())
        && !token.eq_ignore_ascii_case("bearer");
    plausible.then_some(token)
}

/// Whether a header that [`presented`] reads is as RFC 6750 section 2.1 has it: with the scheme, and
/// once.
pub fn has_scheme_once(authorization: &str) -> bool {
    let text = authorization.trim();
    let once = without_scheme(text);
    once.len() < text.len() && without_scheme(once) == once
}

fn without_scheme(text: &str) -> &str {
    match text.split_once([' ', '\t']) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => text,
    }
}

/// Makes a token, for one provider where one is named: it is revoked when that goes. The secret is not to be had again.
pub fn create(
    conn: &Connection,
    organization_id: &str,
    provider_id: Option<&str>,
    name: &str,
    expires_at: Option<Timestamp>,
    by: &Author,
    now: Timestamp,
) -> Result<(ScimToken, Secret), StoreError> {
    let secret = Secret::generate(PREFIX);
    let token = ScimToken {
        id: id::new(now),
        organization_id: organization_id.to_owned(),
        provider_id: provider_id.map(str::to_owned),
        name: name.to_owned(),
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
    };
    conn.prepare_cached(
        "INSERT INTO tokens (id, hash, kind, organization_id, name, created_at, expires_at,
             provider_id)
         VALUES (?1, ?2, 'scim', ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        token.id,
        secret.hash(),
        organization_id,
        name,
        now.millis(),
        expires_at.map(Timestamp::millis),
        provider_id,
    ])?;
    let entry = Entry {
        action: "token.created",
        organization_id: Some(organization_id),
        target: audit::Target {
            kind: "token",
            id: Some(&token.id),
            name,
        },
        detail: audit::detail([
            ("kind", json!("scim")),
            (
                "after",
                json!({ "name": name, "expires_at": expires_at, "provider": provider_id }),
            ),
        ]),
    };
    audit::record(conn, by, &entry, now)?;
    Ok((token, secret))
}

/// The token that was presented, if it works now.
pub fn find_active(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<ScimToken>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, organization_id, provider_id, name, created_at, expires_at, revoked_at, last_used_at,
                 last_used_from
             FROM tokens
             WHERE hash = ?1 AND kind = 'scim' AND revoked_at IS NULL
                 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_row(params![secret::hash(presented), now.millis()], read)
        .optional()?)
}

/// The token that was presented and worked once, but not now.
pub fn find_ended(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<ScimToken>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, organization_id, provider_id, name, created_at, expires_at, revoked_at, last_used_at,
                 last_used_from
             FROM tokens
             WHERE hash = ?1 AND kind = 'scim' AND (revoked_at IS NOT NULL OR expires_at <= ?2)",
        )?
        .query_row(params![secret::hash(presented), now.millis()], read)
        .optional()?)
}

/// An organization's tokens, newest first, revoked ones included.
pub fn list(conn: &Connection, organization_id: &str) -> Result<Vec<ScimToken>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, organization_id, provider_id, name, created_at, expires_at, revoked_at, last_used_at,
             last_used_from
         FROM tokens WHERE organization_id = ?1 AND kind = 'scim'
         ORDER BY created_at DESC, id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![organization_id, MOST_LISTED], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Revokes a token from the next request on. False if the organization has no such token; one
/// that was revoked before stays as it was.
pub fn revoke(
    conn: &Connection,
    organization_id: &str,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found: Option<(String, Option<i64>)> = conn
        .prepare_cached(
            "SELECT name, revoked_at FROM tokens
             WHERE id = ?1 AND organization_id = ?2 AND kind = 'scim'",
        )?
        .query_row([id, organization_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let name = match found {
        None => return Ok(false),
        Some((_, Some(_))) => return Ok(true),
        Some((name, None)) => name,
    };
    conn.prepare_cached("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.millis()])?;
    let entry = Entry {
        action: "token.revoked",
        organization_id: Some(organization_id),
        target: audit::Target {
            kind: "token",
            id: Some(id),
            name: &name,
        },
        detail: audit::detail([("kind", json!("scim"))]),
    };
    audit::record(conn, by, &entry, now)?;
    Ok(true)
}

/// Notes that a token was used, at most once a minute, without waiting for the disk.
pub fn note_use(store: &Store, token: &ScimToken, from: IpAddr, now: Timestamp) {
    let fresh = |at| now.since(at) < GRANULARITY;
    if token.last_used_at.is_some_and(fresh) {
        return;
    }
    let id = token.id.clone();
    store.write_later(move |tx| used(tx, &id, from, now));
}

fn used(conn: &Connection, id: &str, from: IpAddr, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3
         WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?2 - ?4)",
    )?
    .execute(params![
        id,
        now.millis(),
        from.to_string(),
        millis(GRANULARITY)
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<ScimToken> {
    Ok(ScimToken {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        provider_id: row.get("provider_id")?,
        name: row.get("name")?,
        created_at: time(row, "created_at")?,
        expires_at: maybe_time(row, "expires_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
        last_used_from: row.get("last_used_from")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn by() -> Author {
        Author::command_line()
    }

    fn connection() -> Connection {
        let conn = scratch::connection();
        conn.execute_batch(
            "INSERT INTO organizations (id, slug, name, created_at)
             VALUES ('o', 'o', 'O', 0), ('other', 'other', 'Other', 0)",
        )
        .unwrap();
        conn
    }

    #[test]
    fn what_is_presented() {
        for header in [
            "Bearer t",
            "bearer t",
            "BEARER   t",
            "t",
            " t ",
            "Bearer Bearer t",
            "Bearer bearer\tt",
        ] {
            assert_eq!(presented(header), Some("t"), "{header:?}");
        }
        for header in ["Bearer t", "bearer t", " BEARER   t"] {
            assert!(has_scheme_once(header), "{header:?}");
        }
        for header in ["t", " t ", "Bearer Bearer t", "Bearer bearer\tt"] {
            assert!(!has_scheme_once(header), "{header:?}");
        }
        let long = format!("Bearer {}", "x".repeat(LONGEST + 1));
        for header in [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer Bearer",
            "Bearer Bearer Bearer t",
            "Basic dXNlcg==",
            "Bearer a b",
            "Bearer é",
            &long,
        ] {
            assert_eq!(presented(header), None, "{header:?}");
        }
    }

    #[test]
    fn a_token_works_until_it_expires_or_is_revoked() {
        let conn = connection();
        let later = NOW.plus(Duration::from_secs(60));
        let (token, secret) = create(&conn, "o", None, "Okta", Some(later), &by(), NOW).unwrap();
        let found = find_active(&conn, secret.expose(), NOW).unwrap().unwrap();
        assert_eq!(
            (found.id, found.organization_id),
            (token.id.clone(), "o".into())
        );
        assert!(
            find_active(&conn, secret.expose(), later)
                .unwrap()
                .is_none()
        );
        assert!(find_active(&conn, "ptc_scim_other", NOW).unwrap().is_none());
        assert!(!revoke(&conn, "other", &token.id, &by(), NOW).unwrap());
        assert!(find_active(&conn, secret.expose(), NOW).unwrap().is_some());
        assert!(revoke(&conn, "o", &token.id, &by(), NOW).unwrap());
        assert!(revoke(&conn, "o", &token.id, &by(), later).unwrap());
        assert!(find_active(&conn, secret.expose(), NOW).unwrap().is_none());
        assert_eq!(list(&conn, "o").unwrap()[0].revoked_at, Some(NOW));
        assert!(list(&conn, "other").unwrap().is_empty());
    }

    #[test]
    fn use_is_noted_by_the_minute() {
        let conn = connection();
        let (token, _) = create(&conn, "o", None, "Okta", None, &by(), NOW).unwrap();
        let from = "192.0.2.1".parse().unwrap();
        for (seconds, noted) in [(0, 0), (59, 0), (60, 60)] {
            used(
                &conn,
                &token.id,
                from,
                NOW.plus(Duration::from_secs(seconds)),
            )
            .unwrap();
            let at = list(&conn, "o").unwrap()[0].last_used_at;
            assert_eq!(at, Some(NOW.plus(Duration::from_secs(noted))));
        }
    }
}
