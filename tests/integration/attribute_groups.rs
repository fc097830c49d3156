//! Groups that an attribute speaks of: followed at each sign-in, where that was asked for.

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::http::Ask;
use crate::shapes;

const ANN: &str = "ann@acme.com";

/// Signs Ann in with these values; her cookies.
#[track_caller]
fn sign_in<'a>(app: &'a TestApp, acme: &Tenant, values: &[&str]) -> Browser<'a> {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    let mut spec = started.spec(ANN);
    if !values.is_empty() {
        spec.attributes.push(("memberOf", values.to_vec()));
    }
    browser.answer(&started, &spec).expect(303);
    browser
}

/// Signs Ann in; the groups that she is in then.
#[track_caller]
fn groups(app: &TestApp, acme: &Tenant, values: &[&str]) -> Vec<String> {
    let session = sign_in(app, acme, values).session().unwrap();
    names(&session)
}

fn names(session: &Value) -> Vec<String> {
    let groups = session["groups"].as_array().unwrap().iter();
    let mut names: Vec<String> = groups
        .map(|g| g["displayName"].as_str().or(g.as_str()).unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

/// What the newest trace says of groups.
fn said(app: &TestApp, acme: &Tenant) -> Value {
    let newest = app.newest_trace(acme);
    let path = format!(
        "{}/traces/{}",
        acme.base,
        newest["reference"].as_str().unwrap()
    );
    let trace = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    let checks = trace["detail"]["checks"].as_array().unwrap().clone();
    checks
        .into_iter()
        .find(|check| check["code"] == "groups")
        .unwrap_or_default()
}

fn follow(app: &TestApp, acme: &Tenant) {
    app.set_provider(acme, &json!({ "mapping": { "groups": ["memberOf"] } }));
}

#[test]
fn they_are_followed_where_somebody_asks() {
    let (app, acme) = TestApp::acme();
    assert!(groups(&app, &acme, &["staff"]).is_empty());
    assert_eq!(said(&app, &acme), Value::Null);
    assert_eq!(app.sql("SELECT count(*) FROM groups"), 0);
    follow(&app, &acme);
    assert_eq!(
        groups(&app, &acme, &["staff", "ops", "STAFF"]),
        ["ops", "staff"]
    );
    let check = said(&app, &acme);
    assert_eq!(
        (&check["passed"], &check["expected"]),
        (&json!(true), &json!("groups in memberOf"))
    );
    assert_eq!(check["got"], "joined ops, staff");
    // The lowest level, whatever pushed groups start with.
    assert_eq!(
        app.sql("SELECT count(*) FROM groups WHERE level = 'viewer' AND origin = 'saml'"),
        2
    );
    assert_eq!(groups(&app, &acme, &["ops"]), ["ops"]);
    assert_eq!(said(&app, &acme)["got"], "in 1 as before; left staff");
    // No attribute is what is sent for no groups.
    assert!(groups(&app, &acme, &[]).is_empty());
    assert_eq!(app.sql("SELECT sum(member_count) FROM groups"), 0);
    // Each change of members stands in the log, by the provider.
    let by = "SELECT count(*) FROM audit WHERE target_kind = 'group' AND actor_kind = 'provider'";
    assert_eq!(
        app.text(&format!(
            "{} AND action = 'group.created'",
            by.replace("count(*)", "count(*) || ''")
        )),
        "2"
    );
    let path = format!("{}/groups?q=staff", acme.base);
    let listed = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["origin"], "saml");
}

#[test]
fn leaving_counts_at_that_sign_in_in_every_session() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    app.set_provider(&acme, &json!({ "group_levels": { "Admins": "admin" } }));
    let mut first = sign_in(&app, &acme, &["admins", "staff"]);
    assert_eq!(first.session().unwrap()["level"], "admin");
    let mut second = sign_in(&app, &acme, &["staff"]);
    assert_eq!(second.session().unwrap()["level"], "viewer");
    assert_eq!(
        first.session().unwrap()["level"],
        "viewer",
        "an older session, too"
    );
}

#[test]
fn levels_by_value() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    let level = |body: &Value| {
        app.set_provider(&acme, body);
        sign_in(&app, &acme, &["staff"]).session().unwrap()["level"].clone()
    };
    assert_eq!(
        level(&json!({ "group_levels": { "STAFF": "editor" } })),
        "editor"
    );
    assert_eq!(
        level(&json!({ "group_levels": { "staff": "runner" } })),
        "runner"
    );
    // What an admin sets on the group itself holds until the mapping changes.
    let id = app.text("SELECT id FROM groups");
    app.set_level(&acme, &id, "editor");
    assert_eq!(level(&json!({ "name": "Okta" })), "editor");
    assert_eq!(
        level(&json!({ "group_levels": { "staff": null } })),
        "viewer"
    );
    let changes = app.sql("SELECT count(*) FROM audit WHERE action = 'group.level-changed'");
    assert_eq!(changes, 3);
}

