//! What the window is shown: every figure computed, every id as text. Nothing in here is stored.
//!
//! Names end in their unit: `…_minor` in minor units of the shop's currency, `…_milli` in thousandths of the unit of
//! measure, `…_micros` in millionths of the major unit, `…_ppm` in parts per million, `…_at_ms` in UTC milliseconds.

use super::{ScanCommand, Theme};
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice, Uom};
use daybook_domain::document::{DocumentKind, TenderType};
use daybook_domain::feed::{Role, StockPolicy};
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

/// The shop as every screen needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Shop {
    /// Name of the business.
    pub business: String,
    /// Location of the till.
    pub location: String,
    /// Its name as printed.
    pub location_name: String,
    /// Short code of the till.
    pub till_code: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits of the currency after the point.
    pub exponent: u32,
    /// Offset of the shop's local time from UTC, minutes: times are shown as of the shop, not of the machine.
    pub offset_min: i32,
    /// Rules of tax and documents: `IN`, `GB`, …
    pub jurisdiction: String,
    /// Whether shelf prices contain tax.
    pub tax_inclusive: bool,
    /// Of this program.
    pub version: String,
    /// Whether this is the training ledger.
    pub training: bool,
    /// Whether the shop takes UPI.
    pub upi: bool,
    /// Notes and coins, the largest first.
    pub denominations: Vec<Denomination>,
    /// Tax classes that an open item may have.
    pub tax_classes: Vec<TaxClass>,
    /// Places of supply; empty outside India.
    pub states: Vec<State>,
}

/// A note or coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Denomination {
    /// Face value.
    pub face_minor: Minor,
    /// A note, else a coin.
    pub note: bool,
}

/// A tax class with its rate of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TaxClass {
    /// Class.
    pub class: String,
    /// Whole rate.
    pub rate_ppm: RatePpm,
}

/// A place of supply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct State {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A person of the till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Person {
    /// Id.
    pub staff: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
}

/// Who works at the till, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Who is signed in.
    pub person: Option<Person>,
    /// Whether the screen is locked; the basket stays.
    pub locked: bool,
    /// The open shift.
    pub shift: Option<ShiftInfo>,
    /// Baskets that lie aside.
    pub parked: u32,
    /// Lines of the open basket.
    pub basket_lines: u32,
    /// What the last basket became, until the next one has a line.
    pub done: Option<Sold>,
    /// The clock has jumped by a day or more: a manager must confirm it before the next shift opens.
    pub clock_in_doubt: bool,
}

/// The open shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftInfo {
    /// Business day.
    pub day: String,
    /// When it opened.
    pub opened_at_ms: i64,
}

/// Something that can be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// SKU.
    pub sku: String,
    /// Product it belongs to.
    pub product: String,
    /// Name.
    pub name: String,
    /// Variant options as printed.
    pub options: Option<String>,
    /// Department and category.
    pub category: String,
    /// Unit of measure.
    pub uom: Uom,
    /// Sold by weight.
    pub sold_by_weight: bool,
    /// Price now; none is asked for at the till.
    pub unit_price_micros: Option<UnitPrice>,
    /// Maximum retail price.
    pub mrp_minor: Option<Minor>,
    /// How its stock is shared with the web.
    pub policy: StockPolicy,
    /// What this till may sell now; none where the store never stated a level.
    pub available_milli: Option<Quantity>,
    /// How many variants its product has, itself included.
    pub variants: u32,
    /// Whether it is on the first page of the grid.
    pub favourite: bool,
}

/// A category of the grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Category {
    /// Name.
    pub name: String,
    /// How many products it has.
    pub products: u32,
}

/// Part of a category, one item a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ItemPage {
    /// The items.
    pub items: Vec<Item>,
    /// How many there are in all.
    pub total: u32,
}

/// A discount as entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DiscountInput {
    /// So much.
    Amount {
        /// Minor units.
        minor: Minor,
    },
    /// Such a part.
    Rate {
        /// Parts per million.
        ppm: RatePpm,
    },
}

/// Whether there is enough of a line's goods for this till to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum LineStock {
    /// There is, or nobody counts it.
    Enough,
    /// Less than the basket holds.
    Short {
        /// What may be sold.
        available_milli: Quantity,
        /// How its stock is shared with the web.
        policy: StockPolicy,
        /// More takes a manager's approval; else it may be sold all the same.
        needs_approval: bool,
    },
}

