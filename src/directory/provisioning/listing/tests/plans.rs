//! What identity providers ask is answered by an index, and whatever else is bounded.

use super::*;

/// How SQLite goes about each statement of a list.
fn ways(world: &World, raw: &str, resources: Resources, limits: Limits) -> Vec<String> {
    let parts = parts(raw, &[resources]).unwrap();
    let asked = Asked {
        conn: &world.conn,
        organization: &world.organization,
        base: BASE,
        limits,
    };
    super::STATEMENTS.with_borrow_mut(Vec::clear);
    asked
        .list(&parts, &Page::Index { skip: 0, count: 10 })
        .unwrap();
    let statements = super::STATEMENTS.with_borrow(Clone::clone);
    assert!(!statements.is_empty(), "{raw}");
    statements
        .iter()
        .flat_map(|sql| {
            let mut explained = world
                .conn
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let ways = explained.raw_query();
            ways.mapped(|row| row.get::<_, String>(3))
                .collect::<Result<Vec<_>, _>>()
                .unwrap()
        })
        .collect()
}

fn world() -> World {
    let people = (0..6)
        .map(|_| json!({ "userName": "a", "active": true, "emails": [{ "value": "b" }] }))
        .collect();
    World::new((people, vec![("a", None, vec![true, true])]))
}

fn filter(text: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("filter", text)
        .finish()
}

#[test]
fn what_providers_look_up_is_found_by_its_own_index() {
    let world = world();
    for (text, resources) in [
        ("userName eq \"a\"", Resources::Users),
        ("userName eq \"a\" and active eq true", Resources::Users),
        ("externalId eq \"a\"", Resources::Users),
        ("id eq \"a\"", Resources::Users),
        ("emails.value eq \"b\"", Resources::Users),
        ("emails[type eq \"work\"].value eq \"b\"", Resources::Users),
        (
            "emails eq \"b\" or userName eq \"b\" or externalId eq \"b\"",
            Resources::Users,
        ),
        ("displayName eq \"a\"", Resources::Users),
        ("displayName sw \"a\"", Resources::Users),
        ("userName sw \"x\"", Resources::Users),
        ("groups.value eq \"a\"", Resources::Users),
        (
            "meta.lastModified gt \"2030-01-01T00:00:00Z\"",
            Resources::Users,
        ),
        (
            "meta.created ge \"2030-01-01T00:00:00Z\" and title pr",
            Resources::Users,
        ),
        ("displayName eq \"a\"", Resources::Groups),
        ("externalId eq \"a\"", Resources::Groups),
        ("members.value eq \"a\"", Resources::Groups),
        ("members[value eq \"a\"]", Resources::Groups),
        ("id eq \"a\" and members.value eq \"b\"", Resources::Groups),
        ("members.display eq \"a\"", Resources::Groups),
        (
            "meta.lastModified gt \"2030-01-01T00:00:00Z\"",
            Resources::Groups,
        ),
    ] {
        let ways = ways(&world, &filter(text), resources, Limits::OURS);
        for way in &ways {
            assert!(
                !way.contains("SCAN users") && !way.contains("SCAN groups"),
                "{text}: {way}"
            );
            // The organization alone is no index to find anybody by.
            assert!(!way.ends_with("(organization_id=?)"), "{text}: {ways:#?}");
        }
    }
}

#[test]
fn orders_and_large_ranges_are_walked_without_sorting() {
    let world = world();
    for (raw, resources) in [
        (String::new(), Resources::Users),
        ("sortBy=userName".to_owned(), Resources::Users),
        (
            "sortBy=meta.lastModified&sortOrder=descending".to_owned(),
            Resources::Users,
        ),
        ("sortBy=displayName".to_owned(), Resources::Groups),
        (filter("userName sw \"a\""), Resources::Users),
        (filter("active eq true"), Resources::Users),
        (filter("userName co \"a\""), Resources::Users),
        (
            format!("{}&sortBy=meta.created", filter("active eq true")),
            Resources::Users,
        ),
    ] {
        for way in ways(&world, &raw, resources, SMALL) {
            let reads = way.contains(" users") || way.contains(" groups");
            assert!(!reads || way.contains("INDEX"), "{raw}: {way}");
            assert!(!way.contains("TEMP B-TREE"), "{raw}: {way}");
        }
    }
}

