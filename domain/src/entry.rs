//! Journal entries: the envelope, and every fact that a till can state.
//!
//! An entry is one line of UTF-8 JSON. The till serialises it once; from then on the bytes are the entry.
//! Readers take the envelope first ([`Envelope::parse`]) and the body by its kind ([`Fact::parse`]), so that an
//! unknown kind of a newer till is told apart from broken bytes.

use crate::absent::or_default;
use crate::amount::{Minor, Quantity};
use crate::document::{Document, TenderType};
use crate::ids::{
    BasketId, CustomerId, DocumentId, EntryId, LocationId, OrderId, ShiftId, Sku, StaffId,
};
use daybook_json::Misread;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Version of the entry format written by this code.
pub const FORMAT: u16 = 1;

/// Largest entry in bytes; a till never writes a larger one.
pub const ENTRY_BYTES_MAX: usize = 512 * 1024;

/// Most lines of one document, derived from [`ENTRY_BYTES_MAX`]: a line with its movement takes less than 1 KiB
/// at the longest allowed names.
pub const LINES_MAX: usize = 400;

/// What surrounds every fact: who, when, where in the order of things.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope<B> {
    /// Format version, [`FORMAT`].
    pub v: u16,
    /// Entry id, UUIDv7.
    pub id: EntryId,
    /// What happened, dotted, e.g. `sale.completed`.
    pub kind: String,
    /// Wall clock, UTC milliseconds.
    pub at_ms: i64,
    /// Local offset from UTC, minutes.
    pub offset_min: i32,
    /// Monotonic clock since boot, milliseconds.
    pub mono_ms: i64,
    /// Boot id: monotonic times compare only within one.
    pub boot: Uuid,
    /// Business day `YYYY-MM-DD`.
    pub day: String,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<StaffId>,
    /// Who approved it, where approval was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<StaffId>,
    /// Shift it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<ShiftId>,
    /// Last feed number the till had seen.
    pub feed: i64,
    /// Version of the program.
    pub app: String,
    /// Salted hash of the erasable sidecar, hex, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
    /// The fact itself.
    pub body: B,
}

/// Why bytes could not be read as an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Not UTF-8, not JSON, or an envelope field is missing or of another type.
    #[error("not an entry: {0}")]
    NotAnEntry(#[source] Misread),
    /// A format that there never was.
    #[error("v: there is no entry format {0}")]
    UnknownFormat(u16),
    /// A format that this code does not know.
    #[error("v: entry format {0} is newer than this program")]
    NewerFormat(u16),
    /// A kind that this code does not know.
    #[error("kind: unknown kind of entry {0:?}")]
    UnknownKind(String),
    /// The body does not fit its kind.
    #[error("{kind}: {source}")]
    Body {
        /// The kind.
        kind: String,
        /// What is wrong, and in which field.
        #[source]
        source: Misread,
    },
}

impl<'a> Envelope<&'a RawValue> {
    /// Reads the envelope and leaves the body as its bytes.
    ///
    /// # Errors
    /// [`EntryError::NotAnEntry`], [`EntryError::UnknownFormat`] or [`EntryError::NewerFormat`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let envelope: Self = daybook_json::from_slice(bytes).map_err(EntryError::NotAnEntry)?;
        match envelope.v {
            FORMAT => Ok(envelope),
            0 => Err(EntryError::UnknownFormat(0)),
            newer => Err(EntryError::NewerFormat(newer)),
        }
    }

    /// Reads the fact.
    ///
    /// # Errors
    /// [`EntryError::UnknownKind`] or [`EntryError::Body`].
    pub fn fact(&self) -> Result<Fact, EntryError> {
        Fact::parse(&self.kind, self.body)
    }
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident($body:ty) = $kind:literal;)*) => {
        /// Everything a till can state, by kind.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $($(#[$doc])* $variant($body),)*
        }

        impl Fact {
            /// The kind as it stands in the envelope.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                }
            }

            /// Reads the body of an entry of this kind.
            ///
            /// # Errors
            /// [`EntryError::UnknownKind`] or [`EntryError::Body`].
            pub fn parse(kind: &str, body: &RawValue) -> Result<Self, EntryError> {
                match kind {
                    $($kind => daybook_json::from_str(body.get())
                        .map(Self::$variant)
                        .map_err(|source| EntryError::Body {
                            kind: kind.to_owned(),
                            source: source.within("body"),
                        }),)*
                    other => Err(EntryError::UnknownKind(other.to_owned())),
                }
            }
        }
    };
}

