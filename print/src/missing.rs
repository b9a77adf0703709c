//! What no font can show.

use crate::content;
use crate::fonts::{Fonts, Weight};
use crate::text::{is_joiner, shape};
use daybook_domain::document::{Document, Party};

/// Characters of a document that no built-in font has, each once, in the order of the document: they print as boxes.
#[must_use]
pub fn missing_glyphs(fonts: &Fonts, document: &Document) -> Vec<char> {
    let mut missing = Vec::new();
    for text in texts(document) {
        // Most documents are plain Latin.
        if text.is_ascii() {
            continue;
        }
        let line = shape(fonts, Weight::Regular, text);
        let boxes = line.glyphs.iter().filter(|glyph| glyph.id == 0);
        let sources = boxes.filter_map(|glyph| line.text.get(glyph.source.clone()));
        for character in sources.flat_map(str::chars).filter(|one| !is_joiner(*one)) {
            if !missing.contains(&character) {
                missing.push(character);
            }
        }
    }
    missing
}

/// Everything on a document that people wrote.
fn texts(document: &Document) -> Vec<&str> {
    let mut texts = Vec::new();
    for party in [Some(&document.seller), document.buyer.as_ref()].into_iter().flatten() {
        of_party(party, &mut texts);
    }
    texts.extend(document.place_of_supply.as_ref().map(|place| place.name.as_str()));
    texts.push(document.cashier.as_str());
    for line in &document.lines {
        texts.extend([line.name.as_str(), line.sku.as_str()]);
        texts.extend(line.options.as_deref());
    }
    texts.extend(document.tenders.iter().filter_map(|tender| tender.reference.as_deref()));
    texts.extend(content::components(document));
    let said = [&document.reason, &document.note, &document.gift_message];
    texts.extend(said.into_iter().filter_map(|text| text.as_deref()));
    texts.extend(document.terms.iter().map(String::as_str));
    texts
}

fn of_party<'a>(party: &'a Party, texts: &mut Vec<&'a str>) {
    texts.push(&party.name);
    texts.extend(party.address.iter().map(String::as_str));
    texts.extend(party.state.as_ref().map(|state| state.name.as_str()));
    let optional = [&party.tax_id, &party.phone, &party.email];
    texts.extend(optional.into_iter().filter_map(|text| text.as_deref()));
}
