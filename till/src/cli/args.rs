//! Arguments.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use uuid::Uuid;

/// A till that sells offline and loses nothing.
///
/// Exit status: 0 done, 2 wrong usage, 3 refused by a rule, 4 bad input, 5 not enrolled, locked, or needs a new
/// incarnation, 6 store not reachable, 7 damaged or newer ledger, 8 disk or database failed.
#[derive(Debug, Parser)]
#[command(name = "daybook-till", version)]
pub(super) struct Arguments {
    /// Data folder.
    #[arg(long, env = "DAYBOOK_TILL_DATA", global = true, default_value = "till-data")]
    pub(super) data: PathBuf,
    /// JSON lines on stdout.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Who acts.
    #[arg(long, env = "DAYBOOK_STAFF", global = true)]
    pub(super) staff: Option<String>,
    /// Their PIN.
    #[arg(long, env = "DAYBOOK_PIN", global = true, hide_env_values = true)]
    pub(super) pin: Option<String>,
    /// Who approves.
    #[arg(long, env = "DAYBOOK_APPROVER", global = true)]
    pub(super) approver: Option<String>,
    /// Their PIN.
    #[arg(long, env = "DAYBOOK_APPROVER_PIN", global = true, hide_env_values = true)]
    pub(super) approver_pin: Option<String>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make this a till of a store, with a one-time code.
    Enrol(Enrol),
    /// How things stand.
    Status,
    /// Sell a basket, or the baskets of a file.
    Sell(Sell),
    /// Give back money, and take goods back.
    Refund(Refund),
    /// Some goods come back, others leave.
    Exchange(Exchange),
    /// Reverse a whole sale of the day.
    Void(Void),
    /// Open, close, X, Z.
    Shift(Shift),
    /// Cash without a document.
    Cash(Cash),
    /// Goods without a sale.
    Stock(Stock),
    /// Put a basket aside.
    Park(Park),
    /// Take a parked basket up and sell it.
    Recall(Recall),
    /// Empty a basket before payment.
    Abort(Abort),
    /// Exchange with the store.
    Sync(Sync),
    /// Find products by words.
    Search(Search),
    /// Find products by a scan.
    Barcode(Barcode),
    /// Print a document as PDF.
    Invoice(Invoice),
    /// State this till's view of stock and money.
    Statement,
    /// Web orders of this location.
    Order(Order),
    /// Ask for a part of a gift card or store credit, to sell with `--hold`, or give it back.
    Balance {
        #[command(subcommand)]
        command: BalanceCommand,
    },
    /// Ask for the right to sell pooled stock, or give all such rights back.
    Lease(Lease),
    /// Go on after a restore without the store, with a manager's approval.
    Recover(Recover),
    /// Copy the ledger into one verified file.
    Backup {
        /// File to write.
        file: PathBuf,
    },
    /// Open a backup that was sealed at the window; the passphrase is read from the standard input.
    Unseal {
        /// Sealed file.
        file: PathBuf,
        /// Backup to write.
        #[arg(long)]
        to: PathBuf,
    },
    /// Put a backup in the ledger's place.
    Restore {
        /// Backup to read.
        file: PathBuf,
    },
    /// The journal itself.
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
}