/// A line of the basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Handle.
    pub no: u32,
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// Variant options.
    pub options: Option<String>,
    /// Quantity.
    pub quantity_milli: Quantity,
    /// Unit of measure.
    pub uom: Uom,
    /// Sold by weight.
    pub sold_by_weight: bool,
    /// Price of one unit.
    pub unit_price_micros: UnitPrice,
    /// What it was before it was changed.
    pub was_micros: Option<UnitPrice>,
    /// Maximum retail price.
    pub mrp_minor: Option<Minor>,
    /// Before discounts.
    pub gross_minor: Minor,
    /// Discount on the line.
    pub discount_minor: Minor,
    /// Its share of the bill's.
    pub bill_discount_minor: Minor,
    /// Discount as entered.
    pub discount: Option<DiscountInput>,
    /// Why it was given.
    pub discount_reason: Option<String>,
    /// What it adds to the total.
    pub total_minor: Minor,
    /// Whole tax rate.
    pub tax_rate_ppm: RatePpm,
    /// Not in the catalogue.
    pub open_item: bool,
    /// The amount came with the goods: quantity and price cannot be changed.
    pub price_given: bool,
    /// Number of the gift card that is sold.
    pub gift_card: Option<String>,
    /// Whether there is enough.
    pub stock: LineStock,
}

/// A line that comes back in an exchange; its figures are below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedLine {
    /// Line in the original.
    pub no: u32,
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// Variant options.
    pub options: Option<String>,
    /// Quantity.
    pub quantity_milli: Quantity,
    /// Unit of measure.
    pub uom: Uom,
    /// What it takes from the total.
    pub total_minor: Minor,
    /// Sellable again, or written off.
    pub restock: bool,
}

/// A known customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// Tax registration.
    pub tax_id: Option<String>,
}

/// A buyer as printed on a tax invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Buyer {
    /// Name.
    pub name: String,
    /// Address lines.
    pub address: Vec<String>,
    /// GSTIN, VAT number.
    pub tax_id: Option<String>,
    /// Code of the State of supply.
    pub state_code: Option<String>,
}

/// Sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Before discounts.
    pub gross_minor: Minor,
    /// Discounts.
    pub discount_minor: Minor,
    /// Tax.
    pub tax_minor: Minor,
    /// Exact total.
    pub total_minor: Minor,
}

/// The open basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Basket {
    /// Id.
    pub id: Uuid,
    /// Lines in the order of selling.
    pub lines: Vec<Line>,
    /// Lines that come back.
    pub returns: Vec<ReturnedLine>,
    /// Number of the document they come back of.
    pub exchange_of: Option<String>,
    /// Sums.
    pub totals: Totals,
    /// Whole pieces; a weighed line counts one.
    pub pieces: u32,
    /// Discount on the whole bill as entered.
    pub bill_discount: Option<DiscountInput>,
    /// Why it was given.
    pub bill_discount_reason: Option<String>,
    /// Customer.
    pub customer: Option<Customer>,
    /// Buyer as printed.
    pub buyer: Option<Buyer>,
    /// Note as printed.
    pub note: Option<String>,
    /// Gift message as printed.
    pub gift_message: Option<String>,
    /// A payment was begun and is not finished.
    pub paying: bool,
    /// Line that the last act touched.
    pub last_line: Option<u32>,
}

/// What a code leads to, whatever a screen then does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Found {
    /// Goods; several where a code was given twice.
    Items {
        /// These.
        items: Vec<Item>,
        /// The weight on a label, or how many a pack says it holds.
        quantity_milli: Option<Quantity>,
    },
    /// A document issued here.
    Document {
        /// Its number.
        number: String,
    },
    /// A web order for this shop.
    Order {
        /// The order.
        order: Uuid,
    },
    /// Nothing has this code.
    Unknown {
        /// The code.
        code: String,
    },
}

/// What came of a scan, or of choosing an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Scanned {
    /// It is in the basket.
    Added {
        /// Its line.
        line: u32,
        /// The basket.
        basket: Box<Basket>,
    },
    /// Several things have this code, or the product has variants: a person chooses.
    Choose {
        /// From these.
        items: Vec<Item>,
        /// How much was asked for.
        quantity_milli: Option<Quantity>,
    },
    /// It has no price: a person says it.
    NeedsPrice {
        /// The item.
        item: Box<Item>,
        /// How much was asked for.
        quantity_milli: Option<Quantity>,
    },
    /// It is sold by weight: a person weighs it.
    NeedsQuantity {
        /// The item.
        item: Box<Item>,
        /// The price that a person said, where it has none.
        unit_price_micros: Option<UnitPrice>,
    },
    /// Nothing has this code.
    Unknown {
        /// The code.
        code: String,
    },
    /// It asks for something: a code of the card beside the scanner.
    Command {
        /// What.
        command: ScanCommand,
    },
    /// It is the number of a document issued here.
    Document {
        /// The number.
        number: String,
    },
    /// It is the number of a web order for this shop.
    Order {
        /// The order.
        order: Uuid,
    },
}

