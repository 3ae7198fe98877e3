//! Proposals from pages: each kind of paginator, and the columns of awkward values.

use serde_json::{Value, json};

use super::{
    Budget, DataType, Page, Proposal, Request, completed, infer, merge, without_uncertain,
};

/// A page with the URL of its request and further headers.
fn page(url: &str, headers: &[(&str, &str)], body: &Value) -> Page {
    let request = Request {
        url: format!("https://api.example.com/things{url}"),
        ..Request::default()
    };
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Page::read(
        &request,
        headers.collect(),
        &body.to_string(),
        &mut Budget::default(),
    )
    .unwrap()
}

fn posted(body: &Value, response: &Value) -> Page {
    let request = Request {
        method: "POST".to_owned(),
        url: "https://api.example.com/search".to_owned(),
        body: body.to_string(),
        ..Request::default()
    };
    Page::read(
        &request,
        Vec::new(),
        &response.to_string(),
        &mut Budget::default(),
    )
    .unwrap()
}

fn things(from: u64, count: u64) -> Vec<Value> {
    let ids = from..from + count;
    ids.map(|id| json!({ "id": id, "name": format!("thing {id}") }))
        .collect()
}

/// The lines of the paginator in the spec of these pages.
#[track_caller]
fn paginator(pages: &[Page]) -> String {
    let proposal = infer(pages, "things").unwrap();
    let text = proposal.spec("things").unwrap().text();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines
        .iter()
        .position(|line| line.contains("paginator:"))
        .unwrap();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[start]);
    let above = lines[..start]
        .iter()
        .rev()
        .take_while(|line| line.trim_start().starts_with('#'))
        .count();
    let below = lines[start + 1..]
        .iter()
        .take_while(|line| indent(line) > own)
        .count();
    let lines = &lines[start - above..=start + below];
    lines.iter().flat_map(|line| [&line[own..], "\n"]).collect()
}

fn columns(records: &[Value]) -> String {
    let proposal = of_records(records);
    let text = proposal.spec("things").unwrap().text();
    let (_, columns) = text.split_once("    columns:\n").unwrap();
    columns
        .lines()
        .flat_map(|line| [line.trim_start_matches("      "), "\n"])
        .collect()
}

fn of_records(records: &[Value]) -> Proposal {
    infer(&[page("", &[], &json!({ "items": records }))], "things").unwrap()
}

#[test]
fn offset_is_seen_between_two_requests() {
    insta::assert_snapshot!(paginator(&[
        page(
            "?offset=0&limit=30",
            &[],
            &json!({ "items": things(0, 30), "total": 70 })
        ),
        page(
            "?offset=30&limit=30",
            &[],
            &json!({ "items": things(30, 30), "total": 70 })
        ),
    ]));
}

#[test]
fn page_number_is_seen_between_two_requests() {
    insta::assert_snapshot!(paginator(&[
        page(
            "?page=1&per_page=30",
            &[("x-total-pages", "3")],
            &json!(things(0, 30))
        ),
        page(
            "?page=2&per_page=30",
            &[("x-total-pages", "3")],
            &json!(things(30, 30))
        ),
    ]));
}

#[test]
fn page_number_may_be_absent_from_the_first_request() {
    insta::assert_snapshot!(paginator(&[
        page("", &[], &json!({ "data": things(0, 30), "has_more": true })),
        page(
            "?page=2",
            &[],
            &json!({ "data": things(30, 30), "has_more": true })
        ),
    ]));
}

#[test]
fn cursor_of_the_body_is_seen_between_two_requests() {
    insta::assert_snapshot!(paginator(&[
        page(
            "",
            &[],
            &json!({ "items": things(0, 30), "meta": { "next": "bzoyMA==" } })
        ),
        page(
            "?starting=bzoyMA%3D%3D",
            &[],
            &json!({ "items": things(30, 30), "meta": { "next": null } })
        ),
    ]));
}

#[test]
fn cursor_may_be_the_id_of_the_last_record() {
    insta::assert_snapshot!(paginator(&[
        page(
            "?limit=30",
            &[],
            &json!({ "items": things(0, 30), "has_more": true })
        ),
        page(
            "?limit=30&after=29",
            &[],
            &json!({ "items": things(30, 30), "has_more": false })
        ),
    ]));
}