#[derive(Debug, Args)]
pub(super) struct Enrol {
    /// Address of the store.
    #[arg(long)]
    pub(super) store: String,
    /// One-time code.
    #[arg(long)]
    pub(super) code: String,
    /// Certificate authority to trust instead of the system's (PEM).
    #[arg(long)]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Goods {
    /// What: `SKU` or `SKU*QUANTITY`, e.g. `TEA*2`, `RICE-KG*1.5`.
    #[arg(long = "sku")]
    pub(super) skus: Vec<String>,
    /// A gift card with so much on it, major units: `AMOUNT`, or `AMOUNT:NUMBER` for a card that carries its number.
    #[arg(long = "new-gift-card")]
    pub(super) cards: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Tenders {
    /// Cash handed over, in major units, e.g. `500` or `499.50`; `exact` for what is left.
    #[arg(long)]
    pub(super) cash: Option<String>,
    /// Card: an amount, or `rest`.
    #[arg(long, num_args = 0..=1, default_missing_value = "rest")]
    pub(super) card: Option<String>,
    /// UPI: an amount, or `rest`.
    #[arg(long, num_args = 0..=1, default_missing_value = "rest")]
    pub(super) upi: Option<String>,
    /// Gift card: an amount, or `rest`; its number is the reference.
    #[arg(long, num_args = 0..=1, default_missing_value = "rest")]
    pub(super) gift_card: Option<String>,
    /// Store credit: an amount, or `rest`; its number is the reference. What goes back without a number is put on a new one.
    #[arg(long, num_args = 0..=1, default_missing_value = "rest")]
    pub(super) store_credit: Option<String>,
    /// Terminal slip, UTR, number of the gift card or store credit.
    #[arg(long)]
    pub(super) reference: Option<String>,
    /// What the store has set aside, as `balance ask` answered.
    #[arg(long)]
    pub(super) hold: Option<Uuid>,
}

#[derive(Debug, Subcommand)]
pub(super) enum BalanceCommand {
    /// Have so much set aside for a tender of this till, or learn what is left.
    Ask {
        /// Number of the gift card or store credit.
        #[arg(long)]
        number: String,
        /// Amount in major units; 0 only asks.
        #[arg(long, default_value = "0")]
        amount: String,
    },
    /// Give back what was set aside.
    Drop {
        /// As `ask` answered.
        #[arg(long)]
        hold: Uuid,
    },
}

#[derive(Debug, Args)]
pub(super) struct Sell {
    /// A file of baskets, one JSON object a line; `-` for stdin.
    #[arg(long, conflicts_with = "skus")]
    pub(super) baskets: Option<PathBuf>,
    /// Sell at most so many of the file.
    #[arg(long)]
    pub(super) limit: Option<usize>,
    /// Begin after so many lines of the file.
    #[arg(long, default_value_t = 0)]
    pub(super) from: usize,
    /// Open and close shifts by the business day of the data.
    #[arg(long)]
    pub(super) auto_shift: bool,
    /// Close the last shift too, when the file is done; with `--auto-shift` only that of the last basket's day.
    #[arg(long)]
    pub(super) close: bool,
    /// End with status 3 when a basket was refused.
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) goods: Goods,
    #[command(flatten)]
    pub(super) tenders: Tenders,
    /// Discount on the whole bill, percent.
    #[arg(long)]
    pub(super) discount_percent: Option<String>,
    /// Note on the document.
    #[arg(long)]
    pub(super) note: Option<String>,
    #[command(flatten)]
    pub(super) buyer: Buyer,
}

