//! `portcullis serve`

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::break_glass::password_in;
use super::certificate::{Kept, Source};
use super::metadata_follower::Follower;
use super::{CliError, Format, Global, output};
use crate::access::break_glass;
use crate::access::password::{self, Gate, GateLimits};
use crate::access::{
    followed_logout, invitation, logout_request, session, sign_in_request, throttle,
};
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::{brake, expiry, key_roll};
use crate::edge::{Edge, Limits, Tls, tls};
use crate::observe::audit::{Author, retention};
use crate::observe::webhook::Courier;
use crate::observe::{event, log, trace};
use crate::outbound::dns::Resolvers;
use crate::store::{Store, StoreError};
use crate::web::App;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(
        long,
        env = "PORTCULLIS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8443"
    )]
    listen: SocketAddr,
    /// Where browsers and Okta reach the appliance; kept in the database [default: what was kept,
    /// else localhost]
    #[arg(long, env = "PORTCULLIS_PUBLIC_URL", value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Where the certificate comes from
    #[arg(
        long,
        env = "PORTCULLIS_TLS",
        value_name = "WAY",
        default_value = "self-signed"
    )]
    tls: TlsWay,
    /// With --tls files: the certificate chain, PEM; read again when it changes
    #[arg(
        long,
        env = "PORTCULLIS_TLS_CERT",
        value_name = "FILE",
        required_if_eq("tls", "files")
    )]
    tls_cert: Option<PathBuf>,
    /// With --tls files: its private key, PEM
    #[arg(
        long,
        env = "PORTCULLIS_TLS_KEY",
        value_name = "FILE",
        required_if_eq("tls", "files")
    )]
    tls_key: Option<PathBuf>,
    /// A reverse proxy whose X-Forwarded-For and -Proto are believed; may be given several times
    #[arg(
        long,
        env = "PORTCULLIS_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<Network>,
    /// A folder with identity providers' metadata, a file <provider id>.xml each; read again when it
    /// changes, for sites that reach no metadata URL
    #[arg(long, env = "PORTCULLIS_METADATA_DIR", value_name = "DIR")]
    metadata_dir: Option<PathBuf>,
    /// First start: take the break-glass account's password from the first line of this file
    /// instead of printing a generated one
    #[arg(
        long,
        env = "PORTCULLIS_BREAK_GLASS_PASSWORD_FILE",
        value_name = "FILE"
    )]
    break_glass_password_file: Option<PathBuf>,
    /// On the first start: what the account is called [default: break-glass- and four random
    /// characters, as a name that nobody knows is one that nobody guesses at]
    #[arg(long, env = "PORTCULLIS_BREAK_GLASS_NAME", value_name = "NAME")]
    break_glass_name: Option<String>,
    /// The DNS server to ask when somebody proves a domain [default: those in /etc/resolv.conf]
    #[arg(long, env = "PORTCULLIS_RESOLVER", value_name = "ADDRESS")]
    resolver: Option<Resolvers>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TlsWay {
    /// A local CA and a certificate made here, kept in the database, renewed by itself
    SelfSigned,
    /// Your own, from --tls-cert and --tls-key
    Files,
    /// None: on loopback, or behind a trusted proxy that does it
    Off,
}

/// A network, or one address of it.
#[derive(Clone, Copy, Debug)]
struct Network(IpNet);

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map(Self)
            .map_err(|_| "expected a network such as 10.0.0.0/8 or an address".to_owned())
    }
}

/// The first turn comes soon, for what the start itself left lying about.
const FIRST_HOUSEKEEPING: Duration = Duration::from_millis(1_500);

/// How often what is out of date is cleared away, and a certificate of our own is looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// How often the files of a certificate are looked at.
const FILES_WATCHED: Duration = Duration::from_secs(2);

