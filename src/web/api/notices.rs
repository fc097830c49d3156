//! What whoever looks at the console should know.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::access::break_glass::notice::{self, Notice};
use crate::clock::Timestamp;
use crate::directory::brake::{Reason, hold};
use crate::directory::findings::{self, Severity};
use crate::directory::{Action, Decision, Target, certificate_news, may};
use crate::edge::Response;

/// Findings shown as notices at once.
const MOST_FINDINGS: usize = 20;

/// `GET /api/v1/notices`: for operators and admins; nobody else has any.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let signed_in = call.signed_in()?;
    let actor = signed_in.actor();
    let allowed = |action, target| may(&actor, action, target) == Decision::Allowed;
    let administers = signed_in
        .organization()
        .is_some_and(|own| allowed(Action::Administer, Target::Organization(&own.id)));
    let own = signed_in.organization().map(|own| own.id.as_str());
    let mut items: Vec<Value> = if allowed(Action::Operate, Target::Appliance) {
        app.store.read(|conn| {
            let announced = notice::for_operators(conn, call.now)?;
            together(conn, None, &announced, call.now)
        })?
    } else if administers {
        app.store.read(|conn| {
            let announced = notice::for_admins(conn, call.now)?;
            together(conn, own, &announced, call.now)
        })?
    } else {
        Vec::new()
    };
    // What is wrong and not merely worth knowing stands beside what happened.
    if call.may_operate()? || administers {
        let of = if call.may_operate()? { None } else { own };
        let found = app.store.read(|conn| findings::all(conn, of, call.now))?;
        let grave = found
            .into_iter()
            .filter(|it| it.severity >= Severity::Warning);
        items.extend(grave.take(MOST_FINDINGS).map(|it| {
            json!({
                "kind": it.code,
                "at": call.now,
                "text": format!("{} {}", it.text, it.fix),
            })
        }));
    }
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// What the brake holds, which waits for an answer, before what was announced and the certificates
/// that were pinned without a question.
fn together(
    conn: &Connection,
    organization_id: Option<&str>,
    announced: &[Notice],
    now: Timestamp,
) -> Result<Vec<Value>, Problem> {
    let held = hold::open_ones(conn, organization_id, now)?;
    let unasked =
        certificate_news::pinned_unasked(conn, organization_id, now.minus(notice::SHOWN))?;
    let unasked = unasked
        .iter()
        .take(MOST_FINDINGS)
        .map(|(at, text)| json!({ "kind": "certificate-pinned", "at": at, "text": text }));
    Ok(held
        .iter()
        .map(held_notice)
        .chain(announced.iter().map(|notice| json!(notice)))
        .chain(unasked)
        .collect())
}

fn held_notice(open: &hold::Open) -> Value {
    let hold::Open {
        slug,
        organization,
        hold,
    } = open;
    let people = match hold.people {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    };
    let why = match hold.reason {
        Reason::Share => format!(
            "{} of {} active people had lost their access already",
            hold.passed, hold.active
        ),
        Reason::LastAdmin => "nobody active could administer it any more".to_owned(),
    };
    json!({
        "kind": "brake-held",
        "at": hold.opened_at,
        "text": format!(
            "SCIM changes of {organization} are held: the token {} would take access from {people}, \
             and {why}. They wait for an answer.",
            hold.token.name
        ),
        "href": format!("/console/organizations/{slug}/brake"),
    })
}
