//! A SCIM server of some hundred lines, in memory: the rules of `portcullis::scim` without the
//! directory, so that the recorded sequences can try the protocol alone.

use portcullis::clock::Timestamp;
use portcullis::scim::patch;
use portcullis::scim::render::{self, Meta};
use portcullis::scim::schema::{GROUP, ResourceType, USER};
use portcullis::scim::{
    Active, GroupChange, GroupDraft, ListQuery, Patch, ScimError, UserDraft, discovery,
};
use serde_json::{Map, Value};

use super::runner::{Answer, Request};

const BASE: &str = "https://door.test/scim/v2/acme";
const META: Meta = Meta {
    created: Timestamp::from_millis(0),
    last_modified: Timestamp::from_millis(0),
    version: 1,
};

#[derive(Default)]
pub(crate) struct Server {
    users: Vec<(String, UserDraft, Active)>,
    groups: Vec<(String, GroupDraft)>,
    next: usize,
}

type Outcome = Result<(u16, Value), ScimError>;

impl Server {
    pub(crate) fn answer(&mut self, request: &Request) -> Answer {
        let (status, body) = self
            .route(request)
            .unwrap_or_else(|error| (error.status, error.to_json()));
        let location = body.pointer("/meta/location").and_then(Value::as_str);
        let mut headers = vec![(
            "Content-Type".to_owned(),
            "application/scim+json".to_owned(),
        )];
        headers.extend(location.map(|at| ("Location".to_owned(), at.to_owned())));
        let body = if status == 204 {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        Answer {
            status,
            headers,
            body,
        }
    }

    fn route(&mut self, request: &Request) -> Outcome {
        let token = request
            .headers
            .iter()
            .find(|(name, _)| name == "Authorization");
        if token.is_none_or(|(_, value)| value.trim_start_matches("Bearer ") != "t0ken") {
            return Err(ScimError::new(401, "no valid token"));
        }
        let (path, query) = match request.path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (request.path_and_query.as_str(), None),
        };
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (kind, id) = (parts.next().unwrap_or_default(), parts.next());
        let (method, body) = (request.method.as_str(), request.body.as_slice());
        match (method, kind, id) {
            ("GET", "ServiceProviderConfig", None) => {
                Ok((200, discovery::service_provider_config(BASE)))
            }
            ("GET", "ResourceTypes", None) => Ok((200, discovery::resource_types(BASE))),
            ("GET", "Schemas", None) => Ok((200, discovery::schemas(BASE))),
            ("GET", "Users", None) => {
                let all = self.users.iter().map(|(id, ..)| self.user(id));
                list(all.collect::<Result<_, _>>()?, query, &USER)
            }
            ("GET", "Groups", None) => {
                let all = self.groups.iter().map(|(id, _)| self.group(id));
                list(all.collect::<Result<_, _>>()?, query, &GROUP)
            }
            ("POST", "Users", None) => {
                let draft = UserDraft::parse(body)?;
                self.user_is_free(&draft, "")?;
                let id = self.id();
                let active = draft.active.unwrap_or(Active::Given(true));
                self.users.push((id.clone(), draft, active));
                Ok((201, self.user(&id)?))
            }
            ("POST", "Groups", None) => {
                let mut draft = GroupDraft::parse(body)?;
                self.group_is_free(&draft.display_name, "")?;
                let members = draft.members.take().unwrap_or_default();
                draft.members = Some(self.existing(members));
                let id = self.id();
                self.groups.push((id.clone(), draft));
                Ok((201, self.group(&id)?))
            }
            ("GET", "Users", Some(id)) => Ok((200, self.user(id)?)),
            ("GET", "Groups", Some(id)) => Ok((200, self.group(id)?)),
            ("PUT" | "PATCH", "Users", Some(id)) => {
                let at = find(self.users.iter().map(|(id, ..)| id), id)?;
                let draft = if method == "PUT" {
                    UserDraft::parse(body)?
                } else {
                    Patch::parse(body)?.apply_to_user(id, &self.users[at].1.resource)?
                };
                self.user_is_free(&draft, id)?;
                let active = draft.active.unwrap_or(self.users[at].2);
                self.users[at] = (id.to_owned(), draft, active);
                Ok((200, self.user(id)?))
            }
            ("PUT", "Groups", Some(id)) => {
                let at = find(self.groups.iter().map(|(id, _)| id), id)?;
                let mut draft = GroupDraft::parse(body)?;
                self.group_is_free(&draft.display_name, id)?;
                draft.members = match draft.members.take() {
                    Some(members) => Some(self.existing(members)),
                    None => self.groups[at].1.members.clone(),
                };
                self.groups[at].1 = draft;
                Ok((200, self.group(id)?))
            }
            ("PATCH", "Groups", Some(id)) => {
                let at = find(self.groups.iter().map(|(id, _)| id), id)?;
                for change in Patch::parse(body)?.group_changes(
                    id,
                    &self.groups[at].1.resource,
                    &mut Vec::new(),
                )? {
                    self.change(at, id, change)?;
                }
                Ok((204, Value::Null))
            }
            ("DELETE", "Groups", Some(id)) => {
                let at = find(self.groups.iter().map(|(id, _)| id), id)?;
                self.groups.remove(at);
                Ok((204, Value::Null))
            }
            ("DELETE", "Users", Some(id)) => {
                let at = find(self.users.iter().map(|(id, ..)| id), id)?;
                self.users.remove(at);
                Ok((204, Value::Null))
            }
            _ => Err(ScimError::not_found("no such endpoint")),
        }
    }

