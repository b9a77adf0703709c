//! The fonts that ship with the program: parsed once, at first use, and shared by every document.

use crate::PrintError;
use crate::everyday::Everyday;
use rustybuzz::{Direction, Face, Script, ShapePlan, script};
use std::sync::OnceLock;

/// Glyph space of all built-in fonts: this many units make one em.
pub(crate) const UNITS_PER_EM: i32 = 1000;

/// Stroke weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Design of one script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Latin, Greek, Cyrillic, figures and currency signs.
    Sans,
    Devanagari,
    Arabic,
    Kannada,
    /// Bengali and Assamese.
    Bengali,
    Gujarati,
    /// Punjabi.
    Gurmukhi,
    Malayalam,
    /// Odia.
    Oriya,
    Tamil,
    Telugu,
    Hebrew,
    Thai,
}

impl Family {
    /// All, in the order in which they are asked for a character that is of none of their scripts.
    pub(crate) const ALL: [Self; FONT_COUNT / 2] = [
        Self::Sans,
        Self::Devanagari,
        Self::Arabic,
        Self::Kannada,
        Self::Bengali,
        Self::Gujarati,
        Self::Gurmukhi,
        Self::Malayalam,
        Self::Oriya,
        Self::Tamil,
        Self::Telugu,
        Self::Hebrew,
        Self::Thai,
    ];
}

/// One font face with what the layout asks of it again and again.
pub(crate) struct Font {
    /// PostScript name.
    pub(crate) name: &'static str,
    pub(crate) data: &'static [u8],
    pub(crate) face: Face<'static>,
    /// Glyph of each ASCII character; 0 where there is none.
    ascii: [u16; 128],
    /// Ready-made shaping of everyday text; only fonts for Latin have it.
    pub(crate) everyday: Option<Everyday>,
    plans: Vec<(Direction, Script, ShapePlan)>,
}

/// Place of a font in [`Fonts`].
pub(crate) type FontIndex = usize;

/// Number of built-in fonts.
pub(crate) const FONT_COUNT: usize = 26;

/// All fonts. Load once per process: that of Latin is parsed then, and costs more than a page; each of the others when a
/// text first needs it.
pub struct Fonts {
    /// Boxed: a parsed font takes kilobytes, and all of them more than a small stack has to spare.
    fonts: [OnceLock<Box<Font>>; FONT_COUNT],
}

/// A font as it ships: what [`Font::parse`] takes.
struct Source {
    name: &'static str,
    data: &'static [u8],
    plans: &'static [(Direction, Script)],
}

const SANS: &[(Direction, Script)] =
    &[(Direction::LeftToRight, script::LATIN), (Direction::RightToLeft, script::LATIN)];
const ARABIC: &[(Direction, Script)] =
    &[(Direction::RightToLeft, script::ARABIC), (Direction::LeftToRight, script::ARABIC)];
const HEBREW: &[(Direction, Script)] =
    &[(Direction::RightToLeft, script::HEBREW), (Direction::LeftToRight, script::HEBREW)];

macro_rules! font {
    ($name:literal, $file:literal, $plans:expr) => {
        Source { name: $name, data: include_bytes!(concat!("../fonts/", $file)), plans: $plans }
    };
}

