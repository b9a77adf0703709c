//! Orders.

use super::answer::{Problem, answer};
use super::asked::{Asked, Body, Named};
use super::{Api, serve};
use crate::db::Tx;
use crate::orders::{self, By, Charge, NewOrder, NewRefund, Order, OrderError, test_card};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daybook_domain::amount::Minor;
use daybook_domain::feed::Role;
use daybook_domain::ids::OrderId;
use daybook_domain::order::Actor;
use daybook_print::{Fonts, Options, render_a4};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use uuid::Uuid;

/// Who asks, as the front end says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Change {
    /// Name of the person; else that of the key.
    by: Option<String>,
    /// What the person may do.
    role: Person,
    /// Why.
    reason: String,
    /// Tracking number, for shipping.
    tracking: String,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Person {
    #[default]
    Customer,
    Cashier,
    Manager,
    Admin,
}

impl Person {
    fn actor(self) -> Actor {
        match self {
            Self::Customer => Actor::Customer,
            Self::Cashier => Actor::Staff(Role::Cashier),
            Self::Manager => Actor::Staff(Role::Manager),
            Self::Admin => Actor::Staff(Role::Admin),
        }
    }
}

impl Change {
    fn by(&self, key: &str) -> By {
        let actor = self.by.clone().unwrap_or_else(|| key.to_owned());
        By { actor, role: self.role.actor(), reason: self.reason.clone() }
    }
}

pub(super) async fn place(State(api): State<Api>, headers: HeaderMap, body: Body) -> Response {
    serve(api, headers, move |api, key| {
        let new: NewOrder = body.read()?;
        let by = By { actor: key.to_owned(), role: Actor::Customer, reason: String::new() };
        let order = api.store.gate.write(move |tx| orders::place(tx, &new, &by))?;
        answer(StatusCode::CREATED, &order)
    })
    .await
}

pub(super) async fn list(State(api): State<Api>, asked: Asked, headers: HeaderMap) -> Response {
    serve(api, headers, move |api, _| {
        let state: Option<String> = asked.get("state")?;
        let before_ms = asked.get("before_ms")?;
        let limit = asked.get("limit")?.unwrap_or(50);
        let found =
            api.store.gate.read(|tx| orders::list(tx, state.as_deref(), before_ms, limit))?;
        answer(StatusCode::OK, &found)
    })
    .await
}

pub(super) async fn find(State(api): State<Api>, named: Named, headers: HeaderMap) -> Response {
    serve(api, headers, move |api, _| {
        let id = named.order()?;
        let order = api.store.gate.read(|tx| orders::find(tx, id))?;
        answer(StatusCode::OK, &order)
    })
    .await
}

/// A payment through the test gateway.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPayment {
    id: Uuid,
    card_number: String,
    #[serde(default)]
    amount_minor: Option<Minor>,
}

/// Tells attempts apart that share an id: the test gateway has no reference of its own. Of the card it knows the ends, which
/// may be kept.
fn reference(new: &NewPayment) -> String {
    let digits: String = new.card_number.chars().filter(char::is_ascii_digit).collect();
    let ends = (digits.len(), digits.get(..6), digits.get(digits.len().saturating_sub(4)..));
    let said = format!("{} {:?} {ends:?}", new.id, new.amount_minor.map(|amount| amount.0));
    hex::encode(Sha256::digest(said))
}

pub(super) async fn pay(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    serve(api, headers, move |api, key| {
        let (id, new): (OrderId, NewPayment) = (named.order()?, body.read()?);
        let digits = new.card_number.bytes().filter(u8::is_ascii_digit).count();
        if !(12..=19).contains(&digits) || new.card_number.len() > 30 {
            return Err(Problem::field("card_number", "must have 12 to 19 digits"));
        }
        let charge = Charge {
            id: new.id,
            gateway: "test".to_owned(),
            amount_minor: new.amount_minor,
            reference: Some(reference(&new)),
            outcome: test_card(&new.card_number).map_err(str::to_owned),
        };
        let by = By { actor: key.to_owned(), role: Actor::Customer, reason: String::new() };
        let paid = api.store.gate.write(move |tx| orders::ask(tx, id, &charge, &by))?;
        let captured = paid.payment == "captured";
        answer(if captured { StatusCode::OK } else { StatusCode::PAYMENT_REQUIRED }, &paid)
    })
    .await
}

type Act = fn(&mut Tx<'_>, OrderId, &Change, &By) -> Result<Order, OrderError>;

async fn change(api: Api, named: Named, headers: HeaderMap, body: Body, act: Act) -> Response {
    serve(api, headers, move |api, key| {
        let (id, change): (OrderId, Change) = (named.order()?, body.read_or_default()?);
        let by = change.by(key);
        if by.actor.chars().count() > 100 || by.reason.chars().count() > 500 {
            return Err(Problem::field("reason", "may have 500 characters, by 100"));
        }
        let order = api.store.gate.write(move |tx| act(tx, id, &change, &by))?;
        answer(StatusCode::OK, &order)
    })
    .await
}

pub(super) async fn cancel(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    change(api, named, headers, body, |tx, id, _, by| orders::cancel(tx, id, by)).await
}

pub(super) async fn start(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    change(api, named, headers, body, |tx, id, _, by| orders::start(tx, id, by)).await
}

pub(super) async fn ship(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    change(api, named, headers, body, |tx, id, said, by| orders::ship(tx, id, &said.tracking, by))
        .await
}

pub(super) async fn deliver(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    change(api, named, headers, body, |tx, id, _, by| orders::deliver(tx, id, by)).await
}

pub(super) async fn refund(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
    body: Body,
) -> Response {
    serve(api, headers, move |api, key| {
        let (id, new): (OrderId, NewRefund) = (named.order()?, body.read()?);
        // A front end's key stands for the shop's own staff.
        let role = Actor::Staff(Role::Manager);
        let by = By { actor: key.to_owned(), role, reason: new.reason.clone() };
        let done = api.store.gate.write(move |tx| orders::refund(tx, id, &new, &by))?;
        answer(StatusCode::CREATED, &done)
    })
    .await
}

pub(super) async fn documents(
    State(api): State<Api>,
    named: Named,
    headers: HeaderMap,
) -> Response {
    serve(api, headers, move |api, _| {
        let id = named.order()?;
        let documents = api.store.gate.read(|tx| orders::documents_of(tx, id))?;
        answer(StatusCode::OK, &documents)
    })
    .await
}

/// Parsing fonts takes longer than a document: once per process.
fn fonts() -> Option<&'static Fonts> {
    static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::load().ok()).as_ref()
}

pub(super) async fn pdf(State(api): State<Api>, named: Named, headers: HeaderMap) -> Response {
    serve(api, headers, move |api, _| {
        let (id, number) = (named.order()?, named.text("number"));
        let document = api.store.gate.read(|tx| orders::document(tx, id, number))?;
        let fonts = fonts().ok_or_else(Problem::internal)?;
        let pdf = render_a4(fonts, &document, &Options::default())
            .map_err(|error| Problem::new(StatusCode::CONFLICT, error.code(), error))?;
        Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf).into_response())
    })
    .await
}
