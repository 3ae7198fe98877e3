//! The windows of `incremental`: their keys, how they are read, and the rules about them.

use std::time::Duration;

use crate::connector::{
    Incremental, Part, ResourcePlan, Text, TimeFormat, Type, WindowStep, Windows,
};
use crate::diagnostic::Diagnostic;
use crate::grammar::endpoint::response_action::{self, Meaning};
use crate::grammar::endpoint::{self, incremental as key};
use crate::grammar::{self, AnyKey, Key, duration, text};
use crate::spec::View;
use crate::value;
use crate::yaml::Node;

use super::Check;

pub(crate) static STEP: Key<Text> = text(
    "step",
    "the length of the windows that the range is cut into: `12h`, `1mo`, `{config.NAME}d`",
);
pub(crate) static GRANULARITY: Key<Duration> = duration(
    "granularity",
    "the distance of two values that the API tells apart: `1s`, or `1d` where it takes days",
);

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

impl Check<'_> {
    /// The windows of an `incremental` whose cursor has this type.
    pub(super) fn windows(
        &mut self,
        view: &View<'_>,
        cursor: &Type,
        incremental: &Incremental,
    ) -> Option<Windows> {
        let Some(written) = view.text(&STEP) else {
            if let Some(entry) = view.entry(&GRANULARITY) {
                let message = "`granularity` has no effect here";
                self.error(
                    Diagnostic::error("RS0602", &entry.key.span, message)
                        .help("it is for windows: set their `step`, or remove it"),
                );
            }
            return None;
        };
        let (length, step_setting) = if written.text.contains('{') {
            match self.number_of_a_setting(written, "`step`")? {
                Some((at, Some(unit))) => (format!("1{unit}"), Some(at)),
                _ => (String::new(), None),
            }
        } else {
            (written.text.to_owned(), None)
        };
        let Some(step) = step(&length) else {
            let message = format!("`{}` is not a valid length of a window", written.text);
            self.error(Diagnostic::error("RS0720", written.span, message).help(
                "write a duration, `12h` or `30d`, months or years of the calendar, `1mo`, `1y`, or a bigint setting and its \
                 unit, `{config.NAME}d`",
            ));
            return None;
        };
        if step_setting.is_none() {
            self.minutes_are_meant(written, step);
        }
        if let Some(why) = not_cut(cursor, step) {
            self.error(
                Diagnostic::error("RS0720", written.span, why).help(match cursor {
                    Type::Date(_) => "write whole days, `7d`, or `1mo`",
                    _ => "remove `step`: windows are for a cursor that is a timestamp or a date",
                }),
            );
            return None;
        }
        if view.entry(&key::INITIAL_VALUE).is_none() {
            self.error(
                Diagnostic::error("RS0720", view.place(&STEP), "the first window has no start")
                    .help("set `initial_value`: the time of the first record that you want"),
            );
        }
        let granularity = view.get(&GRANULARITY);
        self.granularity_fits(view, (step, step_setting), granularity, incremental);
        let granularity = match incremental.column {
            Some(_) => granularity,
            None => granularity.or_else(|| Some(resolution(&incremental.format))),
        };
        Some(Windows {
            step,
            step_setting,
            granularity,
        })
    }

    /// `1m` is a minute, and years of those are millions of windows.
    fn minutes_are_meant(&mut self, written: crate::spec::Text<'_>, step: WindowStep) {
        let number = written.text.strip_suffix('m');
        let number = number.and_then(|number| number.parse::<u64>().ok());
        let (Some(number @ 1..=12), WindowStep::Duration(step)) = (number, step) else {
            return;
        };
        let message = format!("`{}` is a number of minutes", written.text);
        let help = format!(
            "for months, write `{number}mo`; for such short windows, `{}s`",
            step.as_secs()
        );
        self.error(Diagnostic::warning("RS0730", written.span, message).help(help));
    }

    fn granularity_fits(
        &mut self,
        view: &View<'_>,
        (step, step_setting): (WindowStep, Option<u16>),
        granularity: Option<Duration>,
        incremental: &Incremental,
    ) {
        let place = view.place(&GRANULARITY);
        let (is_open, finest) = (
            !incremental.start_closed && !incremental.end_closed,
            resolution(&incremental.format),
        );
        let diagnostic = match (granularity, step) {
            (Some(Duration::ZERO), _) => {
                Diagnostic::error("RS0720", place, "`granularity` is zero")
                    .help("write `1s`, or `1d` where the API takes days")
            }
            (Some(granularity), WindowStep::Duration(step))
                if granularity > step && step_setting.is_none() =>
            {
                Diagnostic::error("RS0720", place, "`granularity` is above `step`")
                    .help("a window holds one granularity at least")
            }
            (Some(granularity), _) if incremental.column.is_none() && granularity < finest => {
                Diagnostic::error(
                    "RS0720",
                    place,
                    "`granularity` is finer than what `format` can say",
                )
                .help("leave it out: it is what `format` can say, where records have no cursor")
                .note(
                    "windows would overlap, and no cursor tells which of them a record belongs to",
                )
            }
            (None, _) if is_open && incremental.column.is_some() => Diagnostic::error(
                "RS0720",
                view.place(&STEP),
                "a record between two windows would be in neither",
            )
            .help("set `granularity`: `1s`, or `1d` where the API takes days")
            .note("`range_start: open` and `range_end: open` leave out both ends of a window"),
            _ => return,
        };
        self.error(diagnostic);
    }

    /// Keys of `incremental` that are about the cursor of a record, where records have none.
    pub(super) fn windows_have_no_cursor(&mut self, view: &View<'_>) {
        let keys: [&dyn AnyKey; 3] = [
            &key::ROW_ORDER,
            &key::ON_CURSOR_VALUE_MISSING,
            &key::FUTURE_CURSOR,
        ];
        for key in keys {
            if let Some(entry) = view.entry(key) {
                let message = format!("`{}` has no effect here", key.name);
                self.error(Diagnostic::error("RS0602", &entry.key.span, message).help(
                    "it is about the cursor of a record: name that by `cursor_path`, or remove it",
                ));
            }
        }
    }

    /// Windows whose requests do not say which window they are for.
    pub(super) fn windows_are_sent(&mut self, endpoint: &View<'_>, plan: &ResourcePlan) {
        let view = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
        let incremental = plan.incremental.as_ref();
        let incremental = incremental.filter(|incremental| incremental.windows.is_some());
        let (Some(view), Some(incremental)) = (view, incremental) else {
            if view.is_none_or(|view| view.entry(&STEP).is_none()) {
                self.no_window_is_split(endpoint);
            }
            return;
        };
        let sends_end = incremental.end_param.is_some() || plan.sends(&Part::IncrementalEnd);
        let (missing, example) = match (plan.sends_start(), sends_end) {
            (true, true) => return,
            (false, true) => ("start", "`start_param`, or `{incremental.start_value}`"),
            (true, false) => ("end", "`end_param`, or `{incremental.end_value}`"),
            (false, false) => (
                "start and end",
                "`start_param` and `end_param`, or their placeholders",
            ),
        };
        let message = format!("the requests of a window do not have its {missing}");
        self.error(
            Diagnostic::error("RS0720", view.place(&STEP), message).help(format!(
                "send it by {example} in `params`, `path`, `headers` or a body"
            )),
        );
    }
}

