//! `portcullis demo`: the whole product on this machine alone. A real appliance on a temporary
//! database, a simulated Okta beside it, and a story of what happens between the two, told by HTTP
//! through the front doors of both, as browsers and Okta would.
//!
//! What is simulated is Okta, never the appliance: it is the same store, application and edge as
//! `portcullis serve` runs, with nothing opened or shortened for the occasion. The simulator can't
//! be met anywhere else, since only `cli::demo` calls [`play`] and no route leads here.
//!
//! # Why plain HTTP
//!
//! Both listen on loopback, where no network is that somebody could listen on, and browsers treat
//! it as a secure context: current Chromium and Firefox keep `Secure` and `__Host-` cookies from
//! `http://127.0.0.1`. With TLS every visitor would first meet two certificate warnings, and learn
//! to click them away. Safari keeps no such cookies; there the story's output is the demo.

mod browser;
mod http;
pub mod identity_provider;
mod okta;
mod pages;
mod people;
mod push;
mod screen;
mod stage;
mod story;

use std::io;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;
use thiserror::Error;

use self::identity_provider::IdentityProviderError;
use self::screen::Screen;
use self::stage::Stage;
use crate::access::break_glass::BreakGlassError;
use crate::directory::DirectoryError;
use crate::edge::BindError;
use crate::store::OpenError;

/// Why the demo didn't end well.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The temporary directory, a thread or a signal handler couldn't be had.
    #[error("starting: {0}")]
    Start(#[source] io::Error),
    /// The temporary database couldn't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The break-glass account couldn't be made.
    #[error(transparent)]
    BreakGlass(#[from] BreakGlassError),
    /// The addresses couldn't be kept.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No port was free.
    #[error("{0}: {source}", source = .0.source)]
    Bind(#[from] BindError),
    /// The simulated Okta has no key.
    #[error(transparent)]
    IdentityProvider(#[from] IdentityProviderError),
    /// Standard output is gone.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    /// A part of the product didn't do what it should.
    #[error("the story did not hold: {0}")]
    NotHeld(String),
    /// Ctrl-C, before the story was over.
    #[error("interrupted; both servers are stopped and the database is removed")]
    Interrupted,
}

/// Starts both servers and tells the story. With `once` it ends there, and well only if every step
/// held; otherwise both go on until SIGINT or SIGTERM. The database is removed in either case.
pub fn play(once: bool) -> Result<(), DemoError> {
    let interrupt = Interrupt::listen().map_err(DemoError::Start)?;
    let mut screen = Screen::new(io::stdout());
    screen.title()?;
    let stage = Stage::set()?;
    let whole = story::tell(&stage, &mut screen, &|| interrupt.came())?;
    if interrupt.came() {
        return Err(DemoError::Interrupted);
    }
    screen.verdict(whole)?;
    if !once {
        screen.addresses(&stage)?;
        interrupt.wait();
        drop(stage);
        screen.farewell()?;
    }
    screen
        .complaint()
        .map_or(Ok(()), |complaint| Err(DemoError::NotHeld(complaint)))
}

/// SIGINT or SIGTERM. The first one ends the demo in order, a second one at once.
struct Interrupt {
    signals: Receiver<()>,
    handle: Handle,
}

impl Interrupt {
    fn listen() -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let handle = signals.handle();
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let mut coming = signals.forever();
                if coming.next().is_some() {
                    // The receiver sees the sender go, now and for good.
                    drop(sender);
                }
                if let Some(signal) = coming.next() {
                    let _ = low_level::emulate_default_handler(signal);
                }
            })?;
        Ok(Self {
            signals: receiver,
            handle,
        })
    }

    fn came(&self) -> bool {
        self.signals.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn wait(&self) {
        let _ = self.signals.recv();
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.handle.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::password::{Gate, GateLimits};
    use crate::edge::{Client, Handler as _, Method, Request};
    use crate::store::scratch;
    use crate::web::App;

    #[test]
    fn the_story_holds() {
        let mut told = Vec::new();
        let mut screen = Screen::plain(&mut told);
        let stage = Stage::set().unwrap();
        let database = stage.database();
        assert!(database.is_file());
        assert!(story::tell(&stage, &mut screen, &|| false).unwrap());
        let complaint = screen.complaint();
        drop(stage);
        let told = String::from_utf8(told).unwrap();
        assert!(complaint.is_none(), "{told}");
        assert!(!told.contains('\u{1b}') && !told.contains('✗'), "{told}");
        assert!(!database.parent().unwrap().exists());
    }

    #[test]
    fn an_appliance_has_nothing_at_the_simulators_addresses() {
        let store = scratch::store();
        let public = "http://127.0.0.1:1".parse().unwrap();
        let app = App::new(
            store.clone(),
            Gate::new(GateLimits::default()),
            public,
            false,
        );
        let client = Client {
            address: [127, 0, 0, 1].into(),
            secure: false,
        };
        for address in okta::ADDRESSES {
            for method in [Method::Get, Method::Post] {
                let response = app.handle(Request::new(method.clone(), address, client));
                assert_eq!(response.status, 404, "{method} {address}");
            }
        }
    }
}
