//! Reads prints back as a person or a phone would.

#![allow(dead_code, reason = "each test binary uses a part")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use daybook_domain::amount::{Currency, Minor};
use daybook_domain::format::{Grouping, amount};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs a tool of poppler-utils on a file given on stdin; any complaint about the file fails.
fn poppler(tool: &str, arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child =
        child.unwrap_or_else(|error| panic!("{tool} of poppler-utils is needed: {error}"));
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{tool}: {complaints}");
    output.stdout
}

/// The text of each page.
pub(crate) fn pages(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(poppler("pdftotext", &["-layout", "-", "-"], bytes)).unwrap();
    // Marks of direction are the reader's addition.
    let text: String = text.chars().filter(|c| !matches!(c, '\u{202A}'..='\u{202E}')).collect();
    let pages = text.trim_end_matches('\u{C}').split('\u{C}');
    pages.map(|page| page.lines().map(|line| squeezed(line) + "\n").collect()).collect()
}

/// The text of all pages, with single spaces.
pub(crate) fn text(bytes: &[u8]) -> String {
    pages(bytes).join("\n")
}

/// Without superfluous spaces.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An amount as the forms show it.
pub(crate) fn money(value: Minor, currency: Currency) -> String {
    amount(value, currency, Grouping::of(currency))
}

/// What a phone reads from the codes of all pages.
pub(crate) fn qr_codes(bytes: &[u8]) -> Vec<String> {
    let (width, height, pixels) = grey(bytes);
    let of = |x: usize, y: usize| pixels[y * width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, of);
    image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect()
}

/// What a scanner reads from the first page, in the order of the alphabet.
pub(crate) fn barcodes(bytes: &[u8]) -> Vec<String> {
    let (width, height, pixels) = grey(bytes);
    let mut read = barcodes_in(width, height, &pixels);
    read.sort();
    read
}

/// What a scanner reads from a picture.
pub(crate) fn barcodes_in(width: usize, height: usize, pixels: &[u8]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("daybook-{}-{height}.pgm", std::process::id()));
    let mut image = format!("P5 {width} {height} 255\n").into_bytes();
    image.extend(pixels);
    std::fs::write(&file, image).unwrap();
    let output = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Scode128.enable"])
        .arg(&file)
        .output()
        .expect("zbarimg of zbar-tools is needed");
    std::fs::remove_file(&file).unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    read.lines().map(str::to_owned).collect()
}

/// Size and pixels of the first page, 200 to the inch.
pub(crate) fn grey(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
    let image = poppler("pdftoppm", &["-gray", "-r", "200", "-"], bytes);
    let (width, height, pixels) = grey_image(&image);
    (width, height, pixels.to_vec())
}

/// Size and pixels of the first image in PGM format.
fn grey_image(bytes: &[u8]) -> (usize, usize, &[u8]) {
    let mut fields = Vec::new();
    let mut at = 0;
    while fields.len() < 4 {
        let end = at + bytes[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        fields.push(std::str::from_utf8(&bytes[at..end]).unwrap());
        at = end + 1;
    }
    assert_eq!((fields[0], fields[3]), ("P5", "255"), "8-bit grey");
    (fields[1].parse().unwrap(), fields[2].parse().unwrap(), &bytes[at..])
}

/// Compares with the text in `tests/golden`; `UPDATE_GOLDEN=1` writes it instead.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} differs from {}", path.display());
}
