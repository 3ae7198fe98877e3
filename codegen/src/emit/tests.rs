//! What the tokens of a connector made by hand are, formatted.

use std::time::Duration;

use quote::format_ident;

use crate::{
    connector::{
        Auth, Body, Column, Config, ConfigType, Connector, Decode, EnumType, EnumValue,
        Incremental, Lag, Location, Method, OnMissing, OnNullParent, Paginator, Part, Path,
        ProcessingStep, Record, Resource, Retry, SchemaContract, Secret, Selector, Struct,
        Template, TimeFormat, Type, UnionType, WriteDisposition,
    },
    module::Module,
};

fn column(name: &str, data_type: Type) -> Column {
    Column {
        line: 7,
        ..Column::new(name.to_owned(), name.to_owned(), data_type)
    }
}

fn text(text: &str) -> Template {
    Template(vec![Part::Text(text.to_owned())])
}

fn words(ident: &str, closed: bool, values: &[(&str, &str)]) -> EnumType {
    let value = |(value, ident): &(&str, &str)| EnumValue {
        value: (*value).to_owned(),
        ident: (*ident).to_owned(),
    };
    EnumType {
        ident: ident.to_owned(),
        values: values.iter().map(value).collect(),
        closed,
    }
}

fn resource(name: &str, record: &str, columns: Vec<Column>) -> Resource {
    Resource {
        name: name.to_owned(),
        ident: name.to_owned(),
        line: 5,
        description: None,
        record: Record::Struct(Struct {
            ident: record.to_owned(),
            name: name.to_owned(),
            line: 5,
            description: None,
            columns,
        }),
        write_disposition: WriteDisposition::Append,
        schema_contract: SchemaContract::default(),
        selected: true,
        parallelized: true,
        method: Method::Get,
        path: text(&format!("/v1/{name}")),
        path_params: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        body: Body::None,
        auth: None,
        paginator: Paginator::default(),
        selector: Selector::Path(Path::default()),
        rows_path: None,
        selector_required: true,
        response_actions: Vec::new(),
        incremental: None,
        processing_steps: Vec::new(),
        parent: None,
        on_null_parent: OnNullParent::Error,
    }
}

fn connector(resources: Vec<Resource>) -> Connector {
    Connector {
        name: "shop".to_owned(),
        spec: "specs/shop.yaml".to_owned(),
        description: None,
        secrets: Vec::new(),
        config: Vec::new(),
        base_url: text("https://api.example.com"),
        headers: Vec::new(),
        retry: Retry::default(),
        rate_limit: None,
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        concurrency: 4,
        max_response_bytes: 64 << 20,
        allow_origins: Vec::new(),
        choices: Vec::new(),
        auths: Vec::new(),
        resources,
    }
}

/// The module, formatted; a failure to parse is a failure of the test.
fn emitted(connector: &Connector) -> String {
    let module = Module::new(format_ident!("shop"));
    let tokens = super::module(connector, &module, None);
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

#[track_caller]
fn holds(text: &str, part: &str) {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        squeeze(text).contains(&squeeze(part)),
        "no\n{part}\nin\n{text}"
    );
}

#[test]
fn a_lag_is_of_the_cursors_type() {
    for (lag, expected) in [
        (
            Lag::Duration(Duration::from_secs(90)),
            "Duration(__rs::secs(90))",
        ),
        (Lag::Days(7), "Days(7)"),
        (Lag::Integer(5), "Integer(5)"),
        (Lag::Double(0.5), "Double(0.5)"),
        (
            Lag::Decimal("0.05".to_owned()),
            "Decimal(__rs::Static(\"0.05\"))",
        ),
    ] {
        let tokens = super::plan::lag(&lag).to_string().replace(' ', "");
        assert_eq!(tokens, format!("__rs::Lag::{expected}"));
    }
}

