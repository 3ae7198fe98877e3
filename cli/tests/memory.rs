//! Plans that are made and dropped, over and over: alone in a process, whose memory is looked at.

#![cfg(test)]
#![cfg(target_os = "linux")]

use rest_source_codegen::connector::Connector;

/// A checked spec of many keys of the language.
fn connector() -> Connector {
    let text = include_str!("../../tests/tests/everything/spec.yaml");
    let compiled = rest_source_codegen::compile("everything.yaml", text);
    compiled.connector.unwrap()
}

/// The memory that this process has, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split(' ').nth(1).unwrap();
    pages.parse::<usize>().unwrap() * 4096
}

/// A plan is some 30 KiB: 300 MiB, were they not dropped.
#[test]
fn ten_thousand_plans_take_no_more_memory_than_a_hundred() {
    let connector = connector();
    let make = |count: usize| {
        for _ in 0..count {
            let plan = rest_source_cli::plan(&connector).unwrap();
            assert!(!plan.resources.is_empty());
        }
        resident()
    };
    let (before, after) = (make(100), make(10_000));
    let grown = after.saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more, of {before}");
}
