//! The formats of columns that are times and dates.

use crate::connector::{List, TimeFormat, Type, Typed};
use crate::diagnostic::Diagnostic;
use crate::grammar::column;
use crate::spec::{Text, View};

use super::{Check, times};

impl Check<'_> {
    /// A timestamp in its formats.
    pub(super) fn timestamp(&mut self, view: &View<'_>) -> Typed {
        let zone = view.text(&column::TIMEZONE);
        if let Some(zone) = zone.filter(|zone| !times::is_zone(zone.text)) {
            self.error(
                Diagnostic::error(
                    "RS0606",
                    zone.span,
                    format!("`{}` is not a time zone", zone.text),
                )
                .help(match times::closest_zone(zone.text) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "write `UTC`, `Europe/Berlin` or `+02:00`".to_owned(),
                }),
            );
        }
        let texts = view.texts(&column::FORMAT);
        self.formats_differ(&texts);
        let formats = match texts.as_slice() {
            [] => vec![match zone {
                Some(zone) => TimeFormat::Local { zone: zone.owned() },
                None => TimeFormat::Rfc3339,
            }],
            [text] => {
                let format = self.time_format(*text, zone.map(|zone| zone.text));
                if let Some(format) = &format
                    && (zone.is_some() || !self.sink.is_unclear(view.node, column::TIMEZONE.name))
                {
                    self.zone_is_needed(format, *text, zone);
                }
                format.into_iter().collect()
            }
            texts => self.several(view, texts, zone),
        };
        typed(Type::Timestamp, formats, TimeFormat::Rfc3339)
    }

    /// Formats that are tried in order. The zone is for those that read no offset.
    fn several(
        &mut self,
        view: &View<'_>,
        texts: &[Text<'_>],
        zone: Option<Text<'_>>,
    ) -> Vec<TimeFormat> {
        let mut formats = Vec::new();
        let mut takes_zone = false;
        for text in texts {
            let Some(alone) = self.time_format(*text, None) else {
                return Vec::new();
            };
            let is_local = match &alone {
                TimeFormat::Rfc3339 | TimeFormat::Date => true,
                TimeFormat::Pattern { pattern, .. } => !times::has_offset(pattern),
                _ => false,
            };
            takes_zone |= is_local;
            let zone = zone.filter(|_| is_local);
            if zone.is_some() || !self.sink.is_unclear(view.node, column::TIMEZONE.name) {
                self.zone_is_needed(&alone, *text, zone);
            }
            let in_zone = zone.and_then(|zone| times::format(text.text, Some(zone.text)).ok());
            formats.push(in_zone.unwrap_or(alone));
        }
        if let Some(zone) = zone.filter(|_| !takes_zone) {
            self.error(
                Diagnostic::error("RS0602", zone.span, "`timezone` has no effect here")
                    .help("remove it: each format tells the offset"),
            );
        }
        formats
    }

    /// A format after an equal one is never tried.
    fn formats_differ(&mut self, texts: &[Text<'_>]) {
        for (at, text) in texts.iter().enumerate() {
            let mut before = texts.iter().take(at);
            if let Some(first) = before.find(|first| first.text == text.text) {
                let message = format!("the format `{}` is here twice", text.text);
                self.error(
                    Diagnostic::error("RS0619", text.span, message)
                        .help("remove one of them: formats are tried in order")
                        .also(first.span, "first here"),
                );
            }
        }
    }

    /// A time without an offset needs a zone; one with an offset, or counted, needs none.
    fn zone_is_needed(&mut self, format: &TimeFormat, text: Text<'_>, zone: Option<Text<'_>>) {
        match (format, zone) {
            (TimeFormat::Pattern { pattern, .. }, None) if !times::has_offset(pattern) => self
                .error(
                    Diagnostic::error(
                        "RS0606",
                        text.span,
                        "times in this format name no offset from UTC",
                    )
                    .help("add `timezone: UTC`, or the zone they are in"),
                ),
            (TimeFormat::Pattern { pattern, .. }, Some(zone)) if times::has_offset(pattern) => self
                .error(
                    Diagnostic::error("RS0602", zone.span, "`timezone` has no effect here")
                        .help("remove it: the format reads the offset"),
                ),
            (format, Some(zone))
                if format.epoch_power().is_some() || *format == TimeFormat::DateCall =>
            {
                self.error(
                    Diagnostic::error("RS0602", zone.span, "`timezone` has no effect here")
                        .help("remove it: what is counted since 1970 is in UTC"),
                );
            }
            (TimeFormat::Date, _) if zone.is_none() => self.error(
                Diagnostic::error("RS0606", text.span, "a date alone is no instant")
                    .help("use `data_type: date`"),
            ),
            _ => {}
        }
    }

    /// A date in its formats.
    pub(super) fn date(&mut self, view: &View<'_>) -> Typed {
        let texts = view.texts(&column::DATE_FORMAT);
        self.formats_differ(&texts);
        let mut formats = Vec::new();
        for text in texts {
            let Some(format) = self.time_format(text, None) else {
                continue;
            };
            if !matches!(format, TimeFormat::Date | TimeFormat::Pattern { .. }) {
                self.error(
                    Diagnostic::error(
                        "RS0606",
                        text.span,
                        format!("`{}` is no format of a date", text.text),
                    )
                    .help("use `date`, a strftime pattern, or `data_type: timestamp`"),
                );
            }
            formats.push(format);
        }
        typed(Type::Date, formats, TimeFormat::Date)
    }

    /// A format that is a word or a pattern.
    pub(super) fn time_format(&mut self, text: Text<'_>, zone: Option<&str>) -> Option<TimeFormat> {
        match times::format(text.text, zone) {
            Ok(format) => Some(format),
            Err(reason) => {
                let words = [
                    "rfc3339",
                    "date",
                    "epoch_seconds",
                    "epoch_millis",
                    "epoch_micros",
                    "epoch_nanos",
                    "/Date(…)/",
                ];
                let help = match crate::suggest::closest(text.text, &words) {
                    _ if text.text.contains('%') => {
                        "write a pattern such as `%Y-%m-%d %H:%M:%S`".to_owned()
                    }
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!(
                        "it is one of {}, or a strftime pattern such as `%Y-%m-%d`",
                        words.join(", ")
                    ),
                };
                self.error(Diagnostic::error("RS0606", text.span, reason).help(help));
                None
            }
        }
    }
}

/// The type in its first format, and those that are tried after it.
fn typed(of: fn(TimeFormat) -> Type, formats: Vec<TimeFormat>, default: TimeFormat) -> Typed {
    let mut formats = formats.into_iter();
    let mut typed = Typed::from(of(formats.next().unwrap_or(default)));
    typed.formats = formats.collect::<List<_>>();
    typed
}
