//! What a spec may say without a word in reply, and what it means.

#![cfg(test)]

use rest_source_codegen::{
    compile,
    connector::{
        Connector, Pages, Part, Record, Ref, ResourcePlan, Slot, Template, TimeFormat, Type,
    },
};

/// The connector of a spec that nothing is to be said about.
#[track_caller]
fn connector(spec: &str) -> Connector {
    let compiled = compile("spec.yaml", spec);
    assert_eq!(compiled.diagnostics.render(), "", "{spec}");
    compiled.connector.unwrap()
}

/// The one resource of a spec with these lines in its endpoint and among its defaults.
#[track_caller]
fn resource(endpoint: &str, defaults: &str) -> Ref<ResourcePlan> {
    let spec = format!(
        "config: {{ site: {{ type: text, default: \"https://www.example.com/\" }} }}\n\
         client: {{ base_url: https://api.example.com, headers: {{ X-Site: \"{{config.site}}\" }} }}\n\
         resource_defaults: {{ {defaults} }}\n\
         resources:\n  - name: things\n    columns: {{ id: text }}\n    endpoint: {{ {endpoint} }}\n"
    );
    connector(&spec).resources.remove(0).plan.clone()
}

#[test]
fn a_path_may_hold_a_url() {
    let defaults = "endpoint: { paginator: single_page }";
    for path in [
        "/search?site=https://www.example.com",
        "/sites/{config.site}/pages",
        "{config.site}/pages",
    ] {
        resource(&format!("path: \"{path}\""), defaults);
    }
}

#[test]
fn a_kind_by_another_of_its_names_is_the_same_kind() {
    let defaults = "endpoint: { paginator: { type: json_response, maximum_pages: 2 } }";
    let own = "path: /things, paginator: { type: json_link, next_url_path: links.next }";
    assert_eq!(resource(own, defaults).paginator.maximum_pages, Some(2));
    let another = "path: /things, paginator: { type: header_link }";
    assert_eq!(resource(another, defaults).paginator.maximum_pages, None);
}

#[test]
fn a_header_takes_the_place_of_a_default_whatever_its_case() {
    let defaults = "endpoint: { paginator: single_page, headers: { X-A: a, X-B: b } }";
    let resource = resource("path: /things, headers: { x-a: own, x-b: ~ }", defaults);
    let headers: Vec<_> = resource
        .headers
        .iter()
        .map(|header| (header.name.as_str(), &header.value))
        .collect();
    let own = Template(vec![Part::Text("own".into())].into());
    assert_eq!(headers, [("x-a", &own)]);
}

#[test]
fn a_column_called_headers_is_merged_like_any_other() {
    let defaults = "columns: { headers: { data_type: decimal, precision: 9 } }";
    let spec = format!(
        "client: {{ base_url: https://api.example.com, paginator: single_page }}\n\
         resource_defaults: {{ {defaults} }}\n\
         resources:\n  - name: things\n    columns: {{ headers: {{ data_type: text }} }}\n"
    );
    let record = connector(&spec).resources.remove(0).record;
    assert_eq!(record.columns()[0].data_type, Type::Text);
}

#[test]
fn the_first_page_may_have_a_cursor_of_its_own() {
    let own = "path: /things, params: { cursor: \"*\" }, paginator: cursor";
    let resource = resource(own, "selected: true");
    assert_eq!(resource.params[0].name, "cursor");
    let Pages::Cursor(pages) = &resource.paginator.kind else {
        panic!("no cursor");
    };
    assert_eq!(pages.cursor.slot, Slot::Query("cursor".into()));
}

#[test]
fn times_are_sent_in_the_zone_in_which_they_come() {
    let of = |column: &str, format: &str| {
        let spec = format!(
            "client: {{ base_url: https://api.example.com, paginator: single_page }}\n\
             resources:\n  - name: things\n    primary_key: at\n    write_disposition: merge\n    \
             columns: {{ at: {column} }}\n    endpoint:\n      \
             incremental: {{ cursor_path: at, start_param: since, format: \"{format}\" }}\n"
        );
        let resource = connector(&spec).resources.remove(0);
        resource.plan.incremental.as_ref().unwrap().format.clone()
    };
    let zoned = "{ data_type: timestamp, timezone: America/New_York }";
    let pattern = |pattern: &str| TimeFormat::Pattern {
        pattern: pattern.to_owned().into(),
        zone: Some("America/New_York".into()),
    };
    assert_eq!(of(zoned, "%Y-%m-%d %H:%M:%S"), pattern("%Y-%m-%d %H:%M:%S"));
    assert_eq!(of(zoned, "date"), pattern("%Y-%m-%d"));
    assert_eq!(of(zoned, "rfc3339"), TimeFormat::Rfc3339);
    assert_eq!(of(zoned, "epoch_seconds"), TimeFormat::EpochSeconds);
    assert_eq!(of("timestamp", "date"), TimeFormat::Date);
}

#[test]
fn a_date_is_an_instant_in_its_zone() {
    let spec = "
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: things
    columns: { at: { data_type: timestamp, format: date, timezone: Europe/Berlin } }
";
    let Record::Struct(record) = connector(spec).resources.remove(0).record else {
        panic!("untyped");
    };
    let expected = TimeFormat::Pattern {
        pattern: "%Y-%m-%d".into(),
        zone: Some("Europe/Berlin".into()),
    };
    assert_eq!(record.columns[0].data_type, Type::Timestamp(expected));
}