/// In the order of [`Family`], regular before bold.
static SOURCES: [Source; FONT_COUNT] = [
    font!("NotoSans-Regular", "NotoSans_400Regular.ttf", SANS),
    font!("NotoSans-Bold", "NotoSans_700Bold.ttf", SANS),
    font!(
        "NotoSansDevanagari-Regular",
        "NotoSansDevanagari_400Regular.ttf",
        &[(Direction::LeftToRight, script::DEVANAGARI)]
    ),
    font!(
        "NotoSansDevanagari-Bold",
        "NotoSansDevanagari_700Bold.ttf",
        &[(Direction::LeftToRight, script::DEVANAGARI)]
    ),
    font!("NotoSansArabic-Regular", "NotoSansArabic_400Regular.ttf", ARABIC),
    font!("NotoSansArabic-Bold", "NotoSansArabic_700Bold.ttf", ARABIC),
    font!(
        "NotoSansKannada-Regular",
        "NotoSansKannada_400Regular.ttf",
        &[(Direction::LeftToRight, script::KANNADA)]
    ),
    font!(
        "NotoSansKannada-Bold",
        "NotoSansKannada_700Bold.ttf",
        &[(Direction::LeftToRight, script::KANNADA)]
    ),
    font!(
        "NotoSansBengali-Regular",
        "NotoSansBengali_400Regular.ttf",
        &[(Direction::LeftToRight, script::BENGALI)]
    ),
    font!(
        "NotoSansBengali-Bold",
        "NotoSansBengali_700Bold.ttf",
        &[(Direction::LeftToRight, script::BENGALI)]
    ),
    font!(
        "NotoSansGujarati-Regular",
        "NotoSansGujarati_400Regular.ttf",
        &[(Direction::LeftToRight, script::GUJARATI)]
    ),
    font!(
        "NotoSansGujarati-Bold",
        "NotoSansGujarati_700Bold.ttf",
        &[(Direction::LeftToRight, script::GUJARATI)]
    ),
    font!(
        "NotoSansGurmukhi-Regular",
        "NotoSansGurmukhi_400Regular.ttf",
        &[(Direction::LeftToRight, script::GURMUKHI)]
    ),
    font!(
        "NotoSansGurmukhi-Bold",
        "NotoSansGurmukhi_700Bold.ttf",
        &[(Direction::LeftToRight, script::GURMUKHI)]
    ),
    font!(
        "NotoSansMalayalam-Regular",
        "NotoSansMalayalam_400Regular.ttf",
        &[(Direction::LeftToRight, script::MALAYALAM)]
    ),
    font!(
        "NotoSansMalayalam-Bold",
        "NotoSansMalayalam_700Bold.ttf",
        &[(Direction::LeftToRight, script::MALAYALAM)]
    ),
    font!(
        "NotoSansOriya-Regular",
        "NotoSansOriya_400Regular.ttf",
        &[(Direction::LeftToRight, script::ORIYA)]
    ),
    font!(
        "NotoSansOriya-Bold",
        "NotoSansOriya_700Bold.ttf",
        &[(Direction::LeftToRight, script::ORIYA)]
    ),
    font!(
        "NotoSansTamil-Regular",
        "NotoSansTamil_400Regular.ttf",
        &[(Direction::LeftToRight, script::TAMIL)]
    ),
    font!(
        "NotoSansTamil-Bold",
        "NotoSansTamil_700Bold.ttf",
        &[(Direction::LeftToRight, script::TAMIL)]
    ),
    font!(
        "NotoSansTelugu-Regular",
        "NotoSansTelugu_400Regular.ttf",
        &[(Direction::LeftToRight, script::TELUGU)]
    ),
    font!(
        "NotoSansTelugu-Bold",
        "NotoSansTelugu_700Bold.ttf",
        &[(Direction::LeftToRight, script::TELUGU)]
    ),
    font!("NotoSansHebrew-Regular", "NotoSansHebrew_400Regular.ttf", HEBREW),
    font!("NotoSansHebrew-Bold", "NotoSansHebrew_700Bold.ttf", HEBREW),
    font!(
        "NotoSansThai-Regular",
        "NotoSansThai_400Regular.ttf",
        &[(Direction::LeftToRight, script::THAI)]
    ),
    font!(
        "NotoSansThai-Bold",
        "NotoSansThai_700Bold.ttf",
        &[(Direction::LeftToRight, script::THAI)]
    ),
];

impl Fonts {
    /// Looks through the built-in fonts, and parses those of Latin.
    ///
    /// # Errors
    /// [`PrintError::Font`] names the font that cannot be read: a broken build.
    pub fn load() -> Result<Self, PrintError> {
        let fonts = Self { fonts: [const { OnceLock::new() }; FONT_COUNT] };
        for (index, (place, source)) in fonts.fonts.iter().zip(&SOURCES).enumerate() {
            if index < 2 {
                let _new = place.set(Box::new(Font::parse(source)?));
            } else {
                source.face()?;
            }
        }
        Ok(fonts)
    }

