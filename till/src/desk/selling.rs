//! Filling the basket: scans, chosen items, quantities; putting it aside; what is said about it.

use super::browse::{self, Number};
use super::draft::{About, DRAFT, Draft};
use super::printing::paper_state;
use super::view::{
    self, Beyond, Buyer, CustomerScreen, Display, DisplayLine, PaperState, Parked, Scanned, Sold,
    Tender,
};
use super::{Desk, Fault, Preferences, ScanCommand, Theme, Turn, preferences};
use crate::catalogue::{self, Scan};
use crate::error::TillError;
use crate::goods;
use crate::ledger::query;
use crate::ledger::state;
use crate::said::{self, LABEL_CHARS_MAX, NOTE_CHARS_MAX, text};
use crate::sell::{self, basket_refused, snapshot};
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::barcode::Embedded;
use daybook_domain::basket::{BasketLine, LinePrice, REASON_MAX};
use daybook_domain::catalogue::{NAME_MAX, Snapshot, rate_on};
use daybook_domain::document::{Document, DocumentKind, Party, TenderType};
use daybook_domain::feed::ItemRow;
use daybook_domain::ids::{BasketId, CustomerId, Sku};
use uuid::Uuid;

/// SKU under which goods are sold that the catalogue does not know.
const OPEN_SKU: &str = "OPEN";

impl Desk {
    /// The open basket.
    ///
    /// # Errors
    /// `catalogue.empty`, `basket.…`.
    pub fn basket(&self) -> Result<view::Basket, Fault> {
        self.act(|turn| turn.basket())
    }

    /// What the customer's window shows.
    ///
    /// # Errors
    /// `catalogue.empty`.
    pub fn display(&self) -> Result<CustomerScreen, Fault> {
        self.act(|turn| turn.customer_screen())
    }

    /// Takes a scan: goods go into the basket, numbers of documents and orders are recognised.
    ///
    /// # Errors
    /// `shift.none_open`, `payment.open`, `basket.…`, `barcode.…`.
    pub fn scan(&self, code: &str, quantity: Option<Quantity>) -> Result<Scanned, Fault> {
        self.act(|turn| turn.scan(code, quantity))
    }

    /// Adds a chosen item. A price may only be said where it has none.
    ///
    /// # Errors
    /// `item.unknown`, `basket.…`.
    pub fn add(
        &self,
        sku: &str,
        quantity: Option<Quantity>,
        price: Option<UnitPrice>,
    ) -> Result<Scanned, Fault> {
        self.act(|turn| {
            let sku = Sku::new(sku)?;
            let item = catalogue::item(turn.conn(), &sku)?.filter(|item| !item.archived);
            let item = item.ok_or_else(|| {
                TillError::refused("item.unknown", format!("{sku} is not in the catalogue"))
                    .with("sku", &sku)
            })?;
            turn.add_item(&item, quantity, price)
        })
    }

    /// Adds something that the catalogue does not know, with the price that a person says.
    ///
    /// # Errors
    /// `input.invalid`, `basket.…`.
    pub fn add_open_item(
        &self,
        name: &str,
        price: Minor,
        tax_class: &str,
        quantity: Quantity,
    ) -> Result<Scanned, Fault> {
        self.act(|turn| turn.add_open_item(name, price, tax_class, quantity))
    }

