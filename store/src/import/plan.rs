//! From files to changes: every line is checked against the others and the store.

mod items;

use self::items::Items;
use super::Sources;
use super::change::{Change, StockChange};
use super::current::{Current, StockNow};
use super::fault::{Faults, Wrong};
use super::files::{self, CustomerLine, RateLine, Secret, StaffLine, StockLine};
use super::settings::{self, Law, SettingsChange};
use super::sheet::{Line, Refused, Sheet};
use crate::keyring::Keyring;
use crate::pins;
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use daybook_domain::amount::{Quantity, RatePpm};
use daybook_domain::feed::{CustomerRow, LocationRow, StaffRow, TaxClassRow};
use daybook_domain::ids::{CustomerId, LocationId, Sku};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;

/// Most people of staff: each PIN takes a moment to hash.
const STAFF_MAX: usize = 2_000;

/// The changes that the files ask for, in the order of carrying them out.
pub(super) fn plan(
    sources: &Sources,
    current: &Current,
    keyring: &Keyring,
    faults: &mut Faults,
    salt: &mut dyn FnMut() -> [u8; 16],
) -> Vec<Change> {
    let mut changes = Vec::new();
    let file = |name: &str| sources.get(name);
    let wanted = file(files::SETTINGS).and_then(|bytes| settings::read(bytes, faults));
    let in_force = wanted.as_ref().or(current.settings.as_ref());
    let law = Law::of(in_force);

    let sheet = file(files::LOCATIONS).map(|bytes| files::locations(bytes, law, faults));
    let locations = locations(sheet.unwrap_or_default(), current, faults, &mut changes);
    let sheet = file(files::TAXES).map(|bytes| files::taxes(bytes, faults));
    let classes = taxes(sheet.unwrap_or_default(), current, faults, &mut changes);
    let products = file(files::PRODUCTS).map(|bytes| files::products(bytes, law, faults));
    let prices = file(files::PRICES).map(|bytes| files::prices(bytes, faults));
    let mut items = Items::over(current);
    items.products(products.unwrap_or_default(), &classes.names, faults);
    items.prices(prices.unwrap_or_default().lines, faults);
    items.check_mrp(law, &classes.last_rates, faults);
    if let (Some(new), Some(bytes)) = (&wanted, file(files::SETTINGS)) {
        let (locations, items) = (changes.as_slice(), &items.wanted);
        SettingsChange { bytes, new, current, locations, items }.check(faults);
    }
    changes
        .extend(wanted.filter(|new| current.settings.as_ref() != Some(new)).map(Change::Settings));
    let skus = items.names();
    changes.extend(items.changes());
    let sheet = file(files::STAFF).map(|bytes| files::staff(bytes, faults));
    staff(sheet.unwrap_or_default().lines, current, keyring, faults, &mut changes, salt);
    let sheet = file(files::CUSTOMERS).map(|bytes| files::customers(bytes, law, faults));
    customers(sheet.unwrap_or_default().lines, current, faults, &mut changes);
    let sheet = file(files::STOCK).map(|bytes| files::stock(bytes, faults));
    let names = StockNames { skus, locations };
    stock(sheet.unwrap_or_default().lines, current, &names, faults, &mut changes);
    changes.sort_by_key(Change::rank);
    changes
}

/// Keeps the first line of each key and tells of the others.
fn distinct<T, K: Hash + Eq>(
    file: &str,
    field: &str,
    lines: Vec<Line<T>>,
    faults: &mut Faults,
    key: impl Fn(&T) -> K,
) -> Vec<Line<T>> {
    let mut seen: HashMap<K, u64> = HashMap::with_capacity(lines.len());
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        match seen.insert(key(&line.value), line.no) {
            Some(first) => {
                let message = format!("stands in line {first} too");
                faults.at(file, line.no, Wrong::new(field, message));
            }
            None => kept.push(line),
        }
    }
    kept
}

fn locations(
    sheet: Sheet<LocationRow>,
    current: &Current,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) -> Names<LocationId> {
    let key = |row: &LocationRow| row.location.clone();
    let lines = distinct(files::LOCATIONS, "location", sheet.lines, faults, key);
    let mut known: HashSet<LocationId> = current.locations.keys().cloned().collect();
    for Line { value: row, .. } in lines {
        known.insert(row.location.clone());
        if current.locations.get(&row.location) != Some(&row) {
            changes.push(Change::Location(row));
        }
    }
    Names { known, refused: sheet.refused }
}

