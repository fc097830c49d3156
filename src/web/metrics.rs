//! `GET /metrics`, for an operator's session or a token with the scope `operate`.

use std::sync::PoisonError;

use super::route::Call;
use super::{App, Problem};
use crate::edge::Response;

/// The figures in Prometheus' text format.
pub(super) fn show(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let mut deprovisioning = app
        .deprovisioning
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    while app.store.read(|conn| deprovisioning.go_on(conn))? {}
    let text = format!(
        "# HELP portcullis_build_info The version that runs.\n\
         # TYPE portcullis_build_info gauge\n\
         portcullis_build_info{{version=\"{}\"}} 1\n{}",
        env!("CARGO_PKG_VERSION"),
        deprovisioning.exposition()
    );
    Ok(Response::new(200).body(
        "text/plain; version=0.0.4; charset=utf-8",
        text.into_bytes(),
    ))
}
