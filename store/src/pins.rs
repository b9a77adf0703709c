//! Hashes of PINs at rest. Four digits are found in a copied database by trying them all, whatever the hash: so the hash
//! itself is sealed with the key that lies outside, in the tables as in the feed, and opened only for who may have it.

use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::Dirty;
use crate::keyring::Keyring;
use daybook_domain::feed::StaffRow;
use daybook_domain::ids::StaffId;

/// How a hash begins that is not sealed: a PHC string. A sealed one is hexadecimal.
const PLAIN: &str = "$%";

/// Bound to its person: a sealed hash that is moved to another's row does not open.
fn purpose(staff: &StaffId) -> String {
    format!("staff.pin-hash/{staff}")
}

/// The person as it is written.
#[must_use]
pub fn seal(keyring: &Keyring, mut row: StaffRow) -> StaffRow {
    row.pin_hash = hex::encode(keyring.seal(&purpose(&row.staff), row.pin_hash.as_bytes()));
    row
}

/// The person as a till gets it.
///
/// # Errors
/// Corrupt, where the hash was sealed with another key or for another person.
pub fn unseal(keyring: &Keyring, mut row: StaffRow) -> Result<StaffRow, DbError> {
    let opened = hex::decode(&row.pin_hash)
        .ok()
        .and_then(|sealed| keyring.unseal(&purpose(&row.staff), &sealed).ok())
        .and_then(|hash| String::from_utf8(hash).ok());
    row.pin_hash = opened.ok_or_else(|| DbError::corrupt("staff", &row.staff))?;
    Ok(row)
}

/// Seals what stands unsealed in data of an earlier version, and says how many there were.
///
/// # Errors
/// [`DbError`].
pub fn seal_all(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<usize, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT staff_id, pin_hash FROM staff WHERE tenant_id = $1 AND pin_hash LIKE $2",
        args![tenant, *PLAIN],
    )?;
    for row in &rows {
        let staff: StaffId = row.parsed(0, "staff")?;
        let sealed = hex::encode(keyring.seal(&purpose(&staff), row.text(1)?.as_bytes()));
        tx.execute(
            "UPDATE staff SET pin_hash = $3 WHERE tenant_id = $1 AND staff_id = $2",
            args![tenant, staff, sealed],
        )?;
        tx.touch(Dirty::Staff(staff));
    }
    Ok(rows.len())
}
