//! The basket: the only calculator. Lines are collected, changed and removed; [`Basket::checkout`] turns them
//! into the figures of a document.
//!
//! ```
//! use daybook_domain::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice};
//! use daybook_domain::basket::{Basket, Discount, Rules};
//! use daybook_domain::catalogue::Snapshot;
//! use daybook_domain::ids::Sku;
//! use daybook_domain::tax::{Jurisdiction, Supply, TaxRules};
//!
//! let tax = TaxRules { jurisdiction: Jurisdiction::by_code("IN").unwrap(), supply: Supply::Intra, inclusive: true };
//! let rules = Rules { currency: Currency::INR, tax, hsn_digits: 4 };
//! let mut item = Snapshot::open_item(Sku::new("TEA").unwrap(), "Tea 250 g", RatePpm(50_000));
//! item.unit_price_micros = Some(UnitPrice(120_000_000));
//!
//! let mut basket = Basket::new();
//! let line = basket.add(item, Quantity(2000)).unwrap();
//! basket.set_discount(line, Some(Discount::Rate(RatePpm(100_000)))).unwrap();
//! let figures = basket.checkout(&rules).unwrap();
//! assert_eq!(figures.totals.total_minor, Minor(21_600));
//! ```

mod error;
pub mod import;
mod price;

pub use error::BasketError;
pub use price::{Rules, above_mrp};

use crate::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice, Uom};
use crate::balance::Number;
use crate::barcode::Embedded;
use crate::catalogue::{Snapshot, UNIT_PRICE_MAX};
use crate::document::{DocumentLine, LineFlag, PriceOverride};
use crate::entry::{ENTRY_BYTES_MAX, LINES_MAX};
use serde::{Deserialize, Serialize};

/// Largest quantity of a line: a million units.
pub const QUANTITY_MAX: Quantity = Quantity(1_000_000_000);
/// Largest amount of a line: ten thousand million major units at two digits.
pub const AMOUNT_MAX: Minor = Minor(1_000_000_000_000);
/// Longest reason, characters.
pub const REASON_MAX: usize = 100;

/// Room for lines in a journal entry; the rest is for head, parties, tax table and tenders.
const LINE_BYTES_BUDGET: usize = ENTRY_BYTES_MAX - 64 * 1024;

/// Lines being collected before payment. Not a document: it has no number and no place in the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    lines: Vec<BasketLine>,
    #[serde(default)]
    returns: Vec<DocumentLine>,
    #[serde(default)]
    bill_discount: Option<Discount>,
    #[serde(default)]
    bill_discount_reason: Option<String>,
    last_no: u32,
}

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketLine {
    /// Handle of the line while the basket is open; never reused. The document numbers its lines anew.
    pub no: u32,
    /// The item as it was when added.
    pub item: Snapshot,
    /// Quantity.
    pub quantity_milli: Quantity,
    /// What the line costs before discounts.
    pub price: LinePrice,
    /// Discount on this line.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// Why it was given.
    #[serde(default)]
    pub discount_reason: Option<String>,
    /// What a person should know.
    #[serde(default)]
    pub flags: Vec<LineFlag>,
    /// Number of the gift card that is sold.
    #[serde(default)]
    pub gift_card: Option<String>,
}

/// What a line costs before discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePrice {
    /// So much a unit.
    Unit {
        /// Price of one unit.
        micros: UnitPrice,
        /// What it was, if it was overridden.
        was: Option<PriceOverride>,
    },
    /// The amount came with the goods: a price-embedded label, an imported basket.
    Given {
        /// For the whole line.
        gross_minor: Minor,
    },
}

/// A reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// So much.
    Amount(Minor),
    /// Such a part.
    Rate(RatePpm),
}

impl Basket {
    /// An empty basket.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines in the order of selling.
    #[must_use]
    pub fn lines(&self) -> &[BasketLine] {
        &self.lines
    }

    /// Returned lines of an exchange, with negative figures.
    #[must_use]
    pub fn returns(&self) -> &[DocumentLine] {
        &self.returns
    }

    /// Discount on the whole bill, and why it was given.
    #[must_use]
    pub fn bill_discount(&self) -> (Option<Discount>, Option<&str>) {
        (self.bill_discount, self.bill_discount_reason.as_deref())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.returns.is_empty()
    }

    /// Adds an item at its price; the answer is the line's handle.
    ///
    /// # Errors
    /// [`BasketError`] for a quantity out of its limits, an item without price, or a full basket.
    pub fn add(&mut self, item: Snapshot, quantity: Quantity) -> Result<u32, BasketError> {
        let micros =
            item.unit_price_micros.ok_or_else(|| BasketError::NoPrice { sku: item.sku.clone() })?;
        check_price(&item, micros)?;
        check_quantity(&item, quantity)?;
        self.push(item, quantity, LinePrice::Unit { micros, was: None })
    }

