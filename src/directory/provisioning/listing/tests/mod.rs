//! A directory in memory, with people and groups that are hard to compare, and the answer that a
//! list should be: every resource rendered, held to the filter, sorted.

mod agreement;
mod pages;
mod plans;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::*;
use crate::clock::Timestamp;
use crate::directory::organization;
use crate::directory::provisioning::{
    create_group, create_user, delete_user, patch_user, replace_user,
};
use crate::directory::slug::Slug;
use crate::observe::audit::Author;
use crate::scim::query::ListQuery;
use crate::scim::sort::Key;
use crate::scim::{GroupDraft, Patch, UserDraft};
use crate::store::scratch;

thread_local! {
    /// The statements that lists have made.
    pub(super) static STATEMENTS: std::cell::RefCell<Vec<String>> =
        const { std::cell::RefCell::new(Vec::new()) };
}

const BASE: &str = "https://door.test/scim/v2/acme";

/// Small enough that every way through the code is taken by a handful of resources.
const SMALL: Limits = Limits {
    steps: 10_000_000,
    scanned: 10_000,
    sorted: 3,
    members: 100,
};

/// Texts on which SQL and Rust might differ: case that takes more bytes, or depends on what stands
/// beside; wildcards of LIKE; ends of ranges; what sorts differently as UTF-16.
const TEXTS: &[&str] = &[
    "a",
    "A",
    "ab",
    "b",
    "B a",
    "Äb",
    "ä",
    "ß",
    "SS",
    "İ",
    "i",
    "ΑΣ",
    "ας",
    "ασ",
    "a%",
    "a_",
    "_",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{1f600}",
    "'\"",
    "ab\u{10ffff}z",
];

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(TEXTS)
}

/// A person, less what makes the userName unique.
fn person() -> impl Strategy<Value = Value> {
    let emails = prop::collection::vec((text(), prop::sample::select(&["work", "home"][..])), 0..4);
    let core = (
        text(),
        prop::option::of(text()),
        prop::option::of(text()),
        any::<bool>(),
    );
    let more = (prop::option::of(text()), prop::option::of(text()));
    (core, emails, more, prop::option::of(0_usize..4)).prop_map(
        |((name, display, external, active), emails, (title, department), primary)| {
            let mut user = json!({ "userName": name, "active": active });
            let emails: Vec<Value> = emails
                .iter()
                .enumerate()
                .map(|(at, (value, kind))| {
                    json!({ "value": value, "type": kind, "primary": primary == Some(at) })
                })
                .collect();
            for (key, value) in [
                ("displayName", display.map(Value::from)),
                ("externalId", external.map(Value::from)),
                ("title", title.map(Value::from)),
                ("emails", (!emails.is_empty()).then(|| Value::from(emails))),
                (
                    crate::scim::schema::ENTERPRISE_USER.id,
                    department.map(|department| json!({ "department": department })),
                ),
            ] {
                if let Some(value) = value {
                    user[key] = value;
                }
            }
            user
        },
    )
}

/// People, and groups with who of them is in it.
type Seed = (
    Vec<Value>,
    Vec<(&'static str, Option<&'static str>, Vec<bool>)>,
);

fn seed() -> impl Strategy<Value = Seed> {
    let group = (
        text(),
        prop::option::of(text()),
        prop::collection::vec(any::<bool>(), 0..8),
    );
    (
        prop::collection::vec(person(), 0..9),
        prop::collection::vec(group, 0..5),
    )
}

struct World {
    conn: Connection,
    organization: Organization,
    clock: i64,
}

