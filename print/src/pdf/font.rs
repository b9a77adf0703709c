//! Fonts in a file: each reduced to the glyphs in use, with the text that each code copies as.

use crate::PrintError;
use crate::fonts::{Font, Fonts, UNITS_PER_EM};
use crate::sheet::{Used, code_point, font_id};
use lopdf::{Dictionary, Object, Stream};
use printpdf::{FontId, FontMetrics, FontType, ParsedFont, PdfFont, PdfFontMetricsStub};
use std::fmt::Write;
use subsetter::GlyphRemapper;

/// A font of the file.
pub(super) struct Embedded<'a> {
    pub(super) id: FontId,
    /// With the mark of a reduced font.
    name: String,
    font: &'a Font,
    used: &'a Used,
    /// Reduced to the glyphs in use.
    program: Vec<u8>,
    /// Glyph in the program of each code, from code 1.
    glyphs: Vec<u16>,
}

/// The fonts that the pages use, reduced.
pub(super) fn in_use<'a>(
    fonts: &'a Fonts,
    used: &'a [Used],
) -> Result<Vec<Embedded<'a>>, PrintError> {
    let used = used.iter().enumerate().filter(|(_, used)| !used.entries.is_empty());
    used.map(|(index, used)| reduce(index, fonts.get(index), used)).collect()
}

fn reduce<'a>(index: usize, font: &'a Font, used: &'a Used) -> Result<Embedded<'a>, PrintError> {
    let mut remapper = GlyphRemapper::new();
    let glyphs = used.entries.iter().map(|(glyph, _)| remapper.remap(*glyph)).collect();
    let program = subsetter::subset(font.data, 0, &remapper)
        .map_err(|source| PrintError::Subset { font: font.name, source })?;
    let name = format!("{}+{}", subset_tag(index), font.name);
    Ok(Embedded { id: font_id(index), name, font, used, program, glyphs })
}

/// Six capital letters that mark a reduced font, from its place: the same in every file.
fn subset_tag(index: usize) -> String {
    let letter = ('A'..='Z').nth(index).unwrap_or('Z');
    format!("DAYBK{letter}")
}

impl Embedded<'_> {
    /// The font as printpdf writes it: our codes are its glyph ids, so that a glyph may have two texts.
    pub(super) fn to_printpdf(&self) -> PdfFont {
        const { assert!(UNITS_PER_EM == 1000, "widths are in thousandths of an em") };
        let face = &self.font.face;
        let bbox = face.global_bounding_box();
        let codes = (1_u16..).zip(&self.used.entries);
        let width = |glyph: u16| u16::try_from(self.font.advance(glyph)).unwrap_or(u16::MAX);
        PdfFont::new(ParsedFont {
            original_bytes: self.program.clone(),
            font_index: 0,
            font_name: Some(self.name.clone()),
            codepoint_to_glyph: codes.clone().map(|(code, _)| (code_point(code), code)).collect(),
            glyph_widths: codes.map(|(code, (glyph, _))| (code, width(*glyph))).collect(),
            units_per_em: 1000,
            font_metrics: FontMetrics { ascent: face.ascender(), descent: face.descender() },
            font_type: FontType::TrueType,
            pdf_font_metrics: PdfFontMetricsStub {
                units_per_em: 1000,
                x_min: bbox.x_min,
                y_min: bbox.y_min,
                x_max: bbox.x_max,
                y_max: bbox.y_max,
                us_weight_class: face.weight().to_number(),
                ..PdfFontMetricsStub::default()
            },
        })
    }

    /// Adds what printpdf does not know: the text of each code, and the glyph where it is not the code.
    pub(super) fn complete(&self, file: &mut lopdf::Document) -> lopdf::Result<()> {
        let texts = Stream::new(Dictionary::new(), to_unicode(self.used));
        let map = self.glyph_map().map(|map| file.add_object(Stream::new(Dictionary::new(), map)));
        let named = |font: &&mut Dictionary| {
            let name = font.get(b"BaseFont").and_then(Object::as_name);
            name.is_ok_and(|name| name == self.name.as_bytes())
        };
        let mut dictionaries = file.objects.values_mut().filter_map(|any| any.as_dict_mut().ok());
        let missing = || lopdf::Error::DictKey(self.name.clone());
        let font = dictionaries.find(named).ok_or_else(missing)?;
        if let Some(map) = map {
            let descendants = font.get_mut(b"DescendantFonts")?.as_array_mut()?;
            let descendant = descendants.first_mut().ok_or_else(missing)?.as_dict_mut()?;
            descendant.set("CIDToGIDMap", Object::Reference(map));
        }
        let place = font.get(b"ToUnicode")?.as_reference()?;
        file.set_object(place, texts);
        Ok(())
    }

    /// Codes and glyphs differ only where a glyph stands for two texts.
    fn glyph_map(&self) -> Option<Vec<u8>> {
        let same = self.glyphs.iter().zip(1..).all(|(glyph, code)| *glyph == code);
        let glyphs = std::iter::once(&0).chain(&self.glyphs);
        (!same).then(|| glyphs.flat_map(|glyph| glyph.to_be_bytes()).collect())
    }
}

/// Codes per section of a map of texts: the format's limit.
const SECTION: usize = 100;

/// The text of each code, so that what is on paper can be searched and copied. printpdf's own map knows one
/// character a code; a cluster is several.
fn to_unicode(used: &Used) -> Vec<u8> {
    let mut map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
        /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n\
        /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
        1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        .to_owned();
    let texts = (1_u16..).zip(&used.entries).filter(|(_, (_, text))| !text.is_empty());
    let texts: Vec<(u16, &str)> = texts.map(|(code, (_, text))| (code, text.as_str())).collect();
    for section in texts.chunks(SECTION) {
        put(&mut map, format_args!("{} beginbfchar\n", section.len()));
        for (code, text) in section {
            put(&mut map, format_args!("<{code:04X}> <"));
            // The minus sign is drawn as such, but copied as what spreadsheets read.
            for character in text.chars().map(|c| if c == '\u{2212}' { '-' } else { c }) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    put(&mut map, format_args!("{unit:04X}"));
                }
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map.into_bytes()
}

fn put(map: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = map.write_fmt(part);
}
