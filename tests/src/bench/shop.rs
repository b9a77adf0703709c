//! A shop of any size, the same each time: names from a word list, codes with right check digits.

use super::error::BenchError;
use daybook_domain::amount::UnitPrice;
use daybook_domain::feed::{DatedPrice, ItemRow};
use daybook_store::clock::SystemClock;
use daybook_store::import;
use daybook_store::open::{Place, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Where the goods of the shop are.
pub const LOCATION: &str = "main";
/// Who sells there.
pub const CASHIER: &str = "asha";
/// And how they sign in.
pub const PIN: &str = "2580";

const SYLLABLES: [&str; 24] = [
    "ka", "mi", "ro", "tan", "vel", "shu", "bra", "no", "pur", "lin", "dha", "go", "zi", "mar",
    "esh", "fol", "qua", "ter", "wim", "jas", "hul", "ben", "cor", "ya",
];
const KINDS: [&str; 40] = [
    "Tea",
    "Coffee",
    "Basmati Rice",
    "Toor Dal",
    "Milk",
    "Butter",
    "Paneer",
    "Biscuits",
    "Chocolate",
    "Soap",
    "Shampoo",
    "Toothpaste",
    "Atta",
    "Sugar",
    "Salt",
    "Sunflower Oil",
    "Ghee",
    "Noodles",
    "Ketchup",
    "Pickle",
    "Honey",
    "Jam",
    "Cornflakes",
    "Oats",
    "Juice",
    "Water",
    "Soda",
    "Chips",
    "Popcorn",
    "Almonds",
    "Cashews",
    "Raisins",
    "Detergent",
    "Bleach",
    "Sponge",
    "Candle",
    "Battery",
    "Notebook",
    "Pencil",
    "Crème Caramel",
];
const MANNERS: [&str; 25] = [
    "Classic", "Organic", "Premium", "Fresh", "Royal", "Lite", "Double", "Masala", "Lemon",
    "Mango", "Mint", "Vanilla", "Spicy", "Smoked", "Golden", "Green", "Natural", "Instant",
    "Family", "Travel", "Baby", "Herbal", "Crunchy", "Soft", "Extra",
];
const SIZES: [&str; 8] = ["50 g", "100 g", "250 g", "500 g", "1 kg", "200 ml", "1 L", "Pack of 6"];

/// A number that looks random and is the same each time (splitmix64).
#[must_use]
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick<'a>(words: &[&'a str], seed: u64) -> &'a str {
    let len = u64::try_from(words.len()).unwrap_or(1);
    usize::try_from(seed % len).ok().and_then(|at| words.get(at).copied()).unwrap_or("")
}

/// SKU of a product by its number.
#[must_use]
pub fn sku(number: u64) -> String {
    format!("B{number:07}")
}

/// Name of a product: a brand of three syllables, which is rare, and words that are frequent.
#[must_use]
pub fn name(number: u64) -> String {
    let brand: String = (1..=3).map(|n| pick(&SYLLABLES, mix(number / 5 * 8 + n))).collect();
    let seed = |n: u64| mix(number * 8 + n);
    let (manner, kind) = (pick(&MANNERS, seed(4)), pick(&KINDS, seed(5)));
    let (head, tail) = brand.split_at(1);
    format!("{}{tail} {manner} {kind} {}", head.to_uppercase(), pick(&SIZES, seed(6)))
}

