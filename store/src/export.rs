//! Export of master data and stock in the files that an import reads.

use crate::db::DbError;
use crate::gate::Gate;
use crate::import::current::{self, Current};
use crate::keyring::Keyring;
use crate::master::{LOCATION_KINDS, POLICIES, ROLES, UOMS, word};
use chrono::DateTime;
use daybook_domain::amount::{Currency, Quantity};
use daybook_domain::feed::ItemRow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A value has no form in the file.
    #[error("{file}: {reason}")]
    Write {
        /// File.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The bytes of each file by its name.
pub type Files = BTreeMap<&'static str, Vec<u8>>;

/// Writes all files into a folder, which is made where it is missing. Says how many rows each has.
///
/// # Errors
/// [`ExportError`].
pub fn to_folder(
    gate: &Gate,
    keyring: &Keyring,
    folder: &Path,
) -> Result<Vec<(&'static str, usize)>, ExportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError::Io { path, source }
    };
    let files = files(&gate.read(|tx| current::load(tx, keyring))?)?;
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        // Beside and renamed: a reader finds the old file or the whole new one.
        let part = folder.join(format!(".{name}.part"));
        std::fs::write(&part, &bytes).map_err(failed(&part))?;
        std::fs::rename(&part, &path).map_err(failed(&path))?;
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        written.push((name, lines.saturating_sub(1)));
    }
    Ok(written)
}

/// The files of a state of the store.
///
/// # Errors
/// [`ExportError::Write`].
pub fn files(current: &Current) -> Result<Files, ExportError> {
    let currency = current.settings.as_ref().map_or(Currency::INR, |settings| settings.currency);
    let mut files = Files::new();
    if let Some(settings) = &current.settings {
        let file = "settings.json";
        let json = serde_json::to_vec_pretty(settings);
        files.insert(file, json.map_err(|error| write_error(file, &error))?);
    }
    files.insert("locations.csv", locations(current)?);
    files.insert("taxes.csv", taxes(current)?);
    files.insert("products.csv", products(current, currency)?);
    files.insert("prices.csv", prices(current, currency)?);
    files.insert("staff.csv", staff(current)?);
    files.insert("customers.csv", customers(current)?);
    files.insert("stock.csv", stock(current)?);
    Ok(files)
}

fn locations(current: &Current) -> Result<Vec<u8>, ExportError> {
    let header = ["location", "kind", "name", "address", "gstin", "state_code", "phone", "email"];
    let rows = current.locations.values().map(|row| {
        let seller = &row.seller;
        [
            row.location.to_string(),
            word(&LOCATION_KINDS, row.kind).to_owned(),
            seller.name.clone(),
            seller.address.join("|"),
            seller.tax_id.clone().unwrap_or_default(),
            seller.state.as_ref().map_or_else(String::new, |state| state.code.clone()),
            seller.phone.clone().unwrap_or_default(),
            seller.email.clone().unwrap_or_default(),
        ]
    });
    sheet("locations.csv", &header, rows)
}

fn taxes(current: &Current) -> Result<Vec<u8>, ExportError> {
    let rows = current.taxes.values().flat_map(|class| {
        class
            .rates
            .iter()
            .map(|rate| [class.class.clone(), rate.from.clone(), rate.rate_ppm.to_percent()])
    });
    sheet("taxes.csv", &["class", "from", "rate_percent"], rows)
}

fn products(current: &Current, currency: Currency) -> Result<Vec<u8>, ExportError> {
    let header = [
        "sku",
        "product",
        "name",
        "options",
        "category",
        "uom",
        "sold_by_weight",
        "hsn",
        "tax_class",
        "mrp",
        "barcodes",
        "price",
        "archived",
    ];
    let rows = current.items.values().map(|item| {
        let options = item.options.iter().map(|(name, value)| format!("{name}={value}"));
        [
            item.sku.to_string(),
            item.product.clone(),
            item.name.clone(),
            options.collect::<Vec<_>>().join("|"),
            item.category.clone(),
            word(&UOMS, item.uom).to_owned(),
            item.sold_by_weight.to_string(),
            item.hsn.clone().unwrap_or_default(),
            item.tax_class.clone(),
            item.mrp_minor.map_or_else(String::new, |mrp| mrp.to_decimal(currency)),
            item.barcodes.join("|"),
            always(item).map_or_else(String::new, |price| price.to_decimal(currency)),
            item.archived.to_string(),
        ]
    });
    sheet("products.csv", &header, rows)
}

/// The price that has always held, which stands in the line of the product itself.
fn always(item: &ItemRow) -> Option<daybook_domain::amount::UnitPrice> {
    let first = item.prices.iter().find(|price| price.from_ms == 0)?;
    Some(first.unit_price_micros)
}

fn prices(current: &Current, currency: Currency) -> Result<Vec<u8>, ExportError> {
    let file = "prices.csv";
    let dated = current.items.values().flat_map(|item| {
        item.prices.iter().filter(|price| price.from_ms != 0).map(move |price| (item, price))
    });
    let rows = dated
        .map(|(item, price)| {
            let from = DateTime::from_timestamp_millis(price.from_ms).ok_or_else(|| {
                ExportError::Write { file, reason: format!("{}: no such moment", item.sku) }
            })?;
            Ok([
                item.sku.to_string(),
                price.unit_price_micros.to_decimal(currency),
                from.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            ])
        })
        .collect::<Result<Vec<_>, ExportError>>()?;
    sheet(file, &["sku", "price", "from"], rows.into_iter())
}

fn staff(current: &Current) -> Result<Vec<u8>, ExportError> {
    let rows = current.staff.values().map(|person| {
        [
            person.staff.to_string(),
            person.name.clone(),
            word(&ROLES, person.role).to_owned(),
            person.pin_hash.clone(),
            person.active.to_string(),
        ]
    });
    sheet("staff.csv", &["staff", "name", "role", "pin_hash", "active"], rows)
}

fn customers(current: &Current) -> Result<Vec<u8>, ExportError> {
    let rows = current.customers.values().map(|customer| {
        [
            customer.customer.to_string(),
            customer.name.clone(),
            customer.phone.clone().unwrap_or_default(),
            customer.tax_id.clone().unwrap_or_default(),
        ]
    });
    sheet("customers.csv", &["customer", "name", "phone", "gstin"], rows)
}

fn stock(current: &Current) -> Result<Vec<u8>, ExportError> {
    let header = ["sku", "location", "on_hand", "policy", "allotted", "lease_size", "low_stock"];
    let mut levels: Vec<_> = current.stock.iter().collect();
    levels.sort_unstable_by_key(|(key, _)| *key);
    let rows = levels.into_iter().map(|((location, sku), now)| {
        [
            sku.to_string(),
            location.to_string(),
            now.on_hand_milli.to_decimal(),
            word(&POLICIES, now.policy).to_owned(),
            now.allotted_milli.to_decimal(),
            now.lease_size_milli.to_decimal(),
            now.low_stock_milli.as_ref().map_or_else(String::new, Quantity::to_decimal),
        ]
    });
    sheet("stock.csv", &header, rows)
}

fn sheet<const N: usize>(
    file: &'static str,
    header: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| write_error(file, &error);
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(&row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| write_error(file, &error))
}

fn write_error(file: &'static str, error: &impl std::fmt::Display) -> ExportError {
    ExportError::Write { file, reason: error.to_string() }
}
