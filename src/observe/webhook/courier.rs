//! The thread that sends.
//!
//! It looks into the database rather than being told, as events also come from the command line,
//! which is another process. What it finds is there again after a restart.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Address;
use super::queue::{self, Due};
use super::signature::sign;
use crate::clock::{self, Timestamp};
use crate::store::{Store, StoreError};

/// How often it looks. An index holds what is due, so that looking at nothing costs nothing.
const TURN: Duration = Duration::from_secs(1);

/// How long an endpoint may take, all in all.
const DEADLINE: Duration = Duration::from_secs(10);

/// The running thread.
pub struct Courier {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Courier {
    /// Starts sending what is due and goes on until [`Courier::stop`].
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(store: Store) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("webhooks".into())
            .spawn(move || {
                let mut wait = Duration::ZERO;
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(wait) {
                    wait = match turn(&store) {
                        Ok(true) => Duration::ZERO,
                        Ok(false) => TURN,
                        Err(StoreError::Stopped) => break,
                        Err(error) => {
                            tracing::warn!(%error, "webhooks");
                            TURN
                        }
                    };
                }
            })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread; an attempt that is under way is finished first, within ten seconds.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

/// Sends one delivery per webhook, side by side. True if one arrived, so that there may be more
/// to do at once.
fn turn(store: &Store) -> Result<bool, StoreError> {
    let due = store.read(|conn| queue::due(conn, clock::now()))?;
    if due.is_empty() {
        return Ok(false);
    }
    thread::scope(|scope| {
        let sending: Vec<_> = due
            .iter()
            .map(|due| scope.spawn(move || deliver(store, due)))
            .collect();
        let mut arrived = false;
        for sent in sending {
            arrived |= sent.join().map_err(|_| StoreError::Panicked)??;
        }
        Ok(arrived)
    })
}

/// Sends and notes what came of it. True if it arrived.
fn deliver(store: &Store, due: &Due) -> Result<bool, StoreError> {
    let outcome = send(due, clock::now());
    let (event_id, webhook_id) = (due.event_id.clone(), due.webhook_id.clone());
    let (attempts, now) = (due.attempts, clock::now());
    let origin = Address::origin_of(&due.url);
    match outcome {
        Ok(()) => {
            store.write(move |tx| queue::arrived(tx, &event_id, &webhook_id, now))?;
            Ok(true)
        }
        Err(error) => {
            let kept = error.clone();
            let next = store.write(move |tx| {
                queue::failed(tx, (&event_id, &webhook_id), attempts, &kept, now)
            })?;
            let event = &due.event_id;
            match next {
                Some(next) => {
                    tracing::warn!(%origin, event, %error, %next, "a webhook was not delivered");
                }
                None => tracing::error!(%origin, event, %error, "a webhook was given up"),
            }
            Ok(false)
        }
    }
}

/// Sends a queued event now and once only, as the command line's test does. What went wrong, or
/// nothing.
///
/// # Errors
/// [`StoreError`]; a delivery that failed is a result.
pub fn try_once(store: &Store, event_id: &str) -> Result<Option<String>, StoreError> {
    let waiting = store.read(|conn| queue::of_event(conn, event_id))?;
    let mut wrong = None;
    for due in waiting {
        let outcome = send(&due, clock::now());
        let now = clock::now();
        let error = outcome.err();
        let kept = error.clone();
        store.write(move |tx| match kept {
            None => queue::arrived(tx, &due.event_id, &due.webhook_id, now),
            Some(error) => queue::put_failure(tx, (&due.event_id, &due.webhook_id), &error, None),
        })?;
        wrong = wrong.or(error);
    }
    Ok(wrong)
}

/// One attempt. The error is a sentence without the address, whose path may be a secret.
fn send(due: &Due, now: Timestamp) -> Result<(), String> {
    let body = due.body();
    let seconds = now.millis() / 1_000;
    let signature = sign(&due.secret, &due.event_id, seconds, &body);
    let answer = agent(&due.url)
        .post(&due.url)
        .header("content-type", "application/json")
        .header("webhook-id", &due.event_id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature)
        .send(body.as_slice())
        .map_err(|error| in_words(&error))?;
    let status = answer.status();
    if status.is_success() {
        Ok(())
    } else if status.is_redirection() {
        Err(format!(
            "answered {}: a redirect, which is not followed",
            status.as_u16()
        ))
    } else {
        Err(format!("answered {}", status.as_u16()))
    }
}

fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer within 10 s".to_owned(),
        ureq::Error::HostNotFound => "the host was not found".to_owned(),
        ureq::Error::BadUri(_) => "the address can't be used".to_owned(),
        other => other.to_string(),
    }
}

/// Environment variables may name a proxy; what is on this machine is not reached through one.
fn agent(url: &str) -> ureq::Agent {
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let proxy = if Address::is_loopback(url) {
        None
    } else {
        ureq::Proxy::try_from_env()
    };
    ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .timeout_global(Some(DEADLINE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("Portcullis/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}
