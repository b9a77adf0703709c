//! Shaping of everyday text without the shaper: most of an invoice is plain Latin, where all that shaping does is
//! to move pairs of letters closer. The pairs are learnt from the shaper itself, once.

use crate::fonts::Font;
use rustybuzz::{Direction, UnicodeBuffer};

/// Characters of everyday text: printable ASCII and the signs that the forms use.
const SIGNS: [char; 5] = ['₹', '·', '×', '–', '\u{2212}'];
const COUNT: usize = 95 + SIGNS.len();

/// Pairs that the shaper must see: a ligature, or anything but a change of distance.
const COMPLEX: i16 = i16::MIN;

/// Glyphs, advances and distances of everyday characters in one font.
pub(crate) struct Everyday {
    glyphs: [(u16, i32); COUNT],
    /// Font units by which a pair stands closer or further, by first and second character.
    pairs: Vec<i16>,
}

/// Place of a character in the tables.
fn slot(character: char) -> Option<usize> {
    match character {
        ' '..='~' => usize::try_from(u32::from(character) - 32).ok(),
        _ => SIGNS.iter().position(|sign| *sign == character).map(|place| 95 + place),
    }
}

fn characters() -> impl Iterator<Item = char> + Clone {
    (' '..='~').chain(SIGNS)
}

impl Everyday {
    /// Asks the shaper for every pair.
    pub(crate) fn learn(font: &Font) -> Self {
        let mut glyphs = [(0, 0); COUNT];
        for (place, character) in glyphs.iter_mut().zip(characters()) {
            let glyph = font.glyph(character).unwrap_or(0);
            *place = (glyph, font.advance(glyph));
        }
        let mut everyday = Self { glyphs, pairs: vec![COMPLEX; COUNT * COUNT] };
        for (first, character) in characters().enumerate() {
            // "aa", "abab…": each pair in both orders, from this character on.
            let text: Vec<char> = characters()
                .skip(first)
                .flat_map(|other| [character, other])
                .chain([character])
                .collect();
            everyday.learn_row(font, &text);
        }
        everyday
    }

    fn learn_row(&mut self, font: &Font, text: &[char]) {
        let Some((script, plan)) = font.plan(Direction::LeftToRight) else { return };
        let mut buffer = UnicodeBuffer::new();
        for (character, cluster) in text.iter().zip(0..) {
            buffer.add(*character, cluster);
        }
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script);
        let shaped = rustybuzz::shape_with_plan(&font.face, plan, buffer);
        let glyphs: Vec<_> = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).collect();
        for pair in glyphs.windows(2) {
            let &[(info, position), (next, _)] = pair else { continue };
            let at = usize::try_from(info.cluster).unwrap_or(usize::MAX);
            let Some((Some(first), Some(second))) =
                text.get(at..at + 2).map(|pair| (slot(pair[0]), slot(pair[1])))
            else {
                continue;
            };
            let (glyph, advance) = self.glyphs[first];
            let plain = next.cluster == info.cluster + 1
                && info.glyph_id == u32::from(glyph)
                && next.glyph_id == u32::from(self.glyphs[second].0)
                && (position.x_offset, position.y_offset) == (0, 0);
            if plain && let Ok(distance) = i16::try_from(position.x_advance - advance) {
                self.pairs[first * COUNT + second] = distance;
            }
        }
    }

    /// Glyph and advance of each character, or nothing where the text needs the shaper.
    pub(crate) fn shape(&self, text: &str) -> Option<Vec<(u16, i32)>> {
        let mut shaped: Vec<(u16, i32)> = Vec::with_capacity(text.len());
        let mut last: Option<usize> = None;
        for character in text.chars() {
            let place = slot(character)?;
            if let (Some(first), Some((_, advance))) = (last, shaped.last_mut()) {
                let distance = self.pairs[first * COUNT + place];
                if distance == COMPLEX {
                    return None;
                }
                *advance += i32::from(distance);
            }
            shaped.push(self.glyphs[place]);
            last = Some(place);
        }
        Some(shaped)
    }
}