impl Serve {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        log::init(global.log_format()).map_err(|e| CliError::other(e.to_string()))?;
        self.check_tls_off()?;
        // Asked for before anything is made, so that a mistake leaves nothing behind.
        let password = self
            .break_glass_password_file
            .as_deref()
            .map(password_in)
            .transpose()?;
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let store = global.open_or_create()?;
        warn_if_others_may_read(&global.data);
        let now = clock::now();
        let gate = Gate::new(GateLimits::default());
        // Hashing the first password takes as long as all the rest, so both run side by side.
        let (first, prepared) = thread::scope(|scope| {
            let (store, gate) = (&store, &gate);
            let by = Author::appliance();
            let name = self.break_glass_name.as_deref();
            let making = scope
                .spawn(move || break_glass::first_start(store, gate, name, password, &by, now));
            let prepared = self.prepare(store);
            (making.join(), prepared)
        });
        let first = first.map_err(|_| CliError::other("making the first account failed"))??;
        // Shown before anything else can fail: the password is not to be had again.
        if let Some((name, password)) = first {
            announce_account(global, &name, password.as_ref().map(|p| p.expose()))?;
        }
        let (known, mut kept) = prepared?;
        let tls = match &kept {
            Some(kept) => Tls::On(
                tls::server_config(Arc::clone(&kept.shown))
                    .map_err(|e| CliError::other(e.to_string()))?,
            ),
            None => Tls::Off,
        };
        let proxies = self.trusted_proxy.iter().map(|network| network.0).collect();
        let edge = Edge::bind(self.listen, Limits::default(), tls, proxies)
            .map_err(|e| CliError::other(e.to_string()))?;
        let public = match known {
            Some(known) => known,
            None => own_public_url(&store, edge.local_addr(), kept.is_some())?,
        };
        let self_signed = kept.as_ref().is_some_and(|kept| !kept.is_of_files());
        let app = App::new(store.clone(), gate, public.clone(), self_signed);
        if let Some(resolvers) = self.resolver {
            app.ask_dns_at(resolvers);
        }

        announce(global, &edge, &public, kept.is_some())?;

        let stopper = edge.stopper();
        let (stopping, stopped) = mpsc::channel::<()>();
        let housekeeper = {
            let store = store.clone();
            thread::Builder::new()
                .name("housekeeping".into())
                .spawn(move || {
                    let watched = kept.as_ref().is_some_and(Kept::is_of_files);
                    let mut due = FIRST_HOUSEKEEPING;
                    Kept::note(kept.as_ref(), &store);
                    let mut wait = due;
                    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(wait) {
                        due = due.saturating_sub(wait);
                        if due.is_zero() {
                            due = HOUSEKEEPING;
                            keep_house(&store);
                        }
                        // Files at each turn; a certificate of our own has none in between.
                        if let Some(kept) = &mut kept {
                            kept.look_after(&store, clock::now());
                        }
                        wait = if watched { due.min(FILES_WATCHED) } else { due };
                    }
                })?
        };
        let follower = Follower::start(store.clone(), self.metadata_dir)?;
        let courier = Courier::start(store.clone())?;
        let closing = signals.handle();
        let watcher = thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    tracing::info!(signal, "stopping: finishing what runs");
                    stopper.stop();
                }
            })?;
        edge.run(Arc::clone(&app) as Arc<_>);
        app.finish();
        closing.close();
        drop(stopping);
        let _ = watcher.join();
        let _ = housekeeper.join();
        follower.stop();
        courier.stop();
        store.close();
        Ok(())
    }

    /// Passwords and sessions must not cross a network in the clear.
    fn check_tls_off(&self) -> Result<(), CliError> {
        if self.tls != TlsWay::Off
            || self.listen.ip().is_loopback()
            || !self.trusted_proxy.is_empty()
        {
            return Ok(());
        }
        Err(CliError::other(format!(
            "--tls off on {} would send passwords and sessions in the clear; listen on \
             127.0.0.1, name the proxy that does TLS with --trusted-proxy, or leave --tls at \
             self-signed",
            self.listen
        )))
    }

    /// The public URL, where one is known, and the certificate.
    fn prepare(&self, store: &Store) -> Result<(Option<PublicUrl>, Option<Kept>), CliError> {
        let known = self.known_public_url(store)?;
        let kept = self.certificate(store, known.as_ref())?;
        Ok((known, kept))
    }

    /// The public URL from the command line, which is kept, else the one kept before.
    fn known_public_url(&self, store: &Store) -> Result<Option<PublicUrl>, CliError> {
        if let Some(given) = &self.public_url {
            let saved = given.clone();
            let by = Author::command_line();
            store.write(move |tx| saved.save(tx, &by, clock::now()))?;
            return Ok(Some(given.clone()));
        }
        if store.read(PublicUrl::is_set)? {
            return Ok(Some(store.read(PublicUrl::load)?));
        }
        Ok(None)
    }

    fn certificate(
        &self,
        store: &Store,
        public: Option<&PublicUrl>,
    ) -> Result<Option<Kept>, CliError> {
        let source = match (self.tls, &self.tls_cert, &self.tls_key) {
            (TlsWay::Off, _, _) => return Ok(None),
            (TlsWay::SelfSigned, _, _) => Source::self_signed(public),
            (TlsWay::Files, Some(certificate), Some(key)) => Source::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            (TlsWay::Files, _, _) => {
                return Err(CliError::other(
                    "--tls files needs --tls-cert and --tls-key",
                ));
            }
        };
        source.load(store, clock::now()).map(Some)
    }
}

