//! The audit log, and what it says of the past.

use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::{Value, json};

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{json as answer, page_request};
use crate::clock::Timestamp;
use crate::directory::{DirectoryError, Level, Page, past};
use crate::edge::Response;
use crate::observe::audit::export::{self, Format};
use crate::observe::audit::{self, ACTIONS, Filter};

/// Lines in one answer of an export.
const MOST_EXPORTED: usize = 10_000;

/// Bytes after which an answer of an export takes no further line.
const ENOUGH: usize = 8 << 20;

/// Lines that are read at once.
const STEP: usize = 500;

/// `GET .../audit`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    listed(app, call, Some(&call.organization()?.id))
}

/// `GET /api/v1/audit`: of all organizations and of the appliance itself.
pub(in crate::web) fn list_all(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    listed(app, call, None)
}

fn listed(app: &App, call: &Call<'_>, organization: Option<&str>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let text = |name: &'static str| match query_value(call.request, name) {
        Some(text) if text.len() > 512 => Err(Problem::field(name, "is too long")),
        other => Ok(other.filter(|text| !text.is_empty())),
    };
    let (actor, target, action) = (text("actor")?, text("target")?, text("action")?);
    if let Some(action) = &action
        && !ACTIONS.iter().any(|(word, _)| word == action)
    {
        return Err(Problem::field(
            "action",
            "expected a word of the log, such as user.deactivated",
        ));
    }
    let filter = Filter {
        organization_id: organization,
        actor: actor.as_deref(),
        target: target.as_deref(),
        action: action.as_deref(),
        from: time(call, "from")?,
        to: time(call, "to")?,
    };
    let before = number(request.after.as_deref(), "after")?;
    let lines = app
        .store
        .read(|conn| audit::search(conn, &filter, before, request.limit))?;
    let next = lines
        .last()
        .filter(|_| lines.len() == request.limit)
        .map(|line| line.row.seq.to_string());
    answer(
        200,
        &Page {
            items: lines.iter().map(audit::Line::view).collect(),
            total: None,
            next,
        },
    )
}

/// `GET .../audit/export`
pub(in crate::web) fn export(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    exported(app, call, Some(&call.organization()?.id))
}

/// `GET /api/v1/audit/export`
pub(in crate::web) fn export_all(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    exported(app, call, None)
}

/// Oldest first. Where more follow, `Link` says where (RFC 8288).
fn exported(app: &App, call: &Call<'_>, organization: Option<&str>) -> Result<Response, Problem> {
    let format: Format = match query_value(call.request, "format") {
        None => Format::JsonLines,
        Some(word) => word
            .parse()
            .map_err(|e: String| Problem::field("format", e))?,
    };
    let mut after = number(query_value(call.request, "after").as_deref(), "after")?.unwrap_or(0);
    let mut text = String::new();
    let mut count = 0;
    let more = loop {
        let page = app
            .store
            .read(|conn| export::page(conn, organization, after, STEP))?;
        for line in &page {
            text.push_str(&line.render(format));
            text.push('\n');
            after = line.line.row.seq;
        }
        count += page.len();
        if page.len() < STEP {
            break false;
        }
        if count >= MOST_EXPORTED || text.len() >= ENOUGH {
            break true;
        }
    };
    let response = Response::new(200).body(format.media_type(), text.into_bytes());
    Ok(if more {
        let path = &call.request.path;
        let link = format!(
            "<{path}?format={}&after={after}>; rel=\"next\"",
            format.word()
        );
        response.header("Link", link)
    } else {
        response
    })
}

/// `GET /api/v1/audit/verify`; with `seq` and `hash` of a checkpoint, held to that as well.
pub(in crate::web) fn verify(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let seq = number(query_value(call.request, "seq").as_deref(), "seq")?;
    let hash = query_value(call.request, "hash").filter(|text| !text.is_empty());
    let checkpoints = match (seq, hash) {
        (None, None) => Vec::new(),
        (Some(seq), Some(hash)) => vec![(seq, digest(&hash)?)],
        (None, Some(_)) => return Err(Problem::field("seq", "is missing beside the hash")),
        (Some(_), None) => return Err(Problem::field("hash", "is missing beside the number")),
    };
    let report = app.store.read(|conn| audit::verify(conn, &checkpoints))?;
    answer(200, &report)
}

fn digest(hex: &str) -> Result<Vec<u8>, Problem> {
    HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .ok()
        .filter(|hash| hash.len() == 32)
        .ok_or_else(|| Problem::field("hash", "expected 64 hexadecimal digits"))
}

/// `GET /api/v1/audit/checkpoint`
pub(in crate::web) fn checkpoint(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    answer(
        200,
        &app.store.read(|conn| audit::checkpoint(conn, call.now))?,
    )
}

/// `GET .../users/{user}/timeline`: of somebody who is gone, too.
pub(in crate::web) fn timeline(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let before = number(request.after.as_deref(), "after")?;
    let organization = &call.organization()?.id;
    let user = call.parameter("user");
    let items = app.store.read(|conn| {
        let known = audit::knows(conn, organization, user)?;
        if !known {
            crate::directory::user::find_in(conn, organization, user)?;
        }
        audit::timeline(conn, organization, user, before, request.limit).map_err(Problem::from)
    })?;
    let next = items
        .last()
        .filter(|_| items.len() == request.limit)
        .and_then(|line| line.get("seq")?.as_i64())
        .map(|seq| seq.to_string());
    answer(
        200,
        &Page {
            items,
            total: None,
            next,
        },
    )
}

/// `GET .../levels`: who had a level at a time; without `level` all who had any.
pub(in crate::web) fn levels(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let wanted: Level = query_value(call.request, "level")
        .ok_or_else(|| Problem::field("level", "is missing: admin, editor, runner or viewer"))?
        .parse()?;
    let at = time(call, "at")?.unwrap_or(call.now);
    let organization = &call.organization()?.id;
    let (total, items) = app.store.read(|conn| {
        let past = past::at(conn, organization, at, call.now)?;
        let ids = past.of_level(Some(wanted))?;
        let after = request.after.as_deref().unwrap_or_default();
        let page = ids
            .iter()
            .filter(|id| id.as_str() > after)
            .take(request.limit + 1)
            .filter_map(|id| past.user(id).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<_, DirectoryError>((ids.len(), page))
    })?;
    let next = (items.len() > request.limit)
        .then(|| items.get(request.limit - 1).map(|person| person.id.clone()))
        .flatten();
    let shown: Vec<Value> = items
        .iter()
        .take(request.limit)
        .map(|person| person.view(at))
        .collect();
    answer(
        200,
        &json!({ "at": at, "level": wanted, "total": total, "items": shown, "next": next }),
    )
}

/// A time in the query.
pub(super) fn time(call: &Call<'_>, name: &'static str) -> Result<Option<Timestamp>, Problem> {
    query_value(call.request, name)
        .filter(|text| !text.is_empty())
        .map(|text| {
            Timestamp::parse(&text)
                .ok_or_else(|| Problem::field(name, "expected a time such as 2030-01-31T00:00:00Z"))
        })
        .transpose()
}

fn number(text: Option<&str>, name: &'static str) -> Result<Option<i64>, Problem> {
    text.filter(|text| !text.is_empty())
        .map(|text| {
            text.parse()
                .map_err(|_| Problem::field(name, "expected the number of a line"))
        })
        .transpose()
}