/// A million may have it or not: they are counted in the index, without a look at one of them.
#[test]
fn who_is_active_is_counted_by_the_index_alone() {
    let world = world();
    for text in [
        "active eq true",
        "active ne true",
        "active ne false",
        "active pr",
        "active ne null",
    ] {
        let ways = ways(&world, &filter(text), Resources::Users, SMALL);
        let counted = "USING COVERING INDEX users_by_active";
        assert!(
            ways.iter().any(|way| way.contains(counted)),
            "{text}: {ways:#?}"
        );
    }
    // And few are found by it.
    for text in ["active eq null", "not (active pr)", "active ne true"] {
        let ways = ways(&world, &filter(text), Resources::Users, Limits::OURS);
        for way in ways.iter().filter(|way| way.contains("users_by")) {
            let found = "users_by_active (organization_id=? AND active_shown=?)";
            assert!(way.ends_with(found), "{text}: {way}");
        }
        assert!(
            !ways.iter().any(|way| way.contains("users_in_order")),
            "{text}: {ways:#?}"
        );
    }
}

#[test]
fn what_would_look_at_too_much_is_refused_with_advice() {
    let world = world();
    let page = Page::Index { skip: 0, count: 10 };
    let refused = |raw: &str, limits| {
        let parts = parts(raw, &[Resources::Users]).unwrap();
        match world.list(&parts, &page, limits) {
            Err(ProvisioningError::Scim(error)) => {
                assert_eq!(error.scim_type, Some("tooMany"), "{raw}");
                assert!(error.detail.contains("Narrow the filter"), "{raw}");
            }
            other => panic!("{raw}: {other:?}"),
        }
    };
    let few = Limits {
        scanned: 5,
        ..SMALL
    };
    refused(&filter("title pr"), few);
    refused("sortBy=title", few);
    refused(&filter("title pr and userName co \"a\""), few);
    let narrow = parts(
        &filter("title pr and userName eq \"a\""),
        &[Resources::Users],
    )
    .unwrap();
    assert!(world.list(&narrow, &page, few).is_ok());
}

#[test]
fn steps_are_bounded_too() {
    let world = world();
    world
        .conn
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
             INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
                 created_at, updated_at)
             SELECT 'u' || i, ?1, 'u' || i, 'u' || i, 'scim', '{}', i, i FROM n",
            [&world.organization.id],
        )
        .unwrap();
    let limits = Limits {
        steps: 50_000,
        ..Limits::OURS
    };
    let page = Page::Index { skip: 0, count: 10 };
    for text in ["userName co \"zz\"", "not (externalId eq \"a\")"] {
        let asked = parts(&filter(text), &[Resources::Users]).unwrap();
        let refused = world.list(&asked, &page, limits).unwrap_err();
        assert!(
            matches!(refused, ProvisioningError::Scim(error) if error.scim_type == Some("tooMany"))
        );
        assert!(world.list(&asked, &page, Limits::OURS).is_ok());
    }
    let cheap = parts(&filter("userName eq \"u77\""), &[Resources::Users]).unwrap();
    assert_eq!(world.list(&cheap, &page, limits).unwrap().total, 1);
}

/// SQLite bounds the terms of a statement too; the longest filters must not meet those bounds.
#[test]
fn the_longest_filters_are_answered() {
    let world = world();
    let page = Page::Index { skip: 0, count: 10 };
    for (term, resources, total) in [
        ("email eq \"b\"", Resources::Users, 6),
        ("id eq \"\"", Resources::Users, 0),
        ("id pr", Resources::Users, 6),
        ("active ne true", Resources::Users, 0),
        ("not(id eq \"\")", Resources::Users, 6),
        ("email ne \"\"", Resources::Users, 6),
        ("groups.display eq \"a0\"", Resources::Users, 2),
        ("members eq \"a\"", Resources::Groups, 0),
    ] {
        for word in ["or", "and"] {
            let most = crate::scim::filter::MAX_LENGTH / (term.len() + word.len() + 2);
            let text = vec![term; most].join(&format!(" {word} "));
            let parts = parts(&filter(&text), &[resources]).unwrap();
            for limits in [SMALL, Limits::OURS] {
                let listed = world.list(&parts, &page, limits).unwrap();
                assert_eq!(listed.total, total, "{word} {term}");
            }
        }
    }
    let nested = format!("{}id pr{}", "not(".repeat(16), ")".repeat(16));
    let nested = parts(&filter(&nested), &[Resources::Users]).unwrap();
    assert_eq!(world.list(&nested, &page, SMALL).unwrap().total, 6);
}
