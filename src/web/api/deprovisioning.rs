//! Who was switched off or deleted, what ended with them, and how long it took.

use super::super::route::Call;
use super::super::{App, Problem};
use super::{json as answer, page_request};
use crate::directory::deprovisioning;
use crate::edge::Response;

/// `GET .../deprovisioning`
pub(in crate::web) fn report(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let report = app
        .store
        .read(|conn| deprovisioning::report(conn, &organization.id, &request))?;
    answer(200, &report)
}
