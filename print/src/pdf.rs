//! Drawn pages to the bytes of a file: fonts reduced to the glyphs in use, everything compressed, nothing
//! that depends on when or where it is made.

use crate::PrintError;
use crate::fonts::{Font, UNITS_PER_EM};
use crate::sheet::{Sheet, Used};
use chrono::{DateTime, Datelike, Timelike, Utc};
use flate2::{Compress, Compression, FlushCompress, Status};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

/// Effort of compression: one less, and files of many pages grow by a tenth; more takes longer than it saves.
const LEVEL: u32 = 3;

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

/// Numbers the objects of the file.
struct Refs(i32);

impl Refs {
    fn next(&mut self) -> Result<Ref, PrintError> {
        // The format's limit on indirect objects in one file.
        if self.0 >= 8_388_607 {
            return Err(PrintError::TooLarge);
        }
        self.0 += 1;
        Ok(Ref::new(self.0))
    }
}

const IDENTITY: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Writes the file. `heights` are those of the pages in hundredths of a point.
pub(crate) fn write(
    mut sheet: Sheet<'_>,
    heights: &[i32],
    meta: &Meta<'_>,
) -> Result<Vec<u8>, PrintError> {
    sheet.check()?;
    let (mut pdf, mut refs, mut packer) = (Pdf::new(), Refs(0), Packer::new());
    let (catalog, tree, info) = (refs.next()?, refs.next()?, refs.next()?);
    pdf.catalog(catalog)
        .pages(tree)
        .lang(TextStr("en"))
        .viewer_preferences()
        .display_doc_title(true);
    let mut fonts = Vec::new();
    for (index, used) in sheet.used.iter().enumerate().filter(|(_, used)| !used.entries.is_empty())
    {
        let id =
            write_font(&mut pdf, &mut refs, &mut packer, sheet.fonts.get(index), (index, used))?;
        fonts.push((index, id));
    }
    let mut kids = Vec::with_capacity(sheet.pages.len());
    for (page, height) in sheet.pages.iter().zip(heights) {
        let (id, content) = (refs.next()?, refs.next()?);
        // Integer lengths in, points out, and y turned downwards.
        let placed = format!(".01 0 0 -.01 0 {} cm\n{}", points(*height), page.content);
        let packed = packer.pack(placed.as_bytes())?;
        pdf.stream(content, &packed).filter(Filter::FlateDecode);
        let mut out = pdf.page(id);
        out.media_box(Rect::new(0.0, 0.0, whole_points(sheet.width), whole_points(*height)));
        out.parent(tree).contents(content);
        let mut resources = out.resources();
        let mut named = resources.fonts();
        for (index, font) in &fonts {
            named.pair(Name(format!("F{index}").as_bytes()), *font);
        }
        named.finish();
        resources.finish();
        out.finish();
        kids.push(id);
    }
    let count = i32::try_from(kids.len()).map_err(|_| PrintError::TooLarge)?;
    pdf.pages(tree).kids(kids).count(count);
    write_info(&mut pdf, info, meta)?;
    Ok(pdf.finish())
}

/// Hundredths as the page box and the matrix show them: whole points.
fn points(hundredths: i32) -> i16 {
    i16::try_from((hundredths + 50) / 100).unwrap_or(i16::MAX)
}

