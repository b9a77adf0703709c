//! A real till in this process, enrolled at a real server.

use super::error::BenchError;
use super::shop;
use crate::process::StoreProcess;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::basket::Basket;
use daybook_domain::document::TenderType;
use daybook_domain::ids::{DocumentId, Sku, StaffId};
use daybook_domain::tender::Offer;
use daybook_store::enrol::new_code;
use daybook_store::open::Store;
use daybook_till::ledger::Ledger;
use daybook_till::sell::{SaleRequest, snapshot};
use daybook_till::staff::{Who, sign_in};
use daybook_till::sync_driver::{self, Enrolment, Report, Until};
use daybook_till::{catalogue, clock, random, shift};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A store with a shop in it, served by a process of its own.
pub struct Served {
    /// The server.
    pub process: StoreProcess,
    /// Unused one-time codes.
    pub codes: Vec<String>,
    /// How many products there are.
    pub products: u64,
}

impl Served {
    /// Makes the shop, a few codes, and starts the server.
    ///
    /// # Errors
    /// Store or server refused.
    pub fn start(folder: &Path, products: u64) -> Result<Self, BenchError> {
        let data = folder.join("store");
        let store = shop::open_store(&data, None, products)?;
        let codes = (0..4).map(|_| code(&store)).collect::<Result<_, _>>()?;
        drop(store);
        let process = StoreProcess::start(&data, "127.0.0.1:0", &[])?;
        Ok(Self { process, codes, products })
    }

    /// A code that was not used yet.
    ///
    /// # Errors
    /// They are used up.
    pub fn code(&mut self) -> Result<String, BenchError> {
        self.codes.pop().ok_or_else(|| BenchError::Unexpected("no code is left".to_owned()))
    }
}

fn code(store: &Store) -> Result<String, BenchError> {
    let place =
        shop::LOCATION.parse().map_err(|_| BenchError::Unexpected("location".to_owned()))?;
    Ok(new_code(&store.gate, &place, None)?.0.to_string())
}

/// Opens a fresh till and enrols it.
///
/// # Errors
/// Till or store refused.
pub fn enrol(folder: &Path, url: &str, code: &str) -> Result<Ledger, BenchError> {
    let mut ledger = Ledger::open(folder)?;
    let enrolment = Enrolment { store_url: url.to_owned(), code: code.to_owned(), ca_pem: None };
    sync_driver::enrol(&mut ledger, clock::now(), &enrolment)?;
    Ok(ledger)
}

/// Exchanges until everything is said on both sides.
///
/// # Errors
/// Till or store refused.
pub fn sync(ledger: Ledger) -> Result<(Ledger, Report), BenchError> {
    let ledger = Mutex::new(ledger);
    let (_wake, wakes) = tokio::sync::mpsc::unbounded_channel();
    let report = sync_driver::run(&ledger, Until::Idle, wakes, &mut |_, _| {})?;
    Ok((ledger.into_inner().unwrap_or_else(PoisonError::into_inner), report))
}

/// Signs the cashier in and opens a shift.
///
/// # Errors
/// The till refused.
pub fn open_shift(ledger: &mut Ledger) -> Result<Who, BenchError> {
    let moment = clock::now();
    let cashier: StaffId =
        shop::CASHIER.parse().map_err(|_| BenchError::Unexpected("staff".to_owned()))?;
    let (actor, _) = sign_in(ledger, moment, &cashier, shop::PIN)?;
    let who = Who { moment, data_at_ms: None, actor, approver: None };
    shift::open(ledger, &who, Minor(0), BTreeMap::new())?;
    Ok(who)
}

/// A sale of so many lines, paid with a card and the rest in cash.
///
/// # Errors
/// The till refused.
pub fn sale(
    ledger: &Ledger,
    products: u64,
    number: u64,
    lines: u64,
) -> Result<SaleRequest, BenchError> {
    let at_ms = clock::now().at_ms;
    let day = ledger.live()?.shift.as_ref().map(|shift| shift.day.clone()).unwrap_or_default();
    let mut basket = Basket::new();
    for line in 0..lines {
        let sku = shop::sku((shop::mix(number) + line * 7) % products);
        let unknown = || BenchError::Unexpected(format!("{sku} is not in the catalogue"));
        let found =
            catalogue::item(ledger.reader(), &Sku::new(sku.as_str()).map_err(|_| unknown())?)?;
        let item = snapshot(ledger.reader(), &found.ok_or_else(unknown)?, at_ms, &day)?;
        basket
            .add(item, Quantity(1000))
            .map_err(|error| BenchError::Unexpected(error.to_string()))?;
    }
    let offers =
        vec![Offer::of(TenderType::Card, Some(Minor(2_000))), Offer::of(TenderType::Cash, None)];
    Ok(SaleRequest::of(DocumentId(random::id(at_ms)?), basket, offers))
}
