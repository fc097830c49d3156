//! Sixty-four clients that push the same people and groups at the same time.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};

use super::patch;
use crate::app::{TestApp, user};

const CLIENTS: usize = 64;
const NAMES: usize = 5;

#[test]
fn of_sixty_four_one_makes_each_name() {
    let (app, acme) = TestApp::acme();
    let together = Barrier::new(CLIENTS);
    // Every client makes each of the users and groups, all at the same moment.
    let answers: Vec<Vec<(usize, u16, Option<String>)>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers = Vec::new();
                    for name in 0..NAMES {
                        for (at, path, body) in [
                            (name, "/Users", user(&format!("u{name}@acme.com"))),
                            (
                                NAMES + name,
                                "/Groups",
                                json!({ "displayName": format!("g{name}") }),
                            ),
                        ] {
                            together.wait();
                            let answer = app.scim(&acme, "POST", path, &body);
                            let made = (answer.status == 201)
                                .then(|| answer.json()["id"].as_str().unwrap().to_owned());
                            answers.push((at, answer.status, made));
                        }
                    }
                    answers
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let mut ids = vec![String::new(); 2 * NAMES];
    for (at, id) in ids.iter_mut().enumerate() {
        let of_this = answers.iter().flatten().filter(|answer| answer.0 == at);
        let (made, taken): (Vec<_>, Vec<_>) = of_this.partition(|answer| answer.1 == 201);
        assert_eq!((made.len(), taken.len()), (1, CLIENTS - 1), "{at}");
        assert!(taken.iter().all(|answer| answer.1 == 409), "{taken:?}");
        *id = made[0].2.clone().unwrap();
    }
    assert_eq!(app.sql("SELECT count(*) FROM users"), NAMES);
    assert_eq!(app.sql("SELECT count(*) FROM groups"), NAMES);
}

#[test]
fn no_member_is_lost_and_none_is_there_twice() {
    let (app, acme) = TestApp::acme();
    let people: Vec<String> = (0..CLIENTS)
        .map(|n| app.push_user(&acme, &format!("u{n}@acme.com")))
        .collect();
    let groups: Vec<String> = (0..3)
        .map(|n| app.push_group(&acme, &format!("g{n}"), &[&people[0]]))
        .collect();
    let together = Barrier::new(CLIENTS);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = people
            .iter()
            .map(|id| {
                let (app, acme, groups, together) = (&app, &acme, &groups, &together);
                scope.spawn(move || {
                    together.wait();
                    let add =
                        json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                    let away =
                        json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
                    let mut statuses = Vec::new();
                    for group in groups {
                        let path = format!("/Groups/{group}");
                        // Everybody joins, twice; from the last they go again.
                        for change in [&add, &add] {
                            statuses.push(
                                app.scim(acme, "PATCH", &path, &patch(change.clone()))
                                    .status,
                            );
                        }
                    }
                    let path = format!("/Groups/{}", groups[2]);
                    statuses.push(app.scim(acme, "PATCH", &path, &patch(away)).status);
                    statuses
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    assert!(statuses.iter().all(|&status| status == 200), "{statuses:?}");
    let everybody: BTreeSet<&str> = people.iter().map(String::as_str).collect();
    for (group, expected) in groups
        .iter()
        .zip([&everybody, &everybody, &BTreeSet::new()])
    {
        let shown = app.scim(&acme, "GET", &format!("/Groups/{group}"), &Value::Null);
        let shown = shown.expect(200).json();
        let members = shown["members"].as_array().unwrap();
        let ids: BTreeSet<&str> = members
            .iter()
            .map(|m| m["value"].as_str().unwrap())
            .collect();
        assert_eq!(members.len(), ids.len());
        assert_eq!(&ids, expected);
    }
    let counted = app.sql("SELECT group_concat(member_count) FROM groups ORDER BY id");
    assert_eq!(counted, "64,64,0");
}
