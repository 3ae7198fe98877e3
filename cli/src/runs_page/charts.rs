//! The bars of charts. A drawing is 1000 units wide and stretched to the width of the page.

use serde::Serialize;

/// The width of a drawing.
pub(super) const WIDTH: f64 = 1_000.0;

/// The least width of a bar, so that it can be seen.
const NARROWEST: f64 = 3.0;

/// The width of a bar among few.
const WIDEST: f64 = 40.0;

/// A bar, with what it is in words.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    class: &'static str,
    title: String,
}

/// A row of bars along time.
#[derive(Debug, Serialize)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// A chart with a bar for each run.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    pub(super) title: String,
    /// The text of the largest value.
    pub(super) most: String,
    pub(super) label: String,
    pub(super) width: f64,
    pub(super) bars: Vec<Bar>,
}

/// A part of a line of time: where it begins and how long it is, out of a total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) length: f64,
    pub(super) total: f64,
}

/// The height of a bar in a lane: full, or the lower part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Height {
    Full,
    Low,
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Bar {
    /// A bar along time.
    pub(super) fn along(span: Span, height: Height, class: &'static str, title: String) -> Self {
        let scale = if span.total > 0.0 {
            WIDTH / span.total
        } else {
            0.0
        };
        let width = (span.length * scale).clamp(NARROWEST, WIDTH);
        let (y, height) = match height {
            Height::Full => (0.0, 20.0),
            Height::Low => (10.0, 10.0),
        };
        Self {
            x: rounded((span.start * scale).clamp(0.0, WIDTH - width)),
            y,
            width: rounded(width),
            height,
            class,
            title,
        }
    }

    /// The bars of a run among runs: its value out of the largest, and below it a mark if it did not go well.
    pub(super) fn of_run(
        (at, runs): (usize, usize),
        share: f64,
        class: &'static str,
        title: &str,
    ) -> Vec<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a page has few runs")]
        let (at, slot) = (at as f64, WIDTH / runs.max(1) as f64);
        let width = (slot * 0.8).min(WIDEST);
        let x = rounded(at * slot + (slot - width) / 2.0);
        let height = rounded(share.clamp(0.0, 1.0) * 100.0);
        let bar = |y: f64, height: f64| Self {
            x,
            y,
            width: rounded(width),
            height,
            class,
            title: title.to_owned(),
        };
        let mut bars = vec![bar(rounded(100.0 - height), height)];
        if class != "ok" {
            bars.push(bar(103.0, 7.0));
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_within_the_drawing() {
        let total = 10.0;
        for (start, length) in [(0.0, 0.0), (10.0, 0.0), (9.0, 5.0), (0.0, 100.0)] {
            let span = Span {
                start,
                length,
                total,
            };
            let bar = Bar::along(span, Height::Full, "ok", String::new());
            assert!(bar.x >= 0.0 && bar.x + bar.width <= WIDTH, "{bar:?}");
            assert!(bar.width >= NARROWEST, "{bar:?}");
        }
        for runs in [1, 7, 1_000] {
            let last = &Bar::of_run((runs - 1, runs), 2.0, "bad", "")[0];
            assert!(last.x + last.width <= WIDTH && last.y >= 0.0, "{last:?}");
        }
    }
}
