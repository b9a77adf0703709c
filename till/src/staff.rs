//! People at the till: sign-in by PIN with lock-out, and approval as part of an act.

use crate::error::TillError;
use crate::feed;
use crate::ledger::keys::Keys;
use crate::ledger::{Act, Ledger, Topics, state};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use daybook_domain::clock::Moment;
use daybook_domain::entry::{Fact, SignIn};
use daybook_domain::feed::{Role, Settings, StaffRow};
use daybook_domain::ids::StaffId;
use daybook_domain::staff::{Action, ApprovalError, Limits, Person, approve, locked_for_ms};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A person whose PIN was right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub staff: StaffId,
    /// Name as printed.
    pub name: String,
    /// Role.
    pub role: Role,
}

/// Who acts, who approves, when.
#[derive(Debug, Clone)]
pub struct Who {
    /// The machine's clocks.
    pub moment: Moment,
    /// Time of the record, where it is imported.
    pub data_at_ms: Option<i64>,
    /// Who acts.
    pub actor: SignedIn,
    /// Who approves, if someone does.
    pub approver: Option<SignedIn>,
}

impl Who {
    /// The act of this person, without an approver's name: that is put on where approval was needed.
    #[must_use]
    pub fn act(&self) -> Act {
        Act {
            moment: self.moment,
            data_at_ms: self.data_at_ms,
            staff: Some(self.actor.staff.clone()),
            approver: None,
        }
    }

    /// When it happened, UTC milliseconds.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        self.data_at_ms.unwrap_or(self.moment.at_ms)
    }

    /// Whose approval belongs into the entry; none where none was needed.
    ///
    /// # Errors
    /// Refused as `approval.…`.
    pub fn allow(&self, action: Action, settings: &Settings) -> Result<Option<StaffId>, TillError> {
        let person = |signed: &'_ SignedIn| (signed.staff.clone(), signed.role);
        let (actor, role) = person(&self.actor);
        let actor = Person { staff: &actor, role, active: true };
        let approver = self.approver.as_ref().map(person);
        let approver =
            approver.as_ref().map(|(staff, role)| Person { staff, role: *role, active: true });
        approve(action, actor, approver, &Limits::from(settings))
            .map(Option::<&StaffId>::cloned)
            .map_err(|error| {
                let refused = TillError::refused(error.code(), error.to_string());
                match error {
                    ApprovalError::Missing { needed }
                    | ApprovalError::ApproverLacksRight { needed } => {
                        refused.with("role", needed.name())
                    }
                    ApprovalError::ActorInactive
                    | ApprovalError::OwnAct
                    | ApprovalError::ApproverInactive => refused,
                }
            })
    }
}

/// Wrong PINs one after the other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Failures {
    count: u32,
    at_ms: i64,
    mono_ms: i64,
    boot: Uuid,
}

impl Failures {
    fn one_more(before: Option<Self>, moment: Moment) -> Self {
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        Self { count, at_ms: moment.at_ms, mono_ms: moment.mono_ms, boot: moment.boot }
    }

    /// Refuses to try another PIN before the wait for the wrong ones is over.
    fn ensure_over(before: Option<Self>, moment: Moment, staff: &StaffId) -> Result<(), TillError> {
        let wait_ms = before.map_or(0, |failures| {
            locked_for_ms(failures.count, moment.at_least_since(failures.moment()))
        });
        if wait_ms <= 0 {
            return Ok(());
        }
        let minutes = wait_ms / 60_000 + 1;
        let message = format!("{staff} is locked out for {minutes} more minutes");
        Err(TillError::refused("staff.locked", message).with("minutes", minutes))
    }

    fn moment(&self) -> Moment {
        Moment { at_ms: self.at_ms, mono_ms: self.mono_ms, boot: self.boot }
    }
}

/// Checks a PIN and signs the person in: an entry either way.
///
/// # Errors
/// Refused as `staff.unknown`, `staff.inactive`, `staff.locked`, `staff.wrong_pin`.
pub fn sign_in(
    ledger: &mut Ledger,
    moment: Moment,
    staff: &StaffId,
    pin: &str,
) -> Result<(SignedIn, Topics), TillError> {
    let signed = check_pin(ledger, moment, staff, pin)?;
    let fact = Fact::StaffSignedIn(SignIn { staff: staff.clone(), failures: 0 });
    let (_, topics) = ledger.write(Act::of(moment, staff.clone()), |gate| gate.append(&fact))?;
    Ok((signed, topics))
}