impl Check<'_> {
    /// A rule that splits windows, where there are none. A default is for other resources.
    fn no_window_is_split(&mut self, endpoint: &View<'_>) {
        let rules = endpoint.node(&endpoint::RESPONSE_ACTIONS);
        for rule in rules.map(Node::elements).unwrap_or_default() {
            let view = View::new(rule, &grammar::RESPONSE_ACTION);
            let splits = view.get(&response_action::ACTION) == Some(Meaning::SplitWindow);
            if splits && endpoint.node.span.contains(&rule.span.start) {
                let place = view.value_place(&response_action::ACTION);
                self.error(
                    Diagnostic::error("RS0602", place, "there is no window to split here").help(
                        "cut the range of `incremental` into windows by `step`, or remove the rule",
                    ),
                );
            }
        }
    }
}

/// `12h`, `30d`, `1mo`, `1y`.
fn step(text: &str) -> Option<WindowStep> {
    let months = |unit: &str, months: u32| {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(months)
    };
    if let Some(months) = months("mo", 1).or_else(|| months("y", 12)) {
        return (months > 0).then_some(WindowStep::Months(months));
    }
    let step = value::duration(text).ok()?;
    (!step.is_zero()).then_some(WindowStep::Duration(step))
}

/// Why a range of such a cursor is not cut so.
fn not_cut(cursor: &Type, step: WindowStep) -> Option<String> {
    match (cursor, step) {
        (Type::Timestamp(_), _) | (Type::Date(_), WindowStep::Months(_)) => None,
        (Type::Date(_), WindowStep::Duration(step)) => {
            let is_whole = step.as_secs().is_multiple_of(DAY.as_secs()) && step.subsec_nanos() == 0;
            (!is_whole)
                .then(|| "the cursor is a date, and the windows are not whole days".to_owned())
        }
        (cursor, _) => Some(format!(
            "a range of values of type {} has no windows",
            cursor.word()
        )),
    }
}

/// The shortest distance of two times that a format tells apart, a second where it writes fractions.
fn resolution(format: &TimeFormat) -> Duration {
    format.resolution().unwrap_or(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_is_a_duration_or_months() {
        let hours = |hours: u64| Some(WindowStep::Duration(Duration::from_secs(hours * 3600)));
        assert_eq!(step("12h"), hours(12));
        assert_eq!(step("30d"), hours(720));
        assert_eq!(step("1mo"), Some(WindowStep::Months(1)));
        assert_eq!(step("2y"), Some(WindowStep::Months(24)));
        for wrong in [
            "",
            "0d",
            "0mo",
            "mo",
            "30",
            "P1M",
            "1.5mo",
            "-1y",
            "9999999999y",
        ] {
            assert_eq!(step(wrong), None, "{wrong}");
        }
    }
}
