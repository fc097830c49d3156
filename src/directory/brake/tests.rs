//! The rules by themselves; what a client sees is in tests/integration/brake.rs.

use std::time::Duration;

use super::*;
use crate::store::scratch;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn filled(people: usize) -> Connection {
    let conn = scratch::connection();
    conn.execute_batch(&format!(
        "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'acme', 'Acme', 0);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT 'u' || i, 'o', 'p' || i, 'p' || i, 'scim', '{{}}', 0, 0 FROM n"
    ))
    .unwrap();
    conn
}

#[test]
fn both_limits_must_be_passed() {
    let limits = Settings::default();
    for (taken, active, lets) in [
        (10, 10, true),
        (11, 54, false),
        (11, 55, true),
        (200, 1_000, true),
        (201, 1_000, false),
    ] {
        assert_eq!(limits.lets(taken, active), lets, "{taken} of {active}");
    }
    let all = Settings {
        share: 100,
        people: 1,
        ..limits
    };
    assert!(all.lets(7, 7));
}

#[test]
fn what_is_counted_follows_the_people() {
    let conn = filled(30);
    let at = |minutes: u64| NOW.plus(Duration::from_secs(60 * minutes));
    let settings = Settings::default();
    let counted = |now| counted(&conn, "o", "nobody", &settings, now).unwrap();
    let off = |id: &str, now| {
        count(&conn, "o", id, now).unwrap();
        conn.execute(
            "UPDATE users SET active = 0, active_shown = 0 WHERE id = ?1",
            [id],
        )
        .unwrap();
    };
    assert_eq!(counted(at(0)), (0, 30));
    for n in 1..=5 {
        off(&format!("u{n}"), at(0));
    }
    off("u6", at(8));
    assert_eq!(counted(at(8)), (6, 30));
    // The same person again is the same person, now.
    off("u1", at(9));
    assert_eq!(counted(at(9)), (6, 30));
    // Whoever comes back doesn't count; who is gone does.
    conn.execute(
        "UPDATE users SET active = 1, active_shown = 1 WHERE id = 'u2'",
        [],
    )
    .unwrap();
    conn.execute("DELETE FROM users WHERE id = 'u3'", [])
        .unwrap();
    assert_eq!(counted(at(9)), (5, 30));
    assert_eq!(counted(at(12)), (2, 27), "those of the beginning are past");
    let later = at(0)
        .plus(settings::LONGEST_WINDOW)
        .plus(Duration::from_secs(3600));
    while prune(&conn, later).unwrap() > 0 {}
    let left: i64 = conn
        .query_row(
            "SELECT (SELECT count(*) FROM brake_takings) + (SELECT count(*) FROM brake_slots)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
}

/// Counting reads some rows of some ten seconds each, and nothing reads the whole directory.
#[test]
fn nothing_is_scanned() {
    let conn = filled(1);
    for sql in [
        "SELECT coalesce(sum(people), 0) FROM brake_slots WHERE organization_id = ?1 AND slot >= ?2",
        "SELECT 1 FROM brake_takings WHERE organization_id = ?1 AND user_id = ?2 AND slot >= 1",
        "SELECT id FROM brake_holds WHERE organization_id = ?1 AND token_id = ?2 AND reason = 'share'
         ORDER BY opened_at DESC, rowid DESC LIMIT 1",
        "DELETE FROM brake_takings WHERE (organization_id, user_id) IN
             (SELECT organization_id, user_id FROM brake_takings WHERE slot < ?1 LIMIT ?2)",
    ] {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let parameters = vec!["o"; plan.parameter_count()];
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{sql}: {steps:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}: {steps:?}");
    }
}
