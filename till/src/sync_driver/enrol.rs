//! Enrolment: a one-time code becomes an identity, a key and a first incarnation.

use super::{apply, http};
use crate::error::TillError;
use crate::ledger::incarnation::Beginning;
use crate::ledger::{Act, Identity, Ledger, Standing, state};
use crate::random;
use daybook_domain::clock::Moment;
use daybook_domain::entry::IncarnationReason;
use daybook_domain::ids::{LocationId, TillCode, TillId};
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{EnrolAnswer, EnrolRequest};
use std::thread;
use uuid::Uuid;

/// Where and with what to enrol.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// Address of the store.
    pub store_url: String,
    /// One-time code as typed.
    pub code: String,
    /// Certificate authority to trust instead of the system's, as PEM.
    pub ca_pem: Option<String>,
}

/// Enrols this till. Cut off in the middle, the same code may be used again.
///
/// # Errors
/// Refused as `till.enrolled` when it has been, `enrol.other_till` when the code is another till's and this ledger has a
/// history; [`TillError::Unreachable`], [`TillError::StoreRefused`].
pub fn enrol(ledger: &mut Ledger, now: Moment, enrolment: &Enrolment) -> Result<(), TillError> {
    // A ledger that was restored where nothing is known of its key to the store asks for one with a code of its till.
    let known = ledger.keys().request_key(ledger.home()).is_ok();
    if known && ledger.standing() == Standing::Ready {
        return Err(TillError::refused("till.enrolled", "this till is enrolled already"));
    }
    let install: Uuid = match state::get(ledger.reader(), "enrolling_install")? {
        Some(install) => install,
        None => {
            let install = random::id(now.at_ms)?;
            ledger.write_state(|conn| state::set(conn, "enrolling_install", &install))?;
            install
        }
    };
    let request = EnrolRequest {
        protocol: PROTOCOL,
        code: enrolment.code.clone(),
        public_key: ledger.keys().signer().public_key(),
        install,
        app: concat!("daybook-till ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let answer = ask(enrolment, &request)?;
    take(ledger, now, enrolment, install, &answer)
}

/// Asks the store in a thread of its own: a window calls from a runtime, in which no other one may wait or end.
fn ask(enrolment: &Enrolment, request: &EnrolRequest) -> Result<EnrolAnswer, TillError> {
    let asked = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(TillError::io("enrolment runtime"))?;
        let ca_pem = enrolment.ca_pem.as_deref();
        runtime.block_on(http::enrol(&enrolment.store_url, ca_pem, request))
    };
    thread::scope(|scope| scope.spawn(asked).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn take(
    ledger: &mut Ledger,
    now: Moment,
    enrolment: &Enrolment,
    install: Uuid,
    answer: &EnrolAnswer,
) -> Result<(), TillError> {
    if let Ok(own) = ledger.identity()
        && own.till.0 != answer.till
        && ledger.live().is_ok()
    {
        let message = format!("the code is of till {}, this is {}", answer.till_code, own.code);
        return Err(TillError::refused("enrol.other_till", message));
    }
    ledger.set_identity(Identity {
        tenant: answer.tenant,
        till: TillId(answer.till),
        code: TillCode::new(answer.till_code.clone())?,
        location: LocationId::new(answer.location.clone())?,
        store_url: enrolment.store_url.clone(),
        ca_pem: enrolment.ca_pem.clone(),
        store_public_key: answer.store_public_key,
        training: false,
    })?;
    ledger.write_state(|conn| state::set(conn, "epoch", &answer.epoch))?;
    apply::note_missing(ledger, &answer.held)?;
    let resumed = !answer.held.is_empty();
    let begin = Beginning {
        incarnation: answer.incarnation,
        reason: if resumed { IncarnationReason::Replaced } else { IncarnationReason::Enrolled },
        install,
        session: answer.session.clone(),
        store_head: None,
    };
    // Last of what is kept before the life begins: cut off until then, the same code is taken again.
    ledger.keys().store_request_key(ledger.home(), &answer.key)?;
    ledger.begin_incarnation(Act::of_program(now), &begin)
}
