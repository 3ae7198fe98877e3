//! What the tokens of a spec are, formatted.

use std::time::Duration;

use quote::format_ident;

use crate::{
    compile,
    connector::{Connector, Lag},
    module::Module,
};

const CLIENT: &str = "\
name: shop
client: { base_url: https://api.example.com, paginator: single_page }
";

/// A resource `orders` of these columns, which stand in line 7, and of what else is said of it.
fn orders(columns: &str, more: &str) -> String {
    format!(
        "{CLIENT}\
         resources:\n  \
         - name: orders\n    \
         endpoint:\n      path: /v1/orders\n    \
         columns: {{ {columns} }}\n{more}"
    )
}

/// The connector of a spec without a mistake.
#[track_caller]
fn connector(spec: &str) -> Connector {
    let compiled = compile("specs/shop.yaml", spec);
    let Some(connector) = compiled.connector else {
        panic!("{}", compiled.diagnostics.render());
    };
    connector
}

/// The module, formatted; a failure to parse is a failure of the test.
#[track_caller]
fn emitted(spec: &str) -> String {
    let module = Module::new(format_ident!("shop"));
    let tokens = super::module(&connector(spec), &module, None);
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
            Lag::Decimal("0.05".into()),
            "Decimal(__rs::Static(\"0.05\"))",
        ),
    ] {
        let tokens = super::literal::literal(&lag).to_string().replace(' ', "");
        assert_eq!(tokens, format!("__rs::Lag::{expected}"));
    }
}

#[test]
fn every_type_has_its_field_and_its_column() {
    let columns = "id: text!, count: bigint, \
         rate: { data_type: double, decode: text, nullable: false }, \
         paid: { data_type: bool, presence: explicit }, \
         at: { data_type: timestamp, format: epoch_millis, nullable: false }, \
         day: { data_type: date, nullable: false }, time: time!, \
         price: { data_type: decimal, precision: 12, scale: 2, nullable: false }, \
         digest: binary!, rest: { data_type: json, nullable: false }, \
         tags: { data_type: array, nullable: false, items: text! }, \
         sums: { data_type: map, nullable: false, values: bigint! }, \
         Type: text!, \
         deep: { data_type: text, from: \"$.a[0]\" }";
    let text = emitted(&orders(columns, "    primary_key: id\n"));
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
        r#"map("sums", 7, const { &bigint("sums", 7) }),"#,
        r#"text("type", 7).key("Type"),"#,
    ] {
        let count = text.lines().filter(|l| l.trim() == line).count();
        assert_eq!(count, 1, "no line {line} in\n{text}");
    }
    holds(
        &text,
        r#"text("deep", 7)
               .from(const {
                   __rs::Static(
                       &[__rs::Step::Key(__rs::Static("a")), __rs::Step::Index(0)],
                   )
               })
               .nullable(),"#,
    );
}

#[test]
fn an_open_enum_has_other_and_a_closed_one_has_not() {
    let values = "values: [{ value: a b, rename: Ab }, c], nullable: false";
    let text = emitted(&orders(
        &format!(
            "kind: {{ data_type: enum, {values} }}, \
             state: {{ data_type: enum, {values}, closed: true }}"
        ),
        "",
    ));
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
    let size = "size: { data_type: enum, values: [one], closed: true, nullable: false }";
    let line = format!("{{ data_type: object, fields: {{ {size} }}, nullable: false }}");
    let lines = format!("lines: {{ data_type: array, items: {line}, nullable: false }}");
    let text = emitted(&orders(&lines, ""));
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
    let value = "value: { data_type: union, of: [text, double], nullable: false }";
    let text = emitted(&orders(value, ""));
    holds(&text, "/// One of its types.\n Text(String),");
    holds(&text, r#"union("value", 7, OrdersValue::MEMBERS)"#);
    holds(
        &text,
        "(0, cell) => Self::Text(__rs::FromCell::from_cell(cell)),",
    );
    holds(
        &text,
        "(_, cell) => Self::Double(__rs::FromCell::from_cell(cell)),",
    );
}

#[test]
fn a_plan_says_what_differs_and_once_what_all_share() {
    let text = emitted(&orders(
        "id: text!",
        "  - name: lines\n    columns: { id: text! }\n\
         resource_defaults: { write_disposition: merge, primary_key: id, endpoint: { auth: \
         { type: api_key, name: key, api_key: \"{secrets.key}\", location: query } } }\n",
    ));
    holds(
        &text,
        r#"static AUTH: __rs::Auth = __rs::Auth::ApiKey {
               name: __rs::Static("key"),
               api_key: __rs::Template(__rs::Static(&[__rs::Part::Secret(0)])),
               location: __rs::Location::Query,
           };"#,
    );
    holds(
        &text,
        r#"const DEFAULTS: __rs::ResourcePlan = __rs::ResourcePlan {
               write_disposition: __rs::WriteDisposition::Merge,
               auth: Some(__rs::Static(&AUTH)),
               ..__rs::ResourcePlan::DEFAULT
           };
           static ORDERS_PLAN: __rs::ResourcePlan = __rs::ResourcePlan {
               name: __rs::Static("orders"),
               line: 4,
               table: __rs::Static(<Orders as __rs::Record>::TABLE),
               path: __rs::literal!("/v1/orders"),
               ..DEFAULTS
           };"#,
    );
    assert!(!text.contains("max_response_bytes"), "{text}");
}

