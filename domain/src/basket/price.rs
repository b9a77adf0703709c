//! From lines to figures.

use super::{AMOUNT_MAX, Basket, BasketError, BasketLine, Discount, LinePrice};
use crate::amount::{Currency, Minor, OutOfRange, Quantity, RatePpm, UnitPrice};
use crate::document::{DocumentLine, LineFlag, TaxAmount};
use crate::feed::Settings;
use crate::figures::Figures;
use crate::rounding::scale;
use crate::tax::{TaxError, TaxRules, Taxable};

/// What decides the figures of a document, besides its lines.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Currency of all amounts.
    pub currency: Currency,
    /// Tax.
    pub tax: TaxRules,
    /// Digits of HSN on the document; shorter codes stay as they are.
    pub hsn_digits: u8,
}

impl Rules {
    /// The rules of a shop for a seller's State and a place of supply (absent: over the counter).
    ///
    /// # Errors
    /// [`TaxError`] for a jurisdiction or State that is unknown or missing.
    pub fn of(
        settings: &Settings,
        seller: Option<&crate::document::Place>,
        place_of_supply: Option<&crate::document::Place>,
    ) -> Result<Self, TaxError> {
        let inclusive = settings.tax_inclusive;
        let tax = TaxRules::new(&settings.jurisdiction, inclusive, seller, place_of_supply)?;
        Ok(Self { currency: settings.currency, tax, hsn_digits: settings.hsn_digits })
    }
}

/// A line with its amounts before tax.
struct Amounts {
    gross: Minor,
    discount: Minor,
    bill_discount: Minor,
    net: Minor,
}

impl Basket {
    /// The figures for payment.
    ///
    /// # Errors
    /// [`BasketError::Empty`], and all of [`Basket::price`].
    pub fn checkout(&self, rules: &Rules) -> Result<Figures, BasketError> {
        if self.is_empty() {
            return Err(BasketError::Empty);
        }
        self.price(rules)
    }

    /// The figures as they stand, also of an empty basket. Sold lines come first, then returned ones.
    ///
    /// # Errors
    /// [`BasketError`] names the line whose price, discount or tax cannot be.
    pub fn price(&self, rules: &Rules) -> Result<Figures, BasketError> {
        let amounts = self.amounts(rules)?;
        let taxables: Vec<Taxable> = self
            .lines
            .iter()
            .zip(&amounts)
            .map(|(line, amounts)| Taxable { net: amounts.net, rate: line.item.rate_ppm })
            .collect();
        let mut taxes = rules.tax.taxes(&taxables)?;
        for (line, taxes) in self.lines.iter().zip(&mut taxes) {
            // Not even a rate of zero: selling a card is no supply.
            if line.gift_card.is_some() {
                taxes.clear();
            }
        }
        let mut lines = Vec::with_capacity(self.lines.len() + self.returns.len());
        for ((line, amounts), taxes) in self.lines.iter().zip(&amounts).zip(taxes) {
            let mut line = document_line(line, amounts, taxes, rules)?;
            if !line.bill_discount_minor.is_zero() {
                let reasons = [line.discount_reason.take(), self.bill_discount_reason.clone()];
                let reasons: Vec<String> = reasons.into_iter().flatten().collect();
                line.discount_reason = (!reasons.is_empty()).then(|| reasons.join("; "));
            }
            lines.push(line);
        }
        lines.extend(self.returns.iter().cloned());
        for (no, line) in (1..).zip(&mut lines) {
            line.no = no;
        }
        Ok(Figures::of(lines)?)
    }

    fn amounts(&self, rules: &Rules) -> Result<Vec<Amounts>, BasketError> {
        let mut amounts = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            check_mrp(line, rules)?;
            let gross = gross(line, rules.currency)?;
            let discount = reduction(line.discount, gross)?;
            if discount > gross {
                return Err(BasketError::DiscountExceedsPrice { line: line.no, most: gross });
            }
            let net = gross.checked_sub(discount)?;
            amounts.push(Amounts { gross, discount, bill_discount: Minor::ZERO, net });
        }
        self.spread_bill_discount(&mut amounts)?;
        Ok(amounts)
    }

    /// Spreads the bill discount over the sold lines by value (CGST Section 15(3)(a): it lowers the taxable value);
    /// money on a card is not sold below its value.
    fn spread_bill_discount(&self, amounts: &mut [Amounts]) -> Result<(), BasketError> {
        let weights = self.lines.iter().zip(amounts.iter());
        let weights: Vec<i64> = weights
            .map(|(line, amounts)| if line.gift_card.is_some() { 0 } else { amounts.net.0 })
            .collect();
        let bill = Minor::total(weights.iter().copied().map(Minor))?;
        let discount = reduction(self.bill_discount, bill)?;
        if discount > bill {
            return Err(BasketError::DiscountExceedsBill { most: bill });
        }
        for (line, share) in amounts.iter_mut().zip(discount.allocate(&weights)?) {
            line.bill_discount = share;
            line.net = line.net.checked_sub(share)?;
        }
        Ok(())
    }
}

fn gross(line: &BasketLine, currency: Currency) -> Result<Minor, BasketError> {
    let gross = match line.price {
        LinePrice::Given { gross_minor } => gross_minor,
        LinePrice::Unit { micros, .. } => micros.times(line.quantity_milli, currency)?,
    };
    if gross > AMOUNT_MAX {
        return Err(BasketError::Amount { sku: line.item.sku.clone() });
    }
    Ok(gross)
}

