//! Entity tags: RFC 7644 section 3.14, RFC 9110 section 13.

use serde_json::{Value, json};

use super::{ask, patch};
use crate::app::{Tenant, TestApp, user};

/// The tag of a resource, which its header and its `meta` agree on.
#[track_caller]
fn tag(app: &TestApp, tenant: &Tenant, path: &str) -> String {
    let answer = app.scim(tenant, "GET", path, &Value::Null).expect(200);
    let tag = answer.header("etag").unwrap().to_owned();
    assert_eq!(answer.json()["meta"]["version"], json!(tag));
    tag
}

#[test]
fn every_answer_with_one_resource_has_its_tag() {
    let (app, acme) = TestApp::acme();
    let made = app.scim(&acme, "POST", "/Users", &user("ann@acme.com"));
    let made = made.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    assert_eq!(made.header("etag").unwrap(), tag(&app, &acme, &path));
    let title = patch(json!([{ "op": "replace", "path": "title", "value": "t" }]));
    for (method, body) in [("PUT", &user("ann@acme.com")), ("PATCH", &title)] {
        let answer = app.scim(&acme, method, &path, body).expect(200);
        assert_eq!(answer.header("etag").unwrap(), tag(&app, &acme, &path));
    }
    // It has it also where the client wants neither `meta` nor anything else.
    let only = format!("{path}?attributes=userName");
    let answer = app.scim(&acme, "GET", &only, &Value::Null).expect(200);
    assert!(answer.json().get("meta").is_none());
    assert_eq!(answer.header("etag").unwrap(), tag(&app, &acme, &path));
    assert!(answer.header("location").unwrap().ends_with(&path));

    let group = app.push_group(&acme, "Ops", &[&id]);
    let path = format!("/Groups/{group}");
    let rename = patch(json!([{ "op": "replace", "value": { "displayName": "Op" } }]));
    let answer = app.scim(&acme, "PATCH", &path, &rename).expect(200);
    assert_eq!(answer.json()["members"][0]["value"], json!(id));
    assert_eq!(answer.header("etag").unwrap(), tag(&app, &acme, &path));
    // With `attributes`, RFC 7644 section 3.5.2 wants the resource.
    for (query, members) in [("displayName", false), ("displayName,members", true)] {
        let path = format!("{path}?attributes={query}");
        let answer = app.scim(&acme, "PATCH", &path, &rename).expect(200).json();
        assert_eq!(answer["displayName"], "Op");
        assert_eq!(answer.get("members").is_some(), members);
    }
    let listed = app
        .scim(&acme, "GET", "/Users", &Value::Null)
        .expect(200)
        .json();
    let path = format!("/Users/{id}");
    assert_eq!(
        listed["Resources"][0]["meta"]["version"],
        json!(tag(&app, &acme, &path))
    );
}

