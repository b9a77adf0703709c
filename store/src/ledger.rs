//! What stands in a till's ledger: the journal of its incarnation, and those that it carried on from.

use crate::args;
use crate::db::{DbError, Tx};
use daybook_domain::entry::{Envelope, Fact, JournalHead};
use daybook_domain::ids::TillId;
use daybook_domain::reconcile::{Extent, Ledger};

/// What stood in the ledger at an entry. `previous` tells the head that an incarnation named as the one before it.
///
/// # Errors
/// [`DbError`].
pub(crate) fn ledger(
    tx: &mut Tx<'_>,
    till: TillId,
    incarnation: u32,
    seq: i64,
    mut previous: impl FnMut(&mut Tx<'_>, u32) -> Result<Option<JournalHead>, DbError>,
) -> Result<Ledger, DbError> {
    let mut extents = vec![Extent { incarnation, branch: 0, through: seq }];
    let mut at = incarnation;
    while let Some(head) = previous(tx, at)? {
        if head.incarnation >= at {
            break;
        }
        extents.extend(extents_of(tx, till, &head)?);
        at = head.incarnation;
    }
    Ok(Ledger(extents))
}

/// The head that an incarnation named as its previous one when it started.
///
/// # Errors
/// [`DbError`].
pub(crate) fn previous(
    tx: &mut Tx<'_>,
    till: TillId,
    incarnation: u32,
) -> Result<Option<JournalHead>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT bytes FROM journal_entry
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq = 1",
        args![tenant, till, incarnation],
    )?;
    let Some(row) = row else { return Ok(None) };
    let started = Envelope::parse(row.bytes(0)?).and_then(|envelope| envelope.fact());
    Ok(match started {
        Ok(Fact::IncarnationStarted(started)) if started.incarnation == incarnation => {
            started.previous
        }
        Ok(_) | Err(_) => None,
    })
}

/// Where an earlier head lies: on the trunk, or on a branch that leaves it.
fn extents_of(tx: &mut Tx<'_>, till: TillId, head: &JournalHead) -> Result<Vec<Extent>, DbError> {
    let trunk = |through| Extent { incarnation: head.incarnation, branch: 0, through };
    let Ok(hash) = hex::decode(&head.hash) else { return Ok(vec![trunk(head.seq)]) };
    let tenant = tx.tenant();
    let branch = tx.query_opt(
        "SELECT b.branch_no, b.from_seq FROM journal_branch_entry e
         JOIN journal_branch b ON b.tenant_id = e.tenant_id AND b.till_id = e.till_id
              AND b.incarnation = e.incarnation AND b.branch_no = e.branch_no
         WHERE e.tenant_id = $1 AND e.till_id = $2 AND e.incarnation = $3 AND e.seq = $4 AND e.hash = $5",
        args![tenant, till, head.incarnation, head.seq, hash],
    )?;
    Ok(match branch {
        None => vec![trunk(head.seq)],
        Some(row) => vec![
            trunk(row.int(1)? - 1),
            Extent { incarnation: head.incarnation, branch: row.u32(0)?, through: head.seq },
        ],
    })
}
