//! The thread that follows what identity providers publish: the metadata URLs whose time has come,
//! and with `--metadata-dir` the files of a folder. It has a thread of its own, as the network may
//! take its time and housekeeping must not wait.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::CliError;
use crate::clock::{self, Timestamp};
use crate::directory::metadata_poll::{self, Way};
use crate::directory::{DirectoryError, provider};
use crate::observe::audit::Author;
use crate::saml::metadata::MAX_SIZE;
use crate::store::Store;

/// How often the folder is looked at.
const FOLDER: Duration = Duration::from_secs(2);
/// How often addresses are looked for whose time has come; the first time soon after the start.
const ADDRESSES: Duration = Duration::from_secs(60);
/// Files of the folder that are looked at.
const MOST_FILES: usize = 1_000;

/// Which of the turns, one each [`FOLDER`], are for the addresses, too.
struct Turns {
    left: Duration,
}

impl Turns {
    fn new() -> Self {
        Self { left: FOLDER }
    }

    fn next_is_for_addresses(&mut self) -> bool {
        self.left = self.left.saturating_sub(FOLDER);
        let due = self.left.is_zero();
        if due {
            self.left = ADDRESSES;
        }
        due
    }
}

type Stamp = (SystemTime, u64);

/// The running thread.
pub(super) struct Follower {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Follower {
    pub(super) fn start(store: Store, folder: Option<PathBuf>) -> Result<Self, CliError> {
        if let Some(folder) = &folder
            && !folder.is_dir()
        {
            let shown = folder.display();
            return Err(CliError::other(format!(
                "--metadata-dir: {shown} is no folder"
            )));
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::Builder::new()
            .name("metadata".into())
            .spawn(move || {
                let mut known = HashMap::new();
                let mut turns = Turns::new();
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(FOLDER) {
                    if let Some(folder) = &folder {
                        look_in(&store, folder, &mut known, clock::now());
                    }
                    if turns.next_is_for_addresses()
                        && let Err(error) = metadata_poll::look_at_due(&store, clock::now())
                    {
                        tracing::warn!(%error, "following metadata");
                    }
                }
            })?;
        Ok(Self { stop, thread })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

/// Takes each file that is new or has changed.
fn look_in(store: &Store, folder: &Path, known: &mut HashMap<String, Stamp>, now: Timestamp) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().take(MOST_FILES) {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".xml")) else {
            continue;
        };
        let Ok(facts) = entry.metadata() else {
            continue;
        };
        let Ok(changed) = facts.modified() else {
            continue;
        };
        let stamp = (changed, facts.len());
        if !facts.is_file() || known.get(id) == Some(&stamp) {
            continue;
        }
        let taken = take(store, id, &entry.path(), now);
        // A busy database is asked again; what is wrong with a file stays so until it changes.
        if !matches!(taken, Err(DirectoryError::Store(_))) {
            known.insert(id.to_owned(), stamp);
        }
        if let Err(error) = taken {
            tracing::warn!(file = %entry.path().display(), %error, "metadata file not taken");
        }
    }
}

fn take(store: &Store, id: &str, path: &Path, now: Timestamp) -> Result<(), DirectoryError> {
    let found = store.read(|conn| provider::find(conn, id))?;
    if store.read(|conn| metadata_poll::watch(conn, &found))?.mode == metadata_poll::Mode::Off {
        return Ok(());
    }
    let brought = read(path).map_err(|e| DirectoryError::Invalid {
        field: "metadata",
        detail: format!("{}: {e}", path.display()),
    });
    let its = found.clone();
    let by = Author::appliance();
    let (new, pinned) =
        store.write(move |tx| metadata_poll::take(tx, &its, brought, Way::Folder, &by, now))?;
    metadata_poll::log(&found, &new, pinned);
    let failure = store
        .read(|conn| metadata_poll::watch(conn, &found))?
        .failure;
    match failure {
        None => Ok(()),
        Some(detail) => Err(DirectoryError::Invalid {
            field: "metadata",
            detail,
        }),
    }
}

/// At most a byte more than is allowed, so that what is too big is known as such.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_SIZE)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use rusqlite::Connection;

    use super::*;
    use crate::demo::identity_provider::IdentityProvider;
    use crate::directory::domain::DomainState;
    use crate::directory::metadata_poll::Mode;
    use crate::directory::organization;
    use crate::directory::provider::{Change, Completion};
    use crate::directory::provider_kind::Kind;
    use crate::saml::metadata::parse_idp;
    use crate::store::{Options, id, random};

