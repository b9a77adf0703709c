//! What the window may ask for: each command calls the till once.

#![expect(clippy::needless_pass_by_value, reason = "a command is handed its arguments")]

use crate::window;
use daybook_domain::amount::{Minor, Quantity, UnitPrice};
use daybook_domain::document::TenderType;
use daybook_till::desk::view::{
    BalanceLeft, Basket, Buyer, CashKind, Category, Closing, CountForm, Customer, CustomerScreen,
    DiscountInput, Found, Item, ItemPage, Offer, Paid, PaperState, Parked, Payment, Person, Pieces,
    Refund, Report, ReturnLine, ReturnPreview, Returnable, Scanned, Session, Shop, Sold, SyncState,
    UnreferencedReturn, UpiState, ZRow,
};
use daybook_till::desk::{
    Approval, BackupRow, Caption, Desk, DocumentView, Enrol, Fault, Goods, Health, HistoryFilter,
    HistoryRow, LedgerCheck, LocationChoice, LowRow, MovementRow, OrderView, PaperForm,
    Preferences, PrintQueue, Start, StockMove, StockView, WayOut,
};
use daybook_till::printing::PrinterSetup;
use tauri::{AppHandle, State};
use uuid::Uuid;

/// Commands that call the till, off the window's own thread.
macro_rules! commands {
    ($($name:ident($desk:ident $(, $argument:ident: $type:ty)*) -> $answer:ty { $call:expr })*) => {$(
        #[tauri::command(async)]
        #[specta::specta]
        pub(crate) fn $name($desk: State<'_, Desk> $(, $argument: $type)*) -> Result<$answer, Fault> {
            $call
        }
    )*};
}