    /// The place of a font.
    pub(crate) fn index(family: Family, weight: Weight) -> FontIndex {
        let base = 2 * match family {
            Family::Sans => 0,
            Family::Devanagari => 1,
            Family::Arabic => 2,
            Family::Kannada => 3,
            Family::Bengali => 4,
            Family::Gujarati => 5,
            Family::Gurmukhi => 6,
            Family::Malayalam => 7,
            Family::Oriya => 8,
            Family::Tamil => 9,
            Family::Telugu => 10,
            Family::Hebrew => 11,
            Family::Thai => 12,
        };
        match weight {
            Weight::Regular => base,
            Weight::Bold => base + 1,
        }
    }

    /// The font at a place that [`Fonts::index`] gave.
    pub(crate) fn get(&self, index: FontIndex) -> &Font {
        self.fonts[index].get_or_init(|| {
            let font = Font::parse(&SOURCES[index]);
            Box::new(font.expect("its face was read when the fonts were loaded"))
        })
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(SOURCES.iter().map(|font| font.name)).finish()
    }
}

impl Font {
    fn parse(source: &Source) -> Result<Self, PrintError> {
        let Source { name, data, plans } = *source;
        let face = source.face()?;
        let mut ascii = [0; 128];
        for (slot, character) in ascii.iter_mut().zip('\0'..) {
            *slot = face.glyph_index(character).map_or(0, |glyph| glyph.0);
        }
        let plans = plans
            .iter()
            .map(|(direction, script)| {
                let plan = ShapePlan::new(&face, *direction, Some(*script), None, &[]);
                (*direction, *script, plan)
            })
            .collect();
        let mut font = Self { name, data, face, ascii, everyday: None, plans };
        if plans_latin(&font) {
            font.everyday = Some(Everyday::learn(&font));
        }
        Ok(font)
    }

    /// Glyph of a character, if the font has it.
    pub(crate) fn glyph(&self, character: char) -> Option<u16> {
        let known =
            usize::try_from(u32::from(character)).ok().and_then(|code| self.ascii.get(code));
        match known {
            Some(0) => None,
            Some(glyph) => Some(*glyph),
            None => self.face.glyph_index(character).map(|glyph| glyph.0),
        }
    }

    /// Advance of a glyph in font units.
    pub(crate) fn advance(&self, glyph: u16) -> i32 {
        let advance = self.face.glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(glyph));
        i32::from(advance.unwrap_or(0))
    }

    /// The prepared plan for a direction and its script, if there is one.
    pub(crate) fn plan(&self, direction: Direction) -> Option<(Script, &ShapePlan)> {
        let mut plans = self.plans.iter();
        plans.find(|(of, ..)| *of == direction).map(|(_, script, plan)| (*script, plan))
    }
}

impl Source {
    /// The face, for shaping.
    fn face(&self) -> Result<Face<'static>, PrintError> {
        let face = Face::from_slice(self.data, 0).ok_or(PrintError::Font(self.name))?;
        if face.units_per_em() == UNITS_PER_EM {
            Ok(face)
        } else {
            Err(PrintError::Font(self.name))
        }
    }
}

fn plans_latin(font: &Font) -> bool {
    font.plan(Direction::LeftToRight).is_some_and(|(script, _)| script == script::LATIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_fonts_take_little_of_a_stack() {
        assert!(size_of::<Fonts>() < 1024, "they are moved through several frames");
    }

    #[test]
    fn every_built_in_font_is_in_its_place() {
        let fonts = Fonts::load().unwrap();
        for family in Family::ALL {
            for weight in [Weight::Regular, Weight::Bold] {
                let name = fonts.get(Fonts::index(family, weight)).name;
                let script =
                    if family == Family::Sans { String::new() } else { format!("{family:?}") };
                assert_eq!(name, format!("NotoSans{script}-{weight:?}"));
            }
        }
    }
}