#[test]
fn every_type_has_its_field_and_its_column() {
    let nullable = |column| Column {
        nullable: true,
        ..column
    };
    let element = |name, data_type| Box::new(column(name, data_type));
    let text = emitted(&connector(vec![resource(
        "orders",
        "Orders",
        vec![
            Column {
                primary_key: true,
                ..column("id", Type::Text)
            },
            nullable(column("count", Type::Bigint)),
            Column {
                decode: Decode::Text,
                ..column("rate", Type::Double)
            },
            Column {
                explicit: true,
                ..nullable(column("paid", Type::Bool))
            },
            column("at", Type::Timestamp(TimeFormat::EpochMillis)),
            column("day", Type::Date(TimeFormat::Date)),
            column("time", Type::Time),
            column(
                "price",
                Type::Decimal {
                    precision: 12,
                    scale: 2,
                },
            ),
            column("digest", Type::Binary),
            column("rest", Type::Json),
            column("tags", Type::Array(element("tags", Type::Text))),
            column("sums", Type::Map(element("items", Type::Bigint))),
            Column {
                ident: "r#type".to_owned(),
                key: "Type".to_owned(),
                ..column("type", Type::Text)
            },
        ],
    )]));
    for field in [
        "/// Key; never null.\n pub id: String,",
        "/// Nullable.\n pub count: Option<i64>,",
        "/// Absent, null or a value.\n pub paid: __rs::Field<bool>,",
        "pub at: __rs::Timestamp,",
        "pub price: __rs::Decimal,",
        "pub digest: Vec<u8>,",
        "pub tags: Vec<String>,",
        "pub sums: __rs::BTreeMap<String, i64>,",
        "/// In the response: `Type`.\n pub r#type: String,",
    ] {
        holds(&text, field);
    }
    for line in [
        r#"text("id", 7).primary_key(),"#,
        r#"bigint("count", 7).nullable(),"#,
        r#"double("rate", 7).decode(__rs::Decode::Text),"#,
        r#"bool("paid", 7).nullable().explicit(),"#,
        r#"timestamp_as("at", 7, __rs::TimeFormat::EpochMillis),"#,
        r#"decimal("price", 7, 12, 2),"#,
        r#"array("tags", 7, const { &text("tags", 7) }),"#,
        r#"text("type", 7).key("Type"),"#,
    ] {
        let count = text.lines().filter(|l| l.trim() == line).count();
        assert_eq!(count, 1, "no line {line} in\n{text}");
    }
    // Where an element has another name than its column, both are given.
    holds(&text, r#"map("sums", 7, const { &bigint("items", 7) })"#);
}

#[test]
fn an_open_enum_has_other_and_a_closed_one_has_not() {
    let values = [("a b", "Ab"), ("c", "C")];
    let text = emitted(&connector(vec![resource(
        "orders",
        "Orders",
        vec![
            column("kind", Type::Enum(words("OrdersKind", false, &values))),
            column("state", Type::Enum(words("OrdersState", true, &values))),
        ],
    )]));
    holds(&text, r#"open("kind", 7, OrdersKind::WORDS)"#);
    holds(
        &text,
        r#""c" => Self::C, other => Self::Other(other.to_owned()),"#,
    );
    holds(&text, "pub fn as_str(&self) -> &str {");
    holds(&text, r#"closed("state", 7, OrdersState::WORDS)"#);
    holds(&text, r#""a b" => Self::Ab, _ => Self::C,"#);
    holds(&text, "pub const fn as_str(self) -> &'static str {");
}

#[test]
fn what_is_nested_is_emitted_after_what_holds_it() {
    let object = |ident: &str, columns| {
        Type::Object(Struct {
            ident: ident.to_owned(),
            name: "orders.lines".to_owned(),
            line: 9,
            description: None,
            columns,
        })
    };
    let size = words("OrdersLinesSize", true, &[("one", "One")]);
    let line = object("OrdersLines", vec![column("size", Type::Enum(size))]);
    let text = emitted(&connector(vec![resource(
        "orders",
        "Orders",
        vec![column(
            "lines",
            Type::Array(Box::new(column("lines", line))),
        )],
    )]));
    holds(&text, "pub lines: Vec<OrdersLines>,");
    holds(
        &text,
        r#"array("lines", 7, const { &object::<OrdersLines>("lines", 7) })"#,
    );
    let places: Vec<_> = [
        "struct Orders ",
        "struct OrdersLines ",
        "enum OrdersLinesSize ",
    ]
    .map(|name| text.find(name).unwrap())
    .into();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_union_is_told_apart_by_position() {
    let member = |ident: &str, data_type| Column {
        ident: ident.to_owned(),
        ..column(ident, data_type)
    };
    let union = UnionType {
        ident: "OrdersValue".to_owned(),
        members: vec![member("Text", Type::Text), member("Number", Type::Double)],
    };
    let text = emitted(&connector(vec![resource(
        "orders",
        "Orders",
        vec![column("value", Type::Union(union))],
    )]));
    holds(&text, "/// One of its types.\n Text(String),");
    holds(&text, r#"union("value", 7, OrdersValue::MEMBERS)"#);
    holds(
        &text,
        "(0, cell) => Self::Text(__rs::FromCell::from_cell(cell)),",
    );
    holds(
        &text,
        "(_, cell) => Self::Number(__rs::FromCell::from_cell(cell)),",
    );
}

#[test]
fn a_plan_says_what_differs_and_once_what_all_share() {
    let merged = |name, record| Resource {
        write_disposition: WriteDisposition::Merge,
        auth: Some(0),
        ..resource(name, record, vec![column("id", Type::Text)])
    };
    let mut connector = connector(vec![merged("orders", "Orders"), merged("lines", "Lines")]);
    connector.resources[1].line = 9;
    connector.auths.push(Auth::ApiKey {
        name: "key".to_owned(),
        api_key: Template(vec![Part::Secret(0)]),
        location: Location::Query,
    });
    let text = emitted(&connector);
    holds(
        &text,
        r#"const DEFAULTS: __rs::ResourcePlan = __rs::ResourcePlan {
               write_disposition: __rs::WriteDisposition::Merge,
               auth: Some(__rs::Static(&AUTH)),
               ..__rs::ResourcePlan::DEFAULT
           };
           static ORDERS_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
               name: __rs::Static("orders"),
               line: 5,
               table: __rs::Static(<Orders as __rs::Record>::TABLE),
               path: __rs::literal!("/v1/orders"),
               ..DEFAULTS
           };"#,
    );
    assert!(!text.contains("max_response_bytes"), "{text}");
}

#[test]
fn one_resource_has_its_plan_to_itself() {
    let text = emitted(&connector(vec![Resource {
        incremental: Some(Incremental {
            column: 0,
            initial_value: None,
            end_value: None,
            start_param: Some("since".to_owned()),
            end_param: None,
            lag: None,
            format: TimeFormat::Rfc3339,
            start_closed: true,
            end_closed: false,
            row_order: None,
            on_missing: OnMissing::Raise,
            future_cursor: None,
        }),
        ..resource("orders", "Orders", vec![column("id", Type::Text)])
    }]));
    assert!(!text.contains("DEFAULTS"), "{text}");
    holds(
        &text,
        r#"incremental: Some(__rs::Incremental {
               column: 0,
               start_param: Some(__rs::Static("since")),
               ..__rs::Incremental::DEFAULT
           }),"#,
    );
}

#[test]
fn a_source_without_secrets_and_settings_has_no_structs_for_them() {
    let text = emitted(&connector(vec![resource(
        "orders",
        "Orders",
        vec![column("id", Type::Text)],
    )]));
    holds(&text, "type Secrets = (); type Config = ();");
    assert!(!text.contains("struct Secrets"), "{text}");
}

#[test]
fn secrets_and_settings_are_typed_fields() {
    let mut connector = connector(vec![resource(
        "orders",
        "Orders",
        vec![column("id", Type::Text)],
    )]);
    connector.secrets.push(Secret {
        name: "key".to_owned(),
        ident: "key".to_owned(),
        env: "SHOP_KEY".to_owned(),
        description: Some("The key".to_owned()),
    });
    let setting = |name: &str, data_type, default: &str| Config {
        name: name.to_owned(),
        ident: name.to_owned(),
        env: format!("SHOP_{}", name.to_uppercase()),
        data_type,
        default: Some(default.to_owned()),
        description: None,
    };
    let region = words("ConfigRegion", true, &[("eu", "Eu"), ("us", "Us")]);
    connector.config = vec![
        setting("url", ConfigType::Text, "https://a.example"),
        setting("days", ConfigType::Bigint, "-30000"),
        setting("region", ConfigType::Enum(region), "us"),
    ];
    let text = emitted(&connector);
    holds(
        &text,
        "/// The key. From the environment: `SHOP_KEY`.\n pub key: __rs::Secret,",
    );
    holds(
        &text,
        "/// From the environment: `SHOP_DAYS`; `-30000` by default.\n pub days: i64,",
    );
    holds(&text, r#"url: "https://a.example".to_owned(),"#);
    holds(&text, "days: -30_000, region: ConfigRegion::Us,");
    holds(
        &text,
        "vec![self.url.into(), self.days.into(), self.region.as_str().into()]",
    );
    holds(&text, "type Secrets = Secrets; type Config = Config;");
    // A setting that must be given leaves nothing to be the default of the whole.
    connector.config[0].default = None;
    assert!(!emitted(&connector).contains("impl Default"));
}

#[test]
fn an_untyped_resource_gives_json() {
    let text = emitted(&connector(vec![Resource {
        record: Record::Untyped(Vec::new()),
        ..resource("events", "Events", Vec::new())
    }]));
    holds(&text, "pub fn events(&self) -> __rs::Fetch<__rs::Json> {");
    holds(
        &text,
        r#"table: __rs::Static(
            &__rs::Table {
                name: __rs::Static("events"),
                columns: __rs::List::EMPTY,
            },
        ),"#,
    );
    assert!(!text.contains("struct Events"), "{text}");
}

#[test]
fn a_text_of_the_spec_stays_a_text() {
    let mut connector = connector(vec![resource(
        "orders",
        "Orders",
        vec![Column {
            description: Some("See [1] and */ <script>\"".to_owned()),
            key: "a\"b\\c\n".to_owned(),
            ..column("id", Type::Text)
        }],
    )]);
    connector.description = Some("*/ } mod x { //".to_owned());
    let text = emitted(&connector);
    holds(&text, r#"/// See \[1\] and */ \<script\>". Never null."#);
    holds(&text, r#".key("a\"b\\c\n")"#);
}

#[test]
fn records_that_steps_may_change_give_their_cells_back() {
    let words = Type::Enum(EnumType {
        ident: "OrdersKind".to_owned(),
        values: vec![EnumValue {
            value: "a".to_owned(),
            ident: "A".to_owned(),
        }],
        closed: false,
    });
    let orders = |steps| Resource {
        processing_steps: steps,
        ..resource(
            "orders",
            "Orders",
            vec![column("id", Type::Text), column("kind", words.clone())],
        )
    };
    let steps = vec![
        ProcessingStep::Filter("super::is_paid".to_owned()),
        ProcessingStep::Map("crate::mod::rounded".to_owned()),
        ProcessingStep::YieldMap("lines".to_owned()),
    ];
    let text = emitted(&connector(vec![orders(steps)]));
    holds(
        &text,
        "processing_steps: __rs::Static(
               &[
                   __rs::ProcessingStep::Filter(__rs::Static(\"super::is_paid\")),
                   __rs::ProcessingStep::Map(__rs::Static(\"crate::mod::rounded\")),
                   __rs::ProcessingStep::YieldMap(__rs::Static(\"lines\")),
               ],
           ),",
    );
    holds(
        &text,
        "static HOOKS: __rs::Hooks = __rs::Hooks {
               steps: &[
                   (
                       \"orders\",
                       __rs::StepsHook::of::<
                           Orders,
                       >(
                           &__rs::Steps(
                               &[
                                   __rs::StepFn::Filter(super::is_paid),
                                   __rs::StepFn::Map(crate::r#mod::rounded),
                                   __rs::StepFn::YieldMap(|it| __rs::yield_map(lines(it))),
                               ],
                           ),
                       ),
                   ),
               ],
               ..__rs::Hooks::NONE
           };",
    );
    holds(
        &text,
        "impl __rs::ToCells for Orders {
               fn to_cells(&self, cells: &mut __rs::NewCells<'_>) {
                   __rs::give!(self, cells => id, kind);
               }
           }
           impl __rs::ToCell for OrdersKind {
               fn to_cell(&self, cell: __rs::NewCell<'_>) -> __rs::Filled {
                   cell.text(self.as_str())
               }
           }",
    );
}

#[test]
fn records_that_are_only_filtered_give_nothing_back() {
    let text = emitted(&connector(vec![Resource {
        processing_steps: vec![ProcessingStep::Filter("super::is_paid".to_owned())],
        ..resource("orders", "Orders", vec![column("id", Type::Text)])
    }]));
    holds(
        &text,
        "__rs::StepsHook::filters::<Orders>(&__rs::Filters(&[super::is_paid])),",
    );
    assert!(!text.contains("ToCells"), "{text}");
}

#[test]
fn an_enum_of_the_parents_gives_its_cell_back_once() {
    let included = Column {
        parent: Some(0),
        ..column(
            "_orders_kind",
            Type::Enum(EnumType {
                ident: "OrdersKind".to_owned(),
                values: vec![EnumValue {
                    value: "a".to_owned(),
                    ident: "A".to_owned(),
                }],
                closed: true,
            }),
        )
    };
    let child = |name: &str, ident: &str| Resource {
        processing_steps: vec![ProcessingStep::Map(format!("super::{name}"))],
        ..resource(
            name,
            ident,
            vec![column("id", Type::Text), included.clone()],
        )
    };
    let text = emitted(&connector(vec![
        resource("orders", "Orders", vec![column("id", Type::Text)]),
        child("lines", "Lines"),
        child("notes", "Notes"),
    ]));
    let count = |part: &str| text.matches(part).count();
    assert_eq!(count("impl __rs::ToCell for OrdersKind {"), 1, "{text}");
    assert_eq!(count("impl __rs::ToCells for "), 2, "{text}");
}