#[test]
fn cursor_of_a_header_is_seen_between_two_requests() {
    insta::assert_snapshot!(paginator(&[
        page("", &[("x-next-cursor", "c0ffee")], &json!(things(0, 30))),
        page("?cursor=c0ffee", &[], &json!(things(30, 30))),
    ]));
}

#[test]
fn scroll_is_seen_between_two_requests() {
    insta::assert_snapshot!(paginator(&[
        page(
            "",
            &[],
            &json!({ "_scroll_id": "DXF1ZXJ5", "hits": { "hits": things(0, 30) } })
        ),
        page(
            "?scroll_id=DXF1ZXJ5",
            &[],
            &json!({ "_scroll_id": "DXF1ZXJ5", "hits": { "hits": things(30, 30) } })
        ),
    ]));
}

#[test]
fn link_in_the_body_needs_no_second_page() {
    insta::assert_snapshot!(paginator(&[page(
        "",
        &[],
        &json!({ "value": things(0, 30), "@odata.nextLink": "https://api.example.com/things?$skip=30" }),
    )]));
}

#[test]
fn link_in_the_header_needs_no_second_page() {
    let link = "<https://api.example.com/things?page=9>; rel=\"last\", <https://api.example.com/things?page=2>; rel=\"next\"";
    insta::assert_snapshot!(paginator(&[page(
        "",
        &[("Link", link)],
        &json!(things(0, 30))
    )]));
}

#[test]
fn offset_in_the_body_of_a_request_is_seen() {
    insta::assert_snapshot!(paginator(&[
        posted(
            &json!({ "kind": "a", "paging": { "from": 0, "size": 30 } }),
            &json!({ "rows": things(0, 30) })
        ),
        posted(
            &json!({ "kind": "a", "paging": { "from": 30, "size": 30 } }),
            &json!({ "rows": things(30, 30) })
        ),
    ]));
}

#[test]
fn total_that_the_page_reaches_shows_a_single_page() {
    insta::assert_snapshot!(paginator(&[page(
        "",
        &[],
        &json!({ "items": things(0, 30), "total": 30 })
    )]));
}

#[test]
fn count_of_the_page_is_not_taken_for_the_total() {
    let of = |rest: &Value| {
        let mut body = json!({ "results": things(0, 10), "page_no": 1, "count": 10 });
        for (key, value) in rest.as_object().unwrap() {
            body[key] = value.clone();
        }
        paginator(&[page("", &[], &body)])
    };
    let more = "# Not certain: there are more pages, and how they follow each other is not known: set the paginator.";
    let found = of(&json!({ "total": 57 }));
    assert!(found.contains("total_path: total"), "{found}");
    assert!(found.contains(more), "{found}");
    let found = of(&json!({ "total": 10, "found": 57 }));
    assert!(found.contains("total_path: found"), "{found}");
    assert!(found.contains(more), "{found}");
    let found = of(&json!({}));
    assert!(!found.contains("total_path"), "{found}");
    assert!(
        found.contains("# Not certain: there may be more pages"),
        "{found}"
    );
    let mut proposal = infer(
        &[page(
            "",
            &[],
            &json!({ "results": things(0, 10), "total": 10, "has_more": true }),
        )],
        "things",
    )
    .unwrap();
    proposal.reject(
        1,
        &[page(
            "",
            &[],
            &json!({ "results": things(0, 10), "total": 10, "has_more": true }),
        )],
    );
    assert_eq!(proposal.paginator.doubts.len(), 1, "{proposal:?}");
    assert!(
        proposal.paginator.doubts[0].starts_with("there are more pages"),
        "{proposal:?}"
    );
}

#[test]
fn link_that_leads_to_no_other_page_is_a_doubt() {
    let body = json!({ "items": things(0, 30), "next": "https://api.example.com/things?page=2" });
    let pages = [page("", &[], &body), page("?page=2", &[], &body)];
    let found = paginator(&pages);
    assert!(
        found.contains("# Not certain: page 2 repeats page 1.\n"),
        "{found}"
    );
    assert!(found.contains("paginator: json_link"), "{found}");

    let mut proposal = infer(&pages[..1], "things").unwrap();
    assert_eq!(proposal.paginator.doubts, Vec::<String>::new());
    proposal.reject(1, &pages[..1]);
    assert_eq!(
        proposal.paginator.doubts,
        ["no request by it fetched a page 2 with other records"]
    );
    let text = proposal.spec("things").unwrap().text();
    assert!(text.contains("paginator: json_link"), "{text}");
}

