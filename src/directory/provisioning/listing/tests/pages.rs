//! Pages, by index and by cursor, put together are the list.

use super::*;

const USERS: &[Resources] = &[Resources::Users];
const GROUPS: &[Resources] = &[Resources::Groups];
const BOTH: &[Resources] = &[Resources::Users, Resources::Groups];

fn query() -> impl Strategy<Value = String> {
    let by = prop::sample::select(
        &[
            "",
            "id",
            "userName",
            "displayName",
            "externalId",
            "emails",
            "title",
            "active",
            "meta.created",
            "meta.lastModified",
            "groups.display",
            "members.value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ][..],
    );
    let filter = prop::sample::select(
        &[
            "",
            "userName pr",
            "userName ge \"a\"",
            "emails pr",
            "meta.created gt \"1970-01-01T00:00:00Z\"",
            "not (displayName sw \"a\")",
            "id ne \"x\"",
            "active eq true or displayName pr",
        ][..],
    );
    (by, any::<bool>(), filter).prop_map(|(by, descending, filter)| {
        let mut raw = form_urlencoded::Serializer::new(String::new());
        if !by.is_empty() {
            raw.append_pair("sortBy", by);
            let order = if descending {
                "descending"
            } else {
                "ascending"
            };
            raw.append_pair("sortOrder", order);
        }
        if !filter.is_empty() {
            raw.append_pair("filter", filter);
        }
        raw.finish()
    })
}

/// The same, to be shown with members.
fn with_members(mut parts: Vec<Part>) -> Vec<Part> {
    for part in &mut parts {
        part.with_members = part.resources == Resources::Groups;
    }
    parts
}

/// All pages by cursor from `from` on, and the last cursor back.
fn follow(
    world: &World,
    parts: &[Part],
    count: usize,
    from: Option<Cursor>,
    back: bool,
    limits: Limits,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut from = from;
    loop {
        let page = Page::Cursor {
            from: from.clone(),
            count,
        };
        let listed = world.list(parts, &page, limits).unwrap();
        if from.is_none() {
            assert_eq!(listed.previous, None, "the first page");
        }
        pages.push(ids(&listed));
        assert!(pages.len() < 50, "no end");
        from = if back { listed.previous } else { listed.next };
        if from.is_none() {
            return pages;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn pages_are_the_list(
        seed in seed(),
        queries in prop::collection::vec((query(), 1_usize..5), 12),
    ) {
        let world = World::new(seed);
        for (raw, count) in queries {
            for types in [USERS, GROUPS, BOTH] {
                let Ok(parts) = parts(&raw, types) else { continue };
                let expected = world.expected(&parts);
                let mut by_index = Vec::new();
                for skip in (0..=expected.len()).step_by(count) {
                    let listed = world.list(&parts, &Page::Index { skip, count }, SMALL).unwrap();
                    prop_assert_eq!(listed.total, expected.len());
                    by_index.extend(ids(&listed));
                }
                prop_assert_eq!(&by_index, &expected, "{} by {} of {:?}", &raw, count, types);
                let forward = follow(&world, &parts, count, None, false, SMALL);
                prop_assert_eq!(forward.concat(), expected, "{} by {} of {:?}", &raw, count, types);

                // And back again from the last page.
                let mut from = None;
                for _ in 1..forward.len() {
                    from = world.list(&parts, &Page::Cursor { from, count }, SMALL).unwrap().next;
                }
                let mut backward = follow(&world, &parts, count, from, true, SMALL);
                backward.reverse();
                prop_assert_eq!(backward, forward, "{} by {} of {:?}", &raw, count, types);
            }
        }
    }

    /// A page that would have too many members is shorter, and the pages are the list all the same.
    #[test]
    fn pages_that_end_early_are_the_list(
        seed in seed(),
        queries in prop::collection::vec((query(), 1_usize..5), 12),
        more in 0_i64..4,
    ) {
        let world = World::new(seed);
        let largest = "SELECT coalesce(max(member_count), 0) FROM groups";
        let largest: i64 = world.conn.query_row(largest, [], |row| row.get(0)).unwrap();
        let limits = Limits { members: largest + more, ..SMALL };
        for (raw, count) in queries {
            for types in [GROUPS, BOTH] {
                let Ok(parts) = parts(&raw, types) else { continue };
                // What looks into members itself is bounded by their number, too.
                if raw.contains("members") {
                    continue;
                }
                let parts = with_members(parts);
                let expected = world.expected(&parts);
                let mut by_index = Vec::new();
                while by_index.len() < expected.len() {
                    let page = Page::Index { skip: by_index.len(), count };
                    let mut listed = world.list(&parts, &page, limits).unwrap();
                    prop_assert_eq!(listed.total, expected.len());
                    prop_assert!(listed.members <= limits.members);
                    listed.read_members(&world.conn).unwrap();
                    let read = listed.resources.iter().map(|resource| match resource {
                        ScimResource::User(_) => 0,
                        ScimResource::Group(group) => group.members.as_ref().unwrap().len(),
                    });
                    prop_assert_eq!(read.sum::<usize>(), usize::try_from(listed.members).unwrap());
                    let shown = ids(&listed);
                    prop_assert!(!shown.is_empty());
                    by_index.extend(shown);
                }
                prop_assert_eq!(&by_index, &expected, "{} by {} of {:?}", &raw, count, types);
                let forward = follow(&world, &parts, count, None, false, limits);
                prop_assert_eq!(forward.concat(), expected.clone(), "{} by {}", &raw, count);
                // Back from behind the last: pages may be cut elsewhere, none is left out.
                let mut from = None;
                for _ in 1..forward.len() {
                    from = world.list(&parts, &Page::Cursor { from, count }, limits).unwrap().next;
                }
                let mut backward = follow(&world, &parts, count, from, true, limits);
                backward.reverse();
                prop_assert_eq!(backward.concat(), expected, "{} by {}", &raw, count);
            }
        }
    }

    #[test]
    fn who_stays_is_seen_once_while_others_come_and_go(
        seed in seed(),
        strangers in prop::collection::vec(person(), 4),
        (raw, count) in (query(), 1_usize..4),
        going in prop::collection::vec(any::<prop::sample::Index>(), 4),
    ) {
        let mut world = World::new(seed);
        let Ok(parts) = parts(&raw, USERS) else { return Ok(()) };
        let mut staying = world.expected(&parts);
        let mut seen = Vec::new();
        let mut from = None;
        let mut changes = strangers.into_iter().zip(going);
        loop {
            let listed = world.list(&parts, &Page::Cursor { from, count }, SMALL).unwrap();
            seen.extend(ids(&listed));
            if let Some((stranger, going)) = changes.next() {
                world.add(stranger);
                let all = world.all(Resources::Users);
                let gone = going.get(&all)["id"].as_str().unwrap().to_owned();
                // A change of membership could move others.
                world.remove(&gone);
                staying.retain(|id| *id != gone);
            }
            from = listed.next;
            if from.is_none() {
                break;
            }
        }
        for id in &staying {
            let times = seen.iter().filter(|other| *other == id).count();
            prop_assert_eq!(times, 1, "{} by {}", &raw, count);
        }
        seen.sort();
        let all = seen.len();
        seen.dedup();
        prop_assert_eq!(seen.len(), all, "nobody twice");
    }
}

#[test]
fn a_list_of_both_is_bounded_by_index_and_not_by_cursor() {
    let people = vec![json!({ "userName": "a", "active": true }); 4];
    let world = World::new((people, vec![("a", None, vec![]), ("b", None, vec![])]));
    let parts = parts("sortBy=displayName", BOTH).unwrap();
    let limits = Limits {
        scanned: 5,
        ..SMALL
    };
    let beyond = Page::Index { skip: 4, count: 2 };
    let refused = world.list(&parts, &beyond, limits).unwrap_err();
    assert!(matches!(refused, ProvisioningError::Scim(error)
        if error.scim_type == Some("tooMany") && error.detail.contains("cursor")));
    assert_eq!(
        follow(&world, &parts, 2, None, false, SMALL).concat().len(),
        6
    );
}

#[test]
fn a_group_that_no_page_can_show_is_refused() {
    let people = vec![json!({ "userName": "a", "active": true }); 3];
    let world = World::new((people, vec![("a", None, vec![true; 3])]));
    let parts = with_members(parts("", GROUPS).unwrap());
    let page = Page::Index { skip: 0, count: 9 };
    for (members, shown) in [(2, false), (3, true)] {
        let limits = Limits { members, ..SMALL };
        match world.list(&parts, &page, limits) {
            Ok(listed) => assert!(shown && listed.members == 3),
            Err(ProvisioningError::Scim(error)) => {
                assert!(!shown && error.scim_type == Some("tooMany"));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn members_that_are_looked_at_are_counted() {
    let people = vec![json!({ "userName": "a", "active": true }); 3];
    let world = World::new((people, vec![("a", None, vec![true; 3])]));
    let parts = parts("filter=members.type+eq+%22User%22", GROUPS).unwrap();
    let page = Page::Index { skip: 0, count: 9 };
    for (scanned, found) in [(2, false), (3, true)] {
        let limits = Limits { scanned, ..SMALL };
        match world.list(&parts, &page, limits) {
            Ok(listed) => assert!(found && listed.total == 1),
            Err(ProvisioningError::Scim(error)) => assert!(
                !found
                    && error.scim_type == Some("tooMany")
                    && error.detail.contains("members.value")
            ),
            Err(other) => panic!("{other}"),
        }
    }
}