/// A basket that lies aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Parked {
    /// Id.
    pub basket: Uuid,
    /// What it was called.
    pub label: String,
    /// Since when.
    pub at_ms: i64,
    /// Lines.
    pub lines: u32,
    /// What it comes to.
    pub total_minor: Minor,
    /// Whose it is.
    pub customer: Option<String>,
}

/// How a UPI payment stands. It is confirmed by a person who saw the credit; silence is `Unknown`, never failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum UpiState {
    /// The code is shown.
    Waiting,
    /// The credit was seen.
    Paid,
    /// The payer's app, or the bank, says it failed.
    Failed,
    /// Nobody knows: the program ended meanwhile, or the network did.
    Unknown,
}

/// A UPI payment that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UpiAttempt {
    /// Id.
    pub id: Uuid,
    /// Amount.
    pub amount_minor: Minor,
    /// How it stands.
    pub state: UpiState,
    /// Payment link.
    pub uri: String,
    /// The link as a picture.
    pub qr_svg: String,
    /// When it began.
    pub started_at_ms: i64,
    /// The bank's reference (UTR).
    pub reference: Option<String>,
}

/// A tender of a payment that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Tendered {
    /// Handle.
    pub no: u32,
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Amount.
    pub amount_minor: Minor,
    /// Terminal slip, UTR, coupon, number of a gift card or store credit.
    pub reference: Option<String>,
    /// UPI attempt that it comes from.
    pub upi: Option<Uuid>,
    /// What is left of the balance that it is taken from.
    pub balance_left_minor: Option<Minor>,
}

/// A gift card or store credit that the store is being asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Number.
    pub number: String,
    /// How much is asked for.
    pub amount_minor: Minor,
}

/// What is left of a gift card or store credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BalanceLeft {
    /// Amount.
    pub left_minor: Minor,
}

/// A payment in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// What the basket comes to; below zero it goes to the customer.
    pub total_minor: Minor,
    /// What was tendered so far.
    pub tendered: Vec<Tendered>,
    /// Exact rest.
    pub left_minor: Minor,
    /// The rest as cash rounds it.
    pub cash_left_minor: Minor,
    /// Amounts that the customer may hand over, the exact one first.
    pub quick_minor: Vec<Minor>,
    /// The UPI attempt that is not settled, else the last one.
    pub upi: Option<UpiAttempt>,
    /// What the store is being asked for.
    pub asking: Option<Asking>,
    /// Media that can be used now.
    pub offered: Vec<TenderType>,
}

/// A tender as entered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Amount; none takes what is left.
    pub amount_minor: Option<Minor>,
    /// Notes and coins handed over.
    pub given_minor: Option<Minor>,
    /// Terminal slip, coupon.
    pub reference: Option<String>,
}

/// What came of a tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Paid {
    /// Something is left to pay.
    More {
        /// The payment.
        payment: Box<Payment>,
    },
    /// Nothing is left, and the sale is committed.
    Sold {
        /// The sale.
        sold: Box<Sold>,
    },
}

/// A tender of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Tender {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Amount.
    pub amount_minor: Minor,
    /// Handed over.
    pub given_minor: Option<Minor>,
    /// Change.
    pub change_minor: Option<Minor>,
    /// Reference.
    pub reference: Option<String>,
}

/// Goods that were sold beyond the rights of this till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Beyond {
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// What was available.
    pub available_milli: Quantity,
    /// How its stock is shared.
    pub policy: StockPolicy,
}

/// Where the paper of a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// No printer is set up.
    None,
    /// It waits for the printer.
    Queued,
    /// It was printed.
    Printed,
    /// The printer said no.
    Failed,
    /// It was cut off: nobody knows.
    MaybePrinted,
}

/// A document that is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Sold {
    /// Id.
    pub id: Uuid,
    /// Number.
    pub number: String,
    /// Kind.
    pub kind: DocumentKind,
    /// When.
    pub issued_at_ms: i64,
    /// Exact total.
    pub total_minor: Minor,
    /// What was due.
    pub payable_minor: Minor,
    /// Round-off.
    pub rounding_minor: Minor,
    /// How it was settled.
    pub tenders: Vec<Tender>,
    /// Change to give.
    pub change_minor: Minor,
    /// What goes back to the customer otherwise.
    pub back_minor: Minor,
    /// What went beyond the rights of this till.
    pub beyond: Vec<Beyond>,
    /// The disk is nearly full.
    pub disk_low: bool,
    /// The act was done before: nothing happened twice.
    pub again: bool,
    /// Where its paper stands.
    pub paper: PaperState,
}