facts! {
    /// First entry of every incarnation.
    IncarnationStarted(IncarnationStarted) = "incarnation.started";
    /// The program started.
    AppStarted(AppStarted) = "app.started";
    /// Someone signed in.
    StaffSignedIn(SignIn) = "staff.signed_in";
    /// Someone signed out.
    StaffSignedOut(SignIn) = "staff.signed_out";
    /// A wrong PIN.
    StaffSignInFailed(SignIn) = "staff.sign_in_failed";
    /// Locked out after too many wrong PINs.
    StaffLocked(SignIn) = "staff.locked";
    /// A shift began.
    ShiftOpened(ShiftOpened) = "shift.opened";
    /// A shift was counted and closed: the Z report.
    ShiftClosed(ZReport) = "shift.closed";
    /// The running totals were read.
    XReport(XReport) = "report.x_printed";
    /// Cash in that is no sale.
    CashPaidIn(CashMoved) = "cash.paid_in";
    /// Cash out that is no refund.
    CashPaidOut(CashMoved) = "cash.paid_out";
    /// Cash from till to safe.
    CashDropped(CashMoved) = "cash.dropped";
    /// Cash from safe to till.
    CashLoaned(CashMoved) = "cash.loaned";
    /// The drawer was opened without a document.
    DrawerOpened(DrawerOpened) = "drawer.opened";
    /// A sale.
    SaleCompleted(Sale) = "sale.completed";
    /// Money and perhaps goods came back.
    RefundCompleted(Sale) = "refund.completed";
    /// Return and new sale in one document.
    ExchangeCompleted(Sale) = "exchange.completed";
    /// A whole sale reversed on its day: a credit note of everything.
    SaleVoided(Sale) = "sale.voided";
    /// A basket put aside.
    BasketParked(BasketAside) = "basket.parked";
    /// A parked basket taken up again.
    BasketRecalled(BasketAside) = "basket.recalled";
    /// A basket emptied before payment.
    BasketAborted(BasketAside) = "basket.aborted";
    /// Goods came in.
    StockReceived(StockMoved) = "stock.received";
    /// Corrected by hand, with a reason.
    StockAdjusted(StockMoved) = "stock.adjusted";
    /// Spoiled, lost or used up.
    StockWrittenOff(StockMoved) = "stock.written_off";
    /// Left for another location.
    StockTransferredOut(StockMoved) = "stock.transferred_out";
    /// Arrived from another location.
    StockTransferredIn(StockMoved) = "stock.transferred_in";
    /// What was counted; the adjustment is the store's.
    StockCounted(StockCounted) = "stock.counted";
    /// A further print of a document.
    ReceiptReprinted(Reprint) = "receipt.reprinted";
    /// A customer was entered at the till; the personal data is in the sidecar.
    CustomerCreated(CustomerCreated) = "customer.created";
    /// The goods of a web order were taken off the shelf and put together.
    OrderPicked(OrderPicked) = "order.picked";
    /// A web order left with a carrier.
    OrderShipped(OrderShipped) = "order.shipped";
    /// A web order was handed over here.
    OrderHandedOver(OrderHandedOver) = "order.handed_over";
    /// The wall clock jumped.
    ClockJumped(ClockJumped) = "clock.jumped";
    /// The till's own view of its stock and money, for reconciliation.
    Statement(Statement) = "till.statement";
}

/// Head of a journal: how far it goes, and the hash there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHead {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number, 0 for none.
    pub seq: i64,
    /// Hash there, hex.
    pub hash: String,
}

/// Why a new incarnation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncarnationReason {
    /// A new till.
    Enrolled,
    /// The ledger came back from a backup, or was copied to another machine.
    Restored,
    /// The store holds another entry at one of our numbers.
    Forked,
    /// A new machine took over ("resume till").
    Replaced,
    /// Offline after a restore: provisional until the store confirms.
    Provisional,
}

/// First entry of an incarnation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncarnationStarted {
    /// This incarnation.
    pub incarnation: u32,
    /// Why.
    pub reason: IncarnationReason,
    /// Install id of this machine's copy.
    pub install: Uuid,
    /// The ledger's own last head before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<JournalHead>,
    /// The head the store held, when known and different (fork, restore).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_head: Option<JournalHead>,
    /// Last Z number, carried on.
    pub z_no: i64,
    /// Perpetual totals, carried on.
    pub perpetual: PerpetualTotals,
    /// Tag that tells this incarnation's series from all others, e.g. `A`, or a random one when provisional.
    pub series_tag: String,
}

