//! Who works at the till, and the shop as every screen needs it.

use super::draft::Draft;
use super::view::{Denomination, Person, Session, ShiftInfo, Shop, State, TaxClass};
use super::{Desk, Fault, Turn};
use crate::catalogue;
use crate::clock;
use crate::error::TillError;
use crate::goods;
use crate::ledger::{Act, Identity, Topic, state};
use crate::shift;
use crate::staff::{self, SignedIn};
use daybook_domain::cash::denominations;
use daybook_domain::catalogue::rate_on;
use daybook_domain::clock::{Moment, shift_day};
use daybook_domain::entry::{Fact, SignIn};
use daybook_domain::feed::Settings;
use daybook_domain::ids::StaffId;
use daybook_domain::staff::Action;
use daybook_domain::tax::states;
use rusqlite::Connection;

impl Desk {
    /// The shop.
    ///
    /// # Errors
    /// `catalogue.empty` before the first exchange.
    pub fn shop(&self) -> Result<Shop, Fault> {
        self.look(|conn| {
            let identity = state::get(conn, "identity")?.ok_or(TillError::NotEnrolled)?;
            shop(conn, &identity, clock::now())
        })
    }

    /// Everybody who may sign in.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn people(&self) -> Result<Vec<Person>, Fault> {
        self.look(|conn| {
            let person = |row: daybook_domain::feed::StaffRow| Person {
                staff: row.staff.to_string(),
                name: row.name,
                role: row.role,
            };
            Ok(staff::everybody(conn)?.into_iter().map(person).collect())
        })
    }

    /// Who works at the till, and on what.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn session(&self) -> Result<Session, Fault> {
        self.act(|turn| turn.session())
    }

    /// Signs a person in, or unlocks the till for them. The open basket stays.
    ///
    /// # Errors
    /// `staff.unknown`, `staff.inactive`, `staff.locked`, `staff.wrong_pin`.
    pub fn sign_in(&self, staff: &str, pin: &str) -> Result<Session, Fault> {
        self.act(|turn| {
            let staff = StaffId::new(staff)?;
            let (signed, topics) = staff::sign_in(turn.ledger, turn.moment, &staff, pin)?;
            let before = turn.counter.person.replace(signed);
            turn.counter.locked = false;
            turn.changed(topics);
            if let Some(before) = before.filter(|before| before.staff != staff) {
                turn.signed_out(&before)?;
                turn.counter.last_x = None;
            }
            turn.changed([Topic::Session]);
            turn.session()
        })
    }

    /// Locks the till. The open basket stays, and anybody may sign in.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn lock(&self) -> Result<Session, Fault> {
        self.act(|turn| {
            turn.counter.locked = turn.counter.person.is_some();
            turn.changed([Topic::Session]);
            turn.session()
        })
    }

    /// Signs the person out. A basket must be paid, parked or emptied before.
    ///
    /// # Errors
    /// `basket.not_empty`.
    pub fn sign_out(&self) -> Result<Session, Fault> {
        self.act(|turn| {
            turn.empty_basket()?;
            if let Some(person) = turn.counter.person.clone() {
                turn.signed_out(&person)?;
            }
            turn.counter.person = None;
            turn.counter.locked = false;
            turn.counter.last_x = None;
            turn.counter.done = None;
            turn.keep(Draft::default())?;
            turn.changed([Topic::Session]);
            turn.session()
        })
    }
}

impl Turn<'_> {
    fn signed_out(&mut self, person: &SignedIn) -> Result<(), TillError> {
        let fact = Fact::StaffSignedOut(SignIn { staff: person.staff.clone(), failures: 0 });
        let act = Act::of(self.moment, person.staff.clone());
        let (_, topics) = self.ledger.write(act, |gate| gate.append(&fact))?;
        self.changed(topics);
        Ok(())
    }

    /// Refuses what would lose a basket.
    pub(super) fn empty_basket(&self) -> Result<(), TillError> {
        if self.counter.draft.is_empty() {
            return Ok(());
        }
        Err(TillError::refused("basket.not_empty", "pay, park or empty the basket first"))
    }

    pub(super) fn settings(&self) -> Result<Settings, TillError> {
        catalogue::settings(self.conn())
    }

    pub(super) fn session(&self) -> Result<Session, TillError> {
        let live = self.ledger.live().ok();
        let person = self.counter.person.as_ref().map(|person| Person {
            staff: person.staff.to_string(),
            name: person.name.clone(),
            role: person.role,
        });
        let lines = self.counter.draft.basket.lines().len();
        Ok(Session {
            person,
            locked: self.counter.locked,
            shift: live
                .and_then(|live| live.shift.as_ref())
                .map(|open| ShiftInfo { day: open.day.clone(), opened_at_ms: open.opened_at_ms }),
            parked: goods::count_parked(self.conn())?,
            basket_lines: u32::try_from(lines).unwrap_or(u32::MAX),
            done: self.counter.done.clone(),
            clock_in_doubt: shift::clock_in_doubt(self.ledger, self.moment)?,
        })
    }

    /// Who may not do something alone hears of it before anything is changed.
    pub(super) fn allow(
        &self,
        who: &staff::Who,
        action: Action,
    ) -> Result<Option<StaffId>, TillError> {
        who.allow(action, &self.settings()?)
    }
}

fn shop(conn: &Connection, identity: &Identity, moment: Moment) -> Result<Shop, TillError> {
    let settings = catalogue::settings(conn)?;
    let location = catalogue::location(conn, &identity.location)?;
    let month = settings.fiscal_year_start_month;
    let today = shift_day(moment.at_ms, settings.offset_min, month)
        .map_err(|error| TillError::bad("at", error))?
        .day;
    let classes = catalogue::tax_classes(conn)?;
    let class = |row: &daybook_domain::feed::TaxClassRow| {
        rate_on(row, &today).map(|rate_ppm| TaxClass { class: row.class.clone(), rate_ppm })
    };
    let place =
        |state: &states::State| State { code: state.code.to_owned(), name: state.name.to_owned() };
    let places = if settings.jurisdiction == "IN" { states::STATES.as_slice() } else { &[] };
    Ok(Shop {
        business: settings.business,
        location: identity.location.to_string(),
        location_name: location.seller.name,
        till_code: identity.code.to_string(),
        currency: settings.currency.code().to_owned(),
        exponent: settings.currency.exponent(),
        offset_min: settings.offset_min,
        jurisdiction: settings.jurisdiction,
        tax_inclusive: settings.tax_inclusive,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        training: identity.training,
        upi: settings.upi_vpa.is_some() && settings.currency.code() == "INR",
        denominations: denominations(settings.currency)
            .into_iter()
            .map(|piece| Denomination { face_minor: piece.face, note: piece.note })
            .collect(),
        tax_classes: classes.iter().filter_map(class).collect(),
        states: places.iter().map(place).collect(),
    })
}
