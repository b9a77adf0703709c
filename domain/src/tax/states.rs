//! The State codes of GST: the first two digits of a GSTIN, and places of supply.

use crate::document::Place;

/// How a State's own part of the tax is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// State, or Union Territory with a legislature: SGST.
    State,
    /// Union Territory without a legislature: UTGST.
    UnionTerritory,
    /// No place inside India: always IGST.
    Outside,
}

/// A State or Union Territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Two digits.
    pub code: &'static str,
    /// Official name.
    pub name: &'static str,
    /// Whose tax goes beside CGST.
    pub kind: StateKind,
}

impl State {
    /// As it stands on a document.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { code: self.code.to_owned(), name: self.name.to_owned() }
    }
}

/// The State of a code.
///
/// ```
/// assert_eq!(daybook_domain::tax::states::by_code("29").unwrap().name, "Karnataka");
/// ```
#[must_use]
pub fn by_code(code: &str) -> Option<&'static State> {
    STATES.iter().find(|state| state.code == code)
}

const fn state(code: &'static str, name: &'static str) -> State {
    State { code, name, kind: StateKind::State }
}

const fn territory(code: &'static str, name: &'static str) -> State {
    State { code, name, kind: StateKind::UnionTerritory }
}

const fn outside(code: &'static str, name: &'static str) -> State {
    State { code, name, kind: StateKind::Outside }
}

/// All codes, former ones included: old registrations and documents still carry them.
pub const STATES: [State; 41] = [
    state("01", "Jammu & Kashmir"),
    state("02", "Himachal Pradesh"),
    state("03", "Punjab"),
    territory("04", "Chandigarh"),
    state("05", "Uttarakhand"),
    state("06", "Haryana"),
    state("07", "Delhi"),
    state("08", "Rajasthan"),
    state("09", "Uttar Pradesh"),
    state("10", "Bihar"),
    state("11", "Sikkim"),
    state("12", "Arunachal Pradesh"),
    state("13", "Nagaland"),
    state("14", "Manipur"),
    state("15", "Mizoram"),
    state("16", "Tripura"),
    state("17", "Meghalaya"),
    state("18", "Assam"),
    state("19", "West Bengal"),
    state("20", "Jharkhand"),
    state("21", "Odisha"),
    state("22", "Chhattisgarh"),
    state("23", "Madhya Pradesh"),
    state("24", "Gujarat"),
    // Until 26 January 2020, then part of 26.
    territory("25", "Daman & Diu"),
    territory("26", "Dadra & Nagar Haveli and Daman & Diu"),
    state("27", "Maharashtra"),
    state("28", "Andhra Pradesh (before division)"),
    state("29", "Karnataka"),
    state("30", "Goa"),
    territory("31", "Lakshadweep"),
    state("32", "Kerala"),
    state("33", "Tamil Nadu"),
    state("34", "Puducherry"),
    territory("35", "Andaman & Nicobar"),
    state("36", "Telangana"),
    state("37", "Andhra Pradesh"),
    territory("38", "Ladakh"),
    outside("96", "Foreign Country"),
    territory("97", "Other Territory"),
    outside("99", "Centre Jurisdiction"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(STATES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn union_territories_without_legislature_are_exactly_these() {
        let codes: Vec<&str> = STATES
            .iter()
            .filter(|state| state.kind == StateKind::UnionTerritory)
            .map(|state| state.code)
            .collect();
        assert_eq!(codes, ["04", "25", "26", "31", "35", "38", "97"]);
    }
}