impl World {
    fn new((people, groups): Seed) -> Self {
        let conn = scratch::connection();
        for slug in ["acme", "other"] {
            let slug: Slug = slug.parse().unwrap();
            let now = Timestamp::from_millis(0);
            organization::create(&conn, &slug, "O", &Author::command_line(), now).unwrap();
        }
        let organization = organization::find(&conn, "acme").unwrap();
        let mut world = Self {
            conn,
            organization,
            clock: 1_700_000_000_000,
        };
        let mut ids = Vec::new();
        let mut inactive = Vec::new();
        for person in people {
            let is_inactive = person["active"] == false;
            let id = world.add(person);
            if is_inactive {
                inactive.push(id.clone());
            }
            ids.push(id);
        }
        let remove = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "remove", "path": "active" }] });
        let remove = Patch::parse(remove.to_string().as_bytes()).unwrap();
        for id in inactive.iter().step_by(2) {
            let (by, now) = (Author::command_line(), world.now());
            patch_user(&world.conn, &world.organization, id, &remove, &by, now).unwrap();
        }
        // Some are changed later, so that the two dates differ and old addresses must be gone.
        for (at, id) in ids.iter().enumerate().filter(|(at, _)| at % 3 == 0) {
            let mut person = world.shown(id);
            person["nickName"] = json!("changed");
            if at == 3 {
                person["emails"] = json!([{ "value": "b", "primary": true }]);
            }
            let draft = UserDraft::parse(person.to_string().as_bytes()).unwrap();
            let (by, now) = (Author::command_line(), world.now());
            replace_user(&world.conn, &world.organization, id, &draft, &by, now).unwrap();
        }
        for (at, (name, external, members)) in groups.iter().enumerate() {
            let members: Vec<Value> = ids
                .iter()
                .zip(members)
                .filter(|(_, is_in)| **is_in)
                .map(|(id, _)| json!({ "value": id }))
                .collect();
            let mut group = json!({ "displayName": format!("{name}{at}"), "members": members });
            if let Some(external) = external {
                group["externalId"] = json!(external);
            }
            let draft = GroupDraft::parse(group.to_string().as_bytes()).unwrap();
            let (by, now) = (Author::command_line(), world.now());
            create_group(&world.conn, &world.organization, &draft, &by, now).unwrap();
        }
        world.recount();
        // Somebody whom no list may show.
        let other = organization::find(&world.conn, "other").unwrap();
        let stranger = json!({ "userName": "a", "displayName": "a", "externalId": "a",
            "emails": [{ "value": "a", "primary": true }, { "value": "b" }] });
        let draft = UserDraft::parse(stranger.to_string().as_bytes()).unwrap();
        let now = world.now();
        create_user(&world.conn, &other, &draft, &Author::command_line(), now).unwrap();
        world
    }

    fn now(&mut self) -> Timestamp {
        // Pairs share a moment.
        self.clock += self.clock % 2 * 1000 + 1;
        Timestamp::from_millis(self.clock / 2 * 2)
    }

    fn add(&mut self, mut person: Value) -> String {
        let name = person["userName"].as_str().unwrap_or_default().to_owned();
        person["userName"] = json!(format!("{name}{}", self.clock % 1000));
        let draft = UserDraft::parse(person.to_string().as_bytes()).unwrap();
        let (by, now) = (Author::command_line(), self.now());
        let made = create_user(&self.conn, &self.organization, &draft, &by, now).unwrap();
        self.recount();
        made.value.id
    }

    fn remove(&mut self, id: &str) {
        let (by, now) = (Author::command_line(), self.now());
        delete_user(&self.conn, &self.organization, id, &by, now).unwrap();
        self.recount();
    }

    fn recount(&mut self) {
        self.organization = organization::find(&self.conn, "acme").unwrap();
    }

    fn shown(&self, id: &str) -> Value {
        read_user(&self.conn, &self.organization, id)
            .unwrap()
            .shown(BASE)
    }

    fn list(&self, parts: &[Part], page: &Page, limits: Limits) -> Provisioned<Listed> {
        let asked = Asked {
            conn: &self.conn,
            organization: &self.organization,
            base: BASE,
            limits,
        };
        asked.list(parts, page)
    }

    /// All resources of a type, as they are shown.
    fn all(&self, resources: Resources) -> Vec<Value> {
        let sql = format!(
            "SELECT id FROM {} WHERE organization_id = ?1 ORDER BY random()",
            resources.table()
        );
        let mut statement = self.conn.prepare(&sql).unwrap();
        let ids: Vec<String> = statement
            .query_map([&self.organization.id], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        ids.iter()
            .map(|id| match resources {
                Resources::Users => self.shown(id),
                Resources::Groups => read_group(&self.conn, &self.organization, id, true)
                    .unwrap()
                    .shown(BASE),
            })
            .collect()
    }

    /// The whole list as it should be: ids in order.
    fn expected(&self, parts: &[Part]) -> Vec<String> {
        let sorted = parts.iter().any(|part| part.query.sort.is_some());
        let mut places = Vec::new();
        let mut descending = false;
        for (at, part) in parts.iter().enumerate() {
            let kind = part.resources.kind();
            for shown in self.all(part.resources) {
                let shown = shown.as_object().unwrap();
                let filter = part.query.filter.as_ref();
                if filter.is_some_and(|filter| !filter.matches(shown, kind)) {
                    continue;
                }
                let key = match &part.query.sort {
                    Some(sort) => sort.key(shown, kind),
                    None => Key::Missing,
                };
                let id = shown["id"].as_str().unwrap().to_owned();
                places.push((if sorted { 0 } else { at }, key, id));
            }
            descending = part.query.sort.as_ref().is_some_and(|sort| sort.descending);
        }
        places.sort();
        if descending {
            places.reverse();
        }
        places.into_iter().map(|(_, _, id)| id).collect()
    }
}

/// The parts of a list, from a raw query.
fn parts(raw: &str, types: &[Resources]) -> Result<Vec<Part>, ScimError> {
    let query = ListQuery::parse(Some(raw))?;
    let kinds: Vec<_> = types.iter().map(|resources| resources.kind()).collect();
    types
        .iter()
        .map(|resources| {
            Ok(Part {
                resources: *resources,
                query: query.clone().resolve_among(resources.kind(), &kinds)?,
                with_members: false,
            })
        })
        .collect()
}

fn ids(listed: &Listed) -> Vec<String> {
    listed
        .resources
        .iter()
        .map(|resource| match resource {
            ScimResource::User(user) => user.id.clone(),
            ScimResource::Group(group) => group.id.clone(),
        })
        .collect()
}