commands! {
    start(desk) -> Start { Ok(desk.start()) }
    try_again(desk) -> Start { Ok(desk.try_again()) }
    enrol(desk, enrol: Enrol) -> Start { desk.enrol(&enrol) }
    shop(desk) -> Shop { desk.shop() }
    people(desk) -> Vec<Person> { desk.people() }
    session(desk) -> Session { desk.session() }
    sign_in(desk, staff: String, pin: String) -> Session { desk.sign_in(&staff, &pin) }
    lock(desk) -> Session { desk.lock() }
    sign_out(desk) -> Session { desk.sign_out() }
    preferences(desk) -> Preferences { desk.preferences() }
    set_preferences(desk, preferences: Preferences) -> Preferences { desk.set_preferences(&preferences) }

    search(desk, query: String, limit: u32) -> Vec<Item> { desk.search(&query, limit) }
    look_up(desk, code: String) -> Found { desk.look_up(&code) }
    categories(desk) -> Vec<Category> { desk.categories() }
    products(desk, category: String, offset: u32, limit: u32) -> ItemPage { desk.products(&category, offset, limit) }
    variants(desk, product: String) -> Vec<Item> { desk.variants(&product) }
    favourites(desk) -> Vec<Item> { desk.favourites() }
    set_favourite(desk, sku: String, on: bool) -> Vec<Item> { desk.set_favourite(&sku, on) }

    basket(desk) -> Basket { desk.basket() }
    display(desk) -> CustomerScreen { desk.display() }
    scan(desk, code: String, quantity_milli: Option<Quantity>) -> Scanned { desk.scan(&code, quantity_milli) }
    add(desk, sku: String, quantity_milli: Option<Quantity>, unit_price_micros: Option<UnitPrice>) -> Scanned { desk.add(&sku, quantity_milli, unit_price_micros) }
    add_open_item(desk, name: String, price_minor: Minor, tax_class: String, quantity_milli: Quantity) -> Scanned { desk.add_open_item(&name, price_minor, &tax_class, quantity_milli) }
    add_gift_card(desk, amount_minor: Minor, number: Option<String>) -> Scanned { desk.add_gift_card(amount_minor, number.as_deref()) }
    set_quantity(desk, line: u32, quantity_milli: Quantity) -> Basket { desk.set_quantity(line, quantity_milli) }
    remove_line(desk, line: u32) -> Basket { desk.remove_line(line) }
    override_price(desk, line: u32, unit_price_micros: UnitPrice, reason: String, approval: Option<Approval>) -> Basket { desk.override_price(line, unit_price_micros, &reason, approval.as_ref()) }
    discount_line(desk, line: u32, discount: Option<DiscountInput>, reason: Option<String>, approval: Option<Approval>) -> Basket { desk.discount_line(line, discount, reason.as_deref(), approval.as_ref()) }
    discount_bill(desk, discount: Option<DiscountInput>, reason: Option<String>, approval: Option<Approval>) -> Basket { desk.discount_bill(discount, reason.as_deref(), approval.as_ref()) }
    find_customers(desk, query: String) -> Vec<Customer> { desk.find_customers(&query) }
    create_customer(desk, name: String, phone: String, tax_id: Option<String>) -> Customer { desk.create_customer(name, phone, tax_id) }
    set_customer(desk, customer: Option<Uuid>) -> Basket { desk.set_customer(customer) }
    set_buyer(desk, buyer: Option<Buyer>) -> Basket { desk.set_buyer(buyer.as_ref()) }
    set_note(desk, note: Option<String>, gift_message: Option<String>) -> Basket { desk.set_note(note.as_deref(), gift_message.as_deref()) }
    clear_basket(desk, reason: Option<String>) -> Basket { desk.clear_basket(reason.as_deref()) }
    park(desk, label: Option<String>) -> Basket { desk.park(label.as_deref()) }
    parked(desk) -> Vec<Parked> { desk.parked() }
    recall(desk, basket: Uuid) -> Basket { desk.recall(basket) }

    begin_payment(desk) -> Payment { desk.begin_payment() }
    payment(desk) -> Payment { desk.payment() }
    pay(desk, offer: Offer, approval: Option<Approval>) -> Paid { desk.pay(&offer, approval.as_ref()) }
    remove_tender(desk, no: u32) -> Payment { desk.remove_tender(no) }
    start_upi(desk, amount_minor: Option<Minor>) -> Payment { desk.start_upi(amount_minor) }
    settle_upi(desk, attempt: Uuid, outcome: UpiState, reference: Option<String>, approval: Option<Approval>) -> Paid { desk.settle_upi(attempt, outcome, reference.as_deref(), approval.as_ref()) }
    pay_from_balance(desk, number: String, amount_minor: Option<Minor>, approval: Option<Approval>) -> Paid { desk.pay_from_balance(&number, amount_minor, approval.as_ref()) }
    settle_balance(desk, approval: Option<Approval>) -> Paid { desk.settle_balance(approval.as_ref()) }
    drop_balance(desk) -> Payment { desk.drop_balance() }
    ask_balance(desk, number: String) -> Uuid { desk.ask_balance(&number) }
    balance_left(desk, request: Uuid) -> Option<BalanceLeft> { desk.balance_left(request) }
    leave_payment(desk) -> Basket { desk.leave_payment() }
    last_sale(desk) -> Option<Sold> { desk.last_sale() }
    leave_sale(desk) -> () { desk.leave_sale() }

    returnable(desk, number: String) -> Returnable { desk.returnable(&number) }
    preview_return(desk, number: String, lines: Vec<ReturnLine>, tender: Option<TenderType>) -> ReturnPreview { desk.preview_return(&number, &lines, tender) }
    refund(desk, refund: Refund, approval: Option<Approval>) -> Sold { desk.refund(&refund, approval.as_ref()) }
    void_sale(desk, number: String, reason: String, approval: Option<Approval>) -> Sold { desk.void_sale(&number, &reason, approval.as_ref()) }
    return_without_receipt(desk, back: UnreferencedReturn, approval: Option<Approval>) -> Sold { desk.return_without_receipt(&back, approval.as_ref()) }
    exchange(desk, number: String, lines: Vec<ReturnLine>, reason: String) -> Basket { desk.exchange(&number, &lines, &reason) }
    drop_exchange(desk) -> Basket { desk.drop_exchange() }

    open_shift(desk, float_minor: Minor, pieces: Vec<Pieces>, approval: Option<Approval>) -> Session { desk.open_shift(float_minor, &pieces, approval.as_ref()) }
    sum_pieces(desk, pieces: Vec<Pieces>) -> Minor { desk.sum_pieces(&pieces) }
    move_cash(desk, kind: CashKind, amount_minor: Minor, reason: String, approval: Option<Approval>) -> Session { desk.move_cash(kind, amount_minor, &reason, approval.as_ref()) }
    no_sale(desk, reason: String, approval: Option<Approval>) -> Session { desk.no_sale(&reason, approval.as_ref()) }
    count_form(desk) -> CountForm { desk.count_form() }
    close_shift(desk, closing: Closing, approval: Option<Approval>) -> Report { desk.close_shift(&closing, approval.as_ref(), &mut |_| {}) }
    x_report(desk) -> Report { desk.x_report() }
    z_reports(desk) -> Vec<ZRow> { desk.z_reports() }
    z_report(desk, z_no: i64) -> Report { desk.z_report(z_no) }

    stock_of(desk, sku: String) -> StockView { desk.stock_of(&sku) }
    low_stock(desk) -> Vec<LowRow> { desk.low_stock() }
    movements(desk, sku: String) -> Vec<MovementRow> { desk.movements(&sku) }
    locations(desk) -> Vec<LocationChoice> { desk.locations() }
    move_stock(desk, moved: StockMove, approval: Option<Approval>) -> Option<Uuid> { desk.move_stock(&moved, approval.as_ref()) }
    count_stock(desk, goods: Vec<Goods>) -> () { desk.count_stock(&goods) }
    orders(desk, open: bool) -> Vec<OrderView> { desk.orders(open) }
    order(desk, id: Uuid) -> OrderView { desk.order(id) }
    pick_order(desk, id: Uuid) -> OrderView { desk.pick_order(id) }
    hand_over_order(desk, id: Uuid) -> OrderView { desk.hand_over_order(id) }
    ship_order(desk, id: Uuid, carrier: Option<String>, tracking: String) -> OrderView { desk.ship_order(id, carrier, tracking) }
    cancel_order(desk, id: Uuid, reason: String, approval: Option<Approval>) -> OrderView { desk.cancel_order(id, &reason, approval.as_ref()) }

    history(desk, filter: HistoryFilter, after: Option<i64>) -> Vec<HistoryRow> { desk.history(&filter, after) }
    document(desk, number: String) -> DocumentView { desk.document(&number) }
    reprint(desk, number: String, form: PaperForm) -> PaperState { desk.reprint(&number, form) }
    print_report(desk, z_no: Option<i64>) -> () { desk.print_report(z_no) }
    save_pdf(desk, number: String, form: PaperForm) -> String { desk.save_pdf(&number, form) }

    printer(desk) -> PrinterSetup { desk.printer() }
    set_printer(desk, setup: PrinterSetup) -> PrinterSetup { desk.set_printer(&setup) }
    system_printers(desk) -> Vec<String> { Ok(desk.system_printers()) }
    command_card(desk, title: String, captions: Vec<Caption>) -> String { desk.command_card(&title, &captions) }
    test_printer(desk) -> () { desk.test_printer() }
    print_queue(desk) -> PrintQueue { desk.print_queue() }
    retry_print(desk, job: i64) -> PrintQueue { desk.retry_print(job) }
    drop_print(desk, job: i64) -> PrintQueue { desk.drop_print(job) }

    sync_state(desk) -> SyncState { desk.sync_state() }
    sync_now(desk) -> () { desk.sync_now() }
    unsent(desk) -> i64 { desk.unsent() }
    health(desk) -> Health { desk.health() }
    backup_now(desk) -> String { desk.backup_now() }
    sealed_export(desk, passphrase: String) -> String { desk.sealed_export(&passphrase) }
    backups(desk) -> Vec<BackupRow> { desk.backups() }
    restore_backup(desk, approval: Option<Approval>) -> Start { desk.restore_backup(approval.as_ref()) }
    way_out(desk) -> WayOut { desk.way_out() }
    wipe(desk, till_code: String, approval: Option<Approval>) -> Start { desk.wipe(&till_code, approval.as_ref()) }
    enter_training(desk) -> () { desk.enter_training() }
    leave_training(desk) -> () { desk.leave_training() }
    ledger_check(desk) -> LedgerCheck { Ok(desk.ledger_check()) }
    check_ledger(desk) -> LedgerCheck { Ok(desk.check_ledger()) }
}

/// Ends the program; refused while the store lacks entries of this till, and once for a damaged ledger.
#[tauri::command(async)]
#[specta::specta]
pub(crate) fn quit(
    app: AppHandle,
    desk: State<'_, Desk>,
    despite_damage: bool,
) -> Result<(), Fault> {
    desk.may_end(despite_damage)?;
    window::quit(&app);
    Ok(())
}

/// Shows a paper that was saved, in the system's viewer.
#[tauri::command(async)]
#[specta::specta]
pub(crate) fn open_paper(desk: State<'_, Desk>, file: String) -> Result<(), Fault> {
    let paper = desk.saved_paper(&file)?;
    opener::open(&paper).map_err(|error| Fault::of_window(&error.to_string()))
}

/// Opens the customer's window, or shows it again; it is there again at the next start.
#[tauri::command(async)]
#[specta::specta]
pub(crate) fn open_customer_display(app: AppHandle, desk: State<'_, Desk>) -> Result<(), Fault> {
    // The window opens whether or not the till can remember it.
    if let Err(fault) = desk.keep_customer_window(true) {
        tracing::warn!(code = fault.code, "the customer's window is not remembered");
    }
    window::open_display(&app).map_err(|error| Fault::of_window(&error.to_string()))
}
