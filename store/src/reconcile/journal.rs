//! The tills' side: what their entries say, by their bytes.

use crate::apply::limits;
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::ledger;
use crate::quarantine;
use crate::said::Said;
use daybook_domain::amount::Minor;
use daybook_domain::balance;
use daybook_domain::document::TenderType;
use daybook_domain::entry::{
    CashMoved, Envelope, Fact, JournalHead, Movement, Sale, ShiftTotals, Statement, StatementLine,
};
use daybook_domain::ids::{LocationId, ShiftId, Sku, TillId};
use daybook_domain::reconcile::{EffectState, EntryEffect, EntryRef, Ledger, MoneyFact};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Entries read at once.
const PAGE: i64 = 1_000;

/// A SKU at a location.
pub(super) type Key = (LocationId, Sku);

/// Everything the entries say that reconciliation needs.
#[derive(Default)]
pub(super) struct Journal {
    /// What entries move, by SKU and location.
    pub(super) effects: HashMap<Key, Vec<EntryEffect>>,
    /// What entries bring in or take out, by shift and tender.
    pub(super) money: HashMap<(ShiftId, TenderType), Vec<MoneyFact>>,
    /// What tills reported of shifts: the Z, or the statement of an open one.
    pub(super) shifts: BTreeMap<ShiftId, ShiftView>,
    /// Each till's latest whole statement.
    pub(super) statements: HashMap<TillId, Stated>,
    /// What the documents of entries in effect put on balances and took from them.
    pub(super) balances: BTreeMap<balance::Key, i64>,
    /// Entries that stand without effect and of which something could not be read, by till.
    pub(super) unread: HashMap<TillId, Vec<EntryRef>>,
    /// Short codes.
    pub(super) codes: HashMap<TillId, String>,
}

impl Journal {
    /// What nobody could read of a till's ledger, where a remainder asks for it.
    pub(super) fn unread_of(&self, till: TillId, ledger: &Ledger, unexplained: i64) -> Vec<String> {
        let entries = self.unread.get(&till).filter(|_| unexplained != 0);
        let held = entries.into_iter().flatten().filter(|entry| ledger.holds(**entry));
        held.map(ToString::to_string).collect()
    }
}

/// A till's report of a shift.
pub(super) struct ShiftView {
    pub(super) till: TillId,
    pub(super) z_no: Option<i64>,
    pub(super) totals: ShiftTotals,
    pub(super) ledger: Ledger,
}

/// A whole statement.
pub(super) struct Stated {
    pub(super) at_ms: i64,
    pub(super) location: LocationId,
    pub(super) ledger: Ledger,
    pub(super) lines: Vec<StatementLine>,
    shift: Option<ShiftTotals>,
}

/// Reads all journals.
pub(super) fn read(tx: &mut Tx<'_>) -> Result<Journal, DbError> {
    let mut reader = Reader::open(tx)?;
    reader.trunks(tx)?;
    reader.branches(tx)?;
    reader.finish(tx)
}

struct Reader {
    journal: Journal,
    feeds: HashMap<EntryRef, i64>,
    /// Entries without effect, and what became of them.
    idle: HashMap<EntryRef, EffectState>,
    starts: HashMap<(TillId, u32), JournalHead>,
    /// Whose a shift is: the till that opened it, or else the one that closed it.
    owners: HashMap<ShiftId, TillId>,
    closes: Vec<(EntryRef, EffectState, ShiftTotals, i64)>,
    parts: HashMap<Uuid, (EntryRef, i64, Vec<Statement>)>,
}

