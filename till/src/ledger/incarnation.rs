//! Beginning an incarnation: at enrolment, and whenever the ledger was restored, copied or forked.
//!
//! A restored ledger never continues, or sales that were printed, unsent and not in the backup would see their
//! numbers used again without a trace. The new incarnation has its own number series, carries the Z number and
//! perpetual totals on, and names both heads in its first entry.

use super::{Act, Ledger, Live, Standing, query, state};
use crate::error::TillError;
use crate::printing::queue;
use crate::random;
use daybook_domain::entry::{Fact, IncarnationReason, IncarnationStarted, JournalHead};
use daybook_domain::ids::TillCode;
use daybook_domain::number::{check_tag, tag_max};
use daybook_sync::frame::Journal;
use daybook_sync::limits::PROVISIONAL_FROM;
use rusqlite::params;
use uuid::Uuid;

/// Longest random tag.
const RANDOM_TAG: usize = 4;

/// What an incarnation begins with.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Its number.
    pub incarnation: u32,
    /// Why it begins.
    pub reason: IncarnationReason,
    /// Install id of this copy from now on.
    pub install: Uuid,
    /// Session of the store; empty when provisional.
    pub session: String,
    /// The head that the store holds of the incarnation before, where it was asked.
    pub store_head: Option<JournalHead>,
}

impl Ledger {
    /// Begins an incarnation: its row, its first entry, the install id of this copy, all or nothing.
    ///
    /// # Errors
    /// [`TillError::NotEnrolled`] without an identity; else as [`Ledger::write`].
    pub fn begin_incarnation(&mut self, act: Act, begin: &Beginning) -> Result<(), TillError> {
        let identity = self.identity()?.clone();
        // Before anything is changed: with a tag that is too long no document could be numbered.
        let series_tag = series_tag(&identity.code, begin.incarnation)?;
        check_tag(&identity.code, &series_tag)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let install = begin.install;
        self.home().adopt_install(install)?;
        let previous = self.live().ok().cloned();
        let carried = query::carried(self.reader())?;
        let shift = previous.as_ref().and_then(|live| live.shift.as_ref());
        let totals = match shift {
            Some(shift) => Some(query::shift_fold(self.reader(), shift)?.totals().clone()),
            None => None,
        };
        let perpetual = query::perpetual_now(self.reader(), totals.as_ref())?;
        let journal = Journal { till: identity.till.0, incarnation: begin.incarnation };
        let mut live = Live {
            ord: previous.as_ref().map_or(0, |live| live.ord) + 1,
            journal,
            head: journal.start(),
            series_tag: series_tag.clone(),
            shift: shift.cloned(),
            feed: 0,
            offset_min: 0,
            last: None,
        };
        query::refresh(self.reader(), &mut live)?;
        let ord = live.ord;
        let public_key = self.keys().signer().public_key();
        let first = Fact::IncarnationStarted(IncarnationStarted {
            incarnation: begin.incarnation,
            reason: begin.reason,
            install,
            previous: previous.as_ref().map(query::journal_head),
            store_head: begin.store_head.clone(),
            z_no: carried.z_no,
            perpetual,
            series_tag: series_tag.clone(),
        });
        self.write_incarnation(act, live, |gate| {
            gate.conn().execute(
                "INSERT INTO incarnation (ord, incarnation, series_tag, public_key)
                 VALUES (?1, ?2, ?3, ?4)",
                params![ord, begin.incarnation, series_tag, public_key.0],
            )?;
            gate.append(&first)?;
            state::set(gate.conn(), "install", &install)?;
            state::set(gate.conn(), "session", &begin.session)?;
            state::clear(gate.conn(), "verdict")?;
            state::clear(gate.conn(), "wish")?;
            state::clear(gate.conn(), "wish_head")?;
            // Another enrolment is of another installation.
            state::clear(gate.conn(), "enrolling_install")?;
            // Rights of an earlier life are worth nothing.
            gate.conn().execute("DELETE FROM lease", [])?;
            gate.conn().execute("DELETE FROM request", [])?;
            queue::doubt(gate.conn())?;
            Ok(())
        })
    }

    /// Begins a provisional incarnation without the store, with a manager's approval: a random number from the
    /// range that no store grants, and so a random tag in its document numbers.
    ///
    /// # Errors
    /// Refused as `till.ready` when nothing is wrong; else as [`Ledger::begin_incarnation`].
    pub fn begin_provisional(&mut self, act: Act) -> Result<u32, TillError> {
        match self.standing() {
            Standing::NeedsIncarnation(_) => {}
            Standing::New => return Err(TillError::NotEnrolled),
            Standing::Ready => {
                return Err(TillError::refused("till.ready", "this ledger may go on as it is"));
            }
        }
        let incarnation = PROVISIONAL_FROM | u32::from_be_bytes(random::bytes::<4>()?);
        let begin = Beginning {
            incarnation,
            reason: IncarnationReason::Provisional,
            install: random::id(act.moment.at_ms)?,
            session: String::new(),
            store_head: None,
        };
        self.begin_incarnation(act, &begin)?;
        Ok(incarnation)
    }
}

/// Tag of an incarnation in document numbers: `A` for the first, `B` for the second, in base 26. A provisional one
/// takes random characters behind a digit, so that it can meet no granted one.
fn series_tag(code: &TillCode, incarnation: u32) -> Result<String, TillError> {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let letter = |n: usize| LETTERS.get(n).map_or('A', |byte| char::from(*byte));
    let mut tag = String::new();
    if incarnation >= PROVISIONAL_FROM {
        let room = tag_max(code).min(RANDOM_TAG);
        for (place, byte) in random::bytes::<4>()?.into_iter().take(room).enumerate() {
            let byte = usize::from(byte);
            tag.push(if place == 0 { letter(26 + byte % 10) } else { letter(byte % 36) });
        }
        return Ok(tag);
    }
    let mut rest = incarnation;
    while rest > 0 {
        rest -= 1;
        tag.insert(0, letter(usize::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_incarnation_has_a_tag_of_its_own() {
        let code = TillCode::new("A1").unwrap();
        let tag = |n| series_tag(&code, n).unwrap();
        assert_eq!((tag(1), tag(26), tag(27)), ("A".into(), "Z".into(), "AA".into()));
        let tags: std::collections::HashSet<_> = (1..=700).map(tag).collect();
        assert_eq!(tags.len(), 700);
    }

    #[test]
    fn every_code_has_a_tag_for_hundreds_of_incarnations() {
        for code in ["T1", "T99", "T100", "U000"] {
            let code = TillCode::new(code).unwrap();
            for incarnation in 1..=702 {
                check_tag(&code, &series_tag(&code, incarnation).unwrap()).unwrap();
            }
        }
        let longest = TillCode::new("T100").unwrap();
        assert!(check_tag(&longest, &series_tag(&longest, 703).unwrap()).is_err());
    }

    #[test]
    fn a_provisional_tag_can_meet_no_granted_one() {
        for code in ["A", "A1", "A12", "A123"] {
            let code = TillCode::new(code).unwrap();
            let tag = series_tag(&code, PROVISIONAL_FROM).unwrap();
            assert!(tag.starts_with(|c: char| c.is_ascii_digit()));
            check_tag(&code, &tag).unwrap();
        }
    }
}
