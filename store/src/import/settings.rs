//! `settings.json`: the rules of the business, key by key.

mod change;

pub(super) use change::SettingsChange;

use super::fault::{Faults, Wrong};
use super::files::{NAME_MAX, SETTINGS};
use super::lines::LineCounter;
use daybook_domain::amount::Currency;
use daybook_domain::catalogue::is_hidden;
use daybook_domain::feed::Settings;
use daybook_domain::tax::{JURISDICTIONS, Jurisdiction, Levy};
use daybook_domain::upi::check_vpa;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Most terms, and characters of one.
const TERMS_MAX: usize = 20;
const TERM_MAX: usize = 300;
/// Most layouts of labels.
const LAYOUTS_MAX: usize = 20;
/// Coarsest rounding of cash, major units; of a currency whose smallest notes are larger, the second.
const CASH_ROUNDING_MAJOR_MAX: [i64; 2] = [10, 1_000];

/// Reads and checks the file. What is wrong goes to `faults`.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> Option<Settings> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let before = faults.count;
    let keys = match serde_json::from_slice(bytes) {
        Ok(Value::Object(keys)) => keys,
        Ok(_) => {
            faults.at(SETTINGS, 1, Wrong::new("", "must be one object: {\"business\": …}"));
            return None;
        }
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or_default();
            faults.at(SETTINGS, line, Wrong::new("", error));
            return None;
        }
    };
    let mut file = File { bytes, keys, faults };
    let settings = file.settings();
    for unknown in std::mem::take(&mut file.keys).keys() {
        file.fault(unknown, "no such setting");
    }
    let settings = settings?;
    file.check(&settings);
    (file.faults.count == before).then_some(settings)
}

struct File<'a> {
    bytes: &'a [u8],
    /// Those that were not taken yet.
    keys: Map<String, Value>,
    faults: &'a mut Faults,
}

impl File<'_> {
    fn settings(&mut self) -> Option<Settings> {
        // Each is taken before the first that is missing ends it, so that all faults are told at once.
        let business = self.required("business");
        let jurisdiction = self.required("jurisdiction");
        let currency = self.required("currency");
        let tax_inclusive = self.required("tax_inclusive");
        let cash_rounding_minor = self.required("cash_rounding_minor");
        let hsn_digits = self.required("hsn_digits");
        let fiscal_year_start_month = self.required("fiscal_year_start_month");
        let offset_min = self.required("offset_min");
        let cashier_discount_max_ppm = self.required("cashier_discount_max_ppm");
        let over_short_limit_minor = self.required("over_short_limit_minor");
        let terms = self.optional("terms");
        let upi_vpa = self.optional("upi_vpa");
        let label_layouts = self.optional("label_layouts");
        Some(Settings {
            business: business?,
            jurisdiction: jurisdiction?,
            currency: currency?,
            tax_inclusive: tax_inclusive?,
            cash_rounding_minor: cash_rounding_minor?,
            hsn_digits: hsn_digits?,
            fiscal_year_start_month: fiscal_year_start_month?,
            offset_min: offset_min?,
            cashier_discount_max_ppm: cashier_discount_max_ppm?,
            over_short_limit_minor: over_short_limit_minor?,
            terms: terms?,
            upi_vpa: upi_vpa?,
            label_layouts: label_layouts?,
        })
    }

    fn required<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if let Some(value) = self.keys.remove(key) {
            return self.value(key, value);
        }
        self.fault(key, "must be there");
        None
    }

    /// Absent and `null` are the same.
    fn optional<T: DeserializeOwned + Default>(&mut self, key: &str) -> Option<T> {
        match self.keys.remove(key) {
            None | Some(Value::Null) => Some(T::default()),
            Some(value) => self.value(key, value),
        }
    }

    fn value<T: DeserializeOwned>(&mut self, key: &str, value: Value) -> Option<T> {
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(key, &plain(&error.to_string()));
                None
            }
        }
    }

    fn check(&mut self, settings: &Settings) {
        let business = settings.business.trim();
        let fits = |text: &str, max| text.chars().count() <= max && !text.chars().any(is_hidden);
        let known = Jurisdiction::by_code(&settings.jurisdiction).is_ok();
        let codes: Vec<&str> = JURISDICTIONS.iter().map(|known| known.code).collect();
        let currency = settings.currency;
        let [usual, coarse] = CASH_ROUNDING_MAJOR_MAX;
        let major = if currency.has_small_unit() { coarse } else { usual };
        let rounding_max = major * 10_i64.pow(currency.exponent());
        let rounding = settings.cash_rounding_minor.0;
        let over_short = settings.over_short_limit_minor.0;
        let discount = settings.cashier_discount_max_ppm.0;
        let month = settings.fiscal_year_start_month;
        let vpa = settings.upi_vpa.as_deref().map_or(Ok(()), check_vpa);
        let terms_fit = settings.terms.len() <= TERMS_MAX
            && settings.terms.iter().all(|term| fits(term, TERM_MAX));
        let rules = [
            (
                "business",
                !business.is_empty() && fits(business, NAME_MAX),
                format!("must have 1 to {NAME_MAX} characters, none of control or direction"),
            ),
            ("jurisdiction", known, format!("must be one of {}", codes.join(", "))),
            ("currency", currency.is_known(), format!("{currency} is no currency in use")),
            (
                "cash_rounding_minor",
                (1..=rounding_max).contains(&rounding),
                format!("must be 1 to {rounding_max}"),
            ),
            (
                "hsn_digits",
                (0..=8).contains(&settings.hsn_digits),
                "must be 0 for none, or up to 8".to_owned(),
            ),
            ("fiscal_year_start_month", (1..=12).contains(&month), "must be 1 to 12".to_owned()),
            (
                "offset_min",
                (-840..=840).contains(&settings.offset_min),
                "must be -840 to 840".to_owned(),
            ),
            (
                "cashier_discount_max_ppm",
                (0..=1_000_000).contains(&discount),
                "must be 0 to 1000000".to_owned(),
            ),
            ("over_short_limit_minor", over_short >= 0, "must not be negative".to_owned()),
            (
                "terms",
                terms_fit,
                format!(
                    "may be {TERMS_MAX} of {TERM_MAX} characters, none of control or direction"
                ),
            ),
            ("upi_vpa", vpa.is_ok(), "must look like name@bank".to_owned()),
            (
                "label_layouts",
                settings.label_layouts.len() <= LAYOUTS_MAX,
                format!("may be {LAYOUTS_MAX}"),
            ),
        ];
        for (key, kept, rule) in rules {
            if !kept {
                self.fault(key, &rule);
            }
        }
    }

    fn fault(&mut self, key: &str, message: &str) {
        let line = line_of(self.bytes, key);
        self.faults.at(SETTINGS, line, Wrong::new(key, message));
    }
}

