//! Paginators.

use super::{endpoint, paginator, resource, say};

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn paginators() {
    say(
        "paginators",
        &[
            (
                "a limit of no setting",
                paginator("type: offset, limit: \"{today}\""),
            ),
            (
                "a limit of a setting and a unit",
                paginator("type: offset, limit: \"{now}0\""),
            ),
            (
                "a cursor of the first page in two places",
                endpoint(
                    "path: /things\nparams: {after: a}\npaginator: {type: cursor, cursor_path: next, cursor_param: after, initial_cursor: b}",
                ),
            ),
            (
                "none",
                resource("columns: {id: text}").replace("  paginator: single_page\n", ""),
            ),
            ("dlt's auto", endpoint("path: /things\npaginator: auto")),
            ("an unknown kind", paginator("type: ofset, limit: 100")),
            (
                "a kind of Airbyte",
                paginator("type: OffsetIncrement, page_size: 100"),
            ),
            (
                "a bare word that needs more",
                endpoint("path: /things\npaginator: offset"),
            ),
            (
                "a page size in quotes",
                paginator(
                    "type: page_number, page_size: \"2\", page_size_param: size, stop_after_short_page: true",
                ),
            ),
            (
                "a page size that is misspelt",
                paginator("type: page_number, pagesize: 2, page_size_param: size"),
            ),
            (
                "another word for the first page",
                paginator("type: page_number, start_page: 1"),
            ),
            (
                "a paginator's parameter in the path's query",
                endpoint("path: \"/things?a=b&limit=5\"\npaginator: {type: offset, limit: 100}"),
            ),
            (
                "a paginator's field in the body",
                endpoint(
                    "path: /things\nmethod: POST\njson: {page: {offset: 3}}\npaginator: {type: offset, limit: 10, offset_body_path: page.offset, limit_body_path: page.limit}",
                ),
            ),
            (
                "a paginator's field within another, and in a list",
                endpoint(
                    "path: /things\nmethod: POST\njson: [1]\npaginator: {type: offset, limit: 10, offset_body_path: page, limit_body_path: page.limit}",
                ),
            ),
            (
                "a status that is no failure ends the pages",
                paginator("type: offset, limit: 100, stop_on_status: [204, 404, 1xx]"),
            ),
            ("a limit of nothing", paginator("type: offset, limit: 0")),
            ("a limit that is missing", paginator("type: offset")),
            (
                "an older word of dlt",
                paginator("type: offset, limit: 100, initial_offset: 5"),
            ),
            (
                "a key of another kind",
                paginator("type: offset, limit: 100, page_size: 5, cursor_path: a"),
            ),
            (
                "its parameter in `params`",
                endpoint(
                    "path: /things\nparams: {limit: 50}\npaginator: {type: offset, limit: 100}",
                ),
            ),
            (
                "a parameter and a place in the body",
                endpoint(
                    "path: /things\nmethod: POST\njson: {}\npaginator: {type: offset, limit: 100, offset_param: a, offset_body_path: b}",
                ),
            ),
            (
                "a place in a body that is not there",
                paginator("type: offset, limit: 100, offset_body_path: paging.offset"),
            ),
            (
                "a place in the body by index",
                endpoint(
                    "path: /things\nmethod: POST\njson: {}\npaginator: {type: offset, limit: 100, offset_body_path: \"a[0]\"}",
                ),
            ),
            (
                "one parameter for two values",
                paginator("type: offset, limit: 100, offset_param: p, limit_param: p"),
            ),
            (
                "a maximum at the start",
                paginator("type: offset, limit: 100, offset: 10, maximum_offset: 10"),
            ),
            (
                "a start before the first page",
                paginator("type: page_number, base_page: 1, page: 0"),
            ),
            (
                "a size without effect",
                paginator("type: page_number, page_size: 100"),
            ),
            (
                "a place for a size that is not there",
                paginator("type: page_number, page_size_param: per_page"),
            ),
            (
                "short pages of no size",
                paginator("type: page_number, stop_after_short_page: true"),
            ),
            (
                "pages without an end",
                paginator("type: page_number, stop_after_empty_page: false"),
            ),
            (
                "a path to many places",
                paginator("type: cursor, total_path: \"$.totals[*].all\""),
            ),
            (
                "a relation of another header",
                paginator("type: header_link, header: X-Next, links_next_key: next"),
            ),
            (
                "a header that is none",
                paginator("type: header_link, header: \"X Next\""),
            ),
            (
                "a status that is none",
                paginator("type: json_link, stop_on_status: [404, none]"),
            ),
            (
                "two flags",
                paginator("type: cursor, has_more_path: more, last_page_path: last"),
            ),
            (
                "values of no flag",
                paginator("type: cursor, has_more_path: more, last_page_values: [done]"),
            ),
            (
                "an expression that is not closed",
                paginator("type: cursor, total_header: X-Range, total_pattern: \"of ([0-9]+\""),
            ),
            (
                "a cursor in two places",
                paginator("type: cursor, cursor_param: a, cursor_header: X-Cursor"),
            ),
            (
                "the greatest of one value",
                paginator("type: cursor, cursor_path: \"items[-1].id\", cursor_value: greatest"),
            ),
            (
                "a place in a text and a parameter",
                endpoint(
                    "path: /things\nparams: {q: \"from {paginator.offset}\"}\npaginator: {type: offset, limit: 10, offset_param: skip}",
                ),
            ),
            (
                "a value of another paginator",
                endpoint(
                    "path: /things\nparams: {q: \"from {paginator.page}\"}\npaginator: {type: offset, limit: 10}",
                ),
            ),
            (
                "a value where there are no pages",
                endpoint("path: /things\nparams: {q: \"from {paginator.page}\"}"),
            ),
            (
                "a path without a first cursor",
                endpoint("path: /things/{paginator.cursor}\npaginator: cursor"),
            ),
            (
                "a body on a POST",
                endpoint("path: /things\nmethod: POST\njson: {}\nbody_on_get: true"),
            ),
            (
                "a scroll whose further requests have no body for its id",
                endpoint(
                    "path: /things\nmethod: POST\njson: {}\npaginator: {type: scroll, scroll_body_path: id, continue: {path: /next, json: {}}, clear: {path: /next}}",
                ),
            ),
            (
                "a scroll whose id only the first request has a place for",
                endpoint(
                    "path: /things\nparams: {id: \"{paginator.scroll_id}\"}\npaginator: {type: scroll, clear: {path: /next}}",
                ),
            ),
            (
                "a scroll that is cleared nowhere",
                endpoint("path: /things\npaginator: {type: scroll, clear: {}}"),
            ),
            (
                "a scroll that goes on by deleting",
                endpoint(
                    "path: /things\npaginator: {type: scroll, continue: {path: /next, method: DELETE}}",
                ),
            ),
            (
                "a restart without a maximum",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: offset, limit: 10, at_maximum: restart}\n  incremental: {cursor_path: at, start_param: from, row_order: asc}\nprimary_key: id\ncolumns: {id: text, at: bigint}",
                ),
            ),
            (
                "a restart without a cursor",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: offset, limit: 10, maximum_offset: 100, at_maximum: restart}\nprimary_key: id\ncolumns: {id: text, at: bigint}",
                ),
            ),
            (
                "a restart of records in no order",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: offset, limit: 10, maximum_offset: 100, at_maximum: restart}\n  incremental: {cursor_path: at, start_param: from}\nprimary_key: id\ncolumns: {id: text, at: bigint}",
                ),
            ),
            (
                "a restart whose start is not sent",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: offset, limit: 10, maximum_offset: 100, at_maximum: restart}\n  incremental: {cursor_path: at, row_order: asc}\nprimary_key: id\ncolumns: {id: text, at: bigint}",
                ),
            ),
            (
                "a restart of an open range",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: page_number, maximum_page: 100, at_maximum: restart}\n  incremental: {cursor_path: at, start_param: from, row_order: asc, range_start: open}\nprimary_key: id\ncolumns: {id: text, at: bigint}",
                ),
            ),
            (
                "a restart with records without a cursor",
                resource(
                    "endpoint:\n  path: /things\n  paginator: {type: page_number, maximum_pages: 100, at_maximum: restart}\n  incremental: {cursor_path: at, start_param: from, row_order: asc, on_cursor_value_missing: include}\nprimary_key: id\nwrite_disposition: merge\ncolumns: {id: text, at: bigint}",
                ),
            ),
        ],
    );
}
