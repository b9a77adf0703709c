//! What people say beside the goods: notes, reasons, who buys. The same limits whatever the way in.

use crate::error::TillError;
use daybook_domain::basket::REASON_MAX;
use daybook_domain::catalogue::NAME_MAX;
use daybook_domain::document::Party;
use daybook_domain::gstin;
use daybook_domain::tax::states;

/// Longest note and gift message, characters.
pub const NOTE_CHARS_MAX: usize = 200;
/// Longest label of a parked basket, characters.
pub const LABEL_CHARS_MAX: usize = 60;
/// Most lines of a buyer's address.
pub const ADDRESS_LINES_MAX: usize = 6;
/// Longest tax registration, characters.
pub const TAX_ID_CHARS_MAX: usize = 20;

/// A text that people read: trimmed, nothing where it is empty.
///
/// # Errors
/// [`TillError::BadInput`] for more than `max` characters, or one of control.
pub(crate) fn text(
    field: &str,
    given: Option<&str>,
    max: usize,
) -> Result<Option<String>, TillError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    if given.is_some_and(|text| text.chars().count() > max || text.chars().any(char::is_control)) {
        let message = format!("may have {max} characters, none of control");
        return Err(TillError::bad(field, message));
    }
    Ok(given.map(str::to_owned))
}

/// A text that must be there.
fn must(field: &str, given: &str, max: usize) -> Result<String, TillError> {
    text(field, Some(given), max)?.ok_or_else(|| TillError::bad(field, "must be given"))
}

/// Why something is done, where it must be said.
///
/// # Errors
/// [`TillError::BadInput`].
pub(crate) fn reason(given: &str) -> Result<String, TillError> {
    must("reason", given, REASON_MAX)
}

/// Who stands on an invoice as the buyer, as it was said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buyer<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: &'a [String],
    pub(crate) tax_id: Option<&'a str>,
    pub(crate) state_code: Option<&'a str>,
}

/// The buyer as printed. In India a GSTIN says the State.
///
/// # Errors
/// Refused as `gstin.…`; [`TillError::BadInput`] names the field.
pub(crate) fn party(buyer: &Buyer<'_>, jurisdiction: &str) -> Result<Party, TillError> {
    let name = must("name", buyer.name, NAME_MAX)?;
    let tax_id = text("tax_id", buyer.tax_id, TAX_ID_CHARS_MAX)?.map(|id| id.to_uppercase());
    let mut state =
        match buyer.state_code {
            Some(code) => Some(states::by_code(code).ok_or_else(|| {
                TillError::bad("state_code", format!("{code:?} is no State code"))
            })?),
            None => None,
        };
    if let (Some(id), "IN") = (&tax_id, jurisdiction) {
        let registered = gstin::check(id)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?
            .state;
        if let Some(said) = state.filter(|said| said.code != registered.code) {
            let (said, of) = (said.code, registered.code);
            let message = format!("{said} is not the State of the GSTIN, which is {of}");
            return Err(TillError::bad("state_code", message));
        }
        state = Some(registered);
    }
    let address = buyer.address.iter().map(|line| text("address", Some(line), NAME_MAX));
    let address = address.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    let state = state.map(states::State::place);
    let party = Party { name, address, tax_id, state, phone: None, email: None };
    check_party(&party)?;
    Ok(party)
}

/// Refuses a buyer who would not fit the paper.
///
/// # Errors
/// [`TillError::BadInput`] names the field.
pub(crate) fn check_party(party: &Party) -> Result<(), TillError> {
    must("name", &party.name, NAME_MAX)?;
    if party.address.len() > ADDRESS_LINES_MAX {
        return Err(TillError::bad("address", format!("may have {ADDRESS_LINES_MAX} lines")));
    }
    for line in &party.address {
        text("address", Some(line), NAME_MAX)?;
    }
    text("tax_id", party.tax_id.as_deref(), TAX_ID_CHARS_MAX)?;
    text("phone", party.phone.as_deref(), NAME_MAX)?;
    text("email", party.email.as_deref(), NAME_MAX)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buyer<'a>(tax_id: Option<&'a str>, state_code: Option<&'a str>) -> Buyer<'a> {
        Buyer { name: "Himachal Stores", address: &[], tax_id, state_code }
    }

    fn refused(buyer: &Buyer<'_>, jurisdiction: &str) -> String {
        party(buyer, jurisdiction).unwrap_err().to_string()
    }

    #[test]
    fn a_gstin_is_checked_and_says_the_state() {
        let good = party(&buyer(Some("27aapfu0939f1zv"), None), "IN").unwrap();
        assert_eq!(good.tax_id.as_deref(), Some("27AAPFU0939F1ZV"));
        assert_eq!(good.state.unwrap().code, "27");
        assert!(party(&buyer(Some("27AAPFU0939F1ZV"), Some("27")), "IN").is_ok());
        let other = refused(&buyer(Some("27AAPFU0939F1ZV"), Some("04")), "IN");
        assert_eq!(other, "state_code: 04 is not the State of the GSTIN, which is 27");
        let wrong = party(&buyer(Some("27AAPFU0939F1ZW"), None), "IN").unwrap_err();
        assert_eq!(wrong.code(), "gstin.check_character");
        assert!(party(&buyer(Some("DE136695976"), None), "EU").is_ok());
    }

    #[test]
    fn a_buyer_has_a_name_and_fits_the_paper() {
        let named = |name| Buyer { name, ..buyer(None, None) };
        assert_eq!(refused(&named(" "), "IN"), "name: must be given");
        let long = "x".repeat(NAME_MAX + 1);
        assert!(refused(&named(&long), "IN").starts_with("name: may have"));
        assert!(refused(&named("a\u{7}b"), "IN").starts_with("name: may have"));
        let lines = vec!["Street".to_owned(); ADDRESS_LINES_MAX + 1];
        let many = Buyer { address: &lines, ..buyer(None, None) };
        assert_eq!(refused(&many, "IN"), "address: may have 6 lines");
    }
}