/// The line of a key; 0 where it does not stand there as it is.
fn line_of(bytes: &[u8], key: &str) -> u64 {
    let quoted = format!("\"{key}\"");
    let places = bytes.windows(quoted.len()).enumerate();
    let mut found = places.filter(|(_, part)| *part == quoted.as_bytes()).map(|(place, _)| place);
    // Not the same text as a value.
    let key = found.find(|place| {
        let after = &bytes[place + quoted.len()..];
        after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    });
    let offset = key.and_then(|place| u64::try_from(place).ok());
    offset.map_or(0, |offset| LineCounter::new(bytes).line_of(offset))
}

/// What of the rules of the business decides how the other files are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    /// Whether it is Indian GST.
    pub(super) gst: bool,
    pub(super) currency: Currency,
    pub(super) tax_inclusive: bool,
}

impl Law {
    /// Before there are any rules nothing is asked, and amounts are rupees.
    pub(super) fn of(settings: Option<&Settings>) -> Self {
        let gst = settings.is_some_and(is_gst);
        Self {
            gst,
            currency: settings.map_or(Currency::INR, |known| known.currency),
            tax_inclusive: settings.is_none_or(|known| known.tax_inclusive),
        }
    }
}

fn is_gst(settings: &Settings) -> bool {
    Jurisdiction::by_code(&settings.jurisdiction).is_ok_and(|known| known.levy == Levy::Gst)
}

/// Types by the names that people have for them.
fn plain(message: &str) -> String {
    let names = [
        ("expected i64", "expected a whole number"),
        ("expected i32", "expected a whole number"),
        ("expected u8", "expected a small whole number"),
        ("expected a boolean", "expected true or false"),
        ("expected a string", "expected a text"),
        ("expected a sequence", "expected a list"),
    ];
    names.iter().fold(message.to_owned(), |text, (name, plain)| text.replace(name, plain))
}
