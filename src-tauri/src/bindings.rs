//! The commands and types of the window, and their TypeScript.

use crate::commands;
use daybook_till::desk::Changed;
use daybook_till::desk::view::CustomerScreen;
use specta_typescript::Typescript;
use tauri::Wry;
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

/// All commands. An error rejects the promise with a [`daybook_till::desk::Fault`].
#[must_use]
pub fn builder() -> Builder<Wry> {
    Builder::<Wry>::new()
        .error_handling(ErrorHandlingMode::Throw)
        // Minor units, thousandths and milliseconds stay below 2^53: the domain's limits see to it.
        .dangerously_cast_bigints_to_number()
        .disable_serde_phases()
        .commands(collect_commands![
            commands::start,
            commands::try_again,
            commands::enrol,
            commands::shop,
            commands::people,
            commands::session,
            commands::sign_in,
            commands::lock,
            commands::sign_out,
            commands::preferences,
            commands::set_preferences,
            commands::search,
            commands::look_up,
            commands::categories,
            commands::products,
            commands::variants,
            commands::favourites,
            commands::set_favourite,
            commands::basket,
            commands::display,
            commands::scan,
            commands::add,
            commands::add_open_item,
            commands::add_gift_card,
            commands::set_quantity,
            commands::remove_line,
            commands::override_price,
            commands::discount_line,
            commands::discount_bill,
            commands::find_customers,
            commands::create_customer,
            commands::set_customer,
            commands::set_buyer,
            commands::set_note,
            commands::clear_basket,
            commands::park,
            commands::parked,
            commands::recall,
            commands::begin_payment,
            commands::payment,
            commands::pay,
            commands::remove_tender,
            commands::start_upi,
            commands::settle_upi,
            commands::pay_from_balance,
            commands::settle_balance,
            commands::drop_balance,
            commands::ask_balance,
            commands::balance_left,
            commands::leave_payment,
            commands::last_sale,
            commands::leave_sale,
            commands::returnable,
            commands::preview_return,
            commands::refund,
            commands::void_sale,
            commands::return_without_receipt,
            commands::exchange,
            commands::drop_exchange,
            commands::open_shift,
            commands::sum_pieces,
            commands::move_cash,
            commands::no_sale,
            commands::count_form,
            commands::close_shift,
            commands::x_report,
            commands::z_reports,
            commands::z_report,
            commands::stock_of,
            commands::low_stock,
            commands::movements,
            commands::locations,
            commands::move_stock,
            commands::count_stock,
            commands::orders,
            commands::order,
            commands::pick_order,
            commands::hand_over_order,
            commands::ship_order,
            commands::cancel_order,
            commands::history,
            commands::document,
            commands::reprint,
            commands::print_report,
            commands::save_pdf,
            commands::printer,
            commands::set_printer,
            commands::system_printers,
            commands::command_card,
            commands::test_printer,
            commands::print_queue,
            commands::retry_print,
            commands::drop_print,
            commands::sync_state,
            commands::sync_now,
            commands::unsent,
            commands::health,
            commands::backup_now,
            commands::sealed_export,
            commands::backups,
            commands::restore_backup,
            commands::way_out,
            commands::wipe,
            commands::enter_training,
            commands::leave_training,
            commands::ledger_check,
            commands::check_ledger,
            commands::open_paper,
            commands::quit,
            commands::open_customer_display,
        ])
        .typ::<Changed>()
        .typ::<CustomerScreen>()
}

/// Writes the TypeScript of the commands, as `ui/till/bindings.ts` holds it.
///
/// # Errors
/// What the generator cannot express, or the file that cannot be written.
pub fn write(file: &std::path::Path) -> Result<(), specta_typescript::Error> {
    builder().export(Typescript::default(), file)
}
