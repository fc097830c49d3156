use rusqlite::Connection;

use super::*;
use crate::store::scratch;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn connection() -> Connection {
    let conn = scratch::connection();
    conn.execute_batch(
        "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'o', 'O', 0);
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at) VALUES ('u', 'o', 'u', 'u', 'local', '{}', 0, 0);
         INSERT INTO operators (id, name, name_key, password_hash, created_at, password_changed_at)
             VALUES ('p', 'p', 'p', '', 0, 0);",
    )
    .unwrap();
    conn
}

fn owners() -> [Owner; 4] {
    [
        Owner::User {
            id: "u".into(),
            organization_id: "o".into(),
        },
        Owner::Organization("o".into()),
        Owner::Operator("p".into()),
        Owner::Appliance,
    ]
}

fn new(owner: &Owner) -> NewToken {
    NewToken {
        owner: owner.clone(),
        name: " CI ".into(),
        scopes: Scopes::parse("read").unwrap(),
        expires_at: None,
    }
}

fn make(conn: &Connection, new: &NewToken) -> Result<(ApiToken, Secret), ApiTokenError> {
    create(conn, new, &Author::command_line(), NOW)
}

fn refused(conn: &Connection, new: &NewToken) -> &'static str {
    match make(conn, new) {
        Err(ApiTokenError::Invalid { field, .. }) => field,
        Err(ApiTokenError::TooMany) => "too many",
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_owner_has_its_own() {
    let conn = connection();
    let by = Author::command_line();
    let made: Vec<_> = owners()
        .iter()
        .map(|owner| make(&conn, &new(owner)).unwrap())
        .collect();
    for (owner, (token, secret)) in owners().iter().zip(&made) {
        assert!(secret.expose().starts_with(PREFIX));
        let found = find_active(&conn, secret.expose(), NOW).unwrap().unwrap();
        assert_eq!((&found.id, &found.owner), (&token.id, owner));
        assert_eq!((found.name.as_str(), found.scopes), ("CI", token.scopes));
        assert_eq!(found.expires_at, NOW.plus(DEFAULT_LIFE));
        assert!(
            find_active(&conn, secret.expose(), found.expires_at)
                .unwrap()
                .is_none()
        );
        let own = List::Of(owner.clone());
        let (listed, total) = list(&conn, &own, None, 10).unwrap();
        assert_eq!((listed.len(), total), (1, 1), "{owner:?}");
        assert_eq!(listed[0].id, token.id);
        for other in owners().iter().filter(|other| *other != owner) {
            let theirs = List::Of(other.clone());
            assert!(!revoke(&conn, &token.id, &theirs, &by, NOW).unwrap());
        }
        assert!(revoke(&conn, &token.id, &own, &by, NOW).unwrap());
        assert!(revoke(&conn, &token.id, &own, &by, NOW).unwrap());
        assert!(find_active(&conn, secret.expose(), NOW).unwrap().is_none());
    }
    let count = |which: List| list(&conn, &which, None, 10).unwrap().1;
    assert_eq!(count(List::Organization("o".into())), 2);
    assert_eq!(count(List::Operators), 2);
    assert_eq!(count(List::All), 4);
    let lines: i64 = conn
        .query_row(
            "SELECT count(*) FROM audit WHERE action IN ('token.created', 'token.revoked')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(lines, 8);
}

#[test]
fn what_is_asked_for_has_bounds() {
    let conn = connection();
    let [user, organization, operator, appliance] = owners();
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        let named = NewToken {
            name: name.into(),
            ..new(&user)
        };
        assert_eq!(refused(&conn, &named), "name", "{name:?}");
    }
    let operate = |owner| NewToken {
        scopes: Scopes::parse("read operate").unwrap(),
        ..new(owner)
    };
    assert_eq!(refused(&conn, &operate(&user)), "scopes");
    assert_eq!(refused(&conn, &operate(&organization)), "scopes");
    make(&conn, &operate(&operator)).unwrap();
    make(&conn, &operate(&appliance)).unwrap();
    let none = NewToken {
        scopes: Scopes::default(),
        ..new(&user)
    };
    assert_eq!(refused(&conn, &none), "scopes");
    let ending = |at| NewToken {
        expires_at: Some(at),
        ..new(&user)
    };
    let millisecond = Duration::from_millis(1);
    let last = NOW.plus(LONGEST_LIFE);
    for at in [NOW, NOW.minus(millisecond), last.plus(millisecond)] {
        assert_eq!(refused(&conn, &ending(at)), "expires_at");
    }
    assert_eq!(make(&conn, &ending(last)).unwrap().0.expires_at, last);
}

#[test]
fn an_owner_has_only_so_many() {
    let conn = connection();
    let by = Author::command_line();
    let [user, organization, ..] = owners();
    let own = List::Of(user.clone());
    let mut made = Vec::new();
    for _ in 0..MOST_LIVE {
        made.push(make(&conn, &new(&user)).unwrap().0.id);
    }
    assert_eq!(refused(&conn, &new(&user)), "too many");
    make(&conn, &new(&organization)).unwrap();
    // Making and revoking over and over fills nothing.
    for _ in 0..300 {
        revoke(&conn, &made.pop().unwrap(), &own, &by, NOW).unwrap();
        made.push(make(&conn, &new(&user)).unwrap().0.id);
    }
    let (_, total) = list(&conn, &own, None, 1).unwrap();
    assert!(total <= 200, "{total}");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (page, _) = list(&conn, &own, after.as_deref(), 60).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|token| token.id));
    }
    assert_eq!(i64::try_from(seen.len()).unwrap(), total);
    assert!(made.iter().all(|id| seen.contains(id)));
}

#[test]
fn use_is_noted_by_the_minute() {
    let conn = connection();
    let (token, secret) = make(&conn, &new(&Owner::Appliance)).unwrap();
    let from = "192.0.2.1".parse().unwrap();
    for (seconds, noted) in [(0, 0), (59, 0), (60, 60)] {
        let at = NOW.plus(Duration::from_secs(seconds));
        stored::used(&conn, &token.id, from, at).unwrap();
        let found = find_active(&conn, secret.expose(), NOW).unwrap().unwrap();
        assert_eq!(
            found.last_used_at,
            Some(NOW.plus(Duration::from_secs(noted)))
        );
    }
}
