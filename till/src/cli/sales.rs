//! Documents: sell, refund, exchange, void, park, recall, abort, print.

use super::args::{
    Abort, Arguments, Buyer, Exchange, Goods, Invoice, Park, Recall, Refund, Sell, Void,
};
use super::output::Output;
use super::session::{basket, decimal, no_uuid, offers, with_person};
use crate::catalogue;
use crate::error::TillError;
use crate::goods;
use crate::import::{self, FileLine, Outcome};
use crate::ledger::Ledger;
use crate::lines;
use crate::paper::{self, Form};
use crate::random;
use crate::refund::{self as returns, ReturnRequest, Returned};
use crate::said;
use crate::sell::{self as selling, SaleRequest, Sold};
use crate::staff::Who;
use daybook_domain::amount::{Quantity, RatePpm};
use daybook_domain::balance;
use daybook_domain::basket::import::RECORD_BYTES_MAX;
use daybook_domain::basket::{Basket, Discount};
use daybook_domain::document::{Document, Party, TenderType};
use daybook_domain::ids::{BasketId, DocumentId};
use daybook_domain::tender::Offer;
use daybook_print::Fonts;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

pub(super) fn sell(arguments: &Arguments, sell: &Sell, output: &Output) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| match &sell.baskets {
        Some(file) => sell_file(ledger, who, sell, file, output),
        None => {
            let basket = basket(ledger, &sell.goods)?;
            let sold = sell_basket(ledger, who, basket, sell)?;
            output.line(&sold_line(&sold, None));
            Ok(())
        }
    })
}

fn sell_basket(
    ledger: &mut Ledger,
    who: &Who,
    mut basket: Basket,
    sell: &Sell,
) -> Result<Sold, TillError> {
    if let Some(percent) = &sell.discount_percent {
        let rate = RatePpm(decimal("discount-percent", percent, 4)?);
        basket
            .set_bill_discount(Some(Discount::Rate(rate)))
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    }
    let settings = catalogue::settings(ledger.reader())?;
    let mut offers = offers(&sell.tenders, settings.currency)?;
    if offers.is_empty() {
        offers.push(Offer::of(TenderType::Cash, None));
    }
    let buyer = buyer(&sell.buyer, &settings.jurisdiction)?;
    sell_now(ledger, who, basket, offers, sell.note.clone(), buyer)
}

fn buyer(buyer: &Buyer, jurisdiction: &str) -> Result<Option<Party>, TillError> {
    let Some(name) = &buyer.buyer_name else { return Ok(None) };
    let address = buyer.buyer_address.iter().flat_map(|text| text.split('|'));
    let address: Vec<String> = address.map(str::to_owned).collect();
    let (tax_id, state_code) = (buyer.buyer_tax_id.as_deref(), buyer.buyer_state.as_deref());
    let said = said::Buyer { name, address: &address, tax_id, state_code };
    let party = said::party(&said, jurisdiction).map_err(|error| match error {
        TillError::BadInput { field, message } => {
            let argument = match field.as_str() {
                "state_code" => "buyer-state".to_owned(),
                field => format!("buyer-{}", field.replace('_', "-")),
            };
            TillError::BadInput { field: argument, message }
        }
        error => error,
    });
    party.map(Some)
}

fn sell_now(
    ledger: &mut Ledger,
    who: &Who,
    basket: Basket,
    offers: Vec<Offer>,
    note: Option<String>,
    buyer: Option<Party>,
) -> Result<Sold, TillError> {
    let id = DocumentId(random::id(who.at_ms())?);
    let request = SaleRequest {
        place_of_supply: buyer.as_ref().and_then(|buyer| buyer.state.clone()),
        buyer,
        note,
        ..SaleRequest::of(id, basket, offers)
    };
    selling::sell(ledger, who, &request)
}

