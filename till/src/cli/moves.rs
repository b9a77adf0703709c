//! Everything else that acts: enrolment, shifts, cash, goods, exchange, leases, recovery, statement.

use super::args::{Arguments, Cash, Enrol, Lease, Recover, Shift, ShiftCommand, Stock, Sync};
use super::output::Output;
use super::session::{close, goods, money, no_uuid, with_ledger, with_person};
use crate::catalogue;
use crate::clock;
use crate::error::TillError;
use crate::goods::{self as stocks, Move};
use crate::import;
use crate::ledger::{Act, Ledger};
use crate::shift::{self as shifts, Counted};
use crate::staff;
use crate::stock;
use crate::sync_driver::{self, Enrolment, Until};
use daybook_domain::document::TenderType;
use daybook_domain::entry::CashMoved;
use daybook_domain::feed::Role;
use daybook_domain::ids::{LocationId, StaffId};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;

pub(super) fn enrol(
    arguments: &Arguments,
    enrol: &Enrol,
    output: &Output,
) -> Result<(), TillError> {
    let ca_pem = match &enrol.ca {
        Some(path) => {
            Some(std::fs::read_to_string(path).map_err(TillError::io(path.display().to_string()))?)
        }
        None => None,
    };
    with_ledger(arguments, |ledger| {
        let enrolment =
            Enrolment { store_url: enrol.store.clone(), code: enrol.code.clone(), ca_pem };
        sync_driver::enrol(ledger, clock::now(), &enrolment)?;
        let identity = ledger.identity()?;
        output.line(&json!({
            "event": "enrolled", "till": identity.till, "code": identity.code,
            "location": identity.location, "incarnation": ledger.live()?.journal.incarnation,
        }));
        Ok(())
    })
}

pub(super) fn shift(
    arguments: &Arguments,
    shift: &Shift,
    output: &Output,
) -> Result<(), TillError> {
    if matches!(shift.command, ShiftCommand::Status) {
        return with_ledger(arguments, |ledger| {
            output.line(&json!({"event": "totals", "totals": shifts::totals(ledger)?}));
            Ok(())
        });
    }
    with_person(arguments, |ledger, who| {
        let currency = catalogue::settings(ledger.reader())?.currency;
        match &shift.command {
            ShiftCommand::Open { float } => {
                let float = money("float", float, currency)?;
                let (open, _) = shifts::open(ledger, who, float, BTreeMap::new())?;
                output.line(&json!({
                    "event": "shift_opened", "shift": open.shift, "day": open.day,
                    "fiscal_year": open.fiscal_year,
                }));
            }
            ShiftCommand::Close { counted, .. } if counted == "expected" => {
                let mut progress = |done: i64| output.progress(&format!("{done} entries verified"));
                import::close_as_expected(ledger, who, Some(&mut progress))?;
                output.line(&json!({"event": "shift_closed"}));
            }
            ShiftCommand::Close { counted, reason } => {
                let cash = money("counted", counted, currency)?;
                let counted = Counted {
                    amounts: BTreeMap::from([(TenderType::Cash, cash)]),
                    denominations: BTreeMap::new(),
                    reason: reason.clone(),
                };
                let mut progress = |done: i64| output.progress(&format!("{done} entries verified"));
                let (z, _) = shifts::close(ledger, who, counted, Some(&mut progress))?;
                output.line(&json!({"event": "shift_closed", "z": z}));
            }
            ShiftCommand::X => {
                let (totals, _) = shifts::x_report(ledger, who)?;
                output.line(&json!({"event": "x", "totals": totals}));
            }
            ShiftCommand::Status => {}
        }
        Ok(())
    })
}

pub(super) fn cash(arguments: &Arguments, cash: &Cash, output: &Output) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        if cash.how == "no-sale" {
            shifts::no_sale(ledger, who, &cash.reason)?;
        } else {
            let how = match cash.how.as_str() {
                "in" => shifts::Cash::In,
                "out" => shifts::Cash::Out,
                "drop" => shifts::Cash::Drop,
                _ => shifts::Cash::Loan,
            };
            let currency = catalogue::settings(ledger.reader())?.currency;
            let amount =
                cash.amount.as_deref().ok_or_else(|| TillError::bad("amount", "is missing"))?;
            let amount_minor = money("amount", amount, currency)?;
            let moved = CashMoved { amount_minor, reason: cash.reason.clone() };
            shifts::move_cash(ledger, who, how, moved)?;
        }
        output.line(&json!({"event": "cash", "how": cash.how}));
        Ok(())
    })
}

