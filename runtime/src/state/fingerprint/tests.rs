//! Request fingerprints: what is part of them, and how differences are named.

use std::sync::LazyLock;

use super::*;
use crate::{
    Column, Path, Table, Type,
    plan::{
        ConfigPlan, Cursor, Offset, Paginator, ParentField, ParentPlan, SecretPlan, SentCursor,
    },
    shared::{Ref::Static, Text, list},
};

const fn setting(name: &'static str) -> ConfigPlan {
    ConfigPlan {
        name: Text::of(name),
        env: Static(""),
        ..ConfigPlan::DEFAULT
    }
}

const PLAN: SourcePlan = SourcePlan {
    name: Static("shop"),
    base_url: Template(list![
        Part::Text(Static("https://")),
        Part::Config(0),
        Part::Text(Static(".test"))
    ]),
    config: list![
        setting("tenant"),
        setting("unused"),
        setting("org"),
        setting("scope"),
    ],
    secrets: list![SecretPlan {
        name: Static("key"),
        env: Static(""),
        description: None,
    }],
    headers: list![Param {
        name: Static("X-Org"),
        value: Template(list![Part::Config(2)]),
    }],
    ..SourcePlan::DEFAULT
};

static ORDERS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("orders"),
    table: Static(const { &Table::new("orders", list![Column::new("id", Type::Bigint)]) }),
    path: Template(list![Part::Text(Static("orders"))]),
    params: list![
        Param {
            name: Static("status"),
            value: Template(list![Part::Text(Static("open"))]),
        },
        Param {
            name: Static("status"),
            value: Template(list![Part::Text(Static("paid"))]),
        },
        Param {
            name: Static("per_page"),
            value: Template(list![Part::Text(Static("100"))]),
        },
        Param {
            name: Static("start"),
            value: Template(list![Part::Text(Static("0"))]),
        },
        Param {
            name: Static("key"),
            value: Template(list![Part::Secret(0)]),
        },
    ],
    headers: list![Param {
        name: Static("Accept"),
        value: Template(list![Part::Text(Static("application/json"))]),
    }],
    paginator: Paginator::new(Pages::Offset(Offset {
        offset_slot: Slot::Query(Static("start")),
        limit: 10,
        ..Offset::DEFAULT
    })),
    ..ResourcePlan::DEFAULT
});

fn of(resource: &ResourcePlan, config: [&str; 4]) -> Fingerprint {
    let config = config.map(Scalar::from);
    let auth = Auth::Bearer {
        token: Template(list![Part::Secret(0), Part::Config(3)]),
    };
    let resource = ResourcePlan {
        auth: Some(auth.into()),
        ..resource.clone()
    };
    Fingerprint::new(&PLAN, &config, &resource, None)
}

#[test]
fn a_fingerprint_has_what_is_asked_and_no_secret_page_size_or_header() {
    let expected = r#"{"base_url":"https://a.test","config.org":"o","config.scope":"s","config.tenant":"a","params.key":"{secrets.key}","params.status":"open","params.status (2)":"paid","path":"orders","resource":"orders","source":"shop"}"#;
    let fingerprint = of(&ORDERS, ["a", "u", "o", "s"]);
    assert_eq!(fingerprint.to_json(), expected);
    assert_eq!(Fingerprint::from_json(expected).unwrap(), fingerprint);
    assert_eq!(of(&ORDERS, ["a", "other", "o", "s"]), fingerprint);
}

#[test]
fn a_size_counts_where_a_resource_has_one_page() {
    let single = ResourcePlan {
        paginator: Paginator::DEFAULT,
        ..ORDERS.clone()
    };
    let json = of(&single, ["a", "u", "o", "s"]).to_json();
    assert!(json.contains(r#""params.per_page":"100""#), "{json}");
}

#[test]
fn differences_name_settings_first() {
    let (a, b) = (
        of(&ORDERS, ["a", "u", "o", "s"]),
        of(&ORDERS, ["b", "u", "o", "s"]),
    );
    assert_eq!(
        a.differences(&b),
        [
            "`config.tenant` was `a`, now it is `b`",
            "`base_url` was `https://a.test`, now it is `https://b.test`"
        ]
    );
    let fewer = ResourcePlan {
        params: list![],
        ..ORDERS.clone()
    };
    let lines = a.differences(&of(&fewer, ["a", "u", "o", "s"]));
    assert_eq!(lines[1], "`params.status` was `open`, now it is absent");
    assert!(a.differences(&a).is_empty());
}

#[test]
fn a_body_counts_without_the_places_of_the_paginator() {
    const BODY: JsonPlan = JsonPlan::Object(list![
        (Static("cursor"), JsonPlan::Null),
        (
            Static("filter"),
            JsonPlan::Object(list![
                (Static("n"), JsonPlan::Number(Static("1"))),
                (
                    Static("t"),
                    JsonPlan::Text(Template(list![Part::Config(0)]))
                ),
            ]),
        ),
        (
            Static("list"),
            JsonPlan::Array(list![JsonPlan::Bool(true), JsonPlan::Array(list![])])
        ),
    ]);
    let posted = ResourcePlan {
        params: list![],
        body: Body::Json(BODY),
        paginator: Paginator::new(Pages::Cursor(Cursor {
            cursor: SentCursor {
                slot: Slot::Body(Path(list![Step::Key(Static("cursor"))])),
                ..SentCursor::DEFAULT
            },
            ..Cursor::DEFAULT
        })),
        ..ORDERS.clone()
    };
    let json = of(&posted, ["a", "u", "o", "s"]).to_json();
    let expected = r#""body.filter.n":"1","body.filter.t":"\"a\"","body.list[0]":"true","body.list[1]":"[]","config"#;
    assert!(json.contains(expected), "{json}");
    assert!(!json.contains("cursor"), "{json}");
}

#[test]
fn a_child_has_the_fingerprint_of_its_parent_too() {
    static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        name: Static("items"),
        path: Template(list![
            Part::Text(Static("orders/")),
            Part::Parent(0),
            Part::Text(Static("/items"))
        ]),
        params: list![],
        parent: Some(
            ParentPlan {
                resource: Static(&*ORDERS),
                others: crate::shared::List::EMPTY,
                fields: list![ParentField {
                    column: 0,
                    path: Path(list![]),
                    ..ParentField::DEFAULT
                }],
            }
            .into(),
        ),
        ..ORDERS.clone()
    });
    let json = of(&ITEMS, ["a", "u", "o", "s"]).to_json();
    for expected in [
        r#""path":"orders/{resources.orders.id}/items""#,
        r#""parent.path":"orders""#,
        r#""parent.params.status":"open""#,
    ] {
        assert!(json.contains(expected), "{json}");
    }
}

#[test]
fn the_user_of_a_url_is_left_out() {
    let config = ["u:p@host", "", "", ""];
    let json = of(&ORDERS, config).to_json();
    assert!(
        json.contains(r#""base_url":"https://host.test/""#),
        "{json}"
    );
}
