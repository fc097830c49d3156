//! The model: what RFC 7643 and 7644 say, on a few attributes in memory.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::requests::{Edit, Email, Named, Person, Regroup, Request, Verb, email_json};

#[derive(Default)]
pub(super) struct Model {
    /// Whether members who aren't there are left out.
    pub(super) skips: bool,
    /// Everybody there ever was, and whether they still are.
    users: Vec<(String, Option<User>)>,
    groups: Vec<(String, Option<Group>)>,
}

#[derive(Clone)]
struct User {
    user_name: &'static str,
    title: Option<&'static str>,
    external_id: Option<&'static str>,
    active: Option<bool>,
    emails: Vec<Email>,
}

#[derive(Clone)]
struct Group {
    name: &'static str,
    external_id: Option<&'static str>,
    members: BTreeSet<String>,
}

impl Model {
    /// How many users and groups there ever were.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.users.len(), self.groups.len())
    }

    /// The id of a number, also of one that never was.
    pub(super) fn user_id(&self, who: usize) -> String {
        let user = self.users.get(who);
        user.map_or_else(|| format!("nobody{who}"), |(id, _)| id.clone())
    }

    pub(super) fn group_id(&self, which: usize) -> String {
        let group = self.groups.get(which);
        group.map_or_else(|| format!("nothing{which}"), |(id, _)| id.clone())
    }

    /// Does what is asked, but for giving new resources their ids, and says with which status it
    /// is answered.
    pub(super) fn answer(&mut self, request: &Request, condition_holds: bool) -> u16 {
        let done = self.attempt(&request.verb, condition_holds);
        done.unwrap_or_else(|refused| refused)
    }

    fn attempt(&mut self, verb: &Verb, condition_holds: bool) -> Result<u16, u16> {
        let expect = |there: bool| match (there, condition_holds) {
            (false, _) => Err(404_u16),
            (true, false) => Err(412),
            (true, true) => Ok(()),
        };
        let user_there = |who: &usize| self.users.get(*who).is_some_and(|(_, user)| user.is_some());
        let group_there = |which: &usize| {
            let group = self.groups.get(*which);
            group.is_some_and(|(_, group)| group.is_some())
        };
        match verb {
            Verb::CreateUser(person) => {
                let user = put(person, Some(true))?;
                self.user_name_is_free(user.user_name, None)?;
                self.users.push((String::new(), Some(user)));
                Ok(201)
            }
            Verb::PutUser(who, person) => {
                // The body is read before it is known whether there is such a user.
                let user = put(person, None);
                if user.is_err() {
                    return Err(400);
                }
                expect(user_there(who))?;
                let active = self.user(*who).active;
                self.keep_user(*who, put(person, active)?)
            }
            Verb::PatchUser(who, edits) => {
                expect(user_there(who))?;
                let mut user = self.user(*who);
                for edit in edits {
                    change(&mut user, edit)?;
                }
                one_primary_at_most(&user.emails)?;
                self.keep_user(*who, user)
            }
            Verb::DeleteUser(who) => {
                expect(user_there(who))?;
                let id = self.user_id(*who);
                self.users[*who].1 = None;
                for (_, group) in &mut self.groups {
                    if let Some(group) = group {
                        group.members.remove(&id);
                    }
                }
                Ok(204)
            }
            Verb::CreateGroup(named) => {
                self.name_is_free(named.name, None)?;
                let members = named.members.as_deref().unwrap_or_default();
                let group = Group {
                    name: named.name,
                    external_id: None,
                    members: self.people(members)?,
                };
                self.groups.push((String::new(), Some(group)));
                Ok(201)
            }
            Verb::PutGroup(which, Named { name, members }) => {
                expect(group_there(which))?;
                self.name_is_free(name, Some(*which))?;
                let members = match members {
                    Some(members) => self.people(members)?,
                    None => self.group(*which).members,
                };
                self.groups[*which].1 = Some(Group {
                    name,
                    external_id: None,
                    members,
                });
                Ok(200)
            }
            Verb::PatchGroup(which, all) => {
                expect(group_there(which))?;
                if all.iter().any(|one| matches!(one, Regroup::Nonsense)) {
                    return Err(400);
                }
                let mut group = self.group(*which);
                for one in all {
                    self.regroup(&mut group, *which, one)?;
                }
                self.groups[*which].1 = Some(group);
                Ok(200)
            }
            Verb::DeleteGroup(which) => {
                expect(group_there(which))?;
                self.groups[*which].1 = None;
                Ok(204)
            }
        }
    }

    /// Gives the newest resource the id that the server made.
    pub(super) fn made(&mut self, request: &Request, id: &str) {
        let newest = match request.verb {
            Verb::CreateUser(_) => self.users.last_mut().map(|(id, _)| id),
            _ => self.groups.last_mut().map(|(id, _)| id),
        };
        id.clone_into(newest.unwrap());
    }

    fn user(&self, who: usize) -> User {
        self.users[who].1.clone().unwrap()
    }

    fn group(&self, which: usize) -> Group {
        self.groups[which].1.clone().unwrap()
    }

    fn keep_user(&mut self, who: usize, user: User) -> Result<u16, u16> {
        self.user_name_is_free(user.user_name, Some(who))?;
        self.users[who].1 = Some(user);
        Ok(200)
    }

    fn user_name_is_free(&self, name: &str, own: Option<usize>) -> Result<(), u16> {
        let taken = self.users.iter().enumerate().any(|(at, (_, user))| {
            let same = |user: &User| user.user_name.eq_ignore_ascii_case(name);
            Some(at) != own && user.as_ref().is_some_and(same)
        });
        if taken { Err(409) } else { Ok(()) }
    }

    fn name_is_free(&self, name: &str, own: Option<usize>) -> Result<(), u16> {
        let taken = self.groups.iter().enumerate().any(|(at, (_, group))| {
            let same = |group: &Group| group.name.eq_ignore_ascii_case(name);
            Some(at) != own && group.as_ref().is_some_and(same)
        });
        if taken { Err(409) } else { Ok(()) }
    }

    /// The ids of people who must all be there, where they aren't left out otherwise.
    fn people(&self, members: &[usize]) -> Result<BTreeSet<String>, u16> {
        let id = |who: &usize| match self.users.get(*who) {
            Some((id, Some(_))) => Ok(id.clone()),
            _ => Err(400),
        };
        let there = |id: &Result<String, u16>| !self.skips || id.is_ok();
        members.iter().map(id).filter(there).collect()
    }

    fn regroup(&self, group: &mut Group, which: usize, one: &Regroup) -> Result<(), u16> {
        match one {
            Regroup::Rename(name) => {
                self.name_is_free(name, Some(which))?;
                group.name = name;
            }
            Regroup::ExternalId(id) => group.external_id = Some(id),
            Regroup::Add(members) => group.members.extend(self.people(members)?),
            Regroup::Replace(members) => group.members = self.people(members)?,
            Regroup::Remove(who) => {
                group.members.remove(&self.user_id(*who));
            }
            Regroup::RemoveByValue(members) => {
                for who in members {
                    group.members.remove(&self.user_id(*who));
                }
            }
            Regroup::RemoveAll => group.members.clear(),
            Regroup::Nonsense => return Err(400),
        }
        Ok(())
    }

    /// Everything that is there, by id, as [`compared`] makes it of what the server shows.
    pub(super) fn resources(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for (id, user) in &self.users {
            let Some(user) = user else { continue };
            let groups: BTreeMap<&String, &str> = self
                .groups
                .iter()
                .filter_map(|(group_id, group)| Some((group_id, group.as_ref()?)))
                .filter(|(_, group)| group.members.contains(id))
                .map(|(group_id, group)| (group_id, group.name))
                .collect();
            let emails: Vec<Value> = user.emails.iter().copied().map(email_json).collect();
            let shown = json!({
                "userName": user.user_name,
                "title": user.title,
                "externalId": user.external_id,
                "active": user.active,
                "emails": emails,
                "groups": groups,
            });
            all.insert(id.clone(), shown);
        }
        for (id, group) in &self.groups {
            let Some(group) = group else { continue };
            let shown = json!({
                "displayName": group.name,
                "externalId": group.external_id,
                "members": group.members,
                "groups": Value::Null,
            });
            all.insert(id.clone(), shown);
        }
        all
    }
}

