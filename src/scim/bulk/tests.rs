use super::*;

fn parse(operations: Value) -> Result<Bulk, ScimError> {
    message(json!({ "schemas": [BULK_SCHEMA], "Operations": operations }))
}

fn message(message: Value) -> Result<Bulk, ScimError> {
    let mut number = 0;
    Bulk::parse(message.to_string().as_bytes(), || {
        number += 1;
        format!("id{number}")
    })
}

fn creation(bulk_id: &str, manager: Option<&str>) -> Value {
    let mut user = json!({"userName": bulk_id});
    if let Some(manager) = manager {
        user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] =
            json!({"manager": {"value": format!("bulkId:{manager}")}});
    }
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": user})
}

#[test]
fn references_are_replaced_wherever_an_id_may_stand() {
    let bulk = parse(json!([
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "G",
            "members": [{"value": "bulkId:u"}, {"value": "other"}]}},
        creation("u", None),
        {"method": "PATCH", "path": "/Groups/g1", "data": {"schemas": [crate::scim::patch::PATCH_SCHEMA],
            "Operations": [
                {"op": "remove", "path": "members[value eq \"bulkId:u\" or value eq \"bulkId:v\"]"},
                {"op": "add", "path": "members", "value": [{"value": "bulkId:u"}]}]}},
        {"method": "PATCH", "path": "/Users/bulkId:u", "version": "W/\"1\"",
            "data": [{"op": "replace", "path": "title", "value": "t"}]},
        {"method": "DELETE", "path": "Groups/bulkId:g"},
        creation("v", None),
    ]))
    .unwrap();
    // In the order of the POSTs: g, u, v.
    let Ok(Change {
        verb: Verb::CreateGroup(group),
        id,
        ..
    }) = &bulk.operations[0].change
    else {
        panic!("{:?}", bulk.operations[0]);
    };
    assert_eq!(id, "id1");
    assert_eq!(
        group.members,
        Some(vec!["id2".to_owned(), "other".to_owned()])
    );
    let Ok(Change {
        verb: Verb::PatchGroup(patch),
        ..
    }) = &bulk.operations[2].change
    else {
        panic!("{:?}", bulk.operations[2]);
    };
    let changes = patch
        .group_changes("g1", &Map::new(), &mut Vec::new())
        .unwrap();
    let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        changes,
        [
            crate::scim::GroupChange::RemoveMembers(ids(&["id2", "id3"])),
            crate::scim::GroupChange::AddMembers(ids(&["id2"])),
        ]
    );
    let patched = bulk.operations[3].change.as_ref().unwrap();
    assert_eq!(patched.id, "id2");
    assert!(!patched.conditions.are_none());
    assert_eq!(bulk.operations[4].change.as_ref().unwrap().id, "id1");
    assert_eq!(
        bulk.order,
        [vec![1], vec![0], vec![5], vec![2], vec![3], vec![4]]
    );
    let Verb::PatchUser(patch) = &patched.verb else {
        panic!("{patched:?}");
    };
    let user = UserDraft::parse(br#"{"userName":"u"}"#).unwrap().resource;
    let notes = patch.apply_to_user("id2", &user).unwrap().notes;
    assert_eq!(notes, [forgive::BULK_PATCH_AS_LIST]);
}

#[test]
fn circles_come_together() {
    let bulk = parse(json!([
        creation("a", Some("b")),
        creation("b", Some("a")),
        creation("c", Some("c")),
        creation("d", Some("a")),
    ]))
    .unwrap();
    assert_eq!(bulk.order, [vec![0, 1], vec![2], vec![3]]);
    let Ok(Change {
        verb: Verb::CreateUser(user),
        id,
        ..
    }) = &bulk.operations[2].change
    else {
        panic!("{:?}", bulk.operations[2]);
    };
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(user.resource[urn]["manager"]["value"], json!(id));
}

