//! Users whole: every attribute there is, extensions known and unknown, and users who come again.

use portcullis::directory::provisioning::MOST_GROUPS_SHOWN;
use serde_json::{Value, json};

use super::patch;
use crate::app::{TestApp, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:Custom:2.0:User";

/// The user of RFC 7643 section 8.3, less what isn't the client's to say.
fn whole() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "701984",
        "userName": "bjensen@acme.com",
        "name": {
            "formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara",
            "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"
        },
        "displayName": "Babs Jensen",
        "nickName": "Babs",
        "profileUrl": "https://login.example.com/bjensen",
        "emails": [
            { "value": "bjensen@acme.com", "type": "work", "primary": true, "display": "B" },
            { "value": "babs@jensen.example", "type": "home" }
        ],
        "addresses": [{
            "type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood",
            "region": "CA", "postalCode": "91608", "country": "US",
            "formatted": "100 Universal City Plaza\nHollywood, CA 91608 USA", "primary": true
        }],
        "phoneNumbers": [{ "value": "tel:555-555-5555", "type": "work", "display": "d", "primary": true }],
        "ims": [{ "value": "someaimhandle", "type": "aim", "primary": true, "display": "d" }],
        "photos": [{ "value": "https://photos.example.com/F", "type": "photo" }],
        "userType": "Employee",
        "title": "Tour Guide",
        "preferredLanguage": "en-US",
        "locale": "en-US",
        "timezone": "America/Los_Angeles",
        "active": true,
        "entitlements": [{ "value": "parking", "display": "P", "type": "t", "primary": false }],
        "roles": [{ "value": "guide", "display": "G", "type": "t", "primary": true }],
        "x509Certificates": [{ "value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQA=", "display": "c" }],
        ENTERPRISE: {
            "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park", "department": "Tour Operations",
            "manager": { "value": "26118915", "$ref": "../Users/26118915", "displayName": "John Smith" }
        }
    })
}

#[test]
fn nothing_is_lost_on_the_way() {
    let (app, acme) = TestApp::acme();
    let made = app
        .scim(&acme, "POST", "/Users", &whole())
        .expect(201)
        .json();
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let without_ours = |mut shown: Value| {
        for ours in ["id", "meta", "groups"] {
            assert!(
                shown.as_object_mut().unwrap().remove(ours).is_some(),
                "{ours}"
            );
        }
        shown
    };
    assert_eq!(without_ours(made.clone()), whole());
    let again = app.scim(&acme, "PUT", &path, &made).expect(200).json();
    assert_eq!(again, made);
    assert_eq!(app.scim(&acme, "GET", &path, &Value::Null).json(), made);
    // Every attribute of the schemas is in it, so that none is forgotten here.
    for (schema, holder) in [
        ("urn:ietf:params:scim:schemas:core:2.0:User", &made),
        (ENTERPRISE, &made[ENTERPRISE]),
    ] {
        let schema = app
            .scim(&acme, "GET", &format!("/Schemas/{schema}"), &Value::Null)
            .json();
        for attribute in schema["attributes"].as_array().unwrap() {
            let name = attribute["name"].as_str().unwrap();
            assert!(name == "password" || holder.get(name).is_some(), "{name}");
        }
    }
}

