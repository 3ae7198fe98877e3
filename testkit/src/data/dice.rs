//! Values that look random and are the same on every run.

use serde_json::{Value, json};

/// A sequence of values that depends on nothing but the resource and the row's number.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(resource: &str, row: u64) -> Self {
        // FNV-1a over the name, so that resources do not look alike.
        let name = resource.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(name ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number (`SplitMix64`).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).unwrap_or(0)
    }

    pub(super) fn bool(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(super) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(u32::try_from(values.len()).unwrap_or(1)) as usize]
    }

    /// Up to `most` values.
    pub(super) fn some<T>(&mut self, most: u32, mut value: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| value(self)).collect()
    }

    /// A text, often an awkward one.
    pub(super) fn text(&mut self) -> &'static str {
        self.one_of(&[
            "plain",
            "two words",
            "",
            " surrounded ",
            "null",
            "true",
            "42",
            "Zoë Öztürk",
            "日本語のテキスト",
            "🦀 and 👩‍👩‍👧",
            "she said \"no\"",
            "back\\slash \\u0041",
            "line\nbreak\tand tab",
            "bell \u{7} and delete \u{7f}",
            "'; DROP TABLE stories; --",
            "{\"not\": [\"json\"]}",
            "50 % & more = <b>bold</b>",
            "e\u{301} is not é",
        ])
    }

    /// A short name without surprises.
    pub(super) fn name(&mut self) -> &'static str {
        self.one_of(&["Ada", "Grace", "Edsger", "Barbara", "Niklaus", "Radia"])
    }

    /// An integer, now and then one at an end of its range.
    pub(super) fn integer(&mut self) -> i64 {
        match self.below(25) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => 0,
            3 => -i64::from(self.below(1000)),
            _ => i64::from(self.below(1_000_000)),
        }
    }

    /// A number, now and then one that JSON writes as an integer.
    pub(super) fn double(&mut self) -> Value {
        match self.below(10) {
            0 => json!(self.below(100)),
            1 => json!(1e-9),
            2 => json!(-1.797_693_134_862_315_7e308),
            _ => json!(f64::from(self.below(1_000_000)) / 997.0),
        }
    }

    /// An amount of money, as text or as a number.
    pub(super) fn money(&mut self) -> Value {
        let (whole, cents) = (self.below(100_000), self.below(100));
        match self.below(4) {
            0 => json!(whole),
            1 => json!(f64::from(whole) + 0.25),
            2 => json!(format!("-{whole}.{cents:02}")),
            _ => json!(format!("{whole}.{cents:02}")),
        }
    }

    /// A decimal with more digits than a double has.
    pub(super) fn decimal(&mut self) -> Value {
        match self.below(3) {
            0 => json!("12345678901234567890.123456789"),
            1 => json!(format!("0.{:09}", self.below(1_000_000_000))),
            _ => self.money(),
        }
    }

    pub(super) fn date(&mut self) -> String {
        let (year, month, day) = (self.below(60), self.below(12), self.below(28));
        format!("{:04}-{:02}-{:02}", 1970 + year, 1 + month, 1 + day)
    }

    pub(super) fn time(&mut self) -> String {
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        match self.below(3) {
            0 => format!("{hour:02}:{minute:02}:{second:02}.{:03}", self.below(1000)),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        }
    }

    /// An instant: in UTC or with an offset, with a fraction or without.
    pub(super) fn timestamp(&mut self) -> String {
        let second = format!("{}T{}", self.date(), self.whole_second());
        let fraction = match self.below(5) {
            0 => format!(".{:03}", self.below(1000)),
            1 => format!(".{:06}", self.below(1_000_000)),
            2 => format!(".{:09}", self.below(1_000_000_000)),
            _ => String::new(),
        };
        let offset = self.one_of(&["Z", "Z", "+00:00", "+02:00", "-05:30"]);
        second + &fraction + offset
    }

    /// When a row was changed: in 2024 or 2025, in UTC.
    pub(super) fn changed(&mut self) -> String {
        let (year, month, day) = (self.below(2), self.below(12), self.below(28));
        let second = self.whole_second();
        format!("{}-{:02}-{:02}T{second}Z", 2024 + year, 1 + month, 1 + day)
    }

    fn whole_second(&mut self) -> String {
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        format!("{hour:02}:{minute:02}:{second:02}")
    }

    /// Bytes as base64, padded or not.
    pub(super) fn base64(&mut self) -> &'static str {
        self.one_of(&["", "AA==", "AA", "3q2+7w==", "/////w", "AAECAwQFBgcICQ=="])
    }
}