/// A line that can come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReturnableLine {
    /// Line of the document.
    pub no: u32,
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// Variant options.
    pub options: Option<String>,
    /// Unit of measure.
    pub uom: Uom,
    /// In whole pieces only.
    pub by_piece: bool,
    /// How much was sold.
    pub sold_milli: Quantity,
    /// How much of it is left to come back, as far as this till knows.
    pub left_milli: Quantity,
    /// What the line came to.
    pub total_minor: Minor,
}

/// A tender of a document that something comes back of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TenderAmount {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Amount.
    pub amount_minor: Minor,
}

/// A document that something may come back of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Returnable {
    /// Number.
    pub number: String,
    /// Kind.
    pub kind: DocumentKind,
    /// Business day.
    pub day: String,
    /// When.
    pub issued_at_ms: i64,
    /// Who sold it.
    pub cashier: String,
    /// To whom.
    pub customer: Option<String>,
    /// Lines.
    pub lines: Vec<ReturnableLine>,
    /// How it was settled.
    pub tenders: Vec<TenderAmount>,
    /// What was paid.
    pub payable_minor: Minor,
    /// What may still go back.
    pub left_minor: Minor,
    /// By which one medium the money may go back; the way it came first.
    pub media_back: Vec<TenderType>,
    /// It came several ways, and goes back so unless another is asked for.
    pub several_ways: bool,
    /// It is of the open business day and nothing of it came back: it can be voided.
    pub voidable: bool,
    /// Documents that corrected it.
    pub corrections: Vec<String>,
    /// Id of the refund to come: sent with it, so that a second press changes nothing.
    pub act: Uuid,
}

/// A line to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReturnLine {
    /// Line of the document.
    pub line: u32,
    /// How much.
    pub quantity_milli: Quantity,
    /// Sellable again, or written off.
    pub restock: bool,
}

/// What a line that comes back is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedAmount {
    /// Line of the document.
    pub line: u32,
    /// Amount.
    pub total_minor: Minor,
}

/// What would go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReturnPreview {
    /// Per line.
    pub lines: Vec<ReturnedAmount>,
    /// Exact total.
    pub total_minor: Minor,
    /// What goes back, rounded where that is cash.
    pub back_minor: Minor,
    /// How it goes back.
    pub tenders: Vec<TenderAmount>,
}

/// What a medium calls the money that goes back by it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TenderReference {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Terminal slip, UTR.
    pub reference: String,
}

/// A refund as entered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Id of the act, from [`Returnable`].
    pub act: Uuid,
    /// Number of the document.
    pub number: String,
    /// Lines.
    pub lines: Vec<ReturnLine>,
    /// By which one medium the money goes back; the way it came without one.
    pub tender: Option<TenderType>,
    /// Of the media that have one.
    pub references: Vec<TenderReference>,
    /// Why.
    pub reason: String,
}

/// What is taken back without a receipt, as entered: the open basket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UnreferencedReturn {
    /// How the money goes back: store credit, cash, card or UPI.
    pub tender: TenderType,
    /// Terminal slip, UTR.
    pub reference: Option<String>,
    /// Sellable again, or written off.
    pub restock: bool,
    /// Why.
    pub reason: String,
}

/// Pieces of one face value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Pieces {
    /// Face value.
    pub face_minor: Minor,
    /// How many.
    pub pieces: i64,
}

/// Cash that moves without a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CashKind {
    /// In, no sale.
    In,
    /// Out, no refund.
    Out,
    /// To the safe.
    Drop,
    /// From the safe.
    Loan,
}

/// What a shift has of one tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TenderRow {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Taken.
    pub sales_minor: Minor,
    /// Given back.
    pub refunds_minor: Minor,
    /// What should be there.
    pub expected_minor: Minor,
    /// What was counted.
    pub counted_minor: Option<Minor>,
    /// Counted less expected.
    pub over_short_minor: Option<Minor>,
}

/// What a shift has of one tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TaxRow {
    /// Component.
    pub component: String,
    /// Rate.
    pub rate_ppm: RatePpm,
    /// Taxable value.
    pub taxable_minor: Minor,
    /// Tax.
    pub amount_minor: Minor,
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub count: i64,
}

