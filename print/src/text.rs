//! Text to glyphs: bidirectional order, a font for every character, shaping, and breaking into lines.

use crate::fonts::{Family, FontIndex, Fonts, UNITS_PER_EM, Weight};
use rustybuzz::{Direction, UnicodeBuffer};
use std::collections::BTreeMap;
use std::ops::Range;
use unicode_bidi::ParagraphBidiInfo;

/// A glyph at its place in a line.
#[derive(Debug, Clone)]
pub(crate) struct Glyph {
    pub(crate) font: FontIndex,
    pub(crate) id: u16,
    /// Font units, as are the offsets.
    pub(crate) advance: i32,
    pub(crate) dx: i32,
    pub(crate) dy: i32,
    /// Where the cluster begins that it belongs to: the text may break only there.
    cluster: usize,
    /// The part of the text that is copied with it; empty where a cluster has more glyphs than characters.
    pub(crate) source: Range<usize>,
}

/// One line of text, shaped: independent of its size.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// In the order of sight, left to right.
    pub(crate) glyphs: Vec<Glyph>,
    /// Font units.
    width: i32,
}

impl Line {
    /// Width at a size; both in hundredths of a point.
    pub(crate) fn width(&self, size: i32) -> i32 {
        // Rounded up: a line that is measured to fit does fit.
        let exact = i64::from(self.width) * i64::from(size);
        i32::try_from((exact + 999) / i64::from(UNITS_PER_EM)).unwrap_or(i32::MAX)
    }
}

/// Shapes one line; control characters count as spaces. The line's text is canonically the same, but not by its bytes.
pub(crate) fn shape(fonts: &Fonts, weight: Weight, text: &str) -> Line {
    let text: String = text.chars().flat_map(written).collect();
    let glyphs = everyday(fonts, weight, &text).unwrap_or_else(|| fully(fonts, weight, &text));
    let width = glyphs.iter().map(|glyph| glyph.advance).fold(0, i32::saturating_add);
    Line { text, glyphs, width }
}

/// A character as it is written. A vowel sign that stands on both sides of its letter is two: each side has a glyph, and one
/// without a character of its own would leave a gap in what is copied.
fn written(character: char) -> impl Iterator<Item = char> {
    let (first, second) = match character {
        '\u{09CB}' => ('\u{09C7}', Some('\u{09BE}')),
        '\u{09CC}' => ('\u{09C7}', Some('\u{09D7}')),
        '\u{0B48}' => ('\u{0B47}', Some('\u{0B56}')),
        '\u{0B4B}' => ('\u{0B47}', Some('\u{0B3E}')),
        '\u{0B4C}' => ('\u{0B47}', Some('\u{0B57}')),
        '\u{0BCA}' => ('\u{0BC6}', Some('\u{0BBE}')),
        '\u{0BCB}' => ('\u{0BC7}', Some('\u{0BBE}')),
        '\u{0BCC}' => ('\u{0BC6}', Some('\u{0BD7}')),
        '\u{0D4A}' => ('\u{0D46}', Some('\u{0D3E}')),
        '\u{0D4B}' => ('\u{0D47}', Some('\u{0D3E}')),
        '\u{0D4C}' => ('\u{0D46}', Some('\u{0D57}')),
        character if character.is_control() => (' ', None),
        character => (character, None),
    };
    std::iter::once(first).chain(second)
}

/// Breaks a text into lines no wider than `width` at `size` (hundredths of a point).
pub(crate) fn wrap(fonts: &Fonts, weight: Weight, text: &str, size: i32, width: i32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.lines().filter(|paragraph| !paragraph.trim().is_empty()) {
        let whole = shape(fonts, weight, paragraph.trim());
        if whole.width(size) <= width {
            lines.push(whole);
        } else {
            for piece in break_at_width(fonts, weight, paragraph.trim(), size, width) {
                lines.push(shape(fonts, weight, &piece));
            }
        }
    }
    lines
}

/// Greedy breaking at spaces; a word wider than the line breaks between clusters.
fn break_at_width(fonts: &Fonts, weight: Weight, text: &str, size: i32, width: i32) -> Vec<String> {
    let space = shape(fonts, weight, " ").width(size);
    let mut pieces: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut used = 0_i32;
    for word in text.split_whitespace() {
        let word_width = shape(fonts, weight, word).width(size);
        if !current.is_empty() && used + space + word_width <= width {
            current.push(' ');
            current.push_str(word);
            used += space + word_width;
            continue;
        }
        if !current.is_empty() {
            pieces.push(std::mem::take(&mut current));
        }
        for part in split_word(fonts, weight, word, size, width) {
            if !current.is_empty() {
                pieces.push(std::mem::take(&mut current));
            }
            current = part;
        }
        used = shape(fonts, weight, &current).width(size);
    }
    if !current.is_empty() {
        pieces.push(current);
    }
    pieces
}

