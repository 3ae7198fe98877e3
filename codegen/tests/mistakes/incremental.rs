//! Asking only for what is new.

use super::{endpoint, resource, say};

#[test]
fn change_tokens() {
    let incremental =
        |fields: &str| endpoint(&format!("path: /things\nincremental: {{ {fields} }}"));
    let linked = |fields: &str| {
        endpoint(&format!(
            "path: /things\npaginator: {{ type: json_link, next_url_path: next }}\nincremental: {{ {fields} }}"
        ))
    };
    say(
        "change_tokens",
        &[
            (
                "a token that no request carries",
                incremental("token_path: sync"),
            ),
            (
                "a parameter without a token",
                incremental("token_param: sync, cursor_path: updated_at"),
            ),
            (
                "a token and a cursor",
                incremental(
                    "token_path: sync, token_param: sync, cursor_path: updated_at, lag: 1d",
                ),
            ),
            (
                "a token and a link",
                linked("token_path: sync, delta_link_path: delta"),
            ),
            (
                "a link without a paginator that follows it",
                incremental("delta_link_path: delta"),
            ),
            (
                "a link with a first value",
                linked("delta_link_path: delta, initial_value: latest"),
            ),
            (
                "a parameter that is there already",
                endpoint(
                    "path: /things\nparams: { sync: all }\nincremental: { token_path: sync, token_param: sync }",
                ),
            ),
            ("no cursor and no token", incremental("start_param: from")),
        ],
    );
}

#[test]
fn windows() {
    let incremental = |fields: &str| {
        endpoint(&format!(
            "path: /things\nincremental: {{ start_param: a, end_param: b, initial_value: \"2024-01-01T00:00:00Z\", {fields} }}"
        ))
    };
    let by_time = |fields: &str| incremental(&format!("cursor_path: updated_at, {fields}"));
    say(
        "windows",
        &[
            ("a step without a unit", by_time("step: 30")),
            ("a step of nothing", by_time("step: 0d")),
            ("a step of no setting", by_time("step: \"{today}d\"")),
            ("minutes that may be months", by_time("step: 1m")),
            (
                "a cursor that is a number",
                endpoint(
                    "path: /things\nincremental: { cursor_path: count, initial_value: 1, start_param: a, end_param: b, step: 1d }",
                ),
            ),
            (
                "no start",
                endpoint(
                    "path: /things\nincremental: { cursor_path: updated_at, start_param: a, end_param: b, step: 1d }",
                ),
            ),
            (
                "no end in the requests",
                endpoint(
                    "path: /things\nincremental: { cursor_path: updated_at, start_param: a, initial_value: \"2024-01-01\", step: 1d }",
                ),
            ),
            (
                "a granularity above the step",
                by_time("step: 1h, granularity: 1d"),
            ),
            ("a granularity without windows", by_time("granularity: 1d")),
            (
                "both ends left out",
                by_time("step: 1d, range_start: open, range_end: open"),
            ),
            (
                "no cursor, and a granularity finer than the format",
                incremental("step: 1d, format: date, granularity: 1h"),
            ),
            (
                "no cursor, and a rule about it",
                incremental("step: 1d, row_order: asc"),
            ),
            (
                "a rule that splits no window",
                endpoint(
                    "path: /things\nresponse_actions: [{ status_code: 400, action: split_window }]",
                ),
            ),
        ],
    );
}

#[test]
fn incremental() {
    let incremental =
        |fields: &str| endpoint(&format!("path: /things\nincremental: {{ {fields} }}"));
    say(
        "incremental",
        &[
            ("no cursor", incremental("start_param: since")),
            ("a word of Airbyte", incremental("cursor_field: updated_at")),
            (
                "a cursor that is not a column",
                incremental("cursor_path: update_at"),
            ),
            (
                "a cursor without an order",
                endpoint("path: /things\nincremental: {cursor_path: flag}")
                    .replace("count: bigint", "flag: bool"),
            ),
            (
                "a cursor of untyped records",
                resource("columns: json\nendpoint: {incremental: {cursor_path: updated_at}}"),
            ),
            (
                "a start of another type",
                incremental("cursor_path: updated_at, initial_value: yesterday"),
            ),
            (
                "a start without an offset",
                incremental("cursor_path: updated_at, initial_value: \"2024-01-01T00:00:00\""),
            ),
            (
                "a start that is no number",
                incremental("cursor_path: count, initial_value: \"2024-01-01\""),
            ),
            (
                "an end before the start",
                incremental(
                    "cursor_path: updated_at, initial_value: \"2024-02-01\", end_value: \"2024-01-01T00:00:00Z\"",
                ),
            ),
            (
                "a rule for what is never missing",
                incremental("cursor_path: updated_at, on_cursor_value_missing: exclude")
                    .replace("updated_at: timestamp", "updated_at: timestamp!"),
            ),
            (
                "a lag of another type",
                incremental("cursor_path: updated_at, lag: 5"),
            ),
            (
                "a lag that reaches forward",
                incremental("cursor_path: count, lag: -5"),
            ),
            (
                "a lag without an end",
                incremental("cursor_path: share, lag: inf")
                    .replace("count: bigint", "share: double"),
            ),
            (
                "a lag for a decimal",
                incremental("cursor_path: price, lag: -0.5")
                    .replace("count: bigint", "price: decimal"),
            ),
            (
                "a format of a number",
                incremental("cursor_path: count, format: epoch_seconds"),
            ),
            (
                "its parameter in `params`",
                endpoint(
                    "path: /things\nparams: {since: x}\nincremental: {cursor_path: updated_at, start_param: since}",
                ),
            ),
            (
                "one parameter for both ends",
                incremental("cursor_path: updated_at, start_param: at, end_param: at"),
            ),
            (
                "dlt's older form beside the newer",
                endpoint(
                    "path: /things\nparams: {since: {type: incremental, cursor_path: updated_at}}\nincremental: {cursor_path: updated_at}",
                ),
            ),
            (
                "a mistake in dlt's older form",
                endpoint(
                    "path: /things\nparams: {since: {type: incremental, cursor_path: update_at, initial: 1}}",
                ),
            ),
            (
                "an order that is none",
                incremental("cursor_path: updated_at, row_order: ascending"),
            ),
            (
                "what happens without a value",
                incremental("cursor_path: updated_at, on_cursor_value_missing: ignore"),
            ),
        ],
    );
}