#[test]
fn only_groups_with_a_level_where_that_is_wanted() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    groups(&app, &acme, &["staff", "noise"]);
    app.set_provider(
        &acme,
        &json!({ "groups_mapped_only": true, "group_levels": { "staff": "viewer" } }),
    );
    // What isn't followed any more is gone at once.
    assert_eq!(
        app.text("SELECT group_concat(display_name) FROM groups"),
        "staff"
    );
    assert_eq!(groups(&app, &acme, &["staff", "noise", "more"]), ["staff"]);
    let got = said(&app, &acme)["got"].as_str().unwrap().to_owned();
    assert!(
        got.contains("passed over noise (has no level here), more (has no level here)"),
        "{got}"
    );
    app.set_provider(&acme, &json!({ "mapping": { "groups": null } }));
    assert_eq!(app.sql("SELECT count(*) FROM groups"), 0);
    assert!(groups(&app, &acme, &["staff"]).is_empty());
}

#[test]
fn what_was_pushed_is_never_touched() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    let ann = app.push_user(&acme, ANN);
    let pushed = app.push_group(&acme, "Pushed", &[&ann]);
    app.push_group(&acme, "Others", &[]);
    assert_eq!(groups(&app, &acme, &["others", "own"]), ["Pushed", "own"]);
    let got = said(&app, &acme)["got"].as_str().unwrap().to_owned();
    assert!(got.contains("passed over others (pushed by SCIM)"), "{got}");
    assert_eq!(groups(&app, &acme, &[]), ["Pushed"]);
    // A client that writes to a group made here has it from then on.
    groups(&app, &acme, &["own", "two"]);
    for (name, method) in [("own", "PATCH"), ("two", "PUT")] {
        let id = app.text(&format!(
            "SELECT id FROM groups WHERE display_name = '{name}'"
        ));
        let body = match method {
            "PATCH" => json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "members", "value": [{ "value": ann }] }],
            }),
            _ => json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": name, "members": [{ "value": ann }],
            }),
        };
        let status = app
            .scim(&acme, method, &format!("/Groups/{id}"), &body)
            .status;
        assert!(status == 200 || status == 204, "{status}");
    }
    assert_eq!(groups(&app, &acme, &[]), ["Pushed", "own", "two"]);
    assert_eq!(
        app.sql("SELECT count(*) FROM groups WHERE origin = 'scim' AND provider_id IS NULL"),
        4
    );
    app.set_provider(&acme, &json!({ "mapping": { "groups": [] } }));
    assert_eq!(app.sql("SELECT count(*) FROM groups"), 4);
    assert!(!pushed.is_empty());
}

#[test]
fn another_providers_group_is_its_own() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    let second = Tenant {
        provider: app.draft("acme", "second.example"),
        ..acme.clone()
    };
    app.set_provider(&second, &json!({ "metadata_xml": crate::saml::fixture::IDP.metadata(), "mapping": { "groups": ["memberOf"] } }));
    groups(&app, &acme, &["staff"]);
    let mut browser = Browser::new(&app);
    let started = browser.start(&second);
    let mut spec = started.spec("bob@second.example");
    spec.attributes.push(("memberOf", vec!["staff", "second"]));
    browser.answer(&started, &spec).expect(303);
    assert_eq!(names(&browser.session().unwrap()), ["second"]);
    assert!(
        said(&app, &acme)["got"]
            .as_str()
            .unwrap()
            .contains("staff (another provider's)")
    );
    // With a provider go its groups, which its deletion says before, and with its identity provider.
    let path = format!("{}/providers/{}/deletion", acme.base, second.provider);
    let preview = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(preview["groups"], 1);
    app.as_operator(
        "DELETE",
        &format!("{}/providers/{}", acme.base, second.provider),
        &Value::Null,
    )
    .expect(204);
    assert_eq!(
        app.text("SELECT group_concat(display_name) FROM groups"),
        "staff"
    );
    let elsewhere = crate::saml::fixture::IDP
        .metadata()
        .replace(crate::saml::fixture::ISSUER, "http://www.okta.com/exkother");
    app.set_provider(&acme, &json!({ "metadata_xml": elsewhere }));
    assert_eq!(app.sql("SELECT count(*) FROM groups"), 0);
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'group.deleted'"),
        2
    );
}

