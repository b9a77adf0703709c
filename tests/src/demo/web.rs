//! The web shop: buyers who place, pay, fail, cancel, let expire and give back, several at once, against the same stock
//! as the tills. Every request carries an id of its own and is sent again until it is answered, whatever dies meanwhile.

use super::DemoError;
use super::shop::{Place, Shelf};
use crate::http::{self, Answer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a buyer waits for news of the store before asking again.
const RETRY: Duration = Duration::from_millis(50);
/// Answers that never came after so many tries are a fault.
const TRIES_MAX: usize = 600;

/// Where the store listens now, what buyers were told, and who waits for it.
#[derive(Debug)]
pub struct WebShop {
    server: Mutex<SocketAddr>,
    news: Condvar,
    token: String,
    log: Mutex<WebLog>,
    answered: AtomicUsize,
    retried: AtomicUsize,
}

/// What buyers were told.
#[derive(Debug, Clone, Default)]
pub struct WebLog {
    /// Orders that were accepted, by id.
    pub orders: BTreeMap<Uuid, Told>,
    /// Orders that were refused because the goods were promised to someone else.
    pub refused: usize,
    /// Cards that were declined.
    pub declined: usize,
}

/// What one buyer was told in the end.
#[derive(Debug, Clone)]
pub struct Told {
    /// Number.
    pub number: String,
    /// Where the goods come from.
    pub location: String,
    /// SKU and quantity in thousandths.
    pub lines: Vec<(String, i64)>,
    /// How it ended.
    pub ended: Ended,
    /// Captured.
    pub paid_minor: i64,
    /// Given back.
    pub refunded_minor: i64,
    /// Whether the goods came back to the shelf.
    pub restocked: bool,
    /// Paid although goods were missing.
    pub short: bool,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Still open.
    Pending,
    /// Paid.
    Paid,
    /// Called off or expired.
    Cancelled,
    /// Paid and given back.
    Refunded,
}

/// What a buyer means to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Pay by a good card.
    Pay,
    /// A declined card first, then a good one.
    PayAfterDecline,
    /// Only a declined card: the reservation runs out.
    Fail,
    /// Change one's mind.
    Cancel,
    /// Never come back: the reservation runs out.
    Leave,
    /// Pay, then give everything back.
    GiveBack,
}

impl Plan {
    /// The plan of the n-th buyer: most pay.
    #[must_use]
    pub fn of(number: usize) -> Self {
        match number % 10 {
            3 => Self::PayAfterDecline,
            5 => Self::Fail,
            6 => Self::Cancel,
            7 => Self::Leave,
            8 => Self::GiveBack,
            _ => Self::Pay,
        }
    }
}

/// What one buyer wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The buyer.
    pub number: usize,
    /// What and where from.
    pub place: Place,
    /// Thousandths.
    pub quantity_milli: i64,
    /// What comes of it.
    pub plan: Plan,
}

/// Wishes of a day: everybody wants the goods that are short.
#[must_use]
pub fn wishes(contested: &[(Place, Shelf)], buyers: usize) -> Vec<Wish> {
    let goods = contested.iter().cycle().take(if contested.is_empty() { 0 } else { buyers });
    goods
        .enumerate()
        .map(|(number, (place, shelf))| Wish {
            number,
            place: place.clone(),
            quantity_milli: if shelf.on_hand_milli > 10_000 && number % 3 == 0 {
                2_000
            } else {
                1_000
            },
            plan: Plan::of(number + number / 10),
        })
        .collect()
}

impl WebShop {
    /// A web shop in front of a store.
    #[must_use]
    pub fn new(server: SocketAddr, token: &str) -> Self {
        Self {
            server: Mutex::new(server),
            news: Condvar::new(),
            token: token.to_owned(),
            log: Mutex::default(),
            answered: AtomicUsize::new(0),
            retried: AtomicUsize::new(0),
        }
    }

    /// The store listens here now.
    pub fn moved(&self, server: SocketAddr) {
        *lock(&self.server) = server;
        self.news.notify_all();
    }

    /// Requests that had to be sent again.
    #[must_use]
    pub fn retried(&self) -> usize {
        self.retried.load(Ordering::SeqCst)
    }

    /// Waits until so many buyers are done.
    pub fn wait_for(&self, buyers: usize) {
        let mut server = lock(&self.server);
        while self.answered.load(Ordering::SeqCst) < buyers {
            server = self.pause(server);
        }
    }

