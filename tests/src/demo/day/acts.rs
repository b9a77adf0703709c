//! The everyday acts of a shop after the network is back, and the till whose disk dies.

use super::noon::selling;
use super::{World, tell};
use crate::demo::DemoError;
use crate::demo::figures::{major, money, units, whole};
use crate::demo::office::text;
use crate::demo::till::{Sold, Till};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Paid for tea out of the drawer, major units.
const PAID_OUT: i64 = 150;
/// What is put on a gift card, major units.
const GIFT_CARD: i64 = 500;

impl World<'_> {
    pub(super) fn everyday_acts(&mut self) -> Result<(), DemoError> {
        self.money_back()?;
        self.exchange_and_park()?;
        self.goods_in_and_out()?;
        self.balances()?;
        self.papers()?;
        for till in self.tills.iter().chain(&self.tills) {
            till.sync()?;
        }
        Ok(())
    }

    /// Till 1 takes goods back to the shelf, writes broken ones off, and voids a whole sale.
    fn money_back(&mut self) -> Result<(), DemoError> {
        let returned = match self.sale_of(0, 3, None)? {
            Some(sale) => Some(sale),
            None => self.sale_of(0, 2, None)?,
        };
        let voided = self.sale_of(0, 1, returned.as_ref())?;
        let till = self.till(0);
        let tea = major(self.shop.currency, whole(self.shop.currency, PAID_OUT));
        till.approved(&["cash", "out", &tea, "--reason", "Tea for the staff"])?;
        till.approved(&["cash", "no-sale", "--reason", "change for a customer"])?;
        let (Some(returned), Some(voided)) = (returned, voided) else {
            self.leave_out("returns and a void: till 1 has no sales to choose from, and no goods that it may sell once more");
            return Ok(());
        };
        let number = &returned.number;
        let good = ["refund", "--number", number, "--line", &returned.one_of(0)];
        till.approved(&[&good[..], &["--reason", "not needed"]].concat())?;
        let broken = ["refund", "--number", number, "--line", &returned.one_of(1), "--write-off"];
        till.approved(&[&broken[..], &["--reason", "arrived broken"]].concat())?;
        till.approved(&["void", "--number", &voided.number, "--reason", "charged twice"])?;
        tell(
            "till 1 took two returns (one sellable, one broken), voided a sale, paid for tea out of the drawer",
        );
        let paid_out = money(self.shop.currency, whole(self.shop.currency, PAID_OUT));
        self.note(0, &format!("2 returns, 1 void, {paid_out} paid out"));
        Ok(())
    }

    /// Till 2 exchanges an article, and parks a basket that the customer comes back for.
    fn exchange_and_park(&mut self) -> Result<(), DemoError> {
        let (Some(other), Some(bought)) = (self.plenty(1), self.sale_of(1, 2, None)?) else {
            self.leave_out(
                "an exchange and a parked basket: till 2 has no goods that it may sell once more",
            );
            return Ok(());
        };
        let till = self.till(1);
        let back = ["exchange", "--number", &bought.number, "--line", &bought.one_of(0)];
        let goods = ["--sku", &other, "--reason", "wrong one", "--cash", "exact"];
        till.approved(&[&back[..], &goods].concat())?;
        let parked = till.act(&["park", "--sku", &other, "--label", "back in a minute"])?;
        let by = if self.shop.jurisdiction == "IN" { "--upi" } else { "--card" };
        till.approved(&["recall", &text(Some(&parked), "basket")?, by])?;
        till.act(&["abort", "--sku", &other, "--reason", "no money with her"])?;
        tell(
            "till 2 exchanged an article, parked a basket and took it up again, and recorded one that was never paid",
        );
        self.note(1, "1 exchange, 1 basket parked and recalled");
        Ok(())
    }

    /// Till 1 receives goods, sends some to another location, and counts a shelf that is one piece short.
    fn goods_in_and_out(&mut self) -> Result<(), DemoError> {
        let Some(sku) = self.plenty(0) else {
            self.leave_out("a delivery, a transfer and a count: till 1 has no goods that it may sell once more");
            return Ok(());
        };
        let till = self.till(0);
        let goods = format!("{sku}*12");
        till.approved(&["stock", "receive", "--sku", &goods, "--reason", "delivery note 4711"])?;
        let from = till.plan.location.as_str();
        let other = self.tills.iter().find(|other| other.plan.location != from);
        if let Some(other) = other {
            transfer(till, other, &format!("{sku}*3"))?;
        }
        for till in self.tills.iter().chain(&self.tills) {
            till.sync()?;
        }
        let expected = till.on_hand(&sku)?;
        // A shelf cannot hold less than nothing, whatever the books say.
        let counted = (expected - 1_000).max(0);
        let found = format!("{sku}*{}.{:03}", counted / 1_000, counted % 1_000);
        till.approved(&["stock", "count", "--sku", &found])?;
        let sent = other.map_or("", |_| ", sent 3 to another location");
        tell(&format!(
            "till 1 received 12 {sku}{sent}, and counted the shelf: {} where the books say {}",
            units(counted),
            units(expected)
        ));
        let told = if other.is_some() {
            "goods received, sent on and counted"
        } else {
            self.leave_out("a transfer: all tills stand at one location");
            "goods received and counted"
        };
        self.note(0, told);
        Ok(())
    }

    /// Till 1 sells a gift card and gives store credit for goods; till 2 asks the store and takes both.
    fn balances(&mut self) -> Result<(), DemoError> {
        let (Some(bought), Some(goods)) = (self.plenty(0), self.plenty(1)) else {
            self.leave_out(
                "gift cards and store credit: the tills have no goods that they may sell once more",
            );
            return Ok(());
        };
        let (one, two) = (self.till(0), self.till(1));
        let amount = major(self.shop.currency, whole(self.shop.currency, GIFT_CARD));
        let card = one.act(&["sell", "--new-gift-card", &amount, "--cash", "exact"])?;
        let returned = one.approved(&["sell", "--sku", &bought, "--cash", "exact"])?;
        let returned = text(Some(&returned), "number")?;
        let note = one.approved(&["refund", "--number", &returned, "--store-credit"])?;
        let folder = self.folder("invoices");
        print(one, &text(Some(&card), "number")?, &folder.join("gift-card-80mm.pdf"), true)?;
        print(one, &text(Some(&note), "number")?, &folder.join("store-credit-80mm.pdf"), true)?;
        one.sync()?;
        // A part only: of what is held, and of what is bought.
        let price = self.shop.prices.unit_minor(&goods, self.now_ms).unwrap_or_default();
        let most = whole(self.shop.currency, 1).min(price / 2).max(1);
        for (issued, tender) in [(&card, "--gift-card"), (&note, "--store-credit")] {
            let number = text(issued["balances"].get(0), "number")?;
            let held = two.act(&["balance", "ask", "--number", &number, "--amount", &amount])?;
            let held_minor = held["amount_minor"].as_i64().unwrap_or_default();
            let part = major(self.shop.currency, held_minor.min(most));
            let hold = text(Some(&held), "hold")?;
            let paid = [tender, &part, "--reference", &number, "--hold", &hold, "--cash", "exact"];
            two.approved(&[&["sell", "--sku", &goods][..], &paid].concat())?;
        }
        tell(
            "till 1 sold a gift card and gave store credit for goods; till 2 asked the store, and took a part of each",
        );
        Ok(())
    }

    /// Receipt and A4 invoice, a copy, and a credit note.
    fn papers(&mut self) -> Result<(), DemoError> {
        let folder = self.folder("invoices");
        let till = self.till(0);
        let (sales, credit) = (till.sales()?, till.last_credit_note()?);
        let mut several = sales.iter().filter(|sale| sale.lines.len() >= 3);
        let Some(sale) = several.nth(2).or(sales.first()) else {
            self.leave_out("paper: till 1 has sold nothing");
            return Ok(());
        };
        print(till, &sale.number, &folder.join("receipt-80mm.pdf"), true)?;
        print(till, &sale.number, &folder.join("receipt-80mm-copy.pdf"), true)?;
        let bill = sales.iter().find(|sale| sale.lines.len() >= 5).unwrap_or(sale);
        print(till, &bill.number, &folder.join("bill-a4.pdf"), false)?;
        if let Some(credit) = credit {
            print(till, &credit, &folder.join("credit-note-a4.pdf"), false)?;
        }
        self.business_invoice(&folder)
    }

    /// A buyer with a GSTIN of his own, in another State: an invoice with IGST.
    fn business_invoice(&self, folder: &Path) -> Result<(), DemoError> {
        let Some(sku) = self.plenty(0).filter(|_| self.shop.jurisdiction == "IN") else {
            return Ok(());
        };
        let till = self.till(0);
        let sold = till.approved(&[
            "sell",
            "--sku",
            &format!("{sku}*5"),
            "--upi",
            "--reference",
            "UTR 426011123456",
            "--buyer-name",
            "Coromandel Offices Pvt Ltd",
            "--buyer-address",
            "8 Anna Salai|Chennai 600002",
            "--buyer-tax-id",
            "33AABCC1234D1ZI",
            "--buyer-state",
            "33",
        ])?;
        print(till, &text(Some(&sold), "number")?, &folder.join("tax-invoice-b2b-a4.pdf"), false)
    }

    /// A sale of a till with at least so many lines that can come back, not `other`: of its file, or else rung up now.
    fn sale_of(
        &self,
        till: usize,
        lines: usize,
        other: Option<&Sold>,
    ) -> Result<Option<Sold>, DemoError> {
        let till_sells = self.till(till);
        let other = other.map(|sold| sold.number.as_str());
        if let Some(sale) = to_give_back(till_sells.sales()?, lines, other) {
            return Ok(Some(sale));
        }
        let Some(sku) = self.plenty(till) else { return Ok(None) };
        let goods = ["--sku", &sku].repeat(lines);
        till_sells.approved(&[&["sell"][..], &goods, &["--cash", "exact"]].concat())?;
        Ok(to_give_back(till_sells.sales()?, lines, other))
    }

    /// Till 3's ledger is gone. The morning backup takes its place; the store has the rest.
    pub(super) fn lose_a_disk(&mut self) -> Result<(), DemoError> {
        let till = self.till(2);
        let before = till.status()?;
        for name in ["till.db", "till.db-wal", "till.db-shm", "install", "witness", "ballast"] {
            let file = till.data().join(name);
            if file.exists() {
                fs::remove_file(&file).map_err(DemoError::file(&file))?;
            }
        }
        tell(&format!(
            "till {}'s disk dies; its ledger is put back from the morning backup",
            till.code
        ));
        till.act(&["restore", &self.backup.display().to_string()])?;
        if till.start_selling(Some(1))?.finish(&mut |_| {}).is_ok_and(|tally| tally.sold > 0) {
            return Err(DemoError::Broken("a restored till sold under its old numbers".to_owned()));
        }
        let synced = till.sync()?;
        let after = till.status()?;
        let incarnation = |status: &Value| status["incarnation"].as_i64().unwrap_or_default();
        if incarnation(&after) <= incarnation(&before) {
            return Err(DemoError::Broken(
                "a restored till goes on in its old incarnation".to_owned(),
            ));
        }
        let fetched = synced["report"]["fetched"].as_i64().unwrap_or_default();
        tell(&format!(
            "it began incarnation {} before its first sale, and fetched {fetched} entries that the store holds",
            incarnation(&after)
        ));
        self.sell_the_rest()?;
        self.note(2, &format!("disk died; restored from the morning backup as incarnation {}, {fetched} entries fetched back", incarnation(&after)));
        Ok(())
    }

    fn sell_the_rest(&mut self) -> Result<(), DemoError> {
        let till = self.till(2);
        let (all, before) = (till.plan.baskets.len(), self.sold_before);
        let alone = selling(till, None)?.tally;
        let mut refusals = Vec::new();
        let tally =
            till.start_selling_approved()?.finish(&mut |told| refusals.push(told.clone()))?;
        let sold = alone.sold + tally.sold;
        if alone.already != before || usize::try_from(before + sold + tally.refused) != Ok(all) {
            return Err(DemoError::Broken(format!(
                "the restored till sold {alone:?}, {tally:?} of {all} baskets"
            )));
        }
        tell(&format!(
            "it sells the other {sold} baskets of its file; the {before} of before are known and left alone"
        ));
        let overruled = alone.refused - tally.refused;
        if overruled > 0 {
            tell(&format!(
                "{overruled} of them took a manager: the rights to pooled goods went with the lost ledger, the goods were there"
            ));
        }
        self.keep_refusals(2, &refusals);
        Ok(())
    }
}