/// What is compared of a resource that the server shows.
pub(super) fn compared(shown: &Value) -> Value {
    if shown.get("displayName").is_some() {
        let members = shown["members"].as_array().unwrap().iter();
        let members: BTreeSet<&str> = members.map(|m| m["value"].as_str().unwrap()).collect();
        assert_eq!(members.len(), shown["members"].as_array().unwrap().len());
        return json!({
            "displayName": shown["displayName"],
            "externalId": shown.get("externalId"),
            "members": members,
            "groups": Value::Null,
        });
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let groups: BTreeMap<String, String> = shown["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (text(&group["value"]), text(&group["display"])))
        .collect();
    assert!(shown.get("password").is_none());
    json!({
        "userName": shown["userName"],
        "title": shown.get("title"),
        "externalId": shown.get("externalId"),
        "active": shown.get("active"),
        "emails": shown.get("emails").cloned().unwrap_or_else(|| json!([])),
        "groups": groups,
    })
}

/// The user that a PUT asks for; `active` where it says nothing about it.
fn put(person: &Person, active: Option<bool>) -> Result<User, u16> {
    one_primary_at_most(&person.emails)?;
    Ok(User {
        user_name: person.user_name,
        title: person.title,
        external_id: person.external_id,
        active: person.active.or(active),
        emails: person.emails.clone(),
    })
}

/// RFC 7643 section 2.4.
fn one_primary_at_most(emails: &[Email]) -> Result<(), u16> {
    let primary = emails.iter().filter(|email| email.1 == Some(true));
    if primary.count() > 1 {
        Err(400)
    } else {
        Ok(())
    }
}

/// RFC 7644 section 3.5.2.
fn change(user: &mut User, edit: &Edit) -> Result<(), u16> {
    match edit {
        Edit::Rename(name) => user.user_name = name,
        Edit::Activate(active) => user.active = Some(*active),
        Edit::RemoveActive => user.active = None,
        Edit::Title(title) => user.title = Some(title),
        Edit::RemoveTitle => user.title = None,
        Edit::AddEmail(email) => {
            if !user.emails.contains(email) {
                if email.1 == Some(true) {
                    demote(&mut user.emails, "");
                }
                user.emails.push(*email);
            }
        }
        Edit::ReplaceEmails(emails) => {
            user.emails.clear();
            for email in emails {
                if !user.emails.contains(email) {
                    user.emails.push(*email);
                }
            }
        }
        Edit::RemoveEmail(value) => user.emails.retain(|email| email.0 != *value),
        Edit::PrimaryEmail(value) => {
            if !user.emails.iter().any(|email| email.0 == *value) {
                // Forgiven: the path describes a value that isn't there yet.
                user.emails.push((value, None));
            }
            demote(&mut user.emails, value);
            for email in user.emails.iter_mut().filter(|email| email.0 == *value) {
                email.1 = Some(true);
            }
        }
        Edit::Nonsense => return Err(400),
    }
    Ok(())
}

/// One is the primary one now, so the others aren't any longer.
fn demote(emails: &mut [Email], but: &str) {
    for email in emails {
        if email.0 != but && email.1 == Some(true) {
            email.1 = Some(false);
        }
    }
}