fn taxes(
    sheet: Sheet<RateLine>,
    current: &Current,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) -> Classes {
    let key = |line: &RateLine| (line.class.clone(), line.rate.from.clone());
    let lines = distinct(files::TAXES, "from", sheet.lines, faults, key);
    let mut wanted: BTreeMap<String, TaxClassRow> = BTreeMap::new();
    for Line { value: RateLine { class, rate }, .. } in lines {
        let row = wanted.entry(class.clone()).or_insert_with(|| {
            let empty = TaxClassRow { class: class.clone(), rates: Vec::new() };
            current.taxes.get(&class).cloned().unwrap_or(empty)
        });
        match row.rates.binary_search_by(|known| known.from.cmp(&rate.from)) {
            Ok(place) => row.rates[place] = rate,
            Err(place) => row.rates.insert(place, rate),
        }
    }
    let mut last_rates = HashMap::new();
    for row in current.taxes.values().chain(wanted.values()) {
        last_rates.extend(row.rates.last().map(|rate| (row.class.clone(), rate.rate_ppm)));
    }
    let known = current.taxes.keys().chain(wanted.keys()).cloned().collect();
    let changed = wanted.into_values().filter(|row| current.taxes.get(&row.class) != Some(row));
    changes.extend(changed.map(Change::TaxClass));
    Classes { names: Names { known, refused: sheet.refused }, last_rates }
}

/// Tax classes with the rate of each that begins last.
struct Classes {
    names: Names<String>,
    last_rates: HashMap<String, RatePpm>,
}

/// Names that other files may use.
struct Names<T> {
    known: HashSet<T>,
    refused: Refused,
}

impl<T: Hash + Eq + Display> Names<T> {
    /// Whether a name is nowhere, not even in a line that was refused.
    fn lacks(&self, name: &T) -> bool {
        !self.known.contains(name) && !self.refused.excuses(&name.to_string())
    }
}

fn staff(
    lines: Vec<Line<StaffLine>>,
    current: &Current,
    keyring: &Keyring,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
    salt: &mut dyn FnMut() -> [u8; 16],
) {
    let lines = distinct(files::STAFF, "staff", lines, faults, |line| line.staff.clone());
    if lines.len() > STAFF_MAX {
        let message = format!("a file may have {STAFF_MAX} people");
        faults.at(files::STAFF, 0, Wrong::new("", message));
        return;
    }
    for Line { no, value } in lines {
        let StaffLine { staff, name, role, secret, active } = value;
        let known = current.staff.get(&staff);
        match pin_hash(&secret, known, salt) {
            Ok(pin_hash) => {
                let row = StaffRow { staff, name, role, pin_hash, active };
                if known != Some(&row) {
                    changes.push(Change::Staff(pins::seal(keyring, row)));
                }
            }
            Err(error) => faults.at(files::STAFF, no, Wrong::new("pin", error)),
        }
    }
}

/// The known hash where it fits the PIN already: a new salt would be a change.
fn pin_hash(
    secret: &Secret,
    known: Option<&StaffRow>,
    salt: &mut dyn FnMut() -> [u8; 16],
) -> Result<String, argon2::password_hash::Error> {
    let pin = match secret {
        Secret::Hash(hash) => return Ok(hash.clone()),
        Secret::Pin(pin) => pin,
    };
    if let Some(known) = known
        && let Ok(hash) = PasswordHash::new(&known.pin_hash)
        && Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok()
    {
        return Ok(known.pin_hash.clone());
    }
    let salt = SaltString::encode_b64(&salt())?;
    Ok(Argon2::default().hash_password(pin.as_bytes(), &salt)?.to_string())
}