#[test]
fn a_change_of_what_is_no_more_is_refused() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let group = app.push_group(&acme, "Ops", &[&id]);
    let named = json!({ "displayName": "Other", "members": [] });
    let title = patch(json!([{ "op": "replace", "path": "title", "value": "t" }]));
    let rename = patch(json!([{ "op": "replace", "value": { "displayName": "Other" } }]));
    for (path, put, patch) in [
        (format!("/Groups/{group}"), named, rename),
        (format!("/Users/{id}"), user("other@acme.com"), title),
    ] {
        let stale = tag(&app, &acme, &path);
        app.scim(&acme, "PATCH", &path, &patch);
        let fresh = tag(&app, &acme, &path);
        assert_ne!(stale, fresh);
        let before = app.contents();
        for (name, value) in [
            ("If-Match", stale.as_str()),
            ("If-Match", "\"x\", W/\"y\""),
            ("If-None-Match", fresh.as_str()),
            ("If-None-Match", "*"),
        ] {
            for (method, body) in [("PUT", &put), ("PATCH", &patch), ("DELETE", &Value::Null)] {
                let answer = ask(&app, &acme, (method, &path), &[(name, value)], body);
                let error = answer.expect(412).json();
                assert_eq!(error["status"], "412", "{method} {name}: {value}");
            }
        }
        for garbage in ["", "x", "\"open", "*, \"a\"", "\"a\" \"b\""] {
            for name in ["If-Match", "If-None-Match"] {
                for (method, body) in [
                    ("PUT", &put),
                    ("DELETE", &Value::Null),
                    ("GET", &Value::Null),
                ] {
                    ask(&app, &acme, (method, &path), &[(name, garbage)], body).expect(400);
                }
            }
        }
        assert_eq!(app.contents(), before);
        // 404 goes before 412: RFC 9110 section 13.2.1.
        let nowhere = format!("{}nothing", path.trim_end_matches(char::is_alphanumeric));
        let header = [("If-Match", "*")];
        ask(&app, &acme, ("PUT", &nowhere), &header, &put).expect(404);
        for value in [
            format!("\"x\",{fresh}"),
            fresh.replace("W/", ""),
            "*".to_owned(),
        ] {
            let header = [("If-Match", value.as_str())];
            let status = ask(&app, &acme, ("PATCH", &path), &header, &patch).status;
            assert!(matches!(status, 200 | 204), "{value}: {status}");
        }
        let now = tag(&app, &acme, &path);
        let twice = [("If-Match", "\"x\""), ("If-Match", now.as_str())];
        ask(&app, &acme, ("DELETE", &path), &twice, &Value::Null).expect(204);
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let group = app.push_group(&acme, "Ops", &[&id]);
    for path in [format!("/Users/{id}"), format!("/Groups/{group}")] {
        let tag = tag(&app, &acme, &path);
        for value in [tag.as_str(), "*", &format!("\"x\", {tag}")] {
            for method in ["GET", "HEAD"] {
                let header = [("If-None-Match", value)];
                let answer = ask(&app, &acme, (method, &path), &header, &Value::Null).expect(304);
                assert_eq!(answer.header("etag"), Some(tag.as_str()));
                assert!(answer.body.is_empty());
            }
        }
        let other = [("If-None-Match", "W/\"0\"")];
        ask(&app, &acme, ("GET", &path), &other, &Value::Null).expect(200);
        let other = [("If-Match", "W/\"0\"")];
        ask(&app, &acme, ("GET", &path), &other, &Value::Null).expect(412);
    }
}

#[test]
fn what_changes_nothing_leaves_the_version() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let group = app.push_group(&acme, "Ops", &[&id]);
    let (user_path, group_path) = (format!("/Users/{id}"), format!("/Groups/{group}"));
    let seen = || {
        let meta = |path: &str| {
            let shown = app.scim(&acme, "GET", path, &Value::Null).expect(200);
            shown.json()["meta"].clone()
        };
        (meta(&user_path), meta(&group_path))
    };
    let before = seen();
    let lines = app.sql("SELECT count(*) FROM audit");
    let member = json!([{ "value": id, "display": "x" }]);
    let whole = json!({ "displayName": "Ops", "members": member });
    let own = app
        .scim(&acme, "GET", &user_path, &Value::Null)
        .expect(200)
        .json();
    for (method, path, body) in [
        ("PUT", &user_path, user("ann@acme.com")),
        ("PUT", &user_path, own),
        (
            "PATCH",
            &user_path,
            patch(json!([{ "op": "replace", "value": { "active": true } }])),
        ),
        (
            "PATCH",
            &user_path,
            patch(json!([
                { "op": "add", "path": "emails", "value": [{ "value": "ann@acme.com", "primary": true }] },
                { "op": "remove", "path": "title" },
                { "op": "remove", "path": "emails[type eq \"other\"]" },
            ])),
        ),
        ("PUT", &group_path, whole),
        (
            "PATCH",
            &group_path,
            patch(json!([{ "op": "add", "path": "members", "value": member }])),
        ),
        (
            "PATCH",
            &group_path,
            patch(json!([
                { "op": "remove", "path": "members[value eq \"nobody\"]" },
                { "op": "replace", "value": { "id": group, "displayName": "Ops" } },
            ])),
        ),
        (
            "PATCH",
            &group_path,
            patch(json!([
                { "op": "remove", "path": "members" },
                { "op": "add", "path": "members", "value": member },
            ])),
        ),
    ] {
        let status = app.scim(&acme, method, path, &body).status;
        assert!(matches!(status, 200 | 204), "{method} {path} {body}");
        assert_eq!(seen(), before, "{method} {path} {body}");
    }
    assert_eq!(app.sql("SELECT count(*) FROM audit"), lines);
}

#[test]
fn a_group_that_was_patched_and_is_put_as_it_is_keeps_its_version() {
    let (app, acme) = TestApp::acme();
    let group = app.push_group(&acme, "Ops", &[]);
    let path = format!("/Groups/{group}");
    for external_id in [json!("e1"), json!("e2"), Value::Null] {
        let operation = json!({ "op": "replace", "path": "externalId", "value": external_id });
        let own = app.scim(&acme, "PATCH", &path, &patch(json!([operation])));
        let own = own.expect(200).json();
        assert_eq!(own.get("externalId").unwrap_or(&Value::Null), &external_id);
        let again = app.scim(&acme, "PUT", &path, &own).expect(200).json();
        assert_eq!(again["meta"], own["meta"], "{external_id}");
    }
}

