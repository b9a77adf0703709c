//! What only shows when the documents of all tills are side by side: numbers printed twice, more given back than was
//! bought.

use super::{Placed, Unapplied, sales::sale_of};
use crate::args;
use crate::db::{Arg, Tx};
use crate::exceptions::{Raised, raise};
use daybook_domain::document::Document;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Documents looked up by one statement.
const CHUNK: usize = 64;

pub(super) fn check(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let documents: Vec<&Document> = facts
        .iter()
        .filter_map(|placed| sale_of(placed.fact))
        .map(|(_, sale)| &sale.document)
        .collect();
    for chunk in documents.chunks(CHUNK) {
        printed_twice(tx, chunk)?;
        // A refund may come before the sale it refers to: both are asked about.
        let mut originals: BTreeSet<Uuid> = refunded(tx, chunk)?;
        originals
            .extend(chunk.iter().filter_map(|document| Some(document.original.as_ref()?.id?.0)));
        for original in originals {
            refunded_above_bought(tx, original)?;
        }
    }
    Ok(())
}

fn slots(first: usize) -> String {
    let slots: Vec<String> = (first..first + CHUNK).map(|n| format!("${n}")).collect();
    slots.join(", ")
}

fn printed_twice(tx: &mut Tx<'_>, chunk: &[&Document]) -> Result<(), Unapplied> {
    let mut args: Vec<Arg<'_>> = vec![Arg::Int(tx.tenant())];
    args.extend(chunk.iter().map(|document| Arg::Text(&document.number)));
    args.resize(CHUNK + 1, Arg::Null);
    let sql = format!(
        "SELECT number, kind, fiscal_year, count(*) FROM document WHERE tenant_id = $1 AND number IN ({})
         GROUP BY number, kind, fiscal_year HAVING count(*) > 1",
        slots(2)
    );
    for row in tx.query(&sql, &args)? {
        let (number, kind, year, times) = (row.text(0)?, row.text(1)?, row.text(2)?, row.int(3)?);
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
fn refunded(tx: &mut Tx<'_>, chunk: &[&Document]) -> Result<BTreeSet<Uuid>, Unapplied> {
    let mut args: Vec<Arg<'_>> = vec![Arg::Int(tx.tenant())];
    args.extend(chunk.iter().map(|document| Arg::Uuid(document.id.0)));
    args.resize(CHUNK + 1, Arg::Null);
    let sql = format!(
        "SELECT DISTINCT original_id FROM document WHERE tenant_id = $1 AND original_id IN ({})",
        slots(2)
    );
    let rows = tx.query(&sql, &args)?;
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
