//! Lines of files from outside, of a limited length.

use std::io::{BufRead, Error, ErrorKind, Read};

/// The next line without its end; none at the end of the file.
///
/// # Errors
/// [`ErrorKind::InvalidData`] for a line of more than `max` bytes, of which no more is read, or one that is not UTF-8.
pub(crate) fn next(reader: &mut impl BufRead, max: usize) -> Result<Option<String>, Error> {
    let wrong = |problem: String| Error::new(ErrorKind::InvalidData, problem);
    let mut line = Vec::new();
    // One more for the end of the line, and one that shows that it is too long.
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(2);
    if reader.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.len() > max {
        return Err(wrong(format!("has more than {max} bytes")));
    }
    String::from_utf8(line).map(Some).map_err(|_| wrong("is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_up_to_its_limit_and_not_beyond() {
        let mut reader = &b"abc\n\nabcd\nrest"[..];
        assert_eq!(next(&mut reader, 3).unwrap().as_deref(), Some("abc"));
        assert_eq!(next(&mut reader, 3).unwrap().as_deref(), Some(""));
        let long = next(&mut reader, 3).unwrap_err();
        assert_eq!(long.to_string(), "has more than 3 bytes");
        let mut endless = std::io::BufReader::new(std::io::repeat(b'x'));
        assert!(next(&mut endless, 1000).is_err());
        let mut last = &b"end"[..];
        assert_eq!(next(&mut last, 3).unwrap().as_deref(), Some("end"));
        assert_eq!(next(&mut last, 3).unwrap(), None);
        assert!(next(&mut &b"\xff\n"[..], 3).is_err());
    }
}
