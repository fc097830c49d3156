//! The audit log: every change leaves its line, no secret gets into it, what is changed in it shows,
//! and it answers for the past.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use portcullis::clock::{self, Timestamp};
use portcullis::observe::audit::chain::Row;
use portcullis::observe::audit::{self, Author, Entry, Report, Target, retention};
use portcullis::store::{Options, Store, StoreError};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, Directory, PASSWORD, Tenant, TestApp};
use crate::browser::Browser;
use crate::cli::Shell;
use crate::http::Ask;

const NOTHING: Value = Value::Null;

/// What the audit log of the whole appliance has, oldest first.
fn lines(app: &TestApp) -> Vec<Value> {
    let exported = app.as_operator("GET", "/api/v1/audit/export", &NOTHING);
    let text = exported.expect(200).text();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn items(app: &TestApp, path: &str) -> Vec<Value> {
    let list = app.as_operator("GET", path, &NOTHING).expect(200).json();
    list["items"].as_array().unwrap().clone()
}

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

/// A moment that no line shares.
fn moment() -> Timestamp {
    thread::sleep(Duration::from_millis(5));
    let now = clock::now();
    thread::sleep(Duration::from_millis(5));
    now
}

/// Ann, a group of hers, and what happens to both; her id and the group's.
fn story(app: &TestApp, acme: &Tenant) -> (String, String) {
    let ann = app.push_user(acme, "ann@acme.com");
    let ben = app.push_user(acme, "ben@acme.com");
    let group = app.push_group(acme, "Ops", &[&ann]);
    app.set_level(acme, &group, "runner");
    let members = json!([
        { "op": "add", "path": "members", "value": [{ "value": ben }] },
        { "op": "replace", "path": "displayName", "value": "Operations" },
    ]);
    app.scim(acme, "PATCH", &format!("/Groups/{group}"), &patch(members))
        .expect(200);
    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    app.scim(acme, "PATCH", &format!("/Users/{ann}"), &patch(off))
        .expect(200);
    (ann, group)
}

#[test]
fn every_change_leaves_its_line() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "new@acme.com");
    let (ann, group) = story(&app, &acme);
    let user = format!("{}/users/{ann}", acme.base);
    app.as_operator("PATCH", &user, &json!({ "active": true }))
        .expect(200);
    app.as_operator(
        "PATCH",
        &acme.base,
        &json!({ "default_group_level": "viewer" }),
    )
    .expect(200);
    let renamed = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann.other@acme.com",
        "title": "Chief",
    });
    app.scim(&acme, "PUT", &format!("/Users/{ann}"), &renamed)
        .expect(200);
    app.scim(&acme, "DELETE", &format!("/Users/{ann}"), &NOTHING)
        .expect(204);
    app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &NOTHING)
        .expect(204);
    let tokens = format!("{}/scim/tokens", acme.base);
    let token = items(&app, &tokens)[0]["id"].as_str().unwrap().to_owned();
    app.as_operator("DELETE", &format!("{tokens}/{token}"), &NOTHING)
        .expect(204);
    app.as_operator(
        "DELETE",
        &format!("{}/providers/{}", acme.base, acme.provider),
        &NOTHING,
    )
    .expect(204);
    let door = Ask::new("POST", "/break-glass");
    let door = door.form(&[("username", ACCOUNT), ("password", PASSWORD)]);
    let cookie = app.ask(door).expect(303);
    let cookie = cookie.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    app.ask(Ask::new("POST", "/logout").with(cookie).form(&[]))
        .expect(303);

    let lines = lines(&app);
    let told: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |at: &str| line.pointer(at).unwrap().as_str().unwrap();
            (text("/action"), text("/actor/kind"), text("/via"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("break-glass.created", "machine", "cli"),
            ("organization.created", "operator", "session"),
            ("provider.added", "operator", "session"),
            ("provider.changed", "operator", "session"),
            ("token.created", "operator", "session"),
            ("user.created", "provider", "saml"),
            ("user.signed-in", "user", "saml"),
            ("user.created", "provider", "scim"),
            ("user.created", "provider", "scim"),
            ("group.created", "provider", "scim"),
            ("group.level-changed", "operator", "session"),
            ("group.changed", "provider", "scim"),
            ("user.deactivated", "provider", "scim"),
            ("user.reactivated", "operator", "session"),
            ("organization.changed", "operator", "session"),
            ("user.changed", "provider", "scim"),
            ("user.deleted", "provider", "scim"),
            ("group.deleted", "provider", "scim"),
            ("token.revoked", "operator", "session"),
            ("provider.deleted", "operator", "session"),
            ("break-glass.used", "operator", "page"),
            ("break-glass.signed-out", "operator", "session"),
        ]
    );
    let detail = |seq: usize| &lines[seq - 1]["detail"];
    assert_eq!(
        detail(11),
        &json!({ "before": { "level": "admin" }, "after": { "level": "runner" }, "members": 1 })
    );
    let changed = detail(12);
    assert_eq!(changed["before"], json!({ "displayName": "Ops" }));
    assert_eq!(changed["after"], json!({ "displayName": "Operations" }));
    assert_eq!(changed["added"].as_array().unwrap().len(), 1);
    assert_eq!(changed["members"], 2);
    assert_eq!(detail(16)["after"]["userName"], "ann.other@acme.com");
    assert_eq!(detail(16)["attributes"], json!(["emails", "name", "title"]));
    assert_eq!(detail(17)["removed_from"], json!([group]));
    assert_eq!(detail(17)["grants"], json!({ "default": "viewer" }));
    assert_eq!(detail(18)["removed"].as_array().unwrap().len(), 1);
    assert_eq!(lines[10]["client"], "127.0.0.1");
    assert_eq!(lines[12]["target"]["name"], "ann@acme.com");
}