    /// What buyers were told so far.
    #[must_use]
    pub fn log(&self) -> WebLog {
        lock(&self.log).clone()
    }

    /// Serves buyers, `at_once` at a time, in their order.
    ///
    /// # Errors
    /// The first thing that was no answer of a web shop.
    pub fn serve(&self, wishes: &[Wish], at_once: usize) -> Result<(), DemoError> {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let buyers: Vec<_> = (0..at_once)
                .map(|_| {
                    scope.spawn(|| {
                        // One who is disappointed does not keep the others away.
                        let mut first = Ok(());
                        while let Some(wish) = wishes.get(next.fetch_add(1, Ordering::SeqCst)) {
                            first = first.and(self.buy(wish));
                            self.answered.fetch_add(1, Ordering::SeqCst);
                            self.news.notify_all();
                        }
                        first
                    })
                })
                .collect();
            buyers.into_iter().try_for_each(|buyer| {
                buyer
                    .join()
                    .unwrap_or_else(|_| Err(DemoError::Broken("a buyer panicked".to_owned())))
            })
        })
    }

    fn buy(&self, wish: &Wish) -> Result<(), DemoError> {
        let (sku, location) = &wish.place;
        let id = id_of("order", wish.number);
        let body = json!({
            "id": id, "location": location, "source": "web",
            "lines": [{"sku": sku, "quantity_milli": wish.quantity_milli}],
            "shipping_address": {"name": format!("Buyer {}", wish.number + 1), "lines": ["12 Temple Road", "Bengaluru 560003"]},
        });
        let placed = self.ask("POST", "/orders", Some(&body))?;
        if !placed.is_done() {
            return self.not_placed(&placed);
        }
        let order = placed.json();
        self.note(&order, Ended::Pending, false);
        let failing = matches!(wish.plan, Plan::PayAfterDecline | Plan::Fail);
        if failing {
            let declined = self.charge(wish, id, "4000000000000002", 0)?;
            lock(&self.log).declined += usize::from(declined["payment"] == "failed");
        }
        match wish.plan {
            Plan::Pay | Plan::PayAfterDecline => self.pay(wish, id),
            Plan::Fail | Plan::Leave => Ok(()),
            Plan::Cancel => {
                let cancel = json!({"reason": "changed my mind"});
                let order = self.done("POST", &format!("/orders/{id}/cancel"), &cancel)?;
                self.note(&order, Ended::Cancelled, false);
                Ok(())
            }
            Plan::GiveBack => {
                self.pay(wish, id)?;
                let refund = json!({"id": id_of("refund", wish.number), "restock": true, "reason": "not as expected"});
                self.done("POST", &format!("/orders/{id}/refunds"), &refund)?;
                let order = self.ask("GET", &format!("/orders/{id}"), None)?.json();
                self.note(&order, Ended::Refunded, true);
                Ok(())
            }
        }
    }

    fn not_placed(&self, answer: &Answer) -> Result<(), DemoError> {
        let why = answer.json();
        if why["error"]["code"] == "stock.not_available" {
            lock(&self.log).refused += 1;
            return Ok(());
        }
        Err(DemoError::Broken(format!("an order was answered with {}: {why}", answer.status)))
    }

    fn pay(&self, wish: &Wish, order: Uuid) -> Result<(), DemoError> {
        let paid = self.charge(wish, order, "4242424242424242", 1)?;
        if paid["payment"] != "captured" {
            return Err(DemoError::Broken(format!("a good card was answered with {paid}")));
        }
        self.note(&paid["order"], Ended::Paid, false);
        Ok(())
    }

    fn charge(
        &self,
        wish: &Wish,
        order: Uuid,
        card: &str,
        attempt: usize,
    ) -> Result<Value, DemoError> {
        let id = id_of("payment", wish.number * 2 + attempt);
        let body = json!({"id": id, "card_number": card});
        self.done("POST", &format!("/orders/{order}/pay"), &body)
    }

    /// Saves the invoice of the largest order that was paid; `false` when none was.
    ///
    /// # Errors
    /// It cannot be had or written.
    pub fn save_invoice(&self, file: &Path) -> Result<bool, DemoError> {
        let log = self.log();
        let paid = log.orders.iter().filter(|(_, told)| told.ended == Ended::Paid);
        let Some((id, _)) = paid.max_by_key(|(_, told)| told.paid_minor) else {
            return Ok(false);
        };
        let documents = self.ask("GET", &format!("/orders/{id}/documents"), None)?.json();
        let number = documents[0]["number"].as_str().unwrap_or_default().replace('/', "%2F");
        let pdf = self.ask("GET", &format!("/orders/{id}/documents/{number}/pdf"), None)?;
        if !pdf.is_done() {
            return Err(DemoError::Broken(format!("no invoice of {id}: {}", pdf.json())));
        }
        std::fs::write(file, pdf.body).map_err(DemoError::file(file))?;
        Ok(true)
    }

    /// What became of orders that nobody paid: asked until their reservation has run out.
    ///
    /// # Errors
    /// They are never called off.
    pub fn wait_for_expiry(&self) -> Result<usize, DemoError> {
        let open: Vec<Uuid> = self
            .log()
            .orders
            .iter()
            .filter(|(_, told)| told.ended == Ended::Pending)
            .map(|(id, _)| *id)
            .collect();
        for id in &open {
            let mut tries = 0;
            loop {
                let order = self.ask("GET", &format!("/orders/{id}"), None)?.json();
                if order["state"] == "cancelled" {
                    self.note(&order, Ended::Cancelled, false);
                    break;
                }
                tries += 1;
                if tries > TRIES_MAX * 2 {
                    return Err(DemoError::Broken(format!("order {id} never expires: {order}")));
                }
                drop(self.pause(lock(&self.server)));
            }
        }
        Ok(open.len())
    }

    fn note(&self, order: &Value, ended: Ended, restocked: bool) {
        let Some(id) = order["id"].as_str().and_then(|id| id.parse().ok()) else { return };
        let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
        let minor = |name: &str| order[name].as_i64().unwrap_or_default();
        let lines = order["lines"].as_array().into_iter().flatten().map(|line| {
            let sku = line["sku"].as_str().unwrap_or_default().to_owned();
            (sku, line["quantity_milli"].as_i64().unwrap_or_default())
        });
        let told = Told {
            number: text("number"),
            location: text("location"),
            lines: lines.collect(),
            ended,
            paid_minor: minor("paid_minor"),
            refunded_minor: minor("refunded_minor"),
            restocked,
            short: order["short"] == true,
        };
        lock(&self.log).orders.insert(id, told);
    }

    fn done(&self, method: &str, path: &str, body: &Value) -> Result<Value, DemoError> {
        let answer = self.ask(method, path, Some(body))?;
        // A declined card is an answer too.
        if answer.is_done() || answer.status == 402 {
            return Ok(answer.json());
        }
        let why = answer.json();
        Err(DemoError::Broken(format!(
            "{method} {path} was answered with {}: {why}",
            answer.status
        )))
    }

    /// Sends until it is answered; the ids in the body make that harmless.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, DemoError> {
        for _ in 0..TRIES_MAX {
            let server = *lock(&self.server);
            match http::send(server, method, path, &self.token, body) {
                Ok(answer) if answer.status != 503 => return Ok(answer),
                Ok(_) | Err(_) => {
                    self.retried.fetch_add(1, Ordering::SeqCst);
                    drop(self.pause(lock(&self.server)));
                }
            }
        }
        Err(DemoError::Broken(format!("{method} {path} is never answered")))
    }

    fn pause<'a>(&self, server: MutexGuard<'a, SocketAddr>) -> MutexGuard<'a, SocketAddr> {
        self.news.wait_timeout(server, RETRY).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl WebLog {
    /// What the web did to stock: sold, less what came back, by (SKU, location).
    #[must_use]
    pub fn effects(&self) -> Vec<(Place, i64)> {
        let gone = self.orders.values().filter(|told| match told.ended {
            Ended::Paid => true,
            Ended::Refunded => !told.restocked,
            Ended::Pending | Ended::Cancelled => false,
        });
        gone.filter(|told| !told.short)
            .flat_map(|told| {
                told.lines.iter().map(|(sku, milli)| ((sku.clone(), told.location.clone()), -milli))
            })
            .collect()
    }

    /// How many orders ended so.
    #[must_use]
    pub fn count(&self, ended: Ended) -> usize {
        self.orders.values().filter(|told| told.ended == ended).count()
    }
}

/// An id that is the same every time the demo runs, and made before the first request.
fn id_of(what: &str, number: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("daybook-demo/{what}/{number}").as_bytes())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
