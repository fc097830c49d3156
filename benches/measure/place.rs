//! A directory under the build's own, since `/tmp` may be memory, where an fsync costs nothing and
//! every figure about durable writes is a lie.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A directory that goes when this does.
pub(crate) struct Place(PathBuf);

impl Place {
    /// Makes it and prints what the disk below it is like.
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let place = Self(path);
        place.describe();
        place
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn describe(&self) {
        let kind = file_system(&self.0);
        let (median, worst) = self.fsync();
        println!(
            "disk: {kind}, append of 4 KiB and fdatasync: median {median:.0?}, p99 {worst:.0?}"
        );
        if kind == "tmpfs" || kind == "ramfs" {
            println!("warning: this is memory, not a disk; durable writes cost nothing here");
        }
    }

    fn fsync(&self) -> (Duration, Duration) {
        let path = self.file("fsync");
        let mut file = File::create(&path).unwrap();
        let mut times: Vec<_> = (0..200)
            .map(|_| {
                let start = Instant::now();
                file.write_all(&[7; 4096]).unwrap();
                file.sync_data().unwrap();
                start.elapsed()
            })
            .collect();
        fs::remove_file(path).unwrap();
        times.sort_unstable();
        (times[100], times[198])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The type of the file system with the longest mount point above `path`.
fn file_system(path: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (at, kind) = (fields.next()?, fields.next()?);
            path.starts_with(at).then(|| (at.len(), kind.to_owned()))
        })
        .max()
        .map_or_else(|| "unknown file system".to_owned(), |(_, kind)| kind)
}
