//! Tests of staging, with SQLite.

use rest_source::{
    Column, Fingerprint, Rows, Table, Type,
    plan::{HardDelete, ResourcePlan, WriteDisposition},
};

use super::{
    database::{Database, as_number, texts},
    staging::{Staging, WritePlan},
    table::create,
};
use crate::{Target, Writing, sqlite::in_memory};

fn target(columns: Vec<Column>, writing: Writing) -> Target {
    let resource = ResourcePlan {
        name: "orders".into(),
        table: Table::new("orders", columns.into()).into(),
        write_disposition: WriteDisposition::Merge,
        hard_delete: Some(HardDelete {
            column: 2,
            ..HardDelete::DEFAULT
        }),
        ..ResourcePlan::DEFAULT
    };
    Target {
        source: "shop".into(),
        table_prefix: rest_source::shared::Text::EMPTY,
        resource: resource.into(),
        writing,
        only: Vec::new(),
        full_refresh: false,
        keep_state: false,
        request: Fingerprint::default(),
        settings: Vec::new(),
        run: "1-0123456789abcdef".into(),
        stamp: None,
        adopt: false,
        resume: false,
        keep_rejects: false,
    }
}

/// The ids in the table after these pages, of which so many were moved to the temporary table.
fn ids(target: &Target, pages: &[&str], spilled: usize) -> Vec<i64> {
    let mut db = in_memory();
    let plan = WritePlan::new(&db, target.clone());
    let statements = create(&db, target);
    db.run(&statements).unwrap();
    let rows = "INSERT INTO orders VALUES (1, 'a', NULL), (2, 'a', NULL)";
    db.run(&[rows.to_owned()]).unwrap();
    let mut staging = Staging::default();
    for (at, page) in pages.iter().enumerate() {
        let rows = Rows::from_page(*page, &target.resource).unwrap();
        staging.push(&plan, &rows).unwrap();
        if at < spilled {
            staging.spill(&mut db, &plan).unwrap();
        }
    }
    if target.writing == Writing::ReplaceGroups {
        staging.publish_groups(&mut db, &plan).unwrap();
    } else {
        staging.publish(&mut db, &plan).unwrap();
    }
    let rows = db.query("SELECT id FROM orders ORDER BY id", &[]).unwrap();
    rows.iter().map(|row| as_number(row.first())).collect()
}

const PAGES: [&str; 3] = [
    r#"[{"id": 1, "day": "a", "gone": true}, {"id": 3, "day": "a"}, {"id": 4, "day": "a"}]"#,
    r#"[{"id": 1, "day": "a", "gone": false}, {"id": 2, "day": "a", "gone": true}]"#,
    r#"[{"id": 3, "day": "b", "gone": true}, {"id": 9, "day": "b", "gone": true}]"#,
];

#[test]
fn values_that_mark_deletions_are_compared_alike_wherever_rows_are_staged() {
    let pages = [
        r#"[{"id": 1, "day": "it's", "gone": false}, {"id": 2, "day": "b"}, {"id": 3, "day": null}]"#,
        r#"[{"id": 1, "day": "a"}, {"id": 3, "day": "c"}, {"id": 4, "day": "'"}]"#,
    ];
    let columns = vec![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("day", Type::Text).nullable(),
        Column::new("gone", Type::Bool).nullable(),
    ];
    for (column, values, left) in [
        (1, &["it's", "b"][..], &[1, 3, 4][..]),
        (1, &["a", "c", "'"], &[2]),
        (0, &["2", "4"], &[1, 3]),
        (2, &["false"], &[1, 2, 3, 4]),
    ] {
        let mut target = target(columns.clone(), Writing::Merge);
        let values: Vec<_> = values.iter().map(|value| (*value).into()).collect();
        target.resource = ResourcePlan {
            hard_delete: Some(HardDelete {
                column,
                values: values.into(),
            }),
            ..ResourcePlan::clone(&target.resource)
        }
        .into();
        for spilled in 0..=pages.len() {
            assert_eq!(
                ids(&target, &pages, spilled),
                left,
                "{column}, {spilled} spilled"
            );
        }
    }
}

