//! The command line: a file per subcommand. Every administrative command works on the SQLite file
//! itself, with the server running or not, and takes `--json`.

mod audit;
mod brake;
mod break_glass;
mod certificate;
mod completions;
mod demo;
mod domain;
mod error;
mod filtered;
mod group;
mod group_members;
mod keys;
mod local_user;
mod man;
mod metadata_follower;
mod org;
mod output;
mod progress;
mod prompt;
mod provider;
mod scim;
mod scim_export;
mod scim_import;
mod serve;
mod session;
mod step_up;
mod timeline;
mod token;
mod trace;
mod trace_document;
mod user;
mod user_push;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::error::CliError;
use crate::observe::log::LogFormat;
use crate::observe::panic;
use crate::store::{OpenError, Options, Store};

/// A company's front door: Okta sign-in (SAML 2.0), user and group sync (SCIM 2.0), permission
/// levels and a break-glass way in, as one executable and one SQLite file.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, disable_help_subcommand = true)]
#[command(
    after_help = "Start with `portcullis demo`: it plays the whole story on this machine, \
                        with no network and no Okta."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The SQLite file that holds everything
    #[arg(
        long,
        global = true,
        display_order = 900,
        env = "PORTCULLIS_DATA",
        value_name = "FILE",
        default_value = "portcullis.db"
    )]
    data: PathBuf,
    /// How the log is written (to standard error)
    #[arg(
        long,
        global = true,
        display_order = 901,
        env = "PORTCULLIS_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// A JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the appliance
    Serve(Box<serve::Serve>),
    /// Play the whole product against a simulated Okta, on this machine alone
    Demo(demo::Demo),
    /// Organizations
    #[command(subcommand)]
    Org(org::Org),
    /// Identity providers of an organization
    #[command(subcommand)]
    Provider(Box<provider::ProviderCommand>),
    /// SCIM: endpoint, tokens, a directory as a file
    #[command(subcommand)]
    Scim(scim::Scim),
    /// API: the tokens that scripts use
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Users
    #[command(subcommand)]
    User(user::UserCommand),
    /// Who is signed in, and putting them out
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// How old a sign-in may be for what can't be taken back easily
    #[command(subcommand)]
    StepUp(step_up::StepUp),
    /// Groups and the level their members inherit
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Break-glass accounts: the way in when the identity provider is down
    #[command(subcommand)]
    BreakGlass(Box<break_glass::BreakGlass>),
    /// The appliance's own SAML key pairs, and changing them with an overlap
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Where events are sent to, such as each use of a break-glass account
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// What was signed in and pushed, and which check refused it
    #[command(subcommand)]
    Trace(trace::TraceCommand),
    /// Who did what: the log that can't be changed without it showing
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Print shell completions
    Completions(completions::Completions),
    /// Print the manual pages
    Man(man::Man),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    panic::take_over();
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(command) => command.run(&cli.global),
        Command::Demo(command) => command.run(&cli.global),
        Command::Org(command) => command.run(&cli.global),
        Command::Provider(command) => command.run(&cli.global),
        Command::Scim(command) => command.run(&cli.global),
        Command::Token(command) => command.run(&cli.global),
        Command::User(command) => command.run(&cli.global),
        Command::Session(command) => command.run(&cli.global),
        Command::StepUp(command) => command.run(&cli.global),
        Command::Group(command) => command.run(&cli.global),
        Command::BreakGlass(command) => command.run(&cli.global),
        Command::Keys(command) => command.run(&cli.global),
        Command::Webhook(command) => command.run(&cli.global),
        Command::Trace(command) => command.run(&cli.global),
        Command::Audit(command) => command.run(&cli.global),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

impl Global {
    /// The store, made if it isn't there yet.
    fn open_or_create(&self) -> Result<Store, CliError> {
        self.store(true)
    }

    /// The store, which must be there.
    fn open(&self) -> Result<Store, CliError> {
        self.store(false)
    }

    fn store(&self, create: bool) -> Result<Store, CliError> {
        let options = Options {
            create,
            ..Options::default()
        };
        Store::open(&self.data, options).map_err(|error| match error {
            OpenError::Missing(path) => CliError::other(format!(
                "there is no database at {}: name the file with --data or PORTCULLIS_DATA \
                 (`portcullis serve` makes one)",
                path.display()
            )),
            other => other.into(),
        })
    }

    fn log_format(&self) -> LogFormat {
        match self.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        }
    }
}

/// Which page of a list, on the command line.
#[derive(Debug, Args)]
struct ListArgs {
    /// At most this many (1 to 200)
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on after this: the `next` of the page before
    #[arg(long)]
    after: Option<String>,
    /// Only names that start with this
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
}

impl ListArgs {
    fn request(&self) -> crate::directory::PageRequest {
        crate::directory::PageRequest {
            limit: usize::from(self.limit),
            after: self.after.clone(),
            prefix: self.prefix.clone(),
        }
    }
}
