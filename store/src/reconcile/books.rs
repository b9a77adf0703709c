//! Identities of the store's own books that concern no single SKU.

use crate::args;
use crate::db::{DbError, Tx};

/// Each question finds rows that cannot be: what it names, and the two figures that should be one.
const QUESTIONS: [(&str, &str); 4] = [
    (
        "order {}: paid is {}, captured payments that were taken are {}",
        "SELECT o.number, o.paid_minor, CAST(coalesce(SUM(p.amount_minor), 0) AS BIGINT)
         FROM web_order o LEFT JOIN payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.order_id
              AND p.state = 'captured' AND p.reason IS NULL
         WHERE o.tenant_id = $1 GROUP BY o.number, o.paid_minor
         HAVING o.paid_minor <> CAST(coalesce(SUM(p.amount_minor), 0) AS BIGINT) ORDER BY o.number",
    ),
    (
        "order {}: refunded is {}, its refunds are {}",
        "SELECT o.number, o.refunded_minor, CAST(coalesce(SUM(r.amount_minor), 0) AS BIGINT)
         FROM web_order o LEFT JOIN refund r ON r.tenant_id = o.tenant_id AND r.order_id = o.order_id
         WHERE o.tenant_id = $1 GROUP BY o.number, o.refunded_minor
         HAVING o.refunded_minor <> CAST(coalesce(SUM(r.amount_minor), 0) AS BIGINT) ORDER BY o.number",
    ),
    (
        "document {}: total is {}, its lines are {}",
        "SELECT d.number, d.total_minor, CAST(coalesce(SUM(l.total_minor), 0) AS BIGINT)
         FROM document d LEFT JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.document_id
         WHERE d.tenant_id = $1 GROUP BY d.document_id, d.number, d.total_minor
         HAVING d.total_minor <> CAST(coalesce(SUM(l.total_minor), 0) AS BIGINT) ORDER BY d.number",
    ),
    (
        "stocktake of {}: variances are {}, adjustments are {}",
        "SELECT c.sku, c.variance, coalesce(m.moved, 0) FROM
             (SELECT sku, location_id, CAST(SUM(variance_milli) AS BIGINT) AS variance FROM stocktake_line
              WHERE tenant_id = $1 GROUP BY sku, location_id) c
         LEFT JOIN
             (SELECT sku, location_id, CAST(SUM(quantity_milli) AS BIGINT) AS moved FROM stock_movement
              WHERE tenant_id = $1 AND kind = 'count' AND reason IS NULL GROUP BY sku, location_id) m
             ON m.sku = c.sku AND m.location_id = c.location_id
         WHERE c.variance <> coalesce(m.moved, 0) ORDER BY c.sku",
    ),
];

pub(super) fn faults(tx: &mut Tx<'_>) -> Result<Vec<String>, DbError> {
    let tenant = tx.tenant();
    let mut faults = Vec::new();
    for (words, question) in QUESTIONS {
        for row in tx.query(question, args![tenant])? {
            let text = words.replacen("{}", row.text(0)?, 1);
            let text = text.replacen("{}", &row.int(1)?.to_string(), 1);
            faults.push(text.replacen("{}", &row.int(2)?.to_string(), 1));
        }
    }
    Ok(faults)
}
