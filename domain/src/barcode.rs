//! What a scan says beyond a product's number: in-store labels with a price or weight, GS1 element strings.
//!
//! ```
//! use daybook_domain::barcode::{Embedded, Layout};
//! let layout = Layout::new("21IIIIIPPPPPC").unwrap();
//! let label = layout.read("2101234007501").unwrap().unwrap();
//! assert_eq!(label.item, "01234");
//! assert_eq!(label.embedded, Embedded::PriceMinor(750));
//! ```

mod embedded;
mod gs1;

pub use embedded::{Embedded, Label, Layout, LayoutError, ReadError, price_verifier};
pub use gs1::{ElementError, Elements, SEPARATOR, elements};
