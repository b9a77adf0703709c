//! The document as it was issued: everything on paper, frozen. Rendered from here, never from today's
//! master data, and never recomputed.

use crate::absent::or_default;
use crate::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice, Uom};
use crate::ids::{CustomerId, DocumentId, LocationId, Sku, TillCode, TillId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What kind of document, which decides its series and its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum DocumentKind {
    /// Tax invoice (India: CGST Rule 46; EU/UK: full or simplified invoice).
    TaxInvoice,
    /// Bill of supply: exempt goods only (CGST Rule 49).
    BillOfSupply,
    /// Invoice-cum-bill of supply: taxed and exempt goods to an unregistered buyer (Rule 46A).
    InvoiceCumBill,
    /// Plain sales receipt where the jurisdiction knows no tax invoice.
    Receipt,
    /// Credit note for a return, a void or an allowance (CGST Section 34).
    CreditNote,
}

/// A business document: sale, refund, exchange or void, with every figure as printed.
///
/// Invariants: `totals` are the sums of `lines`; `tax_table` sums to the lines' taxes;
/// `tenders` sum to `totals.payable_minor`. A credit note carries positive figures, which go back to the customer;
/// in an exchange, returned lines carry negative quantities and amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Identity, made when the act started; the key for idempotency (the number is not).
    pub id: DocumentId,
    /// Kind.
    pub kind: DocumentKind,
    /// Printed number, gapless in its series, at most 16 of `[A-Z0-9/-]`.
    pub number: String,
    /// Series the number belongs to (everything but the counter).
    pub series: String,
    /// UTC milliseconds.
    pub issued_at_ms: i64,
    /// Offset of the shop's local time from UTC, minutes.
    pub offset_min: i32,
    /// Business day `YYYY-MM-DD`, fixed when the shift opened.
    pub day: String,
    /// Fiscal year label, e.g. `26-27`.
    pub fiscal_year: String,
    /// Issuing till; absent on a document issued by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub till: Option<TillId>,
    /// Its short code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub till_code: Option<TillCode>,
    /// Where the goods were handed over.
    pub location: LocationId,
    /// Name of the cashier as printed.
    pub cashier: String,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// Jurisdiction whose rules were applied: `IN`, `GB`, `US`, … or `none`.
    pub jurisdiction: String,
    /// Whether line prices contain tax.
    pub tax_inclusive: bool,
    /// Seller as printed.
    pub seller: Party,
    /// Buyer, where the law or the customer wants it on the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Party>,
    /// Known customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Place of supply (India: State code and name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_of_supply: Option<Place>,
    /// Tax payable by the buyer (Rule 46(p)).
    #[serde(default, deserialize_with = "or_default")]
    pub reverse_charge: bool,
    /// The document that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<OriginalRef>,
    /// Why (refund, void).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lines in the order of selling.
    pub lines: Vec<DocumentLine>,
    /// One row per rate.
    pub tax_table: Vec<TaxRow>,
    /// Sums.
    pub totals: Totals,
    /// How it was settled; empty while unpaid.
    pub tenders: Vec<Tender>,
    /// Free note to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Message to whom it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_message: Option<String>,
    /// Terms printed at the foot.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<String>,
    /// UPI address for a payment QR when unpaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upi_vpa: Option<String>,
    /// Exercise: own series, no turnover, no stock.
    #[serde(default, deserialize_with = "or_default")]
    pub training: bool,
}

/// Seller or buyer as printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Name.
    pub name: String,
    /// Address lines.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// Tax registration: GSTIN, VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// State, for the place of supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Place>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A State (India) or region with its official code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Code, e.g. `29`.
    pub code: String,
    /// Name, e.g. `Karnataka`.
    pub name: String,
}

/// Reference to the document that is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalRef {
    /// Its id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<DocumentId>,
    /// Its printed number.
    pub number: String,
    /// Its date `YYYY-MM-DD`.
    pub day: String,
}

