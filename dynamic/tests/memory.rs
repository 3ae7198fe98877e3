//! Plans that are made and dropped, over and over: alone in a process, whose memory is looked at.

#![cfg(test)]
#![cfg(target_os = "linux")]

const SPEC: &str = "
client: { base_url: https://api.example.com, paginator: { type: offset, limit: 100, total_path: total } }
resources:
  - name: orders
    primary_key: id
    write_disposition: merge
    columns:
      id: text!
      kind: { data_type: enum, values: [one, two, three] }
      lines: { data_type: array, items: { data_type: object, fields: { sku: text!, count: bigint } } }
  - name: notes
    endpoint: { path: \"orders/{resources.orders.id}/notes\" }
    columns: { id: text!, body: text }
";

/// The memory that this process has, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split(' ').nth(1).unwrap();
    pages.parse::<usize>().unwrap() * 4096
}

/// A plan is some 6 KiB: 60 MiB, were they not dropped.
#[test]
fn ten_thousand_plans_take_no_more_memory_than_a_hundred() {
    let make = |count: usize| {
        for _ in 0..count {
            let plan = rest_source_dynamic::plan("shop.yaml", SPEC).unwrap();
            assert_eq!(plan.resources.len(), 2);
        }
        resident()
    };
    let (before, after) = (make(100), make(10_000));
    let grown = after.saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more, of {before}");
}