#[test]
fn the_future_of_a_number() {
    say(
        "the_future_of_a_number",
        &[(
            "no time",
            endpoint("path: /things\nincremental: { cursor_path: count, future_cursor: keep }"),
        )],
    );
}

#[test]
fn what_is_appended_again() {
    let endpoint =
        |fields: &str| format!("endpoint:\n  paginator: {{type: offset, limit: 10{fields}}}\n");
    let appended = |paging: &str, fields: &str| {
        resource(&format!(
            "columns: {{ id: text!, updated_at: timestamp }}\nwrite_disposition: append\n{}  \
             incremental: {{ cursor_path: updated_at{fields} }}",
            endpoint(paging)
        ))
        .replace("  paginator: single_page\n", "")
    };
    say(
        "what_is_appended_again",
        &[
            ("a lag", appended("", ", lag: 1h")),
            (
                "a lag, where nothing says that it is appended",
                appended("", ", lag: 1h").replace("    write_disposition: append\n", ""),
            ),
            (
                "records without a cursor value, and a lag",
                appended("", ", lag: 1h, on_cursor_value_missing: include"),
            ),
            (
                "a lag of the defaults",
                format!(
                    "resource_defaults: {{primary_key: id, write_disposition: merge, endpoint: {{incremental: {{lag: 1h}}}}}}\n{}",
                    appended("", "")
                ),
            ),
            (
                "records in the future",
                appended("", ", future_cursor: cap"),
            ),
            ("a maximum", appended(", maximum_pages: 5", "")),
            (
                "a maximum, newest first, of what is merged",
                appended(", maximum_pages: 5", ", row_order: desc").replace(
                    "write_disposition: append",
                    "write_disposition: merge\n    primary_key: id",
                ),
            ),
            (
                "a maximum, in an order by which the start is left out",
                appended(
                    ", maximum_offset: 50",
                    ", row_order: asc, range_start: open",
                ),
            ),
        ],
    );
}

#[test]
fn what_is_merged_in_groups() {
    let grouped = |merge_key: &str, include: &str, cursor: &str, parent_key: &str| {
        format!(
            "client: {{ base_url: https://api.example.com, paginator: single_page }}\n\
             resources:\n\
             \u{20} - name: pages\n\
             {parent_key}\u{20}   columns: {{ id: text!, site: text! }}\n\
             \u{20} - name: visits\n\
             \u{20}   merge_key: {merge_key}\n\
             \u{20}   write_disposition: merge\n\
             {include}\u{20}   endpoint:\n\
             \u{20}     path: pages/{{resources.pages.id}}/visits\n\
             \u{20}     incremental: {{ cursor_path: {cursor} }}\n\
             \u{20}   columns: {{ day: date, updated_at: timestamp }}\n"
        )
    };
    let key = "    primary_key: id\n";
    let include = "    include_from_parent: [id]\n";
    let whole = grouped("[_pages_id, day]", include, "day", key);
    let compiled = rest_source_codegen::compile("specs/api.yaml", &whole);
    assert!(
        compiled.connector.is_some(),
        "{}",
        compiled.diagnostics.render()
    );
    say(
        "what_is_merged_in_groups",
        &[
            (
                "a cursor that is finer than the groups",
                grouped("[_pages_id, day]", include, "updated_at", key),
            ),
            ("groups of several parents", grouped("day", "", "day", key)),
            (
                "groups of several parents, of which a part of the key is included",
                grouped(
                    "[_pages_id, day]",
                    include,
                    "day",
                    "    primary_key: [id, site]\n",
                ),
            ),
            (
                "groups of parents that have no key",
                grouped("[_pages_id, day]", include, "day", ""),
            ),
        ],
    );
}