impl Reader {
    fn open(tx: &mut Tx<'_>) -> Result<Self, DbError> {
        let tenant = tx.tenant();
        let mut journal = Journal::default();
        let sql = "SELECT till_id, code FROM till WHERE tenant_id = $1";
        for row in tx.query(sql, args![tenant])? {
            journal.codes.insert(TillId(row.uuid(0)?), row.text(1)?.to_owned());
        }
        // Where an entry took effect later than it was stored, its movements tell when.
        let mut feeds = HashMap::new();
        let rows = tx.query(
            "SELECT m.till_id, m.incarnation, m.seq, f.feed FROM stock_movement m
             JOIN feed_log f ON f.tenant_id = m.tenant_id AND f.txn = m.txn
             WHERE m.tenant_id = $1 AND m.till_id IS NOT NULL",
            args![tenant],
        )?;
        for row in &rows {
            feeds.insert(entry_ref(row, 0)?, row.int(3)?);
        }
        let idle = idle(tx)?;
        let mut owners = HashMap::new();
        let sql = "SELECT shift_id, till_id FROM shift WHERE tenant_id = $1";
        for row in tx.query(sql, args![tenant])? {
            owners.insert(ShiftId(row.uuid(0)?), TillId(row.uuid(1)?));
        }
        Ok(Self {
            journal,
            feeds,
            idle,
            starts: HashMap::new(),
            owners,
            closes: Vec::new(),
            parts: HashMap::new(),
        })
    }

    fn trunks(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let tenant = tx.tenant();
        let journals = tx.query(
            "SELECT till_id, incarnation FROM till_incarnation WHERE tenant_id = $1 ORDER BY till_id, incarnation",
            args![tenant],
        )?;
        for journal in &journals {
            let (till, incarnation) = (journal.uuid(0)?, journal.u32(1)?);
            let mut after = 0;
            loop {
                let rows = tx.query(
                    "SELECT e.till_id, e.incarnation, e.seq, e.bytes, f.feed FROM journal_entry e
                     LEFT JOIN feed_log f ON f.tenant_id = e.tenant_id AND f.txn = e.txn
                     WHERE e.tenant_id = $1 AND e.till_id = $2 AND e.incarnation = $3 AND e.seq > $4
                     ORDER BY e.seq LIMIT $5",
                    args![tenant, till, incarnation, after, PAGE],
                )?;
                let Some(last) = rows.last() else { break };
                after = last.int(2)?;
                for row in &rows {
                    let entry = entry_ref(row, 0)?;
                    let stored = row.opt_int(4)?.unwrap_or_default();
                    let feed = self.feeds.get(&entry).copied().unwrap_or(stored);
                    let applied = EffectState::Applied { feed };
                    let state = self.idle.get(&entry).copied().unwrap_or(applied);
                    self.entry(entry, state, row.bytes(3)?);
                }
            }
        }
        Ok(())
    }

    /// Entries beside the trunk are stored without effect until a person decides.
    fn branches(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let tenant = tx.tenant();
        let rows = tx.query(
            "SELECT till_id, incarnation, seq, bytes, branch_no FROM journal_branch_entry
             WHERE tenant_id = $1 ORDER BY till_id, incarnation, branch_no, seq",
            args![tenant],
        )?;
        for row in &rows {
            let entry = entry_ref(row, row.u32(4)?)?;
            self.entry(entry, EffectState::Quarantined, row.bytes(3)?);
        }
        Ok(())
    }

    /// Takes what an entry says. Of one that cannot be read as a whole the parts that can are taken: its till counts
    /// them too.
    fn entry(&mut self, entry: EntryRef, state: EffectState, bytes: &[u8]) {
        let read = Envelope::parse(bytes).and_then(|envelope| {
            let fact = envelope.fact()?;
            Ok((envelope.shift, envelope.at_ms, fact))
        });
        let fits = |fact| limits::check_json(bytes).and_then(|()| limits::check_fact(fact)).is_ok();
        let (shift, at_ms, fact) = match read {
            Ok((shift, at_ms, fact)) if fits(&fact) => (shift, at_ms, fact),
            Ok(_) | Err(_) => return self.parts_of(entry, state, bytes),
        };
        self.moves(entry, state, &fact);
        if let (EffectState::Applied { .. }, Some((sale, _))) = (state, sale(&fact)) {
            // Figures that do not fit have no effect anywhere.
            for (balance, amount) in balance::changes(&sale.document).unwrap_or_default() {
                let sum = self.journal.balances.entry(balance).or_default();
                *sum = sum.saturating_add(amount.0);
            }
        }
        if let Some(shift) = shift {
            self.takings(entry, state, shift, &fact);
        }
        match fact {
            Fact::IncarnationStarted(started) => {
                if let Some(previous) = started.previous {
                    self.starts.insert((entry.till, started.incarnation), previous);
                }
            }
            Fact::ShiftOpened(opened) => {
                let amount = opened.opening_float_minor;
                self.owners.entry(opened.shift).or_insert(entry.till);
                self.money(entry, state, (opened.shift, TenderType::Cash), amount);
            }
            Fact::ShiftClosed(report) => {
                self.closes.push((entry, state, report.totals, report.z_no));
            }
            Fact::Statement(part) => {
                let empty = || (entry, at_ms, Vec::new());
                let (last, said_ms, parts) = self.parts.entry(part.statement).or_insert_with(empty);
                (*last, *said_ms) = (entry, at_ms);
                parts.push(part);
            }
            other => drop(other),
        }
    }

