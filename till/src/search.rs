//! Search over the whole catalogue, offline: words in any order, by prefix and by part, one or two letters too,
//! accents folded, in any script; and the folding of text that makes it so.
//!
//! Relevance is not bm25, which must visit every match of a frequent word. Matches are taken in three tiers, each
//! cut off when enough were found: all words begin words of the product; then all words are parts of it. Within
//! what was taken, names that begin with the query come first, then shorter ones.

use crate::error::TillError;
use daybook_domain::feed::ItemRow;
use rusqlite::{Connection, params};
use unicode_normalization::UnicodeNormalization;

/// Most results of one search.
pub const RESULTS_MAX: usize = 100;

/// Longest query in characters; what is beyond is not looked at.
const QUERY_CHARS_MAX: usize = 100;

/// Most words of a query that are looked at.
const WORDS_MAX: usize = 8;

/// How many candidates a tier reads before ranking.
const CANDIDATES: usize = 200;

/// Finds products. Archived ones are left out.
///
/// # Errors
/// [`TillError::Database`], [`TillError::Corrupt`].
pub fn search(conn: &Connection, query: &str, limit: usize) -> Result<Vec<ItemRow>, TillError> {
    let limit = limit.min(RESULTS_MAX);
    let folded = fold(&query.chars().take(QUERY_CHARS_MAX).collect::<String>());
    let words: Vec<&str> = words(&folded).take(WORDS_MAX).collect();
    if words.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut found = candidates(conn, "item_words", &prefix_query(&words), &words)?;
    if found.len() < limit
        && let Some(parts) = trigram_query(&words)
    {
        for candidate in candidates(conn, "item_trigrams", &parts, &words)? {
            if !found.iter().any(|known| known.id == candidate.id) {
                found.push(candidate);
            }
        }
    }
    found.sort_by_cached_key(|candidate| rank(candidate, &folded, &words));
    found.truncate(limit);
    found.iter().map(|candidate| item(conn, candidate.id)).collect()
}

struct Candidate {
    id: i64,
    folded: String,
}

/// Lower is better.
fn rank(candidate: &Candidate, query: &str, words: &[&str]) -> (u8, usize, i64) {
    let text = candidate.folded.as_str();
    let query = query.trim();
    let begins = |word: &&str| self::words(text).any(|token| token.starts_with(*word));
    let tier = if self::words(text).any(|token| token == query) && words.len() == 1 {
        0
    } else if text.starts_with(query) {
        1
    } else if words.iter().all(begins) {
        2
    } else {
        3
    };
    (tier, text.chars().count(), candidate.id)
}

fn candidates(
    conn: &Connection,
    index: &str,
    expression: &str,
    words: &[&str],
) -> Result<Vec<Candidate>, TillError> {
    // The index is walked in the order of its rows and left as soon as there are enough.
    let sql = format!(
        "SELECT item.id, item.folded FROM {index} JOIN item ON item.id = {index}.rowid
         WHERE {index} MATCH ?1 AND item.archived = 0 LIMIT ?2"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = i64::try_from(CANDIDATES).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![expression, limit], |row| {
        Ok(Candidate { id: row.get(0)?, folded: row.get(1)? })
    })?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    // Trigrams match in any place and order; the text itself decides.
    found.retain(|candidate| words.iter().all(|word| candidate.folded.contains(word)));
    Ok(found)
}

/// All words as beginnings of words.
fn prefix_query(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" AND ")
}

/// All trigrams of all words; nothing when no word has three characters.
fn trigram_query(words: &[&str]) -> Option<String> {
    let mut parts = Vec::new();
    for word in words {
        let letters: Vec<char> = word.chars().collect();
        parts.extend(letters.windows(3).map(|part| format!("\"{}\"", String::from_iter(part))));
    }
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

fn item(conn: &Connection, id: i64) -> Result<ItemRow, TillError> {
    let text: String = conn
        .prepare_cached("SELECT value FROM item WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    serde_json::from_str(&text).map_err(|error| TillError::corrupt("item", id, error))
}

/// Words of a folded text: runs of letters, marks and digits, as the index cuts them.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// Folds a text for searching: compatibility forms made plain, lower case, accents and vowel points that people leave
/// out when typing removed (Latin accents, Arabic harakat, hamza and tatweel, the Devanagari nukta), Arabic letters
/// that are typed for one another made one. Vowel signs that make the word stay.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd() {
        match c {
            '\u{300}'..='\u{36f}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{640}'
            | '\u{93c}'
            | '\u{200c}'
            | '\u{200d}' => {}
            'ى' => folded.push('ي'),
            'ة' => folded.push('ه'),
            'ٱ' => folded.push('ا'),
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'đ' | 'Đ' => folded.push('d'),
            'ı' => folded.push('i'),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_leave_out_when_typing_is_folded() {
        assert_eq!(fold("Crème BRÛLÉE"), "creme brulee");
        assert_eq!(fold("Straße"), "strasse");
        assert_eq!(fold("أرز بسمتى"), fold("ارز بسمتي"));
        assert_eq!(fold("مُحَمَّد"), "محمد");
        assert_eq!(fold("ज़ीरा"), fold("जीरा"));
        assert_ne!(fold("दूध"), fold("दध"));
    }

    #[test]
    fn a_query_holds_no_syntax_of_the_index() {
        let folded = fold("\"milk\" OR (tea* NEAR");
        assert_eq!(words(&folded).collect::<Vec<_>>(), ["milk", "or", "tea", "near"]);
    }
}
