use serde_json::json;

use super::super::PATCH_SCHEMA;
use super::*;

const NONE: [&str; 0] = [];
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn current() -> Object {
    let received = json!({
        "userName": "eva", "title": "Engineer", "favouriteColour": "blue",
        "name": {"givenName": "Eva", "familyName": "Smith"},
        "emails": [
            {"value": "eva@work.test", "type": "work", "primary": true},
            {"value": "eva@home.test", "type": "home"}
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"}
    });
    UserDraft::parse(received.to_string().as_bytes())
        .unwrap()
        .resource
}

fn patch(operations: Value) -> Result<UserDraft, ScimError> {
    let message = json!({"schemas": [PATCH_SCHEMA], "Operations": operations});
    Patch::parse(message.to_string().as_bytes())?.apply_to_user("u1", &current())
}

fn one(operation: Value) -> UserDraft {
    patch(json!([operation])).unwrap()
}

#[test]
fn active_in_every_form() {
    for operation in [
        json!({"op": "replace", "value": {"active": false}}),
        json!({"op": "replace", "path": "active", "value": false}),
        json!({"op": "Replace", "path": "ACTIVE", "value": "False"}),
        json!({"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false}),
    ] {
        assert_eq!(one(operation).active, Some(Active::Given(false)));
    }
    assert_eq!(
        one(json!({"op": "replace", "path": "title", "value": "x"})).active,
        None
    );
    for operation in [
        json!({"op": "replace", "path": "active", "value": null}),
        json!({"op": "add", "value": {"active": null}}),
        json!({"op": "replace", "path": "active", "value": ""}),
        json!({"op": "replace", "value": {"active": "", "title": "x"}}),
        json!({"op": "replace", "path": "active", "value": "maybe"}),
        json!({"op": "replace", "value": {"active": null}}),
    ] {
        assert_eq!(
            patch(json!([operation])).unwrap_err().scim_type,
            Some("invalidValue")
        );
    }
}

#[test]
fn a_removed_active_is_unassigned() {
    let remove = json!({"op": "remove", "path": "active"});
    let off = json!({"op": "replace", "path": "active", "value": false});
    for operations in [
        json!([remove]),
        json!([off, remove]),
        json!([remove, {"op": "replace", "path": "title", "value": "x"}]),
        json!([{"op": "remove", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active"}]),
    ] {
        let draft = patch(operations).unwrap();
        assert_eq!(draft.active, Some(Active::Unassigned));
        assert!(!draft.resource.contains_key("active"));
    }
    let back = patch(json!([remove, off])).unwrap();
    assert_eq!(back.active, Some(Active::Given(false)));
}

#[test]
fn single_values_and_parts() {
    let draft = patch(json!([
        {"op": "Add", "path": "nickName", "value": "Babs"},
        {"op": "replace", "path": "userName", "value": "eva2"},
        {"op": "replace", "path": "name.GIVENNAME", "value": "Evi"},
        {"op": "replace", "path": "name", "value": {"middleName": "M"}},
        {"op": "remove", "path": "name.familyName"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "favouriteColour.x", "value": null},
    ]));
    assert_eq!(draft.unwrap_err().scim_type, Some("invalidPath"));
    let draft = patch(json!([
        {"op": "Add", "path": "nickName", "value": "Babs"},
        {"op": "replace", "path": "userName", "value": "eva2"},
        {"op": "replace", "path": "name.GIVENNAME", "value": "Evi"},
        {"op": "replace", "path": "name", "value": {"MiddleName": "M"}},
        {"op": "remove", "path": "name.familyName"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "locale", "value": ""},
    ]))
    .unwrap();
    assert_eq!(draft.user_name, "eva2");
    assert_eq!(
        draft.resource["name"],
        json!({"givenName": "Evi", "middleName": "M"})
    );
    assert_eq!(draft.resource["nickName"], "Babs");
    assert!(!draft.resource.contains_key("title") && !draft.resource.contains_key("locale"));
}

#[test]
fn entras_dotted_and_qualified_keys() {
    let draft = patch(json!([
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "flag@work.test"},
        {"op": "replace", "value": {
            "displayName": "Bjfe", "name.givenName": "Kkom", "id": "u1",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "Aklq",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"Division": "D", "x": 1},
            "emails[type eq \"home\"].value": "flag@home.test",
            "favouriteColour": "red", "urn:example:x:User": {"a": 1}
        }},
    ]))
    .unwrap();
    assert_eq!(draft.email.as_deref(), Some("flag@work.test"));
    assert_eq!(draft.resource["emails"][1]["value"], "flag@home.test");
    assert_eq!(
        draft.resource["name"],
        json!({"givenName": "Kkom", "familyName": "Smith"})
    );
    let expected = json!({"department": "R&D", "employeeNumber": "Aklq", "division": "D", "x": 1});
    assert_eq!(draft.resource[ENTERPRISE], expected);
    assert_eq!(draft.resource["favouriteColour"], "red");
    assert_eq!(draft.resource["schemas"].as_array().unwrap().len(), 3);
    assert_eq!(draft.notes, [forgive::PATH_AS_NAME, forgive::OWN_ID]);
    for plain in [
        json!({"displayName": "x", "name": {"givenName": "y"}}),
        json!({ENTERPRISE: {"division": "D"}}),
    ] {
        assert_eq!(one(json!({"op": "add", "value": plain})).notes, NONE);
    }
    let inside = json!({"op": "add", "path": ENTERPRISE, "value": {"manager.value": "m1"}});
    assert_eq!(one(inside).notes, [forgive::PATH_AS_NAME]);
}

#[test]
fn extension_as_a_whole() {
    let draft = one(json!({"op": "remove", "path": ENTERPRISE}));
    assert!(!draft.resource.contains_key(ENTERPRISE));
    let draft = one(json!({"op": "add", "path": ENTERPRISE, "value": {"manager": "m1"}}));
    assert_eq!(
        draft.resource[ENTERPRISE],
        json!({"department": "R&D", "manager": {"value": "m1"}})
    );
    let path = format!("{ENTERPRISE}:manager.displayName");
    let draft = one(json!({"op": "add", "path": path, "value": "Max"}));
    assert_eq!(draft.resource[ENTERPRISE]["manager"]["displayName"], "Max");
}

#[test]
fn elements_by_filter() {
    let draft = one(json!({"op": "replace", "path": "emails[TYPE eq \"HOME\"]",
        "value": {"Value": "new@home.test", "type": "home", "primary": "True"}}));
    let expected = json!([
        {"value": "eva@work.test", "type": "work", "primary": false},
        {"value": "new@home.test", "type": "home", "primary": true}
    ]);
    assert_eq!(draft.resource["emails"], expected);
    assert_eq!(draft.email.as_deref(), Some("new@home.test"));

    let draft =
        one(json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"display": "d"}}));
    assert_eq!(draft.resource["emails"][1]["value"], "eva@home.test");
    let draft = one(json!({"op": "remove", "path": "emails[type eq \"work\"]"}));
    assert_eq!(draft.email.as_deref(), Some("eva@home.test"));
    let draft = one(json!({"op": "remove", "path": "emails[primary eq true].primary"}));
    assert_eq!(
        draft.resource["emails"][0],
        json!({"value": "eva@work.test", "type": "work"})
    );
    let same = one(json!({"op": "remove", "path": "emails[type eq \"none\"]"}));
    assert_eq!(same.resource, current());
    assert_eq!(same.notes, [forgive::NOTHING_TO_REMOVE]);
    let same = one(json!({"op": "remove", "path": "emails[type eq \"none\"].display"}));
    assert_eq!(same.notes, [forgive::NOTHING_TO_REMOVE]);
    assert_eq!(draft.notes, NONE);
}

#[test]
fn elements_are_made_only_where_the_filter_describes_one() {
    let made =
        one(json!({"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1"}));
    assert_eq!(
        made.resource["phoneNumbers"],
        json!([{"type": "mobile", "value": "1"}])
    );
    let notes = [forgive::OPERATION_IN_CAPITALS, forgive::ELEMENT_MADE];
    assert_eq!(made.notes, notes);
    for path in [
        "emails[type ne \"work\" and type ne \"home\"].value",
        "ims[value pr].value",
    ] {
        let error = patch(json!([{"op": "replace", "path": path, "value": "1"}])).unwrap_err();
        assert_eq!(error.scim_type, Some("noTarget"), "{path}");
    }
}

#[test]
fn lists_as_a_whole() {
    let draft = one(json!({"op": "add", "path": "emails", "value": [
        {"value": "eva@home.test", "type": "home"}, {"value": "3@x.test", "primary": true}]}));
    assert_eq!(draft.resource["emails"].as_array().unwrap().len(), 3);
    assert_eq!(draft.email.as_deref(), Some("3@x.test"));
    let draft = one(json!({"op": "replace", "path": "emails", "value": {"value": "3@x.test"}}));
    assert_eq!(draft.resource["emails"], json!([{"value": "3@x.test"}]));
    assert_eq!(draft.notes, [forgive::ONE_AS_LIST]);
    let draft = one(json!({"op": "replace", "path": "emails", "value": []}));
    assert_eq!(draft.email, None);
    let draft =
        one(json!({"op": "remove", "path": "emails", "value": [{"value": "eva@work.test"}]}));
    assert_eq!(draft.resource["emails"].as_array().unwrap().len(), 1);
    assert_eq!(draft.notes, [forgive::REMOVED_BY_VALUE]);
    let same = one(json!({"op": "remove", "path": "emails", "value": {"value": "none"}}));
    assert_eq!(same.resource, current());
    let notes = [
        forgive::REMOVED_BY_VALUE,
        forgive::ONE_AS_LIST,
        forgive::NOTHING_TO_REMOVE,
    ];
    assert_eq!(same.notes, notes);
    let draft = one(json!({"op": "remove", "path": "emails"}));
    assert!(!draft.resource.contains_key("emails"));
    let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]);
    let error = patch(json!([{"op": "replace", "path": "emails", "value": two}])).unwrap_err();
    assert_eq!(error.scim_type, Some("invalidValue"));
    let many: Vec<_> = (0..600).map(|n| json!({"value": n.to_string()})).collect();
    let error = patch(json!([{"op": "add", "path": "roles", "value": many}])).unwrap_err();
    assert_eq!(error.scim_type, Some("tooMany"));
}

