//! Tests of the SQL of tables, with SQLite.

use rest_source::{
    Column, Table, Type,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Ref::Static, list},
};

use super::{
    database::Database,
    state::RecordedTable,
    table::{RowStatements, TableFit, compare, create},
};
use crate::{Target, Writing, sqlite::in_memory};

static BEFORE: Table = Table::new(
    "order",
    list![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("na\"me", Type::Text),
        Column::new("open", Type::Bool).nullable(),
        Column::new(
            "tags",
            Type::Array(Static(const { &Column::new("tags", Type::Text) }))
        ),
    ],
);

fn target(table: Ref<Table>, disposition: WriteDisposition) -> Target {
    let resource = ResourcePlan {
        name: table.name.clone(),
        table,
        write_disposition: disposition,
        ..ResourcePlan::DEFAULT
    };
    Target {
        source: Static("shop"),
        table_prefix: rest_source::shared::Text::EMPTY,
        resource: resource.into(),
        writing: match disposition {
            WriteDisposition::Merge => Writing::Merge,
            _ => Writing::Append,
        },
        only: Vec::new(),
        full_refresh: false,
        keep_state: false,
        request: rest_source::Fingerprint::default(),
        settings: Vec::new(),
        run: Static("1-0123456789abcdef"),
        stamp: None,
        adopt: false,
        resume: false,
        keep_rejects: false,
    }
}

fn made(disposition: WriteDisposition) -> impl Database {
    let mut db = in_memory();
    let statements = create(&db, &target(Static(&BEFORE), disposition));
    db.run(&statements).unwrap();
    db
}

/// Compares the table created from `BEFORE` with these columns.
fn compare_to(columns: Vec<Column>) -> TableFit {
    let table = Table::new("order", columns.into()).into();
    let mut db = made(WriteDisposition::Merge);
    compare(&mut db, &target(table, WriteDisposition::Merge), None).unwrap()
}

#[test]
fn create_and_insert_follow_the_spec() {
    let target = target(Static(&BEFORE), WriteDisposition::Merge);
    assert_eq!(
        create(&in_memory(), &target),
        [r#"CREATE TABLE "order" (
    "id" INTEGER NOT NULL,
    "na""me" TEXT NOT NULL,
    "open" INTEGER CHECK ("open" IN (0, 1)),
    "tags" TEXT NOT NULL,
    PRIMARY KEY ("id")
) STRICT"#]
    );
    assert_eq!(
        RowStatements::new(&in_memory(), &target).insert,
        r#"INSERT INTO "order" AS stored ("id", "na""me", "open", "tags") VALUES (?, ?, ?, ?)"#
            .to_owned()
            + r#" ON CONFLICT ("id") DO UPDATE SET "na""me" = excluded."na""me", "#
            + r#""open" = excluded."open", "tags" = excluded."tags" "#
            + r#"WHERE (stored."na""me", stored."open", stored."tags") IS NOT "#
            + r#"(excluded."na""me", excluded."open", excluded."tags")"#
    );
    let mut db = made(WriteDisposition::Merge);
    assert_eq!(
        compare(&mut db, &target, None).unwrap(),
        TableFit::Alter(vec![])
    );
}

#[test]
fn an_appended_table_has_no_key() {
    let target = target(Static(&BEFORE), WriteDisposition::Append);
    assert!(!create(&in_memory(), &target)[0].contains("PRIMARY KEY"));
    assert!(
        !RowStatements::new(&in_memory(), &target)
            .insert
            .contains("CONFLICT")
    );
    let mut db = made(WriteDisposition::Append);
    assert_eq!(
        compare(&mut db, &target, None).unwrap(),
        TableFit::Alter(vec![])
    );
}

#[test]
fn missing_columns_are_added_and_not_null_is_dropped() {
    let fit = compare_to(vec![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("na\"me", Type::Text).nullable(),
        Column::new("open", Type::Bool).nullable(),
        Column::new("paid", Type::Bool),
    ]);
    let TableFit::Alter(statements) = fit else {
        panic!("{fit:?}");
    };
    assert_eq!(
        statements,
        [
            r#"ALTER TABLE "order" ADD COLUMN "paid" INTEGER CHECK ("paid" IN (0, 1))"#,
            r#"ALTER TABLE "order" ALTER COLUMN "na""me" DROP NOT NULL"#,
            // The spec no longer declares it.
            r#"ALTER TABLE "order" ALTER COLUMN "tags" DROP NOT NULL"#,
        ]
    );
    let mut db = made(WriteDisposition::Merge);
    db.run(&statements).unwrap();
    db.run(&[r#"INSERT INTO "order" ("id") VALUES (1)"#.to_owned()])
        .unwrap();
}

#[test]
fn changed_type_or_key_is_incompatible() {
    let retyped = compare_to(vec![Column::new("id", Type::Text).primary_key()]);
    let reason = "its column `id` holds INTEGER, the spec's holds text";
    assert_eq!(retyped, TableFit::Incompatible(reason.to_owned()));

    let rekeyed = compare_to(vec![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("na\"me", Type::Text).primary_key(),
    ]);
    let reason = "it has the key id, not the key id, na\"me";
    assert_eq!(rekeyed, TableFit::Incompatible(reason.to_owned()));

    let mut db = made(WriteDisposition::Merge);
    let appended = compare(
        &mut db,
        &target(Static(&BEFORE), WriteDisposition::Append),
        None,
    )
    .unwrap();
    assert_eq!(
        appended,
        TableFit::Incompatible("it has the key id, not no key".to_owned())
    );
}

#[test]
fn type_may_change_only_within_its_stored_form() {
    const REELS: Type = Type::Enum {
        values: list![Static("reel")],
        closed: false,
    };
    static AFTER: Table = Table::new(
        "order",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", REELS),
            Column::new("open", Type::Bigint),
            Column::new("tags", Type::Json),
        ],
    );
    let recorded = RecordedTable {
        columns: "id bigint\nna\"me text\nopen bool\ntags json\n".to_owned(),
        created_by_load: true,
        name: "order".to_owned(),
    };
    let mut db = made(WriteDisposition::Merge);
    let target = target(Static(&AFTER), WriteDisposition::Merge);
    assert_eq!(
        compare(&mut db, &target, None).unwrap(),
        TableFit::Alter(vec![])
    );
    let reason = "its column `open` holds bool, the spec's holds bigint";
    assert_eq!(
        compare(&mut db, &target, Some(&recorded)).unwrap(),
        TableFit::Incompatible(reason.to_owned())
    );
}