#[test]
fn unknown_extensions_are_kept_or_refused() {
    let (app, acme) = TestApp::acme();
    let with = |name: &str, value: Value| {
        let mut user = user(name);
        user[CUSTOM] = value;
        user
    };
    let made = app.scim(
        &acme,
        "POST",
        "/Users",
        &with("ann@acme.com", json!({ "badge": 7 })),
    );
    let made = made.expect(201).json();
    assert_eq!(made[CUSTOM], json!({ "badge": 7 }));
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let badge = patch(json!([{ "op": "Add", "path": format!("{CUSTOM}:badge"), "value": 8 }]));
    let shown = app.scim(&acme, "PATCH", &path, &badge).expect(200).json();
    assert_eq!(shown[CUSTOM]["badge"], 8);

    // A group's as well; and one that has it already changes nothing.
    let group = json!({ "displayName": "Ops", CUSTOM: { "a": 1 }, "members": [made["id"]
        .as_str().map(|id| json!({ "value": id })).unwrap()] });
    let group = app
        .scim(&acme, "POST", "/Groups", &group)
        .expect(201)
        .json();
    let group_path = format!("/Groups/{}", group["id"].as_str().unwrap());
    let two = patch(
        json!([{ "op": "Add", "path": format!("{CUSTOM}:a"), "value": 2 },
        { "op": "replace", "value": { "displayName": "Operations", format!("{CUSTOM}:b"): 3 } }]),
    );
    for _ in 0..2 {
        let answer = app.scim(&acme, "PATCH", &group_path, &two);
        assert!(answer.status < 300, "{}", answer.text());
    }
    let shown = app
        .scim(&acme, "GET", &group_path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(shown[CUSTOM], json!({ "a": 2, "b": 3 }));
    assert_eq!(shown["displayName"], "Operations");
    assert_eq!(shown["members"].as_array().unwrap().len(), 1);
    assert_eq!(
        shown["meta"]["version"], "W/\"2\"",
        "the second changed nothing"
    );

    let refuse = json!({ "unknown_extensions": "refuse" });
    let set = app
        .as_operator("PATCH", &acme.base, &refuse)
        .expect(200)
        .json();
    assert_eq!(set["unknown_extensions"], "refuse");
    let group = json!({ "displayName": "G", CUSTOM: { "a": 1 } });
    let three = patch(json!([{ "op": "Add", "path": format!("{CUSTOM}:a"), "value": 3 }]));
    let nine = patch(json!([{ "op": "Add", "path": format!("{CUSTOM}:badge"), "value": 9 }]));
    for (method, path, body) in [
        (
            "POST",
            "/Users",
            with("bob@acme.com", json!({ "badge": 7 })),
        ),
        (
            "PUT",
            path.as_str(),
            with("ann@acme.com", json!({ "badge": 9 })),
        ),
        ("PATCH", path.as_str(), nine),
        ("POST", "/Groups", group),
        ("PATCH", group_path.as_str(), three),
    ] {
        let error = app.scim(&acme, method, path, &body).expect(400).json();
        assert_eq!(error["scimType"], "invalidValue", "{method} {path}");
        assert!(error["detail"].as_str().unwrap().contains(CUSTOM));
    }
    // What we show can be sent back: whoever was pushed before can still be switched off.
    let mut own = app.scim(&acme, "GET", &path, &Value::Null).json();
    own["active"] = json!(false);
    let shown = app.scim(&acme, "PUT", &path, &own).expect(200).json();
    assert_eq!(
        (&shown["active"], &shown[CUSTOM]["badge"]),
        (&json!(false), &json!(8))
    );
    let on = patch(json!([{ "op": "replace", "value": { "active": true } }]));
    app.scim(&acme, "PATCH", &path, &on).expect(200);
    // And what is known is no stranger, nor is Entra ID's second schema of a group.
    app.scim(&acme, "POST", "/Users", &whole()).expect(201);
    let microsoft = json!({ "displayName": "M", "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:Group",
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"] });
    app.scim(&acme, "POST", "/Groups", &microsoft).expect(201);
}

#[test]
fn the_command_line_sets_what_becomes_of_them() {
    let (app, _acme) = TestApp::acme();
    for word in ["refuse", "keep"] {
        let set = app.portcullis(&["org", "set", "acme", "--unknown-extensions", word]);
        assert_eq!(set["unknown_extensions"], word);
    }
}

#[test]
fn who_was_deleted_may_be_pushed_again() {
    let (app, acme) = TestApp::acme();
    let first = app.push_user(&acme, "ann@acme.com");
    let group = app.push_group(&acme, "Ops", &[&first]);
    app.scim(&acme, "DELETE", &format!("/Users/{first}"), &Value::Null)
        .expect(204);
    app.scim(&acme, "DELETE", &format!("/Users/{first}"), &Value::Null)
        .expect(404);
    // The same userName and externalId, in other case even.
    let mut again = user("ann@acme.com");
    again["userName"] = json!("Ann@acme.com");
    let made = app.scim(&acme, "POST", "/Users", &again).expect(201).json();
    assert_ne!(made["id"], json!(first));
    assert_eq!(made["externalId"], "00uann@acme.com");
    assert_eq!(made["groups"], json!([]), "nothing is inherited");
    app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &Value::Null)
        .expect(204);
    let group = json!({ "displayName": "OPS", "externalId": "g",
        "members": [{ "value": made["id"] }] });
    app.scim(&acme, "POST", "/Groups", &group).expect(201);
}

#[test]
fn a_user_in_very_many_groups_is_shown_with_the_first_thousand() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let most = i64::from(MOST_GROUPS_SHOWN);
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {most})
         INSERT INTO groups (id, organization_id, display_name, display_name_key, level, origin,
             resource, created_at, updated_at)
         SELECT printf('g%05d', i), (SELECT id FROM organizations), 'n' || i, 'n' || i, 'viewer',
             'scim', '{{}}', 0, 0 FROM n;
         INSERT INTO members (group_id, user_id) SELECT id, '{ann}' FROM groups"
    ));
    let path = format!("/Users/{ann}");
    let user = app
        .scim(&acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    let shown = user["groups"].as_array().unwrap();
    assert_eq!(
        (shown.len() as i64, &shown[0]["value"]),
        (most, &json!("g00000"))
    );
    // The groups themselves say all of it.
    let path = format!("/Groups?count=1&filter=members.value%20eq%20%22{ann}%22");
    let list = app
        .scim(&acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list["totalResults"], most + 1);
}