#[test]
fn password_is_discarded() {
    let draft = patch(json!([
        {"op": "replace", "path": "password", "value": "secret"},
        {"op": "replace", "value": {"password": "secret", "title": "t"}},
    ]))
    .unwrap();
    assert!(!format!("{draft:?}").contains("secret"));
    assert_eq!(draft.notes, [forgive::PASSWORD_DISCARDED]);
}

#[test]
fn unknown_extensions_attribute_by_attribute() {
    const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:Custom:2.0:User";
    let path = |name: &str| format!("{CUSTOM}:{name}");
    let draft = patch(json!([
        {"op": "Add", "path": path("badge"), "value": "7"},
        {"op": "Add", "path": path("Badge"), "value": "8"},
        {"op": "add", "path": path("rooms"), "value": ["a", "b"]},
        {"op": "add", "path": path("rooms"), "value": ["b", "c"]},
        {"op": "replace", "path": path("car.plate"), "value": "X"},
        {"op": "replace", "path": path("car"), "value": {"colour": "red"}},
        {"op": "replace", "value": {path("floor"): 3}},
    ]))
    .unwrap();
    let expected =
        json!({"badge": "8", "rooms": ["a", "b", "c"], "car": {"colour": "red"}, "floor": 3});
    assert_eq!(draft.resource[CUSTOM], expected);
    assert_eq!(draft.resource["schemas"].as_array().unwrap().len(), 3);
    let notes = [forgive::OPERATION_IN_CAPITALS, forgive::UNKNOWN_EXTENSION];
    assert_eq!(draft.notes, notes);

    // A whole one, and then attributes of it although its URN doesn't say what it is.
    let draft = patch(json!([
        {"op": "add", "value": {"urn:example:x:User": {"a": 1, "b": 2}}},
        {"op": "add", "path": "urn:example:x:User", "value": {"c": 3}},
        {"op": "remove", "path": "urn:example:x:User:A"},
        {"op": "replace", "value": {"urn:example:x:User:b": null}},
    ]))
    .unwrap();
    assert_eq!(draft.resource["urn:example:x:User"], json!({"c": 3}));
    let draft = patch(json!([
        {"op": "add", "path": CUSTOM, "value": {"a": 1}},
        {"op": "remove", "path": path("a")},
        {"op": "remove", "path": path("never")},
    ]))
    .unwrap();
    assert!(!draft.resource.contains_key(CUSTOM));
    let draft = patch(json!([
        {"op": "add", "path": CUSTOM, "value": {"a": 1}},
        {"op": "remove", "path": CUSTOM},
    ]));
    assert!(!draft.unwrap().resource.contains_key(CUSTOM));
    for (operation, wanted) in [
        (json!({"op": "add", "path": path("a")}), "invalidValue"),
        (
            json!({"op": "add", "path": format!("{CUSTOM}:a[b pr]"), "value": 1}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:displayName", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "value": {"urn:ietf:params:scim:schemas:core:2.0:Users:active": {}}}),
            "invalidPath",
        ),
    ] {
        let error = patch(json!([operation.clone()])).unwrap_err();
        assert_eq!(error.scim_type, Some(wanted), "{operation}");
    }
}

#[test]
fn entras_single_role() {
    let draft =
        one(json!({"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin"}));
    assert_eq!(
        draft.resource["roles"],
        json!([{"primary": true, "value": "Admin"}])
    );
    let notes = [
        forgive::OPERATION_IN_CAPITALS,
        forgive::BOOLEAN_AS_TEXT,
        forgive::ELEMENT_MADE,
    ];
    assert_eq!(draft.notes, notes);
}

#[test]
fn operations_see_what_came_before() {
    let draft = patch(json!([
        {"op": "remove", "path": "emails"},
        {"op": "add", "path": "emails", "value": {"value": "1@x.test", "primary": true}},
        {"op": "add", "path": "emails", "value": [{"value": "2@x.test", "primary": true}]},
        {"op": "replace", "path": "emails[value eq \"1@x.test\"].type", "value": "home"},
        {"op": "add", "path": "emails", "value": [{"value": "2@x.test", "primary": true}]},
    ]))
    .unwrap();
    let expected = json!([
        {"value": "1@x.test", "primary": false, "type": "home"},
        {"value": "2@x.test", "primary": true}
    ]);
    assert_eq!(draft.resource["emails"], expected);
}

#[test]
fn refuses_the_rest() {
    for (operation, wanted) in [
        (
            json!({"op": "add", "path": "favouriteColour", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "name.nick", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "urn:x:y:a", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "members", "value": []}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "emails.value", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"work\"].nick", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "name[givenName pr]", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "emails[nick eq \"x\"].value", "value": "x"}),
            "invalidFilter",
        ),
        (
            json!({"op": "replace", "path": "id", "value": "u1"}),
            "mutability",
        ),
        (
            json!({"op": "replace", "path": "meta.version", "value": "x"}),
            "mutability",
        ),
        (
            json!({"op": "replace", "path": "groups", "value": []}),
            "mutability",
        ),
        (
            json!({"op": "replace", "path": "schemas", "value": []}),
            "mutability",
        ),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (
            json!({"op": "replace", "value": {"userName": null}}),
            "mutability",
        ),
        (
            json!({"op": "replace", "value": {"id": "u2"}}),
            "mutability",
        ),
        (
            json!({"op": "replace", "value": {"groups": []}}),
            "mutability",
        ),
        (
            json!({"op": "replace", "value": {"name.nick": "x"}}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "value": {"urn:x:y:a": "x"}}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "value": {"title": "t", "actve": false}}),
            "invalidPath",
        ),
        (json!({"op": "add", "value": {"actve": {}}}), "invalidPath"),
        (
            json!({"op": "replace", "value": {"actve": null}}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "value": {"a b": "x"}}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "userName", "value": ""}),
            "invalidValue",
        ),
        (
            json!({"op": "replace", "path": "userName", "value": 7}),
            "invalidValue",
        ),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (
            json!({"op": "add", "path": "emails", "value": "x"}),
            "invalidValue",
        ),
        (json!({"op": "add", "value": []}), "invalidValue"),
    ] {
        let error = patch(json!([operation.clone()])).unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (400, Some(wanted)),
            "{operation}"
        );
    }
    let large = patch(json!([{"op": "replace", "path": "title", "value": "x".repeat(70_000)}]));
    assert_eq!(large.unwrap_err().status, 413);
}

