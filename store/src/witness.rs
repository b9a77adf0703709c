//! The witness: a small file beside the data that remembers how far they ever went. Data that are behind it came from
//! a backup, and must not go on as if nothing had happened.

use crate::db::{DbError, Tx};
use crate::gate::current_head;
use crate::tenant;
use daybook_sync::feed::epoch_of;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// How far the data went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Epoch.
    pub epoch: i64,
    /// Last number of the feed.
    pub feed: i64,
}

impl Witness {
    /// What the data say now.
    ///
    /// # Errors
    /// [`DbError`].
    pub fn of(tx: &mut Tx<'_>) -> Result<Self, DbError> {
        let head = current_head(tx)?;
        let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tx.tenant()))?;
        Ok(Self { epoch: business.epoch.max(epoch_of(head.feed)), feed: head.feed })
    }

    /// Reads the file; nothing where there is none.
    ///
    /// # Errors
    /// [`std::io::Error`], also for a file that holds something else.
    pub fn read(path: &Path) -> std::io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file in one step, unless it says as much already.
    ///
    /// # Errors
    /// [`std::io::Error`].
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        if Self::read(path).is_ok_and(|found| found == Some(*self)) {
            return Ok(());
        }
        let next = path.with_extension("witness.next");
        let mut file = std::fs::File::create(&next)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        std::fs::rename(next, path)
    }

    /// Whether data that say `now` are behind this witness.
    #[must_use]
    pub fn is_ahead_of(&self, now: &Self) -> bool {
        (self.epoch, self.feed) > (now.epoch, now.feed)
    }
}
