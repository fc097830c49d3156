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
                let mut left = FOLDER;
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(FOLDER) {
                    if let Some(folder) = &folder {
                        look_in(&store, folder, &mut known, clock::now());
                    }
                    left = left.saturating_sub(FOLDER);
                    if left.is_zero() {
                        left = ADDRESSES;
                        if let Err(error) = metadata_poll::look_at_due(&store, clock::now()) {
                            tracing::warn!(%error, "following metadata");
                        }
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
