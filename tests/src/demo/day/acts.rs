//! The everyday acts of a shop after the network is back, and the till whose disk dies.

use super::{World, tell};
use crate::demo::DemoError;
use crate::demo::figures::{major, money, whole};
use crate::demo::office::text;
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
        let till = self.till(0);
        let returned = till.document_with_lines(3, 0)?;
        till.approved(&[
            "refund",
            "--number",
            &returned.number,
            "--line",
            "1:1",
            "--reason",
            "not needed",
        ])?;
        till.approved(&[
            "refund",
            "--number",
            &returned.number,
            "--line",
            "2:1",
            "--write-off",
            "--reason",
            "arrived broken",
        ])?;
        let voided = till.document_with_lines(2, 1)?;
        till.approved(&["void", "--number", &voided.number, "--reason", "charged twice"])?;
        let tea = whole(self.shop.currency, PAID_OUT);
        let amount = major(self.shop.currency, tea);
        till.approved(&["cash", "out", &amount, "--reason", "Tea for the staff"])?;
        till.approved(&["cash", "no-sale", "--reason", "change for a customer"])?;
        tell(
            "till 1 took two returns (one sellable, one broken), voided a sale, paid for tea out of the drawer",
        );
        let paid_out = money(self.shop.currency, tea);
        let what = "goods received, sent on and counted";
        self.note(0, &format!("2 returns, 1 void, {paid_out} paid out, {what}"));
        Ok(())
    }

    /// Till 2 exchanges an article, and parks a basket that the customer comes back for.
    fn exchange_and_park(&mut self) -> Result<(), DemoError> {
        let till = self.till(1);
        let bought = till.document_with_lines(2, 0)?;
        let other = self.plenty(1)?;
        till.approved(&[
            "exchange",
            "--number",
            &bought.number,
            "--line",
            "1:1",
            "--sku",
            &other,
            "--reason",
            "wrong one",
            "--cash",
            "exact",
        ])?;
        let parked = till.act(&["park", "--sku", &other, "--label", "back in a minute"])?;
        till.act(&["recall", &text(Some(&parked), "basket")?, "--upi"])?;
        till.act(&["abort", "--sku", &other, "--reason", "no money with her"])?;
        tell(
            "till 2 exchanged an article, parked a basket and took it up again, and recorded one that was never paid",
        );
        self.note(1, "1 exchange, 1 basket parked and recalled");
        Ok(())
    }

    /// Till 1 receives goods, sends some to another shop, and counts a shelf that is one piece short.
    fn goods_in_and_out(&mut self) -> Result<(), DemoError> {
        let till = self.till(0);
        let sku = self.plenty(0)?;
        let goods = format!("{sku}*12");
        till.approved(&["stock", "receive", "--sku", &goods, "--reason", "delivery note 4711"])?;
        let from = till.plan.location.as_str();
        if let Some(other) = self.tills.iter().find(|other| other.plan.location != from) {
            let to = other.plan.location.as_str();
            let sent = format!("{sku}*3");
            let moved =
                till.approved(&["stock", "transfer-out", "--sku", &sent, "--location", to])?;
            let transfer = text(Some(&moved), "transfer")?;
            other.approved(&[
                "stock",
                "transfer-in",
                "--sku",
                &sent,
                "--location",
                from,
                "--transfer",
                &transfer,
            ])?;
        }
        for till in self.tills.iter().chain(&self.tills) {
            till.sync()?;
        }
        let counted = (till.on_hand(&sku)? - 1_000) / 1_000;
        till.approved(&["stock", "count", "--sku", &format!("{sku}*{counted}")])?;
        tell(
            "till 1 received 12 pieces, sent 3 to the other shop, and counted a shelf: one piece is missing",
        );
        Ok(())
    }

    /// Till 1 sells a gift card and gives store credit for goods; till 2 asks the store and takes both.
    fn balances(&self) -> Result<(), DemoError> {
        let (one, two) = (self.till(0), self.till(1));
        let amount = major(self.shop.currency, whole(self.shop.currency, GIFT_CARD));
        let card = one.act(&["sell", "--new-gift-card", &amount, "--cash", "exact"])?;
        let returned = one.act(&["sell", "--sku", &self.plenty(0)?, "--cash", "exact"])?;
        let returned = text(Some(&returned), "number")?;
        let note = one.act(&["refund", "--number", &returned, "--store-credit"])?;
        let folder = self.folder("invoices");
        print(one, &text(Some(&card), "number")?, &folder.join("gift-card-80mm.pdf"), true)?;
        print(one, &text(Some(&note), "number")?, &folder.join("store-credit-80mm.pdf"), true)?;
        one.sync()?;
        let goods = self.plenty(1)?;
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
            two.act(&[&["sell", "--sku", &goods][..], &paid].concat())?;
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
        let sale = till.document_with_lines(3, 2)?;
        print(till, &sale.number, &folder.join("receipt-80mm.pdf"), true)?;
        print(till, &sale.number, &folder.join("receipt-80mm-copy.pdf"), true)?;
        let large = till.document_with_lines(5, 0).or_else(|_| till.document_with_lines(2, 0))?;
        print(till, &large.number, &folder.join("bill-a4.pdf"), false)?;
        let credit = till.last_credit_note()?;
        print(till, &credit, &folder.join("credit-note-a4.pdf"), false)?;
        self.business_invoice(&folder)
    }

    /// A buyer with a GSTIN of his own, in another State: an invoice with IGST.
    fn business_invoice(&self, folder: &Path) -> Result<(), DemoError> {
        if self.shop.jurisdiction != "IN" {
            return Ok(());
        }
        let sku = self.plenty(0)?;
        let till = self.till(0);
        let sold = till.act(&[
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
            "33AABCC1234D1ZK",
            "--buyer-state",
            "33",
        ])?;
        print(till, &text(Some(&sold), "number")?, &folder.join("tax-invoice-b2b-a4.pdf"), false)
    }

    /// The goods that a till can best sell once more.
    fn plenty(&self, till: usize) -> Result<String, DemoError> {
        let location = &self.till(till).plan.location;
        let best = self.shop.plenty(location, self.now_ms);
        best.ok_or_else(|| DemoError::Broken(format!("{location} has no goods to spare")))
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

    fn sell_the_rest(&self) -> Result<(), DemoError> {
        let till = self.till(2);
        let (all, half) = (till.plan.baskets.len(), till.plan.baskets.len() / 2);
        let alone = till.start_selling(None)?.finish(&mut |_| {})?;
        let tally = till.start_selling_approved()?.finish(&mut |_| {})?;
        let sold = alone.sold + tally.sold;
        if usize::try_from(alone.already) != Ok(half) || usize::try_from(sold) != Ok(all - half) {
            return Err(DemoError::Broken(format!(
                "the restored till sold {alone:?}, {tally:?} of {all} baskets"
            )));
        }
        tell(&format!(
            "it sells the other {sold} baskets of its file; the {half} of before are known and left alone"
        ));
        if alone.refused > 0 {
            tell(&format!(
                "{} of them took a manager: the rights to pooled goods went with the lost ledger, the goods were there",
                alone.refused
            ));
        }
        Ok(())
    }
}

pub(super) fn print(
    till: &crate::demo::till::Till,
    number: &str,
    file: &Path,
    receipt: bool,
) -> Result<(), DemoError> {
    let form = if receipt { "--receipt" } else { "--a4" };
    till.act(&["invoice", "--number", number, "--pdf", &file.display().to_string(), form])?;
    Ok(())
}