#[test]
fn page_without_a_sign_of_paging_is_a_doubt() {
    insta::assert_snapshot!(paginator(&[page("", &[], &json!(things(0, 30)))]));
}

#[test]
fn cursor_of_one_page_is_a_doubt() {
    insta::assert_snapshot!(paginator(&[page(
        "",
        &[],
        &json!({ "items": things(0, 30), "next_cursor": "c0ffee" })
    )]));
}

#[test]
fn page_number_of_one_page_is_a_doubt() {
    insta::assert_snapshot!(paginator(&[page(
        "?page=1",
        &[],
        &json!({ "items": things(0, 30), "pages": 4 })
    )]));
}

#[test]
fn mixed_values_late_nulls_and_sparse_keys() {
    let record = |id: u64| {
        let mut record = json!({
            "id": id,
            "mixed": if id.is_multiple_of(2) { json!("a b") } else { json!(id) },
            "whole then fraction": if id == 499 { json!(0.5) } else { json!(id) },
            "late null": if id > 496 { Value::Null } else { json!(true) },
            "amount": format!("{id}.50"),
            "count": id.to_string(),
            "zip": "12345",
            "big": 9_007_199_254_740_993_u64 + id,
            "list or text": if id == 3 { json!([1]) } else { json!("a") },
            "never": Value::Null,
            "kind": if id.is_multiple_of(3) { "a" } else { "b" },
            "at": "2026-01-02T03:04:05Z",
            "local": "2026-01-02 03:04:05",
            "us": format!("01/{:02}/2026", id % 28 + 1),
            "created": 1_767_323_045 + id,
            "tags": ["x y"],
            "owner": { "id": id, "name": if id == 7 { Value::Null } else { json!("a b") } },
        });
        if id % 250 == 1 {
            record["sparse"] = json!(1);
        }
        record
    };
    insta::assert_snapshot!(columns(&(0..500).map(record).collect::<Vec<_>>()));
}

#[test]
fn five_hundred_columns_are_inferred() {
    let record = |row: u64| {
        let columns = (0..500).map(|column| (format!("column_{column}"), json!(row * column)));
        Value::Object(columns.collect())
    };
    let proposal = of_records(&(0..30).map(record).collect::<Vec<_>>());
    assert_eq!(proposal.columns.len(), 500);
    assert!(
        proposal
            .columns
            .iter()
            .all(|column| column.data_type == DataType::Bigint && column.is_required)
    );
    proposal.spec("things").unwrap();
}

#[test]
fn keys_that_are_names_of_other_keys_are_renamed() {
    let record = json!({ "userId": 1, "user_id": 2, "User Id": 3, "": 4, "self": 5, "1st": 6, "naïve \"key\"": 7 });
    insta::assert_snapshot!(columns(&vec![record; 3]));
}

#[test]
fn key_of_two_columns_is_a_doubt() {
    let record = |at: u64| json!({ "campaign_id": at / 10, "day": format!("2026-01-{:02}", at % 10 + 1), "clicks": 3 });
    let key = of_records(&(0..40).map(record).collect::<Vec<_>>())
        .key
        .unwrap();
    assert_eq!(key.value, ["campaign_id", "day"]);
    assert_eq!(key.doubts, ["no single column identifies a record"]);
}

#[test]
fn repeated_ids_are_no_key() {
    let record = |at: u64| json!({ "id": at / 2, "n": at });
    assert_eq!(
        of_records(&(0..40).map(record).collect::<Vec<_>>()).key,
        None
    );
}

#[test]
fn repeated_records_of_overlapping_pages_keep_the_key() {
    let mut records = things(0, 30);
    records.extend(things(20, 30));
    assert_eq!(of_records(&records).key.unwrap().value, ["id"]);
}

#[test]
fn cursor_has_the_parameter_of_the_request() {
    let record =
        |id: u64| json!({ "id": id, "updated_at": format!("2026-01-02T03:04:{:02}Z", id % 60) });
    let records: Vec<Value> = (0..30).map(record).collect();
    let page = page(
        "?updated_since=2026-01-01T00:00:00Z&kind=a",
        &[],
        &json!({ "items": records }),
    );
    insta::assert_snapshot!(
        infer(&[page], "things")
            .unwrap()
            .spec("things")
            .unwrap()
            .text()
    );
}