/// Entra's link instead of groups: nothing is known, so nothing is given, and the trace says why.
#[test]
fn a_link_instead_of_groups_is_explained() {
    let (app, acme) = TestApp::acme();
    let claim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
    let body = json!({ "metadata_xml": shapes::metadata("entra"), "mapping": { "groups": [claim], "email": ["email", "NameID"] } });
    app.set_provider(&acme, &body);
    let enter = |overage: bool| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let xml = match overage {
            false => shapes::response(&app, "entra", &started, ANN),
            true => shapes::changed(&app, "entra", &started, ANN, |xml| {
                let start = xml.find(&format!("<Attribute Name=\"{claim}\"")).unwrap();
                let end = start + xml[start..].find("</Attribute>").unwrap();
                let link = "<Attribute Name=\"http://schemas.microsoft.com/claims/groups.link\"><AttributeValue>https://graph.microsoft.com/v1.0/users/9c1f/getMemberObjects</AttributeValue>";
                format!("{}{link}{}", &xml[..start], &xml[end..])
            }),
        };
        browser
            .post(&started.request.acs_url, &xml, Some(&started.relay_state))
            .expect(303);
        names(&browser.session().unwrap()).len()
    };
    assert_eq!(enter(false), 2);
    assert_eq!(enter(true), 0);
    let check = said(&app, &acme);
    assert_eq!(check["passed"], false);
    let got = check["got"].as_str().unwrap();
    assert!(
        got.contains("more than 150") && got.contains("Groups assigned to the application"),
        "{got}"
    );
}

#[test]
fn how_many_and_how_long_is_bounded() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    let long = "x".repeat(257);
    assert_eq!(groups(&app, &acme, &["staff", &long]), ["staff"]);
    let got = said(&app, &acme)["got"].to_string();
    assert!(got.contains("no group's name"), "{got}");
    // Entra's values declare no namespaces, of which a response may have a few hundred only.
    let claim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
    let body = json!({
        "metadata_xml": shapes::metadata("entra"),
        "mapping": { "groups": [claim], "email": ["email", "NameID"] },
    });
    app.set_provider(&acme, &body);
    let enter = |letter: char, count: usize| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let values: String = (0..count)
            .map(|n| format!("<AttributeValue>{letter}{n}</AttributeValue>"))
            .collect();
        let xml = shapes::changed(&app, "entra", &started, ANN, |xml| {
            let name = format!("<Attribute Name=\"{claim}\">");
            let start = xml.find(&name).unwrap() + name.len();
            let end = start + xml[start..].find("</Attribute>").unwrap();
            format!("{}{values}{}", &xml[..start], &xml[end..])
        });
        browser
            .post(&started.request.acs_url, &xml, Some(&started.relay_state))
            .expect(303);
        app.sql("SELECT count(*) FROM members JOIN groups ON id = group_id")
    };
    assert_eq!(enter('g', 501), 0);
    let check = said(&app, &acme);
    assert_eq!(check["passed"], false);
    let got = check["got"].as_str().unwrap();
    assert!(got.starts_with("501 values"), "{got}");
    assert_eq!(enter('g', 500), 500);
    assert_eq!(enter('h', 500), 500);
    assert_eq!(enter('i', 1), 0, "a thousand groups and no more");
    let got = said(&app, &acme)["got"].to_string();
    assert!(got.contains("as many groups as it may"), "{got}");
    // They can be read as all others are.
    let page = app.ask(Ask::get(format!("{}/groups?limit=1", acme.base)).with(app.operator()));
    assert_eq!(page.expect(200).json()["total"], 1000);
}

/// Nobody is kept out for it: the person comes in without the group, and the trace says why.
#[test]
fn a_full_group_takes_nobody_more() {
    let (app, acme) = TestApp::acme();
    follow(&app, &acme);
    assert_eq!(groups(&app, &acme, &["staff"]), ["staff"]);
    app.force("UPDATE groups SET member_count = 100000");
    assert_eq!(
        groups(&app, &acme, &["staff"]),
        ["staff"],
        "who is in it stays"
    );
    app.force("DELETE FROM members; UPDATE groups SET member_count = 100000");
    assert_eq!(groups(&app, &acme, &["staff", "ops"]), ["ops"]);
    let said = said(&app, &acme)["got"].as_str().unwrap().to_owned();
    assert!(
        said.contains("staff") && said.contains("as many members"),
        "{said}"
    );
}
