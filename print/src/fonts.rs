//! The fonts that ship with the program: parsed once, shared by every document.

use crate::PrintError;
use crate::everyday::Everyday;
use rustybuzz::{Direction, Face, Script, ShapePlan, script};

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
pub(crate) const FONT_COUNT: usize = 8;

/// All fonts, parsed. Load once per process: parsing costs more than a page.
pub struct Fonts {
    fonts: [Font; FONT_COUNT],
}

const SANS: &[(Direction, Script)] =
    &[(Direction::LeftToRight, script::LATIN), (Direction::RightToLeft, script::LATIN)];
const DEVANAGARI: &[(Direction, Script)] = &[(Direction::LeftToRight, script::DEVANAGARI)];
const ARABIC: &[(Direction, Script)] =
    &[(Direction::RightToLeft, script::ARABIC), (Direction::LeftToRight, script::ARABIC)];

const KANNADA: &[(Direction, Script)] = &[(Direction::LeftToRight, script::KANNADA)];

macro_rules! font {
    ($name:literal, $file:literal, $plans:expr) => {
        Font::parse($name, include_bytes!(concat!("../fonts/", $file)), $plans)?
    };
}

impl Fonts {
    /// Parses the built-in fonts.
    ///
    /// # Errors
    /// [`PrintError::Font`] names the font that cannot be read: a broken build.
    pub fn load() -> Result<Self, PrintError> {
        Ok(Self {
            fonts: [
                font!("NotoSans-Regular", "NotoSans_400Regular.ttf", SANS),
                font!("NotoSans-Bold", "NotoSans_700Bold.ttf", SANS),
                font!(
                    "NotoSansDevanagari-Regular",
                    "NotoSansDevanagari_400Regular.ttf",
                    DEVANAGARI
                ),
                font!("NotoSansDevanagari-Bold", "NotoSansDevanagari_700Bold.ttf", DEVANAGARI),
                font!("NotoSansArabic-Regular", "NotoSansArabic_400Regular.ttf", ARABIC),
                font!("NotoSansArabic-Bold", "NotoSansArabic_700Bold.ttf", ARABIC),
                font!("NotoSansKannada-Regular", "NotoSansKannada_400Regular.ttf", KANNADA),
                font!("NotoSansKannada-Bold", "NotoSansKannada_700Bold.ttf", KANNADA),
            ],
        })
    }

    /// The place of a font.
    pub(crate) fn index(family: Family, weight: Weight) -> FontIndex {
        let base = match family {
            Family::Sans => 0,
            Family::Devanagari => 2,
            Family::Arabic => 4,
            Family::Kannada => 6,
        };
        match weight {
            Weight::Regular => base,
            Weight::Bold => base + 1,
        }
    }

    /// The font at a place that [`Fonts::index`] gave.
    pub(crate) fn get(&self, index: FontIndex) -> &Font {
        &self.fonts[index]
    }
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fonts.iter().map(|font| font.name)).finish()
    }
}

impl Font {
    fn parse(
        name: &'static str,
        data: &'static [u8],
        plans: &[(Direction, Script)],
    ) -> Result<Self, PrintError> {
        let face = Face::from_slice(data, 0).ok_or(PrintError::Font(name))?;
        if face.units_per_em() != UNITS_PER_EM {
            return Err(PrintError::Font(name));
        }
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

fn plans_latin(font: &Font) -> bool {
    font.plan(Direction::LeftToRight).is_some_and(|(script, _)| script == script::LATIN)
}
