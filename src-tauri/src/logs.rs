//! The log: a file a day in the data folder, two weeks of them.

use daybook_till::home::LOGS;
use std::path::Path;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Days that are kept.
const DAYS: usize = 14;

/// Begins to log. Without a place to write, to the standard error output.
pub(crate) fn begin(data: &Path) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let folder = data.join(LOGS);
    // Without the folder the appender says so to whoever started the program; it falls back by itself below.
    let _missing = std::fs::create_dir_all(&folder);
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("daybook")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&folder);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let begun = match file {
        Ok(file) => builder.with_writer(std::sync::Mutex::new(file)).try_init(),
        Err(_) => builder.with_writer(std::io::stderr).try_init(),
    };
    if begun.is_err() {
        tracing::debug!("a log was begun before");
    }
}