#[test]
fn what_changes_nothing_leaves_no_line() {
    let (app, acme) = TestApp::acme();
    let (ann, group) = story(&app, &acme);
    let before = lines(&app).len();
    app.as_operator(
        "PATCH",
        &format!("{}/users/{ann}", acme.base),
        &json!({ "active": false }),
    )
    .expect(200);
    app.set_level(&acme, &group, "runner");
    let twice = json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }]);
    app.scim(&acme, "PATCH", &format!("/Groups/{group}"), &patch(twice))
        .expect(200);
    app.scim(&acme, "DELETE", "/Users/nobody", &NOTHING)
        .expect(404);
    app.scim(&acme, "POST", "/Users", &crate::app::user("ANN@acme.com"))
        .expect(409);
    assert_eq!(
        lines(&app).len(),
        before,
        "a refused change leaves none either"
    );
}

#[test]
fn a_large_group_is_told_in_several_lines() {
    let (app, acme) = TestApp::acme();
    let wanted = 2_500;
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {wanted})
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT 'u' || i, (SELECT id FROM organizations), 'p' || i, 'p' || i, 'scim', '{{}}', 0, 0
         FROM n"
    ));
    let ids: Vec<String> = (1..=wanted).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let group = app.push_group(&acme, "Everybody", &ids);
    let then = moment();
    app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &NOTHING)
        .expect(204);
    let told = lines(&app);
    let of_group: Vec<&Value> = told
        .iter()
        .filter(|line| line["target"]["id"] == group.as_str())
        .collect();
    let actions: Vec<&str> = of_group
        .iter()
        .map(|l| l["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "group.created",
            "group.changed",
            "group.changed",
            "group.changed",
            "group.changed",
            "group.deleted",
        ]
    );
    for (key, expected) in [("added", wanted), ("removed", wanted)] {
        let named: BTreeSet<&str> = of_group
            .iter()
            .filter_map(|line| line["detail"][key].as_array())
            .inspect(|ids| assert!(ids.len() <= 1_000))
            .flatten()
            .map(|id| id.as_str().unwrap())
            .collect();
        assert_eq!(named.len(), expected, "{key}");
    }
    assert!(
        of_group
            .iter()
            .all(|l| l["detail"]["names"].as_object().unwrap().len() <= 20)
    );
    // The past puts the group together again.
    let path = format!("{}/levels?level=admin&at={then}&limit=1", acme.base);
    let found = app.as_operator("GET", &path, &NOTHING).expect(200).json();
    assert_eq!(found["total"], wanted);
}

#[test]
fn no_secret_gets_into_the_log() {
    let (app, acme) = TestApp::acme();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        acme.token.clone(),
        "never kept".to_owned(),
        "never kept either".to_owned(),
    ];
    let value = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    secrets.push(value(app.operator()));
    for level in ["viewer", "runner", "editor", "admin"] {
        let (id, cookie) = app.person(&acme, level);
        secrets.push(value(&cookie));
        app.ask(Ask::new("DELETE", "/api/v1/session").with(&cookie))
            .expect(204);
        let mut changed = crate::app::user(&format!("{level}.other@acme.com"));
        changed["password"] = json!("never kept either");
        app.scim(&acme, "PUT", &format!("/Users/{id}"), &changed)
            .expect(200);
    }
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "new@acme.com");
    secrets.push(browser.cookie("__Host-portcullis").unwrap().to_owned());
    secrets.push(app.scim_token("acme"));
    let door = |password| {
        let form = [("username", ACCOUNT), ("password", password)];
        app.ask(Ask::new("POST", "/break-glass").form(&form))
    };
    door("a guess that is wrong").expect(403);
    secrets.push("a guess that is wrong".to_owned());
    let cookie = door(PASSWORD).expect(303);
    let cookie = cookie
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    secrets.push(value(&cookie));
    app.ask(Ask::new("POST", "/logout").with(&cookie).form(&[]))
        .expect(303);
    story(&app, &acme);

    let log: String = app
        .store
        .read(|conn| {
            let all = "SELECT group_concat(quote(organization_id) || quote(actor_id) ||
                 quote(actor_name) || quote(client) || via || action || target_kind ||
                 quote(target_id) || quote(target_name) || detail) FROM audit";
            Ok::<_, StoreError>(conn.query_row(all, [], |row| row.get(0))?)
        })
        .unwrap();
    assert!(log.contains("viewer.other@acme.com"));
    for secret in secrets {
        assert!(secret.len() >= 10, "{secret}");
        assert!(!log.contains(&secret), "{secret} is in the log");
        let hash = portcullis::access::secret::hash(&secret);
        assert!(!log.to_lowercase().contains(&HEXLOWER.encode(&hash)));
    }
    assert!(!log.contains("$argon2"));
}