    #[test]
    fn addresses_are_looked_for_soon_and_then_each_minute() {
        let mut turns = Turns::new();
        let due: Vec<_> = (1..=61).filter(|_| turns.next_is_for_addresses()).collect();
        assert_eq!(due, [1, 31, 61]);
    }

    /// A folder, and a store whose queue holds one change; both go with it.
    struct House {
        store: Store,
        folder: PathBuf,
        provider: String,
        idp: IdentityProvider,
        known: HashMap<String, Stamp>,
    }

    impl House {
        fn new() -> Self {
            let name = format!("portcullis-{}", id::base32(&random::bytes::<10>()));
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            let one = Options {
                queue: 1,
                ..Options::default()
            };
            let store = Store::open(&folder.join("test.db"), one).unwrap();
            let idp = IdentityProvider::generate("urn:idp", "https://idp.example/sso").unwrap();
            let document = idp.metadata();
            let provider = store
                .write(move |tx| Ok::<_, DirectoryError>(provider_with(tx, &document)))
                .unwrap();
            Self {
                store,
                folder,
                provider,
                idp,
                known: HashMap::new(),
            }
        }

        /// Metadata of the same identity provider with another key.
        fn publish(&self) {
            let next = IdentityProvider::generate("urn:idp", "https://idp.example/sso").unwrap();
            let file = self.folder.join(format!("{}.xml", self.provider));
            fs::write(file, next.metadata()).unwrap();
        }

        fn look(&mut self) {
            look_in(&self.store, &self.folder, &mut self.known, clock::now());
        }

        fn pinned(&self) -> Vec<Vec<u8>> {
            let all = self
                .store
                .read(|conn| provider::certificates(conn, &self.provider));
            all.unwrap().into_iter().map(|it| it.der).collect()
        }
    }

    impl Drop for House {
        fn drop(&mut self) {
            self.store.close();
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    fn provider_with(tx: &Connection, document: &str) -> String {
        let (by, now) = (Author::appliance(), clock::now());
        let slug = "acme".parse().unwrap();
        let organization = organization::create(tx, &slug, "Acme", &by, now).unwrap();
        let domains = ["acme.com".parse().unwrap()];
        let (kind, state) = (Kind::Okta, DomainState::Active);
        let added =
            provider::add(tx, &organization, kind, None, &domains, state, &by, now).unwrap();
        let change = Change {
            completion: Some(Completion::from_metadata(
                parse_idp(document.as_bytes(), now).unwrap(),
                None,
            )),
            ..Change::default()
        };
        let active = provider::change(tx, &added.id, &change, &by, now).unwrap();
        metadata_poll::set(tx, &active, Some(Mode::Automatic), None, &by, now).unwrap();
        active.id
    }

    #[test]
    fn a_good_file_is_taken_once() {
        let mut house = House::new();
        house.look();
        assert_eq!(house.pinned(), [house.idp.certificate()]);
        house.publish();
        house.look();
        assert_eq!(house.pinned().len(), 2);
        assert_eq!(house.known.len(), 1);
        let looked = |house: &House| {
            let found = house
                .store
                .read(|conn| provider::find(conn, &house.provider));
            let found = found.unwrap();
            let watch = house
                .store
                .read(|conn| metadata_poll::watch(conn, &found))
                .unwrap();
            assert_eq!(watch.failure, None);
            watch.looked_at
        };
        let first = looked(&house);
        thread::sleep(Duration::from_millis(2));
        house.look();
        assert_eq!(looked(&house), first);
    }

    #[test]
    fn a_file_that_met_a_busy_database_is_taken_the_next_time() {
        let mut house = House::new();
        house.publish();
        // One change that goes on, and another that fills the queue.
        let (began, begun) = channel();
        let (release, released) = channel::<()>();
        let store = house.store.clone();
        let long = thread::spawn(move || {
            store.write(move |_| {
                began.send(()).unwrap();
                let _ = released.recv();
                Ok::<_, DirectoryError>(())
            })
        });
        begun.recv().unwrap();
        house.store.write_later(|_| Ok(()));
        house.look();
        assert!(house.known.is_empty());
        drop(release);
        long.join().unwrap().unwrap();
        house.look();
        assert_eq!(house.pinned().len(), 2);
        assert_eq!(house.known.len(), 1);
    }
}