#[test]
fn secrets_of_requests_become_credentials() {
    let request = Request {
        url: "https://api.example.com/v1/things?api_key=s3cret&page=1".to_owned(),
        ..Request::default()
    };
    let body = json!(things(0, 30)).to_string();
    let page = Page::read(&request, Vec::new(), &body, &mut Budget::default()).unwrap();
    let text = infer(&[page], "things")
        .unwrap()
        .spec("things")
        .unwrap()
        .text();
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains("api_key: \"{secrets.api_key}\""), "{text}");
}

#[test]
fn bodies_that_are_no_pages_are_errors() {
    let read = |body: &str| {
        Page::read(
            &Request::default(),
            Vec::new(),
            body,
            &mut Budget::default(),
        )
    };
    for (body, message) in [
        ("", "the page is empty"),
        ("\u{feff} \n", "the page is empty"),
        ("<html>", "not JSON"),
        ("{\"a\": ", "not JSON"),
        (&"[".repeat(200_000), "not JSON"),
        (
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
            "nested more than 100 deep",
        ),
        (&format!("[{}0]", "0,".repeat(4_000_000)), "too many values"),
    ] {
        let error = read(body).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    for body in [
        "[]",
        "{}",
        "[1, 2]",
        "null",
        "{\"items\": [], \"total\": 0}",
        "[[], [1]]",
    ] {
        let error = infer(&[read(body).unwrap()], "things").unwrap_err();
        assert!(error.message.starts_with("no record in 1 page"), "{error}");
    }
}

#[test]
fn response_of_one_object_is_named() {
    let body = json!({ "id": 1, "name": "a", "tags": [] });
    let error = infer(&[page("", &[], &body)], "things").unwrap_err();
    assert_eq!(
        error.message,
        "no record in 1 page: the response is one object, whose list `tags` has none"
    );
}

#[test]
fn lines_of_json_are_records() {
    let body: String = things(0, 30)
        .iter()
        .flat_map(|thing| [thing.to_string(), "\n".to_owned()])
        .collect();
    let page = Page::read(
        &Request::default(),
        Vec::new(),
        &body,
        &mut Budget::default(),
    )
    .unwrap();
    let text = infer(&[page], "things")
        .unwrap()
        .spec("things")
        .unwrap()
        .text();
    assert!(text.contains("decoder: jsonl"), "{text}");
}

const SHOP: &str = "\
client: { base_url: https://api.example.com }
resources:
  - name: things
    endpoint: /things   # the list
    columns:
      id: bigint!   # the key
      name: text!
      price: { data_type: bigint, nullable: false, description: Its price. }
      kind: { data_type: enum, values: [a, b], closed: true }
      day: date
      gone: text
      empty: double
      host: { data_type: text, value: here }
      city: { data_type: text, from: $.address.city }
      owner:
        data_type: object
        fields:
          id: bigint!
      lines: { data_type: array, items: { data_type: object, fields: { sku: text! } } }
  - name: others
    endpoint: /others
    columns: { id: text! }
";

fn shop_records() -> Vec<Value> {
    let record = |id: u64| {
        let name = if id == 7 { Value::Null } else { json!("a b") };
        let price = if id == 39 { json!(0.5) } else { json!(id) };
        let kind = if id == 5 { "c" } else { "a" };
        let owner = json!({ "id": id, "email": "a@b" });
        json!({
            "id": id, "name": name, "price": price, "kind": kind, "day": "2026-01-02", "empty": null,
            "address": { "city": "x y" }, "owner": owner, "lines": [{ "sku": "a b", "n": id }], "new": "a b",
        })
    };
    (0..40).map(record).collect()
}

#[test]
fn existing_spec_gets_what_it_lacks_and_keeps_its_text() {
    let link = "<https://api.example.com/things?page=2>; rel=\"next\"";
    let pages = [page(
        "",
        &[("Link", link)],
        &json!({ "items": shop_records() }),
    )];
    let proposal = infer(&pages, "things").unwrap();
    let merged = merge(SHOP, "things", &pages, &proposal).unwrap();
    let remarks: String = merged
        .remarks
        .iter()
        .flat_map(|remark| [remark.to_string(), "\n".to_owned()])
        .collect();
    insta::assert_snapshot!(format!("{}---\n{remarks}", merged.text));
    let compiled = rest_source_codegen::compile("shop.yaml", &completed(&merged.text));
    assert_eq!(compiled.diagnostics.messages(), Vec::<String>::new());

    let again = merge(&merged.text, "things", &pages, &proposal).unwrap();
    assert_eq!(again.text, merged.text);
    let remarks: Vec<String> = again.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "columns.gone: never seen in 40 records",
            "columns.empty: always null in 40 records"
        ]
    );
}

