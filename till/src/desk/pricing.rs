//! The open basket with its figures, and changes of prices and discounts.

use super::draft::Draft;
use super::view::{self, Buyer, DiscountInput, Line, LineStock, ReturnedLine, Totals};
use super::{Approval, Desk, Fault, Turn};
use crate::catalogue;
use crate::error::TillError;
use crate::issue::Shop;
use crate::sell::{approval, basket_refused, rules};
use crate::staff::Who;
use crate::stock::{self, Sellable};
use daybook_domain::amount::{Quantity, UnitPrice};
use daybook_domain::basket::{BasketLine, Discount, LinePrice};
use daybook_domain::document::{DocumentLine, LineFlag};
use daybook_domain::figures::Figures;
use daybook_domain::ids::Sku;
use std::collections::BTreeMap;

impl Desk {
    /// Replaces the price of a line.
    ///
    /// # Errors
    /// `basket.…`, `approval.…`.
    pub fn override_price(
        &self,
        line: u32,
        price: UnitPrice,
        reason: &str,
        approval: Option<&Approval>,
    ) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.reprice(Some(line), approval, |draft| {
                draft
                    .basket
                    .override_price(line, price, reason)
                    .map_err(|error| basket_refused(&error))
            })
        })
    }

    /// Sets or takes away the discount of a line.
    ///
    /// # Errors
    /// `basket.…`, `approval.…`.
    pub fn discount_line(
        &self,
        line: u32,
        discount: Option<DiscountInput>,
        reason: Option<&str>,
        approval: Option<&Approval>,
    ) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.reprice(Some(line), approval, |draft| {
                let set = draft.basket.set_discount(line, discount.map(Discount::from));
                set.map_err(|error| basket_refused(&error))?;
                explain(draft, Some(line), discount, reason)
            })
        })
    }

    /// Sets or takes away the discount on the whole bill.
    ///
    /// # Errors
    /// `basket.…`, `approval.…`.
    pub fn discount_bill(
        &self,
        discount: Option<DiscountInput>,
        reason: Option<&str>,
        approval: Option<&Approval>,
    ) -> Result<view::Basket, Fault> {
        self.act(|turn| {
            turn.reprice(None, approval, |draft| {
                let set = draft.basket.set_bill_discount(discount.map(Discount::from));
                set.map_err(|error| basket_refused(&error))?;
                explain(draft, None, discount, reason)
            })
        })
    }
}

fn explain(
    draft: &mut Draft,
    line: Option<u32>,
    discount: Option<DiscountInput>,
    reason: Option<&str>,
) -> Result<(), TillError> {
    if discount.is_none() {
        return Ok(());
    }
    let explained = draft.basket.explain_discount(line, reason.unwrap_or_default());
    explained.map_err(|error| basket_refused(&error))
}

impl From<DiscountInput> for Discount {
    fn from(input: DiscountInput) -> Self {
        match input {
            DiscountInput::Amount { minor } => Self::Amount(minor),
            DiscountInput::Rate { ppm } => Self::Rate(ppm),
        }
    }
}

impl From<Discount> for DiscountInput {
    fn from(discount: Discount) -> Self {
        match discount {
            Discount::Amount(minor) => Self::Amount { minor },
            Discount::Rate(ppm) => Self::Rate { ppm },
        }
    }
}