/// Document numbers of one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Numbers {
    /// Series.
    pub series: String,
    /// First number.
    pub first: String,
    /// Last number.
    pub last: String,
    /// How many.
    pub count: i64,
}

/// Running or final totals of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftTotals {
    /// When it opened.
    pub opened_at_ms: i64,
    /// Opening float.
    pub opening_float_minor: Minor,
    /// Sales.
    pub sales_minor: Minor,
    /// Credit notes.
    pub returns_minor: Minor,
    /// Discounts.
    pub discounts_minor: Minor,
    /// Round-off.
    pub rounding_minor: Minor,
    /// Cash in that was no sale.
    pub paid_in_minor: Minor,
    /// Cash out that was no refund.
    pub paid_out_minor: Minor,
    /// From the safe.
    pub loaned_minor: Minor,
    /// To the safe.
    pub dropped_minor: Minor,
    /// Per tender; empty in the X of who may not read what should be there.
    pub tenders: Vec<TenderRow>,
    /// Per tax.
    pub taxes: Vec<TaxRow>,
    /// How often what happened.
    pub counts: Vec<Count>,
    /// Numbers used.
    pub numbers: Vec<Numbers>,
}

/// X or Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Business day.
    pub day: String,
    /// Number of the Z; none for an X.
    pub z_no: Option<i64>,
    /// When the shift was closed.
    pub closed_at_ms: Option<i64>,
    /// Totals.
    pub totals: ShiftTotals,
    /// Why it is over or short.
    pub over_short_reason: Option<String>,
    /// Sales since the first day.
    pub perpetual_sales_minor: Option<Minor>,
    /// Credit notes since the first day.
    pub perpetual_returns_minor: Option<Minor>,
}

/// A Z in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ZRow {
    /// Number.
    pub z_no: i64,
    /// Business day.
    pub day: String,
    /// When the shift was closed.
    pub closed_at_ms: i64,
    /// Sales.
    pub sales_minor: Minor,
    /// Over or short, all tenders.
    pub over_short_minor: Minor,
}

/// What is to be counted; what should be there is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct CountForm {
    /// Notes and coins, the largest first.
    pub denominations: Vec<Denomination>,
    /// Media beside cash that were taken.
    pub tenders: Vec<TenderType>,
}

/// What was counted of a tender beside cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
pub struct CountedTender {
    /// Medium.
    #[serde(rename = "type")]
    pub tender_type: TenderType,
    /// Amount.
    pub minor: Minor,
}

/// A count as entered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// Cash.
    pub cash_minor: Minor,
    /// Cash by piece; empty where only the sum was counted.
    pub pieces: Vec<Pieces>,
    /// The other media.
    pub others: Vec<CountedTender>,
    /// Why it is over or short.
    pub reason: Option<String>,
}

/// How the till stands with the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SyncState {
    /// Stable code, e.g. `sync.online`.
    pub code: String,
    /// Whether the store answers.
    pub online: bool,
    /// Entries that the store has not acknowledged.
    pub unsent: i64,
    /// When the oldest of them was written.
    pub oldest_unsent_at_ms: Option<i64>,
    /// Last answer of the store.
    pub last_exchange_at_ms: Option<i64>,
}

/// The customer's window: what it shows, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CustomerScreen {
    /// What it shows.
    pub shown: Display,
    /// Nothing of it counts.
    pub training: bool,
    /// `en`, `hi`, `ar`.
    pub language: String,
    /// Light or dark.
    pub theme: Theme,
    /// ISO 4217.
    pub currency: String,
    /// Digits of the currency after the point.
    pub exponent: u32,
}

/// What the customer's window shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Display {
    /// Nothing is going on.
    Idle {
        /// Name of the business.
        business: String,
    },
    /// A basket grows.
    Basket {
        /// Lines.
        lines: Vec<DisplayLine>,
        /// Total.
        total_minor: Minor,
        /// Discounts.
        discount_minor: Minor,
    },
    /// The basket is being paid.
    Pay {
        /// Total.
        total_minor: Minor,
        /// What is left.
        left_minor: Minor,
        /// UPI code.
        qr_svg: Option<String>,
    },
    /// It is paid.
    Done {
        /// What was due.
        payable_minor: Minor,
        /// What the customer gets back, as change or otherwise.
        change_minor: Minor,
        /// Number of the document.
        number: String,
    },
}

/// A line on the customer's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DisplayLine {
    /// Name.
    pub name: String,
    /// Quantity.
    pub quantity_milli: Quantity,
    /// Unit of measure.
    pub uom: Uom,
    /// What it adds.
    pub total_minor: Minor,
}