#[test]
fn only_the_keys_of_a_column_that_change_are_edited() {
    let spec = "\
client: { base_url: https://api.example.com }
resources:
  - name: things
    primary_key: id
    endpoint: { path: /things, paginator: single_page, data_selector: items }
    columns:
      id: bigint!
      # why it is a word
      name: # kept by hand
        data_type: enum
        # the first customer's
        values: [n0] # only n0
        closed: true # until May
      kind:
        data_type: enum
        values:
          - a # the usual one
        closed: true # for now
      v:
        data_type: date # unit: cents
        # as of UTC
        format: date # short
        description: The value # see ticket 7
      note:
        # free
        data_type: text # words
        nullable: false
        description: A note # of a user
      code:
        data_type: bigint # a number
        nullable: false # always there
        description: A code
      sum:
        data_type: bigint # whole
        nullable: false # always
        description: A sum
";
    let record = |id: u64| {
        let note = if id == 3 { Value::Null } else { json!("a b") };
        let sum = if id == 3 { Value::Null } else { json!(0.5) };
        let kind = if id == 4 { "b" } else { "a" };
        json!({
            "id": id, "name": format!("n{id}"), "kind": kind, "v": id, "note": note, "code": format!("c {id}"),
            "sum": sum
        })
    };
    let records: Vec<Value> = (0..10).map(record).collect();
    let pages = [page("", &[], &json!({ "items": records }))];
    let proposal = infer(&pages, "things").unwrap();
    let merged = merge(spec, "things", &pages, &proposal).unwrap();
    let expected = spec
        .replace("closed: true # until May", "closed: false # until May")
        .replace("# the usual one\n", "# the usual one\n          - b\n")
        .replace("data_type: date #", "data_type: bigint #")
        .replace("        format: date # short\n", "")
        .replace("# words\n        nullable: false\n", "# words\n")
        .replace("data_type: bigint # a", "data_type: text # a")
        .replace("data_type: bigint # whole", "data_type: double # whole")
        .replace("        nullable: false # always\n", "");
    assert_eq!(merged.text, expected);
    let compiled = rest_source_codegen::compile("shop.yaml", &merged.text);
    assert_eq!(compiled.diagnostics.messages(), Vec::<String>::new());
    let remarks: Vec<String> = merged.remarks.iter().map(ToString::to_string).collect();
    let opened =
        "columns.name: too narrow: 9 of 10 are not among its values; `closed: false` takes all";
    assert!(remarks.contains(&opened.to_owned()), "{remarks:?}");
}

#[test]
fn column_that_is_never_null_and_has_no_value_is_too_narrow() {
    let spec = "\
client: { base_url: https://api.example.com }
resources:
  - name: things
    primary_key: [id, part]
    endpoint: { path: /things, paginator: single_page, data_selector: items }
    columns:
      id: bigint!
      part: text!
      name: text!
      gone: text!   # since May
      empty:
        data_type: double # a share
        nullable: false
      owner: { data_type: object, fields: { born: date! } }
      lines: { data_type: array, items: { data_type: object, fields: { sku: text! } } }
";
    let records = things(0, 30).into_iter().map(|mut thing| {
        thing["empty"] = Value::Null;
        thing["owner"] = json!({ "born": null });
        thing["lines"] = json!([]);
        thing
    });
    let records: Vec<Value> = records.collect();
    let pages = [page("", &[], &json!({ "items": records }))];
    let proposal = infer(&pages, "things").unwrap();
    let merged = merge(spec, "things", &pages, &proposal).unwrap();
    let expected = spec
        .replace("gone: text!", "gone: text")
        .replace("        nullable: false\n", "")
        .replace("date!", "date");
    assert_eq!(merged.text, expected);
    let remarks: Vec<String> = merged.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "columns.part: never seen in 30 records",
            "columns.gone: too narrow: never seen in 30 records",
            "columns.empty: too narrow: always null in 30 records",
            "columns.owner.fields.born: too narrow: always null in 30 records",
        ]
    );
}