    fn moves(&mut self, entry: EntryRef, state: EffectState, fact: &Fact) {
        let mut sums: BTreeMap<(&LocationId, &Sku), i64> = BTreeMap::new();
        for movement in movements(fact) {
            let sum = sums.entry((&movement.location, &movement.sku)).or_default();
            *sum = sum.saturating_add(movement.quantity_milli.0);
        }
        for ((location, sku), amount) in sums {
            let effects = self.journal.effects.entry((location.clone(), sku.clone())).or_default();
            effects.push(EntryEffect { entry, amount, state });
        }
    }

    fn parts_of(&mut self, entry: EntryRef, state: EffectState, bytes: &[u8]) {
        let said = Said::read(bytes);
        for moved in said.moves {
            let effects = self.journal.effects.entry((moved.location, moved.sku)).or_default();
            effects.push(EntryEffect { entry, amount: moved.quantity_milli, state });
        }
        if let Some(shift) = said.shift {
            for (tender, amount) in said.money {
                self.money(entry, state, (shift, tender), Minor(amount));
            }
        }
        if said.unread {
            self.journal.unread.entry(entry.till).or_default().push(entry);
        }
    }

    fn takings(&mut self, entry: EntryRef, state: EffectState, shift: ShiftId, fact: &Fact) {
        if let Some((sale, sign)) = sale(fact)
            && !sale.document.training
        {
            for tender in &sale.document.tenders {
                let amount = Minor(tender.amount_minor.0.saturating_mul(sign));
                self.money(entry, state, (shift, tender.tender_type), amount);
            }
        }
        if let Some((cash, sign)) = cash(fact) {
            let amount = Minor(cash.amount_minor.0.saturating_mul(sign));
            self.money(entry, state, (shift, TenderType::Cash), amount);
        }
    }

    fn money(
        &mut self,
        entry: EntryRef,
        state: EffectState,
        key: (ShiftId, TenderType),
        amount_minor: Minor,
    ) {
        let facts = self.journal.money.entry(key).or_default();
        facts.push(MoneyFact { entry, amount_minor, state });
    }

    fn finish(mut self, tx: &mut Tx<'_>) -> Result<Journal, DbError> {
        self.whole_statements(tx)?;
        let mut closes = std::mem::take(&mut self.closes);
        // What the store took for the Z comes before what it did not: a second one has changed nothing.
        closes.sort_by_key(|(_, state, _, _)| !matches!(state, EffectState::Applied { .. }));
        for (entry, _, totals, z_no) in closes {
            let owner = *self.owners.entry(totals.shift).or_insert(entry.till);
            if owner != entry.till || self.journal.shifts.contains_key(&totals.shift) {
                continue;
            }
            let ledger = self.ledger(tx, entry.till, entry.incarnation, entry.seq)?;
            let view = ShiftView { till: entry.till, z_no: Some(z_no), totals, ledger };
            self.journal.shifts.insert(view.totals.shift, view);
        }
        let mut open = Vec::new();
        for (till, stated) in &mut self.journal.statements {
            if let Some(totals) = stated.shift.take() {
                open.push((*till, totals, stated.ledger.clone()));
            }
        }
        for (till, totals, ledger) in open {
            if self.owners.get(&totals.shift).is_some_and(|owner| *owner != till) {
                continue;
            }
            let view = ShiftView { till, z_no: None, totals, ledger };
            self.journal.shifts.entry(view.totals.shift).or_insert(view);
        }
        Ok(self.journal)
    }