// ---- tampering

/// What a change past every rule did, as the walk through the log sees it; it is undone again.
fn tampered(app: &TestApp, sql: &str, leave: bool, checkpoints: &[(i64, Vec<u8>)]) -> Report {
    struct Undo(Result<Report, StoreError>);
    impl From<StoreError> for Undo {
        fn from(error: StoreError) -> Self {
            Self(Err(error))
        }
    }
    let (sql, checkpoints) = (sql.to_owned(), checkpoints.to_vec());
    let result = app.store.write(move |tx| -> Result<(), Undo> {
        let run = || -> Result<Report, StoreError> {
            if leave {
                tx.execute_batch(&sql)?;
            } else {
                // As somebody would who doesn't want to be noticed.
                let triggers = triggers(tx)?;
                tx.execute_batch("DROP TRIGGER audit_rows_stay; DROP TRIGGER audit_rows_are_kept")?;
                tx.execute_batch(&sql)?;
                tx.execute_batch(&triggers.join(";"))?;
            }
            audit::verify(tx, &checkpoints)
        };
        Err(Undo(run()))
    });
    result.unwrap_err().0.unwrap()
}

fn triggers(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = conn.prepare(
        "SELECT sql || ';' FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[test]
fn every_tampering_is_found() {
    let (app, acme) = TestApp::acme();
    story(&app, &acme);
    let checkpoint = app.as_operator("GET", "/api/v1/audit/checkpoint", &NOTHING);
    let checkpoint = checkpoint.expect(200).json();
    let last = checkpoint["seq"].as_i64().unwrap();
    let hash = HEXLOWER
        .decode(checkpoint["hash"].as_str().unwrap().as_bytes())
        .unwrap();
    let checkpoints = [(last, hash)];
    assert!(last >= 10, "too short a log to tamper with");

    let clean = tampered(&app, "SELECT 1", false, &checkpoints);
    assert!(clean.ok, "{:?}", clean.problems);
    assert_eq!((clean.checked, clean.last_seq), (last as u64, Some(last)));

    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/audit-tampering.json")).unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let (name, sql) = (
            case["name"].as_str().unwrap(),
            case["sql"].as_str().unwrap(),
        );
        let leave = case["leave"] == true;
        let line = match &case["line"] {
            Value::String(word) if word == "last" => Some(last),
            Value::String(_) => Some(last + 1),
            other => other.as_i64(),
        };
        let needed = case["checkpoint"] == true;
        let alone = tampered(&app, sql, leave, &[]);
        assert_eq!(alone.ok, needed, "{name}: {:?}", alone.problems);
        let report = if needed {
            tampered(&app, sql, leave, &checkpoints)
        } else {
            alone
        };
        assert!(
            !report.ok && report.problems.iter().any(|found| found.seq == line),
            "{name}: expected one at {line:?} of {:?}",
            report.problems
        );
    }
    let verified = app.as_operator("GET", "/api/v1/audit/verify", &NOTHING);
    assert_eq!(verified.expect(200).json()["ok"], true);
}

#[test]
fn a_chain_made_anew_is_found_by_a_checkpoint_alone() {
    let (app, acme) = TestApp::acme();
    story(&app, &acme);
    let told = lines(&app);
    let last = told.last().unwrap();
    let hash = HEXLOWER
        .decode(last["hash"].as_str().unwrap().as_bytes())
        .unwrap();
    let checkpoints = [(last["seq"].as_i64().unwrap(), hash)];
    // Line 3 says something else, and every hash from there on is right again.
    let mut previous = [0; 32];
    let mut sql = String::new();
    for line in &told {
        let mut row = row_of(line);
        if row.seq == 3 {
            row.actor_name = "somebody else".to_owned();
            sql.push_str("UPDATE audit SET actor_name = 'somebody else' WHERE seq = 3;");
        }
        previous = row.hash(&previous);
        let hash = HEXLOWER.encode(&previous);
        sql.push_str(&format!(
            "UPDATE audit SET hash = x'{hash}' WHERE seq = {};",
            row.seq
        ));
    }
    assert!(
        tampered(&app, &sql, false, &[]).ok,
        "by itself it looks right"
    );
    let report = tampered(&app, &sql, false, &checkpoints);
    assert_eq!(report.problems[0].seq, Some(checkpoints[0].0));
}

#[test]
fn lines_cut_off_leave_a_gap_that_later_ones_do_not_cover() {
    let (app, acme) = TestApp::acme();
    story(&app, &acme);
    let last = lines(&app).len();
    app.force("DROP TRIGGER audit_rows_are_kept");
    app.force(&format!("DELETE FROM audit WHERE seq > {}", last - 2));
    app.push_user(&acme, "later@acme.com");
    let report = app.as_operator("GET", "/api/v1/audit/verify", &NOTHING);
    let report = report.expect(200).json();
    assert_eq!(report["ok"], false);
    let seqs: Vec<&Value> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["seq"])
        .collect();
    assert_eq!(seqs, [&NOTHING, &json!(last - 1)], "{report}");
}

