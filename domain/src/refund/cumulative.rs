//! A line's share by cumulative rounding: what all returns so far come to, less what earlier ones had.

use crate::amount::{Minor, OutOfRange, Quantity};
use crate::document::{Document, DocumentLine, LineFlag, TaxAmount};
use crate::rounding::scale;

/// What came back of one line before.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub(super) any: bool,
    pub(super) quantity: Quantity,
    net: Minor,
    discount: Minor,
    bill_discount: Minor,
    taxes: Vec<TaxAmount>,
}

impl Returned {
    /// Sums the earlier credit notes (positive) and exchanges (negative) that name the line.
    pub(super) fn of(line: u32, notes: &[&Document]) -> Result<Self, OutOfRange> {
        let mut sum = Self::default();
        let back = |minor: Minor| Minor(minor.0.saturating_abs());
        for part in notes.iter().flat_map(|note| &note.lines) {
            if part.original_line != Some(line) {
                continue;
            }
            sum.any = true;
            let quantity = Quantity(part.quantity_milli.0.saturating_abs());
            sum.quantity = sum.quantity.checked_add(quantity)?;
            sum.net = sum.net.checked_add(back(part.net_minor))?;
            sum.discount = sum.discount.checked_add(back(part.discount_minor))?;
            sum.bill_discount = sum.bill_discount.checked_add(back(part.bill_discount_minor))?;
            for tax in &part.taxes {
                let before = sum.tax(tax);
                let amount_minor = before.checked_add(back(tax.amount_minor))?;
                sum.taxes.retain(|known| !same(known, tax));
                sum.taxes.push(TaxAmount { amount_minor, ..tax.clone() });
            }
        }
        Ok(sum)
    }

    fn tax(&self, wanted: &TaxAmount) -> Minor {
        let found = self.taxes.iter().find(|known| same(known, wanted));
        found.map_or(Minor::ZERO, |known| known.amount_minor)
    }

    /// The line of the credit note for a further quantity, with the taxes and rates of the sale.
    pub(super) fn next_share(
        &self,
        sold: &DocumentLine,
        quantity: Quantity,
        inclusive: bool,
    ) -> Result<DocumentLine, OutOfRange> {
        let through = self.quantity.checked_add(quantity)?;
        // What all returns so far come to, less what the earlier ones had; never below nothing.
        let share = |whole: Minor, before: Minor| -> Result<Minor, OutOfRange> {
            let target = match sold.quantity_milli.0 {
                0 => whole,
                bought => Minor(scale(whole.0, through.0, bought)?),
            };
            Ok(target.checked_sub(before)?.max(Minor::ZERO))
        };
        let net_minor = share(sold.net_minor, self.net)?;
        let discount_minor = share(sold.discount_minor, self.discount)?;
        let bill_discount_minor = share(sold.bill_discount_minor, self.bill_discount)?;
        let mut taxes = Vec::with_capacity(sold.taxes.len());
        let mut room = net_minor;
        for tax in &sold.taxes {
            let mut amount_minor = share(tax.amount_minor, self.tax(tax))?;
            if inclusive {
                // Of a line of a few coins the rounded taxes may exceed the net; a later part catches up.
                amount_minor = amount_minor.min(room);
                room = room.checked_sub(amount_minor)?;
            }
            taxes.push(TaxAmount { amount_minor, ..tax.clone() });
        }
        let tax = Minor::total(taxes.iter().map(|tax| tax.amount_minor))?;
        let (taxable_minor, total_minor) = if inclusive {
            (net_minor.checked_sub(tax)?, net_minor)
        } else {
            (net_minor, net_minor.checked_add(tax)?)
        };
        let gross_minor =
            net_minor.checked_add(discount_minor)?.checked_add(bill_discount_minor)?;
        let kept = |flag: &LineFlag| *flag != LineFlag::BeyondRights;
        Ok(DocumentLine {
            quantity_milli: quantity,
            gross_minor,
            discount_minor,
            bill_discount_minor,
            net_minor,
            taxable_minor,
            taxes,
            total_minor,
            price_override: None,
            discount_reason: None,
            flags: sold.flags.iter().copied().filter(kept).collect(),
            original_line: Some(sold.no),
            ..sold.clone()
        })
    }
}

fn same(one: &TaxAmount, other: &TaxAmount) -> bool {
    one.component == other.component && one.rate_ppm == other.rate_ppm
}
