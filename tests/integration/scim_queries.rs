//! Lists over HTTP: what is asked, by address and by message, and what comes back.

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp, user};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Five people and two groups.
fn people() -> (TestApp, Tenant) {
    let (app, acme) = TestApp::acme();
    let mut ids = Vec::new();
    for (at, (name, title)) in [
        ("eve", Some("Lead")),
        ("Bob", None),
        ("ann", Some("engineer")),
        ("dan", None),
        ("Émile", Some("Engineer")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut person = user(&format!("{name}@acme.com"));
        person["emails"] = json!([
            { "value": format!("{name}@acme.com"), "primary": true, "type": "work" },
            { "value": format!("{name}@home.test"), "type": "home" },
        ]);
        person["active"] = json!(name != "dan");
        if let Some(title) = title {
            person["title"] = json!(title);
        }
        person[ENTERPRISE] = json!({ "department": format!("D{}", at % 2) });
        let made = app
            .scim(&acme, "POST", "/Users", &person)
            .expect(201)
            .json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    app.push_group(&acme, "Ops", &[&ids[0], &ids[1]]);
    app.push_group(&acme, "Dev", &[&ids[2]]);
    (app, acme)
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

fn get(app: &TestApp, acme: &Tenant, path: &str, parameters: &[(&str, &str)]) -> Value {
    let path = format!("{path}?{}", encoded(parameters));
    app.scim(acme, "GET", &path, &Value::Null)
        .expect(200)
        .json()
}

/// The names in a list, up to the `@`.
fn names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    assert_eq!(list["itemsPerPage"], resources.len());
    resources
        .iter()
        .map(|resource| {
            let name = resource.get("userName").or(resource.get("displayName"));
            let name = name.and_then(Value::as_str).unwrap();
            name.split('@').next().unwrap().to_owned()
        })
        .collect()
}

fn refused(app: &TestApp, acme: &Tenant, path: &str, parameters: &[(&str, &str)]) -> Value {
    let path = format!("{path}?{}", encoded(parameters));
    let error = app
        .scim(acme, "GET", &path, &Value::Null)
        .expect(400)
        .json();
    assert!(!error["detail"].as_str().unwrap().is_empty());
    error["scimType"].clone()
}

#[test]
fn every_operator_answers() {
    let (app, acme) = people();
    for (filter, expected) in [
        ("userName eq \"EVE@acme.com\"", &["eve"][..]),
        ("userName sw \"É\"", &["Émile"]),
        ("userName co \"@ACME\" and not (title pr)", &["Bob", "dan"]),
        ("userName gt \"dan\" and userName lt \"f\"", &["eve", "dan"]),
        ("emails.value eq \"ann@HOME.test\"", &["ann"]),
        ("email eq \"bob@home.test\"", &["Bob"]),
        ("emails[type eq \"home\" and value sw \"bob\"]", &["Bob"]),
        ("emails[type eq \"work\" and value ew \"home.test\"]", &[]),
        ("title eq \"engineer\"", &["ann", "Émile"]),
        ("title ne \"engineer\" and active eq true", &["eve", "Bob"]),
        ("active eq \"False\"", &["dan"]),
        ("groups.display eq \"ops\"", &["eve", "Bob"]),
        ("not (groups pr)", &["dan", "Émile"]),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"d1\"",
            &["Bob", "dan"],
        ),
        (
            "meta.lastModified gt \"2020-01-01T00:00:00+02:00\" and id pr",
            &["eve", "Bob", "ann", "dan", "Émile"],
        ),
        ("meta.created lt \"2020-01-01T00:00:00Z\"", &[]),
        (
            "userName eq \"ann@acme.com\" or title eq \"lead\"",
            &["eve", "ann"],
        ),
        ("userName eq \"ann@home.test\"", &[]),
    ] {
        let list = get(&app, &acme, "/Users", &[("filter", filter)]);
        assert_eq!(list["totalResults"], expected.len(), "{filter}");
        let mut found = names(&list);
        let mut expected: Vec<_> = expected.iter().map(|name| (*name).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{filter}");
    }
    let eve = get(&app, &acme, "/Users", &[("filter", "userName sw \"eve\"")]);
    let eve = eve["Resources"][0]["id"].as_str().unwrap().to_owned();
    let filter = format!("members[value eq \"{eve}\"]");
    assert_eq!(
        names(&get(&app, &acme, "/Groups", &[("filter", &filter)])),
        ["Ops"]
    );
    let filter = format!("not (members.value eq \"{eve}\") and displayName sw \"d\"");
    assert_eq!(
        names(&get(&app, &acme, "/Groups", &[("filter", &filter)])),
        ["Dev"]
    );
    for filter in [
        "colour eq \"x\"",
        "urn:x:y:badge eq \"7\"",
        "userName eq",
        "password pr",
    ] {
        assert_eq!(
            refused(&app, &acme, "/Users", &[("filter", filter)]),
            "invalidFilter"
        );
    }
}

#[test]
fn a_second_address_is_found_until_it_is_gone() {
    let (app, acme) = people();
    let found = |address: &str| {
        let filter = format!("emails.value eq \"{address}\"");
        get(&app, &acme, "/Users", &[("filter", &filter)])
    };
    let before = found("ann@home.test");
    let mut ann = before["Resources"][0].clone();
    ann["emails"] = json!([{ "value": "new@acme.com" }, { "value": "Other@acme.com" }]);
    let path = format!("/Users/{}", ann["id"].as_str().unwrap());
    app.scim(&acme, "PUT", &path, &ann).expect(200);
    assert_eq!(found("ann@home.test")["totalResults"], 0);
    assert_eq!(found("other@acme.com")["totalResults"], 1);
    app.scim(&acme, "DELETE", &path, &Value::Null).expect(204);
    assert_eq!(found("other@acme.com")["totalResults"], 0);
    assert_eq!(app.sql("SELECT count(*) FROM other_addresses"), 4);
}

#[test]
fn lists_are_sorted_and_paged() {
    let (app, acme) = people();
    let sorted = |by: &str, order: &str| {
        names(&get(
            &app,
            &acme,
            "/Users",
            &[("sortBy", by), ("sortOrder", order)],
        ))
    };
    assert_eq!(
        sorted("userName", "ascending"),
        ["ann", "Bob", "dan", "eve", "Émile"]
    );
    assert_eq!(
        sorted("USERNAME", "Descending"),
        ["Émile", "eve", "dan", "Bob", "ann"]
    );
    assert_eq!(sorted("title", "ascending")[2..], ["eve", "Bob", "dan"]);
    assert_eq!(sorted("title", "descending")[..2], ["dan", "Bob"]);
    assert_eq!(sorted("emails", "ascending")[0], "ann");
    let page = [("sortBy", "userName"), ("startIndex", "2"), ("count", "2")];
    let page = get(&app, &acme, "/Users", &page);
    assert_eq!(names(&page), ["Bob", "dan"]);
    assert_eq!(
        (&page["startIndex"], &page["totalResults"]),
        (&json!(2), &json!(5))
    );
    assert!(page.get("nextCursor").is_none());
    let groups = get(&app, &acme, "/Groups", &[("sortBy", "displayName")]);
    assert_eq!(names(&groups), ["Dev", "Ops"]);
    assert_eq!(
        refused(&app, &acme, "/Users", &[("sortBy", "colour")]),
        "invalidPath"
    );
    assert_eq!(
        refused(&app, &acme, "/Users", &[("sortBy", "name")]),
        "invalidPath"
    );
    let backwards = [("sortBy", "id"), ("sortOrder", "backwards")];
    assert_eq!(refused(&app, &acme, "/Users", &backwards), "invalidValue");
}

#[test]
fn cursors_lead_through_a_list_that_changes() {
    let (app, acme) = people();
    let page = |cursor: &str| {
        let asked = [("sortBy", "userName"), ("count", "2"), ("cursor", cursor)];
        get(&app, &acme, "/Users", &asked)
    };
    let first = page("");
    assert_eq!(names(&first), ["ann", "Bob"]);
    assert!(first.get("previousCursor").is_none() && first.get("startIndex").is_none());
    assert_eq!(first["totalResults"], 5);
    let next = first["nextCursor"].as_str().unwrap().to_owned();
    // Somebody of the first page goes, and somebody comes before it.
    let bob = first["Resources"][1]["id"].as_str().unwrap();
    app.scim(&acme, "DELETE", &format!("/Users/{bob}"), &Value::Null)
        .expect(204);
    app.push_user(&acme, "aaron@acme.com");
    let second = page(&next);
    assert_eq!(names(&second), ["dan", "eve"]);
    let third = page(second["nextCursor"].as_str().unwrap());
    assert_eq!(names(&third), ["Émile"]);
    assert!(third.get("nextCursor").is_none());
    let back = page(third["previousCursor"].as_str().unwrap());
    assert_eq!(names(&back), ["dan", "eve"]);
    assert_eq!(
        names(&page(back["previousCursor"].as_str().unwrap())),
        ["aaron", "ann"]
    );

    // A cursor is for one list only.
    for other in [
        vec![("cursor", next.as_str())],
        vec![
            ("cursor", &next),
            ("sortBy", "userName"),
            ("sortOrder", "descending"),
        ],
        vec![
            ("cursor", &next),
            ("sortBy", "userName"),
            ("filter", "active eq true"),
        ],
        vec![("cursor", "x"), ("sortBy", "userName")],
        vec![
            ("cursor", &next),
            ("sortBy", "userName"),
            ("startIndex", "1"),
        ],
    ] {
        assert_eq!(
            refused(&app, &acme, "/Users", &other),
            "invalidCursor",
            "{other:?}"
        );
    }
    let count = [("cursor", ""), ("count", "many")];
    assert_eq!(refused(&app, &acme, "/Users", &count), "invalidCount");
    let elsewhere = app.tenant("other", "other.com");
    let asked = [("sortBy", "userName"), ("cursor", &next)];
    assert_eq!(refused(&app, &elsewhere, "/Users", &asked), "invalidCursor");
    // Another secret, as after a restore of older data, makes it another list's.
    app.force("UPDATE settings SET value = hex(zeroblob(32)) WHERE name = 'scim_cursor_key'");
    assert_eq!(refused(&app, &acme, "/Users", &asked), "invalidCursor");
}

#[test]
fn a_search_is_a_list_asked_by_message() {
    let (app, acme) = people();
    let search = |path: &str, mut message: Value| {
        message["schemas"] = json!([SEARCH]);
        app.scim(&acme, "POST", path, &message)
    };
    let found = search(
        "/Users/.search",
        json!({ "filter": "title pr", "sortBy": "userName", "startIndex": 1, "count": 2,
            "attributes": ["userName"] }),
    );
    assert_eq!(found.header("content-type"), Some("application/scim+json"));
    let found = found.expect(200).json();
    assert_eq!(names(&found), ["ann", "eve"]);
    assert_eq!(
        (&found["totalResults"], &found["startIndex"]),
        (&json!(3), &json!(1))
    );
    let keys: Vec<_> = found["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schemas", "id", "userName"]);
    let groups = search(
        "/Groups/.search",
        json!({ "excludedAttributes": ["members"] }),
    );
    let groups = groups.expect(200).json();
    assert_eq!(groups["totalResults"], 2);
    assert!(groups["Resources"][0].get("members").is_none());
    // Cursors go by message too.
    let first = search("/Users/.search", json!({ "cursor": "", "count": 4 }));
    let next = first.expect(200).json()["nextCursor"].clone();
    let last = search("/Users/.search", json!({ "cursor": next, "count": 4 }));
    assert_eq!(names(&last.expect(200).json()).len(), 1);
    for message in [json!({ "filters": "title pr" }), json!({ "count": "2" })] {
        search("/Users/.search", message).expect(400);
    }
    app.scim(
        &acme,
        "POST",
        "/Users/.search",
        &json!({ "filter": "id pr" }),
    )
    .expect(400);
    app.scim(&acme, "GET", "/Users/.search", &Value::Null)
        .expect(404);
}

#[test]
fn the_root_lists_both_types() {
    let (app, acme) = people();
    let all = get(&app, &acme, "", &[]);
    assert_eq!(all["totalResults"], 7);
    assert_eq!(names(&all)[..2], ["eve", "Bob"]);
    assert_eq!(names(&all)[5..], ["Ops", "Dev"]);
    for (filter, expected) in [
        ("meta.resourceType eq \"Group\"", &["Ops", "Dev"][..]),
        (
            "userName sw \"a\" or displayName eq \"dev\"",
            &["ann", "Dev"],
        ),
        ("userName sw \"a\"", &["ann"]),
        (
            "title ne \"x\" and meta.resourceType eq \"Group\"",
            &["Ops", "Dev"],
        ),
        ("not (userName pr) and displayName sw \"o\"", &["Ops"]),
    ] {
        let list = get(&app, &acme, "/", &[("filter", filter)]);
        assert_eq!(names(&list), expected, "{filter}");
        let message = json!({ "schemas": [SEARCH], "filter": filter });
        let found = app
            .scim(&acme, "POST", "/.search", &message)
            .expect(200)
            .json();
        assert_eq!(names(&found), expected, "{filter}");
    }
    assert_eq!(
        refused(&app, &acme, "", &[("filter", "colour pr")]),
        "invalidFilter"
    );
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let asked = [
            ("count", "3"),
            ("cursor", &cursor),
            ("sortBy", "meta.created"),
        ];
        let page = get(&app, &acme, "", &asked);
        seen.extend(names(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["eve", "Bob", "ann", "dan", "Émile", "Ops", "Dev"]);
}

#[test]
fn discovery_says_what_lists_do() {
    let (app, acme) = people();
    let config = app
        .scim(&acme, "GET", "/ServiceProviderConfig", &Value::Null)
        .expect(200)
        .json();
    let most = config["pagination"]["maxPageSize"].as_u64().unwrap();
    assert_eq!(config["filter"]["maxResults"], most);
    assert_eq!(config["sort"]["supported"], true);
    assert_eq!(config["pagination"]["cursor"], true);
    // Without a wish it is by index, as it says.
    let list = get(&app, &acme, "/Users", &[]);
    assert!(list.get("startIndex").is_some() && list.get("nextCursor").is_none());
    assert_eq!(config["pagination"]["defaultPaginationMethod"], "index");
}
