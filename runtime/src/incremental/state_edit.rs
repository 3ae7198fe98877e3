//! States that a person changes.

use std::{cmp::Ordering, sync::Arc};

use super::cursor_range::{cursor, typed};
use crate::{
    error::{Error, ErrorKind, Result},
    plan::ResourcePlan,
    state::{Checkpoint, Progress, Start, State},
    value::{Date, Decimal, Scalar, Time, Timestamp},
};

impl State {
    /// The name of the cursor's column, or what the state has instead: `token of the last page`.
    pub fn cursor_column(&self) -> &str {
        &self.column
    }

    /// The type of the cursor, by the word of the spec: `timestamp`.
    pub fn cursor_type(&self) -> &str {
        &self.data_type
    }

    /// The partitions and their cursors, if each has one.
    pub fn partitions(&self) -> impl Iterator<Item = (&str, &str)> {
        let marks = match &self.reach {
            Progress::Each(marks) => Some(marks.iter()),
            _ => None,
        };
        let marks = marks.into_iter().flatten();
        marks.map(|(key, mark)| (key, mark.value.as_str()))
    }

    /// Checks that the cursor, and that of each partition, is a value of the cursor's type: a state that another program or
    /// a person wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] with the place of the value in the state's JSON.
    pub fn check_cursors(&self) -> Result<()> {
        if let Progress::Parents(parents) = &self.reach {
            return parents.check_cursors();
        }
        let is_valid = |value: &str| match self.data_type.as_str() {
            "bigint" => value.parse::<i64>().is_ok(),
            "double" => value.parse().is_ok_and(f64::is_finite),
            "decimal" => value.parse::<Decimal>().is_ok(),
            "timestamp" => value.parse::<Timestamp>().is_ok(),
            "date" => value.parse::<Date>().is_ok(),
            "time" => value.parse::<Time>().is_ok(),
            _ => true,
        };
        let wrong = |place: String, value: &str| {
            let message = format!(
                "`{value}` at `{place}` is not a valid {}, the type of the cursor `{}`",
                self.data_type, self.column
            );
            Error::new(ErrorKind::State, message)
        };
        for (key, value) in self.partitions() {
            if !is_valid(value) {
                return Err(wrong(format!("/partitions/{key}/value"), value));
            }
        }
        let is_of_partitions = matches!(self.reach, Progress::Each(_));
        match self.cursor() {
            // That of no partition.
            "" if is_of_partitions => Ok(()),
            value if is_valid(value) => Ok(()),
            value => Err(wrong("/cursor/value".to_owned(), value)),
        }
    }

    /// The same state at another cursor value, of one partition or of all. The next fetch starts there, and returns the
    /// records at that value again. A value before the start of the state moves the start, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the state does not belong to the resource, or has no such partition;
    /// [`ErrorKind::Config`] when the value does not have the type of the cursor.
    pub fn at_cursor(
        &self,
        resource: &ResourcePlan,
        value: &str,
        partition: Option<&str>,
    ) -> Result<Self> {
        let wrong = |message: String, help: &'static str| {
            Err(Error::new(ErrorKind::State, message).with_help(help))
        };
        let name = &resource.name;
        if matches!(self.reach, Progress::Parents(_)) {
            let message =
                format!("the state of `{name}` is that of its parents, which has no value to set");
            return wrong(
                message,
                "reset it, to fetch the children of all parents again",
            );
        }
        let Some((plan, column)) = cursor(resource) else {
            let message = format!("`{name}` is not `incremental`, so its state has no cursor");
            return wrong(message, "the next load fetches everything in any case");
        };
        if plan.column.is_none() {
            let message =
                format!("the state of `{name}` is not a value of a column, which could be set");
            return wrong(message, "reset it, to fetch everything again");
        }
        let has = |name: &str, word: &str| *self.column == *name && *self.data_type == *word;
        if *self.resource != **name || !has(&column.name, column.data_type.word()) {
            let message = format!(
                "the state has the cursor `{}` ({}), and the spec `{}` ({})",
                self.column,
                self.data_type,
                column.name,
                column.data_type.word()
            );
            return wrong(message, "load once with this spec; or reset the state");
        }
        let value = typed(&column, Scalar::Text(value.to_owned()), "the value")?;
        let is_before_start = match &self.origin.start {
            Start::At(start) => {
                let start = Scalar::read(&column.data_type, start).ok().flatten();
                start
                    .is_some_and(|start| start.compare(value.as_value()) == Some(Ordering::Greater))
            }
            Start::Beginning => false,
        };
        let value = value.to_string();
        let mark = || Checkpoint {
            value: value.clone(),
            seen: Arc::default(),
        };
        let mut changed = self.clone();
        if is_before_start {
            changed.origin.start = Start::At(value.clone());
        }
        match (&mut changed.reach, partition) {
            (Progress::All(own) | Progress::One(_, own), None) => *own = mark(),
            (Progress::Each(marks), partition) => {
                let marks = Arc::make_mut(marks);
                let all = marks.iter().map(|(key, _)| key.to_owned());
                let keys: Vec<String> = all
                    .filter(|key| partition.is_none_or(|wanted| key == wanted))
                    .collect();
                if let (true, Some(partition)) = (keys.is_empty(), partition) {
                    return no_partition(partition);
                }
                for key in &keys {
                    marks.put(key, mark());
                }
                marks.refresh_largest(&column.data_type)?;
            }
            (_, Some(partition)) => return no_partition(partition),
            (Progress::Parents(_), None) => {}
        }
        Ok(changed)
    }

    /// The same state without a partition, which the next fetch fetches from the start.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when it has no such partition.
    pub fn without_partition(&self, partition: &str) -> Result<Self> {
        let mut changed = self.clone();
        let removed = match &mut changed.reach {
            Progress::Each(marks) => Arc::make_mut(marks).remove(partition),
            _ => None,
        };
        match removed {
            Some(_) => Ok(changed),
            None => no_partition(partition),
        }
    }
}