#[test]
fn deletions_take_effect_in_order_wherever_rows_are_staged() {
    let columns = || {
        vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("day", Type::Text),
            Column::new("gone", Type::Bool).nullable(),
        ]
    };
    let merged = target(columns(), Writing::Merge);
    for spilled in 0..=PAGES.len() {
        assert_eq!(ids(&merged, &PAGES, spilled), [1, 4], "{spilled} spilled");
    }
    let mut grouped = columns();
    grouped[1] = Column::new("day", Type::Text).merge_key();
    assert_eq!(
        ids(&target(grouped.clone(), Writing::ReplaceGroups), &PAGES, 1),
        [1, 4]
    );
    // Without a primary key, a deletion is a row that its group does not have.
    grouped[0] = Column::new("id", Type::Bigint);
    assert_eq!(
        ids(&target(grouped, Writing::ReplaceGroups), &PAGES, 0),
        [1, 3, 4]
    );
}

/// The rows of the child table after these pages, of which so many were moved to the temporary tables.
fn lines(writing: Writing, spilled: usize) -> Vec<String> {
    let object = Table::new("lines", vec![Column::new("sku", Type::Text)].into());
    let element = Column::new("lines", Type::Object(object.into()));
    let mut columns = vec![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("day", Type::Text),
        Column::new("gone", Type::Bool).nullable(),
        Column::new("lines", Type::Array(element.into()))
            .nullable()
            .table("lines"),
    ];
    if writing == Writing::ReplaceGroups {
        columns[1] = Column::new("day", Type::Text).merge_key();
    }
    let target = target(columns, writing);
    let mut db = in_memory();
    let plan = WritePlan::new(&db, target.clone());
    for target in [&target, &plan.children[0].target] {
        let statements = create(&db, target);
        db.run(&statements).unwrap();
    }
    let rows = "INSERT INTO orders VALUES (1, 'a', NULL), (2, 'a', NULL), (3, 'a', NULL);
         INSERT INTO lines VALUES (1, 0, 'old'), (2, 0, 'old'), (3, 0, 'old')";
    db.run(&[rows.to_owned()]).unwrap();
    let pages = [
        r#"[{"id": 1, "day": "a", "lines": [{"sku": "x"}]}, {"id": 4, "day": "a", "lines": [{"sku": "y"}, {"sku": "z"}]}]"#,
        r#"[{"id": 1, "day": "a", "lines": [{"sku": "w"}]}, {"id": 2, "day": "a", "gone": true, "lines": [{"sku": "v"}]}]"#,
    ];
    let mut staging = Staging::default();
    for (at, page) in pages.iter().enumerate() {
        let rows = Rows::from_page(*page, &target.resource).unwrap();
        staging.push(&plan, &rows).unwrap();
        if at < spilled {
            staging.spill(&mut db, &plan).unwrap();
        }
    }
    if writing == Writing::ReplaceGroups {
        staging.publish_groups(&mut db, &plan).unwrap();
    } else {
        staging.publish(&mut db, &plan).unwrap();
    }
    let sql = "SELECT _orders_id || ' ' || _position || ' ' || sku FROM lines ORDER BY 1";
    let rows = db.query(sql, &[]).unwrap();
    texts(&rows)
}

#[test]
fn lists_are_replaced_with_the_last_row_of_their_record_wherever_it_is_staged() {
    for spilled in 0..=2 {
        let merged = lines(Writing::Merge, spilled);
        assert_eq!(
            merged,
            ["1 0 w", "3 0 old", "4 0 y", "4 1 z"],
            "{spilled} spilled"
        );
        // The third record is not in its group any more.
        let grouped = lines(Writing::ReplaceGroups, spilled);
        assert_eq!(grouped, ["1 0 w", "4 0 y", "4 1 z"], "{spilled} spilled");
    }
}

#[test]
fn a_value_that_is_not_null_marks_a_deletion() {
    let columns = vec![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("day", Type::Text),
        Column::new("gone", Type::Text).nullable(),
    ];
    let target = target(columns, Writing::Merge);
    let pages = [
        r#"[{"id": 1, "day": "a", "gone": ""}, {"id": 2, "day": "a", "gone": null}]"#,
        r#"[{"id": 3, "day": "a", "gone": "today"}]"#,
    ];
    for spilled in 0..=pages.len() {
        assert_eq!(ids(&target, &pages, spilled), [2], "{spilled} spilled");
    }
}
