//! Reads JSON as it is written: an object is an object, never a list of its values in the order of some program, and
//! what does not fit is named by its place.

mod strict;

use serde::Deserialize;
use strict::Strict;

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", prefix(field))]
pub struct Misread {
    /// The field, as `movements[0].sku`; empty where the text as a whole is meant.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

fn prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

impl Misread {
    /// The same within an outer field.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        Self { field, ..self }
    }
}

/// Reads a text that is one JSON value.
///
/// # Errors
/// [`Misread`] says what is wrong, and where.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Misread> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let field = error.path().to_string();
        misread(if field == "." { String::new() } else { field }, error.inner())
    })?;
    json.end().map_err(|error| misread(String::new(), &error))?;
    Ok(value)
}

/// Reads bytes that are one JSON value.
///
/// # Errors
/// [`Misread`] says what is wrong, and where.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Misread> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Misread { field: String::new(), problem: "it is not UTF-8".to_owned() })?;
    from_str(text)
}

/// Where in the text only matters when it is no JSON at all.
fn misread(field: String, error: &serde_json::Error) -> Misread {
    let text = error.to_string();
    if !error.is_data() {
        return Misread { field: String::new(), problem: text };
    }
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    match missing {
        Some(name) => {
            let of = Misread { field: name.to_owned(), problem: "it is missing".to_owned() };
            if field.is_empty() { of } else { of.within(&field) }
        }
        None => Misread { field, problem: problem.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Line {
        sku: String,
        no: u32,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Sale,
    }

    #[derive(Debug, Deserialize)]
    struct Entry<'a> {
        lines: Vec<Line>,
        #[serde(default)]
        pair: Option<(i64, String)>,
        #[serde(default)]
        pieces: BTreeMap<i64, i64>,
        #[serde(borrow)]
        body: &'a RawValue,
    }

    fn problem(text: &str) -> String {
        from_str::<Entry<'_>>(text).unwrap_err().to_string()
    }

    #[test]
    fn an_object_is_never_read_from_a_list() {
        assert_eq!(
            problem(r#"{"lines":[["TEA",1]],"body":{}}"#),
            "lines[0]: invalid type: sequence, expected an object"
        );
        assert_eq!(problem(r#"[[],null,{},{}]"#), "invalid type: sequence, expected an object");
        assert_eq!(
            problem(r#"{"lines":[{"sku":"TEA","no":1,"kind":{"sale":null}}],"body":{}}"#),
            "lines[0].kind: invalid type: map, expected a text"
        );
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_place_and_no_type_of_the_program() {
        for (text, told) in [
            (r#"{"lines":[{"no":1}],"body":{}}"#, "lines[0].sku: it is missing"),
            (r#"{"lines":[]}"#, "body: it is missing"),
            (
                r#"{"lines":[{"sku":7,"no":1}],"body":{}}"#,
                "lines[0].sku: invalid type: integer `7`, expected a text",
            ),
            (
                r#"{"lines":[{"sku":"A","no":"1"}],"body":{}}"#,
                "lines[0].no: invalid type: string \"1\", expected an integer",
            ),
            (
                r#"{"lines":[{"sku":"A","no":1,"kind":"gift"}],"body":{}}"#,
                "lines[0].kind: unknown variant `gift`, expected `sale`",
            ),
            (r#"{"lines":7,"body":{}}"#, "lines: invalid type: integer `7`, expected a list"),
        ] {
            assert_eq!(problem(text), told);
        }
        assert_eq!(problem("{"), "EOF while parsing an object at line 1 column 1");
        assert_eq!(
            problem(r#"{"lines":[],"body":{}} x"#),
            "trailing characters at line 1 column 24"
        );
        assert_eq!(from_slice::<i64>(b"\xff").unwrap_err().problem, "it is not UTF-8");
    }

    #[test]
    fn lists_keys_that_are_numbers_and_raw_parts_are_read_as_ever() {
        let text = r#"{"lines":[{"sku":"TEA","no":1,"kind":"sale","new":[1]}],"pair":[1,"x"],"pieces":{"500":2},"body":{"a":[1]}}"#;
        let entry: Entry<'_> = from_str(text).unwrap();
        assert_eq!(entry.lines, [Line { sku: "TEA".to_owned(), no: 1, kind: Some(Kind::Sale) }]);
        assert_eq!((entry.pair, entry.pieces.get(&500)), (Some((1, "x".to_owned())), Some(&2)));
        assert_eq!(entry.body.get(), r#"{"a":[1]}"#);
    }

    #[test]
    fn an_outer_field_stands_before_the_inner_one() {
        let inner = |field: &str| Misread { field: field.to_owned(), problem: "p".to_owned() };
        assert_eq!(inner("sku").within("body").to_string(), "body.sku: p");
        assert_eq!(inner("[0].sku").within("lines").to_string(), "lines[0].sku: p");
        assert_eq!(inner("").within("body").to_string(), "body: p");
    }
}