/// EAN-13 of a product.
#[must_use]
pub fn barcode(number: u64) -> String {
    let body = format!("890{:09}", number + 1);
    let digits = body.bytes().map(|byte| u32::from(byte - b'0'));
    let sum: u32 =
        digits.zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Whole rupees: 20 to 519.
#[must_use]
pub fn price(number: u64) -> i64 {
    i64::try_from(20 + mix(number) % 500).unwrap_or(20)
}

/// A product as the store's feed states it.
///
/// # Errors
/// Never: the SKU is a valid one.
pub fn item(number: u64) -> Result<ItemRow, BenchError> {
    let sku = sku(number).parse().map_err(|_| BenchError::Unexpected(sku(number)))?;
    Ok(ItemRow {
        sku,
        product: format!("P{:07}", number / 5),
        name: name(number),
        options: Vec::new(),
        category: "Grocery".to_owned(),
        uom: daybook_domain::amount::Uom::default(),
        sold_by_weight: false,
        hsn: Some("2106".to_owned()),
        tax_class: "gst-18".to_owned(),
        mrp_minor: None,
        barcodes: vec![format!("0{}", barcode(number))],
        prices: vec![DatedPrice {
            from_ms: 0,
            unit_price_micros: UnitPrice(price(number) * 1_000_000),
        }],
        archived: false,
    })
}

/// Writes the files of a shop with so many products, each with a level at each location.
///
/// # Errors
/// The folder cannot be written.
pub fn write_files(folder: &Path, products: u64, locations: &[&str]) -> Result<(), BenchError> {
    fs::create_dir_all(folder)?;
    let settings = serde_json::json!({
        "business": "Bench", "jurisdiction": "IN", "currency": "INR", "tax_inclusive": true,
        "cash_rounding_minor": 100, "hsn_digits": 4, "fiscal_year_start_month": 4, "offset_min": 330,
        "cashier_discount_max_ppm": 50_000, "over_short_limit_minor": 20_000,
        "terms": ["Goods once sold are exchanged within 7 days with this bill."],
    });
    fs::write(folder.join("settings.json"), settings.to_string())?;
    let mut places = "location,kind,name,address,gstin,state_code,phone\n".to_owned();
    for location in locations {
        places.push_str(location);
        places.push_str(
            ",shop,Bench Bazaar,1 Main Road|Bengaluru 560001,29AAZFM4821Q1Z5,29,+918000000101\n",
        );
    }
    fs::write(folder.join("locations.csv"), places)?;
    fs::write(folder.join("taxes.csv"), "class,from,rate_percent\ngst-18,2017-07-01,18\n")?;
    fs::write(
        folder.join("staff.csv"),
        format!("staff,name,role,pin,active\n{CASHIER},Asha Gowda,cashier,{PIN},true\n"),
    )?;
    let mut items = csv::Writer::from_path(folder.join("products.csv"))?;
    items.write_record(["sku", "name", "tax_class", "hsn", "barcodes", "price"])?;
    let mut levels = csv::Writer::from_path(folder.join("stock.csv"))?;
    levels.write_record(["sku", "location", "on_hand", "policy", "allotted"])?;
    for number in 0..products {
        let (sku, price) = (sku(number), price(number).to_string());
        let (name, code) = (name(number), barcode(number));
        items.write_record([sku.as_str(), &name, "gst-18", "2106", &code, &price])?;
        for location in locations {
            levels.write_record([sku.as_str(), location, "100000", "ring_fenced", "0"])?;
        }
    }
    items.flush()?;
    levels.flush()?;
    Ok(())
}

/// Opens a store in this process, with a shop of so many products at one location in it.
///
/// # Errors
/// The store refused.
pub fn open_store(
    data: &Path,
    database: Option<String>,
    products: u64,
) -> Result<Store, BenchError> {
    open_stores(data, database, products, &[LOCATION])
}

/// Opens a store in this process, with so many products at each location in it.
///
/// # Errors
/// The store refused.
pub fn open_stores(
    data: &Path,
    database: Option<String>,
    products: u64,
    locations: &[&str],
) -> Result<Store, BenchError> {
    let files = data.with_extension("files");
    write_files(&files, products, locations)?;
    let place = Place { data: data.to_owned(), database };
    let store = Store::open(&place, Arc::new(SystemClock))?;
    import::import(&store.gate, &store.keyring, &import::read_folder(&files)?, &mut |_| {})?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use daybook_domain::gtin::Gtin;

    #[test]
    fn generated_codes_have_their_check_digits_and_names_repeat() {
        assert!((0..2_000).all(|number| Gtin::parse(&barcode(number)).is_ok()));
        assert_eq!(name(17), name(17));
        assert_ne!(name(17), name(18));
    }
}