#[test]
fn what_is_wrong_with_one_is_told_of_it_alone() {
    let patch = |value: Value| json!({"method": "PATCH", "path": "/Users/x", "data": value});
    for (operation, status, scim_type) in [
        (json!(7), 400, "invalidSyntax"),
        (json!({}), 400, "invalidSyntax"),
        (
            json!({"method": "GET", "path": "/Users/x"}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "post", "path": "/Users", "bulkId": "x", "data": {}}),
            400,
            "invalidSyntax",
        ),
        (json!({"method": "DELETE"}), 400, "invalidSyntax"),
        (json!({"method": "DELETE", "path": 7}), 400, "invalidSyntax"),
        (
            json!({"method": "DELETE", "path": "/Users/x", "data": {}}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/x", "surprise": 1}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "PUT", "path": "/Users/x"}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "PUT", "path": "/Users/x", "data": []}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/x", "bulkId": 7}),
            400,
            "invalidSyntax",
        ),
        (
            json!({"method": "DELETE", "path": "/Users"}),
            400,
            "invalidPath",
        ),
        (
            json!({"method": "DELETE", "path": "/Robots/x"}),
            400,
            "invalidPath",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/x/y"}),
            400,
            "invalidPath",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/x?attributes=id"}),
            400,
            "invalidPath",
        ),
        (
            json!({"method": "POST", "path": "/Users/x", "bulkId": "q", "data": {}}),
            400,
            "invalidPath",
        ),
        (
            json!({"method": "POST", "path": "/Users", "data": {"userName": "q"}}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "", "data": {}}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "x".repeat(257), "data": {}}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "q", "data": {}}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "q", "version": "\"1\"", "data": {"userName": "q"}}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/x", "version": "1"}),
            400,
            "invalidValue",
        ),
        (
            json!({"method": "DELETE", "path": "/Users/bulkId:nobody"}),
            409,
            "invalidValue",
        ),
        (
            json!({"method": "DELETE", "path": "/Groups/bulkId:good"}),
            409,
            "invalidValue",
        ),
        (
            json!({"method": "PUT", "path": "/Groups/x", "data": {"displayName": "g",
            "members": [{"value": "bulkId:nobody"}]}}),
            409,
            "invalidValue",
        ),
        (
            patch(
                json!({"Operations": [{"op": "remove", "path": "emails[value eq \"bulkId:nobody\"]"}]}),
            ),
            409,
            "invalidValue",
        ),
        (
            patch(json!({"Operations": [{"op": "move"}]})),
            400,
            "invalidSyntax",
        ),
        (patch(json!([])), 400, "invalidSyntax"),
    ] {
        let bulk = parse(json!([operation, creation("good", None)])).unwrap();
        let error = bulk.operations[0].change.as_ref().unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (status, Some(scim_type)),
            "{operation}: {error}"
        );
        assert!(bulk.operations[1].change.is_ok());
        assert_eq!(bulk.order.concat().len(), 2);
    }
    let secret = json!({"method": "PUT", "path": "/Users/x",
        "data": {"userName": "x", "password": "bulkId:hunter2"}});
    let bulk = parse(json!([secret])).unwrap();
    let error = bulk.operations[0].change.as_ref().unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn what_is_wrong_with_the_whole_refuses_it() {
    let one = json!([creation("a", None)]);
    for (refused, scim_type) in [
        (json!({"Operations": one}), "invalidSyntax"),
        (
            json!({"schemas": ["urn:x"], "Operations": one}),
            "invalidSyntax",
        ),
        (json!({"schemas": [BULK_SCHEMA]}), "invalidSyntax"),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": {}}),
            "invalidSyntax",
        ),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": []}),
            "invalidSyntax",
        ),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": one, "surprise": 1}),
            "invalidSyntax",
        ),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": one, "failOnErrors": 0}),
            "invalidValue",
        ),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": one, "failOnErrors": -1}),
            "invalidValue",
        ),
        (
            json!({"schemas": [BULK_SCHEMA], "Operations": one, "failOnErrors": "1"}),
            "invalidValue",
        ),
        (
            json!({"schemas": [BULK_SCHEMA],
                "Operations": [creation("a", None), creation("a", None)]}),
            "invalidValue",
        ),
    ] {
        let error = message(refused.clone()).unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (400, Some(scim_type)),
            "{refused}"
        );
    }
    let limited = json!({"schemas": [BULK_SCHEMA], "Operations": one, "failOnErrors": 2});
    assert_eq!(message(limited).unwrap().fail_on_errors, Some(2));
}

#[test]
fn is_bounded() {
    let many = |count: usize| {
        let operations: Vec<Value> = (0..count).map(|n| creation(&n.to_string(), None)).collect();
        parse(Value::Array(operations))
    };
    assert_eq!(
        many(MAX_OPERATIONS).unwrap().operations.len(),
        MAX_OPERATIONS
    );
    let error = many(MAX_OPERATIONS + 1).unwrap_err();
    assert_eq!(error.status, 413);
    assert!(error.detail.contains("maxOperations, 1000"));
    let error = Bulk::parse(&vec![b' '; MAX_PAYLOAD + 1], String::new).unwrap_err();
    assert_eq!(error.status, 413);
    assert!(error.detail.contains("maxPayloadSize, 4194304"));
}

#[test]
fn the_answer_has_what_the_rfc_wants() {
    let bulk =
        parse(json!([creation("a", None), {"method": "DELETE", "path": "/Users/x"}])).unwrap();
    let made = Done {
        status: 201,
        location: Some("https://door.test/u".into()),
        version: Some("W/\"1\"".into()),
        error: None,
    };
    assert_eq!(
        outcome(&bulk.operations[0], &made),
        json!({"location": "https://door.test/u", "method": "POST", "bulkId": "a",
            "version": "W/\"1\"", "status": "201"})
    );
    let failed = Done {
        status: 404,
        error: Some(ScimError::not_found("no")),
        ..Done::default()
    };
    let shown = outcome(&bulk.operations[1], &failed);
    assert_eq!(
        (&shown["status"], &shown["response"]["status"]),
        (&json!("404"), &json!("404"))
    );
    assert!(shown.get("bulkId").is_none() && shown.get("location").is_none());
    assert_eq!(response(vec![])["schemas"], json!([BULK_RESPONSE_SCHEMA]));
}