fn sell_file(
    ledger: &mut Ledger,
    who: &Who,
    sell: &Sell,
    file: &Path,
    output: &Output,
) -> Result<(), TillError> {
    let reader = baskets(file)?;
    let (mut sold, mut already, mut refused) = (0_usize, 0, 0);
    let mut last_day = None;
    let mut reader = BufReader::new(reader);
    let lines = std::iter::from_fn(|| lines::next(&mut reader, RECORD_BYTES_MAX).transpose());
    for (no, line) in (1..).zip(lines).skip(sell.from) {
        if sell.limit.is_some_and(|limit| sold >= limit) {
            break;
        }
        let line = line.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => TillError::bad(format!("line {no}"), error),
            _ => TillError::io(file.display().to_string())(error),
        })?;
        // Some editors begin a file with a mark of the order of its bytes.
        let text = if no == 1 { line.trim_start_matches('\u{feff}') } else { &line };
        if text.trim().is_empty() {
            continue;
        }
        match import::sell_record(ledger, who, FileLine { no, text }, sell.auto_shift) {
            Ok(done) => {
                last_day = done.day;
                match done.outcome {
                    Outcome::Sold(one) => {
                        sold += 1;
                        output.line(&sold_line(&one, Some(&done.source)));
                        if sold.is_multiple_of(500) {
                            output.progress(&format!("{sold} baskets sold"));
                        }
                    }
                    Outcome::Already(number) => {
                        already += 1;
                        output.line(&json!({
                            "event": "already_sold", "source": done.source, "number": number,
                        }));
                    }
                }
            }
            Err(TillError::Refused { code, message, .. }) if code != "shift.none_open" => {
                refused += 1;
                output.line(&json!({
                    "event": "refused", "line": no, "code": code, "message": message,
                }));
            }
            Err(error) => return Err(error),
        }
    }
    // A shift of another day is none that this file opened: somebody works in it.
    let open = ledger.live()?.shift.as_ref().map(|shift| shift.day.clone());
    if sell.close && open.is_some() && (!sell.auto_shift || open == last_day) {
        let mut progress = |done: i64| output.progress(&format!("{done} entries verified"));
        import::close_as_expected(ledger, who, Some(&mut progress))?;
    }
    output.line(&json!({
        "event": "done", "sold": sold, "already_sold": already,
        "refused": refused,
    }));
    if sell.strict && refused > 0 {
        return Err(TillError::refused("sell.refused", format!("{refused} baskets were refused")));
    }
    Ok(())
}

/// The file of baskets, opened.
fn baskets(file: &Path) -> Result<Box<dyn Read>, TillError> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let path = file.display();
    let wrong = |error| TillError::bad("baskets", format!("{path}: {error}"));
    if std::fs::metadata(file).map_err(wrong)?.is_dir() {
        return Err(TillError::bad("baskets", format!("{path} is a folder")));
    }
    Ok(Box::new(File::open(file).map_err(wrong)?))
}

fn sold_line(sold: &Sold, source: Option<&str>) -> Value {
    let document = &sold.document;
    let change: i64 =
        document.tenders.iter().filter_map(|tender| tender.change_minor).map(|c| c.0).sum();
    let mut line = document_line("sold", document);
    if let Value::Object(fields) = &mut line {
        fields.insert("change_minor".to_owned(), json!(change));
        if let Some(source) = source {
            fields.insert("source".to_owned(), json!(source));
        }
        if !sold.beyond.is_empty() {
            fields.insert("beyond_rights".to_owned(), json!(sold.beyond));
        }
        if sold.disk_low {
            fields.insert("disk_low".to_owned(), json!(true));
        }
    }
    line
}

fn document_line(event: &str, document: &Document) -> Value {
    let mut line = json!({
        "event": event, "id": document.id, "number": document.number, "kind": document.kind,
        "total_minor": document.totals.total_minor,
        "payable_minor": document.totals.payable_minor, "lines": document.lines.len(),
    });
    let changes = balance::changes(document).unwrap_or_default();
    if let (Value::Object(fields), false) = (&mut line, changes.is_empty()) {
        let changes = changes.into_iter().map(|(key, amount)| {
            json!({ "medium": key.medium, "number": key.number, "amount_minor": amount })
        });
        fields.insert("balances".to_owned(), changes.collect());
    }
    line
}

pub(super) fn refund(
    arguments: &Arguments,
    refund: &Refund,
    output: &Output,
) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let request = request(ledger, who, refund)?;
        let (document, _) = returns::refund(ledger, who, &request)?;
        output.line(&document_line("refunded", &document));
        Ok(())
    })
}

