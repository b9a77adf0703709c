//! The demo's own auditor. It trusts no report of the programs: it holds what went in (CSV files, baskets, what the web
//! shop was told) against what the store's tables and the tills' signed entries say.

mod effects;

use super::books::{Books, Entry};
use super::figures::{money, units};
use super::shop::{Basket, Place, Shelf, Shop, TillPlan};
use super::web::{Ended, WebLog};
use effects::{array, beyond_rights, effects_of, of_entries};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One question and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The question, for an owner.
    pub question: String,
    /// The answer in figures.
    pub found: String,
    /// What does not hold; empty when everything does.
    pub faults: Vec<String>,
}

/// What the auditor works from.
#[derive(Debug)]
pub struct Case<'a> {
    /// The shop as imported.
    pub shop: &'a Shop,
    /// Baskets of the day.
    pub plans: &'a [TillPlan],
    /// Baskets that a till refused by a rule when it tried them last, by the key of their source.
    pub refused: &'a BTreeSet<String>,
    /// What the web shop was told.
    pub web: &'a WebLog,
    /// The store's books.
    pub books: &'a Books,
}

impl Case<'_> {
    /// Asks every question.
    #[must_use]
    pub fn audit(&self) -> Vec<Check> {
        vec![
            self.baskets(),
            self.basket_totals(),
            self.tenders(),
            self.stock(),
            self.promises(),
            self.uniques(),
            self.numbers(),
            self.chains(),
            self.web_orders(),
            self.balances(),
            self.open_questions(),
        ]
    }

    fn expected(&self) -> BTreeMap<&str, &Basket> {
        let baskets = self.plans.iter().flat_map(|plan| &plan.baskets);
        let sold = baskets.filter(|basket| !self.refused.contains(&basket.source));
        sold.map(|basket| (basket.source.as_str(), basket)).collect()
    }

    /// Entries of sales that came from the files, by the key of their source.
    fn sold(&self) -> BTreeMap<&str, Vec<&Entry>> {
        let mut sold: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.books.entries.iter().filter(|entry| entry.kind == "sale.completed") {
            if let Some(source) = entry.body["source"].as_str() {
                sold.entry(source).or_default().push(entry);
            }
        }
        sold
    }

    fn baskets(&self) -> Check {
        let (expected, sold) = (self.expected(), self.sold());
        let mut faults = Vec::new();
        for source in expected.keys().filter(|source| !sold.contains_key(*source)) {
            faults.push(format!("basket {source} is missing"));
        }
        for (source, entries) in &sold {
            if entries.len() > 1 {
                faults.push(format!("basket {source} was sold {} times", entries.len()));
            }
            if !expected.contains_key(source) {
                faults.push(format!("basket {source} is in no file"));
            }
        }
        let with_document: BTreeSet<_> = self
            .books
            .documents
            .iter()
            .filter_map(|document| Some((document.till.as_str(), document.entry?)))
            .collect();
        for (source, entry) in
            sold.iter().flat_map(|(source, all)| all.iter().map(move |e| (source, e)))
        {
            if !with_document.contains(&(entry.till.as_str(), (entry.incarnation, entry.seq))) {
                faults.push(format!("basket {source} has no document in the store"));
            }
        }
        let mut found =
            format!("{} baskets, each in the store's books exactly once", expected.len());
        if !self.refused.is_empty() {
            found.push_str(&format!("; {} that a till refused, in none", self.refused.len()));
        }
        Check { question: "Is every sale there, and only once?".to_owned(), found, faults }
    }

    fn basket_totals(&self) -> Check {
        let (expected, sold) = (self.expected(), self.sold());
        let currency = self.shop.currency;
        let (mut sum, mut coupons, mut unpriced, mut faults) = (0, 0, 0, Vec::new());
        for (source, entries) in &sold {
            let (Some(basket), Some(entry)) = (expected.get(source), entries.first()) else {
                continue;
            };
            let document = &entry.body["document"];
            let total = document["totals"]["total_minor"].as_i64().unwrap_or_default();
            sum += total;
            match self.shop.prices.total_minor(basket, entry.at_ms, &entry.day) {
                Some(should) if should != total => {
                    let (should, is) = (money(currency, should), money(currency, total));
                    faults.push(format!("basket {source} comes to {should}, the books say {is}"));
                }
                Some(_) => {}
                None => unpriced += 1,
            }
            let paid: i64 = array(&document["tenders"])
                .filter(|tender| tender["tender_type"] == "coupon")
                .filter_map(|tender| tender["amount_minor"].as_i64())
                .sum();
            coupons += paid;
            if paid != basket.coupon_minor {
                faults.push(format!(
                    "basket {source} has coupons of {}, the books {paid}",
                    basket.coupon_minor
                ));
            }
        }
        let mut found = format!("baskets come to {}", money(currency, sum));
        if coupons != 0 {
            found.push_str(&format!(", of it makers' coupons {}", money(currency, coupons)));
        }
        if unpriced > 0 {
            found.push_str(&format!("; for {unpriced} of them the files name no price or rate"));
        }
        Check {
            question: "Does every basket come to what the price list says?".to_owned(),
            found,
            faults,
        }
    }

    /// What was taken, less what was given back, is what the documents come to.
    fn tenders(&self) -> Check {
        let credit = |fact: &str| matches!(fact, "refund" | "void");
        let owed: i64 = self
            .books
            .documents
            .iter()
            .filter(|document| !document.till.is_empty())
            .map(|document| {
                // Credit notes state what goes back as a positive amount.
                if credit(&document.fact) {
                    -document.payable_minor
                } else {
                    document.payable_minor
                }
            })
            .sum();
        let taken: i64 = self.books.tenders.values().sum();
        let mut faults = Vec::new();
        if owed != taken {
            faults.push(format!("documents come to {owed}, tenders to {taken}"));
        }
        let by_tender: Vec<String> = self
            .books
            .tenders
            .iter()
            .map(|(tender, sum)| format!("{tender} {}", money(self.shop.currency, *sum)))
            .collect();
        Check {
            question: "Is all the money at the tills accounted for?".to_owned(),
            found: by_tender.join(", "),
            faults,
        }
    }

    /// Opening − sold + returned + received − … by the signed entries, and what the web shop sold.
    fn effects(&self) -> BTreeMap<Place, i64> {
        let opening = self.shop.stock.iter();
        let mut stock: BTreeMap<Place, i64> =
            opening.map(|(place, shelf)| (place.clone(), shelf.on_hand_milli)).collect();
        for (place, milli) in of_entries(&self.books.entries).into_iter().chain(self.web.effects())
        {
            *stock.entry(place).or_default() += milli;
        }
        stock
    }

    fn stock(&self) -> Check {
        let expected = self.effects();
        let mut faults = Vec::new();
        let places: BTreeSet<&Place> = expected.keys().chain(self.books.on_hand.keys()).collect();
        for place in &places {
            let should = expected.get(*place).copied().unwrap_or_default();
            let is = self.books.on_hand.get(*place).copied().unwrap_or_default();
            if should != is {
                let (sku, location) = place;
                faults.push(format!(
                    "{sku} at {location}: {} expected, the store says {}",
                    units(should),
                    units(is)
                ));
            }
        }
        let found = format!(
            "{} shelves: opening − sold + returned + received ± counted = the store's level",
            places.len()
        );
        Check { question: "Is every unit of stock accounted for?".to_owned(), found, faults }
    }

    /// Ring-fenced and pooled-strict stock is never promised twice: there is always something behind every promise. Where
    /// the baskets themselves take more than the books knew, the goods were in the customer's hand.
    fn promises(&self) -> Check {
        let (mut faults, mut oversold, mut in_hand) = (Vec::new(), 0, 0);
        let (beyond, web) = (beyond_rights(&self.books.entries), self.web_sold());
        for (place, shelf) in &self.shop.stock {
            let of = |sums: &BTreeMap<Place, i64>| sums.get(place).copied().unwrap_or_default();
            let short = Short {
                milli: of(&self.books.reserved) - of(&self.books.on_hand),
                beyond_rights_milli: of(&beyond),
                web_milli: of(&web) + of(&self.books.reserved),
            };
            let (sku, location) = place;
            match short.cause(shelf) {
                Cause::Nothing => {}
                Cause::InHand => in_hand += 1,
                Cause::Shared => {
                    oversold += 1;
                    let named = |detail: &String| detail.contains(sku.as_str());
                    if !self.books.exceptions.iter().any(|(_, detail)| named(detail)) {
                        faults.push(format!("{sku} is oversold, and no exception says so"));
                    }
                }
                Cause::PromisedTwice => faults.push(format!(
                    "{sku} at {location} ({}) was sold beyond its stock",
                    shelf.policy
                )),
            }
        }
        let mut found = if oversold == 0 {
            "no".to_owned()
        } else {
            format!(
                "not where it may not; {oversold} shared shelves are short, each with an exception"
            )
        };
        if in_hand > 0 {
            found.push_str(&format!(
                "; of {in_hand} shelves customers took more over the counter than the books knew"
            ));
        }
        Check { question: "Was anything sold that was not there?".to_owned(), found, faults }
    }

    /// What web orders took, thousandths by place.
    fn web_sold(&self) -> BTreeMap<Place, i64> {
        let mut sold: BTreeMap<Place, i64> = BTreeMap::new();
        for (place, milli) in self.web.effects() {
            *sold.entry(place).or_default() -= milli;
        }
        sold
    }

    fn uniques(&self) -> Check {
        let single: BTreeSet<&Place> = self
            .shop
            .stock
            .iter()
            .filter(|(_, shelf)| shelf.policy == "pooled_strict" && shelf.on_hand_milli == 1_000)
            .map(|(place, _)| place)
            .collect();
        let beyond = beyond_rights(&self.books.entries);
        let mut sold: BTreeMap<Place, i64> = BTreeMap::new();
        let entries = self.books.entries.iter().flat_map(effects_of);
        for (place, milli) in entries.chain(self.web.effects()) {
            if single.contains(&place) {
                *sold.entry(place).or_default() -= milli;
            }
        }
        let faults = sold
            .iter()
            .filter(|(place, milli)| {
                **milli > 1_000 + beyond.get(*place).copied().unwrap_or_default()
            })
            .map(|((sku, _), milli)| {
                format!("{sku}, one of a kind, was sold {} times", units(*milli))
            })
            .collect();
        let gone = sold.values().filter(|milli| **milli == 1_000).count();
        let more = sold.values().filter(|milli| **milli > 1_000).count();
        let found = match more {
            0 => format!("{} pieces, {gone} sold, none twice", single.len()),
            more => format!(
                "{} pieces, {gone} sold once; of {more} customers brought another, and a manager let it go",
                single.len()
            ),
        };
        Check { question: "Was anything one of a kind sold twice?".to_owned(), found, faults }
    }

    fn numbers(&self) -> Check {
        let mut series: BTreeMap<&str, Vec<(&str, i64)>> = BTreeMap::new();
        for document in &self.books.documents {
            let digits: String =
                document.number.chars().rev().take_while(char::is_ascii_digit).collect();
            let count = digits.chars().rev().collect::<String>().parse().unwrap_or(0);
            series.entry(&document.series).or_default().push((&document.number, count));
        }
        let mut faults = Vec::new();
        for (name, numbers) in &mut series {
            numbers.sort_by_key(|(_, count)| *count);
            for ((number, count), should) in numbers.iter().zip(1_i64..) {
                if *count != should {
                    faults.push(format!("series {name}: {number} stands where {should} should"));
                    break;
                }
            }
        }
        let found = format!(
            "{} documents in {} series, none missing",
            self.books.documents.len(),
            series.len()
        );
        Check { question: "Are the invoice numbers without gaps?".to_owned(), found, faults }
    }

    fn chains(&self) -> Check {
        let journals: BTreeSet<_> =
            self.books.entries.iter().map(|entry| (&entry.till, entry.incarnation)).collect();
        let found = format!(
            "{} signed entries in {} journals, each hash and signature computed again",
            self.books.entries.len(),
            journals.len()
        );
        let faults = self.books.broken_chains.iter().map(|at| format!("{at} does not follow"));
        Check {
            question: "Has nobody changed the journals?".to_owned(),
            found,
            faults: faults.collect(),
        }
    }

    fn web_orders(&self) -> Check {
        let mut faults = Vec::new();
        let books: BTreeMap<_, _> =
            self.books.orders.iter().map(|order| (order.id, order)).collect();
        if books.len() != self.books.orders.len() {
            faults.push("an order is there twice".to_owned());
        }
        for (id, told) in &self.web.orders {
            let Some(order) = books.get(id) else {
                faults.push(format!("order {id} is missing"));
                continue;
            };
            if !told.ended.allows(&order.state) {
                faults.push(format!(
                    "{} is {}, the buyer was told {:?}",
                    order.number, order.state, told.ended
                ));
            }
            if (order.paid_minor, order.refunded_minor) != (told.paid_minor, told.refunded_minor) {
                faults.push(format!(
                    "{}: the buyer paid {} and got {} back, the books say {} and {}",
                    order.number,
                    told.paid_minor,
                    told.refunded_minor,
                    order.paid_minor,
                    order.refunded_minor
                ));
            }
        }
        for id in books.keys().filter(|id| !self.web.orders.contains_key(*id)) {
            faults.push(format!("nobody placed order {id}"));
        }
        let paid: i64 = self.books.orders.iter().map(|order| order.paid_minor).sum();
        let back: i64 = self.books.orders.iter().map(|order| order.refunded_minor).sum();
        let found = format!(
            "{} orders; paid {}, given back {}",
            books.len(),
            money(self.shop.currency, paid),
            money(self.shop.currency, back)
        );
        Check {
            question: "Do the web orders agree with what the buyers were told?".to_owned(),
            found,
            faults,
        }
    }

    /// Gift cards and store credit: what the signed documents say of each number, and what the store owes.
    fn balances(&self) -> Check {
        let mut stated: BTreeMap<(String, String), i64> = BTreeMap::new();
        for entry in &self.books.entries {
            let document = &entry.body["document"];
            let back = if document["kind"] == "credit_note" { -1 } else { 1 };
            let mut put = |medium: &Value, number: &Value, amount: i64| {
                if let (Some(medium), Some(number)) = (medium.as_str(), number.as_str()) {
                    *stated.entry((medium.to_owned(), number.to_owned())).or_default() += amount;
                }
            };
            for line in array(&document["lines"]) {
                let total = line["total_minor"].as_i64().unwrap_or_default();
                put(&Value::from("gift_card"), &line["gift_card"], back * total);
            }
            for tender in array(&document["tenders"]) {
                let medium = &tender["tender_type"];
                if medium == "gift_card" || medium == "store_credit" {
                    let amount = tender["amount_minor"].as_i64().unwrap_or_default();
                    put(medium, &tender["reference"], -back * amount);
                }
            }
        }
        let mut faults = Vec::new();
        for (number, amount) in &stated {
            let booked = self.books.balances.get(number).copied().unwrap_or_default();
            if booked != *amount {
                faults.push(format!(
                    "{} {}: documents {amount}, booked {booked}",
                    number.0, number.1
                ));
            }
        }
        for number in self.books.balances.keys().filter(|number| !stated.contains_key(*number)) {
            faults.push(format!("{} {} is in no document", number.0, number.1));
        }
        if self.books.holds > 0 {
            faults.push(format!("{} amounts are still set aside", self.books.holds));
        }
        let owed = money(self.shop.currency, stated.values().sum());
        let found = format!("{} numbers, {owed} are owed to whoever shows them", stated.len());
        let question = "Do gift cards and store credit add up?".to_owned();
        Check { question, found, faults }
    }

    fn open_questions(&self) -> Check {
        let mut faults = Vec::new();
        if self.books.quarantined > 0 {
            faults.push(format!("{} entries wait in quarantine", self.books.quarantined));
        }
        if self.books.forks > 0 {
            faults.push(format!("{} journals fork", self.books.forks));
        }
        let found = format!(
            "no quarantine, no fork; {} exceptions name what a person must decide",
            self.books.exceptions.len()
        );
        Check { question: "Is anything stuck?".to_owned(), found, faults }
    }
}