fn reduction(discount: Option<Discount>, of: Minor) -> Result<Minor, OutOfRange> {
    match discount {
        None => Ok(Minor::ZERO),
        Some(Discount::Amount(amount)) => Ok(amount),
        Some(Discount::Rate(rate)) => scale(of.0, rate.0, 1_000_000).map(Minor),
    }
}

/// The unit price, tax included, may not exceed the maximum retail price. A given amount happened already.
fn check_mrp(line: &BasketLine, rules: &Rules) -> Result<(), BasketError> {
    let (LinePrice::Unit { micros, .. }, Some(mrp)) = (&line.price, line.item.mrp_minor) else {
        return Ok(());
    };
    let added = if rules.tax.inclusive { RatePpm(0) } else { line.item.rate_ppm };
    if above_mrp(*micros, added, mrp, rules.currency) {
        let sku = line.item.sku.clone();
        return Err(BasketError::AboveMrp { line: line.no, sku, mrp });
    }
    Ok(())
}

/// Whether the price of a unit with the tax that is added to it is above the maximum retail price, which includes all
/// taxes (Legal Metrology (Packaged Commodities) Rules 2011).
#[must_use]
pub fn above_mrp(price: UnitPrice, added: RatePpm, mrp: Minor, currency: Currency) -> bool {
    let price = i128::from(price.0) * i128::from(1_000_000 + added.0);
    let finer = 10_i64.pow(UnitPrice::DIGITS - currency.exponent());
    price > i128::from(mrp.0) * i128::from(finer) * 1_000_000
}

/// The code cut to so many digits: a shop states as many as its turnover asks for (Notification 78/2020-CT).
fn printed_hsn(hsn: Option<&str>, digits: u8) -> Option<String> {
    hsn.map(|code| code.chars().take(usize::from(digits)).collect())
        .filter(|code: &String| !code.is_empty())
}

fn document_line(
    line: &BasketLine,
    amounts: &Amounts,
    taxes: Vec<TaxAmount>,
    rules: &Rules,
) -> Result<DocumentLine, OutOfRange> {
    let tax = Minor::total(taxes.iter().map(|tax| tax.amount_minor))?;
    let (taxable_minor, total_minor) = if rules.tax.inclusive {
        (amounts.net.checked_sub(tax)?, amounts.net)
    } else {
        (amounts.net, amounts.net.checked_add(tax)?)
    };
    let (unit_price_micros, price_override) = match &line.price {
        LinePrice::Unit { micros, was } => (*micros, was.clone()),
        LinePrice::Given { gross_minor } => (unit_of(*gross_minor, line, rules.currency)?, None),
    };
    Ok(DocumentLine {
        no: line.no,
        sku: line.item.sku.clone(),
        name: line.item.name.clone(),
        options: line.item.options.clone(),
        hsn: printed_hsn(line.item.hsn.as_deref(), rules.hsn_digits),
        quantity_milli: line.quantity_milli,
        uom: line.item.uom,
        unit_price_micros,
        mrp_minor: line.item.mrp_minor,
        gross_minor: amounts.gross,
        discount_minor: amounts.discount,
        bill_discount_minor: amounts.bill_discount,
        discount_reason: line.discount_reason.clone().filter(|_| !amounts.discount.is_zero()),
        net_minor: amounts.net,
        taxable_minor,
        taxes,
        total_minor,
        price_override,
        flags: line.flags.clone(),
        original_line: None,
        restock: None,
        gift_card: line.gift_card.clone(),
    })
}

/// The unit price that stands beside a given amount: that of the price book where it leads to the amount, else what the
/// amount comes to for one.
fn unit_of(gross: Minor, line: &BasketLine, currency: Currency) -> Result<UnitPrice, OutOfRange> {
    let quantity = line.quantity_milli;
    let listed = line.item.unit_price_micros.filter(|unit| {
        !quantity.is_zero() && unit.times(quantity, currency).is_ok_and(|amount| amount == gross)
    });
    match listed {
        Some(unit) => Ok(unit),
        None => UnitPrice::from_amount(gross, quantity, currency),
    }
}

/// A returned line inside an exchange: the same figures below zero.
pub(super) fn negated(line: &DocumentLine) -> Result<DocumentLine, OutOfRange> {
    let mut taxes = line.taxes.clone();
    for tax in &mut taxes {
        tax.amount_minor = tax.amount_minor.checked_neg()?;
    }
    let quantity: Quantity = line.quantity_milli.checked_neg()?;
    let flags = line.flags.iter().copied().filter(|flag| *flag != LineFlag::BeyondRights).collect();
    Ok(DocumentLine {
        quantity_milli: quantity,
        gross_minor: line.gross_minor.checked_neg()?,
        discount_minor: line.discount_minor.checked_neg()?,
        bill_discount_minor: line.bill_discount_minor.checked_neg()?,
        net_minor: line.net_minor.checked_neg()?,
        taxable_minor: line.taxable_minor.checked_neg()?,
        taxes,
        total_minor: line.total_minor.checked_neg()?,
        flags,
        ..line.clone()
    })
}