#[test]
fn opaque_columns_are_replaced_and_set_parts_are_kept() {
    let spec = "\
client: { base_url: https://api.example.com }
resource_defaults:
  primary_key: id
  endpoint: { data_selector: items, paginator: single_page }
resources:
  - name: things
    columns: json
";
    let pages = [page("", &[], &json!({ "items": things(0, 30) }))];
    let proposal = infer(&pages, "things").unwrap();
    let merged = merge(spec, "things", &pages, &proposal).unwrap();
    assert_eq!(
        merged.text,
        spec.replace(
            "    columns: json\n",
            "    # From 30 records of 1 page.\n    columns:\n      id: bigint\n      name: text!\n",
        )
    );
}

#[test]
fn what_cannot_be_edited_is_listed() {
    let spec = "\
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: things
    endpoint: &endpoint { path: /things }
    columns: &columns { id: bigint! }
  - name: others
    endpoint: *endpoint
    columns: *columns
";
    let pages = [page("", &[], &json!({ "items": things(0, 30) }))];
    let proposal = infer(&pages, "things").unwrap();
    let merged = merge(spec, "things", &pages, &proposal).unwrap();
    let remarks: String = merged
        .remarks
        .iter()
        .flat_map(|remark| [remark.to_string(), "\n".to_owned()])
        .collect();
    insta::assert_snapshot!(format!("{}---\n{remarks}", merged.text));
}

#[test]
fn doubts_about_a_key_within_braces_are_listed() {
    let spec = "\
client: { base_url: https://api.example.com }
resources:
  - name: things
    endpoint: {path: /things, paginator: single_page, data_selector: items}
    columns: { id: bigint!, name: text!, updated_at: timestamp! }
    primary_key: id
    write_disposition: merge
";
    let records = things(0, 28)
        .into_iter()
        .enumerate()
        .map(|(at, mut thing)| {
            thing["updated_at"] = json!(format!("2024-01-{:02}T00:00:00Z", at + 1));
            thing
        });
    let records: Vec<Value> = records.collect();
    let pages = [page("", &[], &json!({ "items": records }))];
    let proposal = infer(&pages, "things").unwrap();
    let doubts = &proposal.cursor.as_ref().unwrap().doubts;
    assert!(!doubts.is_empty());
    let merged = merge(spec, "things", &pages, &proposal).unwrap();
    assert!(merged.text.contains("incremental: {"), "{}", merged.text);
    let remarks: Vec<String> = merged.remarks.iter().map(ToString::to_string).collect();
    for doubt in doubts {
        let remark = format!("endpoint.incremental: not certain: {doubt}");
        assert!(remarks.contains(&remark), "{remarks:?}");
    }
}

#[test]
fn paginators_with_a_doubt_are_left_to_the_pages() {
    let spec = "\
client: { base_url: https://a.example }
resources:
  - name: a
    endpoint:
      path: /a
      # Not certain: which page is the first.
      paginator: page_number
  - name: things
    # Not certain: something else.
    endpoint:
      path: /things
      # The API pages.
      # Not certain: whether all records are on one page.
      paginator: { type: offset, limit: 5 }   # so far
      data_selector: items
    columns: json
  - name: b
    endpoint:
      path: /b
      # One page.
      paginator: single_page
";
    let text = without_uncertain(spec, "things").unwrap();
    let lost: Vec<&str> = spec
        .lines()
        .filter(|line| !text.lines().any(|one| one == *line))
        .collect();
    assert_eq!(
        lost,
        [
            "      # The API pages.",
            "      # Not certain: whether all records are on one page.",
            "      paginator: { type: offset, limit: 5 }   # so far"
        ]
    );
    assert!(without_uncertain(spec, "a").unwrap().contains("offset"));
    assert_eq!(without_uncertain(spec, "b"), None);
    assert_eq!(without_uncertain(spec, "c"), None);
}

#[test]
fn many_alike_members_are_records_whatever_their_keys_are() {
    let map: serde_json::Map<String, Value> = (b'a'..=b'k')
        .map(|key| {
            (
                char::from(key).to_string(),
                json!({ "name": "x", "size": key }),
            )
        })
        .collect();
    let proposal = infer(&[page("", &[], &json!({ "result": map }))], "things").unwrap();
    assert_eq!(
        proposal.selector.value.selector().as_deref(),
        Some("$.result.*")
    );
    assert_eq!(proposal.records, 11);
    assert_eq!(proposal.selector.doubts.len(), 1);
}