    fn change(&mut self, at: usize, id: &str, change: GroupChange) -> Result<(), ScimError> {
        if let GroupChange::Rename(name) = &change {
            self.group_is_free(name, id)?;
        }
        let known = match &change {
            GroupChange::AddMembers(ids) | GroupChange::ReplaceMembers(ids) => {
                self.existing(ids.clone())
            }
            _ => Vec::new(),
        };
        let group = &mut self.groups[at].1;
        let members = group.members.get_or_insert_default();
        match change {
            GroupChange::Rename(name) => group.display_name = name,
            GroupChange::ExternalId(id) => group.external_id = id,
            GroupChange::ReplaceMembers(_) => *members = known,
            GroupChange::AddMembers(_) => {
                members.retain(|member| !known.contains(member));
                members.extend(known);
            }
            GroupChange::RemoveMembers(ids) => members.retain(|member| !ids.contains(member)),
            GroupChange::RemoveAllMembers => members.clear(),
            GroupChange::Extend(changes) => {
                group.resource =
                    patch::extended(&group.resource, &changes, &mut Vec::new())?.resource;
            }
        }
        Ok(())
    }

    fn user(&self, id: &str) -> Result<Value, ScimError> {
        let at = find(self.users.iter().map(|(id, ..)| id), id)?;
        let (id, draft, active) = &self.users[at];
        let groups = self.groups.iter().filter(|(_, group)| {
            group
                .members
                .as_ref()
                .is_some_and(|members| members.contains(id))
        });
        let groups: Vec<_> = groups
            .map(|(id, group)| (id.clone(), group.display_name.clone()))
            .collect();
        let user = render::User {
            resource: &draft.resource,
            id,
            user_name: &draft.user_name,
            external_id: draft.external_id.as_deref(),
            active: *active,
            groups: &groups,
            meta: META,
        };
        Ok(render::user(&user, BASE))
    }

    fn group(&self, id: &str) -> Result<Value, ScimError> {
        let at = find(self.groups.iter().map(|(id, _)| id), id)?;
        let (id, draft) = &self.groups[at];
        let members = draft.members.iter().flatten();
        let members: Vec<_> = members.map(|id| (id.clone(), id.clone())).collect();
        let group = render::Group {
            resource: &draft.resource,
            id,
            display_name: &draft.display_name,
            external_id: draft.external_id.as_deref(),
            members: Some(&members),
            meta: META,
        };
        Ok(render::group(&group, BASE))
    }

    fn existing(&self, mut ids: Vec<String>) -> Vec<String> {
        ids.retain(|id| self.users.iter().any(|(known, ..)| known == id));
        ids
    }

    fn user_is_free(&self, draft: &UserDraft, own: &str) -> Result<(), ScimError> {
        let name = draft.user_name.to_lowercase();
        let taken = self
            .users
            .iter()
            .any(|(id, other, _)| id != own && other.user_name.to_lowercase() == name);
        if taken {
            Err(ScimError::uniqueness("`userName` is taken."))
        } else {
            Ok(())
        }
    }

    fn group_is_free(&self, name: &str, own: &str) -> Result<(), ScimError> {
        let name = name.to_lowercase();
        let taken = self
            .groups
            .iter()
            .any(|(id, other)| id != own && other.display_name.to_lowercase() == name);
        if taken {
            Err(ScimError::uniqueness("`displayName` is taken."))
        } else {
            Ok(())
        }
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("id-{}", self.next)
    }
}

fn find<'a>(mut ids: impl Iterator<Item = &'a String>, id: &str) -> Result<usize, ScimError> {
    ids.position(|known| known == id)
        .ok_or_else(|| ScimError::not_found("There is no such resource."))
}

fn list(all: Vec<Value>, raw: Option<&str>, kind: &ResourceType) -> Outcome {
    let query = ListQuery::parse(raw)?.resolve(kind)?;
    let empty = Map::new();
    let found: Vec<Value> = all
        .into_iter()
        .filter(|resource| {
            let resource = resource.as_object().unwrap_or(&empty);
            query
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(resource, kind))
        })
        .collect();
    let total = found.len();
    let page = found
        .into_iter()
        .skip(query.start_index - 1)
        .take(query.count);
    let page = page.map(|resource| query.project(resource, kind)).collect();
    Ok((200, render::list(total, query.start_index, page)))
}