impl Turn<'_> {
    /// Changes prices or discounts, of one line or of all, with the approval that the change itself takes.
    fn reprice(
        &mut self,
        line: Option<u32>,
        given: Option<&Approval>,
        change: impl FnOnce(&mut Draft) -> Result<(), TillError>,
    ) -> Result<view::Basket, TillError> {
        self.not_paying()?;
        let who = self.who_with(given)?;
        let mut draft = self.counter.draft.clone();
        change(&mut draft)?;
        let shop = self.shop_rules()?;
        let figures = figures_of(&shop, &draft)?;
        if self.approves(&shop, &who, &draft, figures, line)? {
            draft.approver = who.approver;
        }
        draft.last_line = line;
        self.keep(draft)?;
        self.basket()
    }

    /// Whether the change took an approval. Other lines keep theirs.
    fn approves(
        &self,
        shop: &Shop,
        who: &Who,
        draft: &Draft,
        mut figures: Figures,
        line: Option<u32>,
    ) -> Result<bool, TillError> {
        if let Some(line) = line {
            let at = draft.basket.lines().iter().position(|own| own.no == line);
            let at = at.and_then(|at| u32::try_from(at + 1).ok());
            figures.lines.retain(|figure| Some(figure.no) == at);
        }
        Ok(approval(who, &shop.settings, &figures)?.is_some())
    }

    pub(super) fn shop_rules(&self) -> Result<Shop, TillError> {
        Shop::read(self.conn(), &self.ledger.identity()?.location)
    }

    pub(super) fn figures(&self) -> Result<Figures, TillError> {
        figures_of(&self.shop_rules()?, &self.counter.draft)
    }

    /// The open basket as it is shown.
    pub(super) fn basket(&self) -> Result<view::Basket, TillError> {
        let draft = &self.counter.draft;
        let figures = self.figures()?;
        let (sold, back) = figures.lines.split_at(draft.basket.lines().len());
        let stock = self.short_of(draft)?;
        let lines: Vec<Line> = draft
            .basket
            .lines()
            .iter()
            .zip(sold)
            .map(|(line, figure)| shown_line(line, figure, &stock))
            .collect();
        let originals = draft.exchange.iter().flat_map(|exchange| &exchange.lines);
        let returns = back.iter().zip(originals).map(|(figure, original)| ReturnedLine {
            no: original.line,
            sku: figure.sku.to_string(),
            name: figure.name.clone(),
            options: figure.options.clone(),
            quantity_milli: figure.quantity_milli,
            uom: figure.uom,
            total_minor: figure.total_minor,
            restock: original.restock,
        });
        let (bill_discount, reason) = draft.basket.bill_discount();
        Ok(view::Basket {
            id: draft.id.map(|id| id.0).unwrap_or_default(),
            pieces: pieces(draft.basket.lines()),
            lines,
            returns: returns.collect(),
            exchange_of: draft.exchange.as_ref().map(|exchange| exchange.number.clone()),
            totals: Totals {
                gross_minor: figures.totals.gross_minor,
                discount_minor: figures.totals.discount_minor,
                tax_minor: figures.totals.tax_minor,
                total_minor: figures.totals.total_minor,
            },
            bill_discount: bill_discount.map(DiscountInput::from),
            bill_discount_reason: reason.map(str::to_owned),
            customer: self.customer_of(draft.about.customer)?,
            buyer: draft.about.buyer.as_ref().map(Buyer::from),
            note: draft.about.note.clone(),
            gift_message: draft.about.gift_message.clone(),
            paying: draft.payment.is_some(),
            last_line: draft.last_line,
        })
    }

    /// Goods of which the basket holds more than this till may sell.
    fn short_of(&self, draft: &Draft) -> Result<BTreeMap<Sku, LineStock>, TillError> {
        let mut wanted: BTreeMap<&Sku, i64> = BTreeMap::new();
        for line in draft.basket.lines().iter().filter(|line| !line.item.open) {
            let sum = wanted.entry(&line.item.sku).or_default();
            *sum = sum.saturating_add(line.quantity_milli.0);
        }
        let mut short = BTreeMap::new();
        for (sku, quantity) in wanted {
            if let Some(Sellable { quantity: available_milli, policy, needs_approval }) =
                self.available(sku)?
                && quantity > available_milli.0
            {
                let less = LineStock::Short { available_milli, policy, needs_approval };
                short.insert(sku.clone(), less);
            }
        }
        Ok(short)
    }

    /// What this till may sell of a SKU; nothing is known where the store never stated a level.
    pub(super) fn available(&self, sku: &Sku) -> Result<Option<Sellable>, TillError> {
        let live = self.ledger.live()?;
        let location = &self.ledger.identity()?.location;
        stock::available(self.conn(), location, sku, self.moment, live.journal.incarnation)
    }

    pub(super) fn customer_of(
        &self,
        customer: Option<daybook_domain::ids::CustomerId>,
    ) -> Result<Option<view::Customer>, TillError> {
        let Some(id) = customer else { return Ok(None) };
        Ok(catalogue::customer(self.conn(), id)?.as_ref().map(view::Customer::from))
    }
}

fn figures_of(shop: &Shop, draft: &Draft) -> Result<Figures, TillError> {
    let rules = rules(shop, draft.place_of_supply())?;
    draft.basket.price(&rules).map_err(|error| basket_refused(&error))
}

fn pieces(lines: &[BasketLine]) -> u32 {
    let count =
        |line: &BasketLine| match line.item.sold_by_weight || !line.quantity_milli.is_whole() {
            true => 1,
            false => line.quantity_milli.0 / Quantity::WHOLE,
        };
    u32::try_from(lines.iter().map(count).sum::<i64>()).unwrap_or(u32::MAX)
}

fn shown_line(line: &BasketLine, figure: &DocumentLine, stock: &BTreeMap<Sku, LineStock>) -> Line {
    let was_micros = match &line.price {
        LinePrice::Unit { was, .. } => was.as_ref().map(|was| was.was_micros),
        LinePrice::Given { .. } => None,
    };
    Line {
        no: line.no,
        sku: line.item.sku.to_string(),
        name: line.item.name.clone(),
        options: line.item.options.clone(),
        quantity_milli: line.quantity_milli,
        uom: line.item.uom,
        sold_by_weight: line.item.sold_by_weight,
        unit_price_micros: figure.unit_price_micros,
        was_micros,
        mrp_minor: line.item.mrp_minor,
        gross_minor: figure.gross_minor,
        discount_minor: figure.discount_minor,
        bill_discount_minor: figure.bill_discount_minor,
        discount: line.discount.map(DiscountInput::from),
        discount_reason: line.discount_reason.clone(),
        total_minor: figure.total_minor,
        tax_rate_ppm: line.item.rate_ppm,
        open_item: line.item.open,
        price_given: line.flags.contains(&LineFlag::PriceGiven),
        gift_card: line.gift_card.clone(),
        stock: stock.get(&line.item.sku).copied().unwrap_or(LineStock::Enough),
    }
}
