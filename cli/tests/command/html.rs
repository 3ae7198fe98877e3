//! `docs --html`: a page that needs nothing else, with its graph.

use crate::shell::Shell;

const SPEC: &str = "\
name: club
description: Members & <i>clubs</i>.
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: clubs
    primary_key: id
    endpoint: { path: clubs }
    columns: { id: bigint!, name: { data_type: text, description: \"As in `a < b`\" } }
  - name: members
    endpoint: { path: \"clubs/{resources.clubs.id}/members\" }
    columns: { id: bigint! }
  - name: fees
    endpoint: { path: \"members/{resources.members.id}/fees\" }
    columns: { id: bigint! }
  - name: news
    endpoint: { path: news }
    columns: { id: bigint! }
";

fn page() -> String {
    let shell = Shell::new();
    shell.write("club.yaml", SPEC);
    let ran = shell.run(&["docs", "club.yaml", "--html"]);
    assert_eq!(ran.code, 0, "{ran}");
    ran.stdout
}

#[test]
fn the_page_is_self_contained_and_texts_of_the_spec_are_escaped() {
    let page = page();
    assert!(page.contains("Members &amp; &lt;i&gt;clubs&lt;"), "{page}");
    assert!(page.contains("As in `a &lt; b`"), "{page}");
    for loaded in ["<script", "<link", "src=", "url(", "@import"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    for section in ["<html lang=\"en\">", "<main>", "prefers-color-scheme: dark"] {
        assert!(page.contains(section), "{section}");
    }
}

#[test]
fn the_graph_has_parents_left_of_their_children_and_nothing_else() {
    let page = page();
    let left = |name: &str| {
        let at = page.find(&format!("<a href=\"#resource-{name}\"><rect x=\""))?;
        let rest = &page[at..];
        let rest = &rest[rest.find("x=\"")? + 3..];
        rest[..rest.find('"')?].parse::<usize>().ok()
    };
    assert!(left("clubs").unwrap() < left("members").unwrap());
    assert!(left("members").unwrap() < left("fees").unwrap());
    assert_eq!(left("news"), None);
    assert_eq!(page.matches("<path d=").count(), 2);
    assert!(page.contains("<title>clubs → members</title>"));
}