#[test]
fn a_hash_made_unusable_does_not_keep_the_door_shut() {
    let (app, acme) = TestApp::acme();
    app.force(
        "DROP TRIGGER audit_rows_stay;
         UPDATE audit SET hash = x'00' WHERE seq = (SELECT max(seq) FROM audit)",
    );
    app.push_user(&acme, "later@acme.com");
    let report = app.store.read(|conn| audit::verify(conn, &[])).unwrap();
    assert!(!report.ok);
}

#[test]
fn the_appliance_itself_can_not_change_a_line() {
    let (app, _) = TestApp::acme();
    for sql in [
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE seq = 1",
    ] {
        let tried = app
            .store
            .write(move |tx| Ok::<_, StoreError>(tx.execute_batch(sql)?));
        assert!(tried.is_err(), "{sql}");
    }
}

#[test]
fn two_processes_make_one_chain() {
    let directory = Directory::new();
    let file = directory.file("shared.db");
    let stores: Vec<Store> = (0..2)
        .map(|_| Store::open(&file, Options::default()).unwrap())
        .collect();
    thread::scope(|scope| {
        for store in stores.iter().cycle().take(8) {
            scope.spawn(move || {
                for number in 0..50 {
                    let made = store.write(move |tx| {
                        let entry = Entry {
                            action: "user.changed",
                            organization_id: None,
                            target: Target {
                                kind: "user",
                                id: None,
                                name: "",
                            },
                            detail: audit::detail([]),
                        };
                        audit::record(tx, &Author::command_line(), &entry, clock::now())?;
                        // What is undone takes its line with it, and its number.
                        if number % 5 == 0 {
                            return Err(StoreError::Busy);
                        }
                        Ok(())
                    });
                    assert_eq!(made.is_err(), number % 5 == 0);
                }
            });
        }
    });
    let report = stores[0].read(|conn| audit::verify(conn, &[])).unwrap();
    assert!(report.ok, "{:?}", report.problems);
    assert_eq!((report.checked, report.last_seq), (320, Some(320)));
    for store in stores {
        store.close();
    }
}

// ---- export

fn row_of(line: &Value) -> Row {
    let text = |at: &str| line.pointer(at).unwrap().as_str().map(str::to_owned);
    Row {
        seq: line["seq"].as_i64().unwrap(),
        at: Timestamp::parse(line["at"].as_str().unwrap())
            .unwrap()
            .millis(),
        organization_id: text("/organization"),
        actor_kind: text("/actor/kind").unwrap(),
        actor_id: text("/actor/id"),
        actor_name: text("/actor/name").unwrap(),
        client: text("/client"),
        via: text("/via").unwrap(),
        action: text("/action").unwrap(),
        target_kind: text("/target/kind").unwrap(),
        target_id: text("/target/id"),
        target_name: text("/target/name").unwrap(),
        detail: line["detail"].to_string(),
    }
}

#[track_caller]
fn assert_chained(lines: &[Value]) {
    for line in lines {
        let previous = HEXLOWER
            .decode(line["previous"].as_str().unwrap().as_bytes())
            .unwrap();
        let hash = row_of(line).hash(&previous.try_into().unwrap());
        assert_eq!(line["hash"], HEXLOWER.encode(&hash), "{line}");
    }
}

/// Text of every sort, the same at each run.
fn odd(number: u64) -> String {
    const SIGNS: [char; 16] = [
        'a', '"', '\\', '\n', '\r', '\t', '\u{0}', '\u{1f}', '\u{7f}', 'é', '\u{2028}', '🚪', '=',
        '|', '/', ' ',
    ];
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..number % 40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            SIGNS[(state % 16) as usize]
        })
        .collect()
}

#[test]
fn an_exported_line_has_all_that_its_hash_is_made_of() {
    let (app, acme) = TestApp::acme();
    app.store
        .write(|tx| {
            for number in 0..1_200_u64 {
                let (name, id) = (odd(number), odd(number + 1));
                let author = Author {
                    name: odd(number + 2),
                    id: number.is_multiple_of(3).then(|| odd(number + 3)),
                    ..Author::command_line()
                };
                let entry = Entry {
                    action: "user.changed",
                    organization_id: number.is_multiple_of(2).then_some(id.as_str()),
                    target: Target {
                        kind: "user",
                        id: Some(&id),
                        name: &name,
                    },
                    detail: audit::detail([
                        ("before", json!({ odd(number + 4): odd(number + 5) })),
                        ("n", json!([number, -1, true, null])),
                    ]),
                };
                audit::record(tx, &author, &entry, clock::now())?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let told = lines(&app);
    assert_eq!(told.len(), 1_205);
    assert_chained(&told);
    for pair in told.windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["previous"]);
    }
    // One organization's lines can be checked one by one.
    let path = format!("{}/audit/export", acme.base);
    let text = app.as_operator("GET", &path, &NOTHING).expect(200).text();
    let own: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(own.len(), 4);
    assert_chained(&own);
    for format in ["cef", "ocsf"] {
        let path = format!("/api/v1/audit/export?format={format}&after=3");
        let text = app.as_operator("GET", &path, &NOTHING).expect(200).text();
        assert_eq!(
            text.split_terminator('\n').count(),
            1_202,
            "one line each in {format}"
        );
    }
}

#[test]
fn an_exported_line_fits_its_published_schema() {
    let (app, acme) = TestApp::acme();
    story(&app, &acme);
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/portcullis.audit.v1.schema.json")).unwrap();
    let required: BTreeSet<&str> = schema["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    for (word, _) in audit::ACTIONS {
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let (noun, verb) = word.split_once('.').unwrap();
        assert!(plain(noun) && plain(verb), "{word}");
    }
    for line in lines(&app) {
        let names: BTreeSet<&str> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, required);
        assert_eq!(line["schema"], "portcullis.audit.v1");
    }
}

