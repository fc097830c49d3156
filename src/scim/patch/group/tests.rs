use serde_json::json;

use super::GroupChange::*;
use super::*;

fn changes(operations: Value) -> Result<(Vec<GroupChange>, Vec<&'static str>), ScimError> {
    let message = json!({"schemas": [super::super::PATCH_SCHEMA], "Operations": operations});
    let mut notes = Vec::new();
    let patch = Patch::parse(message.to_string().as_bytes())?;
    Ok((patch.group_changes("g1", &Map::new(), &mut notes)?, notes))
}

fn ids(list: &[&str]) -> Vec<String> {
    list.iter().map(|&id| id.to_owned()).collect()
}

#[test]
fn takes_oktas_forms() {
    let (made, notes) = changes(json!([
        {"op": "remove", "path": "members[value eq \"a\"]"},
        {"op": "remove", "path": "members[value eq \"b\"]"},
        {"op": "add", "path": "members", "value": [{"value": "c"}, {"value": "c", "$ref": null}]},
    ]))
    .unwrap();
    assert_eq!(
        made,
        [RemoveMembers(ids(&["a", "b"])), AddMembers(ids(&["c"]))]
    );
    assert_eq!(notes, [forgive::NULL_REFERENCE]);

    let rename = json!([{"op": "replace", "value": {"id": "g1", "displayName": "n"}}]);
    assert_eq!(
        changes(rename).unwrap(),
        (vec![Rename("n".into())], vec![forgive::OWN_ID])
    );
    let other = changes(json!([{"op": "replace", "value": {"id": "g2"}}])).unwrap_err();
    assert_eq!(other.scim_type, Some("mutability"));

    let (made, _) = changes(json!([
        {"op": "replace", "value": {"members": [], "id": "g1", "displayName": "n"}}
    ]))
    .unwrap();
    assert_eq!(made, [ReplaceMembers(vec![]), Rename("n".into())]);
}

