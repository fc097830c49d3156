//! For whoever watches: is the process there, can it do its work.

use super::route::Call;
use super::{App, Problem};
use crate::access::key::{self, Kind};
use crate::edge::{Response, self_signed};
use crate::store::StoreError;

/// `GET /healthz`: the process answers.
pub(super) fn alive(_: &App, _: &Call<'_>) -> Result<Response, Problem> {
    Ok(Response::new(200).body("text/plain; charset=utf-8", &b"ok\n"[..]))
}

/// `GET /readyz`: the database can be read, too.
pub(super) fn ready(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    app.store.read(|conn| {
        conn.query_row("SELECT 1 FROM settings LIMIT 1", [], |_| Ok(()))
            .or_else(|e| match e {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                other => Err(StoreError::from(other)),
            })
    })?;
    Ok(Response::new(200).body("text/plain; charset=utf-8", &b"ready\n"[..]))
}

/// `GET /ca.pem`: the local CA to trust, where TLS is self-signed. Read anew each time, as it is
/// renewed while the appliance runs.
pub(super) fn ca(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let ca = match app.self_signed {
        true => app
            .store
            .read(|conn| key::newest_active(conn, Kind::TlsCa))?,
        false => None,
    };
    match ca {
        Some(ca) => Ok(Response::new(200)
            .header(
                "Content-Disposition",
                "attachment; filename=\"portcullis-ca.pem\"",
            )
            .body(
                "application/x-pem-file",
                self_signed::pem(&ca.certificate).into_bytes(),
            )),
        None => Err(Problem::new(
            404,
            "not-found",
            "This appliance uses a certificate of yours; there is no local CA.",
        )),
    }
}
