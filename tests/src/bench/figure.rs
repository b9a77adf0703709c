//! What was measured, as JSON lines and as a table.

use serde::Serialize;
use std::fmt::Write;

/// Unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds: less is better.
    Nanos,
    /// A second: more is better.
    PerSecond,
    /// Bytes: less is better.
    Bytes,
}

/// What a figure should reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// At most so many percent of the floor.
    AtMostPercentOfFloor(u64),
    /// At least so many percent of the floor.
    AtLeastPercentOfFloor(u64),
    /// At most so much.
    AtMost(u64),
    /// At most so much above the floor.
    AtMostAboveFloor(u64),
}

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// Unit.
    pub unit: Unit,
    /// Value.
    pub value: u64,
    /// What the machine does at best for the same work, in the same run.
    pub floor: Option<u64>,
    /// What it should reach.
    pub aim: Option<Aim>,
}

impl Figure {
    /// A figure without floor or aim.
    #[must_use]
    pub fn new(name: impl Into<String>, unit: Unit, value: u64) -> Self {
        Self { name: name.into(), unit, value, floor: None, aim: None }
    }

    /// Sets the floor.
    #[must_use]
    pub fn beside(mut self, floor: u64) -> Self {
        self.floor = Some(floor);
        self
    }

    /// Sets the aim.
    #[must_use]
    pub fn aims(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    /// Value in percent of the floor.
    #[must_use]
    pub fn percent_of_floor(&self) -> Option<u64> {
        self.floor.map(|floor| self.value.saturating_mul(100) / floor.max(1))
    }

    /// Whether the aim is met, where there is one.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        Some(match self.aim? {
            Aim::AtMostPercentOfFloor(percent) => self.percent_of_floor()? <= percent,
            Aim::AtLeastPercentOfFloor(percent) => self.percent_of_floor()? >= percent,
            Aim::AtMost(most) => self.value <= most,
            Aim::AtMostAboveFloor(above) => self.value <= self.floor?.saturating_add(above),
        })
    }
}

/// A number as a person reads it, with its unit.
#[must_use]
pub fn readable(value: u64, unit: Unit) -> String {
    let (value, suffix) = match unit {
        Unit::Nanos if value < 10_000 => (value, "ns"),
        Unit::Nanos if value < 10_000_000 => (value / 1_000, "µs"),
        Unit::Nanos => (value / 1_000_000, "ms"),
        Unit::PerSecond => (value, "/s"),
        Unit::Bytes if value < 100_000 => (value, "B"),
        Unit::Bytes if value < 100_000_000 => (value / 1_024, "KiB"),
        Unit::Bytes => (value / 1_048_576, "MiB"),
    };
    format!("{value} {suffix}")
}

/// The figures as a table for a person.
#[must_use]
pub fn table(figures: &[Figure]) -> String {
    let mut text = String::new();
    let width = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
    let mut row = |name: &str, cells: [String; 4]| {
        let [value, floor, percent, aim] = cells;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<width$}  {value:>12}  {floor:>12}  {percent:>8}  {aim}");
    };
    row("", ["measured", "floor", "of floor", "aim"].map(str::to_owned));
    for figure in figures {
        let shown =
            |value: Option<u64>| value.map_or_else(String::new, |v| readable(v, figure.unit));
        let aim = figure.aim.map_or_else(String::new, |aim| {
            let wanted = match aim {
                Aim::AtMostPercentOfFloor(percent) => format!("≤ {percent} %"),
                Aim::AtLeastPercentOfFloor(percent) => format!("≥ {percent} %"),
                Aim::AtMost(most) => format!("≤ {}", readable(most, figure.unit)),
                Aim::AtMostAboveFloor(above) => {
                    format!("≤ floor + {}", readable(above, figure.unit))
                }
            };
            let met = if figure.met() == Some(true) { "met" } else { "MISSED" };
            format!("{wanted}: {met}")
        });
        let percent = figure.percent_of_floor().map_or_else(String::new, |p| format!("{p} %"));
        row(&figure.name, [shown(Some(figure.value)), shown(figure.floor), percent, aim]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_judged_against_the_floor_of_the_same_run() {
        let slow = Figure::new("commit p50", Unit::Nanos, 130_000)
            .beside(100_000)
            .aims(Aim::AtMostPercentOfFloor(125));
        assert_eq!(slow.percent_of_floor(), Some(130));
        assert_eq!(slow.met(), Some(false));
        let fast = Figure::new("ingest", Unit::PerSecond, 700)
            .beside(1000)
            .aims(Aim::AtLeastPercentOfFloor(60));
        assert_eq!(fast.met(), Some(true));
        let text = table(&[slow, fast]);
        assert!(text.contains("≤ 125 %: MISSED") && text.contains("≥ 60 %: met"), "{text}");
    }
}