#[test]
fn one_resource_has_its_plan_to_itself() {
    let spec = orders("id: text!, at: timestamp!", "");
    let incremental = "path: /v1/orders, incremental: { cursor_path: at, start_param: since }";
    let spec = spec.replace(
        "endpoint:\n      path: /v1/orders\n",
        &format!("endpoint: {{ {incremental} }}\n\n"),
    );
    let text = emitted(&spec);
    assert!(!text.contains("DEFAULTS"), "{text}");
    holds(
        &text,
        r#"incremental: Some(__rs::Incremental {
               column: Some(1),
               start_param: Some(__rs::Static("since")),
               ..__rs::Incremental::DEFAULT
           }),"#,
    );
}

#[test]
fn a_source_without_secrets_and_settings_has_no_structs_for_them() {
    let text = emitted(&orders("id: text", ""));
    holds(&text, "type Secrets = (); type Config = ();");
    assert!(!text.contains("struct Secrets"), "{text}");
}

#[test]
fn secrets_and_settings_are_typed_fields() {
    let spec = orders(
        "id: text",
        "secrets: { key: { description: The key } }\n\
         config:\n  \
         url: { type: text, default: \"https://a.example\" }\n  \
         days: { type: bigint, default: -30000 }\n  \
         region: { type: enum, values: [eu, us], default: us }\n",
    );
    let text = emitted(&spec);
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
        "data_type: __rs::ConfigType::Enum(ConfigRegion::WORDS),",
    );
    holds(
        &text,
        "vec![self.url.into(), self.days.into(), self.region.as_str().into()]",
    );
    holds(&text, "type Secrets = Secrets; type Config = Config;");
    // A setting that must be given leaves nothing to be the default of the whole.
    let spec = spec.replace("{ type: bigint, default: -30000 }", "bigint");
    assert!(!emitted(&spec).contains("impl Default"));
}

#[test]
fn an_untyped_resource_gives_json() {
    let text = emitted(&format!(
        "{CLIENT}resources:\n  - name: events\n    columns: json\n"
    ));
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
    let text = emitted(&orders(
        r#""a\"b\\c\n": { data_type: text, nullable: false, rename: id, description: "See [1] and */ <script>\"" }"#,
        "description: \"*/ } mod x { //\"\n",
    ));
    holds(&text, r#"/// See \[1\] and */ \<script\>". Never null."#);
    holds(&text, r#".key("a\"b\\c\n")"#);
}

#[test]
fn records_that_steps_may_change_give_their_cells_back() {
    let text = emitted(&orders(
        "id: text!, kind: { data_type: enum, values: [a], nullable: false }",
        "    processing_steps: [{ filter: \"super::is_paid\" }, { map: \"crate::mod::rounded\" }, \
         { yield_map: lines }]\n",
    ));
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
        "impl __rs::EncodeRow for Orders {
               fn encode_row(&self, cells: &mut __rs::RowWriter<'_>) {
                   __rs::give!(self, cells => id, kind);
               }
           }
           impl __rs::EncodeCell for OrdersKind {
               fn encode(&self, cell: __rs::CellWriter<'_>) -> __rs::CellWritten {
                   cell.text(self.as_str())
               }
           }",
    );
}

#[test]
fn records_that_are_only_filtered_give_nothing_back() {
    let steps = "    processing_steps: [{ filter: \"super::is_paid\" }]\n";
    let text = emitted(&orders("id: text", steps));
    holds(
        &text,
        "__rs::StepsHook::filters::<Orders>(&__rs::Filters(&[super::is_paid])),",
    );
    assert!(!text.contains("EncodeRow"), "{text}");
}

#[test]
fn an_enum_of_the_parents_gives_its_cell_back_once() {
    let child = |name: &str| {
        format!(
            "  - name: {name}\n    endpoint: {{ path: \"orders/{{resources.orders.id}}/{name}\" }}\n    \
             columns: {{ id: text! }}\n    include_from_parent: [kind]\n    \
             processing_steps: [{{ map: \"super::{name}\" }}]\n"
        )
    };
    let kind = "{ data_type: enum, values: [a], closed: true, nullable: false }";
    let text = emitted(&orders(
        &format!("id: text!, kind: {kind}"),
        &format!("{}{}", child("lines"), child("notes")),
    ));
    holds(&text, "pub _orders_kind: OrdersKind,");
    let count = |part: &str| text.matches(part).count();
    assert_eq!(count("impl __rs::EncodeCell for OrdersKind {"), 1, "{text}");
    assert_eq!(count("impl __rs::EncodeRow for "), 2, "{text}");
}