/// Checks the PIN of a person who approves; the approval stands in the entry that it allows.
///
/// # Errors
/// As [`sign_in`].
pub fn check_pin(
    ledger: &mut Ledger,
    moment: Moment,
    staff: &StaffId,
    pin: &str,
) -> Result<SignedIn, TillError> {
    let row = known(ledger.reader(), staff)?;
    let name = format!("failures/{staff}");
    let before: Option<Failures> = state::get(ledger.reader(), &name)?;
    Failures::ensure_over(before, moment, staff)?;
    if pin_fits(ledger.keys(), &row, pin)? {
        if before.is_some() {
            ledger.write_state(|conn| state::clear(conn, &name))?;
        }
        return Ok(SignedIn { staff: staff.clone(), name: row.name, role: row.role });
    }
    let failures = Failures::one_more(before, moment);
    let locked = locked_for_ms(failures.count, 0) > 0;
    let failed = SignIn { staff: staff.clone(), failures: failures.count };
    ledger.write(Act::of_program(moment), |gate| {
        state::set(gate.conn(), &name, &failures)?;
        gate.append(&Fact::StaffSignInFailed(failed.clone()))?;
        if locked {
            gate.append(&Fact::StaffLocked(failed))?;
        }
        Ok(())
    })?;
    Err(wrong_pin())
}

/// Checks the PIN of a person against rows that cannot be written to; `guesses` are the wrong ones so far, by anybody.
///
/// # Errors
/// As [`sign_in`].
pub(crate) fn check_pin_beside(
    conn: &Connection,
    keys: &Keys,
    guesses: &mut Option<Failures>,
    moment: Moment,
    staff: &StaffId,
    pin: &str,
) -> Result<SignedIn, TillError> {
    let row = known(conn, staff)?;
    Failures::ensure_over(*guesses, moment, staff)?;
    if pin_fits(keys, &row, pin)? {
        *guesses = None;
        return Ok(SignedIn { staff: staff.clone(), name: row.name, role: row.role });
    }
    *guesses = Some(Failures::one_more(*guesses, moment));
    Err(wrong_pin())
}

/// A person who may act at this till.
///
/// # Errors
/// Refused as `staff.unknown`, `staff.inactive`.
pub(crate) fn known(conn: &Connection, staff: &StaffId) -> Result<StaffRow, TillError> {
    let row: StaffRow =
        feed::row(conn, &format!("staff/{staff}"))?.ok_or_else(|| unknown(staff))?;
    if !row.active {
        return Err(TillError::refused("staff.inactive", format!("{staff} may not sign in")));
    }
    Ok(row)
}

pub(crate) fn unknown(staff: &StaffId) -> TillError {
    TillError::refused("staff.unknown", format!("no person {staff} here"))
}

fn wrong_pin() -> TillError {
    TillError::refused("staff.wrong_pin", "wrong PIN")
}

fn pin_fits(keys: &Keys, row: &StaffRow, pin: &str) -> Result<bool, TillError> {
    let wrong = |problem: &str| TillError::corrupt("staff", &row.staff, problem);
    let sealed = hex::decode(&row.pin_hash).map_err(|_| wrong("PIN hash is not sealed"))?;
    let hash = keys.open_sealed(&sealed).map_err(|_| {
        let message = "the PINs here were sealed on another machine: exchange with the store first";
        TillError::refused("staff.sealed_elsewhere", message)
    })?;
    let hash = String::from_utf8(hash).map_err(|_| wrong("PIN hash is no text"))?;
    let parsed = PasswordHash::new(&hash).map_err(|_| wrong("PIN hash is no PHC string"))?;
    Ok(Argon2::default().verify_password(pin.as_bytes(), &parsed).is_ok())
}

/// Whether the PINs that are kept here were sealed with this machine's key; yes where there are none, no where a person's
/// row cannot be read.
pub(crate) fn pins_open(conn: &Connection, keys: &Keys) -> Result<bool, TillError> {
    let people = match feed::rows::<StaffRow>(conn, "staff/") {
        Err(TillError::Corrupt { .. }) => return Ok(false),
        people => people?,
    };
    let sealed = |row: &StaffRow| hex::decode(&row.pin_hash).ok().filter(|hash| !hash.is_empty());
    let any = people.iter().find_map(sealed);
    Ok(any.is_none_or(|sealed| keys.open_sealed(&sealed).is_ok()))
}

/// Everybody who may sign in.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn everybody(conn: &Connection) -> Result<Vec<StaffRow>, TillError> {
    Ok(feed::rows::<StaffRow>(conn, "staff/")?.into_iter().filter(|row| row.active).collect())
}