/// Attributes that another resource type has are unknown ones here, and those are kept and shown.
#[test]
fn what_is_kept_is_shown_and_what_is_shown_can_be_put_back() {
    let (app, acme) = TestApp::acme();
    for (path, body, kept) in [
        (
            "/Users",
            json!({ "userName": "ann", "members": [{ "value": "x" }], "nope": [null] }),
            &["members", "nope"][..],
        ),
        (
            "/Groups",
            json!({ "displayName": "Ops", "active": "x", "groups": [1], "Password": "hunter2",
                "userName": 7, "emails": {} }),
            &["active", "groups", "userName", "emails"],
        ),
    ] {
        let made = app.scim(&acme, "POST", path, &body).expect(201).json();
        for name in kept {
            assert_eq!(made[name], body[name], "{path} {name}");
        }
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        let again = app.scim(&acme, "PUT", &path, &made).expect(200).json();
        assert_eq!(again, made);
    }
    let stored = app.sql("SELECT count(*) FROM groups WHERE resource LIKE '%hunter2%'");
    assert_eq!(stored, 0);
}

#[test]
fn a_users_tag_changes_with_their_groups_and_a_groups_with_its_members() {
    let (app, acme) = TestApp::acme();
    let (ann, bob) = (
        app.push_user(&acme, "ann@acme.com"),
        app.push_user(&acme, "bob@acme.com"),
    );
    let (user_path, other) = (format!("/Users/{ann}"), format!("/Users/{bob}"));
    let (before, others) = (tag(&app, &acme, &user_path), tag(&app, &acme, &other));
    let group = app.push_group(&acme, "Ops", &[&ann]);
    let group_path = format!("/Groups/{group}");
    let joined = tag(&app, &acme, &user_path);
    let rename = patch(json!([{ "op": "replace", "value": { "displayName": "Op" } }]));
    app.scim(&acme, "PATCH", &group_path, &rename).expect(200);
    let renamed = tag(&app, &acme, &user_path);
    assert!(before != joined && joined != renamed && before != renamed);
    assert_eq!(app.sql("SELECT max(version) FROM users"), 1);
    assert_eq!(tag(&app, &acme, &other), others);
    // One who believes to know all groups is told otherwise.
    let header = [("If-Match", joined.as_str())];
    ask(&app, &acme, ("DELETE", &user_path), &header, &Value::Null).expect(412);

    let whole = tag(&app, &acme, &group_path);
    app.scim(&acme, "DELETE", &user_path, &Value::Null)
        .expect(204);
    let emptied = tag(&app, &acme, &group_path);
    assert_ne!(whole, emptied);
    app.scim(&acme, "DELETE", &group_path, &Value::Null)
        .expect(204);
}

/// The change of one member is not answered with all of a large group.
#[test]
fn a_large_group_is_no_answer_to_a_patch() {
    let (app, acme) = TestApp::acme();
    let ids: Vec<String> = (0..201)
        .map(|n| app.push_user(&acme, &format!("u{n}@acme.com")))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let path = format!(
        "/Groups/{}",
        app.push_group(&acme, "Everybody", &ids[..199])
    );
    let joins = |id: &str| {
        let add = patch(json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]));
        app.scim(&acme, "PATCH", &path, &add)
    };
    let shown = joins(ids[199]).expect(200).json();
    assert_eq!(shown["members"].as_array().unwrap().len(), 200);
    let answer = joins(ids[200]).expect(204);
    assert_eq!(answer.header("etag").unwrap(), tag(&app, &acme, &path));
}

#[test]
fn of_two_who_change_the_same_version_one_is_refused() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let path = format!("/Users/{id}");
    let tag = tag(&app, &acme, &path);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|n| {
                let (app, acme, path, tag) = (&app, &acme, &path, &tag);
                scope.spawn(move || {
                    let title =
                        json!([{ "op": "replace", "path": "title", "value": n.to_string() }]);
                    let header = [("If-Match", tag.as_str())];
                    ask(app, acme, ("PATCH", path), &header, &patch(title)).status
                })
            })
            .collect();
        attempts.into_iter().map(|a| a.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}