/// Buyer as printed on an invoice.
#[derive(Debug, Args)]
pub(super) struct Buyer {
    /// Name.
    #[arg(long)]
    pub(super) buyer_name: Option<String>,
    /// Address, lines separated by `|`.
    #[arg(long, requires = "buyer_name")]
    pub(super) buyer_address: Option<String>,
    /// GSTIN or other tax registration.
    #[arg(long, requires = "buyer_name")]
    pub(super) buyer_tax_id: Option<String>,
    /// State code, e.g. `33`: the place of supply.
    #[arg(long, requires = "buyer_name")]
    pub(super) buyer_state: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Refund {
    /// Number of the document.
    #[arg(long)]
    pub(super) number: String,
    /// Line, or `line:quantity`; all that is left without.
    #[arg(long = "line")]
    pub(super) lines: Vec<String>,
    /// The goods are written off instead of sold again.
    #[arg(long)]
    pub(super) write_off: bool,
    /// Why.
    #[arg(long, default_value = "returned")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) tenders: Tenders,
}

#[derive(Debug, Args)]
pub(super) struct Exchange {
    #[command(flatten)]
    pub(super) back: Refund,
    #[command(flatten)]
    pub(super) goods: Goods,
}

#[derive(Debug, Args)]
pub(super) struct Void {
    /// Number of the document.
    #[arg(long)]
    pub(super) number: String,
    /// Why.
    #[arg(long, default_value = "voided")]
    pub(super) reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Shift {
    #[command(subcommand)]
    pub(super) command: ShiftCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ShiftCommand {
    /// Open a shift.
    Open {
        /// Cash put in, major units.
        #[arg(long, default_value = "0")]
        float: String,
    },
    /// Count and close: Z.
    #[command(alias = "z")]
    Close {
        /// Counted cash, major units; `expected` to count what the records say.
        #[arg(long)]
        counted: String,
        /// Why it is over or short.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Running totals, journalled.
    X,
    /// Running totals, looked at only.
    Status,
}

#[derive(Debug, Args)]
pub(super) struct Cash {
    /// `in`, `out`, `drop`, `loan` or `no-sale`.
    #[arg(value_parser = ["in", "out", "drop", "loan", "no-sale"])]
    pub(super) how: String,
    /// Amount in major units.
    pub(super) amount: Option<String>,
    /// Why.
    #[arg(long, default_value = "")]
    pub(super) reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Stock {
    /// `receive`, `adjust`, `write-off`, `transfer-out`, `transfer-in`, `count` or `show`.
    #[arg(value_parser = [
        "receive", "adjust", "write-off", "transfer-out", "transfer-in", "count", "show",
    ])]
    pub(super) how: String,
    #[command(flatten)]
    pub(super) goods: Goods,
    /// The other location of a transfer.
    #[arg(long)]
    pub(super) location: Option<String>,
    /// Id of the transfer that arrives.
    #[arg(long)]
    pub(super) transfer: Option<String>,
    /// Why, or the supplier's document.
    #[arg(long)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Park {
    #[command(flatten)]
    pub(super) goods: Goods,
    /// What to call it.
    #[arg(long, default_value = "")]
    pub(super) label: String,
}

#[derive(Debug, Args)]
pub(super) struct Recall {
    /// Id of the parked basket.
    pub(super) basket: String,
    #[command(flatten)]
    pub(super) tenders: Tenders,
}

#[derive(Debug, Args)]
pub(super) struct Abort {
    #[command(flatten)]
    pub(super) goods: Goods,
    /// Why.
    #[arg(long)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Go on until interrupted.
    #[arg(long, conflicts_with = "once")]
    pub(super) watch: bool,
    /// One exchange only.
    #[arg(long)]
    pub(super) once: bool,
}

#[derive(Debug, Args)]
pub(super) struct Search {
    /// Words, or beginnings or parts of them.
    #[arg(required = true)]
    pub(super) words: Vec<String>,
    /// Most results.
    #[arg(long, default_value_t = 20)]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct Barcode {
    /// What was scanned.
    pub(super) code: String,
}

#[derive(Debug, Args)]
pub(super) struct Invoice {
    /// Number of the document.
    #[arg(long)]
    pub(super) number: String,
    /// PDF to write.
    #[arg(long)]
    pub(super) pdf: PathBuf,
    /// A4 form (the default).
    #[arg(long, conflicts_with = "receipt")]
    pub(super) a4: bool,
    /// 80 mm receipt.
    #[arg(long)]
    pub(super) receipt: bool,
}

#[derive(Debug, Args)]
pub(super) struct Order {
    #[command(subcommand)]
    pub(super) command: OrderCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum OrderCommand {
    /// List what is to be picked, handed over or shipped.
    List {
        /// Unpaid, finished and called off ones too.
        #[arg(long)]
        all: bool,
    },
    /// Show one.
    Show {
        /// Number or id.
        order: String,
    },
    /// Its goods were put together.
    Pick {
        /// Number or id.
        order: String,
    },
    /// Its customer has it.
    HandOver {
        /// Number or id.
        order: String,
    },
    /// It left with a carrier.
    Ship {
        /// Number or id.
        order: String,
        /// Tracking number.
        #[arg(long)]
        tracking: String,
        /// Who carries it.
        #[arg(long)]
        carrier: Option<String>,
    },
    /// Ask the store to call it off; a paid one is refunded whole, with a manager's approval.
    Cancel {
        /// Number or id.
        order: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Lease {
    #[command(flatten)]
    pub(super) goods: Goods,
    /// Give all rights back.
    #[arg(long)]
    pub(super) release: bool,
}

#[derive(Debug, Args)]
pub(super) struct Recover {
    /// Without the store: provisional, with a manager's approval.
    #[arg(long)]
    pub(super) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Verify the ledger, or an export.
    Verify {
        /// Folder of an export.
        file: Option<PathBuf>,
    },
    /// Write the journal into a folder that anyone can verify.
    Export {
        /// New folder.
        file: PathBuf,
    },
    /// The last entries.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
        count: i64,
    },
    /// Compare the read models with the journal.
    Rebuild {
        /// Only compare.
        #[arg(long)]
        check: bool,
    },
}