    /// Changes the quantity of a line.
    ///
    /// # Errors
    /// `basket.…`.
    pub fn set_quantity(&self, line: u32, quantity: Quantity) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.edit(|draft| {
                draft.last_line = Some(line);
                draft.basket.set_quantity(line, quantity).map_err(|error| basket_refused(&error))
            })
        })
    }

    /// Removes a line.
    ///
    /// # Errors
    /// `basket.unknown_line`.
    pub fn remove_line(&self, line: u32) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.edit(|draft| {
                draft.last_line = None;
                draft.basket.remove(line).map_err(|error| basket_refused(&error))?;
                Ok(())
            })
        })
    }

    /// Says whose basket it is.
    ///
    /// # Errors
    /// `customer.unknown`.
    pub fn set_customer(&self, customer: Option<Uuid>) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            let customer = customer.map(CustomerId);
            if let Some(id) = customer
                && catalogue::customer(turn.conn(), id)?.is_none()
            {
                let message = "this customer is not known here";
                return Err(TillError::refused("customer.unknown", message));
            }
            turn.edit(|draft| {
                draft.about.customer = customer;
                Ok(())
            })
        })
    }

    /// Says who stands on the invoice as the buyer.
    ///
    /// # Errors
    /// `gstin.…`, `input.invalid`.
    pub fn set_buyer(&self, buyer: Option<&Buyer>) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            let jurisdiction = turn.settings()?.jurisdiction;
            let party = buyer.map(|buyer| party(buyer, &jurisdiction)).transpose()?;
            turn.edit(|draft| {
                draft.about.buyer = party;
                Ok(())
            })
        })
    }

    /// Says what is printed beside the goods.
    ///
    /// # Errors
    /// `input.invalid`.
    pub fn set_note(
        &self,
        note: Option<&str>,
        gift_message: Option<&str>,
    ) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            let note = text("note", note, NOTE_CHARS_MAX)?;
            let gift_message = text("gift_message", gift_message, NOTE_CHARS_MAX)?;
            turn.edit(|draft| {
                draft.about.note = note;
                draft.about.gift_message = gift_message;
                Ok(())
            })
        })
    }

    /// Empties the basket; what was in it is recorded.
    ///
    /// # Errors
    /// `payment.open`.
    pub fn clear_basket(&self, reason: Option<&str>) -> Result<view::Basket, Fault> {
        self.act(|turn| turn.clear(reason))
    }

    /// Puts the basket aside, with whose it is and what comes back in it.
    ///
    /// # Errors
    /// `basket.empty`, `payment.open`.
    pub fn park(&self, label: Option<&str>) -> Result<view::Basket, Fault> {
        self.act(|turn| turn.park(label))
    }

    /// Baskets that lie aside, the oldest first.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn parked(&self) -> Result<Vec<Parked>, Fault> {
        self.act(|turn| turn.parked())
    }

    /// Takes a parked basket up again. The open one must be empty.
    ///
    /// # Errors
    /// `basket.not_empty`, `basket.not_parked`.
    pub fn recall(&self, basket: Uuid) -> Result<view::Basket, Fault> {
        self.act(|turn| turn.recall(BasketId(basket)))
    }

    /// The last sale of this till.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn last_sale(&self) -> Result<Option<Sold>, Fault> {
        self.look(|conn| {
            let Some(stored) = query::last_document(conn)? else { return Ok(None) };
            let document = &stored.sale.document;
            Ok(Some(Sold { paper: paper_state(conn, document.id)?, ..Sold::of(document) }))
        })
    }

    /// Puts the sale that was finished last away: it is not told again when the till starts.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn leave_sale(&self) -> Result<(), Fault> {
        self.act(|turn| {
            turn.counter.done = None;
            let draft = turn.counter.draft.clone();
            if draft.after.is_some() { turn.keep(Draft { after: None, ..draft }) } else { Ok(()) }
        })
    }
}