    /// The latest statement of each till of which every part has arrived.
    fn whole_statements(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let mut latest: HashMap<TillId, (EntryRef, i64, Vec<Statement>)> = HashMap::new();
        for (entry, at_ms, parts) in std::mem::take(&mut self.parts).into_values() {
            let whole = parts.first().is_some_and(|first| {
                u32::try_from(parts.len()).is_ok_and(|count| count == first.parts)
            });
            let newer = latest.get(&entry.till).is_none_or(|(known, _, _)| {
                (known.incarnation, known.seq) < (entry.incarnation, entry.seq)
            });
            if whole && newer && entry.branch == 0 {
                latest.insert(entry.till, (entry, at_ms, parts));
            }
        }
        for (till, (_, at_ms, parts)) in latest {
            let Some(first) = parts.first() else { continue };
            let ledger = self.ledger(tx, till, first.head.incarnation, first.head.seq)?;
            let location = first.location.clone();
            let shift = parts.iter().find_map(|part| part.shift.clone());
            let lines = parts.into_iter().flat_map(|part| part.lines).collect();
            self.journal.statements.insert(till, Stated { at_ms, location, ledger, lines, shift });
        }
        Ok(())
    }

    /// What stood in a till's ledger at an entry: its journal so far, and those it carried on from.
    fn ledger(
        &self,
        tx: &mut Tx<'_>,
        till: TillId,
        incarnation: u32,
        seq: i64,
    ) -> Result<Ledger, DbError> {
        let previous = |_: &mut Tx<'_>, at| Ok(self.starts.get(&(till, at)).cloned());
        ledger::ledger(tx, till, incarnation, seq, previous)
    }
}

/// Entries without effect. One that was left so for good still counts at its till until that was told.
fn idle(tx: &mut Tx<'_>) -> Result<HashMap<EntryRef, EffectState>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT till_id, incarnation, seq, state FROM quarantine WHERE tenant_id = $1 AND state <> 'applied'",
        args![tenant],
    )?;
    let mut idle = HashMap::with_capacity(rows.len());
    for row in &rows {
        let entry = entry_ref(row, 0)?;
        let told = if row.text(3)? == "resolved" {
            quarantine::told_of(tx, entry.till.0, entry.incarnation, entry.seq)?
        } else {
            None
        };
        let state = told.map_or(EffectState::Quarantined, |feed| EffectState::Dropped { feed });
        idle.insert(entry, state);
    }
    Ok(idle)
}

/// Reads till, incarnation and sequence number from the first three columns.
pub(super) fn entry_ref(row: &Row, branch: u32) -> Result<EntryRef, DbError> {
    let (till, incarnation) = (TillId(row.uuid(0)?), row.u32(1)?);
    Ok(EntryRef { till, incarnation, branch, seq: row.int(2)? })
}

/// The sale of a fact, and whether its tenders bring in or give back.
fn sale(fact: &Fact) -> Option<(&Sale, i64)> {
    if let Fact::SaleCompleted(sale) | Fact::ExchangeCompleted(sale) = fact {
        return Some((sale, 1));
    }
    if let Fact::RefundCompleted(sale) | Fact::SaleVoided(sale) = fact {
        return Some((sale, -1));
    }
    None
}

fn movements(fact: &Fact) -> &[Movement] {
    if let Some((sale, _)) = sale(fact) {
        return &sale.movements;
    }
    if let Fact::StockReceived(moved)
    | Fact::StockAdjusted(moved)
    | Fact::StockWrittenOff(moved)
    | Fact::StockTransferredOut(moved)
    | Fact::StockTransferredIn(moved) = fact
    {
        return &moved.movements;
    }
    &[]
}

fn cash(fact: &Fact) -> Option<(&CashMoved, i64)> {
    if let Fact::CashPaidIn(cash) | Fact::CashLoaned(cash) = fact {
        return Some((cash, 1));
    }
    if let Fact::CashPaidOut(cash) | Fact::CashDropped(cash) = fact {
        return Some((cash, -1));
    }
    None
}
