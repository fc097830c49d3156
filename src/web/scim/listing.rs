//! Lists: of users, of groups, of both at the server root (RFC 7644 section 3.4.2.1); by an address
//! or by a message (section 3.4.3); in pages by index or by cursor (RFC 9865).

use super::{Answer, MEDIA_TYPE, Refused, large, scim};
use crate::directory::cursor_key;
use crate::directory::provisioning::{self, Page, Part, ScimResource};
use crate::directory::scim_filter::Resources;
use crate::edge::Response;
use crate::scim::cursor::Seal;
use crate::scim::page::{self, Shown};
use crate::scim::query::ListQuery;
use crate::scim::schema::{GROUP, ResourceType, USER};
use crate::scim::search_request;
use crate::scim::whole_group::WholeGroup;
use crate::web::App;
use crate::web::route::Call;

const USERS: &[Resources] = &[Resources::Users];
const GROUPS: &[Resources] = &[Resources::Groups];
const ALL: &[Resources] = &[Resources::Users, Resources::Groups];

pub(in crate::web) fn list_users(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_address(call)?, USERS))
}

pub(in crate::web) fn list_groups(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_address(call)?, GROUPS))
}

pub(in crate::web) fn list_all(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_address(call)?, ALL))
}

pub(in crate::web) fn search_users(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_message(call)?, USERS))
}

pub(in crate::web) fn search_groups(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_message(call)?, GROUPS))
}

pub(in crate::web) fn search_all(app: &App, call: &Call<'_>) -> Answer {
    scim(|| answer(app, call, from_message(call)?, ALL))
}

fn from_address(call: &Call<'_>) -> Result<ListQuery, Refused> {
    Ok(ListQuery::parse(call.request.query.as_deref())?)
}

fn from_message(call: &Call<'_>) -> Result<ListQuery, Refused> {
    Ok(search_request::parse(&call.request.body)?)
}

fn answer(
    app: &App,
    call: &Call<'_>,
    query: ListQuery,
    types: &[Resources],
) -> Result<Response, Refused> {
    let organization = call.organization_for_scim()?;
    let kinds: Vec<&ResourceType> = types.iter().map(|resources| resources.kind()).collect();
    let parts = types
        .iter()
        .map(|resources| {
            let kind = resources.kind();
            Ok(Part {
                resources: *resources,
                with_members: kind.name == GROUP.name && query.wants("members", kind),
                query: query.clone().resolve_among(kind, &kinds)?,
            })
        })
        .collect::<Result<Vec<_>, Refused>>()?;
    for part in &parts {
        call.remarks.note(&part.query.notes);
    }
    let seal = match &query.cursor {
        None => None,
        Some(_) => Some(seal(app, &organization.id, &query, types)?),
    };
    let page = match (&query.cursor, &seal) {
        (Some(text), Some(seal)) if !text.is_empty() => Page::Cursor {
            from: Some(seal.open(text, call.now)?),
            count: query.count,
        },
        (Some(_), _) => Page::Cursor {
            from: None,
            count: query.count,
        },
        (None, _) => Page::of(&query),
    };
    let base = app.public.scim(&organization.slug);
    let (listed, place) = large::read(
        app,
        |conn| provisioning::list(conn, organization, &parts, &page, &base),
        |listed| listed.members,
        |conn, listed| {
            if parts.iter().any(|part| part.with_members) {
                listed.read_members(conn)?;
            }
            Ok(())
        },
    )?;
    call.remarks.note(&listed.notes);
    let resources: Vec<Shown<'_>> = listed
        .resources
        .iter()
        .map(|resource| shown(resource, &query, &base))
        .collect();
    let list = match &seal {
        None => page::Page::by_index(listed.total, query.start_index, &resources),
        Some(seal) => {
            let sealed = |cursor| seal.seal(&cursor, call.now);
            let (next, previous) = (listed.next.map(sealed), listed.previous.map(sealed));
            page::Page::by_cursor(listed.total, next, previous, &resources)
        }
    };
    let response = Response::new(200).body(MEDIA_TYPE, list.text());
    Ok(large::keep(response, place))
}

/// For the cursors of this list and of no other.
fn seal(
    app: &App,
    organization_id: &str,
    query: &ListQuery,
    types: &[Resources],
) -> Result<Seal, Refused> {
    let secret = cursor_key::ensure(&app.store).map_err(provisioning::ProvisioningError::from)?;
    let list = [
        organization_id,
        &format!("{types:?}"),
        &format!("{:?}", query.filter),
        &format!("{:?}", query.sort),
    ];
    Ok(Seal::new(&secret, &list))
}

fn shown<'a>(resource: &'a ScimResource, query: &ListQuery, base: &str) -> Shown<'a> {
    match resource {
        ScimResource::User(user) => Shown::User(query.project(user.shown(base), &USER)),
        ScimResource::Group(group) => {
            Shown::Group(WholeGroup::new(&group.as_rendered(), query, base))
        }
    }
}