#[test]
fn a_patch_does_only_so_much_while_others_wait() {
    let refused = |operations: Value| {
        let error = patch(operations).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some("tooMany")));
        assert!(error.detail.contains("2000"), "{error}");
    };
    let named = |count: usize, name: &dyn Fn(usize) -> String| -> Value {
        let attributes: Object = (0..count).map(|n| (name(n), json!(1))).collect();
        Value::Object(attributes)
    };
    // Every attribute of one operation.
    let extension = |n: usize| format!("urn:x:extension:{n}:c");
    assert!(patch(json!([{"op": "add", "value": named(MAX_STEPS / 2, &extension)}])).is_ok());
    refused(json!([{"op": "add", "value": named(MAX_STEPS + 1, &extension)}]));
    let plain = |n: usize| format!("k{n}");
    let kept = |count: usize| -> Value {
        let schemas: Object = (0..count)
            .map(|n| (format!("http://x/{n}"), json!({})))
            .collect();
        Value::Object(schemas)
    };
    assert!(patch(json!([{"op": "add", "value": kept(MAX_STEPS)}])).is_ok());
    refused(json!([{"op": "add", "value": kept(MAX_STEPS + 1)}]));
    refused(json!([{"op": "add", "path": ENTERPRISE, "value": named(MAX_STEPS, &plain)}]));
    refused(json!([
        {"op": "add", "path": "urn:x:extension:a:b", "value": {"c": 1}},
        {"op": "add", "path": "urn:x:extension:a:b", "value": named(MAX_STEPS, &plain)},
    ]));
    // Every comparison of every filter.
    let filter = vec!["value co \"x\""; 199].join(" or ");
    let path = format!("emails[{filter}]");
    let operations = |count: usize| json!(vec![json!({"op": "remove", "path": path}); count]);
    assert!(patch(operations(10)).is_ok());
    refused(operations(11));
    let key = format!("emails[{}]", vec!["value pr"; 300].join(" and "));
    let keyed = json!({"op": "add", "value": {key: {"display": "d"}}});
    refused(json!(vec![keyed; 7]));
}

#[test]
fn an_unknown_attribute_that_is_there_may_come_back() {
    let draft = one(json!({"op": "replace", "value": {"FAVOURITECOLOUR": "red"}}));
    assert_eq!(draft.resource["favouriteColour"], "red");
    assert!(!draft.resource.contains_key("FAVOURITECOLOUR"));
    assert_eq!(draft.notes, NONE);
    let shown = Value::Object(current());
    let same = one(json!({"op": "replace", "value": shown}));
    assert_eq!(same.resource, current());
    let draft = one(json!({"op": "replace", "value": {"favouritecolour": null}}));
    assert!(!draft.resource.contains_key("favouriteColour"));
}