/// The program started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppStarted {
    /// Whether the last run ended without closing the ledger.
    pub recovered: bool,
    /// Schema version of the ledger.
    pub schema: i64,
}

/// Someone signed in, out, or failed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Who.
    pub staff: StaffId,
    /// Wrong PINs in a row so far.
    #[serde(default, deserialize_with = "or_default")]
    pub failures: u32,
}

/// Counted pieces by denomination: face value in minor units → pieces.
pub type Denominations = BTreeMap<i64, i64>;

/// A shift began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftOpened {
    /// The shift.
    pub shift: ShiftId,
    /// Business day, fixed for the shift.
    pub day: String,
    /// Fiscal year label, fixed for the shift.
    pub fiscal_year: String,
    /// Cash put in.
    pub opening_float_minor: Minor,
    /// By denomination, where counted so.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub denominations: Denominations,
}

/// Totals since the till's first day, never reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerpetualTotals {
    /// Σ payable of sales.
    pub sales_minor: Minor,
    /// Σ payable of credit notes.
    pub returns_minor: Minor,
    /// sales − returns.
    pub net_minor: Minor,
    /// Number of documents.
    pub documents: i64,
}

/// One tender's side of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderTotals {
    /// Medium.
    pub tender_type: TenderType,
    /// Σ taken for sales (net of change).
    pub sales_minor: Minor,
    /// Σ given back on refunds.
    pub refunds_minor: Minor,
    /// What must be there by the records.
    pub expected_minor: Minor,
    /// What was counted; absent where this tender is not counted, and on an X report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_minor: Option<Minor>,
    /// counted − expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_short_minor: Option<Minor>,
}

/// Turnover of one tax component and rate in a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxTotals {
    /// Component.
    pub component: String,
    /// Rate, parts per million.
    pub rate_ppm: i64,
    /// Σ taxable, refunds subtracted.
    pub taxable_minor: Minor,
    /// Σ tax, refunds subtracted.
    pub amount_minor: Minor,
}

/// How often what happened in a shift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftCounts {
    /// Sales.
    pub sales: i64,
    /// Refunds and exchanges.
    pub refunds: i64,
    /// Voided sales.
    pub voids: i64,
    /// Baskets aborted.
    pub aborted: i64,
    /// Drawer openings without a document.
    pub no_sales: i64,
    /// Further prints.
    pub reprints: i64,
    /// Lines with a discount.
    pub discounts: i64,
    /// Lines with an overridden price.
    pub price_overrides: i64,
}

/// Range of document numbers of one series used in a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRange {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftTotals {
    /// The shift.
    pub shift: ShiftId,
    /// UTC milliseconds.
    pub opened_at_ms: i64,
    /// Opening float.
    pub opening_float_minor: Minor,
    /// Σ payable of sales.
    pub sales_minor: Minor,
    /// Σ payable of credit notes.
    pub returns_minor: Minor,
    /// Σ discounts given.
    pub discounts_minor: Minor,
    /// Σ round-off.
    pub rounding_minor: Minor,
    /// Cash in that was no sale.
    pub paid_in_minor: Minor,
    /// Cash out that was no refund.
    pub paid_out_minor: Minor,
    /// Cash from the safe.
    pub loaned_minor: Minor,
    /// Cash to the safe.
    pub dropped_minor: Minor,
    /// Per tender.
    pub tenders: Vec<TenderTotals>,
    /// Per tax rate.
    pub taxes: Vec<TaxTotals>,
    /// How often what happened.
    pub counts: ShiftCounts,
    /// Document numbers used.
    pub numbers: Vec<NumberRange>,
}

/// X: the totals were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XReport {
    /// The totals at that moment.
    pub totals: ShiftTotals,
}

/// Z: the shift was counted and closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZReport {
    /// Gapless over the till's whole life.
    pub z_no: i64,
    /// Totals of the shift, counted amounts included.
    pub totals: ShiftTotals,
    /// UTC milliseconds.
    pub closed_at_ms: i64,
    /// Whether the count was entered before the expected amount was shown.
    pub blind: bool,
    /// Counted cash by denomination, where counted so.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub denominations: Denominations,
    /// Why it is over or short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_short_reason: Option<String>,
    /// Totals since the first day, this shift included.
    pub perpetual: PerpetualTotals,
    /// Journal head before this entry.
    pub head: JournalHead,
}

/// Cash that moved without a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashMoved {
    /// How much, positive.
    pub amount_minor: Minor,
    /// Why.
    pub reason: String,
}

