//! `retry`: its keys, how they are read, and the rules about them.

use std::time::Duration;

use crate::connector::{Path, Retry, Text, WaitUnit};
use crate::diagnostic::Diagnostic;
use crate::grammar::{
    AnyKey, Context, DefaultKey, Key, Shape, Statuses, Word, Words, duration, flag, integer, path,
    text, word, word_of,
};
use crate::spec::View;

use super::Check;

pub(crate) static RETRY: Context = Context {
    name: "`retry`",
    keys: &[
        &STATUSES,
        &MAX_RETRIES,
        &BACKOFF_FACTOR,
        &MAX_DELAY,
        &MAX_ELAPSED,
        &BUDGET,
        &IDEMPOTENT,
        &RETRY_AFTER_PATH,
        &RETRY_AFTER_HEADER,
        &RETRY_AFTER_UNIT,
    ],
};

static STATUSES: DefaultKey<Statuses> = Key::new(
    "statuses",
    Shape::List(&Shape::Status),
    "the statuses that are retried",
)
.or(Retry::DEFAULT.statuses);
static MAX_RETRIES: DefaultKey<u64> =
    integer("max_retries", 0, "the most requests after the first")
        .or(Retry::DEFAULT.max_retries as u64);
static BACKOFF_FACTOR: DefaultKey<f64> = Key::new(
    "backoff_factor",
    Shape::Number,
    "seconds before the first retry; doubled for each further one",
)
.or(Retry::DEFAULT.backoff_factor);
static MAX_DELAY: DefaultKey<Duration> = duration("max_delay", "the longest wait")
    .example("30s")
    .or(Retry::DEFAULT.max_delay);
static MAX_ELAPSED: DefaultKey<Duration> = duration(
    "max_elapsed",
    "the longest time from the first attempt to the last",
)
.or(Retry::DEFAULT.max_elapsed);
static BUDGET: Key<u64> = integer(
    "budget",
    0,
    "the most retries of all requests of a source together; ten pages give one back",
)
.example("100");
static IDEMPOTENT: DefaultKey<bool> =
    flag("idempotent", "whether a POST may be made again").or(Retry::DEFAULT.idempotent);
static RETRY_AFTER_PATH: Key<Path> =
    path("retry_after_path", "where the body says how long to wait");
static RETRY_AFTER_HEADER: Key<Text> = text(
    "retry_after_header",
    "a header that says how long to wait, beside `Retry-After`",
)
.example("X-Backoff");
static RETRY_AFTER_UNIT: DefaultKey<WaitUnit> =
    word_of("retry_after_unit", "what a number there says").or(Retry::DEFAULT.retry_after_unit);

impl Words for WaitUnit {
    const WORDS: &'static [(Word, Self)] = &[
        (word("s", "seconds"), Self::Seconds),
        (word("ms", "milliseconds"), Self::Milliseconds),
        (word("min", "minutes"), Self::Minutes),
        (
            word(
                "epoch_seconds",
                "the time until which to wait, in seconds since 1970",
            ),
            Self::EpochSeconds,
        ),
        (
            word("epoch_millis", "the same in milliseconds"),
            Self::EpochMillis,
        ),
    ];
}

impl Check<'_> {
    pub(super) fn retry(&mut self, view: &View<'_>) -> Retry {
        let retry = Retry {
            statuses: view.get(&STATUSES),
            max_retries: self.small(view, &MAX_RETRIES).into(),
            backoff_factor: view.get(&BACKOFF_FACTOR),
            max_delay: view.get(&MAX_DELAY),
            max_elapsed: view.get(&MAX_ELAPSED),
            budget: view.get(&BUDGET),
            idempotent: view.get(&IDEMPOTENT),
            retry_after_path: view.get(&RETRY_AFTER_PATH),
            retry_after_header: view.get(&RETRY_AFTER_HEADER),
            retry_after_unit: view.get(&RETRY_AFTER_UNIT),
        };
        self.statuses_of_failures(view, &STATUSES);
        self.delay_fits_into_elapsed(view, &retry);
        self.is_a_header(view, &RETRY_AFTER_HEADER);
        self.unit_needs_a_number(view);
        retry
    }

    /// `max_delay: 20m` beside `max_elapsed: 10m`.
    fn delay_fits_into_elapsed(&mut self, view: &View<'_>, retry: &Retry) {
        if retry.max_delay <= retry.max_elapsed {
            return;
        }
        let key = if view.entry(&MAX_DELAY).is_some() {
            &MAX_DELAY
        } else {
            &MAX_ELAPSED
        };
        self.error(
            Diagnostic::error(
                "RS0507",
                view.place(key),
                "`max_delay` is above `max_elapsed`",
            )
            .help("no wait can be longer than all of them together")
            .note(format!(
                "`max_delay` is {}s and `max_elapsed` is {}s",
                retry.max_delay.as_secs(),
                retry.max_elapsed.as_secs()
            )),
        );
    }

    /// `retry_after_unit` without a place of the number.
    fn unit_needs_a_number(&mut self, view: &View<'_>) {
        let may_have = |key: &dyn AnyKey| {
            view.entry(key).is_some() || self.sink.is_unclear(view.node, key.name)
        };
        let has_number = may_have(&RETRY_AFTER_PATH) || may_have(&RETRY_AFTER_HEADER);
        if let Some(unit) = view.entry(&RETRY_AFTER_UNIT).filter(|_| !has_number) {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &unit.key.span,
                    "`retry_after_unit` has no effect here",
                )
                .help("it is the unit of a wait whose place the spec declares: add `retry_after_path`"),
            );
        }
    }
}
