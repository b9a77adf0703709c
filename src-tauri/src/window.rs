//! The windows: the cashier's, and the customer's beside it.

use crate::{Options, bindings, logs};
use daybook_till::desk::{Changed, Desk, Signal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tauri::{
    App, AppHandle, Emitter, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent,
};

/// Label of the cashier's window.
const TILL: &str = "till";
/// Label of the customer's window.
const DISPLAY: &str = "display";

/// Runs the till until it is quit. A second program on the same data hands over to the first, and says so.
#[must_use]
pub fn run(options: Options) -> ExitCode {
    let commands = bindings::builder();
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| show_again(app)))
        .invoke_handler(commands.invoke_handler())
        .setup(move |app| set_up(app, options.data))
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { .. } = event
                && window.label() == DISPLAY
                && let Err(fault) = window.state::<Desk>().keep_customer_window(false)
            {
                tracing::warn!(
                    code = fault.code,
                    "the customer's window is there again at the next start"
                );
            }
            // Closing the window is a wish that the window itself answers: what is unsent is said there.
            if let WindowEvent::CloseRequested { api, .. } = event
                && window.label() == TILL
            {
                api.prevent_close();
                if let Err(error) = window.emit_to(TILL, "quit_wished", ()) {
                    tracing::error!(%error, "the window does not answer");
                }
            }
        })
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            eprintln!("daybook: the window could not be opened: {error}");
            return ExitCode::FAILURE;
        }
    };
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Desk>().close();
        }
    });
    ExitCode::SUCCESS
}

fn set_up(app: &App, data: Option<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    let data = match data {
        Some(data) => data,
        None => app.path().app_data_dir()?,
    };
    std::fs::create_dir_all(&data)?;
    logs::begin(&data);
    let handle = app.handle().clone();
    let notify = Arc::new(move |signal| {
        let told = match signal {
            Signal::Changed(topics) => {
                handle.emit_to(TILL, "changed", Changed { topics: topics.into_iter().collect() })
            }
            Signal::Display(display) => handle.emit("display", display),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "a window did not hear of a change");
        }
    });
    let desk = Desk::open(&data, notify);
    let had_display = desk.had_customer_window();
    app.manage(desk);
    if had_display {
        open_display(app.handle())?;
    }
    Ok(())
}

fn show_again(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(TILL) {
        let shown =
            window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        let told = app.emit_to(TILL, "started_again", ());
        if let Err(error) = shown.and(told) {
            tracing::warn!(%error, "the window could not be shown again");
        }
    }
}

/// Ends the program.
pub(crate) fn quit(app: &AppHandle) {
    app.exit(0);
}

/// Opens the customer's window, on a second screen where there is one.
pub(crate) fn open_display(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(DISPLAY) {
        window.show()?;
        return window.set_focus();
    }
    let address = WebviewUrl::App("index.html?window=display".into());
    let window = WebviewWindowBuilder::new(app, DISPLAY, address)
        .title("Daybook")
        .inner_size(800.0, 600.0)
        .build()?;
    let monitors = window.available_monitors()?;
    let main = app.get_webview_window(TILL).map(|till| till.current_monitor()).transpose()?;
    let here = main.flatten().map(|monitor| *monitor.position());
    if let Some(other) = monitors.iter().find(|monitor| Some(*monitor.position()) != here) {
        window.set_position(*other.position())?;
        window.set_fullscreen(true)?;
    }
    Ok(())
}
