//! Recognition of times and dates in texts and numbers.

use rest_source_codegen::write::snake_name as snake;

/// What texts are the times of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeType {
    Time,
    Date(Option<String>),
    Timestamp {
        format: Option<String>,
        timezone: Option<String>,
    },
}

/// A time type and what is not certain about it.
pub(super) struct Found {
    pub(super) data_type: TimeType,
    pub(super) doubt: Option<String>,
}

/// Patterns of times: what the texts look like (`9` a digit, `A` letters), and the format.
const DATES: [(&str, &str); 6] = [
    ("9999/99/99", "%Y/%m/%d"),
    ("99.99.9999", "%d.%m.%Y"),
    ("9999.99.99", "%Y.%m.%d"),
    ("99-A-9999", "%d-%b-%Y"),
    ("99 A 9999", "%d %b %Y"),
    ("A 99, 9999", "%b %d, %Y"),
];

const TIMESTAMPS: [(&str, &str, bool); 9] = [
    (
        "A, 99 A 9999 99:99:99 +9999",
        "%a, %d %b %Y %H:%M:%S %z",
        true,
    ),
    (
        "A, 9 A 9999 99:99:99 +9999",
        "%a, %d %b %Y %H:%M:%S %z",
        true,
    ),
    (
        "A, 99 A 9999 99:99:99 A",
        "%a, %d %b %Y %H:%M:%S GMT",
        false,
    ),
    (
        "A A 99 99:99:99 +9999 9999",
        "%a %b %d %H:%M:%S %z %Y",
        true,
    ),
    ("9999-99-99T99:99:99+9999", "%Y-%m-%dT%H:%M:%S%z", true),
    ("9999-99-99 99:99:99 +9999", "%Y-%m-%d %H:%M:%S %z", true),
    ("9999/99/99 99:99:99", "%Y/%m/%d %H:%M:%S", false),
    ("9999-99-99 99:99", "%Y-%m-%d %H:%M", false),
    ("99.99.9999 99:99:99", "%d.%m.%Y %H:%M:%S", false),
];

/// The type of texts that are all times of one form.
pub(super) fn text(texts: &[&str]) -> Option<Found> {
    let found = |data_type, doubt: Option<&str>| {
        Some(Found {
            data_type,
            doubt: doubt.map(str::to_owned),
        })
    };
    let timestamp = |format: Option<&str>, timezone: Option<&str>| TimeType::Timestamp {
        format: format.map(str::to_owned),
        timezone: timezone.map(str::to_owned),
    };
    let all = |is: &dyn Fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| is(text));
    if all(&|text| iso_date(text).is_some_and(str::is_empty)) {
        return found(TimeType::Date(None), None);
    }
    if all(&|text| is_clock(text) && text.len() >= 5) {
        return found(TimeType::Time, None);
    }
    if all(&|text| iso_timestamp(text) == Some(true)) {
        return found(timestamp(None, None), None);
    }
    if all(&|text| iso_timestamp(text) == Some(false)) {
        let doubt = "the times name no zone: UTC was taken";
        return found(timestamp(None, Some("UTC")), Some(doubt));
    }
    if all(&is_date_call) {
        return found(timestamp(Some("/Date(…)/"), None), None);
    }
    if all(&|text| is_slashed(text)) {
        return slashed(texts).map(|(format, doubt)| Found {
            data_type: TimeType::Date(Some(format.to_owned())),
            doubt,
        });
    }
    let first = shape(texts.first()?);
    if let Some((_, format)) = DATES.iter().find(|(like, _)| *like == first)
        && all(&|text| reads_date(format, text))
    {
        return found(TimeType::Date(Some((*format).to_owned())), None);
    }
    let pattern = TIMESTAMPS.iter().find(|(like, ..)| *like == first)?;
    let (_, format, has_zone) = *pattern;
    if !all(&|text| reads_timestamp(format, text)) {
        return None;
    }
    if has_zone {
        return found(timestamp(Some(format), None), None);
    }
    let doubt = (!format.ends_with("GMT")).then_some("the times name no zone: UTC was taken");
    found(timestamp(Some(format), Some("UTC")), doubt)
}

/// Runs of digits as they are, letters as one `A`, a sign before digits at the end as `+`.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut previous = ' ';
    for c in text.chars() {
        match c {
            '0'..='9' => shape.push('9'),
            'T' if previous.is_ascii_digit() => shape.push('T'),
            c if c.is_alphabetic() => {
                if !previous.is_alphabetic() {
                    shape.push('A');
                }
            }
            '-' if shape.ends_with(' ') || shape.len() >= 19 => shape.push('+'),
            c => shape.push(c),
        }
        previous = c;
    }
    shape
}

