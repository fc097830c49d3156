//! No input makes a parser panic, and what a parser takes it can also carry through: seeded
//! mutations of good inputs, and noise.

use serde_json::{Map, Value, json};

use super::query::ListQuery;
use super::schema::{GROUP, USER};
use super::{Bulk, GroupDraft, Patch, UserDraft, filter};

/// xorshift64*, so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        const TOKENS: [&str; 24] = [
            "\"", "\\", "\\u", "\\ud800", "[", "]", "(", ")", "{", "}", ".", ":", ",", " ", "not(",
            " and ", " or ", " pr", "null", "\u{0}", "é", "✓", "urn:", "1e999",
        ];
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                1 if at < bytes.len() => {
                    bytes.remove(at);
                }
                2 => bytes.truncate(at),
                3 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    bytes.splice(at..at, other[from..].iter().copied());
                }
                _ => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    bytes.splice(at..at, token.bytes());
                }
            }
        }
        bytes
    }
}

fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn user() -> Map<String, Value> {
    let body = json!({"userName": "a@b.test", "name": {"givenName": "A"}, "title": "t",
        "emails": [{"value": "a@b.test", "type": "work", "primary": true}, {"value": "x"}]});
    UserDraft::parse(body.to_string().as_bytes())
        .unwrap()
        .resource
}

#[test]
fn filters_survive_mutation() {
    let seeds = seeds(&[
        "userName eq \"a@b.test\" and not (title pr or active eq true)",
        "emails[type eq \"work\" and value co \"\\u00e9\\\"\"].value sw \"a\"",
        "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName ne null or id gt \"1\"",
        "meta.lastModified ge \"2026-11-24T10:00:00Z\"",
        "filter=userName+eq+%22a%22&startIndex=1&count=2&attributes=a.b,c",
    ]);
    let mut random = Random(0x5EED_0001);
    let user = user();
    for _ in 0..10_000 {
        let bytes = random.mutate(&seeds);
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(parsed) = filter::parse(&text) {
            parsed.matches(&user, &USER);
            if let Ok(resolved) = parsed.resolve(&USER, &mut Vec::new()) {
                let twice = resolved.resolve(&USER, &mut Vec::new());
                assert_eq!(twice.as_ref(), Ok(&resolved), "{text}");
                resolved.matches(&user, &USER);
            }
        }
        if let Ok(query) = ListQuery::parse(Some(&text)) {
            query.project(Value::Object(user.clone()), &USER);
            query.wants("members", &GROUP);
        }
    }
}

#[test]
fn bodies_survive_mutation() {
    let seeds = seeds(&[
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","active":"False",
            "name":{"givenName":"G"},"emails":[{"value":"v","type":"work","primary":true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"m"}}"#,
        r#"{"displayName":"g","externalId":"x","members":[{"value":"u","type":"User","$ref":null}]}"#,
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
            {"op":"Replace","path":"emails[type eq \"work\"].value","value":"x"},
            {"op":"add","path":"members","value":[{"value":"u"}]},
            {"op":"remove","path":"members[value eq \"u\"]"},
            {"op":"replace","value":{"displayName":"n","name.givenName":"k","id":"u1"}}]}"#,
        r#"{"Operations":[{"op":"replace","value":{"active":false,"emails":[{"primary":"True"}]}},
            {"op":"remove","path":"name.givenName"},{"op":"add","path":"name","value":{"a":[1]}}]}"#,
        r#"{"Operations":[{"op":"add","path":"emails[type eq \"home\" and primary eq true].value",
            "value":"long enough to be hit"},{"op":"replace","path":"title","value":"another text"},
            {"op":"remove","path":"emails","value":[{"value":"x"}]}]}"#,
    ]);
    let mut random = Random(0x5EED_0002);
    let current = user();
    let mut applied = 0;
    for _ in 0..10_000 {
        let bytes = random.mutate(&seeds);
        if let Ok(draft) = UserDraft::parse(&bytes) {
            // What was taken is in canonical form: it is taken again, unchanged.
            let again = UserDraft::from_resource(draft.resource.clone(), Vec::new()).unwrap();
            assert_eq!(again.resource, draft.resource);
        }
        let _ = GroupDraft::parse(&bytes);
        if let Ok(patch) = Patch::parse(&bytes) {
            applied += usize::from(patch.apply_to_user("u1", &current).is_ok());
            let _ = patch.group_changes("u1", &Map::new(), &mut Vec::new());
        }
    }
    assert!(
        applied > 100,
        "the mutations are too harsh to test anything: {applied}"
    );
}

#[test]
fn bulk_requests_survive_mutation() {
    let seeds = seeds(&[
        include_str!("../../fuzz/seeds/scim_bulk/circle.json"),
        include_str!("../../fuzz/seeds/scim_bulk/group.json"),
        include_str!("../../fuzz/seeds/scim_bulk/verbs.json"),
    ]);
    let mut random = Random(0x5EED_0004);
    let (mut parsed, mut sound) = (0, 0);
    for _ in 0..10_000 {
        let bytes = random.mutate(&seeds);
        let mut number = 0;
        let bulk = Bulk::parse(&bytes, || {
            number += 1;
            format!("id{number}")
        });
        let Ok(bulk) = bulk else { continue };
        parsed += 1;
        sound += bulk.operations.iter().filter(|o| o.change.is_ok()).count();
        let mut done = Vec::new();
        for together in &bulk.order {
            done.extend(together.iter().copied());
            for &place in together {
                let needs = &bulk.operations[place].needs;
                assert!(needs.iter().all(|need| done.contains(need)));
            }
        }
        done.sort_unstable();
        assert_eq!(done, (0..bulk.operations.len()).collect::<Vec<_>>());
    }
    assert!(parsed > 500 && sound > 500, "{parsed} {sound}");
}

#[test]
fn noise_is_refused() {
    let mut random = Random(0x5EED_0003);
    for _ in 0..5_000 {
        let length = random.below(200);
        let noise: Vec<u8> = (0..length)
            .map(|_| u8::try_from(random.below(256)).unwrap())
            .collect();
        assert!(UserDraft::parse(&noise).is_err());
        assert!(GroupDraft::parse(&noise).is_err());
        assert!(Patch::parse(&noise).is_err());
        assert!(Bulk::parse(&noise, String::new).is_err());
        let _ = filter::parse(&String::from_utf8_lossy(&noise));
    }
}