/// Parts of a word, each at most `width` wide (but at least one cluster long).
fn split_word(fonts: &Fonts, weight: Weight, word: &str, size: i32, width: i32) -> Vec<String> {
    let line = shape(fonts, weight, word);
    if line.width(size) <= width {
        return vec![word.to_owned()];
    }
    let mut clusters: BTreeMap<usize, i64> = BTreeMap::new();
    for glyph in &line.glyphs {
        *clusters.entry(glyph.cluster).or_default() += i64::from(glyph.advance);
    }
    let clusters: Vec<(usize, i64)> = clusters.into_iter().collect();
    let limit = i64::from(width) * i64::from(UNITS_PER_EM) / i64::from(size.max(1));
    let fits = |part: &str| shape(fonts, weight, part).width(size) <= width;
    let (mut parts, mut first) = (Vec::new(), 0);
    while let Some((start, _)) = clusters.get(first).copied() {
        let mut used = 0;
        let rest = clusters.iter().skip(first).take_while(|(_, advance)| {
            used += advance;
            used <= limit
        });
        let mut count = rest.count().max(1);
        let part = |count: usize| {
            let end = clusters.get(first + count).map_or(line.text.len(), |(at, _)| *at);
            line.text.get(start..end).unwrap_or_default()
        };
        // A letter may stand wider at the end of a line than before the one that it was kerned to.
        while count > 1 && !fits(part(count)) {
            count -= 1;
        }
        parts.push(part(count).to_owned());
        first += count;
    }
    parts
}

/// Plain Latin text by table.
fn everyday(fonts: &Fonts, weight: Weight, text: &str) -> Option<Vec<Glyph>> {
    let font = Fonts::index(Family::Sans, weight);
    let shaped = fonts.get(font).everyday.as_ref()?.shape(text)?;
    let glyphs = text.char_indices().zip(shaped).map(|((at, character), (id, advance))| Glyph {
        font,
        id,
        advance,
        dx: 0,
        dy: 0,
        cluster: at,
        source: at..at + character.len_utf8(),
    });
    Some(glyphs.collect())
}

/// Any text by the shaper.
fn fully(fonts: &Fonts, weight: Weight, text: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::with_capacity(text.len());
    if text.is_ascii() {
        let font = Fonts::index(Family::Sans, weight);
        shape_run(fonts, font, Direction::LeftToRight, text, 0..text.len(), &mut glyphs);
    } else {
        shape_bidi(fonts, weight, text, &mut glyphs);
    }
    glyphs
}

fn shape_bidi(fonts: &Fonts, weight: Weight, text: &str, glyphs: &mut Vec<Glyph>) {
    let bidi = ParagraphBidiInfo::new(text, None);
    let (levels, runs) = bidi.visual_runs(0..text.len());
    for run in runs {
        let rtl = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
        let direction = if rtl { Direction::RightToLeft } else { Direction::LeftToRight };
        let mut parts = font_runs(fonts, weight, text, run);
        if rtl {
            parts.reverse();
        }
        for (font, range) in parts {
            shape_run(fonts, font, direction, text, range, glyphs);
        }
    }
}

/// Splits a run where the font changes.
fn font_runs(
    fonts: &Fonts,
    weight: Weight,
    text: &str,
    run: Range<usize>,
) -> Vec<(FontIndex, Range<usize>)> {
    let mut parts: Vec<(FontIndex, Range<usize>)> = Vec::new();
    for (offset, character) in text.get(run.clone()).unwrap_or_default().char_indices() {
        let at = run.start + offset;
        let end = at + character.len_utf8();
        let current = parts.last().map(|(font, _)| *font);
        let font = font_for(fonts, weight, character, current);
        match parts.last_mut() {
            Some((last, range)) if *last == font => range.end = end,
            _ => parts.push((font, at..end)),
        }
    }
    parts
}

/// The font of a character: its script's, else any that has it, else the first, which shows a box.
fn font_for(
    fonts: &Fonts,
    weight: Weight,
    character: char,
    current: Option<FontIndex>,
) -> FontIndex {
    if let Some(current) = current
        && joins(character)
        && (fonts.get(current).glyph(character).is_some() || is_joiner(character))
    {
        return current;
    }
    let own = family(character);
    [own]
        .into_iter()
        .chain(Family::ALL)
        .map(|family| Fonts::index(family, weight))
        .find(|font| fonts.get(*font).glyph(character).is_some())
        .unwrap_or(Fonts::index(Family::Sans, weight))
}