#[test]
fn takes_entras_forms() {
    let (made, notes) = changes(json!([
        {"op": "Remove", "path": "members", "value": [{"value": "a", "$ref": null}]},
    ]))
    .unwrap();
    assert_eq!(
        (made, notes),
        (
            vec![RemoveMembers(ids(&["a"]))],
            vec![
                forgive::OPERATION_IN_CAPITALS,
                forgive::NULL_REFERENCE,
                forgive::REMOVED_BY_VALUE
            ]
        )
    );
    let all = json!([{"op": "Remove", "path": "MEMBERS"}]);
    assert_eq!(changes(all).unwrap().0, [RemoveAllMembers]);
    // An empty list to remove names nobody; it must not be read as "everybody".
    let nobody = json!([{"op": "Remove", "path": "members", "value": []}]);
    assert_eq!(changes(nobody).unwrap().0, []);
    let (made, notes) = changes(json!([
        {"op": "Replace", "path": "displayName", "value": "n"},
        {"op": "Add", "path": "externalId", "value": "x"},
        {"op": "remove", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:externalId"},
        {"op": "add", "path": "members", "value": {"value": "one"}},
        {"op": "remove", "path": "members[value eq \"a\" or VALUE eq \"b\"]"},
    ]))
    .unwrap();
    let expected = [
        Rename("n".into()),
        ExternalId(Some("x".into())),
        ExternalId(None),
        AddMembers(ids(&["one"])),
        RemoveMembers(ids(&["a", "b"])),
    ];
    assert_eq!(made, expected);
    assert_eq!(
        notes,
        [forgive::OPERATION_IN_CAPITALS, forgive::ONE_AS_LIST]
    );
    let key = "urn:ietf:params:scim:schemas:core:2.0:Group:externalId";
    let (made, notes) = changes(json!([{"op": "add", "value": {key: "x"}}])).unwrap();
    assert_eq!(made, [ExternalId(Some("x".into()))]);
    assert_eq!(notes, [forgive::PATH_AS_NAME]);
}

#[test]
fn changes_extensions_that_nobody_knows() {
    const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:Custom:2.0:Group";
    let current = json!({"schemas": [GROUP.schema.id, "urn:x:Group"], "displayName": "Ops",
        "urn:x:Group": {"floor": 3}});
    let current = current.as_object().unwrap();
    let applied = |operations: Value| {
        let message = json!({"Operations": operations}).to_string();
        let patch = Patch::parse(message.as_bytes())?;
        let mut notes = Vec::new();
        let mut resource = current.clone();
        let mut count = 0;
        for change in patch.group_changes("g1", current, &mut notes)? {
            count += 1;
            if let Extend(changes) = change {
                resource = extended(&resource, &changes, &mut notes)?.resource;
            }
        }
        Ok::<_, ScimError>((Value::Object(resource), count, notes))
    };
    let (resource, count, notes) = applied(json!([
        {"op": "Add", "path": format!("{CUSTOM}:cost"), "value": 7},
        {"op": "add", "value": {format!("{CUSTOM}:Centre"): "x", "urn:x:Group:floor": null}},
        {"op": "replace", "path": CUSTOM, "value": {"cost": 8}},
    ]))
    .unwrap();
    assert_eq!(resource[CUSTOM], json!({"cost": 8, "Centre": "x"}));
    assert!(
        resource.get("urn:x:Group").is_none(),
        "nothing is left of it"
    );
    assert_eq!((&resource["displayName"], count), (&json!("Ops"), 1));
    assert!(notes.contains(&forgive::UNKNOWN_EXTENSION));
    for (operation, wanted) in [
        (
            json!({"op": "add", "path": "urn:y:Group:a", "value": 1}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": format!("{CUSTOM}:a"), "value": null}),
            "invalidValue",
        ),
        (
            json!({"op": "add", "path": format!("{CUSTOM}:a[b eq 1]"), "value": 1}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:Groups:displayName",
            "value": "x"}),
            "invalidPath",
        ),
    ] {
        let error = applied(json!([operation])).unwrap_err();
        assert_eq!(error.scim_type, Some(wanted), "{operation}");
    }
    let one = json!({"op": "add", "path": format!("{CUSTOM}:a"), "value": 1});
    assert!(applied(json!(vec![one.clone(); MAX_EXTENSION_CHANGES])).is_ok());
    let error = applied(json!(vec![one; MAX_EXTENSION_CHANGES + 1])).unwrap_err();
    assert_eq!(error.scim_type, Some("tooMany"));
}

#[test]
fn refuses_the_rest() {
    for (operation, wanted) in [
        (
            json!({"op": "add", "path": "colour", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "value": {"colour": "x"}}),
            "invalidPath",
        ),
        (
            json!({"op": "add", "path": "members.value", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "remove", "path": "displayName[a pr]"}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "id", "value": "g1"}),
            "mutability",
        ),
        (
            json!({"op": "replace", "path": "meta.created", "value": "x"}),
            "mutability",
        ),
        (
            json!({"op": "replace", "value": {"meta": {}}}),
            "mutability",
        ),
        (json!({"op": "remove", "path": "displayName"}), "mutability"),
        (
            json!({"op": "replace", "path": "members[value eq \"a\"]", "value": {}}),
            "mutability",
        ),
        (
            json!({"op": "remove", "path": "members[value eq \"a\"].display"}),
            "mutability",
        ),
        (
            json!({"op": "remove", "path": "members[value ne \"a\"]"}),
            "invalidFilter",
        ),
        (
            json!({"op": "remove", "path": "members[display eq \"a\"]"}),
            "invalidFilter",
        ),
        (
            json!({"op": "remove", "path": "members[colour eq \"a\"]"}),
            "invalidFilter",
        ),
        (
            json!({"op": "replace", "path": "displayName", "value": null}),
            "invalidValue",
        ),
        (
            json!({"op": "replace", "path": "displayName", "value": " "}),
            "invalidValue",
        ),
        (
            json!({"op": "replace", "path": "externalId", "value": 7}),
            "invalidValue",
        ),
        (json!({"op": "add", "path": "members"}), "invalidValue"),
        (
            json!({"op": "add", "path": "members", "value": ["a"]}),
            "invalidValue",
        ),
        (
            json!({"op": "add", "path": "members", "value": [{"value": "a", "type": "Group"}]}),
            "invalidValue",
        ),
        (json!({"op": "replace", "value": "x"}), "invalidValue"),
        (json!({"op": "replace"}), "invalidValue"),
    ] {
        let error = changes(json!([operation.clone()])).unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (400, Some(wanted)),
            "{operation}"
        );
    }
}

#[test]
fn members_are_bounded_over_all_operations() {
    let half: Vec<_> = (0..60_000)
        .map(|n| json!({"value": n.to_string()}))
        .collect();
    let operation = json!({"op": "add", "path": "members", "value": half});
    assert!(changes(json!([operation])).is_ok());
    let error = changes(json!([operation, operation])).unwrap_err();
    assert_eq!(error.scim_type, Some("tooMany"));
}
