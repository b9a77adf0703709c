//! Customers entered at a till, and what a till stated of its own view.

use super::{Placed, Unapplied};
use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::Dirty;
use daybook_domain::entry::{CustomerCreated, Fact, Statement};
use serde::Deserialize;

/// Personal data of a customer as a till writes them beside the entry.
#[derive(Debug, Default, Deserialize)]
struct Personal {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    tax_id: Option<String>,
}

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        if let Fact::CustomerCreated(created) = placed.fact {
            customer(tx, placed, created)?;
        } else if let Fact::Statement(said) = placed.fact {
            statement(tx, placed, said)?;
        }
    }
    Ok(())
}

/// A customer known by the same id already stays as it is: the first entry made it.
fn customer(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    created: &CustomerCreated,
) -> Result<(), Unapplied> {
    // Without a sidecar the personal data were erased before the entry came; the id stays known.
    let personal: Personal = match placed.sidecar {
        Some(sidecar) => daybook_json::from_str(sidecar)
            .map_err(|misread| Unapplied::new("entry.sidecar", misread.within("sidecar")))?,
        None => Personal::default(),
    };
    let tenant = tx.tenant();
    let erased_at_ms = placed.sidecar.is_none().then(|| tx.now_ms());
    tx.execute(
        "INSERT INTO customer (tenant_id, customer_id, name, phone, email, tax_id, created_at_ms, erased_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, customer_id) DO NOTHING",
        args![
            tenant,
            created.customer,
            personal.name.unwrap_or_default(),
            personal.phone,
            personal.email,
            personal.tax_id,
            placed.meta.at_ms,
            erased_at_ms
        ],
    )?;
    tx.touch(Dirty::Customer(created.customer));
    Ok(())
}

/// Personal data that come after their entry: of a customer that nobody erased and whose name is not known.
///
/// # Errors
/// [`DbError`].
pub(crate) fn name(
    tx: &mut Tx<'_>,
    created: &CustomerCreated,
    sidecar: &str,
) -> Result<(), DbError> {
    let Ok(personal) = daybook_json::from_str::<Personal>(sidecar) else { return Ok(()) };
    let tenant = tx.tenant();
    let named = tx.execute(
        "UPDATE customer SET name = $3, phone = $4, email = $5, tax_id = $6, erased_at_ms = NULL
         WHERE tenant_id = $1 AND customer_id = $2 AND erased_at_ms IS NOT NULL AND erased_by IS NULL",
        args![
            tenant,
            created.customer,
            personal.name.unwrap_or_default(),
            personal.phone,
            personal.email,
            personal.tax_id
        ],
    )?;
    if named == 1 {
        tx.touch(Dirty::Customer(created.customer));
    }
    Ok(())
}

/// The lines stay in the entry's bytes, where reconciliation reads them.
fn statement(tx: &mut Tx<'_>, placed: &Placed<'_>, said: &Statement) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let written = tx.execute(
        "INSERT INTO statement (tenant_id, statement_id, part, parts, till_id, incarnation, seq, location_id, epoch, feed,
             head_incarnation, head_seq, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (tenant_id, statement_id, part) DO NOTHING",
        args![
            tenant,
            said.statement,
            said.part,
            said.parts,
            placed.till,
            placed.incarnation,
            placed.seq,
            said.location,
            said.epoch,
            said.feed,
            said.head.incarnation,
            said.head.seq,
            placed.meta.at_ms
        ],
    )?;
    if written == 0 {
        let (part, statement) = (said.part, said.statement);
        let detail = format!("body.part: part {part} of statement {statement} came before");
        return Err(Unapplied::new("statement.part_twice", detail));
    }
    Ok(())
}
