//! The response that is kept with a sign-in's trace: as it came, redacted for support, and
//! verified again. For the organization's admins; each reading is audited.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::json as answer;
use super::traces::of_organization;
use crate::directory::kept_document::{self, NOT_KEPT, Purpose};
use crate::directory::{DirectoryError, replay as replays, trace_bundle};
use crate::edge::Response;
use crate::observe::trace::Trace;
use crate::observe::trace::document::Document;

/// `GET .../traces/{reference}/document`. In JSON, since a browser must not take a stranger's XML
/// for a page of ours.
pub(in crate::web) fn raw(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let trace = of_organization(app, call)?;
    let document = kept(app, call, &trace, Purpose::Raw)?.ok_or_else(not_kept)?;
    answer(
        200,
        &json!({
            "reference": trace.reference,
            "form": document.form(),
            "bytes": document.text().len(),
            "document": document.text(),
        }),
    )
}

/// `GET .../traces/{reference}/bundle`
pub(in crate::web) fn bundle(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let trace = of_organization(app, call)?;
    let document = kept(app, call, &trace, Purpose::Bundle)?;
    let bundle = app
        .store
        .read(|conn| trace_bundle::of(conn, &trace, document.as_ref(), &app.public, call.now))?;
    answer(200, &bundle)
}

/// `POST .../traces/{reference}/replay`
pub(in crate::web) fn replay(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let trace = of_organization(app, call)?;
    let document = kept(app, call, &trace, Purpose::Replay)?.ok_or_else(not_kept)?;
    let replayed = app
        .store
        .read(|conn| replays::of(conn, &trace, &document, &app.public))
        .map_err(|error| match error {
            DirectoryError::NotFound { .. } => Problem::new(
                409,
                "provider-gone",
                "The provider of this sign-in is gone, so that there is nothing to verify against.",
            ),
            other => other.into(),
        })?;
    answer(200, &replayed)
}

fn kept(
    app: &App,
    call: &Call<'_>,
    trace: &Trace,
    purpose: Purpose,
) -> Result<Option<Document>, Problem> {
    let by = call.author()?;
    Ok(kept_document::read(
        &app.store, trace, purpose, &by, call.now,
    )?)
}

fn not_kept() -> Problem {
    Problem::new(404, "document-not-kept", NOT_KEPT)
}