/// How orders end that did not sell or gave everything back.
impl Ended {
    fn allows(self, state: &str) -> bool {
        match self {
            Self::Pending => state == "pending",
            Self::Paid => matches!(state, "paid" | "shipped" | "delivered"),
            Self::Cancelled => state == "cancelled",
            Self::Refunded => matches!(state, "refunded" | "partially_refunded"),
        }
    }
}

/// How much a shelf is short of what is promised, and who took it; thousandths.
struct Short {
    milli: i64,
    /// Sold over the counter beyond the rights of a till.
    beyond_rights_milli: i64,
    /// Sold or promised by the web.
    web_milli: i64,
}

/// Why a shelf is short.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// It is not.
    Nothing,
    /// Customers had more in hand than the books knew; nothing was promised twice.
    InHand,
    /// Tills and web both sell from it: a person is asked.
    Shared,
    /// The same goods were promised to two.
    PromisedTwice,
}

impl Short {
    fn cause(&self, shelf: &Shelf) -> Cause {
        if self.milli <= 0 {
            return Cause::Nothing;
        }
        match shelf.policy.as_str() {
            "pooled_soft" if self.web_milli > 0 => Cause::Shared,
            "pooled_soft" => Cause::InHand,
            "pooled_strict" if self.milli <= self.beyond_rights_milli => Cause::InHand,
            "ring_fenced" if self.web_milli <= shelf.allotted_milli => Cause::InHand,
            _ => Cause::PromisedTwice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_goods_that_were_promised_once_may_be_short() {
        let cause = |policy: &str, beyond_rights_milli, web_milli| {
            let policy = policy.to_owned();
            let shelf = Shelf { on_hand_milli: 5_000, policy, allotted_milli: 2_000 };
            Short { milli: 1_000, beyond_rights_milli, web_milli }.cause(&shelf)
        };
        assert_eq!(cause("ring_fenced", 0, 2_000), Cause::InHand);
        assert_eq!(cause("ring_fenced", 9_000, 2_001), Cause::PromisedTwice);
        assert_eq!(cause("pooled_strict", 1_000, 9_000), Cause::InHand);
        assert_eq!(cause("pooled_strict", 999, 0), Cause::PromisedTwice);
        assert_eq!(cause("pooled_soft", 0, 1_000), Cause::Shared);
        assert_eq!(cause("pooled_soft", 0, 0), Cause::InHand);
    }
}