/// The first sale with at least so many lines that can come back, and another number than `other`; one of whole pieces
/// where there is any.
fn to_give_back(sales: Vec<Sold>, lines: usize, other: Option<&str>) -> Option<Sold> {
    let fit = sales.into_iter().filter(|sale| {
        sale.lines.len() >= lines && sale.returns() && Some(sale.number.as_str()) != other
    });
    // The first of equals is kept.
    fit.min_by_key(|sale| !sale.is_counted())
}

/// Goods leave one till's location and arrive at another's.
fn transfer(from: &Till, to: &Till, goods: &str) -> Result<(), DemoError> {
    let (here, there) = (from.plan.location.as_str(), to.plan.location.as_str());
    let moved = from.approved(&["stock", "transfer-out", "--sku", goods, "--location", there])?;
    let id = text(Some(&moved), "transfer")?;
    let arrive = ["stock", "transfer-in", "--sku", goods, "--location", here, "--transfer", &id];
    to.approved(&arrive)?;
    Ok(())
}

pub(super) fn print(
    till: &Till,
    number: &str,
    file: &Path,
    receipt: bool,
) -> Result<(), DemoError> {
    let form = if receipt { "--receipt" } else { "--a4" };
    till.act(&["invoice", "--number", number, "--pdf", &file.display().to_string(), form])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::till::SoldLine;

    fn sale(number: &str, lines: usize, whole_pieces: bool) -> Sold {
        let line = SoldLine { sku: "A".to_owned(), whole_pieces, returns: true };
        Sold { number: number.to_owned(), lines: vec![line; lines] }
    }

    #[test]
    fn what_was_given_back_is_not_chosen_again() {
        let sales = || vec![sale("1", 3, true), sale("2", 1, false), sale("3", 2, true)];
        let chosen = |lines, other| to_give_back(sales(), lines, other).map(|sale| sale.number);
        assert_eq!(chosen(1, None).as_deref(), Some("1"));
        assert_eq!(chosen(1, Some("1")).as_deref(), Some("3"), "pieces before what is weighed");
        assert_eq!(chosen(3, Some("1")), None);
    }

    #[test]
    fn what_cannot_come_back_is_not_chosen() {
        let mut gift = sale("1", 2, true);
        gift.lines[1].returns = false;
        assert!(to_give_back(vec![gift], 1, None).is_none());
    }
}