fn family(character: char) -> Family {
    match character {
        '\u{0900}'..='\u{097F}' | '\u{1CD0}'..='\u{1CFF}' | '\u{A8E0}'..='\u{A8FF}' => {
            Family::Devanagari
        }
        '\u{0600}'..='\u{06FF}'
        | '\u{0750}'..='\u{077F}'
        | '\u{0870}'..='\u{08FF}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFE}' => Family::Arabic,
        '\u{0590}'..='\u{05FF}' | '\u{FB1D}'..='\u{FB4F}' => Family::Hebrew,
        '\u{0980}'..='\u{09FF}' => Family::Bengali,
        '\u{0A00}'..='\u{0A7F}' => Family::Gurmukhi,
        '\u{0A80}'..='\u{0AFF}' => Family::Gujarati,
        '\u{0B00}'..='\u{0B7F}' => Family::Oriya,
        '\u{0B80}'..='\u{0BFF}' => Family::Tamil,
        '\u{0C00}'..='\u{0C7F}' => Family::Telugu,
        '\u{0C80}'..='\u{0CFF}' => Family::Kannada,
        '\u{0D00}'..='\u{0D7F}' => Family::Malayalam,
        '\u{0E00}'..='\u{0E7F}' => Family::Thai,
        _ => Family::Sans,
    }
}

/// Whether a character stays in the font of the one before it: spaces, joiners, combining marks, and the full stop that
/// the scripts of India share.
fn joins(character: char) -> bool {
    let shared = matches!(character, '\u{0300}'..='\u{036F}' | '\u{0964}' | '\u{0965}');
    character == ' ' || is_joiner(character) || shared
}

pub(crate) fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}')
}

fn shape_run(
    fonts: &Fonts,
    index: FontIndex,
    direction: Direction,
    text: &str,
    run: Range<usize>,
    glyphs: &mut Vec<Glyph>,
) {
    let Some(part) = text.get(run.clone()) else { return };
    let font = fonts.get(index);
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(part);
    buffer.set_direction(direction);
    let shaped = match font.plan(direction) {
        Some((script, plan)) => {
            buffer.set_script(script);
            rustybuzz::shape_with_plan(&font.face, plan, buffer)
        }
        None => rustybuzz::shape(&font.face, &[], buffer),
    };
    let first = glyphs.len();
    let mut starts: Vec<usize> = Vec::with_capacity(shaped.len());
    for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
        let start = run.start + usize::try_from(info.cluster).unwrap_or(0);
        starts.push(start);
        glyphs.push(Glyph {
            font: index,
            id: u16::try_from(info.glyph_id).unwrap_or(0),
            advance: position.x_advance,
            dx: position.x_offset,
            dy: position.y_offset,
            cluster: start,
            source: start..start,
        });
    }
    starts.sort_unstable();
    let added = glyphs.get_mut(first..).unwrap_or_default();
    for cluster in added.chunk_by_mut(|a, b| a.cluster == b.cluster) {
        let start = cluster.first().map_or(run.end, |glyph| glyph.cluster);
        let next = starts.partition_point(|other| *other <= start);
        let end = starts.get(next).copied().unwrap_or(run.end);
        if direction == Direction::RightToLeft {
            cluster.reverse();
            share(text, start..end, cluster);
            cluster.reverse();
        } else {
            share(text, start..end, cluster);
        }
    }
}