fn no_partition<T>(partition: &str) -> Result<T> {
    let message = format!("the state has no partition `{partition}`");
    Err(Error::new(ErrorKind::State, message)
        .with_help("`rest-source state show --format json` lists its partitions"))
}

#[cfg(test)]
mod tests {
    use crate::{
        ErrorKind, State,
        plan::{Incremental, ResourcePlan},
        schema::{Column, Table, Type},
        shared::{Ref::Static, list},
    };

    static TABLE: Table = Table::new(
        "orders",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("at", Type::Bigint),
        ],
    );

    fn orders() -> ResourcePlan {
        ResourcePlan {
            name: Static("orders"),
            table: Static(&TABLE),
            incremental: Some(Incremental {
                column: Some(1),
                ..Incremental::DEFAULT
            }),
            ..ResourcePlan::DEFAULT
        }
    }

    fn state(reach: &str) -> State {
        State::from_json(&format!(
            r#"{{"version":3,"resource":"orders","request":{{}},"start":null,"seen_by":{{"key":["id"]}},
                "cursor":{{"column":"at","type":"bigint","value":"9"}},{reach}}}"#
        ))
        .unwrap()
    }

    const PARTITIONS: &str = r#""by":["id"],"partitions":{"[1]":{"value":"9","seen":["[7]"]},"[2]":{"value":"5","seen":[]}}"#;

    #[test]
    fn cursor_is_set_and_forgets_the_records_seen() {
        let set = state(r#""seen":["[7]"]"#)
            .at_cursor(&orders(), "3", None)
            .unwrap();
        assert_eq!(set, {
            let text = state(r#""seen":[]"#).to_json();
            State::from_json(&text.replace("\"9\"", "\"3\"")).unwrap()
        });
    }

    #[test]
    fn a_value_before_the_start_of_the_state_moves_the_start() {
        let started = state(r#""seen":[]"#)
            .to_json()
            .replace("\"start\":null", "\"start\":\"4\"");
        let started = State::from_json(&started).unwrap();
        for (value, start) in [("3", "3"), ("4", "4"), ("12", "4")] {
            let set = started.at_cursor(&orders(), value, None).unwrap();
            assert_eq!(set.cursor(), value);
            assert!(
                set.to_json().contains(&format!("\"start\":\"{start}\"")),
                "{set:?}"
            );
        }
    }

    #[test]
    fn cursor_has_the_type_of_the_column() {
        let error = state(r#""seen":[]"#)
            .at_cursor(&orders(), "x", None)
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
        let shown = error.to_string();
        assert!(
            shown.contains("the value `x` is not a valid bigint"),
            "{shown}"
        );
    }

    #[test]
    fn one_partition_or_all_are_set() {
        let partitions = |state: &State| {
            let all = state.partitions();
            all.map(|(key, value)| format!("{key} {value}"))
                .collect::<Vec<_>>()
        };
        let set = state(PARTITIONS)
            .at_cursor(&orders(), "12", Some("[2]"))
            .unwrap();
        assert_eq!(partitions(&set), ["[1] 9", "[2] 12"]);
        assert_eq!(set.cursor(), "12");
        let set = state(PARTITIONS).at_cursor(&orders(), "3", None).unwrap();
        assert_eq!(partitions(&set), ["[1] 3", "[2] 3"]);
        assert_eq!(set.cursor(), "3");
        let error = state(PARTITIONS)
            .at_cursor(&orders(), "3", Some("[3]"))
            .unwrap_err();
        assert!(error.to_string().contains("no partition `[3]`"), "{error}");
    }

    #[test]
    fn partition_is_removed() {
        let left = state(PARTITIONS).without_partition("[1]").unwrap();
        assert_eq!(left.partitions().collect::<Vec<_>>(), [("[2]", "5")]);
        assert!(state(r#""seen":[]"#).without_partition("[1]").is_err());
    }

    #[test]
    fn state_of_another_cursor_is_not_set() {
        let mut other = orders();
        other.incremental = None;
        let error = state(r#""seen":[]"#)
            .at_cursor(&other, "3", None)
            .unwrap_err();
        assert!(
            error.to_string().contains("is not `incremental`"),
            "{error}"
        );
        let mut other = orders();
        if let Some(incremental) = &mut other.incremental {
            incremental.column = Some(0);
        }
        let error = state(r#""seen":[]"#)
            .at_cursor(&other, "3", None)
            .unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains("the cursor `at` (bigint), and the spec `id` (bigint)"),
            "{shown}"
        );
    }
}