    /// Adds an item with the amount that came with it. A quantity of zero is kept as it happened, and flagged.
    ///
    /// # Errors
    /// [`BasketError`] for a negative or too large quantity or amount, or a full basket.
    pub fn add_given(
        &mut self,
        item: Snapshot,
        quantity: Quantity,
        gross_minor: Minor,
    ) -> Result<u32, BasketError> {
        if !(Quantity::ZERO..=QUANTITY_MAX).contains(&quantity) {
            return Err(BasketError::Quantity { sku: item.sku, found: quantity });
        }
        if !(Minor::ZERO..=AMOUNT_MAX).contains(&gross_minor) {
            return Err(BasketError::Amount { sku: item.sku });
        }
        self.push(item, quantity, LinePrice::Given { gross_minor })
    }

    /// Adds a gift card with the money that is put on it. The item only names the line.
    ///
    /// # Errors
    /// [`BasketError`] for an amount that is not above zero or too large, a card that is in the basket, or a full basket.
    pub fn add_gift_card(
        &mut self,
        item: Snapshot,
        number: &Number,
        amount: Minor,
    ) -> Result<u32, BasketError> {
        if amount.is_zero() {
            return Err(BasketError::Amount { sku: item.sku });
        }
        let same = |line: &BasketLine| line.gift_card.as_deref() == Some(number.as_str());
        if self.lines.iter().any(same) {
            return Err(BasketError::GiftCardTwice);
        }
        let no = self.add_given(item, Quantity(Quantity::WHOLE), amount)?;
        self.line_mut(no)?.gift_card = Some(number.as_str().to_owned());
        Ok(no)
    }

    /// Adds an item by its in-store label. A weight sells at the price of the moment; a price is given, and the
    /// quantity follows from it where goods are sold by weight, else it is one piece.
    ///
    /// # Errors
    /// [`BasketError`] as [`Basket::add`] and [`Basket::add_given`]; goods sold by weight need a price.
    pub fn add_label(
        &mut self,
        item: Snapshot,
        label: Embedded,
        currency: Currency,
    ) -> Result<u32, BasketError> {
        let price = match label {
            Embedded::WeightMilli(weight) => return self.add(item, Quantity(weight)),
            Embedded::PriceMinor(price) => Minor(price),
        };
        if !item.sold_by_weight {
            return self.add_given(item, Quantity(Quantity::WHOLE), price);
        }
        let unit = item.unit_price_micros.filter(|unit| unit.0 > 0);
        let unit = unit.ok_or_else(|| BasketError::NoPrice { sku: item.sku.clone() })?;
        let quantity = unit.quantity_for(price, currency)?;
        self.add_given(item, quantity, price)
    }

    /// Takes up a line that comes back, from [`crate::refund::plan`]; its figures turn negative and keep the
    /// tax they were sold with.
    ///
    /// # Errors
    /// [`BasketError`] for a full basket.
    pub fn add_return(&mut self, line: &DocumentLine) -> Result<(), BasketError> {
        self.check_room(line.name.len() + 3 * line.sku.as_str().len())?;
        self.returns.push(price::negated(line)?);
        Ok(())
    }

    /// Changes the quantity of a line.
    ///
    /// # Errors
    /// [`BasketError`] for a quantity out of its limits or a line whose amount was given.
    pub fn set_quantity(&mut self, no: u32, quantity: Quantity) -> Result<(), BasketError> {
        let line = self.line_mut(no)?;
        match line.price {
            LinePrice::Unit { .. } => check_quantity(&line.item, quantity)?,
            LinePrice::Given { .. } => return Err(BasketError::GivenAmount { line: no }),
        }
        line.quantity_milli = quantity;
        Ok(())
    }

    /// Removes a line; the answer is what it was, for the record.
    ///
    /// # Errors
    /// [`BasketError::UnknownLine`].
    pub fn remove(&mut self, no: u32) -> Result<BasketLine, BasketError> {
        let found = self.lines.iter().position(|line| line.no == no);
        found.map(|index| self.lines.remove(index)).ok_or(BasketError::UnknownLine { line: no })
    }

