//! `portcullis group`

use clap::Subcommand;

use super::{CliError, Global, ListArgs, output};
use crate::clock;
use crate::directory::group::{self, Group};
use crate::directory::level_change::{self, Preview};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, organization};
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// List the groups of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        #[command(flatten)]
        page: ListArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a group
    Show {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the level that a group's members inherit
    Set {
        /// Its id
        id: String,
        /// admin, editor, runner or viewer
        #[arg(long)]
        level: Level,
        /// Change nothing; say who would gain and who would lose
        #[arg(long)]
        preview: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl GroupCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::List { org, page, json } => {
                let page = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    group::list(conn, &organization.id, &page.request())
                })?;
                if json {
                    return output::json(&page);
                }
                let rows: Vec<Vec<String>> = page
                    .items
                    .iter()
                    .map(|g| {
                        vec![
                            g.id.clone(),
                            g.level.to_string(),
                            g.members.to_string(),
                            g.display_name.clone(),
                        ]
                    })
                    .collect();
                output::table(&["ID", "LEVEL", "MEMBERS", "NAME"], &rows)?;
                if let Some(next) = page.next {
                    output::note(&format!("more: --after {next}"));
                }
                Ok(())
            }
            Self::Show { id, json } => {
                let found = store.read(|conn| {
                    group::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("group", id.clone()))
                })?;
                show(&found, json)
            }
            Self::Set {
                id,
                level,
                preview: true,
                json,
            } => {
                let preview = store.read(|conn| {
                    let found = group::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("group", id.clone()))?;
                    level_change::preview(conn, &found, level, None)
                })?;
                show_preview(&preview, json)
            }
            Self::Set {
                id, level, json, ..
            } => {
                let now = clock::now();
                let by = Author::command_line();
                let changed = store.write(move |tx| group::set_level(tx, &id, level, &by, now))?;
                show(&changed, json)
            }
        }
    }
}

fn show_preview(preview: &Preview, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(preview);
    }
    for (word, people, total) in [
        ("gain", &preview.gains, preview.gains_total),
        ("lose", &preview.loses, preview.loses_total),
    ] {
        output::line(&format!("{total} would {word}"))?;
        for person in people {
            output::line(&format!("  {person}"))?;
        }
        if total > people.len() {
            output::line(&format!("  and {} more", total - people.len()))?;
        }
    }
    Ok(())
}

fn show(group: &Group, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(group);
    }
    output::fields(&[
        ("Group", format!("{} ({})", group.display_name, group.id)),
        ("Level", group.level.to_string()),
        ("Members", group.members.to_string()),
    ])
}
