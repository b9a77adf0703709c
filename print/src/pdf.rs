//! Drawn pages to the bytes of a file: printpdf makes the document, and what it leaves to chance or cannot say is
//! settled here: identity, the text behind each glyph, compression. Nothing depends on when or where it is made.

mod font;

use crate::PrintError;
use crate::sheet::{Page, Sheet, real};
use chrono::{DateTime, Datelike, Utc};
use flate2::{Compress, Compression, FlushCompress, Status};
use font::Embedded;
use lopdf::{Dictionary, Object, StringFormat};
use printpdf::{
    CurTransMat, OffsetDateTime, Op, PdfDocument, PdfPage, PdfParseErrorSeverity, PdfSaveOptions,
    Pt, Rect,
};

/// Effort of compression: one less, and files of many pages grow by a tenth; more takes longer than it saves.
const LEVEL: u32 = 3;

/// The format's limit on indirect objects in one file.
const OBJECTS_MAX: u32 = 8_388_607;

/// Fonts come reduced already, and streams are compressed here.
const SAVING: PdfSaveOptions =
    PdfSaveOptions { optimize: false, subset_fonts: false, secure: true, image_optimization: None };

/// What a file says about itself.
pub(crate) struct Meta<'a> {
    pub(crate) title: &'a str,
    pub(crate) author: &'a str,
    /// Moment of the business act, UTC milliseconds: not of printing.
    pub(crate) at_ms: i64,
    /// Identity of the business act.
    pub(crate) id: [u8; 16],
    /// Which print of it.
    pub(crate) print_no: u32,
}

/// Writes the file. `heights` are those of the pages in hundredths of a point.
pub(crate) fn write(
    mut sheet: Sheet<'_>,
    heights: &[i32],
    meta: &Meta<'_>,
) -> Result<Vec<u8>, PrintError> {
    sheet.check()?;
    let mut document = PdfDocument::new(meta.title);
    document.metadata.info.author = meta.author.to_owned();
    document.metadata.info.creator = "Daybook".to_owned();
    document.metadata.info.creation_date = moment(meta.at_ms)?;
    let fonts = font::in_use(sheet.fonts, &sheet.used)?;
    for font in &fonts {
        document.resources.fonts.map.insert(font.id.clone(), font.to_printpdf());
    }
    let (pages, width) = (std::mem::take(&mut sheet.pages), sheet.width);
    document.pages =
        pages.into_iter().zip(heights).map(|(page, height)| placed(page, width, *height)).collect();
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&SAVING, &mut warnings);
    let failure = warnings.into_iter().find(|one| one.severity == PdfParseErrorSeverity::Error);
    if let Some(failure) = failure {
        return Err(PrintError::File(failure.msg));
    }
    finish(&mut file, &fonts, meta)
}

/// The moment as the file gives it: years of four digits.
fn moment(at_ms: i64) -> Result<OffsetDateTime, PrintError> {
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms)
        .filter(|at| (0..=9999).contains(&at.year()))
        .ok_or(PrintError::Moment(at_ms))?;
    OffsetDateTime::from_unix_timestamp(at.timestamp()).map_err(|_| PrintError::Moment(at_ms))
}

/// A page of its size: integer lengths in, points out, and y turned downwards.
fn placed(page: Page, width: i32, height: i32) -> PdfPage {
    let (width, height) = (points(width), points(height));
    let mut ops = page.ops;
    let matrix = CurTransMat::Raw([0.01, 0.0, 0.0, -0.01, 0.0, height.0]);
    ops.insert(0, Op::SetTransformationMatrix { matrix });
    let size = Rect::from_wh(width, height);
    let (trim_box, crop_box) = (size.clone(), size.clone());
    PdfPage { media_box: size, trim_box, crop_box, ops }
}

/// Hundredths as the page box and the matrix show them: whole points.
fn points(hundredths: i32) -> Pt {
    Pt(real((hundredths + 50) / 100))
}

/// Settles what printpdf leaves open, and writes.
fn finish(
    file: &mut lopdf::Document,
    fonts: &[Embedded<'_>],
    meta: &Meta<'_>,
) -> Result<Vec<u8>, PrintError> {
    for font in fonts {
        font.complete(file).map_err(failed)?;
    }
    describe(file, meta).map_err(failed)?;
    if file.max_id > OBJECTS_MAX {
        return Err(PrintError::TooLarge);
    }
    let mut packer = Packer::new();
    for object in file.objects.values_mut() {
        if let Object::Stream(stream) = object {
            let packed = packer.pack(&stream.content)?;
            stream.dict.set("Filter", Object::Name(b"FlateDecode".to_vec()));
            stream.set_content(packed);
        }
    }
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn failed(error: impl std::fmt::Display) -> PrintError {
    PrintError::File(error.to_string())
}

/// Catalogue, information and identity: of the document, where printpdf would draw them at random.
fn describe(file: &mut lopdf::Document, meta: &Meta<'_>) -> lopdf::Result<()> {
    "1.7".clone_into(&mut file.version);
    let shown = Dictionary::from_iter([("DisplayDocTitle", Object::Boolean(true))]);
    let catalog = file.catalog_mut()?;
    catalog.set("Lang", Object::string_literal("en"));
    catalog.set("ViewerPreferences", shown);
    let info = file.trailer.get(b"Info")?.as_reference()?;
    let info = file.get_dictionary_mut(info)?;
    for unsaid in ["Trapped", "ModDate", "GTS_PDFXVersion", "Subject", "Identifier", "Keywords"] {
        info.remove(unsaid.as_bytes());
    }
    info.set("Producer", Object::string_literal("printpdf"));
    let mut version = meta.id.to_vec();
    version.extend(meta.print_no.to_be_bytes());
    let id = [meta.id.to_vec(), version].map(|id| Object::String(id, StringFormat::Hexadecimal));
    file.trailer.set("ID", Object::Array(id.to_vec()));
    Ok(())
}

/// Compresses streams, all with one set of tables: setting them up costs more than a small stream.
struct Packer(Compress);

impl Packer {
    fn new() -> Self {
        Self(Compress::new(Compression::new(LEVEL), true))
    }

    fn pack(&mut self, bytes: &[u8]) -> Result<Vec<u8>, PrintError> {
        self.0.reset();
        // Deflate never grows data by more than a few bytes in a thousand.
        let mut packed = Vec::with_capacity(bytes.len() + bytes.len() / 100 + 64);
        match self.0.compress_vec(bytes, &mut packed, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => Ok(packed),
            Ok(Status::Ok | Status::BufError) | Err(_) => Err(PrintError::TooLarge),
        }
    }
}