    /// Replaces the price of a line; the price from the price book stays on the record.
    ///
    /// # Errors
    /// [`BasketError`] for a price out of its limits, a missing reason, or a line whose amount was given.
    pub fn override_price(
        &mut self,
        no: u32,
        new: UnitPrice,
        reason: &str,
    ) -> Result<(), BasketError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            return Err(BasketError::Reason { line: no });
        }
        let line = self.line_mut(no)?;
        check_price(&line.item, new)?;
        let LinePrice::Unit { micros, was } = &mut line.price else {
            return Err(BasketError::GivenAmount { line: no });
        };
        let was_micros = was.as_ref().map_or(*micros, |first| first.was_micros);
        *was = Some(PriceOverride { was_micros, reason: reason.to_owned() });
        *micros = new;
        Ok(())
    }

    /// Sets or takes away the discount of a line. Whether it exceeds the price shows at [`Basket::price`].
    ///
    /// # Errors
    /// [`BasketError`] for a negative discount, one above 100 %, or one on a gift card.
    pub fn set_discount(&mut self, no: u32, to: Option<Discount>) -> Result<(), BasketError> {
        check_discount(to, Some(no))?;
        let line = self.line_mut(no)?;
        if line.gift_card.is_some() && to.is_some() {
            return Err(BasketError::GiftCardDiscount { line: no });
        }
        line.discount = to;
        line.discount_reason = None;
        Ok(())
    }

    /// Says why a discount was given: that of a line, or of the whole bill without one.
    ///
    /// # Errors
    /// [`BasketError`] for a reason that is empty or too long, and for a line that is not there.
    pub fn explain_discount(&mut self, no: Option<u32>, reason: &str) -> Result<(), BasketError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            return Err(BasketError::Reason { line: no.unwrap_or(0) });
        }
        let place = match no {
            Some(no) => &mut self.line_mut(no)?.discount_reason,
            None => &mut self.bill_discount_reason,
        };
        *place = Some(reason.to_owned());
        Ok(())
    }

    /// Lets the returned lines of an exchange go again.
    pub fn drop_returns(&mut self) {
        self.returns.clear();
    }

    /// Sets or takes away the discount on the whole bill, which is spread over the lines by value.
    ///
    /// # Errors
    /// [`BasketError`] for a negative discount or one above 100 %.
    pub fn set_bill_discount(&mut self, to: Option<Discount>) -> Result<(), BasketError> {
        check_discount(to, None)?;
        self.bill_discount = to;
        self.bill_discount_reason = None;
        Ok(())
    }

    /// Marks a line, once.
    ///
    /// # Errors
    /// [`BasketError::UnknownLine`].
    pub fn flag(&mut self, no: u32, flag: LineFlag) -> Result<(), BasketError> {
        let flags = &mut self.line_mut(no)?.flags;
        if !flags.contains(&flag) {
            flags.push(flag);
        }
        Ok(())
    }

    fn line_mut(&mut self, no: u32) -> Result<&mut BasketLine, BasketError> {
        let unknown = BasketError::UnknownLine { line: no };
        self.lines.iter_mut().find(|line| line.no == no).ok_or(unknown)
    }

    fn push(
        &mut self,
        item: Snapshot,
        quantity_milli: Quantity,
        price: LinePrice,
    ) -> Result<u32, BasketError> {
        self.check_room(text_bytes(&item))?;
        let marks = [
            (item.open, LineFlag::OpenItem),
            (item.sold_by_weight, LineFlag::Weighed),
            (matches!(price, LinePrice::Given { .. }), LineFlag::PriceGiven),
            (quantity_milli.is_zero(), LineFlag::ZeroQuantity),
        ];
        let flags = marks.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
        self.last_no += 1;
        let no = self.last_no;
        self.lines.push(BasketLine {
            no,
            item,
            quantity_milli,
            price,
            discount: None,
            discount_reason: None,
            flags,
            gift_card: None,
        });
        Ok(no)
    }

    /// Refuses a line that could make the journal entry too large to send: checked here, not at payment.
    fn check_room(&self, text: usize) -> Result<(), BasketError> {
        if self.lines.len() + self.returns.len() >= LINES_MAX {
            return Err(BasketError::TooManyLines);
        }
        let reasons = |line: &BasketLine| line.discount_reason.as_ref().map_or(0, String::len);
        let lines =
            self.lines.iter().map(|line| line_bytes(text_bytes(&line.item) + reasons(line)));
        let returns = self
            .returns
            .iter()
            .map(|line| line_bytes(line.name.len() + 3 * line.sku.as_str().len()));
        let used: usize = lines.chain(returns).sum();
        if used + line_bytes(text) > LINE_BYTES_BUDGET {
            return Err(BasketError::TooLarge);
        }
        Ok(())
    }
}

/// Bytes of free text in a line: the SKU stands in the line and in its movement.
fn text_bytes(item: &Snapshot) -> usize {
    item.name.len() + item.options.as_ref().map_or(0, String::len) + 3 * item.sku.as_str().len()
}

/// Upper estimate of a line with two taxes and a movement in the journal; text may double when escaped.
fn line_bytes(text: usize) -> usize {
    800 + 2 * text
}

fn check_quantity(item: &Snapshot, quantity: Quantity) -> Result<(), BasketError> {
    if !(Quantity(1)..=QUANTITY_MAX).contains(&quantity) {
        return Err(BasketError::Quantity { sku: item.sku.clone(), found: quantity });
    }
    if item.uom == Uom::Each && !item.sold_by_weight && !quantity.is_whole() {
        return Err(BasketError::Fraction { sku: item.sku.clone() });
    }
    Ok(())
}

fn check_price(item: &Snapshot, micros: UnitPrice) -> Result<(), BasketError> {
    if (UnitPrice(0)..=UNIT_PRICE_MAX).contains(&micros) {
        Ok(())
    } else {
        Err(BasketError::Price { sku: item.sku.clone() })
    }
}

fn check_discount(discount: Option<Discount>, line: Option<u32>) -> Result<(), BasketError> {
    let fits = match discount {
        None => true,
        Some(Discount::Amount(amount)) => amount.0 >= 0,
        Some(Discount::Rate(rate)) => (0..=1_000_000).contains(&rate.0),
    };
    if fits { Ok(()) } else { Err(BasketError::Discount { line }) }
}

#[cfg(test)]
mod tests;
