//! From files to changes: every line is checked against the others and the store.

use super::Sources;
use super::change::{Change, StockChange};
use super::current::{Current, StockNow};
use super::fault::{Faults, Wrong};
use super::files::{self, CustomerLine, PriceLine, RateLine, Secret, StaffLine, StockLine};
use super::sheet::Line;
use crate::keyring::Keyring;
use crate::pins;
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use daybook_domain::amount::{Currency, Quantity};
use daybook_domain::catalogue::PRICES_MAX;
use daybook_domain::feed::{CustomerRow, ItemRow, LocationRow, Settings, StaffRow, TaxClassRow};
use daybook_domain::ids::{CustomerId, LocationId, Sku};
use daybook_domain::tax::Jurisdiction;
use std::collections::{BTreeMap, HashMap, HashSet};
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
    let wanted = sources.get(files::SETTINGS).and_then(|bytes| settings(bytes, faults));
    let currency = wanted.as_ref().or(current.settings.as_ref());
    let currency = currency.map_or(Currency::INR, |settings| settings.currency);
    changes
        .extend(wanted.filter(|new| current.settings.as_ref() != Some(new)).map(Change::Settings));
    let file = |name: &str| sources.get(name);

    let lines = file(files::LOCATIONS).map(|bytes| files::locations(bytes, faults));
    let locations = locations(lines.unwrap_or_default(), current, faults, &mut changes);
    let lines = file(files::TAXES).map(|bytes| files::taxes(bytes, faults));
    let classes = taxes(lines.unwrap_or_default(), current, &mut changes);
    let products = file(files::PRODUCTS).map(|bytes| files::products(bytes, currency, faults));
    let prices = file(files::PRICES).map(|bytes| files::prices(bytes, faults));
    let mut items = Items { current, wanted: BTreeMap::new() };
    items.products(products.unwrap_or_default(), &classes, faults);
    items.prices(prices.unwrap_or_default(), faults);
    let known_skus = items.known();
    changes.extend(items.changes());
    let lines = file(files::STAFF).map(|bytes| files::staff(bytes, faults));
    staff(lines.unwrap_or_default(), current, keyring, faults, &mut changes, salt);
    let lines = file(files::CUSTOMERS).map(|bytes| files::customers(bytes, faults));
    customers(lines.unwrap_or_default(), current, faults, &mut changes);
    let lines = file(files::STOCK).map(|bytes| files::stock(bytes, faults));
    let known = Known { skus: &known_skus, locations: &locations };
    stock(lines.unwrap_or_default(), current, &known, faults, &mut changes);
    changes.sort_by_key(Change::rank);
    changes
}

fn settings(bytes: &[u8], faults: &mut Faults) -> Option<Settings> {
    let settings: Settings = match serde_json::from_slice(bytes) {
        Ok(settings) => settings,
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or_default();
            faults.at(files::SETTINGS, line, Wrong::new("", error));
            return None;
        }
    };
    let rules = [
        ("business", !settings.business.trim().is_empty(), "must not be empty"),
        ("jurisdiction", Jurisdiction::by_code(&settings.jurisdiction).is_ok(), "is not known"),
        ("cash_rounding_minor", settings.cash_rounding_minor.0 >= 1, "must be at least 1"),
        ("hsn_digits", settings.hsn_digits <= 8, "may be 8"),
        (
            "fiscal_year_start_month",
            (1..=12).contains(&settings.fiscal_year_start_month),
            "must be 1 to 12",
        ),
        ("offset_min", (-840..=840).contains(&settings.offset_min), "must be -840 to 840"),
        (
            "cashier_discount_max_ppm",
            (0..=1_000_000).contains(&settings.cashier_discount_max_ppm.0),
            "must be 0 to 1000000",
        ),
        ("over_short_limit_minor", settings.over_short_limit_minor.0 >= 0, "must not be negative"),
    ];
    let broken: Vec<_> = rules.into_iter().filter(|(_, kept, _)| !kept).collect();
    for (field, _, rule) in &broken {
        faults.at(files::SETTINGS, 0, Wrong::new(field, rule));
    }
    broken.is_empty().then_some(settings)
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
    lines: Vec<Line<LocationRow>>,
    current: &Current,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) -> HashSet<LocationId> {
    let lines = distinct(files::LOCATIONS, "location", lines, faults, |row| row.location.clone());
    let mut known: HashSet<LocationId> = current.locations.keys().cloned().collect();
    for Line { value: row, .. } in lines {
        known.insert(row.location.clone());
        if current.locations.get(&row.location) != Some(&row) {
            changes.push(Change::Location(row));
        }
    }
    known
}

