//! Whose law: what the tax is called, how it is split and where it is rounded. A further country is a further row.

use super::TaxError;
use super::states::{State, StateKind};
use crate::amount::RatePpm;
use crate::document::{DocumentKind, DocumentLine};

/// Tax law of a country as far as a till meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jurisdiction {
    /// Code in the settings and on documents.
    pub code: &'static str,
    /// What is levied.
    pub levy: Levy,
    /// Where the amount is rounded.
    pub rounding: TaxRounding,
    /// Whether a sale is evidenced by a tax invoice rather than a plain receipt.
    pub tax_invoice: bool,
}

/// What is levied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levy {
    /// Nothing.
    None,
    /// One tax of this name at the whole rate.
    Single(&'static str),
    /// Indian GST, split by place of supply.
    Gst,
}

/// Where tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxRounding {
    /// On each line and component.
    PerLine,
    /// On the sum of each rate of the document.
    PerRate,
}

const fn row(
    code: &'static str,
    levy: Levy,
    rounding: TaxRounding,
    tax_invoice: bool,
) -> Jurisdiction {
    Jurisdiction { code, levy, rounding, tax_invoice }
}

/// All known jurisdictions. `EU-line` and `GB-line` are the permitted rounding per line; `US` rounds per
/// invoice, `US-item` per item: the seller's choice (SSUTA §324).
pub const JURISDICTIONS: [Jurisdiction; 8] = [
    row("none", Levy::None, TaxRounding::PerLine, false),
    row("IN", Levy::Gst, TaxRounding::PerLine, true),
    row("EU", Levy::Single("VAT"), TaxRounding::PerRate, true),
    row("EU-line", Levy::Single("VAT"), TaxRounding::PerLine, true),
    row("GB", Levy::Single("VAT"), TaxRounding::PerRate, true),
    row("GB-line", Levy::Single("VAT"), TaxRounding::PerLine, true),
    row("US", Levy::Single("SALES"), TaxRounding::PerRate, false),
    row("US-item", Levy::Single("SALES"), TaxRounding::PerLine, false),
];

impl Jurisdiction {
    /// The jurisdiction of a code.
    ///
    /// # Errors
    /// [`TaxError::Jurisdiction`] when there is none.
    pub fn by_code(code: &str) -> Result<&'static Self, TaxError> {
        JURISDICTIONS
            .iter()
            .find(|known| known.code == code)
            .ok_or_else(|| TaxError::Jurisdiction(code.chars().take(20).collect()))
    }

    /// The components of a rate. Goods without GST have none; other taxes show their zero rate.
    #[must_use]
    pub fn components(&self, rate: RatePpm, supply: Supply) -> Vec<(&'static str, RatePpm)> {
        let half = RatePpm(rate.0 / 2);
        let rest = RatePpm(rate.0 - half.0);
        match (self.levy, supply) {
            (Levy::None, _) => Vec::new(),
            (Levy::Single(name), _) => vec![(name, rate)],
            (Levy::Gst, _) if rate.0 == 0 => Vec::new(),
            (Levy::Gst, Supply::Intra) => vec![("CGST", half), ("SGST", rest)],
            (Levy::Gst, Supply::IntraTerritory) => vec![("CGST", half), ("UTGST", rest)],
            (Levy::Gst, Supply::Inter) => vec![("IGST", rate)],
        }
    }

    /// The kind of document that evidences a sale of these lines. India: exempt goods only, a bill of supply
    /// (Rule 49); taxed and exempt goods to a buyer without registration, an invoice-cum-bill (Rule 46A). Gift cards are
    /// no supply: alone they go on a receipt.
    #[must_use]
    pub fn document_kind(&self, lines: &[DocumentLine], registered_buyer: bool) -> DocumentKind {
        let supplied = lines.iter().filter(|line| line.gift_card.is_none()).count();
        if !self.tax_invoice || (supplied == 0 && !lines.is_empty()) {
            return DocumentKind::Receipt;
        }
        if self.levy != Levy::Gst {
            return DocumentKind::TaxInvoice;
        }
        let taxed = lines.iter().filter(|line| !line.taxes.is_empty()).count();
        if taxed == 0 {
            DocumentKind::BillOfSupply
        } else if taxed < supplied && !registered_buyer {
            DocumentKind::InvoiceCumBill
        } else {
            DocumentKind::TaxInvoice
        }
    }
}

/// Where the goods go, as far as the split of GST depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Inside one State: CGST and SGST.
    Intra,
    /// Inside one Union Territory without legislature: CGST and UTGST.
    IntraTerritory,
    /// Between two: IGST.
    Inter,
}

impl Supply {
    /// The supply from one State to another, or within one.
    #[must_use]
    pub fn between(seller: &State, place: &State) -> Self {
        match seller.kind {
            StateKind::Outside => Self::Inter,
            StateKind::State | StateKind::UnionTerritory if seller.code != place.code => {
                Self::Inter
            }
            StateKind::State => Self::Intra,
            StateKind::UnionTerritory => Self::IntraTerritory,
        }
    }
}
