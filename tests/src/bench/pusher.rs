//! A till without a ledger, whose journal was prepared and signed beforehand.

use super::error::BenchError;
use daybook_domain::entry::Envelope;
use daybook_store::enrol::{Fresh, enrol, new_code};
use daybook_store::exchange::exchange;
use daybook_store::open::Store;
use daybook_sync::frame::{FramedEntry, Head, Journal, Signer};
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{
    Cursor, EnrolAnswer, EnrolRequest, ExchangeAnswer, ExchangeHeader, JournalStatus, PageLimits,
    PullAnswer,
};
use daybook_sync::wire::ExchangeRequest;
use serde_json::Value;
use uuid::Uuid;

/// A till of which only what an exchange needs exists.
pub struct Pusher {
    signer: Signer,
    answer: EnrolAnswer,
    session: String,
    cursor: Option<Cursor>,
    entries: Vec<FramedEntry>,
    acked: i64,
}

impl Pusher {
    /// Enrols a till at a location and lets it fetch everything; the seed makes its key.
    ///
    /// # Errors
    /// The store refused.
    pub fn enrolled(store: &Store, location: &str, seed: u8) -> Result<Self, BenchError> {
        let place = location.parse().map_err(|_| BenchError::Unexpected(location.to_owned()))?;
        let (code, _) = new_code(&store.gate, &place, None)?;
        let signer = Signer::from_seed(&[seed; 32]);
        let request = EnrolRequest {
            protocol: PROTOCOL,
            code: code.to_string(),
            public_key: signer.public_key(),
            install: Uuid::from_u128(u128::from(seed)),
            app: "bench".to_owned(),
        };
        let (keyring, fresh) = (store.keyring.clone(), Fresh::draw());
        let answer = store.gate.write(move |tx| enrol(tx, &keyring, &request, &fresh))??;
        let session = answer.session.clone();
        let mut pusher =
            Self { signer, answer, session, cursor: None, entries: Vec::new(), acked: 0 };
        while pusher.push(store, 0)? {}
        Ok(pusher)
    }

    /// What the store answered to the enrolment.
    #[must_use]
    pub fn till(&self) -> &EnrolAnswer {
        &self.answer
    }

    /// The end of what was written.
    #[must_use]
    pub fn head(&self) -> Head {
        self.entries.last().map_or(self.journal().start(), |entry| entry.frame.head())
    }

    fn journal(&self) -> Journal {
        Journal { till: self.answer.till, incarnation: self.answer.incarnation }
    }

    /// Signs entries and appends them to the journal.
    ///
    /// # Errors
    /// One is no entry.
    pub fn write(&mut self, entries: &[Value]) -> Result<(), BenchError> {
        let (journal, mut head) = (self.journal(), self.head());
        for entry in entries {
            let bytes = serde_json::to_vec(entry)?;
            if let Err(error) = Envelope::parse(&bytes) {
                return Err(BenchError::Unexpected(error.to_string()));
            }
            let frame = self.signer.frame(&journal, &head, &bytes);
            head = frame.head();
            self.entries.push(FramedEntry { frame, bytes, sidecar: None });
        }
        Ok(())
    }

    /// One exchange with at most so many entries; whether the store has more to say.
    fn push(&mut self, store: &Store, most: usize) -> Result<bool, BenchError> {
        let from = usize::try_from(self.acked).unwrap_or(0);
        let entries: Vec<FramedEntry> =
            self.entries.iter().skip(from).take(most).cloned().collect();
        let (journal, head) = (self.journal(), self.head());
        let header = ExchangeHeader {
            protocol: PROTOCOL,
            till: journal.till,
            incarnation: journal.incarnation,
            session: self.session.clone(),
            epoch: self.answer.epoch,
            journal: JournalStatus {
                incarnation: journal.incarnation,
                head: head.seq,
                head_hash: head.hash,
                acked: self.acked,
            },
            cursor: self.cursor.clone(),
            requests: Vec::new(),
            page: PageLimits::default(),
            entries: entries.len(),
        };
        let answer = exchange(
            &store.gate,
            &store.signer,
            &store.keyring,
            ExchangeRequest { header, entries },
        )?;
        Ok(self.take(answer))
    }

    fn take(&mut self, answer: ExchangeAnswer) -> bool {
        if let Some(session) = answer.session {
            self.session = session;
        }
        self.acked = answer.push.received_through;
        match answer.pull {
            PullAnswer::Page(page) => {
                self.cursor = Some(page.cursor);
                page.more
            }
            PullAnswer::Refetch { .. }
            | PullAnswer::UpgradeRequired { .. }
            | PullAnswer::Blocked
            | PullAnswer::Wait => false,
        }
    }

    /// Pushes what was written, so many entries in an exchange.
    ///
    /// # Errors
    /// The store refused, or took nothing.
    pub fn push_all(&mut self, store: &Store, at_once: usize) -> Result<(), BenchError> {
        while usize::try_from(self.acked).unwrap_or(0) < self.entries.len() {
            let before = self.acked;
            self.push(store, at_once)?;
            if self.acked == before {
                return Err(BenchError::Unexpected(format!("entry {} was not taken", before + 1)));
            }
        }
        Ok(())
    }
}
