//! From figures to a numbered document, inside the write gate.

use crate::catalogue;
use crate::error::TillError;
use crate::ledger::gate::Gate;
use crate::ledger::query;
use crate::printing::queue;
use crate::staff::Who;
use daybook_domain::document::{
    Document, DocumentKind, DocumentLine, OriginalRef, Party, Place, TaxRow, Tender, Totals,
};
use daybook_domain::feed::{LocationRow, Settings};
use daybook_domain::figures::{self, FigureError};
use daybook_domain::ids::{CustomerId, DocumentId, LocationId};
use daybook_domain::number::{FiscalYear, Series};
use rusqlite::Connection;

/// The shop as documents need it.
pub(crate) struct Shop {
    pub(crate) settings: Settings,
    pub(crate) location: LocationRow,
}

impl Shop {
    pub(crate) fn load(gate: &Gate<'_>) -> Result<Self, TillError> {
        Self::read(gate.conn(), &gate.identity().location)
    }

    pub(crate) fn read(conn: &Connection, location: &LocationId) -> Result<Self, TillError> {
        Ok(Self {
            settings: catalogue::settings(conn)?,
            location: catalogue::location(conn, location)?,
        })
    }
}

/// What a document says beside its figures.
pub(crate) struct Paper {
    pub(crate) id: DocumentId,
    pub(crate) kind: DocumentKind,
    pub(crate) lines: Vec<DocumentLine>,
    pub(crate) tax_table: Vec<TaxRow>,
    pub(crate) totals: Totals,
    pub(crate) tenders: Vec<Tender>,
    pub(crate) original: Option<OriginalRef>,
    pub(crate) reason: Option<String>,
    pub(crate) buyer: Option<Party>,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) place_of_supply: Option<Place>,
    pub(crate) note: Option<String>,
    pub(crate) gift_message: Option<String>,
}

/// Gives a document its number and the words of the shop, checks that its figures follow from one another, and queues its
/// paper where every sale is printed.
pub(crate) fn issue(
    gate: &Gate<'_>,
    shop: &Shop,
    who: &Who,
    paper: Paper,
) -> Result<Document, TillError> {
    let identity = gate.identity();
    let shift = gate.shift()?;
    let settings = &shop.settings;
    let refused = |error: daybook_domain::number::NumberError| {
        TillError::refused(error.code(), error.to_string())
    };
    let year = FiscalYear::of(&shift.day, settings.fiscal_year_start_month).map_err(refused)?;
    let tag = &gate.live().series_tag;
    let series =
        Series::new(&identity.code, tag, paper.kind, &year, identity.training).map_err(refused)?;
    let counter = query::last_number(gate.conn(), series.as_str())? + 1;
    let document = Document {
        id: paper.id,
        kind: paper.kind,
        number: series.number(counter).map_err(refused)?,
        series: series.as_str().to_owned(),
        issued_at_ms: who.at_ms(),
        offset_min: settings.offset_min,
        day: shift.day.clone(),
        fiscal_year: shift.fiscal_year.clone(),
        till: Some(identity.till),
        till_code: Some(identity.code.clone()),
        location: identity.location.clone(),
        cashier: who.actor.name.clone(),
        currency: settings.currency,
        jurisdiction: settings.jurisdiction.clone(),
        tax_inclusive: settings.tax_inclusive,
        seller: shop.location.seller.clone(),
        buyer: paper.buyer,
        customer: paper.customer,
        place_of_supply: paper.place_of_supply,
        reverse_charge: false,
        original: paper.original,
        reason: paper.reason,
        lines: paper.lines,
        tax_table: paper.tax_table,
        totals: paper.totals,
        tenders: paper.tenders,
        note: paper.note,
        gift_message: paper.gift_message,
        terms: settings.terms.clone(),
        upi_vpa: settings.upi_vpa.clone(),
        training: identity.training,
    };
    figures::verify(&document).map_err(|error| match error {
        FigureError::OutOfRange(_) => TillError::refused(error.code(), error.to_string()),
        FigureError::Line { .. } | FigureError::Sum { .. } => {
            TillError::corrupt("document", &document.number, error)
        }
    })?;
    if who.data_at_ms.is_none() {
        queue::put_original(gate.conn(), document.id, &document.number, who.at_ms())?;
    }
    Ok(document)
}