fn whole_points(hundredths: i32) -> f32 {
    f32::from(points(hundredths))
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

fn write_info(pdf: &mut Pdf, id: Ref, meta: &Meta<'_>) -> Result<(), PrintError> {
    let at =
        DateTime::<Utc>::from_timestamp_millis(meta.at_ms).ok_or(PrintError::Moment(meta.at_ms))?;
    let date = pdf_date(at).ok_or(PrintError::Moment(meta.at_ms))?;
    pdf.document_info(id)
        .title(TextStr(meta.title))
        .author(TextStr(meta.author))
        .creator(TextStr("Daybook"))
        .creation_date(date);
    let mut version = meta.id.to_vec();
    version.extend(meta.print_no.to_be_bytes());
    pdf.set_file_id((meta.id.to_vec(), version));
    Ok(())
}

fn pdf_date(at: DateTime<Utc>) -> Option<Date> {
    let small = |value: u32| u8::try_from(value).ok();
    let date = Date::new(u16::try_from(at.year()).ok()?);
    let date = date.month(small(at.month())?).day(small(at.day())?).hour(small(at.hour())?);
    Some(date.minute(small(at.minute())?).second(small(at.second())?).utc_offset_hour(0))
}

/// Six capital letters that mark a reduced font, from its place: the same in every file.
fn subset_tag(index: usize) -> String {
    let letter = ('A'..='Z').nth(index).unwrap_or('Z');
    format!("DAYBK{letter}")
}

/// Objects of one embedded font.
struct FontRefs {
    font: Ref,
    descendant: Ref,
    descriptor: Ref,
    program: Ref,
    unicode: Ref,
    glyphs: Ref,
}

/// Embeds a font, reduced to the glyphs in use.
fn write_font(
    pdf: &mut Pdf,
    refs: &mut Refs,
    packer: &mut Packer,
    font: &Font,
    (index, used): (usize, &Used),
) -> Result<Ref, PrintError> {
    let at = FontRefs {
        font: refs.next()?,
        descendant: refs.next()?,
        descriptor: refs.next()?,
        program: refs.next()?,
        unicode: refs.next()?,
        glyphs: refs.next()?,
    };
    let mut remapper = GlyphRemapper::new();
    let glyphs: Vec<u16> = used.entries.iter().map(|(glyph, _)| remapper.remap(*glyph)).collect();
    let program = subsetter::subset(font.data, 0, &remapper)
        .map_err(|source| PrintError::Subset { font: font.name, source })?;
    let name = format!("{}+{}", subset_tag(index), font.name);
    let name = Name(name.as_bytes());

    let mut out = pdf.type0_font(at.font);
    out.base_font(name).encoding_predefined(Name(b"Identity-H"));
    out.descendant_font(at.descendant).to_unicode(at.unicode);
    out.finish();
    let mut out = pdf.cid_font(at.descendant);
    out.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY);
    out.font_descriptor(at.descriptor).default_width(0.0);
    // Codes and glyphs differ only where a glyph stands for two texts.
    let same = glyphs.iter().zip(1..).all(|(glyph, code)| *glyph == code);
    if same {
        out.cid_to_gid_map_predefined(Name(b"Identity"));
    } else {
        out.cid_to_gid_map_stream(at.glyphs);
    }
    let widths = used.entries.iter().map(|(glyph, _)| short(font.advance(*glyph)));
    out.widths().consecutive(1, widths);
    out.finish();
    write_descriptor(pdf, font, name, &at);

    let packed = packer.pack(&program)?;
    let length = i32::try_from(program.len()).map_err(|_| PrintError::TooLarge)?;
    pdf.stream(at.program, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
    let packed = packer.pack(&to_unicode(name, used))?;
    pdf.stream(at.unicode, &packed).filter(Filter::FlateDecode);
    if !same {
        let map = std::iter::once(0).chain(glyphs).flat_map(u16::to_be_bytes);
        let packed = packer.pack(&map.collect::<Vec<u8>>())?;
        pdf.stream(at.glyphs, &packed).filter(Filter::FlateDecode);
    }
    Ok(at.font)
}

fn write_descriptor(pdf: &mut Pdf, font: &Font, name: Name<'_>, at: &FontRefs) {
    let face = &font.face;
    let bbox = face.global_bounding_box();
    let [left, low, right, high] = [bbox.x_min, bbox.y_min, bbox.x_max, bbox.y_max].map(f32::from);
    let mut out = pdf.font_descriptor(at.descriptor);
    out.name(name).flags(FontFlags::SYMBOLIC).italic_angle(0.0);
    out.bbox(Rect::new(left, low, right, high));
    out.ascent(f32::from(face.ascender())).descent(f32::from(face.descender()));
    // Noto's own height of capitals, where a face does not say.
    out.cap_height(f32::from(face.capital_height().unwrap_or(714)));
    out.stem_v(if face.is_bold() { 140.0 } else { 80.0 }).font_file2(at.program);
}

fn short(units: i32) -> f32 {
    const { assert!(UNITS_PER_EM == 1000, "widths are in thousandths of an em") };
    f32::from(i16::try_from(units).unwrap_or(i16::MAX))
}

/// The text of each code, so that what is on paper can be searched and copied.
fn to_unicode(name: Name<'_>, used: &Used) -> Vec<u8> {
    let mut cmap = UnicodeCmap::new(name, IDENTITY);
    for (code, (_, text)) in (1_u16..).zip(&used.entries) {
        // The minus sign is drawn as such, but copied as what spreadsheets read.
        let copied = text.chars().map(|c| if c == '\u{2212}' { '-' } else { c });
        if !text.is_empty() {
            cmap.pair_with_multiple(code, copied);
        }
    }
    cmap.finish().into_vec()
}
