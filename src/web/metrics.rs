//! `GET /metrics`, for an operator's session or a token with the scope `operate`.

use std::sync::PoisonError;

use super::route::Call;
use super::{App, Problem};
use crate::directory::expiry;
use crate::edge::Response;

/// The figures in Prometheus' text format.
pub(super) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let mut deprovisioning = app
        .deprovisioning
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    while app.store.read(|conn| deprovisioning.go_on(conn))? {}
    let ends = app.store.read(|conn| expiry::in_use(conn, call.now))?;
    let mut days = String::new();
    for certificate in &ends {
        let used_for = serde_json::to_value(certificate.used_for).unwrap_or_default();
        days.push_str(&format!(
            "portcullis_certificate_days_left{{used_for={used_for},id=\"{}\"}} {}\n",
            certificate.id,
            certificate.days_left(call.now)
        ));
    }
    let text = format!(
        "# HELP portcullis_build_info The version that runs.\n\
         # TYPE portcullis_build_info gauge\n\
         portcullis_build_info{{version=\"{}\"}} 1\n\
         # HELP portcullis_certificate_days_left Days until a certificate in use ends.\n\
         # TYPE portcullis_certificate_days_left gauge\n{days}{}",
        env!("CARGO_PKG_VERSION"),
        deprovisioning.exposition()
    );
    Ok(Response::new(200).body(
        "text/plain; version=0.0.4; charset=utf-8",
        text.into_bytes(),
    ))
}
