//! Values to and from the types of other crates.

#![cfg(test)]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use proptest::prelude::*;
use rest_source::{
    Column, Date, Decimal, Report, Rows, Scalar, Table, Time, TimeFormat, Timestamp, Type, Value,
    plan::ResourcePlan,
    shared::{Ref, list},
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

/// The first second of the year -9998, and the last of 9998.
const SECONDS: std::ops::RangeInclusive<i64> = -377_673_580_800..=253_370_764_799;

proptest! {
    #[test]
    fn an_instant_is_the_same_in_each_crate(second in SECONDS, nanosecond in 0..1_000_000_000_u32) {
        let at = Timestamp::from_epoch(second, nanosecond).unwrap();
        let chrono = DateTime::<Utc>::try_from(at).unwrap();
        prop_assert_eq!(chrono.timestamp(), second);
        prop_assert_eq!(chrono.timestamp_subsec_nanos(), nanosecond);
        prop_assert_eq!(Timestamp::try_from(chrono).unwrap(), at);
        let time = OffsetDateTime::try_from(at).unwrap();
        prop_assert_eq!(time.unix_timestamp(), second);
        prop_assert_eq!(Timestamp::try_from(time).unwrap(), at);
        let jiff = jiff::Timestamp::try_from(at).unwrap();
        prop_assert_eq!(Timestamp::try_from(jiff).unwrap(), at);
    }

    #[test]
    fn a_day_and_a_time_are_the_same_in_each_crate(
        days in -4_000_000..2_900_000_i64,
        nanosecond in 0..86_400_000_000_000_u64,
    ) {
        let day = Date::EPOCH.checked_add_days(days).unwrap();
        let chrono = NaiveDate::try_from(day).unwrap();
        prop_assert_eq!(Date::try_from(chrono).unwrap(), day);
        prop_assert_eq!(time::Date::try_from(day).unwrap().to_julian_day(), 2_440_588 + i32::try_from(days).unwrap());
        prop_assert_eq!(Date::from(jiff::civil::Date::from(day)), day);
        let (second, nanosecond) = (nanosecond / 1_000_000_000, u32::try_from(nanosecond % 1_000_000_000).unwrap());
        let part = |number: u64| u8::try_from(number % 60).unwrap();
        let hour = u8::try_from(second / 3_600).unwrap();
        let at = Time::new(hour, part(second / 60), part(second), nanosecond).unwrap();
        let chrono = NaiveTime::try_from(at).unwrap();
        prop_assert_eq!(Time::try_from(chrono).unwrap(), at);
        prop_assert_eq!(time::Time::try_from(at).unwrap().as_hms_nano(), (hour, part(second / 60), part(second), nanosecond));
        prop_assert_eq!(jiff::civil::Time::try_from(at).unwrap().hour(), i8::try_from(hour).unwrap());
    }
}

#[test]
fn a_number_keeps_its_digits_or_is_an_error() {
    for text in [
        "0",
        "-12.50",
        "0.0000000001",
        "7922816251426433759354395033.5",
    ] {
        let number: Decimal = text.parse().unwrap();
        let theirs = rust_decimal::Decimal::try_from(&number).unwrap();
        assert_eq!(Decimal::from(theirs), number, "{text}");
    }
    for text in [
        "123456789012345678901234567890.5",
        "0.1234567890123456789012345678901",
    ] {
        let number: Decimal = text.parse().unwrap();
        let error = rust_decimal::Decimal::try_from(&number).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the value is outside of the range of `rust_decimal`"
        );
    }
}

#[test]
fn what_the_other_type_does_not_hold_is_an_error() {
    let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    assert!(Time::try_from(leap).is_err());
    assert!(Date::try_from(NaiveDate::MAX).is_err());
    assert!(Timestamp::try_from(DateTime::<Utc>::MAX_UTC).is_err());
    let last: Timestamp = "9999-12-31T23:59:59Z".parse().unwrap();
    assert!(jiff::Timestamp::try_from(last).is_err());
    assert!(DateTime::<Utc>::try_from(last).is_ok());
}

#[test]
fn a_uuid_is_text_in_a_record() {
    let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let id = Uuid::try_from(Value::Text(text)).unwrap();
    assert_eq!(Scalar::from(id), Scalar::from(text));
    assert_eq!(Uuid::try_from(&Scalar::from(id)).unwrap(), id);
    assert!(Uuid::try_from(Value::Text("67e55044")).is_err());
    assert!(Uuid::try_from(Value::Bigint(7)).is_err());
}

#[test]
fn rows_are_serialized_by_the_names_of_their_columns() {
    static TABLE: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint),
            Column::new(
                "price",
                Type::Decimal {
                    precision: 0,
                    scale: 0
                }
            )
            .nullable(),
            Column::new("at", Type::Date(TimeFormat::Date)).nullable(),
            Column::new("more", Type::Json).nullable(),
        ],
    );
    let plan = ResourcePlan {
        name: "things".into(),
        table: Ref::Static(&TABLE),
        ..ResourcePlan::DEFAULT
    };
    let page = r#"[{ "id": 1, "price": 9.90, "at": "2026-11-29", "more": {"n": 99999999999999999999} },
                   { "id": 2, "price": null }]"#;
    let rows = Rows::from_page(page, &plan).unwrap();
    assert_eq!(
        serde_json::to_string(&rows).unwrap(),
        r#"[{"id":1,"price":"9.9","at":"2026-11-29","more":{"n": 99999999999999999999}},{"id":2,"price":null,"at":null,"more":null}]"#
    );
    assert_eq!(json!(Scalar::from(7)), json!(7));
}

#[test]
fn a_report_is_serialized_with_all_of_its_counts() {
    let mut report = Report::default();
    report.delivered = 3;
    report.notes.push("a note".to_owned());
    let written = json!(report);
    assert_eq!(written["delivered"], 3);
    assert_eq!(written["notes"], json!(["a note"]));
    assert_eq!(written["completeness"], json!(null));
    // Whoever adds a field to the report adds it here: `Debug` has them all, and the presence of columns.
    let debug = format!("{report:#?}");
    let fields = debug.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("    ")?.split_once(": ")?;
        (!name.starts_with(' ')).then_some(name)
    });
    let missing: Vec<&str> = fields.filter(|name| written.get(name).is_none()).collect();
    assert_eq!(missing, ["presence"]);
}