impl Turn<'_> {
    /// A change of the basket that shows what came of it.
    pub(super) fn edit(
        &mut self,
        change: impl FnOnce(&mut Draft) -> Result<(), TillError>,
    ) -> Result<view::Basket, TillError> {
        self.who()?;
        self.not_paying()?;
        self.change(change)?;
        self.basket()
    }

    fn scan(&mut self, code: &str, quantity: Option<Quantity>) -> Result<Scanned, TillError> {
        self.who()?;
        let code = code.trim();
        if let Some(command) = ScanCommand::of(code) {
            return Ok(Scanned::Command { command });
        }
        self.not_paying()?;
        self.day()?;
        let settings = self.settings()?;
        match catalogue::scan(self.conn(), &settings.label_layouts, settings.currency, code)? {
            Scan::Unknown => Ok(match browse::number(self.conn(), code)? {
                Number::Document(number) => Scanned::Document { number },
                Number::Order(order) => Scanned::Order { order },
                Number::None => Scanned::Unknown { code: code.to_owned() },
            }),
            Scan::Label(item, embedded) => {
                catalogue::one_label(quantity)?;
                self.add_label(&item, embedded)
            }
            Scan::Items(found, each) if found.len() == 1 => {
                self.add_item(&found[0], catalogue::in_all(quantity, each)?, None)
            }
            Scan::Items(several, each) => {
                let quantity = catalogue::in_all(quantity, each)?;
                let items = several
                    .iter()
                    .map(|item| browse::shown_item(self, item))
                    .collect::<Result<_, _>>()?;
                Ok(Scanned::Choose { items, quantity_milli: quantity })
            }
        }
    }

    fn add_item(
        &mut self,
        item: &ItemRow,
        quantity: Option<Quantity>,
        price: Option<UnitPrice>,
    ) -> Result<Scanned, TillError> {
        self.who()?;
        self.not_paying()?;
        let mut goods = snapshot(self.conn(), item, self.moment.at_ms, &self.day()?)?;
        if goods.unit_price_micros.is_none() {
            goods.unit_price_micros = price;
        } else if price.is_some() {
            let message = format!("{} has a price; override it in the basket", item.sku);
            return Err(TillError::refused("basket.has_price", message).with("sku", &item.sku));
        }
        if goods.unit_price_micros.is_none() {
            let item = Box::new(browse::shown_item(self, item)?);
            return Ok(Scanned::NeedsPrice { item, quantity_milli: quantity });
        }
        let quantity = match quantity {
            Some(quantity) => quantity,
            None if goods.sold_by_weight => {
                let item = Box::new(browse::shown_item(self, item)?);
                return Ok(Scanned::NeedsQuantity { item, unit_price_micros: price });
            }
            None => Quantity(Quantity::WHOLE),
        };
        self.add_goods(goods, quantity)
    }

    /// Each label is a line of its own: the goods were weighed one by one.
    fn add_label(&mut self, item: &ItemRow, label: Embedded) -> Result<Scanned, TillError> {
        let goods = snapshot(self.conn(), item, self.moment.at_ms, &self.day()?)?;
        let currency = self.settings()?.currency;
        let line = self.change(|draft| {
            let line = draft
                .basket
                .add_label(goods, label, currency)
                .map_err(|error| basket_refused(&error))?;
            draft.last_line = Some(line);
            Ok(line)
        })?;
        Ok(Scanned::Added { line, basket: Box::new(self.basket()?) })
    }

    /// The same goods at the same price go onto the line that has them, so that a basket reads as a person counts.
    fn add_goods(&mut self, goods: Snapshot, quantity: Quantity) -> Result<Scanned, TillError> {
        let line = self.change(|draft| {
            let same = draft.basket.lines().iter().find(|line| joins(line, &goods));
            let line = match same.map(|line| (line.no, line.quantity_milli)) {
                Some((no, has)) => {
                    let sum = has.checked_add(quantity)?;
                    draft.basket.set_quantity(no, sum).map_err(|error| basket_refused(&error))?;
                    no
                }
                None => {
                    draft.basket.add(goods, quantity).map_err(|error| basket_refused(&error))?
                }
            };
            draft.last_line = Some(line);
            Ok(line)
        })?;
        Ok(Scanned::Added { line, basket: Box::new(self.basket()?) })
    }

    fn add_open_item(
        &mut self,
        name: &str,
        price: Minor,
        tax_class: &str,
        quantity: Quantity,
    ) -> Result<Scanned, TillError> {
        self.who()?;
        self.not_paying()?;
        let day = self.day()?;
        let name = text("name", Some(name), NAME_MAX)?
            .ok_or_else(|| TillError::bad("name", "must be given"))?;
        let class = catalogue::tax_class(self.conn(), tax_class)?;
        let rate = class.as_ref().and_then(|class| rate_on(class, &day)).ok_or_else(|| {
            TillError::bad("tax_class", format!("{tax_class:?} has no rate on {day}"))
        })?;
        let currency = self.settings()?.currency;
        let mut goods = open_item(&name, rate)?;
        let whole = Quantity(Quantity::WHOLE);
        goods.unit_price_micros = Some(UnitPrice::from_amount(price, whole, currency)?);
        self.add_goods(goods, quantity)
    }

    fn clear(&mut self, reason: Option<&str>) -> Result<view::Basket, TillError> {
        let who = self.who()?;
        self.not_paying()?;
        let reason = text("reason", reason, REASON_MAX)?;
        let draft = self.counter.draft.clone();
        if let (Some(id), false) = (draft.id, draft.basket.is_empty()) {
            let fresh = Draft::default();
            let ((), topics) = self.ledger.write(who.act(), |gate| {
                goods::abort_in(gate, id, &draft.basket, reason)?;
                state::set(gate.conn(), DRAFT, &fresh)
            })?;
            self.put(fresh);
            self.changed(topics);
        } else {
            self.keep(Draft::default())?;
        }
        self.basket()
    }

    fn park(&mut self, label: Option<&str>) -> Result<view::Basket, TillError> {
        let who = self.who()?;
        self.not_paying()?;
        let draft = self.counter.draft.clone();
        let (Some(id), false) = (draft.id, draft.basket.is_empty()) else {
            return Err(TillError::refused("basket.empty", "the basket has no lines"));
        };
        let label = text("label", label, LABEL_CHARS_MAX)?.unwrap_or_default();
        let aside = Draft { approver: None, last_line: None, ..draft };
        let fresh = Draft::default();
        let ((), topics) = self.ledger.write(who.act(), |gate| {
            goods::park_in(gate, id, &aside.basket, &label)?;
            state::set(gate.conn(), &parked_name(id), &aside)?;
            state::set(gate.conn(), DRAFT, &fresh)
        })?;
        self.put(fresh);
        self.changed(topics);
        self.basket()
    }

    fn parked(&self) -> Result<Vec<Parked>, TillError> {
        let shop = self.shop_rules()?;
        let rules = sell::rules(&shop, None)?;
        let mut found = Vec::new();
        for parked in goods::parked(self.conn())? {
            let about = self.parked_draft(parked.basket)?.map(|draft| draft.about);
            let customer = about.and_then(|about| about.customer);
            let lines = parked.content.lines().len() + parked.content.returns().len();
            // Prices that no longer hold show when it is taken up again.
            let total = parked.content.price(&rules).map(|figures| figures.totals.total_minor);
            found.push(Parked {
                basket: parked.basket.0,
                label: parked.label,
                at_ms: parked.at_ms,
                lines: u32::try_from(lines).unwrap_or(u32::MAX),
                total_minor: total.unwrap_or_default(),
                customer: self.customer_of(customer)?.map(|customer| customer.name),
            });
        }
        Ok(found)
    }

    fn parked_draft(&self, id: BasketId) -> Result<Option<Draft>, TillError> {
        state::get(self.conn(), &parked_name(id))
    }

    fn recall(&mut self, id: BasketId) -> Result<view::Basket, TillError> {
        let who = self.who()?;
        self.not_paying()?;
        self.empty_basket()?;
        // A basket that was parked from the command line is its lines alone.
        let said = self.parked_draft(id)?.unwrap_or_default();
        let (draft, topics) = self.ledger.write(who.act(), |gate| {
            let basket = goods::recall_in(gate, id)?;
            let draft = Draft { id: Some(id), basket, ..said };
            state::clear(gate.conn(), &parked_name(id))?;
            state::set(gate.conn(), DRAFT, &draft)?;
            Ok(draft)
        })?;
        self.put(draft);
        self.counter.done = None;
        self.changed(topics);
        self.basket()
    }

    /// What the customer's window shows, and how.
    pub(super) fn customer_screen(&self) -> Result<CustomerScreen, TillError> {
        let (settings, preferences) = (self.settings()?, preferences::read(self.conn())?);
        Ok(CustomerScreen {
            shown: self.display()?,
            training: self.ledger.identity()?.training,
            language: preferences.language,
            theme: preferences.theme,
            currency: settings.currency.code().to_owned(),
            exponent: settings.currency.exponent(),
        })
    }

    fn display(&self) -> Result<Display, TillError> {
        let draft = &self.counter.draft;
        if draft.payment.is_some() {
            let payment = self.payment_view()?;
            let open = payment.upi.filter(|attempt| attempt.state == view::UpiState::Waiting);
            return Ok(Display::Pay {
                total_minor: payment.total_minor,
                left_minor: payment.left_minor,
                qr_svg: open.map(|attempt| attempt.qr_svg),
            });
        }
        if draft.basket.is_empty() {
            return Ok(match &self.counter.done {
                Some(sold) => Display::Done {
                    payable_minor: sold.payable_minor,
                    // What the customer takes along, as change or as the balance of an exchange.
                    change_minor: sold.change_minor.checked_add(sold.back_minor)?,
                    number: sold.number.clone(),
                },
                None => Display::Idle { business: self.settings()?.business },
            });
        }
        let figures = self.figures()?;
        let line = |line: &daybook_domain::document::DocumentLine| DisplayLine {
            name: line.name.clone(),
            quantity_milli: line.quantity_milli,
            uom: line.uom,
            total_minor: line.total_minor,
        };
        Ok(Display::Basket {
            lines: figures.lines.iter().map(line).collect(),
            total_minor: figures.totals.total_minor,
            discount_minor: figures.totals.discount_minor,
        })
    }

    /// What a sale says to the cashier.
    pub(super) fn sold(&self, sold: &sell::Sold) -> Result<Sold, TillError> {
        let mut shown = Sold::of(&sold.document);
        shown.disk_low = sold.disk_low;
        for beyond in &sold.beyond {
            let line = sold.document.lines.iter().find(|line| line.sku == beyond.sku);
            let policy = self.available(&beyond.sku)?.map(|sellable| sellable.policy);
            shown.beyond.push(Beyond {
                sku: beyond.sku.to_string(),
                name: line.map(|line| line.name.clone()).unwrap_or_default(),
                available_milli: beyond.available_milli,
                policy: policy.unwrap_or_default(),
            });
        }
        Ok(shown)
    }
}

