//! `portcullis scim export`

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::progress::Progress;
use super::{CliError, Global, output};
use crate::directory::addresses::PublicUrl;
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{
    ProvisioningError, ScimGroup, ScimUser, groups_after, members_after, users_after,
};
use crate::directory::slug::Slug;
use crate::scim::lines;
use crate::scim::render::{self, Meta};
use crate::scim::user::Active;
use crate::store::Store;

/// Users, groups or members that are in memory at once.
const PIECE: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The organization's slug
    #[arg(long)]
    org: Slug,
    /// Where to; it appears once it is whole [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON: how much was written, and where to
    #[arg(long, requires = "output")]
    json: bool,
}

impl Export {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let (organization, base) = store.read(|conn| {
            let organization = organization::find(conn, self.org.as_str())?;
            let base = PublicUrl::load(conn)?.scim(&organization.slug);
            Ok::<_, CliError>((organization, base))
        })?;
        let all = organization.users + organization.groups;
        let mut walk = Walk {
            progress: Progress::of(u64::try_from(all).unwrap_or(0), "users and groups"),
            store: &store,
            organization: &organization,
            base,
            users: 0,
            groups: 0,
            members: 0,
        };
        let Some(path) = &self.output else {
            let mut out = BufWriter::new(io::stdout().lock());
            walk.write(&mut out)?;
            return Ok(out.flush()?);
        };
        into_file(path, |file| walk.write(file))?;
        let (users, groups, members) = (walk.users, walk.groups, walk.members);
        drop(walk);
        if self.json {
            return output::json(&json!({
                "organization": organization.slug,
                "file": path,
                "users": users,
                "groups": groups,
                "members": members,
            }));
        }
        output::line(&format!(
            "Wrote {users} users and {groups} groups with {members} members to {}.",
            path.display()
        ))
    }
}

struct Walk<'a> {
    store: &'a Store,
    organization: &'a Organization,
    base: String,
    progress: Progress,
    users: u64,
    groups: u64,
    members: u64,
}

impl Walk<'_> {
    /// Writes everything, a piece at a time. Each piece is read in a view of its own: one for the
    /// whole walk would keep the write-ahead log from being folded in while somebody pages through
    /// what comes out of a pipe.
    fn write(&mut self, out: &mut impl Write) -> Result<(), CliError> {
        let mut last_user = String::new();
        loop {
            let piece = self.read(|conn, org| users_after(conn, org, &last_user, PIECE))?;
            for user in &piece {
                writeln!(out, "{}", user_line(user, &self.base))?;
            }
            self.users += piece.len() as u64;
            self.progress.advance(piece.len() as u64);
            match piece.last() {
                Some(user) => last_user.clone_from(&user.id),
                None => break,
            }
        }
        let mut last_group = String::new();
        loop {
            let piece = self.read(|conn, org| groups_after(conn, org, &last_group, PIECE))?;
            for group in &piece {
                self.write_group(out, group, &last_user)?;
            }
            match piece.last() {
                Some(group) => last_group.clone_from(&group.id),
                None => return Ok(()),
            }
        }
    }

    /// Members who were made after the last user was written are left out: they have no line, and
    /// a group with them could not be read back.
    fn write_group(
        &mut self,
        out: &mut impl Write,
        group: &ScimGroup,
        last_user: &str,
    ) -> Result<(), CliError> {
        write!(out, "{}", group_line(group, &self.base))?;
        let mut last = String::new();
        let mut comma = "";
        loop {
            let piece =
                self.read(|conn, _| members_after(conn, &group.id, &last, last_user, PIECE))?;
            for (id, user_name) in &piece {
                write!(out, "{comma}{}", lines::member_of(id, user_name))?;
                comma = ",";
            }
            self.members += piece.len() as u64;
            match piece.last() {
                // A short piece is the last one, which spares most groups a second look.
                Some((id, _)) if piece.len() == PIECE => last.clone_from(id),
                _ => break,
            }
        }
        writeln!(out, "{}", lines::GROUP_END)?;
        self.groups += 1;
        self.progress.advance(1);
        Ok(())
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&rusqlite::Connection, &Organization) -> Result<T, ProvisioningError>,
    ) -> Result<T, CliError> {
        Ok(self.store.read(|conn| query(conn, self.organization))?)
    }
}

fn user_line(user: &ScimUser, base: &str) -> String {
    let shown = render::User {
        resource: &user.resource,
        id: &user.id,
        user_name: &user.user_name,
        external_id: user.external_id.as_deref(),
        // Somebody without it would come back from the file as somebody who may sign in.
        active: Active::Given(user.active.is_on()),
        groups: &[],
        meta: Meta {
            created: user.created_at,
            last_modified: user.updated_at,
            version: user.version,
        },
    };
    lines::user(&shown, base)
}

fn group_line(group: &ScimGroup, base: &str) -> String {
    let shown = render::Group {
        resource: &group.resource,
        id: &group.id,
        display_name: &group.display_name,
        external_id: group.external_id.as_deref(),
        members: None,
        meta: Meta {
            created: group.created_at,
            last_modified: group.updated_at,
            version: group.version,
        },
    };
    lines::group_begin(&shown, base)
}

/// Writes beside the file and puts it in place at the end, so that half an export never looks like
/// a whole one. Only its owner may read it.
fn into_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let failed = |source| CliError::File {
        path: path.display().to_string(),
        source,
    };
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .map_err(failed)?;
    let mut file = BufWriter::new(opened);
    let done = write(&mut file)
        .map_err(|error| match error {
            CliError::Output(source) => failed(source),
            other => other,
        })
        .and_then(|()| file.flush().map_err(failed))
        .and_then(|()| file.get_ref().sync_all().map_err(failed))
        .and_then(|()| fs::rename(&part, path).map_err(failed));
    if done.is_err() {
        // What is left of it is of no use to anyone.
        let _ = fs::remove_file(&part);
    }
    done
}