/// The drawer was opened without a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerOpened {
    /// Why.
    pub reason: String,
}

/// What a movement of stock is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementReason {
    /// Sold.
    Sale,
    /// Came back sellable.
    Return,
    /// Reversed by a void.
    Void,
    /// Goods receipt.
    Receipt,
    /// By hand.
    Adjustment,
    /// Spoiled, lost, own use.
    WriteOff,
    /// To another location.
    TransferOut,
    /// From another location.
    TransferIn,
    /// Web order deducted.
    Order,
    /// Web order restored.
    OrderReturn,
    /// First stock, import.
    Opening,
    /// Adjustment of a stocktake.
    Count,
}

/// One signed change of stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// Signed, thousandths, never zero.
    pub quantity_milli: Quantity,
    /// For what.
    pub reason: MovementReason,
    /// Lease it was sold under: the fence of the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<i64>,
    /// Sold beyond what this till had a right to sell.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub beyond_rights: bool,
}

/// A sale, refund, exchange or void: the document and what it did to stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The document as issued.
    pub document: Document,
    /// What moved. Not in training.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<Movement>,
    /// Key of the source when imported (basket id of a file), for idempotent import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A basket that was put aside, taken up or emptied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketAside {
    /// The basket.
    pub basket: BasketId,
    /// How many lines.
    pub lines: u32,
    /// What it came to.
    pub total_minor: Minor,
    /// What was in it: SKU and quantity of each line.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<BasketItem>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One item of a basket that did not become a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketItem {
    /// What.
    pub sku: Sku,
    /// How much.
    pub quantity_milli: Quantity,
    /// What it came to.
    pub total_minor: Minor,
}

/// Stock that moved without a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMoved {
    /// The movements, all at the till's location.
    pub movements: Vec<Movement>,
    /// Why, or the supplier's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The other location of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_location: Option<LocationId>,
    /// Joins both ends of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Uuid>,
}

/// A part of a count; a count larger than one entry is cut into parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCounted {
    /// The stocktake all parts belong to.
    pub stocktake: Uuid,
    /// This part, from 1.
    pub part: u32,
    /// How many parts.
    pub parts: u32,
    /// Where.
    pub location: LocationId,
    /// What was found.
    pub lines: Vec<CountLine>,
}

/// What was found of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountLine {
    /// What.
    pub sku: Sku,
    /// How much was there.
    pub counted_milli: Quantity,
    /// What the till expected at that moment: level plus own movements.
    pub expected_milli: Quantity,
    /// When this SKU was counted, UTC milliseconds.
    pub at_ms: i64,
}

/// A further print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprint {
    /// Which document.
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    /// 1 for the first copy after the original.
    pub copy_no: u32,
}

/// A customer entered at the till. Name and phone are in the sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerCreated {
    /// The customer.
    pub customer: CustomerId,
}

/// The goods of a web order were put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPicked {
    /// The order.
    pub order: OrderId,
}

/// A web order left with a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShipped {
    /// The order.
    pub order: OrderId,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Tracking number, as in [`checked_tracking`](crate::order::checked_tracking).
    pub tracking: String,
}

/// A web order was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHandedOver {
    /// The order.
    pub order: OrderId,
}

/// The wall clock jumped against the monotonic one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockJumped {
    /// Where the wall clock should have been.
    pub expected_ms: i64,
    /// Where it was.
    pub found_ms: i64,
}

/// Part of a till's own view, entered for reconciliation. Part 1 carries the money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Joins the parts.
    pub statement: Uuid,
    /// This part, from 1.
    pub part: u32,
    /// How many parts.
    pub parts: u32,
    /// Where.
    pub location: LocationId,
    /// Epoch of the feed that the view rests on.
    pub epoch: i64,
    /// Feed the view rests on.
    pub feed: i64,
    /// Journal head that the view includes.
    pub head: JournalHead,
    /// Stock as shown.
    pub lines: Vec<StatementLine>,
    /// Open shift's totals, if a shift is open (part 1 only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<ShiftTotals>,
    /// Totals since the first day (part 1 only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perpetual: Option<PerpetualTotals>,
}

/// One SKU as the till shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// What.
    pub sku: Sku,
    /// On hand by the last level row received; 0 without one.
    pub level_milli: Quantity,
    /// Feed of that row, 0 without one.
    pub row_feed: i64,
    /// On hand as shown: level plus own movements that the level does not contain.
    pub shown_milli: Quantity,
}
