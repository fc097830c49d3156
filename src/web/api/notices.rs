//! What whoever looks at the console should know.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use crate::access::break_glass::notice::{self, Notice};
use crate::directory::findings::{self, Severity};
use crate::directory::{Action, Decision, Target, may};
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
    let mut items = if allowed(Action::Operate, Target::Appliance) {
        app.store
            .read(|conn| notice::for_operators(conn, call.now))?
    } else if administers {
        app.store.read(|conn| notice::for_admins(conn, call.now))?
    } else {
        Vec::new()
    };
    // What is wrong and not merely worth knowing stands beside what happened.
    let own = signed_in.organization().map(|own| own.id.clone());
    if call.may_operate()? || administers {
        let of = if call.may_operate()? { None } else { own };
        let found = app
            .store
            .read(|conn| findings::all(conn, of.as_deref(), call.now))?;
        let grave = found
            .into_iter()
            .filter(|it| it.severity >= Severity::Warning);
        items.extend(grave.take(MOST_FINDINGS).map(|it| Notice {
            kind: it.code,
            at: call.now,
            text: format!("{} {}", it.text, it.fix),
        }));
    }
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}
