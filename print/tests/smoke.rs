//! The first promises of every print.

mod common;

use daybook_print::{Fonts, Options, render_a4, render_receipt};

#[test]
fn same_document_gives_same_bytes() {
    let (first, second) = (Fonts::load().unwrap(), Fonts::load().unwrap());
    for (name, document) in common::all() {
        let options = Options::default();
        let a4 = render_a4(&first, &document, &options).unwrap();
        assert_eq!(a4, render_a4(&second, &document, &options).unwrap(), "{name} on A4");
        let receipt = render_receipt(&first, &document, &options).unwrap();
        assert_eq!(receipt, render_receipt(&second, &document, &options).unwrap(), "{name}");
    }
}