fn taxes(
    lines: Vec<Line<RateLine>>,
    current: &Current,
    changes: &mut Vec<Change>,
) -> HashSet<String> {
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
    let mut known: HashSet<String> = current.taxes.keys().cloned().collect();
    for (class, row) in wanted {
        if current.taxes.get(&class) != Some(&row) {
            changes.push(Change::TaxClass(row));
        }
        known.insert(class);
    }
    known
}

/// Items as the files want them; those that the files do not name stay as they are.
struct Items<'a> {
    current: &'a Current,
    wanted: BTreeMap<Sku, ItemRow>,
}

impl Items<'_> {
    fn products(
        &mut self,
        lines: Vec<Line<ItemRow>>,
        classes: &HashSet<String>,
        faults: &mut Faults,
    ) {
        let lines = distinct(files::PRODUCTS, "sku", lines, faults, |item| item.sku.clone());
        let mut owners: HashMap<String, Sku> = HashMap::new();
        let named: HashSet<&Sku> = lines.iter().map(|line| &line.value.sku).collect();
        for item in self.current.items.values().filter(|item| !named.contains(&item.sku)) {
            owners.extend(item.barcodes.iter().map(|code| (code.clone(), item.sku.clone())));
        }
        for Line { no, value: mut item } in lines {
            if !classes.contains(&item.tax_class) {
                let message = format!("{:?} is no known tax class", item.tax_class);
                faults.at(files::PRODUCTS, no, Wrong::new("tax_class", message));
            }
            for code in &item.barcodes {
                if let Some(owner) = owners.insert(code.clone(), item.sku.clone()) {
                    let message = format!("{code} belongs to {owner}");
                    faults.at(files::PRODUCTS, no, Wrong::new("barcodes", message));
                }
            }
            if let Some(known) = self.current.items.get(&item.sku) {
                let stated = std::mem::replace(&mut item.prices, known.prices.clone());
                stated.into_iter().for_each(|price| set_price(&mut item, price));
            }
            self.wanted.insert(item.sku.clone(), item);
        }
    }

    fn prices(&mut self, lines: Vec<Line<PriceLine>>, faults: &mut Faults) {
        let key = |line: &PriceLine| (line.sku.clone(), line.price.from_ms);
        for Line { no, value } in distinct(files::PRICES, "from", lines, faults, key) {
            let PriceLine { sku, price } = value;
            let known = || self.current.items.get(&sku).cloned();
            let Some(item) = self.wanted.remove(&sku).or_else(known) else {
                faults.at(files::PRICES, no, Wrong::new("sku", format_args!("{sku} is unknown")));
                continue;
            };
            let mut item = item;
            set_price(&mut item, price);
            if item.prices.len() > PRICES_MAX {
                let message = format!("{sku} may have {PRICES_MAX} prices");
                faults.at(files::PRICES, no, Wrong::new("sku", message));
            }
            self.wanted.insert(sku, item);
        }
    }

    fn known(&self) -> HashSet<Sku> {
        self.current.items.keys().chain(self.wanted.keys()).cloned().collect()
    }

    fn changes(self) -> impl Iterator<Item = Change> {
        let current = self.current;
        self.wanted
            .into_values()
            .filter(|item| current.items.get(&item.sku) != Some(item))
            .map(|item| Change::Item(Box::new(item)))
    }
}

fn set_price(item: &mut ItemRow, price: daybook_domain::feed::DatedPrice) {
    match item.prices.binary_search_by_key(&price.from_ms, |known| known.from_ms) {
        Ok(place) => item.prices[place] = price,
        Err(place) => item.prices.insert(place, price),
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
        if let (None, Some(known)) = (id, known) {
            row.customer = *known;
        }
        row
    };
    let lines: Vec<Line<CustomerRow>> =
        lines.into_iter().map(|line| Line { no: line.no, value: found(line.value) }).collect();
    for Line { value: row, .. } in
        distinct(files::CUSTOMERS, "customer", lines, faults, |row| row.customer)
    {
        if current.customers.get(&row.customer) != Some(&row) {
            changes.push(Change::Customer(row));
        }
    }
}

struct Known<'a> {
    skus: &'a HashSet<Sku>,
    locations: &'a HashSet<LocationId>,
}

fn stock(
    lines: Vec<Line<StockLine>>,
    current: &Current,
    known: &Known<'_>,
    faults: &mut Faults,
    changes: &mut Vec<Change>,
) {
    let key = |line: &StockLine| (line.location.clone(), line.sku.clone());
    for Line { no, value } in distinct(files::STOCK, "sku", lines, faults, key) {
        if !known.skus.contains(&value.sku) {
            let message = format!("{} is unknown", value.sku);
            faults.at(files::STOCK, no, Wrong::new("sku", message));
        }
        if !known.locations.contains(&value.location) {
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