pub(super) fn exchange(
    arguments: &Arguments,
    exchange: &Exchange,
    output: &Output,
) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let request = request(ledger, who, &exchange.back)?;
        let basket = basket(ledger, &exchange.goods)?;
        let (document, _) = returns::exchange(ledger, who, &request, basket)?;
        output.line(&document_line("exchanged", &document));
        Ok(())
    })
}

pub(super) fn void(arguments: &Arguments, void: &Void, output: &Output) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let id = DocumentId(random::id(who.at_ms())?);
        let (document, _) = returns::void(ledger, who, id, &void.number, &void.reason)?;
        output.line(&document_line("voided", &document));
        Ok(())
    })
}

fn request(ledger: &Ledger, who: &Who, refund: &Refund) -> Result<ReturnRequest, TillError> {
    let lines = refund
        .lines
        .iter()
        .map(|text| {
            let (no, quantity) = match text.split_once(':') {
                Some((no, quantity)) => (no, Some(Quantity(decimal("line", quantity, 3)?))),
                None => (text.as_str(), None),
            };
            let no = no.parse().map_err(|_| {
                TillError::bad("line", format!("{text:?} is not `line` or `line:quantity`"))
            })?;
            Ok(Returned { line: no, quantity, restock: !refund.write_off })
        })
        .collect::<Result<_, TillError>>()?;
    let currency = catalogue::settings(ledger.reader())?.currency;
    Ok(ReturnRequest {
        id: DocumentId(random::id(who.at_ms())?),
        number: refund.number.clone(),
        lines,
        restock: !refund.write_off,
        offers: offers(&refund.tenders, currency)?
            .into_iter()
            .map(|offer| Offer { given: None, ..offer })
            .collect(),
        reason: refund.reason.clone(),
    })
}

pub(super) fn park(arguments: &Arguments, park: &Park, output: &Output) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let basket = basket(ledger, &park.goods)?;
        let id = BasketId(random::id(who.at_ms())?);
        goods::park(ledger, who, id, &basket, &park.label)?;
        output.line(&json!({"event": "parked", "basket": id}));
        Ok(())
    })
}

pub(super) fn recall(
    arguments: &Arguments,
    recall: &Recall,
    output: &Output,
) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let id: BasketId = recall.basket.parse().map_err(|_| no_uuid("basket", &recall.basket))?;
        let currency = catalogue::settings(ledger.reader())?.currency;
        let mut offers = offers(&recall.tenders, currency)?;
        if offers.is_empty() {
            offers.push(Offer::of(TenderType::Cash, None));
        }
        let document = DocumentId(random::id(who.at_ms())?);
        let request = |basket| SaleRequest::of(document, basket, offers);
        let sold = selling::sell_parked(ledger, who, id, request)?;
        output.line(&sold_line(&sold, None));
        Ok(())
    })
}

pub(super) fn abort(
    arguments: &Arguments,
    abort: &Abort,
    output: &Output,
) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let goods: &Goods = &abort.goods;
        let basket = basket(ledger, goods)?;
        let id = BasketId(random::id(who.at_ms())?);
        goods::abort(ledger, who, id, &basket, abort.reason.as_deref())?;
        output.line(&json!({"event": "aborted", "basket": id}));
        Ok(())
    })
}

pub(super) fn invoice(
    arguments: &Arguments,
    invoice: &Invoice,
    output: &Output,
) -> Result<(), TillError> {
    with_person(arguments, |ledger, who| {
        let fonts =
            Fonts::load().map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let form = if invoice.receipt && !invoice.a4 { Form::Receipt } else { Form::A4 };
        let (bytes, copy_no) = paper::print(ledger, who, &fonts, &invoice.number, form)?;
        std::fs::write(&invoice.pdf, &bytes)
            .map_err(TillError::io(invoice.pdf.display().to_string()))?;
        let missing = paper::missing_glyphs(ledger.reader(), &fonts, &invoice.number)?;
        if !missing.is_empty() {
            let characters: Vec<String> = missing.iter().map(char::to_string).collect();
            let message = format!("no font has {}: printed as boxes", characters.join(" "));
            output.warning("print.no_glyph", &message);
        }
        output.line(&json!({
            "event": "printed", "number": invoice.number, "copy_no": copy_no,
            "file": invoice.pdf.to_string_lossy(), "bytes": bytes.len(),
        }));
        Ok(())
    })
}
