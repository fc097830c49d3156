//! The log: lines on standard error, as text for people or as JSON for collectors.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

use super::panic;

/// The environment variable that says how much is logged.
pub const LEVEL: &str = "PORTCULLIS_LOG";

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One flat JSON object a line.
    Json,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The variable holds something else than a level.
    #[error("{LEVEL} must be one of off, error, warn, info, debug, trace")]
    Level,
    /// The process has a log already.
    #[error("the log was started before")]
    Started,
}

/// Starts the log of this process, at the level that `PORTCULLIS_LOG` names, or `info`.
///
/// # Errors
/// When the variable can't be understood, or on a second call.
pub fn init(format: LogFormat) -> Result<(), LogError> {
    let level = level(std::env::var_os(LEVEL).map(|value| value.to_string_lossy().into_owned()))?;
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    }
    .map_err(|_| LogError::Started)?;
    panic::to_log();
    Ok(())
}

fn level(value: Option<String>) -> Result<LevelFilter, LogError> {
    match value.as_deref().map(str::trim) {
        None | Some("") => Ok(LevelFilter::INFO),
        Some(name) => name.parse().map_err(|_| LogError::Level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_names() {
        let parse = |text: &str| level(Some(text.into())).ok();
        assert_eq!(level(None).ok(), Some(LevelFilter::INFO));
        assert_eq!(parse(""), Some(LevelFilter::INFO));
        assert_eq!(parse("DEBUG"), Some(LevelFilter::DEBUG));
        assert_eq!(parse("off"), Some(LevelFilter::OFF));
        assert_eq!(parse("portcullis=debug"), None);
        assert_eq!(parse("verbose"), None);
    }

    #[test]
    fn a_second_log_is_refused() {
        // Another test may have been first.
        let _ = init(LogFormat::Json);
        assert!(matches!(init(LogFormat::Text), Err(LogError::Started)));
    }
}