/// Shares the characters of a cluster among its glyphs, so that none leaves a gap when the text is copied: the
/// first takes all but one for each of the others. A glyph left out keeps an empty source.
fn share(text: &str, whole: Range<usize>, glyphs: &mut [Glyph]) {
    let part = text.get(whole.clone()).unwrap_or_default();
    let ends = part.char_indices().map(|(at, character)| whole.start + at + character.len_utf8());
    let ends: Vec<usize> = ends.collect();
    // A mark that hangs on another glyph takes none: readers would see a gap after it.
    let all_hang = glyphs.iter().all(|glyph| glyph.advance == 0);
    let count = glyphs.iter().filter(|glyph| all_hang || glyph.advance > 0).count();
    let surplus = ends.len().saturating_sub(count);
    let mut from = whole.start;
    let ends = ends.into_iter().skip(surplus).chain(std::iter::repeat(whole.end));
    let bearers = glyphs.iter_mut().filter(|glyph| all_hang || glyph.advance > 0);
    for (glyph, to) in bearers.zip(ends) {
        glyph.source = from..to;
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    fn fonts() -> &'static Fonts {
        static FONTS: OnceLock<Fonts> = OnceLock::new();
        FONTS.get_or_init(|| Fonts::load().unwrap())
    }

    fn placed(glyphs: &[Glyph]) -> Vec<(u16, i32, i32, Range<usize>)> {
        glyphs
            .iter()
            .map(|glyph| (glyph.id, glyph.advance, glyph.dx, glyph.source.clone()))
            .collect()
    }

    proptest! {
        #[test]
        fn everyday_text_looks_as_the_shaper_sets_it(text in "[ -~₹·×–−]{1,40}") {
            for weight in [Weight::Regular, Weight::Bold] {
                if let Some(glyphs) = everyday(fonts(), weight, &text) {
                    prop_assert_eq!(placed(&glyphs), placed(&fully(fonts(), weight, &text)));
                }
            }
        }

        #[test]
        fn every_character_is_copied_exactly_once(text in "\\PC{0,30}") {
            let line = shape(fonts(), Weight::Regular, &text);
            let mut parts: Vec<_> = line.glyphs.iter().map(|glyph| glyph.source.clone()).collect();
            parts.retain(|part| !part.is_empty());
            parts.sort_by_key(|part| part.start);
            let copied: String = parts.into_iter().map(|part| &line.text[part]).collect();
            prop_assert_eq!(copied, line.text);
        }

        #[test]
        fn broken_lines_fit_and_lose_nothing(text in "[a-zA-Zà-ü ]{0,120}", width in 2_000..20_000) {
            let lines = wrap(fonts(), Weight::Regular, &text, 800, width);
            for line in &lines {
                prop_assert!(line.width(800) <= width, "{:?} is wider than {}", line.text, width);
            }
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            let all: String = lines.iter().map(|line| squeezed(&line.text)).collect();
            prop_assert_eq!(all, squeezed(&text));
        }
    }

    #[test]
    fn a_letter_at_the_end_of_a_broken_word_may_be_wider_than_before_its_neighbour() {
        let lines = wrap(fonts(), Weight::Regular, "æZðbrækðSBùaTà", 800, 6333);
        assert!(lines.iter().all(|line| line.width(800) <= 6333));
    }

    #[test]
    fn prices_need_no_shaper() {
        for text in ["₹1,18,050.50", "−0.40", "2 × 49.50  ·  5%", "Tax invoice S1T2/26-27/00012"]
        {
            assert!(everyday(fonts(), Weight::Regular, text).is_some(), "{text}");
        }
    }

    #[test]
    fn figures_are_equally_wide() {
        for weight in [Weight::Regular, Weight::Bold] {
            let widths = ('0'..='9').map(|digit| shape(fonts(), weight, &digit.to_string()).width);
            let widths: std::collections::BTreeSet<_> = widths.collect();
            assert_eq!(widths.len(), 1, "{weight:?}: columns of figures line up");
        }
    }

    #[test]
    fn every_script_of_the_built_in_fonts_is_shaped() {
        for (text, family) in [
            ("क्षीरसागर", Family::Devanagari),
            ("الأنصاري", Family::Arabic),
            ("ಲಕ್ಷ್ಮೀ", Family::Kannada),
            ("ক্ষীরের সন্দেশ", Family::Bengali),
            ("શુદ્ધ ઘી", Family::Gujarati),
            ("ਸਿੰਘ ਕਣਕ", Family::Gurmukhi),
            ("ശുദ്ധമായ നെയ്യ്", Family::Malayalam),
            ("ଶୁଦ୍ଧ ଘିଅ", Family::Oriya),
            ("தேநீர் கொழுப்பு", Family::Tamil),
            ("స్వచ్ఛమైన నెయ్యి", Family::Telugu),
            ("חֶמְאָה", Family::Hebrew),
            ("น้ำตาลปี๊บ", Family::Thai),
        ] {
            for weight in [Weight::Regular, Weight::Bold] {
                let glyphs = shape(fonts(), weight, text).glyphs;
                let own = Fonts::index(family, weight);
                assert!(glyphs.iter().all(|glyph| glyph.font == own && glyph.id != 0), "{text}");
                let isolated = text.chars().filter_map(|c| fonts().get(own).glyph(c));
                assert_ne!(
                    glyphs.iter().map(|glyph| glyph.id).collect::<Vec<_>>(),
                    isolated.collect::<Vec<_>>()
                );
            }
        }
    }

    #[test]
    fn a_character_without_glyph_shows_as_a_box() {
        let line = shape(fonts(), Weight::Regular, "\u{1F375}");
        assert_eq!((line.glyphs.len(), line.glyphs[0].id), (1, 0));
        assert!(line.width > 0, "a box is visible");
    }
}
