//! What the story happens on: a temporary database, the appliance on it, and the simulated Okta.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::DemoError;
use super::okta::Okta;
use crate::access::break_glass;
use crate::access::password::{Gate, GateLimits};
use crate::access::secret::Secret;
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::edge::{Edge, Handler, Limits, Stopper, Tls};
use crate::observe::audit::Author;
use crate::store::{Options, Store, id, random};
use crate::web::App;

/// Both servers and their database. All of it ends and is removed when this is dropped.
pub(super) struct Stage {
    /// Where the appliance is.
    pub(super) public: PublicUrl,
    /// The simulated Okta.
    pub(super) okta: Arc<Okta>,
    /// The break-glass account that the first start made.
    pub(super) account: String,
    /// Its generated password.
    pub(super) password: Secret,
    servers: Vec<Server>,
    store: Store,
    directory: Directory,
}

impl Stage {
    /// Starts both servers on free ports of 127.0.0.1.
    pub(super) fn set() -> Result<Self, DemoError> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bind = || Edge::bind(any_port, Limits::default(), Tls::Off, Vec::new());
        let (appliance_edge, okta_edge) = (bind()?, bind()?);
        let public: PublicUrl = format!("http://{}", appliance_edge.local_addr()).parse()?;
        let okta_origin = other_site(okta_edge.local_addr());

        // The key pair takes a while, and so does the first password.
        let okta = {
            let appliance = public.origin().to_owned();
            thread::Builder::new()
                .name("okta-key".into())
                .spawn(move || Okta::new(okta_origin, &appliance))
                .map_err(DemoError::Start)?
        };
        let directory = Directory::make().map_err(DemoError::Start)?;
        let store = Store::open(&directory.database(), Options::default())?;
        let gate = Gate::new(GateLimits::default());
        let made = break_glass::first_start(
            &store,
            &gate,
            Some("break-glass"),
            None,
            &Author::appliance(),
            clock::now(),
        )?;
        let Some((account, Some(password))) = made else {
            return Err(DemoError::NotHeld(
                "the first start made no break-glass account".into(),
            ));
        };
        let saved = public.clone();
        store.write(move |tx| saved.save(tx, &Author::appliance(), clock::now()))?;
        let app = App::new(store.clone(), gate, public.clone(), false);
        let gone = || DemoError::Start(io::Error::other("the thread that makes a key is gone"));
        let okta = Arc::new(okta.join().map_err(|_| gone())??);
        Ok(Self {
            servers: vec![
                Server::start("appliance", appliance_edge, app)?,
                Server::start("okta", okta_edge, Arc::clone(&okta))?,
            ],
            public,
            okta,
            account,
            password,
            store,
            directory,
        })
    }

    /// The temporary database, for the commands that work on one.
    pub(super) fn database(&self) -> PathBuf {
        self.directory.database()
    }
}

/// First nobody asks any more, then nothing is written any more; the directory goes last.
impl Drop for Stage {
    fn drop(&mut self) {
        self.servers.clear();
        self.store.close();
    }
}

/// The same machine under another name, which makes it another site to browsers: cookies of one
/// don't reach the other, and its POST comes from elsewhere, as Okta's does. Where localhost isn't
/// known the number has to do.
fn other_site(address: SocketAddr) -> String {
    let name = ("localhost", address.port());
    let known = name
        .to_socket_addrs()
        .is_ok_and(|mut found| found.any(|a| a == address));
    if known {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// A listener at work.
struct Server {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(name: &str, edge: Edge, handler: Arc<impl Handler>) -> Result<Self, DemoError> {
        let stopper = edge.stopper();
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || edge.run(handler))
            .map_err(DemoError::Start)?;
        Ok(Self {
            stopper,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A directory that only we can read, gone when this is dropped.
struct Directory(PathBuf);

impl Directory {
    fn make() -> io::Result<Self> {
        let name = format!("portcullis-demo-{}", id::base32(&random::bytes::<10>()));
        let path = env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn database(&self) -> PathBuf {
        self.0.join("portcullis.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
