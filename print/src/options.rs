//! What may differ between two prints of one document: the mark of the copy and the language.

/// Which copy of a document a print is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marking {
    /// The first print: for the recipient.
    #[default]
    Original,
    /// For the transporter (CGST Rule 48).
    Duplicate,
    /// The n-th reprint; every reprint is journalled.
    Copy(u32),
}

/// How to print.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which copy it is.
    pub marking: Marking,
    /// Words of the form.
    pub labels: Labels,
    /// A short code that ties the paper to the journal, printed small at the foot of a receipt.
    pub journal_code: Option<String>,
}

impl Options {
    /// Options of the print with this number: 0 is the original, n the n-th reprint.
    #[must_use]
    pub fn copy(copy_no: u32) -> Self {
        let marking = if copy_no == 0 { Marking::Original } else { Marking::Copy(copy_no) };
        Self { marking, ..Self::default() }
    }

    /// The words that mark the copy.
    pub(crate) fn mark(&self) -> String {
        match self.marking {
            Marking::Original => self.labels.original.to_owned(),
            Marking::Duplicate => self.labels.duplicate.to_owned(),
            Marking::Copy(number) => format!("{} {number}", self.labels.copy),
        }
    }

    /// The number of the print, for the identity of the file.
    pub(crate) fn print_no(&self) -> u32 {
        match self.marking {
            Marking::Original => 0,
            Marking::Copy(number) => number,
            Marking::Duplicate => u32::MAX,
        }
    }
}

macro_rules! labels {
    ($($name:ident: $english:literal,)*) => {
        /// Words of the form. English unless set.
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "the English word says what each is")]
        pub struct Labels {
            $(pub $name: &'static str,)*
        }

        impl Default for Labels {
            fn default() -> Self {
                Self { $($name: $english,)* }
            }
        }
    };
}

labels! {
    tax_invoice: "Tax invoice",
    bill_of_supply: "Bill of supply",
    invoice_cum_bill: "Invoice-cum-bill of supply",
    receipt: "Receipt",
    credit_note: "Credit note",
    original: "ORIGINAL",
    duplicate: "DUPLICATE",
    copy: "COPY",
    training: "TRAINING",
    training_notice: "Training document: not a tax document, no payment due",
    bill_to: "Bill to",
    credit_to: "Credit to",
    walk_in: "Walk-in customer",
    tax_id_in: "GSTIN",
    tax_id: "Tax ID",
    vat_id: "VAT no.",
    state: "State",
    code: "code",
    phone: "Phone",
    number: "Number",
    date: "Date",
    business_day: "Business day",
    place_of_supply: "Place of supply",
    reverse_charge: "Reverse charge",
    yes: "Yes",
    no: "No",
    till: "Till",
    cashier: "Served by",
    against: "Against",
    dated: "dated",
    reason: "Reason",
    item: "Item",
    hsn: "HSN/SAC",
    quantity: "Qty",
    rate: "Rate",
    discount: "Discount",
    taxable: "Taxable value",
    tax: "Tax",
    tax_rate: "Tax rate",
    total_tax: "Total tax",
    amount: "Amount",
    incl_tax: "incl. tax",
    was: "was",
    mrp: "MRP",
    carried_forward: "Carried forward",
    brought_forward: "Brought forward",
    items: "Items",
    gross: "Gross amount",
    total: "Total",
    round_off: "Round off",
    payable: "Amount payable",
    to_refund: "Amount credited",
    to_refund_exchange: "Amount to give back",
    tax_summary: "Tax summary",
    in_words: "Amount in words",
    paid_by: "Paid by",
    refunded_by: "Refunded by",
    given: "given",
    change: "Change",
    reference: "ref.",
    balance_due: "Balance due",
    scan_to_pay: "Scan to pay",
    cash: "Cash",
    card: "Card",
    upi: "UPI",
    store_credit: "Store credit",
    gift_card: "Gift card",
    worth: "Worth",
    to_spend: "Show this to spend it. Whoever has it can.",
    coupon: "Coupon",
    online: "Online",
    cod: "Cash on delivery",
    note: "Note",
    gift_message: "Gift message",
    terms: "Terms",
    for_seller: "For",
    signatory: "Authorised signatory",
    page: "Page",
    of: "of",
    returned: "returned",
    journal: "Journal",
    z_report: "Z report",
    x_report: "X report",
    running_totals: "Running totals, the shift is open",
    as_of: "As of",
    printer_test: "Printer test",
    opened: "Opened",
    closed: "Closed",
    shift: "Shift",
    sales: "Sales",
    sales_tax: "Sales tax",
    returns: "Returns",
    net: "Net",
    discounts: "Discounts",
    rounding: "Rounding",
    cash_drawer: "Cash drawer",
    opening_float: "Opening float",
    paid_in: "Paid in",
    paid_out: "Paid out",
    loaned: "From safe",
    dropped: "To safe",
    expected: "Expected",
    counted: "Counted",
    over_short: "Over / short",
    blind_count: "Blind count",
    denominations: "Denominations",
    counts: "Counts",
    refunds: "Refunds",
    voids: "Voids",
    aborted: "Aborted baskets",
    no_sales: "Drawer opened, no sale",
    reprints: "Reprints",
    price_overrides: "Price overrides",
    discount_lines: "Lines with discount",
    numbers_used: "Document numbers",
    perpetual: "Since the first day",
    documents: "Documents",
    journal_head: "Journal head",
    taxes: "Taxes",
    signature_cashier: "Signature",
}