fn parked_name(id: BasketId) -> String {
    format!("parked/{id}")
}

/// Whether goods go onto a line that is there already.
fn joins(line: &BasketLine, goods: &Snapshot) -> bool {
    let untouched = matches!(line.price, LinePrice::Unit { was: None, .. });
    untouched && line.discount.is_none() && !goods.sold_by_weight && line.item == *goods
}

fn open_item(name: &str, rate: RatePpm) -> Result<Snapshot, TillError> {
    Ok(Snapshot::open_item(Sku::new(OPEN_SKU)?, name, rate))
}

fn party(buyer: &Buyer, jurisdiction: &str) -> Result<Party, TillError> {
    let Buyer { name, address, tax_id, state_code } = buyer;
    let (tax_id, state_code) = (tax_id.as_deref(), state_code.as_deref());
    said::party(&said::Buyer { name, address, tax_id, state_code }, jurisdiction)
}

impl From<&Party> for Buyer {
    fn from(party: &Party) -> Self {
        Self {
            name: party.name.clone(),
            address: party.address.clone(),
            tax_id: party.tax_id.clone(),
            state_code: party.state.as_ref().map(|state| state.code.clone()),
        }
    }
}

impl CustomerScreen {
    /// Of a till that belongs to no shop.
    pub(super) fn nothing() -> Self {
        Self {
            shown: Display::Idle { business: String::new() },
            training: false,
            language: Preferences::default().language,
            theme: Theme::default(),
            currency: String::new(),
            exponent: 0,
        }
    }
}

