//! Requests as they are generated. Whom one is about is a number among all that were ever made, so
//! that it may be somebody who is gone, or nobody at all.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::patch;
use super::rules::Model;

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) verb: Verb,
    pub(super) condition: Condition,
    pub(super) in_bulk: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    None,
    Current,
    Any,
    Stale,
    NotCurrent,
}

#[derive(Clone, Debug)]
pub(super) enum Verb {
    CreateUser(Person),
    PutUser(usize, Person),
    PatchUser(usize, Vec<Edit>),
    DeleteUser(usize),
    CreateGroup(Named),
    PutGroup(usize, Named),
    PatchGroup(usize, Vec<Regroup>),
    DeleteGroup(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user_name: &'static str,
    pub(super) title: Option<&'static str>,
    pub(super) external_id: Option<&'static str>,
    pub(super) active: Option<bool>,
    pub(super) emails: Vec<Email>,
}

pub(super) type Email = (&'static str, Option<bool>);

#[derive(Clone, Debug)]
pub(super) enum Edit {
    Rename(&'static str),
    Activate(bool),
    RemoveActive,
    Title(&'static str),
    RemoveTitle,
    AddEmail(Email),
    ReplaceEmails(Vec<Email>),
    RemoveEmail(&'static str),
    PrimaryEmail(&'static str),
    Nonsense,
}

#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) members: Option<Vec<usize>>,
}

#[derive(Clone, Debug)]
pub(super) enum Regroup {
    Rename(&'static str),
    ExternalId(&'static str),
    Add(Vec<usize>),
    Replace(Vec<usize>),
    Remove(usize),
    RemoveByValue(Vec<usize>),
    RemoveAll,
    Nonsense,
}

const NAMES: [&str; 6] = ["ann", "ANN", "bob", "Bob", "cat", "dan"];
const ADDRESSES: [&str; 3] = ["x@x.test", "y@x.test", "z@x.test"];

pub(super) fn request() -> impl Strategy<Value = Request> {
    let who = 0..60_usize;
    let which = 0..60_usize;
    let verb = prop_oneof![
        4 => person().prop_map(Verb::CreateUser),
        3 => (who.clone(), person()).prop_map(|(who, person)| Verb::PutUser(who, person)),
        4 => (who.clone(), some(edit(), 4)).prop_map(|(who, edits)| Verb::PatchUser(who, edits)),
        1 => who.prop_map(Verb::DeleteUser),
        3 => named().prop_map(Verb::CreateGroup),
        3 => (which.clone(), named()).prop_map(|(which, named)| Verb::PutGroup(which, named)),
        5 => (which.clone(), some(regroup(), 4)).prop_map(|(which, all)| Verb::PatchGroup(which, all)),
        1 => which.prop_map(Verb::DeleteGroup),
    ];
    let condition = prop_oneof![
        6 => Just(Condition::None),
        2 => Just(Condition::Current),
        1 => Just(Condition::Any),
        1 => Just(Condition::Stale),
        1 => Just(Condition::NotCurrent),
    ];
    (verb, condition, any::<bool>()).prop_map(|(verb, condition, in_bulk)| Request {
        verb,
        condition,
        in_bulk,
    })
}

fn some<T: std::fmt::Debug>(
    one: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(one, 1..=most)
}

fn emails() -> impl Strategy<Value = Vec<Email>> {
    proptest::collection::vec(email(), 0..3)
}

fn email() -> impl Strategy<Value = Email> {
    (select(&ADDRESSES[..]), any::<Option<bool>>())
}

fn person() -> impl Strategy<Value = Person> {
    let optional = |values: &'static [&'static str]| proptest::option::of(select(values));
    (
        select(&NAMES[..]),
        optional(&["t", "u"]),
        optional(&["e"]),
        any::<Option<bool>>(),
        emails(),
    )
        .prop_map(|(user_name, title, external_id, active, emails)| Person {
            user_name,
            title,
            external_id,
            active,
            emails,
        })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        2 => select(&NAMES[..]).prop_map(Edit::Rename),
        2 => any::<bool>().prop_map(Edit::Activate),
        1 => Just(Edit::RemoveActive),
        2 => select(&["t", "u"][..]).prop_map(Edit::Title),
        1 => Just(Edit::RemoveTitle),
        3 => email().prop_map(Edit::AddEmail),
        1 => emails().prop_map(Edit::ReplaceEmails),
        2 => select(&ADDRESSES[..]).prop_map(Edit::RemoveEmail),
        2 => select(&ADDRESSES[..]).prop_map(Edit::PrimaryEmail),
        1 => Just(Edit::Nonsense),
    ]
}

fn members() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..60_usize, 0..4)
}

fn named() -> impl Strategy<Value = Named> {
    (select(&NAMES[..]), proptest::option::of(members()))
        .prop_map(|(name, members)| Named { name, members })
}

fn regroup() -> impl Strategy<Value = Regroup> {
    prop_oneof![
        2 => select(&NAMES[..]).prop_map(Regroup::Rename),
        1 => select(&["e", "f"][..]).prop_map(Regroup::ExternalId),
        4 => members().prop_map(Regroup::Add),
        1 => members().prop_map(Regroup::Replace),
        3 => (0..60_usize).prop_map(Regroup::Remove),
        2 => members().prop_map(Regroup::RemoveByValue),
        1 => Just(Regroup::RemoveAll),
        1 => Just(Regroup::Nonsense),
    ]
}

impl Request {
    /// The same about somebody or something that is or was there, or about the next that never was.
    pub(super) fn among(&self, users: usize, groups: usize) -> Self {
        let mut request = self.clone();
        let all = |members: &mut Vec<usize>| {
            for who in members {
                *who = place(*who, users);
            }
        };
        match &mut request.verb {
            Verb::CreateUser(_) => {}
            Verb::PutUser(who, _) | Verb::PatchUser(who, _) | Verb::DeleteUser(who) => {
                *who = place(*who, users);
            }
            Verb::CreateGroup(named) => named.members.iter_mut().for_each(all),
            Verb::PutGroup(which, named) => {
                *which = place(*which, groups);
                named.members.iter_mut().for_each(all);
            }
            Verb::PatchGroup(which, changes) => {
                *which = place(*which, groups);
                for change in changes {
                    match change {
                        Regroup::Add(members)
                        | Regroup::Replace(members)
                        | Regroup::RemoveByValue(members) => all(members),
                        Regroup::Remove(who) => *who = place(*who, users),
                        Regroup::Rename(_)
                        | Regroup::ExternalId(_)
                        | Regroup::RemoveAll
                        | Regroup::Nonsense => {}
                    }
                }
            }
            Verb::DeleteGroup(which) => *which = place(*which, groups),
        }
        request
    }

    /// The id of the resource that it is about, gone or not.
    pub(super) fn target(&self, model: &Model) -> Option<String> {
        match &self.verb {
            Verb::CreateUser(_) | Verb::CreateGroup(_) => None,
            Verb::PutUser(who, _) | Verb::PatchUser(who, _) | Verb::DeleteUser(who) => {
                Some(model.user_id(*who))
            }
            Verb::PutGroup(which, _) | Verb::PatchGroup(which, _) | Verb::DeleteGroup(which) => {
                Some(model.group_id(*which))
            }
        }
    }

    /// Method, path and body.
    pub(super) fn wire(&self, model: &Model) -> (&'static str, String, Value) {
        let id = self.target(model).unwrap_or_default();
        let (users, groups) = (format!("/Users/{id}"), format!("/Groups/{id}"));
        match &self.verb {
            Verb::CreateUser(person) => ("POST", "/Users".to_owned(), person.wire()),
            Verb::PutUser(_, person) => ("PUT", users, person.wire()),
            Verb::PatchUser(_, edits) => {
                let operations: Vec<Value> = edits.iter().map(Edit::wire).collect();
                ("PATCH", users, patch(json!(operations)))
            }
            Verb::DeleteUser(_) => ("DELETE", users, Value::Null),
            Verb::CreateGroup(named) => ("POST", "/Groups".to_owned(), named.wire(model)),
            Verb::PutGroup(_, named) => ("PUT", groups, named.wire(model)),
            Verb::PatchGroup(_, all) => {
                let operations: Vec<Value> = all.iter().map(|one| one.wire(model)).collect();
                ("PATCH", groups, patch(json!(operations)))
            }
            Verb::DeleteGroup(_) => ("DELETE", groups, Value::Null),
        }
    }
}

/// A number among so many, and now and then the one behind them.
fn place(number: usize, of: usize) -> usize {
    if of == 0 || number.is_multiple_of(12) {
        of
    } else {
        number % of
    }
}

/// As JSON.
pub(super) fn email_json((value, primary): Email) -> Value {
    match primary {
        Some(primary) => json!({ "value": value, "primary": primary }),
        None => json!({ "value": value }),
    }
}

fn emails_json(emails: &[Email]) -> Value {
    emails.iter().copied().map(email_json).collect()
}

impl Person {
    fn wire(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": self.user_name,
            "title": self.title,
            "externalId": self.external_id,
            "active": self.active,
            "emails": emails_json(&self.emails),
            "password": "never kept",
        })
    }
}

impl Edit {
    fn wire(&self) -> Value {
        match self {
            Self::Rename(name) => json!({ "op": "replace", "path": "userName", "value": name }),
            Self::Activate(active) => json!({ "op": "Replace", "value": { "active": active } }),
            Self::RemoveActive => json!({ "op": "remove", "path": "active" }),
            Self::Title(title) => json!({ "op": "add", "path": "title", "value": title }),
            Self::RemoveTitle => json!({ "op": "remove", "path": "title" }),
            Self::AddEmail(email) => {
                json!({ "op": "add", "path": "emails", "value": [email_json(*email)] })
            }
            Self::ReplaceEmails(emails) => {
                json!({ "op": "replace", "value": { "emails": emails_json(emails) } })
            }
            Self::RemoveEmail(value) => {
                json!({ "op": "remove", "path": format!("emails[value eq \"{value}\"]") })
            }
            Self::PrimaryEmail(value) => {
                let path = format!("emails[value eq \"{value}\"].primary");
                json!({ "op": "replace", "path": path, "value": true })
            }
            Self::Nonsense => json!({ "op": "replace", "path": "nonsense", "value": 1 }),
        }
    }
}

fn members_json(model: &Model, members: &[usize]) -> Value {
    let members = members
        .iter()
        .map(|&who| json!({ "value": model.user_id(who) }));
    members.collect()
}

impl Named {
    fn wire(&self, model: &Model) -> Value {
        let mut group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": self.name,
        });
        if let Some(members) = &self.members {
            group["members"] = members_json(model, members);
        }
        group
    }
}

impl Regroup {
    fn wire(&self, model: &Model) -> Value {
        match self {
            Self::Rename(name) => json!({ "op": "replace", "value": { "displayName": name } }),
            Self::ExternalId(id) => json!({ "op": "add", "path": "externalId", "value": id }),
            Self::Add(members) => {
                json!({ "op": "add", "path": "members", "value": members_json(model, members) })
            }
            Self::Replace(members) => {
                json!({ "op": "replace", "path": "members", "value": members_json(model, members) })
            }
            Self::Remove(who) => {
                let path = format!("members[value eq \"{}\"]", model.user_id(*who));
                json!({ "op": "remove", "path": path })
            }
            Self::RemoveByValue(members) => {
                json!({ "op": "Remove", "path": "members", "value": members_json(model, members) })
            }
            Self::RemoveAll => json!({ "op": "remove", "path": "members" }),
            Self::Nonsense => json!({ "op": "add", "path": "nonsense", "value": 1 }),
        }
    }
}
