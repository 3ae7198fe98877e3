//! The options of a load, as a plan stores them.

use rest_source::{Client, Error, ErrorKind, Result, Scalar};

use super::WorkQueue;
use crate::Loading;

/// The options of a load, as a plan stores them: a line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct WorkOptions {
    flags: Vec<&'static str>,
    values: Vec<(&'static str, String)>,
}

const FULL_REFRESH: &str = "full_refresh";
const KEEP_STATE: &str = "keep_state";
const ADOPT: &str = "adopt";
const STAMP_ROWS: &str = "stamp_rows";
const TABLE_PREFIX: &str = "table_prefix";
const SINCE: &str = "since";
const UNTIL: &str = "until";

impl WorkOptions {
    /// The options of a load.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if an end of the range is not a text.
    pub(super) fn of<Q: ?Sized>(loading: &Loading<'_, Q>) -> Result<Self> {
        let flags = [
            (loading.full_refresh, FULL_REFRESH),
            (loading.keep_state, KEEP_STATE),
            (loading.adopt, ADOPT),
            (loading.stamp_rows, STAMP_ROWS),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        let mut values = Vec::new();
        if !loading.table_prefix.is_empty() {
            values.push((TABLE_PREFIX, loading.table_prefix.to_string()));
        }
        for (name, end) in [(SINCE, &loading.since), (UNTIL, &loading.until)] {
            match end {
                None => {}
                Some(Scalar::Text(text)) if !text.contains('\n') => {
                    values.push((name, text.clone()));
                }
                Some(_) => {
                    let message = format!("`{name}` of planned work is the text of a cursor value");
                    return Err(Error::new(ErrorKind::Config, message)
                        .with_help("give it as text, such as `2026-11-30`"));
                }
            }
        }
        Ok(Self {
            flags: flags.map(|(_, name)| *name).collect(),
            values,
        })
    }

    pub(super) fn to_text(&self) -> String {
        let flags = self.flags.iter().map(|name| (*name).to_owned());
        let values = self
            .values
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        flags.chain(values).collect::<Vec<_>>().join("\n")
    }

    /// A load with the options of this text; `None` if it has an unknown one.
    pub(super) fn load<'a, Q: WorkQueue + ?Sized>(
        text: &str,
        client: &'a Client,
        queue: &'a Q,
    ) -> Option<Loading<'a, Q>> {
        let loading = Loading::new(client, queue).start_over();
        text.lines().try_fold(loading, |loading, line| {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            Some(match name {
                FULL_REFRESH => loading.full_refresh(),
                KEEP_STATE => loading.keep_state(),
                ADOPT => loading.adopt(),
                STAMP_ROWS => loading.stamp_rows(),
                TABLE_PREFIX => loading.table_prefix(value),
                SINCE => loading.since(value),
                UNTIL => loading.until(value),
                _ => return None,
            })
        })
    }
}