/// A file that was copied here may have lost the mode it was made with.
fn warn_if_others_may_read(data: &Path) {
    let Ok(metadata) = std::fs::metadata(data) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let (path, mode) = (data.display(), format!("{mode:o}"));
        tracing::warn!(%path, mode, "the database holds private keys and others may read it: chmod 600");
    }
}

/// This machine's own public URL, where none was ever given; kept for the commands that print
/// addresses.
fn own_public_url(store: &Store, bound: SocketAddr, tls: bool) -> Result<PublicUrl, CliError> {
    let scheme = if tls { "https" } else { "http" };
    let own: PublicUrl = format!("{scheme}://localhost:{}", bound.port()).parse()?;
    let saved = own.clone();
    store.write(move |tx| saved.save(tx, &Author::appliance(), clock::now()))?;
    Ok(own)
}

fn announce_account(global: &Global, name: &str, password: Option<&str>) -> Result<(), CliError> {
    if global.log_format == Format::Json {
        return output::json(
            &json!({ "event": "break_glass_created", "username": name, "password": password }),
        );
    }
    match password {
        Some(password) => {
            output::line("")?;
            output::line("  The break-glass account was made. Its password is shown this once:")?;
            output::line(&format!("    account   {name}"))?;
            output::line(&format!("    password  {password}"))?;
            output::line("")
        }
        None => output::line(&format!("The break-glass account {name} was made.")),
    }
}

fn announce(global: &Global, edge: &Edge, public: &PublicUrl, tls: bool) -> Result<(), CliError> {
    let address = edge.local_addr();
    let scheme = if tls { "https" } else { "http" };
    if global.log_format == Format::Json {
        return output::json(&json!({
            "event": "listening",
            "url": format!("{scheme}://{address}"),
            "public_url": public.origin(),
        }));
    }
    output::line(&format!("Portcullis listens on {scheme}://{address}"))?;
    output::line(&format!("  sign-in      {public}/login"))?;
    output::line(&format!("  break-glass  {public}/break-glass"))
}

/// Clears away what nobody can use any more. What fails is tried again at the next turn.
fn keep_house(store: &Store) {
    password::release_memory();
    let now = clock::now();
    let result = store.write(move |tx| {
        session::prune(tx, now)?;
        sign_in_request::prune(tx, now)?;
        logout_request::prune(tx, now)?;
        followed_logout::prune(tx, now)?;
        throttle::prune(tx, now)?;
        invitation::prune(tx, now)?;
        Ok::<_, StoreError>(())
    });
    // A piece at a time, so that others get in between.
    let result = result.and_then(|()| {
        while store.write(move |tx| brake::prune(tx, now))? > 0 {}
        while store.write(move |tx| trace::prune(tx, now))? > 0 {}
        while store.write(move |tx| event::prune(tx, now))? > 0 {}
        if let Some(limit) = store.read(|conn| retention::due(conn, now))? {
            let by = Author::appliance;
            while store.write(move |tx| retention::prune(tx, limit, &by(), now))? > 0 {}
        }
        Ok(())
    });
    if let Err(error) = result {
        tracing::warn!(%error, "housekeeping");
    }
    look_at_ends(store, now);
}

/// Takes our own keys out of use whose time is over, and says which certificates end soon.
fn look_at_ends(store: &Store, now: Timestamp) {
    let result = store.write(move |tx| {
        key_roll::retire_due(tx, now)?;
        expiry::announce(tx, now)
    });
    match result {
        Ok(announced) => {
            for (certificate, threshold) in announced {
                let (name, end) = (certificate.name.as_str(), certificate.not_after);
                let id = certificate.id.as_str();
                tracing::warn!(name, id, not_after = %end, threshold, "a certificate ends");
            }
        }
        Err(error) => tracing::warn!(%error, "looking at the ends of certificates"),
    }
}