/// One line as sold: a snapshot of the product with every figure.
///
/// Invariant: `net_minor = gross_minor − discount_minor − bill_discount_minor`. With inclusive prices
/// `total_minor = net_minor` and `taxable_minor = net_minor − Σ taxes`; with exclusive prices
/// `taxable_minor = net_minor` and `total_minor = net_minor + Σ taxes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentLine {
    /// 1, 2, … in the document; refunds refer to it.
    pub no: u32,
    /// What was sold.
    pub sku: Sku,
    /// Name as printed.
    pub name: String,
    /// Variant options as printed, e.g. `Red, M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// HSN or SAC code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsn: Option<String>,
    /// Thousandths of the unit; negative on a returned line of an exchange.
    pub quantity_milli: Quantity,
    /// Unit of measure.
    #[serde(default, deserialize_with = "or_default")]
    pub uom: Uom,
    /// Price of one unit, millionths of the major unit.
    pub unit_price_micros: UnitPrice,
    /// Maximum retail price, tax included, where the pack has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrp_minor: Option<Minor>,
    /// Quantity × unit price, rounded once; or the given amount of a price-embedded label.
    pub gross_minor: Minor,
    /// Discount on this line.
    #[serde(default, deserialize_with = "or_default")]
    pub discount_minor: Minor,
    /// This line's share of the bill discount.
    #[serde(default, deserialize_with = "or_default")]
    pub bill_discount_minor: Minor,
    /// Why the discounts were given: reason codes, that of the line first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_reason: Option<String>,
    /// What is left after discounts.
    pub net_minor: Minor,
    /// Value the tax is computed on.
    pub taxable_minor: Minor,
    /// Tax by component.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxAmount>,
    /// What the line adds to the total.
    pub total_minor: Minor,
    /// Why and by whom the price was changed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_override: Option<PriceOverride>,
    /// What a person should know about the line.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<LineFlag>,
    /// For a returned line: line number in the original document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_line: Option<u32>,
    /// For a returned line: goods become sellable again (`true`) or are written off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restock: Option<bool>,
    /// Number of the gift card that is sold or topped up here: the line bears no tax, moves no stock and takes no
    /// discount, see [`crate::balance`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_card: Option<String>,
}

/// One tax component of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxAmount {
    /// `CGST`, `SGST`, `UTGST`, `IGST`, `VAT`, `SALES`.
    pub component: String,
    /// Rate in parts per million.
    pub rate_ppm: RatePpm,
    /// Amount.
    pub amount_minor: Minor,
}

/// A changed price: what it was, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceOverride {
    /// Price from the price book.
    pub was_micros: UnitPrice,
    /// Reason code.
    pub reason: String,
}

/// What a person should know about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineFlag {
    /// The SKU was not in the catalogue: sold as an open item.
    OpenItem,
    /// Sold by weight.
    Weighed,
    /// The amount came with the item (label, imported basket), not from quantity × price.
    PriceGiven,
    /// Quantity 0: a coupon or a line voided at the source, kept as it happened.
    ZeroQuantity,
    /// Sold beyond the stock rights of this till.
    BeyondRights,
}

/// One row of the tax table: all lines of one rate and component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRow {
    /// Component.
    pub component: String,
    /// Rate in parts per million.
    pub rate_ppm: RatePpm,
    /// Sum of taxable values.
    pub taxable_minor: Minor,
    /// Sum of tax.
    pub amount_minor: Minor,
}

/// Sums of a document.
///
/// Invariants: `total_minor = taxable_minor + tax_minor`; `payable_minor = total_minor + rounding_minor`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Σ gross of lines.
    pub gross_minor: Minor,
    /// Σ line and bill discounts.
    pub discount_minor: Minor,
    /// Σ taxable.
    pub taxable_minor: Minor,
    /// Σ tax.
    pub tax_minor: Minor,
    /// Exact total.
    pub total_minor: Minor,
    /// Visible round-off, outside the taxable value.
    pub rounding_minor: Minor,
    /// What is owed.
    pub payable_minor: Minor,
}

/// What kind of medium settles a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum TenderType {
    /// Notes and coins.
    Cash,
    /// Card on an external terminal.
    Card,
    /// UPI.
    Upi,
    /// Balance owed to the customer.
    StoreCredit,
    /// Prepaid transferable balance.
    GiftCard,
    /// A maker's coupon: money from the manufacturer.
    Coupon,
    /// Paid online through a gateway.
    Online,
    /// Cash on delivery.
    Cod,
}

/// One use of a tender on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// Medium.
    pub tender_type: TenderType,
    /// What it settles of the document. On a credit note: what goes back.
    pub amount_minor: Minor,
    /// What was handed over (cash), change included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_minor: Option<Minor>,
    /// Change given back (cash): `given − amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_minor: Option<Minor>,
    /// Terminal slip, UTR, coupon code, number of the gift card or store credit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Request by which the store had set the amount of a balance aside for this till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Uuid>,
}
