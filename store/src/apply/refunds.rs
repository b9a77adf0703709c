//! What only shows when the documents of all tills are side by side: numbers printed twice, more given back than was
//! bought.

use super::{Placed, Unapplied, sales::sale_of};
use crate::args;
use crate::db::{Lookup, Tx};
use crate::exceptions::{Raised, raise};
use daybook_domain::document::Document;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const BY_NUMBER: Lookup = Lookup {
    table: "document",
    by: &["tenant_id", "number"],
    columns: &["number", "kind", "fiscal_year"],
};

const BY_ORIGINAL: Lookup =
    Lookup { table: "document", by: &["tenant_id", "original_id"], columns: &["original_id"] };

pub(super) fn check(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let documents: Vec<&Document> = facts
        .iter()
        .filter_map(|placed| sale_of(placed.fact))
        .map(|(_, sale)| &sale.document)
        .collect();
    printed_twice(tx, &documents)?;
    // A refund may come before the sale it refers to: both are asked about.
    let mut originals: BTreeSet<Uuid> = refunded(tx, &documents)?;
    originals
        .extend(documents.iter().filter_map(|document| Some(document.original.as_ref()?.id?.0)));
    for original in originals {
        refunded_above_bought(tx, original)?;
    }
    Ok(())
}

fn printed_twice(tx: &mut Tx<'_>, documents: &[&Document]) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let numbers: BTreeSet<&str> =
        documents.iter().map(|document| document.number.as_str()).collect();
    let keys: Vec<_> = numbers.iter().map(|number| args![tenant, *number].to_vec()).collect();
    let found = tx.find(&BY_NUMBER, &keys)?;
    let mut printed: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for row in &found {
        *printed.entry((row.text(2)?, row.text(1)?, row.text(0)?)).or_default() += 1;
    }
    for ((year, kind, number), times) in printed.into_iter().filter(|(_, times)| *times > 1) {
        let raised = Raised {
            kind: "document.number_twice",
            subject: format!("number/{year}/{kind}/{number}"),
            detail: format!("{kind} {number} of {year} was printed {times} times"),
            ..Raised::default()
        };
        raise(tx, &raised)?;
    }
    Ok(())
}

/// Which of these documents another one corrects.
fn refunded(tx: &mut Tx<'_>, documents: &[&Document]) -> Result<BTreeSet<Uuid>, Unapplied> {
    let tenant = tx.tenant();
    let ids: BTreeSet<Uuid> = documents.iter().map(|document| document.id.0).collect();
    let keys: Vec<_> = ids.iter().map(|id| args![tenant, *id].to_vec()).collect();
    let rows = tx.find(&BY_ORIGINAL, &keys)?;
    Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
}

/// On a credit note quantities are positive, on a returned line of an exchange negative: what came back is their
/// absolute value either way.
fn refunded_above_bought(tx: &mut Tx<'_>, original: Uuid) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT o.number, l.line_no, l.quantity_milli, CAST(sum(abs(r.quantity_milli)) AS BIGINT)
         FROM document o
         JOIN document_line l ON l.tenant_id = o.tenant_id AND l.document_id = o.document_id
         JOIN document d ON d.tenant_id = o.tenant_id AND d.original_id = o.document_id AND d.training = 0
         JOIN document_line r ON r.tenant_id = d.tenant_id AND r.document_id = d.document_id
              AND r.original_line = l.line_no
         WHERE o.tenant_id = $1 AND o.document_id = $2
         GROUP BY o.number, l.line_no, l.quantity_milli
         HAVING sum(abs(r.quantity_milli)) > abs(l.quantity_milli)",
        args![tenant, original],
    )?;
    for row in rows {
        let raised = Raised {
            kind: "refund.exceeds_bought",
            subject: format!("document/{original}/{}", row.int(1)?),
            document: Some(original),
            detail: format!(
                "line {} of {}: {} thousandths bought, {} given back",
                row.int(1)?,
                row.text(0)?,
                row.int(2)?,
                row.int(3)?
            ),
            ..Raised::default()
        };
        raise(tx, &raised)?;
    }
    Ok(())
}