impl Sold {
    /// A document as it stands in the ledger.
    pub(super) fn of(document: &Document) -> Self {
        let tenders = document.tenders.iter();
        let change = tenders.clone().filter_map(|tender| tender.change_minor).map(|c| c.0).sum();
        let credit = document.kind == DocumentKind::CreditNote;
        let payable = document.totals.payable_minor;
        let back = if credit { payable.0 } else { payable.0.saturating_neg().max(0) };
        Self {
            id: document.id.0,
            number: document.number.clone(),
            kind: document.kind,
            issued_at_ms: document.issued_at_ms,
            total_minor: document.totals.total_minor,
            payable_minor: payable,
            rounding_minor: document.totals.rounding_minor,
            tenders: tenders.map(Tender::from).collect(),
            change_minor: Minor(change),
            back_minor: Minor(back),
            beyond: Vec::new(),
            disk_low: false,
            again: false,
            paper: PaperState::None,
        }
    }
}

impl From<&daybook_domain::document::Tender> for Tender {
    fn from(tender: &daybook_domain::document::Tender) -> Self {
        let tender_type: TenderType = tender.tender_type;
        Self {
            tender_type,
            amount_minor: tender.amount_minor,
            given_minor: tender.given_minor,
            change_minor: tender.change_minor,
            reference: tender.reference.clone(),
        }
    }
}

impl About {
    /// Buyer and customer of an original document, for its exchange.
    pub(super) fn of(document: &Document) -> Self {
        Self {
            customer: document.customer,
            buyer: document.buyer.clone(),
            note: None,
            gift_message: None,
        }
    }
}
