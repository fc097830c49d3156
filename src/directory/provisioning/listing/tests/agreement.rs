//! What SQL says of a filter is what [`Filter::matches`] says of it, for generated filters and
//! generated resources.

use super::*;

/// A filter's text over attributes of both types. `{u}` and `{g}` stand for ids.
fn filter() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn comparison() -> impl Strategy<Value = String> {
    let texts = prop::sample::select(
        &[
            "userName",
            "displayName",
            "externalId",
            "emails",
            "emails.value",
            "emails.type",
            "title",
            "id",
            "groups.value",
            "groups.display",
            "members.value",
            "members.display",
            "nickName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ][..],
    );
    let dates = prop::sample::select(&["meta.created", "meta.lastModified"][..]);
    let present = prop::sample::select(
        &[
            "userName",
            "displayName",
            "externalId",
            "emails",
            "emails.value",
            "active",
            "meta",
            "id",
            "groups",
            "groups.value",
            "groups.display",
            "members",
            "members.value",
            "members.type",
            "title",
            "schemas",
            "meta.created",
            "name",
            "email",
        ][..],
    );
    prop_oneof![
        8 => (texts, operator(), literal()).prop_map(|(a, op, v)| format!("{a} {op} {v}")),
        2 => (dates, order(), -3_000_i64..12_000).prop_map(|(a, op, at)| {
            let at = Timestamp::from_millis(1_700_000_000_000 + at).to_string();
            format!("{a} {op} \"{}\"", at.replace('Z', "+00:00"))
        }),
        3 => present.prop_map(|a| format!("{a} pr")),
        2 => (equality(), prop::sample::select(&["true", "false", "null"][..]))
            .prop_map(|(op, v)| format!("active {op} {v}")),
        1 => (equality(), prop::sample::select(&["User", "Group", "user"][..]))
            .prop_map(|(op, v)| format!("meta.resourceType {op} \"{v}\"")),
        2 => (operator(), literal()).prop_map(|(op, v)| format!("emails[value {op} {v}]")),
        2 => (operator(), literal(), equality(), prop::sample::select(&["and", "or"][..]))
            .prop_map(|(op, v, equality, word)| {
                format!("emails[type {equality} \"work\" {word} value {op} {v}]")
            }),
        1 => (operator(), literal())
            .prop_map(|(op, v)| format!("emails[not (value {op} {v})].type eq \"home\"")),
        1 => (equality(), literal()).prop_map(|(op, v)| format!("members[value {op} {v}]")),
        1 => (equality(), literal()).prop_map(|(op, v)| format!("groups[value {op} {v}]")),
    ]
}

fn equality() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["eq", "ne"][..])
}

fn order() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["eq", "ne", "gt", "ge", "lt", "le"][..])
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"][..])
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => text().prop_map(|text| json!(text).to_string()),
        1 => prop::sample::select(&["\"\"", "null", "\"\\u0000\"", "\"a\\u0000\""][..])
            .prop_map(str::to_owned),
        2 => prop::sample::select(&["\"{u}\"", "\"{g}\"", "\"0\""][..]).prop_map(str::to_owned),
    ]
}

/// With real ids for `{u}` and `{g}`.
fn with_ids(filter: &str, world: &World) -> String {
    let first = |resources| {
        let all = world.all(resources);
        all.first()
            .and_then(|shown| shown["id"].as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    filter
        .replace("{u}", &first(Resources::Users))
        .replace("{g}", &first(Resources::Groups))
}

fn agrees(world: &World, filter: &str, types: &[Resources]) {
    let raw: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("filter", filter)
        .finish();
    // What one type lacks is refused, which isn't the point here.
    let Ok(parts) = parts(&raw, types) else {
        return;
    };
    let expected = world.expected(&parts);
    let page = Page::Index {
        skip: 0,
        count: 200,
    };
    for limits in [SMALL, Limits::OURS] {
        let listed = world.list(&parts, &page, limits).unwrap();
        assert_eq!(ids(&listed), expected, "{filter} of {types:?}");
        assert_eq!(listed.total, expected.len(), "{filter} of {types:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn sql_and_evaluator_agree(
        seed in seed(),
        filters in prop::collection::vec(filter(), 24),
    ) {
        let world = World::new(seed);
        for filter in filters {
            let filter = with_ids(&filter, &world);
            agrees(&world, &filter, &[Resources::Users]);
            agrees(&world, &filter, &[Resources::Groups]);
            agrees(&world, &filter, &[Resources::Users, Resources::Groups]);
        }
    }
}