fn customers(
    lines: Vec<Line<CustomerLine>>,
    current: &Current,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) {
    let by_phone: HashMap<&str, CustomerId> = current
        .customers
        .values()
        .filter_map(|row| row.phone.as_deref().map(|phone| (phone, row.customer)))
        .collect();
    let found = |line: CustomerLine| -> CustomerRow {
        let CustomerLine { id, mut row } = line;
        let known = row.phone.as_deref().and_then(|phone| by_phone.get(phone));
        // The line that made a customer goes on to mean them, whoever else has the phone by now.
        if let (None, Some(known)) = (id, known)
            && !current.customers.contains_key(&row.customer)
        {
            row.customer = *known;
        }
        row
    };
    let lines: Vec<Line<CustomerRow>> = of_one_phone_each(lines, faults)
        .into_iter()
        .map(|line| Line { no: line.no, value: found(line.value) })
        .collect();
    for Line { value: row, .. } in
        distinct(files::CUSTOMERS, "customer", lines, faults, |row| row.customer)
    {
        if current.customers.get(&row.customer) != Some(&row) {
            changes.push(Change::Customer(row));
        }
    }
}

/// A line without an id is found by its phone, so no other line may have it. Lines with ids may share one.
fn of_one_phone_each(
    lines: Vec<Line<CustomerLine>>,
    faults: &mut Faults,
) -> Vec<Line<CustomerLine>> {
    let mut seen: HashMap<String, (u64, bool)> = HashMap::new();
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        let named = line.value.id.is_some();
        let phone = line.value.row.phone.clone();
        let first = phone.as_ref().and_then(|phone| seen.get(phone).copied());
        match first {
            Some((first, first_named)) if !(named && first_named) => {
                let message = format!("stands in line {first} too");
                faults.at(files::CUSTOMERS, line.no, Wrong::new("phone", message));
            }
            Some(_) | None => {
                seen.extend(phone.map(|phone| (phone, (line.no, named))));
                kept.push(line);
            }
        }
    }
    kept
}

struct StockNames {
    skus: Names<Sku>,
    locations: Names<LocationId>,
}

fn stock(
    lines: Vec<Line<StockLine>>,
    current: &Current,
    names: &StockNames,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) {
    let key = |line: &StockLine| (line.location.clone(), line.sku.clone());
    for Line { no, value } in distinct(files::STOCK, "sku", lines, faults, key) {
        if names.skus.lacks(&value.sku) {
            let message = format!("{} is unknown", value.sku);
            faults.at(files::STOCK, no, Wrong::new("sku", message));
        }
        if names.locations.lacks(&value.location) {
            let message = format!("{} is unknown", value.location);
            faults.at(files::STOCK, no, Wrong::new("location", message));
        }
        let now = current.stock.get(&(value.location.clone(), value.sku.clone()));
        match stock_change(value, now) {
            Ok(change) => changes.extend(change.map(Change::Stock)),
            Err(wrong) => faults.at(files::STOCK, no, wrong),
        }
    }
}

/// What a line asks of a level. A line that states the level as it is, or the opening stock that was
/// imported before, moves nothing: so an import can be run again after a day of sales.
fn stock_change(line: StockLine, now: Option<&StockNow>) -> Result<Option<StockChange>, Wrong> {
    let stated = line.on_hand_milli;
    // Without an opening movement the opening stock was nothing.
    let again = now.is_some_and(|now| stated == now.opening_milli.unwrap_or_default());
    let moved = now.map_or(Ok(stated), |now| {
        if again { Ok(Quantity::ZERO) } else { stated.checked_sub(now.on_hand_milli) }
    });
    let move_milli = moved.map_err(|error| Wrong::new("on_hand", error))?;
    let allotted_milli = match now {
        // What the web sold meanwhile left the allotment; the same file again does not fill it up.
        Some(now) if again && line.policy == now.policy => now.allotted_milli,
        Some(_) | None => line.allotted_milli,
    };
    let unchanged = now.is_some_and(|now| {
        move_milli.is_zero()
            && now.policy == line.policy
            && now.allotted_milli == allotted_milli
            && line.lease_size_milli.is_none_or(|size| size == now.lease_size_milli)
            && (line.low_stock_milli.is_none() || line.low_stock_milli == now.low_stock_milli)
    });
    Ok((!unchanged).then(|| StockChange {
        sku: line.sku,
        location: line.location,
        move_milli,
        opening: now.is_none(),
        policy: line.policy,
        allotted_milli,
        lease_size_milli: line.lease_size_milli,
        low_stock_milli: line.low_stock_milli,
    }))
}