fn reads_date(format: &str, text: &str) -> bool {
    jiff::civil::Date::strptime(format, text).is_ok()
}

fn reads_timestamp(format: &str, text: &str) -> bool {
    jiff::fmt::strtime::parse(format, text).is_ok_and(|time| time.to_datetime().is_ok())
}

/// `12/31/2026`.
fn is_slashed(text: &str) -> bool {
    shape(text) == "99/99/9999"
}

/// Whether the day or the month comes first.
fn slashed(texts: &[&str]) -> Option<(&'static str, Option<String>)> {
    let parts = |text: &&str| Some((text.get(..2)?.parse().ok()?, text.get(3..5)?.parse().ok()?));
    let parts: Vec<(u8, u8)> = texts.iter().filter_map(parts).collect();
    let day_first = parts.iter().any(|(first, _)| *first > 12);
    let month_first = parts.iter().any(|(_, second)| *second > 12);
    match (day_first, month_first) {
        (true, true) => None,
        (true, false) => Some(("%d/%m/%Y", None)),
        (false, true) => Some(("%m/%d/%Y", None)),
        (false, false) => Some((
            "%m/%d/%Y",
            Some("the day may come first: `%d/%m/%Y`".to_owned()),
        )),
    }
}

/// The rest of a text after a date of ISO 8601.
fn iso_date(text: &str) -> Option<&str> {
    let date = text.get(..10)?;
    let is_date = shape(date) == "9999-99-99" && date.parse::<jiff::civil::Date>().is_ok();
    is_date.then(|| &text[10..])
}

/// Whether a timestamp of ISO 8601 has an offset; `None` for other texts.
fn iso_timestamp(text: &str) -> Option<bool> {
    let rest = iso_date(text)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    if let Some(clock) = rest.strip_suffix(['Z', 'z']) {
        return (is_clock(clock) && clock.len() >= 8).then_some(true);
    }
    if let Some(at) = rest.rfind(['+', '-']) {
        let (clock, offset) = rest.split_at(at);
        let is_offset = shape(&offset[1..]) == "99:99";
        return (is_clock(clock) && clock.len() >= 8 && is_offset).then_some(true);
    }
    (is_clock(rest) && rest.len() >= 8).then_some(false)
}

/// `09:30`, `09:30:00` or `09:30:00.5`.
fn is_clock(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = clock.split(':').collect();
    let most = [23, 59, 60];
    (2..=3).contains(&parts.len())
        && is_digits(fraction)
        && fraction.len() <= 9
        && (parts.len() == 3 || !text.contains('.'))
        && parts.iter().zip(most).all(|(part, most)| {
            part.len() == 2 && is_digits(part) && part.parse::<u8>().is_ok_and(|part| part <= most)
        })
}

/// `/Date(1686577603496+0000)/`.
fn is_date_call(text: &str) -> bool {
    let inner = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"));
    inner.is_some_and(|inner| {
        inner.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && inner
                .chars()
                .all(|c| c.is_ascii_digit() || "+-".contains(c))
    })
}

/// The format of whole numbers that are times since 1970, of a column with the name of a time.
pub(super) fn epoch(numbers: &[&str], key: &str) -> Option<&'static str> {
    let name = snake(key);
    let is_name_of_time = [
        "at",
        "on",
        "time",
        "date",
        "timestamp",
        "ts",
        "created",
        "updated",
        "modified",
        "since",
        "until",
        "expires",
        "start",
        "end",
        "ms",
        "millis",
    ]
    .iter()
    .any(|word| name == *word || name.ends_with(&format!("_{word}")));
    if !is_name_of_time || numbers.is_empty() {
        return None;
    }
    // From 1990 to 2100, in seconds.
    let (first, last) = (631_152_000_i64, 4_102_444_800_i64);
    let formats = [
        ("epoch_seconds", 1),
        ("epoch_millis", 1_000),
        ("epoch_micros", 1_000_000),
        ("epoch_nanos", 1_000_000_000),
    ];
    let fits = |power: i64| {
        numbers.iter().all(|number| {
            let seconds = number.parse::<i64>().map(|number| number / power);
            seconds.is_ok_and(|seconds| (first..=last).contains(&seconds))
        })
    };
    let found = formats.iter().find(|(_, power)| fits(*power));
    found.map(|(format, _)| *format)
}