#[test]
fn cef_and_ocsf_carry_who_did_what() {
    let (app, acme) = TestApp::acme();
    let (ann, _) = story(&app, &acme);
    let export = |format: &str| {
        let path = format!("{}/audit/export?format={format}", acme.base);
        app.as_operator("GET", &path, &NOTHING).expect(200).text()
    };
    let cef = export("cef");
    let line = cef
        .lines()
        .find(|l| l.contains("|user.deactivated|"))
        .unwrap();
    assert!(line.starts_with("CEF:0|Portcullis|Portcullis|"), "{line}");
    for field in [
        "suser=Okta",
        "app=scim",
        "duser=ann@acme.com",
        &format!("duid={ann}"),
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
    let ocsf = export("ocsf");
    let events: Vec<Value> = ocsf
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let event = events
        .iter()
        .find(|e| e["metadata"]["event_code"] == "user.deactivated")
        .unwrap();
    assert_eq!(event["class_uid"], 3001);
    assert_eq!(event["type_uid"], 300_105);
    assert_eq!(event["user"], json!({ "name": "ann@acme.com", "uid": ann }));
    assert_eq!(event["src_endpoint"]["ip"], "127.0.0.1");
}

// ---- lists

#[test]
fn lists_page_and_filter() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let (ann, group) = story(&app, &acme);
    let path = format!("{}/audit", acme.base);
    let all = items(&app, &path);
    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = format!("{path}?limit=3{next}");
        let page = app.as_operator("GET", &page, &NOTHING).expect(200).json();
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(seq) => next = format!("&after={seq}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    assert!(
        all.windows(2)
            .all(|two| two[0]["seq"].as_i64() > two[1]["seq"].as_i64())
    );
    assert!(!all.iter().any(|line| line["target"]["name"] == "OTHER"));
    let of = |query: &str| -> Vec<String> {
        let found = items(&app, &format!("{path}?{query}"));
        found
            .iter()
            .map(|l| l["action"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(of("action=user.deactivated"), ["user.deactivated"]);
    assert_eq!(
        of(&format!("target={ann}")),
        ["user.deactivated", "user.created"]
    );
    assert_eq!(of("target=ben%40acme.com"), ["user.created"]);
    assert_eq!(
        of(&format!("target={group}")),
        ["group.changed", "group.level-changed", "group.created"]
    );
    assert_eq!(of("actor=Okta").len(), 5);
    assert_eq!(of("actor=nobody"), Vec::<String>::new());
    let middle = all[3]["at"].as_str().unwrap();
    let (old, young) = (
        of(&format!("to={middle}")).len(),
        of(&format!("from={middle}")).len(),
    );
    assert_eq!(old + young, all.len());
    assert_eq!(of("from=2999-01-01T00:00:00Z"), Vec::<String>::new());
    let long = format!("actor={}", "x".repeat(513));
    for bad in [
        long.as_str(),
        "action=nonsense",
        "from=yesterday",
        "to=1",
        "after=x",
        "limit=0",
        "limit=201",
    ] {
        let answer = app
            .as_operator("GET", &format!("{path}?{bad}"), &NOTHING)
            .expect(400)
            .json();
        assert!(
            bad.starts_with(answer["field"].as_str().unwrap()),
            "{answer}"
        );
    }
    // Everything, for the operator; a line of the appliance belongs to no organization.
    let whole = items(&app, "/api/v1/audit?limit=200");
    assert!(whole.iter().any(|line| line["organization"] == NOTHING));
    assert!(whole.len() > all.len() + items(&app, &format!("{}/audit", other.base)).len());
}

#[test]
fn a_timeline_shows_a_person_and_nobody_else() {
    let (app, acme) = TestApp::acme();
    let (ann, group) = story(&app, &acme);
    let path = format!("{}/users/{ann}/timeline", acme.base);
    let shown = |path: &str| -> Vec<String> {
        let found = items(&app, path);
        found
            .iter()
            .map(|l| l["action"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        shown(&path),
        ["user.deactivated", "group.created", "user.created"]
    );
    app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &NOTHING)
        .expect(204);
    let found = items(&app, &path);
    assert_eq!(found[0]["action"], "group.deleted");
    assert_eq!(found[0]["detail"]["removed"], json!([ann]));
    assert_eq!(
        found[0]["detail"]["names"],
        json!({ ann.clone(): "ann@acme.com" })
    );
    assert_eq!(
        shown(&format!("{path}?limit=2")),
        ["group.deleted", "user.deactivated"]
    );
    app.scim(&acme, "DELETE", &format!("/Users/{ann}"), &NOTHING)
        .expect(204);
    assert_eq!(
        shown(&path)[0],
        "user.deleted",
        "also of somebody who is gone"
    );
    let by_shell = app.portcullis(&["user", "timeline", &ann, "--limit", "2"]);
    let by_api = format!("{path}?limit=2");
    let by_api = app.as_operator("GET", &by_api, &NOTHING).json();
    assert_eq!(by_shell["items"], by_api["items"]);
    assert_eq!(by_shell["next"], by_api["next"]);
    let nobody = format!("{}/users/nobody/timeline", acme.base);
    app.as_operator("GET", &nobody, &NOTHING).expect(404);
    let other = app.tenant("other", "other.com");
    let foreign = format!("{}/users/{ann}/timeline", other.base);
    app.as_operator("GET", &foreign, &NOTHING).expect(404);
}

#[test]
fn the_api_holds_the_log_to_a_checkpoint() {
    let (app, acme) = TestApp::acme();
    story(&app, &acme);
    let path = "/api/v1/audit/checkpoint";
    let checkpoint = app.as_operator("GET", path, &NOTHING).expect(200).json();
    let (seq, hash) = (&checkpoint["seq"], checkpoint["hash"].as_str().unwrap());
    let verify = |hash: &str| {
        let path = format!("/api/v1/audit/verify?seq={seq}&hash={hash}");
        app.as_operator("GET", &path, &NOTHING).expect(200).json()
    };
    assert_eq!(verify(&hash.to_uppercase())["ok"], true);
    let other = verify(&"00".repeat(32));
    assert_eq!(other["problems"][0]["seq"], *seq, "{other}");
    // The end cut off, and SQLite's count made to match.
    app.force(&format!(
        "DROP TRIGGER audit_rows_are_kept; DELETE FROM audit WHERE seq = {seq};
         UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'audit'"
    ));
    let cut = verify(hash);
    let cut = cut["problems"].as_array().unwrap().last().unwrap();
    assert_eq!(cut["seq"], *seq, "{cut}");
}

// ---- retention

#[test]
fn how_long_lines_are_kept_is_the_operators_to_say() {
    let (app, _) = TestApp::acme();
    let path = "/api/v1/audit/retention";
    let kept = || app.as_operator("GET", path, &NOTHING).expect(200).json();
    assert_eq!(kept(), json!({ "days": NOTHING }));
    for days in [json!(400), json!(400), NOTHING] {
        let body = json!({ "days": days });
        let said = app.as_operator("PATCH", path, &body).expect(200).json();
        assert_eq!((&said, &kept()), (&body, &body));
    }
    let told: Vec<Value> = lines(&app)
        .into_iter()
        .filter(|line| line["action"] == "audit.retention-changed")
        .map(|line| line["detail"]["after"]["days"].clone())
        .collect();
    assert_eq!(told, [json!(400), NOTHING], "only what changed something");
}

#[test]
fn retention_keeps_the_chain_checkable() {
    let (app, acme) = TestApp::acme();
    let (ann, _) = story(&app, &acme);
    let early = lines(&app);
    let limit = moment();
    app.push_user(&acme, "later@acme.com");
    let prune = |limit| {
        let by = Author::command_line();
        app.store
            .write(move |tx| retention::prune(tx, limit, &by, clock::now()))
            .unwrap()
    };
    assert_eq!(prune(limit), early.len());
    assert_eq!(prune(limit), 0);
    let kept = lines(&app);
    let actions: Vec<&str> = kept.iter().map(|l| l["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.created", "audit.pruned"]);
    assert_eq!(kept[0]["previous"], early.last().unwrap()["hash"]);
    assert_eq!(kept[1]["detail"]["removed"], early.len());
    assert_chained(&kept);
    let hash = |line: &Value| {
        HEXLOWER
            .decode(line["hash"].as_str().unwrap().as_bytes())
            .unwrap()
    };
    let checkpoints: Vec<(i64, Vec<u8>)> = early
        .iter()
        .chain(&kept)
        .map(|line| (line["seq"].as_i64().unwrap(), hash(line)))
        .collect();
    let report = app
        .store
        .read(|conn| audit::verify(conn, &checkpoints))
        .unwrap();
    assert!(report.ok, "{:?}", report.problems);

    // Of the time before, nothing is guessed.
    let before = Timestamp::parse(early[2]["at"].as_str().unwrap()).unwrap();
    let path = format!("{}/levels?level=admin&at={before}", acme.base);
    let refused = app.as_operator("GET", &path, &NOTHING).expect(400).json();
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("reaches back to"),
        "{refused}"
    );
    let then = Timestamp::parse(kept[0]["at"].as_str().unwrap()).unwrap();
    let path = format!("{}/users/{ann}?at={then}", acme.base);
    assert_eq!(
        app.as_operator("GET", &path, &NOTHING).expect(200).json()["active"],
        false
    );

    // All of it may go; the chain goes on.
    prune(moment());
    prune(moment());
    app.push_user(&acme, "latest@acme.com");
    let report = app.store.read(|conn| audit::verify(conn, &[])).unwrap();
    assert!(report.ok, "{:?}", report.problems);
}

#[test]
fn a_removal_is_due_once_a_day() {
    let (app, _) = TestApp::acme();
    let now = clock::now();
    let day = Duration::from_secs(86_400);
    let due = |now| app.store.read(|conn| retention::due(conn, now)).unwrap();
    assert_eq!(
        due(now.plus(day * 5000)),
        None,
        "kept for good unless told otherwise"
    );
    app.store
        .write(move |tx| retention::keep(tx, Some(400), &Author::command_line(), now))
        .unwrap();
    assert_eq!(due(now.plus(day * 400)), None);
    assert_eq!(due(now.plus(day * 402)), Some(now.plus(day * 2)));
    assert_eq!(
        lines(&app).last().unwrap()["action"],
        "audit.retention-changed"
    );
}

// ---- the past

#[test]
fn the_past_is_answered_from_the_log() {
    let (app, acme) = TestApp::acme();
    let start = moment();
    let ann = app.push_user(&acme, "ann@acme.com");
    let ben = app.push_user(&acme, "ben@acme.com");
    let ops = app.push_group(&acme, "Ops", &[&ann]);
    let ann_admin = moment();
    app.set_level(&acme, &ops, "editor");
    let ann_editor = moment();
    let both = json!([{ "op": "add", "path": "members", "value": [{ "value": ben }] }]);
    app.scim(&acme, "PATCH", &format!("/Groups/{ops}"), &patch(both))
        .expect(200);
    app.set_level(&acme, &ops, "admin");
    let both_admin = moment();
    let gone = json!([{ "op": "remove", "path": "members" }]);
    app.scim(&acme, "PATCH", &format!("/Groups/{ops}"), &patch(gone))
        .expect(200);
    let mut renamed = crate::app::user("ben.new@acme.com");
    renamed["active"] = json!(false);
    app.scim(&acme, "PUT", &format!("/Users/{ben}"), &renamed)
        .expect(200);
    let nobody = moment();
    app.scim(&acme, "DELETE", &format!("/Groups/{ops}"), &NOTHING)
        .expect(204);
    app.scim(&acme, "DELETE", &format!("/Users/{ann}"), &NOTHING)
        .expect(204);
    let end = moment();

    let who = |at: Timestamp, level: &str| -> Vec<String> {
        let path = format!("{}/levels?at={at}&level={level}", acme.base);
        let found = items(&app, &path);
        found
            .iter()
            .map(|p| p["userName"].as_str().unwrap().to_owned())
            .collect()
    };
    let none: [&str; 0] = [];
    for (at, admins, editors, viewers) in [
        (start, &none[..], &none[..], &none[..]),
        (
            ann_admin,
            &["ann@acme.com"][..],
            &none[..],
            &["ben@acme.com"][..],
        ),
        (
            ann_editor,
            &none[..],
            &["ann@acme.com"][..],
            &["ben@acme.com"][..],
        ),
        (
            both_admin,
            &["ann@acme.com", "ben@acme.com"][..],
            &none[..],
            &none[..],
        ),
        (
            nobody,
            &none[..],
            &none[..],
            &["ann@acme.com", "ben.new@acme.com"][..],
        ),
        (end, &none[..], &none[..], &["ben.new@acme.com"][..]),
    ] {
        assert_eq!(who(at, "admin"), admins, "admins at {at}");
        assert_eq!(who(at, "editor"), editors, "editors at {at}");
        assert_eq!(who(at, "viewer"), viewers, "viewers at {at}");
    }
    let show = |id: &str, at: Timestamp| {
        let path = format!("{}/users/{id}?at={at}", acme.base);
        app.as_operator("GET", &path, &NOTHING)
    };
    show(&ann, start).expect(404);
    let then = show(&ann, both_admin).expect(200).json();
    assert_eq!(then["level"], "admin");
    assert_eq!(
        then["levels"][0]["group"],
        json!({ "id": ops, "displayName": "Ops" })
    );
    assert_eq!(then["active"], true);
    let then = show(&ben, both_admin).expect(200).json();
    assert_eq!(
        (&then["userName"], &then["active"]),
        (&json!("ben@acme.com"), &json!(true))
    );
    let now = show(&ben, end).expect(200).json();
    assert_eq!(
        (&now["userName"], &now["active"]),
        (&json!("ben.new@acme.com"), &json!(false))
    );
    show(&ann, end).expect(404);
    show(&ben, end.plus(Duration::from_secs(3600))).expect(400);
    let missing = format!("{}/levels", acme.base);
    assert_eq!(
        app.as_operator("GET", &missing, &NOTHING)
            .expect(400)
            .json()["field"],
        "level"
    );
    // A viewer may read users, but not the log.
    let (_, viewer) = app.person(&acme, "viewer");
    let path = format!("{}/users/{ben}", acme.base);
    app.ask(Ask::get(&path).with(&viewer)).expect(200);
    app.ask(Ask::get(format!("{path}?at={end}")).with(&viewer))
        .expect(403);
}

#[test]
fn direct_levels_and_deleted_local_users_are_remembered() {
    let (app, acme) = TestApp::acme();
    let users = format!("{}/users", acme.base);
    let body = json!({
        "userName": "lee@elsewhere.com",
        "email": "lee@elsewhere.com",
        "displayName": "Lee",
        "level": "editor",
    });
    let made = app.as_operator("POST", &users, &body).expect(201).json();
    let path = format!("{users}/{}", made["id"].as_str().unwrap());
    // What the API said at each moment is what the log says of it later.
    let mut said = Vec::new();
    let mut look = || {
        let now = app.as_operator("GET", &path, &NOTHING).expect(200).json();
        said.push((moment(), now["level"].clone(), now["levels"].clone()));
    };
    look();
    for level in [json!("admin"), json!("runner"), NOTHING] {
        app.as_operator("PATCH", &path, &json!({ "level": level }))
            .expect(200);
        look();
    }
    app.as_operator("DELETE", &path, &NOTHING).expect(204);
    let gone = moment();
    assert_eq!(
        (&said[0].1, &said[1].1),
        (&json!("editor"), &json!("admin"))
    );
    for (at, level, levels) in said {
        let then = format!("{path}?at={at}");
        let then = app.as_operator("GET", &then, &NOTHING).expect(200).json();
        assert_eq!(then["userName"], "lee@elsewhere.com");
        assert_eq!((&then["level"], &then["levels"]), (&level, &levels));
        if let Some(level) = level.as_str() {
            let path = format!("{}/levels?level={level}&at={at}", acme.base);
            assert_eq!(items(&app, &path).len(), 1, "{level}");
        }
    }
    app.as_operator("GET", &format!("{path}?at={gone}"), &NOTHING)
        .expect(404);
}

#[test]
fn ending_what_was_left_to_somebody_inactive_does_not_make_them_active_before() {
    let (app, acme) = TestApp::acme();
    let (ann, _) = story(&app, &acme);
    let _forgotten = app.session(&ann);
    let inactive = moment();
    let path = format!("{}/users/{ann}", acme.base);
    app.as_operator("PATCH", &path, &json!({ "active": false }))
        .expect(200);
    assert_eq!(lines(&app).last().unwrap()["action"], "user.deactivated");
    let then = app.as_operator("GET", &format!("{path}?at={inactive}"), &NOTHING);
    assert_eq!(then.expect(200).json()["active"], false);
}

// ---- the command line

#[test]
fn the_command_line_reads_checks_and_prunes() {
    let shell = Shell::acme();
    shell.json(&["break-glass", "create", "root", "--json"]);
    shell.json(&["org", "set", "acme", "--name", "Acme Ltd", "--json"]);
    let list = shell.json(&["audit", "list", "--json"]);
    let actions: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "organization.changed",
            "break-glass.created",
            "organization.created"
        ]
    );
    let own = shell.json(&["audit", "list", "--org", "acme", "--limit", "1", "--json"]);
    assert_eq!(own["next"], "3");
    let report = shell.json(&["audit", "verify", "--json"]);
    assert_eq!(
        (&report["ok"], &report["checked"]),
        (&json!(true), &json!(3))
    );
    let checkpoint = shell.json(&["audit", "checkpoint", "--json"]);
    let file = shell.write("checkpoint.json", checkpoint.to_string());
    shell.json(&["audit", "verify", "--checkpoint", &file, "--json"]);
    let exported = shell.run(&["audit", "export"]);
    let exported = String::from_utf8(exported.stdout).unwrap();
    assert_eq!(exported.lines().count(), 3);
    let export = shell.write("export.jsonl", &exported);
    shell.json(&["audit", "verify", "--checkpoint", &export, "--json"]);
    let at = list["items"][2]["at"].as_str().unwrap();
    let who = shell.json(&[
        "audit", "who", "--org", "acme", "--level", "admin", "--at", at, "--json",
    ]);
    assert_eq!(who["total"], 0);

    let words = shell.json(&["audit", "actions", "--json"]);
    assert_eq!(
        words["items"].as_array().unwrap().len(),
        audit::ACTIONS.len()
    );

    assert_eq!(
        shell.json(&["audit", "retention", "--json"])["days"],
        NOTHING
    );
    shell.fail(&["audit", "prune"], 1);
    let kept = shell.json(&["audit", "retention", "--keep", "400d", "--json"]);
    assert_eq!(kept["days"], 400);
    assert_eq!(shell.json(&["audit", "prune", "--json"])["removed"], 0);
    for bad in [
        &["audit", "prune", "--older-than", "0d"][..],
        &["audit", "prune", "--older-than", "400"],
        &["audit", "retention", "--keep", "soon"],
        &["audit", "list", "--action", "nonsense"],
        &["audit", "list", "--from", "yesterday"],
        &["audit", "export", "--format", "xml"],
    ] {
        shell.fail(bad, 2);
    }
    let nonsense = shell.write("nonsense", "{}\n");
    let said = shell.fail(&["audit", "verify", "--checkpoint", &nonsense], 1);
    assert!(said.contains("line 1"), "{said}");

    // Somebody with a SQLite shell and no second thought.
    let conn = Connection::open(shell.directory.file("portcullis.db")).unwrap();
    conn.execute_batch(
        "DROP TRIGGER audit_rows_stay; UPDATE audit SET actor_name = 'nobody' WHERE seq = 2",
    )
    .unwrap();
    drop(conn);
    let output = shell.run(&["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seqs: Vec<&Value> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["seq"])
        .collect();
    assert_eq!(seqs, [&NOTHING, &json!(2)]);
    let output = shell.run(&["audit", "verify"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("line 2: ")
    );
}