pub(super) fn stock(
    arguments: &Arguments,
    wanted: &Stock,
    output: &Output,
) -> Result<(), TillError> {
    if wanted.how == "show" {
        return with_ledger(arguments, |ledger| show(ledger, wanted, output));
    }
    with_person(arguments, |ledger, who| {
        let goods = goods(&wanted.goods)?;
        let other = || {
            let text = wanted.location.as_deref();
            let text = text.ok_or_else(|| TillError::bad("location", "is missing"))?;
            Ok::<_, TillError>(LocationId::new(text)?)
        };
        let how = match wanted.how.as_str() {
            "count" => {
                let (stocktake, _) = stocks::count(ledger, who, &goods)?;
                output.line(&json!({"event": "counted", "stocktake": stocktake}));
                return Ok(());
            }
            "receive" => Move::Receive,
            "adjust" => Move::Adjust,
            "write-off" => Move::WriteOff,
            "transfer-out" => Move::TransferOut(other()?),
            _ => {
                let transfer = match &wanted.transfer {
                    Some(text) => Some(text.parse().map_err(|_| no_uuid("transfer", text))?),
                    None => None,
                };
                Move::TransferIn(other()?, transfer)
            }
        };
        let (transfer, _) =
            stocks::move_goods(ledger, who, &how, &goods, wanted.reason.as_deref())?;
        output.line(&json!({"event": "moved", "how": wanted.how, "transfer": transfer}));
        Ok(())
    })
}

fn show(ledger: &Ledger, wanted: &Stock, output: &Output) -> Result<(), TillError> {
    let location = &ledger.identity()?.location;
    let incarnation = ledger.live()?.journal.incarnation;
    for (sku, _) in goods(&wanted.goods)? {
        let shown = stock::shown(ledger.reader(), location, &sku)?;
        let leases =
            stock::held_leases(ledger.reader(), location, &sku, clock::now(), incarnation)?;
        let available = daybook_domain::stock::available(&shown.level, &leases)?;
        output.line(&json!({
            "sku": sku, "location": location, "on_hand_milli": shown.level.on_hand_milli,
            "available_milli": available, "policy": shown.level.policy, "known": shown.known,
            "level_milli": shown.level_milli, "row_feed": shown.row_feed,
            "leases": leases.len(),
        }));
    }
    Ok(())
}

pub(super) fn sync(arguments: &Arguments, sync: &Sync, output: &Output) -> Result<(), TillError> {
    with_ledger_shared(arguments, |ledger| {
        let (wake, wakes) = tokio::sync::mpsc::unbounded_channel();
        let until = match (sync.watch, sync.once) {
            (true, _) => Until::Stopped,
            (false, true) => Until::Once,
            (false, false) => Until::Idle,
        };
        let mut rows = 0;
        let report = sync_driver::run(ledger, until, wakes, &mut |shown, report| {
            if sync.watch {
                output.line(&json!({"event": "sync", "state": shown.code(), "report": report}));
            } else if report.rows >= rows + 10_000 {
                rows = report.rows;
                output.progress(&format!("{rows} rows received"));
            }
        });
        drop(wake);
        output.line(&json!({"event": "synced", "report": report?}));
        Ok(())
    })
}

/// The driver shares the ledger with whoever sells in the same process.
fn with_ledger_shared(
    arguments: &Arguments,
    run: impl FnOnce(&Mutex<Ledger>) -> Result<(), TillError>,
) -> Result<(), TillError> {
    let ledger = Mutex::new(Ledger::open(&arguments.data)?);
    let result = run(&ledger);
    close(arguments, ledger.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    result
}

pub(super) fn lease(
    arguments: &Arguments,
    lease: &Lease,
    output: &Output,
) -> Result<(), TillError> {
    with_ledger(arguments, |ledger| {
        let now = clock::now();
        if lease.release {
            let released = sync_driver::release_leases(ledger, now)?;
            output.line(&json!({"event": "released", "leases": released}));
        }
        for (sku, quantity) in goods(&lease.goods)? {
            let id = sync_driver::ask_lease(ledger, now, &sku, quantity)?;
            output.line(&json!({"event": "asked", "request": id, "sku": sku}));
        }
        Ok(())
    })
}

pub(super) fn recover(
    arguments: &Arguments,
    recover: &Recover,
    output: &Output,
) -> Result<(), TillError> {
    if !recover.offline {
        return sync(arguments, &Sync { watch: false, once: false }, output);
    }
    with_ledger(arguments, |ledger| {
        let now = clock::now();
        let approver = arguments.approver.as_ref().zip(arguments.approver_pin.as_ref());
        let person = approver.or(arguments.staff.as_ref().zip(arguments.pin.as_ref()));
        let (staff, pin) =
            person.ok_or_else(|| TillError::bad("approver", "a manager must approve"))?;
        let manager = staff::check_pin(ledger, now, &StaffId::new(staff.as_str())?, pin)?;
        if manager.role < Role::Manager {
            return Err(TillError::refused("approval.lacks_right", "a manager must approve"));
        }
        let act = Act { approver: Some(manager.staff.clone()), ..Act::of(now, manager.staff) };
        let incarnation = ledger.begin_provisional(act)?;
        output.line(&json!({"event": "recovered", "incarnation": incarnation}));
        Ok(())
    })
}

pub(super) fn statement(arguments: &Arguments, output: &Output) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let parts = shifts::state_view(ledger, who)?;
        output.line(&json!({"event": "stated", "parts": parts}));
        Ok(())
    })
}
